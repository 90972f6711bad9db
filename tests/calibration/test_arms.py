"""Cells of PEtab tables, and the experiments that a measurement table means, by hand."""

import numpy as np
import pandas as pd
import pytest

from screen.calibration.arms import Arm, arms_of_tables
from screen.calibration.cells import cell, missing, one_of, positive
from screen.errors import FitError


@pytest.mark.parametrize(
    ("value", "is_missing"), [("", True), (None, True), (np.nan, True), ("nan", False), (0, False)]
)
def test_an_empty_cell_holds_nothing(value, is_missing):
    assert missing(value) == is_missing and cell(value) == (None if is_missing else value)


def test_an_empty_cell_is_the_first_of_its_choices():
    assert [one_of(value, ("lin", "log"), "here") for value in ("", np.nan, "log", "lin")] == [
        "lin",
        "lin",
        "log",
        "lin",
    ]
    with pytest.raises(FitError, match="here: must be one of lin, log, found ln"):
        one_of("ln", ("lin", "log"), "here")


def test_a_positive_number_is_above_0_and_not_endless():
    assert [positive(value, "here") for value in ("1e-9", 0.5, "2", 1)] == [1e-9, 0.5, 2.0, 1.0]
    for wrong in (0, "-1", "inf", "nan", "long", None):
        with pytest.raises(FitError, match=f"here: must be a positive number, found {wrong}"):
            positive(wrong, "here")


def test_measurements_of_one_rest_pretreatment_and_condition_are_of_one_arm():
    frame = pd.DataFrame(
        {
            "simulationConditionId": ["dosed", "dosed", "dosed", "low", "dosed"],
            "preequilibrationConditionId": ["rest", None, "rest", "low", "rest"],
            "pretreatmentConditionId": ["before", "", "before", None, "before"],
            "pretreatmentTime": [30.0, np.nan, 30.0, None, 0.5],
        }
    )
    conditions = pd.DataFrame(
        {"conditionName": ["x", "y"], "dose": [0.0, np.nan], "S": ["k", ""]}, index=["rest", "dosed"]
    )
    found = arms_of_tables(conditions, frame, ["row"] * 5, {})
    assert found.arms == (
        Arm("dosed", "rest", ("before", "dosed"), (-30.0, 0.0)),
        Arm("dosed", None, ("dosed",), (0.0,)),
        Arm("low", "low", ("low",), (0.0,)),
        Arm("dosed", "rest", ("before", "dosed"), (-0.5, 0.0)),
    )
    assert found.of_measurement.tolist() == [0, 1, 0, 2, 3] and not found.carried
    assert found.settings == {"rest": {"dose": 0.0, "S": "k"}, "dosed": {}}
    assert found.rests == ("rest", "low") and found.used == ("rest", "low", "before", "dosed")
