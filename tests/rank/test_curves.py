"""Metrics of curves by hand: of drugs that were given doses of their own, below 1 nM too."""

import numpy as np
import polars as pl
import pytest

from screen.rank.curves import CURVES, METRICS, Series, curve_rows, score_drugs
from screen.rank.intervals import Counted
from tests.rank.test_dose_curve import curve

VALUE = {each.name: each.value for each in METRICS}


def test_the_area_over_a_curve_is_that_over_log10_dose():
    """Doses a factor of 10 apart, and two that are less so; the shared range takes in both its ends."""
    found = curve([0.01, 0.1, 1.0, 2.0, 4.0], [[0.1, 0.0], [0.3, 0.0], [0.5, 0.4], [0.7, 0.4], [0.8, 0.4]])
    two = np.log10(2.0)
    whole = (0.2 + 0.4 + two * (0.6 + 0.75)) / (2.0 + 2.0 * two)
    np.testing.assert_allclose(
        VALUE["x_AOC"](Series(found, (1.0, 2.0))), [whole, (0.2 + 0.8 * two) / (2.0 + 2.0 * two)]
    )
    for shared, area in (((0.1, 1.0), [0.4, 0.2]), ((1.0, 4.0), [0.675, 0.4])):
        np.testing.assert_allclose(VALUE["x_AOC_range"](Series(found, shared)), area)
    assert np.isnan(VALUE["x_AOC_range"](Series(found, (1.0, 1.5)))).tolist() == [True, True]


def test_a_curve_ends_where_its_last_dose_and_its_fit_do():
    found = Series(curve([1.0, 10.0], [[0.1, 0.2], [0.5, 0.4]], np.array([0.7, 0.0])), (1.0, 10.0))
    np.testing.assert_allclose(VALUE["x_max"](found), [0.5, 0.6])
    np.testing.assert_allclose(VALUE["x_inf"](found), [0.3, 0.7])


def test_drugs_of_a_cell_share_the_doses_that_all_were_given():
    """From the largest first one to the smallest last one: 0.1 to 1 nM."""
    wide = curve([0.01, 0.1, 1.0, 10.0], np.array([0.0, 0.2, 0.4, 0.9])[:, None, None], np.zeros((1, 1)))
    narrow = curve([0.1, 1.0], np.array([[[0.1]], [[0.5]]]), np.full((1, 1), np.nan))
    drawn = score_drugs([(["b"], wide), (["a"], narrow)])
    found = curve_rows(Counted("liver", "default", drawn, np.ones(1)))
    row = {name: found[name].to_list() for name in found.columns}
    assert (row["drug"], row["N_conc"], row["draws"]) == (["a", "b"], [2, 4], [1, 1])
    assert row["x_AOC_range_p50"] == pytest.approx([0.3, 0.3])
    assert row["x_AOC_p50"] == pytest.approx([0.3, (0.1 + 0.3 + 0.65) / 3.0])
    assert row["minlog10Concentration"] == pytest.approx([-1.0, -2.0])
    assert row["maxlog10Concentration"] == pytest.approx([0.0, 1.0])
    assert row["fit_type"] == ["DRCTooFewPointsToFit", "DRCConstantFitResult"]
    assert {column.name for column in CURVES.columns} - set(found.columns) == {"readout"}
    assert found.schema["draws"] == pl.Int64
