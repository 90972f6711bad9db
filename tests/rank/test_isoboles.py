"""Isoboles against closed forms: a drug with itself lies on Loewe's line, independent drugs where they should."""

import numpy as np
import polars as pl
import pytest

from screen.rank.isoboles import EFFECTS, log10_dose_reaching
from tests.rank.test_dose_effects import DOSES, DRAWS, MATRIX, half_of, hill, scored


def traced(surface, **how) -> pl.DataFrame:
    return scored(surface, **how).isoboles


@pytest.mark.parametrize(("slope", "error"), [(1.0, 1e-9), (1.5, 0.02), (0.7, 0.02)])
def test_a_drug_with_itself_gives_a_straight_line(slope, error):
    """The doses add up to the one that does it alone, whatever the draw; steeper curves to 2 %."""
    found = traced(lambda a, _, draw: hill(a, half_of(draw), slope), pair=("a", "a"))
    there = found.filter(pl.col("draws") > 0)
    assert set(there["effect"]) == set(EFFECTS)
    for end in ("p05", "p50", "p95"):
        assert there[f"index_{end}"].to_numpy() == pytest.approx(1.0, abs=error)
    known = there.filter(draws=DRAWS)
    assert known.height > 4
    sums = (known["dose_a_nM"] + known["dose_b_p50_nM"]) / known["alone_a_p50_nM"]
    assert sums.to_numpy() == pytest.approx(1.0, abs=error)
    assert known["alone_b_p50_nM"].equals(known["alone_a_p50_nM"].alias("alone_b_p50_nM"))


def test_so_do_two_names_of_one_drug_at_different_potencies():
    found = traced(lambda a, b, draw: hill(a + 10 * b, half_of(draw)), doses=DOSES)
    assert found.filter(pl.col("draws") > 0)["index_p50"].to_numpy() == pytest.approx(1.0, abs=1e-9)


def test_independent_drugs_need_what_bliss_says():
    """(1 - a/(a + 30)) (1 - b/(b + 300)) = 1/2."""
    found = traced(lambda a, b, _: 1 - (1 - hill(a, 30.0)) * (1 - hill(b, 300.0)), doses=DOSES)
    rows = found.filter(effect=0.5, dose_a_nM=10.0)
    beside = 300.0 * (2.0 / (1.0 + 10.0 / 30.0) - 1.0)
    assert rows["dose_b_p50_nM"].item() == pytest.approx(beside)
    assert rows["index_p50"].item() == pytest.approx(10.0 / 30.0 + beside / 300.0)
    assert rows.select("alone_a_p50_nM", "alone_b_p50_nM").row(0) == pytest.approx((30.0, 300.0))


def test_each_drug_has_doses_of_its_own():
    """Five of the first by four of the second; the answer is Bliss's again."""
    given = (3.0, 10.0, 30.0, 100.0, 300.0), (30.0, 100.0, 300.0, 1000.0)
    found = traced(
        lambda a, b, _: 1 - (1 - hill(a, 30.0)) * (1 - hill(b, 300.0)),
        doses=DOSES, matrix=[(a, b) for a in given[0] for b in given[1]],
    )  # fmt: skip
    assert found.filter(effect=0.5)["dose_a_nM"].to_list() == list(given[0])
    beside = found.filter(effect=0.5, dose_a_nM=10.0)["dose_b_p50_nM"].item()
    assert beside == pytest.approx(300.0 * (2.0 / (1.0 + 10.0 / 30.0) - 1.0))


def test_where_one_drug_never_reaches_it_alone_there_is_a_dose_and_no_index():
    """Nor a dose where the first drug alone is enough, nor where none simulated is."""
    found = traced(lambda a, b, _: 0.3 * hill(a, 30.0) + 0.6 * hill(b, 100.0), doses=DOSES).filter(effect=0.5)
    assert found["index_p50"].null_count() == found.height == len(DOSES)
    dose = dict(found.select("dose_a_nM", "dose_b_p50_nM").iter_rows())
    assert (dose[3000.0], dose[30.0]) == pytest.approx((100 * 0.203 / 0.397, 100 * 0.35 / 0.25), rel=0.05)
    enough = traced(lambda a, b, _: hill(a, 30.0), doses=DOSES).filter(effect=0.25)
    assert enough.filter(pl.col("dose_a_nM") < 10.0)["dose_b_p50_nM"].to_list() == [None, None]
    assert enough["draws"].to_list() == [0] * len(DOSES)


def test_a_pair_without_a_whole_matrix_has_none():
    assert traced(lambda a, b, _: hill(a + b, 30.0), matrix=MATRIX[:-1]).height == 0
    assert traced(lambda a, b, _: hill(a + b, 30.0), matrix=[(10.0, 10.0), (30.0, 10.0)]).height == 0


def test_a_dose_is_read_where_it_is_and_its_absence_is_said():
    doses = np.array([1.0, 10.0, 100.0])
    effect = np.array([[0.2, 0.4, 0.8], [0.1, 0.2, 0.3], [0.2, np.nan, 0.8], [0.2, 0.6, 0.1]])
    found = log10_dose_reaching(effect, doses, 0.4)
    assert found == pytest.approx([1.0, np.inf, np.nan, 0.547411], nan_ok=True, abs=1e-5)
    for before in (0.5, 0.4):  # more than enough, and just enough
        assert log10_dose_reaching(effect[0], doses, 0.4, before) == -np.inf
    below = 10 ** log10_dose_reaching(effect[0], doses, 0.002)
    assert below == pytest.approx((0.002 / 0.998) / (0.2 / 0.8))


def test_the_last_dose_may_be_just_enough():
    effect = np.array([[0.2, 0.5], [0.2, 0.49], [0.5, 0.6]])
    found = log10_dose_reaching(effect, np.array([10.0, 100.0]), 0.5)
    np.testing.assert_array_equal(found, [2.0, np.inf, 1.0])


def test_two_doses_of_each_drug_have_isoboles_and_one_of_either_has_none():
    both = traced(
        lambda a, b, _: hill(a + b, 30.0), matrix=[(a, b) for a in (3.0, 10.0) for b in (30.0, 100.0)]
    )
    assert both.filter(effect=0.5)["dose_a_nM"].to_list() == [3.0, 10.0]
    for matrix in ([(10.0, b) for b in DOSES], [(a, 10.0) for a in DOSES]):
        assert traced(lambda a, b, _: hill(a + b, 30.0), matrix=matrix).height == 0


def test_all_of_it_is_a_share_that_is_reached_at_a_dose():
    """A share of 1 counts as one that lacks 1e-12: from 1/2, whose logit is 0, to 3/4 it is a part of a decade."""
    found = log10_dose_reaching(np.array([[0.5, 1.0]]), np.array([10.0, 100.0]), 0.75)
    assert found == pytest.approx(1.0 + np.log(3.0) / np.log(1e12), rel=1e-6)


def test_a_draw_in_which_the_first_drug_was_lost_has_no_dose():
    effect, before = np.array([[0.2, 0.6]] * 4), np.array([0.1, np.nan, 1.0, 0.4])
    found = log10_dose_reaching(effect, np.array([10.0, 100.0]), 0.4, before)
    assert np.isnan(found).tolist() == [False, True, False, False]
    assert found[2:].tolist() == [-np.inf, -np.inf]
    assert log10_dose_reaching(effect[:1], np.array([10.0, 100.0]), 1.0, 1.0) == -np.inf
