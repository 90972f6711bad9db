"""Blots that are solved together, weighted, at their bounds, and where there is nothing to see: known answers."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.calibration.scales import Blots, solve_blots

INF = np.inf
FREE, SHIFT, ONE, NONE = (1e-9, 1e9), (0, 1e9), (1, 1), (0, 0)


class Blot(NamedTuple):
    """A blot by itself: the signal, what is read, the bounds of factor and shift."""

    signal: list
    measured: list
    scale: tuple = FREE
    offset: tuple = NONE
    unit: float = 0.0
    weight: list | None = None
    noise: str | None = "own"
    sigma: tuple = (0.0, INF)


X, Y, TWICE = [0.3, 1.0, 2.0, 5.0, 9.0], [2.2, 2.9, 4.4, 14.0, 17.0], [1, 3, 1, 2, 1]
ENDS = ((FREE, SHIFT), (FREE, NONE), (ONE, SHIFT), ((1e-9, 1), SHIFT), ((3, 9), SHIFT))
WEIGHTS = [1 / place**2 for place in range(1, 6)]

SHIFTS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
WIDE = (1e-30, 1e30)

BOUNDED = {
    "free": ((-9, 9), (-9, 9), 1.75, 0),
    "low": ((0, 1.5), (-9, 9), 1.5, 0.5),
    "high": ((2.5, 9), (-9, 9), 2.5, -1.5),
    "above": ((-9, 9), (1, 9), 18.5 / 14, 1),
    "below": ((-9, 9), (-9, -1), 30.5 / 14, -1),
    "above and low": ((0, 1.2), (2, 9), 12.5 / 14, 2),
    "low corner": ((0, 0.5), (-1, 1), 0.5, 1),
    "high corner": ((3, 4), (-1, 1), 3, -1),
}
"""Bounds of a line, and where it lies then."""

CASES = {
    "factor": Blot([1, 2, 3], [3, 2, 7], noise="shared"),
    "shift": Blot([1, 4], [3, 7], ONE, (-9, 9), noise="shared"),
    "decades": Blot([1, 10, 100], [10, 100, 4000], unit=1 / np.log(10)),
    "small decades": Blot([1, 10, 100], [0.01, 0.1, 4], unit=1 / np.log(10)),
    "given": Blot([2], [1], ONE, unit=1.0, noise=None),
    "alone": Blot([5], [8], ONE),
    "level": Blot([2, 2, 2], [2, 4, 9], (0, 9), (-99, 99)),
    "no signal": Blot([0, 0, 0], [1, 10, 100], FREE, SHIFT, unit=1.0),
    "below 0": Blot([0, -2, -1e-9], [1, 10, 100], FREE, SHIFT, unit=1.0),
    "no logarithm": Blot([1, 0, 1, -3], [2, 7, 8, 9], unit=1.0, weight=[1, 0, 1, 0]),
    "all left out": Blot([1, 2], [2, 7], sigma=(0.3, 2.0), weight=[0, 0]),
    "sigma at its top": Blot([1, 1], [1, 3], ONE, (0, 9), sigma=(0.1, 0.5)),
    "sigma at its bottom": Blot([1, 1], [1, 3], ONE, (0, 9), sigma=(2.0, 3.0)),
    "line": Blot(X, Y, (-1e3, 1e3), (-1e3, 1e3), weight=WEIGHTS),
    "endless line": Blot(X, Y, (-INF, INF), (-INF, INF), weight=WEIGHTS),
    "level endless line": Blot([2, 2, 2], [2, 4, 9], (-INF, INF), (-INF, INF)),
    "narrow line": Blot([0.01 * x for x in X], Y, (-1e9, 1e9), (-1e3, 1e3), weight=WEIGHTS),
    "plain": Blot(X, Y, WIDE, SHIFT, 1.0),
    "faint": Blot([1e-14 * x for x in X], Y, WIDE, SHIFT, 1.0),
    "bright beside": Blot([*X, 1e40], [*Y, 1.0], WIDE, SHIFT, 1.0, [1, 1, 1, 1, 1, 0]),
    **{f"exact {shift}": Blot(X, [3 * (x + shift) for x in X], FREE, SHIFT, 1.0) for shift in SHIFTS},
    "exact below": Blot([-x for x in X], [3 * (20 - x) for x in X], FREE, SHIFT, 1.0),
    "shift at its top": Blot([-2, -2], [10, 10], ONE, (0, 6), 1.0),
    "shift at its bottom": Blot([1, 1], [2, 2], ONE, (4, 9), 1.0),
    "beyond all shifts": Blot([1, -20, 1], [3, 9, 3], ONE, (0, 6), 1.0),
    **{name: Blot([1, 2, 3], [1.5, 4, 5], *row[:2]) for name, row in BOUNDED.items()},
    **{
        f"{how} {number} {unit}": Blot(x, y, *ends, unit, w)
        for number, ends in enumerate(ENDS)
        for unit in (0.0, 2.0)
        for how, x, y, w in (("weighted", X, Y, TWICE), ("repeated", np.repeat(X, TWICE), np.repeat(Y, TWICE), None))
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def found():
    """Factor, shift and sigma of every case, all solved in one go, under the signals and under twice of them."""
    names, cases = list(CASES), list(CASES.values())
    width, total = max(len(each.signal) for each in cases), 0
    rows = np.zeros((len(cases), width), int)
    member, measured = np.zeros(rows.shape, bool), np.zeros(rows.shape)
    for place, each in enumerate(cases):
        count = len(each.signal)
        rows[place, :count], member[place, :count] = np.arange(total, total + count), True
        measured[place, :count] = np.log(each.measured) if each.unit else each.measured
        total += count
    own = [name if each.noise == "own" else each.noise for name, each in CASES.items()]
    sigmas = list(dict.fromkeys(name for name in own if name))
    noise = np.array([sigmas.index(name) if name else -1 for name in own])
    bounds = np.array([cases[own.index(name)].sigma for name in sigmas])
    signal, weight = (
        np.concatenate(each)
        for each in zip(*((c.signal, c.weight or np.ones(len(c.signal))) for c in cases), strict=True)
    )
    scale, offset = (np.array([getattr(each, side) for each in cases], float) for side in ("scale", "offset"))
    unit = np.array([each.unit for each in cases])
    blots = Blots(rows, member, measured, unit, scale, offset, noise, bounds)
    x, w = (jnp.asarray(each, float) for each in ([signal, 2 * signal, signal], [weight] * 3))
    solved = [np.asarray(each) for each in jax.jit(partial(solve_blots, blots, correction=1.5))(x, w)]
    solved[2] = np.where(noise >= 0, solved[2][:, noise], np.nan)
    return {name: np.stack([each[:2, place] for each in solved]) for place, name in enumerate(names)}


@pytest.mark.parametrize(
    ("name", "scale", "offset", "squares"),
    [
        ("factor", [2, 1], [0, 0], [6.5 / 5, 8 / 5]),
        ("shift", [1, 1], [2.5, 0], [6.5 / 5, 8 / 5]),
        ("decades", [4000 ** (1 / 3), 4000 ** (1 / 3) / 2], [0, 0], [np.log10(4) ** 2 * 2 / 9] * 2),
        ("small decades", [4 ** (1 / 3) / 100, 4 ** (1 / 3) / 200], [0, 0], [np.log10(4) ** 2 * 2 / 9] * 2),
        ("given", [1, 1], [0, 0], [np.nan] * 2),
        ("alone", [1, 1], [0, 0], [9, 4]),
    ],
)
def test_blots_of_different_length_and_kind_are_each_solved_from_their_own_readings(
    found, name, scale, offset, squares
):
    """Under the signals and under twice of them; the first two share a sigma, from five readings."""
    wanted = [scale, offset, np.sqrt(1.5 * np.array(squares))]
    np.testing.assert_allclose(found[name], wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("unit", [0.0, 2.0])
@pytest.mark.parametrize("number", range(len(ENDS)))
def test_a_weight_is_so_many_readings_of_the_same(found, unit, number):
    weighted, repeated = (found[f"{how} {number} {unit}"][:2] for how in ("weighted", "repeated"))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9)


@pytest.mark.parametrize("name", ["line", "endless line"])
def test_a_line_without_bounds_that_bind_is_the_weighted_regression(found, name):
    wanted = np.polyfit(X, Y, 1, w=np.sqrt(WEIGHTS))
    np.testing.assert_allclose(found[name][:2].T, [wanted, wanted / [2, 1]])


@pytest.mark.parametrize("name", BOUNDED)
def test_a_line_keeps_to_its_bounds(found, name):
    """Free it goes from 0 through 3.5 at 2; with one number at its bound the other follows from it."""
    assert found[name][:2, 0] == pytest.approx(BOUNDED[name][2:])


def test_a_line_of_signals_that_are_close_is_as_much_steeper(found):
    steep, line = found["narrow line"][:2, 0], found["line"][:2, 0]
    assert steep == pytest.approx(line * [100, 1])


@pytest.mark.parametrize("shift", SHIFTS)
def test_readings_without_noise_give_factor_and_shift_of_a_logarithm(found, shift):
    assert found[f"exact {shift}"][:2].tolist() == [pytest.approx([3, 1.5]), pytest.approx([3 * shift] * 2)]


def test_the_unit_of_a_signal_and_a_reading_that_is_left_out_change_nothing_on_a_logarithm(found):
    plain, faint, beside = (found[name][:2] for name in ("plain", "faint", "bright beside"))
    assert 0.1 < plain[1, 0] < 10
    np.testing.assert_allclose(beside, plain, rtol=1e-9)
    np.testing.assert_allclose(faint, plain * [[1e14], [1]], rtol=1e-9)


def test_a_signal_below_0_is_lifted_above_it_where_the_bounds_let_it(found):
    """Readings without noise of 3*(20 - x) and 3*(20 - 2*x/2); what no shift lifts does not count."""
    assert found["exact below"][:2].tolist() == [pytest.approx([3, 1.5]), pytest.approx([60, 60])]
    assert found["beyond all shifts"][1, 0] == pytest.approx(2.0)


def test_a_shift_of_a_logarithm_keeps_to_its_bounds(found):
    """Free they would be 12 and 1."""
    assert found["shift at its top"][1, 0] == pytest.approx(6.0, rel=1e-12)
    assert found["shift at its bottom"][1, 0] == pytest.approx(4.0, rel=1e-12)


@pytest.mark.parametrize("name", ["level", "level endless line"])
def test_where_the_signal_is_level_the_line_is_the_mean(found, name):
    scale, offset, sigma = found[name]
    assert offset + scale * [2, 4] == pytest.approx(5.0) and sigma == pytest.approx(np.sqrt(1.5 * 26 / 3))


@pytest.mark.parametrize("name", ["no signal", "below 0"])
def test_on_a_logarithm_where_there_is_no_signal_all_is_offset(found, name):
    """Nor where it falls while nothing is seen of that."""
    scale, offset, _ = found[name]
    assert offset == pytest.approx(10.0) and np.isfinite(scale).all()


def test_a_reading_that_is_left_out_may_have_no_logarithm(found):
    assert found["no logarithm"][:, 0] == pytest.approx([4.0, 0.0, np.sqrt(1.5) * np.log(2)])


def test_a_sigma_keeps_to_its_bounds_and_is_the_lower_one_where_nothing_is_read(found):
    for name, sigma in (("sigma at its top", 0.5), ("sigma at its bottom", 2.0), ("all left out", 0.3)):
        assert found[name][2].tolist() == [sigma] * 2
    assert np.isfinite(found["all left out"]).all()
