"""Demands: what a fact costs is minus the log of a logistic probability, and a step aims inside the bound."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import logistic

from screen.constrain import ERROR_LOG10, make_demands
from screen.constrain.demands import FURTHEST, ROOM, meet
from screen.experiments import Arm
from screen.panel import Check, Finding

ARM = Arm("hepg2")
CHECK = Check("V00", "a", "", "", ARM, ARM, "pY705", "pY705", (30.0,), "ratio", -np.inf, 0.5)


def met(check: Check, *values: float):
    demands = make_demands([check])
    numbers = np.array(values)
    passed = (numbers >= check.low) & (numbers <= check.high)
    return meet(demands, [Finding(demands.checks[0], numbers, passed, np.zeros(len(numbers), bool))])


def test_an_upper_bound_costs_the_probability_of_being_seen_below_it():
    found = met(CHECK, 0.3, 0.5, 0.6)
    distance = np.log10(np.array([0.3, 0.5, 0.6]) / 0.5) / ERROR_LOG10
    assert found.cost[:, 0] == pytest.approx(-logistic.logcdf(-distance), rel=1e-9)
    assert list(found.holds[:, 0]) == [True, True, False]


def test_a_lower_bound_is_the_mirror_of_an_upper_one():
    low = met(replace(CHECK, low=2.0, high=np.inf), 3.0, 1.5)
    high = met(CHECK, 1 / 3.0, 1 / 1.5)
    assert low.cost == pytest.approx(high.cost)
    assert low.slope == pytest.approx(-high.slope)


@pytest.mark.parametrize("statistic", ["ratio", "log2_ratio"])
def test_the_slope_is_that_of_the_cost(statistic):
    low, high = (0.4, 0.6) if statistic == "ratio" else (np.log2(0.4), np.log2(0.6))
    check = replace(CHECK, statistic=statistic, low=low, high=high)
    logs, step = np.log10([0.3, 0.42, 0.5, 0.61, 0.9]), 1e-5

    def cost(at: np.ndarray) -> np.ndarray:
        return met(check, *(10**at if statistic == "ratio" else at / np.log10(2))).cost[:, 0]

    values = 10**logs if statistic == "ratio" else logs / np.log10(2)
    found = met(check, *values)
    slope = (cost(logs + step) - cost(logs - step)) / (2 * step)
    assert found.slope[:, 0] == pytest.approx(slope, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("value", [0.6, 2.0, 40.0])
def test_a_step_from_outside_aims_inside_the_bound(value):
    found = met(CHECK, value)
    aim = np.log10(value) - found.slope[0, 0] / found.curvature[0, 0]
    assert aim == pytest.approx(np.log10(CHECK.high) - ROOM * ERROR_LOG10)


def test_a_narrow_window_still_has_room_inside():
    found = met(replace(CHECK, low=0.99, high=1.01), 1.0)
    assert found.cost[0, 0] < 0.02


def test_what_is_no_number_costs_much_and_pulls_nowhere():
    found = met(CHECK, np.nan, np.inf)
    assert found.cost[:, 0] == pytest.approx(-logistic.logcdf(-FURTHEST), rel=1e-6)
    assert not found.slope.any()
    assert not found.curvature.any()


def test_times_and_differences_are_not_demanded():
    checks = [replace(CHECK, statistic="peak_minutes"), CHECK, replace(CHECK, statistic="difference")]
    assert make_demands(checks).checks == (CHECK,)
