"""The curve that Loewe's reference reads doses off, and that reference, by hand."""

import numpy as np
import pytest

from screen.rank.dose_curve import LEVELS, DoseCurve, sized, unsized
from screen.rank.hill import Hill
from screen.rank.loewe import loewe_reference

NAN, INF = np.nan, np.inf


def curve(doses, effect, top=NAN, half=NAN, slope=NAN) -> DoseCurve:
    """A drug in some draws [doses, draws], with one Hill curve for all of them, or none."""
    effect = np.array(effect)
    shape = np.zeros(effect.shape[1:])
    return DoseCurve(np.array(doses), effect, shape, Hill(shape + top, shape + half, shape + slope, shape))


def effect_at(found: DoseCurve, log10_dose: float) -> np.ndarray:
    at, effect = found._drawn()
    return effect[np.argmin(np.abs(at - log10_dose))]


def test_what_a_drug_does_is_said_draw_by_draw():
    """It suppresses, raises, both alike, nothing, up to a thousandth of it, a little more, and it was lost."""
    effect = [
        [0.1, -0.6, 0.25, 0.0, 1e-3, 0.0, 0.2],
        [0.5, 0.4, -0.25, 0.0, -1e-3, 1.5e-3, NAN],
        [0.3, -0.1, 0.00, 0.0, 0.0, 0.0, 0.1],
    ]
    found = curve([1.0, 10.0, 100.0], effect)
    assert found.raises.tolist() == [False, True, False, False, False, False, False]
    assert found.idle.tolist() == [False, False, False, True, True, False, False]
    assert found.lost.tolist() == [False] * 6 + [True]
    assert found.reach.tolist() == pytest.approx([0.5, 0.375, 0.25, 0.0, 1e-3, 1.5e-3, 0.2])
    assert np.isinf(found.log10_dose[found.idle]).all()


def test_a_size_is_what_is_suppressed_or_one_less_a_part_of_what_was_raised():
    raises = np.array([False, False, True, True, False])
    assert sized(np.array([0.3, -0.2, -1.0, 0.5, 1.0]), raises).tolist() == [0.3, 0.0, 0.5, 0.0, 1.0]
    found = unsized(np.array([0.3, 1.0, 0.5, 0.8, 1.0]), np.array([False, False, True, True, True]))
    assert found.tolist() == pytest.approx([0.3, 1.0, -1.0, -4.0, -2000.0])


def test_a_curve_goes_through_its_points_and_three_decades_beyond():
    """40 points a decade; below the doses tested it falls with its slope."""
    effect = [[0.1, -0.5], [0.45, -0.3], [0.4, -0.9]]
    found = curve([10.0, 100.0, 1000.0], effect, 0.6, 1.5, 2.0)
    at, _ = found._drawn()
    assert (at[0], at[-1]) == pytest.approx((-2.0, 6.0))
    assert np.diff(at)[[0, 7, -1]] == pytest.approx(1 / 40)
    for log10_dose, each in zip((1.0, 2.0, 3.0), effect, strict=True):
        np.testing.assert_allclose(effect_at(found, log10_dose), each)
    np.testing.assert_allclose(effect_at(found, 0.5), [0.1 / 10.0, -0.5 / 10.0])
    np.testing.assert_allclose(effect_at(found, -1.0), [0.1 / 1e4, -0.5 / 1e4])
    rest = np.array(effect[2]) - 0.6 / (1.0 + 10.0**-3)
    np.testing.assert_allclose(effect_at(found, 5.0), 0.6 / (1.0 + 10.0**-7) + rest)


def test_one_dose_or_two_make_a_curve_without_a_fit():
    """Below the first the effect is proportional to dose, and beyond the last it stays."""
    for doses, effect in (([10.0], [[0.2]]), ([10.0, 100.0], [[0.2], [0.6]])):
        found = curve(doses, effect)
        assert effect_at(found, 0.0) == pytest.approx(0.02)
        assert effect_at(found, 1.0) == pytest.approx(0.2)
        assert effect_at(found, np.log10(doses[-1]) + 3.0) == pytest.approx(effect[-1][0])
    assert effect_at(found, 1.5) == pytest.approx(0.4)
    assert effect_at(curve([10.0, 100.0], [[1.4], [1.2]]), 1.0) == 1.0  # no more than all of it


def test_between_points_a_curve_follows_its_fit():
    doses = np.array([1.0, 10.0, 100.0, 1000.0])
    effect = 0.8 * doses**1.5 / (doses**1.5 + 30.0**1.5)
    found = curve(doses, effect[:, None], 0.8, np.log10(30.0), 1.5)
    for dose in (0.3, 4.0, 50.0, 400.0, 1e5):
        at, drawn = found._drawn()
        wanted = 0.8 * dose**1.5 / (dose**1.5 + 30.0**1.5)
        assert np.interp(np.log10(dose), at, drawn[:, 0]) == pytest.approx(wanted, rel=5e-3)


def test_a_level_is_reached_at_the_dose_with_that_effect_and_none_is_where_it_is_not():
    found = curve([10.0, 100.0], [[0.2, -0.25], [0.6, -1.0]])
    dose = found.log10_dose
    assert (dose.shape, LEVELS[1]) == ((2, 2001), 1 / 2000)
    assert dose[0, [400, 1199]] == pytest.approx([1.0, 2.0], abs=0.03)  # effects of 0.2 and nearly 0.6
    assert dose[1, [400, 999]] == pytest.approx([1.0, 2.0], abs=0.03)  # sizes of 0.25/1.25 and nearly 1/2
    assert np.isinf(dose[:, [1202, 2000]]).all() and np.isfinite(dose[:, 1000]).all()


def table(*edges) -> np.ndarray:
    """Doses of one draw [levels]: 1 nM has each level up to the edge, and no dose has one beyond."""
    return np.array([np.where(np.arange(2001) <= edge, 0.0, INF) for edge in edges])[:, None]


def test_doses_that_add_up_to_one_that_does_as_much_alone_do_as_much_together():
    """Effects of dose/100 and of dose/400, up to all of it, in one draw; twice as potent in another one."""
    with np.errstate(divide="ignore"):
        own = np.log10(np.maximum(LEVELS, 1e-6))
    log10_dose = np.array(
        [[own + 2.0, own + 2.0 - np.log10(2.0)], [own + np.log10(400.0), own + np.log10(200.0)]]
    )
    doses = np.array([[20.0, 120.0], [30.0, 80.0], [0.0, 40.0], [3000.0, 100.0]])
    found = loewe_reference(doses, np.array([[0, 1]] * 4), log10_dose, np.ones((2, 2)))
    wanted = np.array([0.5, 0.5, 0.1, 1.0])
    np.testing.assert_allclose(found.size, np.minimum(np.outer(wanted, [1.0, 2.0]), 1.0), atol=1e-9)
    assert not found.untested.any()
    turned = loewe_reference(doses[:, ::-1], np.array([[1, 0]] * 4), log10_dose, np.ones((2, 2)))
    np.testing.assert_allclose(turned.size, found.size, atol=1e-12)


def test_between_levels_the_reference_lies_on_a_line():
    """Two doses of 1 nM make a sum of 2 up to the edge and of 0 behind it: 1 lies half-way, wherever the edge is."""
    edges = np.arange(0, 2000, 37)
    own = np.array([(place, place) for place in range(len(edges))])
    found = loewe_reference(np.ones((len(edges), 2)), own, table(*edges), np.ones((len(edges), 1)))
    np.testing.assert_allclose(found.size[:, 0], (edges + 0.5) / 2000, atol=1e-12)
    assert found.untested.sum() == 0


def test_two_drugs_that_never_do_anything_do_nothing_together():
    found = loewe_reference(np.ones((1, 2)), np.array([[0, 0]]), table(-1), np.zeros((1, 1)))
    assert found.size.tolist() == [[0.0]] and found.untested.tolist() == [[False]]


def untested(share: float, reach: float, edge: int = 1000, before: float | None = None) -> bool:
    """Whether a reference of (edge + 0.5)/2000 rests on a dose of the first drug that was not tested, of which it takes
    this share, and `before` it at the levels below the edge; the second drug was tested."""
    doses = np.array([[share, 2.0 - share]])
    log10_dose = table(edge, edge)
    if before is not None:
        log10_dose[0, 0, :edge] = np.log10(share / before)
    found = loewe_reference(doses, np.array([[0, 1]]), log10_dose, np.array([[reach], [1.0]]))
    assert found.size.item() == pytest.approx((edge + 0.5) / 2000)
    return bool(found.untested.item())


def test_a_reference_rests_on_untested_doses_where_they_are_more_than_a_hundredth_of_it():
    assert [untested(share, 0.4) for share in (1.0, 0.015, 0.01, 0.005)] == [True, True, False, False]
    assert not untested(0.005, 0.4, before=0.5)


def test_a_dose_was_tested_up_to_one_level_beyond_its_reach():
    """Of a size of 0.50025: half a level less, and more than one."""
    assert [untested(1.0, 0.50025 - short / 2000) for short in (-1.0, 0.5, 1.5)] == [False, False, True]


def test_an_effect_at_a_level_was_tested_by_the_level_below():
    """1 nM each makes a sum of 1 at the third level, so that the size is that level to the last bit."""
    log10_dose = np.full((1, 1, 2001), np.log10(4.0))
    log10_dose[0, 0, :3] = np.log10([0.5, 1.0, 2.0])
    for reach, wanted in ((LEVELS[1], False), (LEVELS[1] / 2, True)):
        found = loewe_reference(np.ones((1, 2)), np.array([[0, 0]]), log10_dose, np.array([[reach]]))
        assert (found.size.item(), found.untested.item()) == (LEVELS[2], wanted)
