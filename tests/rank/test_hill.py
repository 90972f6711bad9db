"""Hill curves by hand: values and slopes, what is no curve, the bounds of constants, and one step of a fit."""

import numpy as np
import pytest

from screen.rank.hill import Hill, _curve, _damped_step, _effect, fit_hill

NAN = np.nan
DOSES = np.array([1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0])


def hill(dose, half, slope=1.0, top=1.0):
    return top * dose**slope / (dose**slope + half**slope)


def test_a_curve_has_half_of_its_top_at_its_half_maximal_dose_and_a_flat_one_nothing():
    curve = Hill(*np.array([[0.8, 0.0, NAN], [2.0, NAN, NAN], [1.5, NAN, NAN], [1.0, NAN, NAN]]))
    assert curve.flat.tolist() == [False, True, False]
    found = curve.at(np.array([2.0, 3.0]))
    np.testing.assert_allclose(found, [[0.4, 0.0, NAN], [0.8 * 10**1.5 / (10**1.5 + 1.0), 0.0, NAN]])
    assert curve.of(0).at(np.array([2.0])) == pytest.approx(0.4)


def test_four_doses_make_a_curve_and_three_do_not():
    """Whichever were lost; the curve is the one that they lie on."""
    series = np.stack([hill(DOSES, 40.0, 1.3, 0.7)] * 3)
    series[1, [0, 2, 4, 6]] = NAN
    series[2, [0, 2, 4, 6, 7]] = NAN
    found = fit_hill(series, DOSES)
    np.testing.assert_allclose(found.top, [0.7, 0.7, NAN], rtol=1e-6)
    np.testing.assert_allclose(10**found.log10_half, [40.0, 40.0, NAN], rtol=1e-5)
    np.testing.assert_allclose(found.slope, [1.3, 1.3, NAN], rtol=1e-5)
    np.testing.assert_allclose(found.r2, [1.0, 1.0, NAN])


@pytest.mark.parametrize(("most", "flat"), [(1e-3, True), (-1e-3, True), (1.5e-3, False), (-1.5e-3, False)])
def test_up_to_a_thousandth_is_no_effect(most, flat):
    """Also where a dose was lost."""
    series = most * np.array([0.1, 0.2, 0.3, NAN, 0.8, 1.0])
    found = fit_hill(series[None], DOSES[:6])
    assert found.flat.tolist() == [flat]
    assert np.isnan([found.log10_half, found.slope, found.r2]).all() == flat


def test_the_share_explained_is_what_is_left_of_the_variance():
    """Of a series that lies on no curve, and of the same with a dose lost and a value beside it."""
    lumps = hill(DOSES, 10.0, top=0.5) + hill(DOSES, 600.0, 3.0, 0.4)
    series = np.stack([lumps, np.where(DOSES == 30.0, NAN, lumps)])
    found = fit_hill(series, DOSES)
    rest = series - found.at(np.log10(DOSES)).T
    wanted = 1.0 - np.nanmean(rest**2, axis=1) / np.nanvar(series, axis=1)
    np.testing.assert_allclose(found.r2, wanted, rtol=1e-9)
    assert (wanted < 0.995).all()


@pytest.mark.parametrize(
    ("series", "name", "bound"),
    [
        (1.3 * hill(DOSES, 30.0), "top", 1.0),
        (np.linspace(-1e3, -1e5, 8), "top", -100.0),
        (0.9 * (DOSES > 50.0), "slope", 10.0),
        (hill(DOSES, 1e9, 0.1), "log10_half", np.log10(3e6)),
        (hill(DOSES, 1e-8, 0.1), "log10_half", -3.0),
        (hill(DOSES, 1e3, 0.06), "slope", 0.1),
    ],
)
def test_constants_lie_between_their_bounds(series, name, bound):
    """All of it at most; raised a hundredfold; slopes from 0.1 to 10; a dose a thousandfold outside those tested."""
    assert getattr(fit_hill(series[None], DOSES), name) == pytest.approx(bound, rel=1e-3)


def test_slopes_of_curves_are_those_of_their_effects():
    """By central differences of each constant: top, log half-maximal dose, log slope."""
    at = np.log(DOSES)[:, None]
    constants = np.array([[0.8, -2.0], [np.log(20.0), np.log(200.0)], [np.log(1.7), np.log(0.6)]])
    fit, slopes = _curve(constants, at)
    np.testing.assert_allclose(fit[:, 0], hill(DOSES, 20.0, 1.7, 0.8))
    np.testing.assert_allclose(fit, _effect(constants, at))
    for which, slope in enumerate(slopes):
        step = np.zeros((3, 1))
        step[which] = 1e-6
        change = _effect(constants + step, at) - _effect(constants - step, at)
        np.testing.assert_allclose(slope, change / 2e-6, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "free", [(1, 1, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
)
def test_a_damped_step_solves_its_equations(free):
    """(S'S + damping of its diagonal) step = gradient, for the constants that are free; the others stay."""
    rng = np.random.default_rng(4)
    slopes, gradient = rng.normal(size=(3, 6, 2)), rng.normal(size=(3, 2))
    damping, chosen = np.array([0.01, 2.0]), np.flatnonzero(free)
    found = _damped_step(list(slopes), gradient, np.repeat(np.array(free, bool)[:, None], 2, axis=1), damping)
    for curve in range(2):
        square = slopes[:, :, curve] @ slopes[:, :, curve].T
        square = (square + damping[curve] * np.diag(np.diag(square)))[np.ix_(chosen, chosen)]
        wanted = np.zeros(3)
        wanted[chosen] = np.linalg.solve(square, gradient[chosen, curve])
        np.testing.assert_allclose(found[:, curve], wanted, rtol=1e-9)
