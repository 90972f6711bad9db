"""What a fit tabulates, on a problem of which every number is known: no network runs here."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from screen.calibration.priors import Prior
from screen.calibration.problem import Estimated
from screen.fit import FITTED, STARTS, Schedule, most_narrowed, normal_approximation
from screen.fit.estimates import at_bound, decided, tabulate_fit, tabulate_starts
from screen.fit.objective import Predicted
from screen.fit.search import Optimum
from screen.fit.stage import _from_prior, agreement, tabulate_draws, tabulate_scales
from screen.scenarios import normal_stream
from screen.tables import DRAWS, check_table

NORMAL = Prior("parameterScaleNormal", 0.0, 0.5, "log10")
ESTIMATED = Estimated(
    ("a", "b", "c", "d"), ("log10", "lin", "log", "log10"), np.array([-2.0, 0.0, -1.0, -3.0]),
    np.array([2.0, 12.0, 3.0, 1.0]), np.array([0.0, 20.0, 1.0, 0.0]), (NORMAL, None, None, NORMAL), (),
)  # fmt: skip
"""sds of the priors 0.5, 12/sqrt(12), 4/sqrt(12) and 0.5; b is nominally beyond its upper bound of 12."""

PROBLEM = SimpleNamespace(estimated=ESTIMATED)
SDS = np.array([0.5, np.sqrt(12.0), 4 / np.sqrt(12.0), 0.5])


def test_the_best_fit_stands_beside_what_was_believed_before():
    best, sd = np.array([1.0, 12.0, 3.0 - 1e-9, -3.0]), SDS * [0.4, 1.0, 0.9, 0.6]
    found = tabulate_fit(PROBLEM, normal_approximation(best, np.diag(sd**-2.0)))
    check_table(found, FITTED, "fitted")
    assert found["prior_sd"].to_list() == pytest.approx(SDS) and found[
        "posterior_sd"
    ].to_list() == pytest.approx(sd)
    assert found["nominal"].to_list() == pytest.approx([1.0, 20.0, np.e, 1.0])
    assert found["best"].to_list() == pytest.approx([10.0, 12.0, np.exp(3.0), 1e-3])
    assert found["shift"].to_list() == pytest.approx([2.0, 0.0, 2.0 / SDS[2], -6.0])
    assert found["at_bound"].to_list() == [False, True, True, True]


def test_a_parameter_that_is_a_thousandth_of_its_range_inside_sits_on_no_bound():
    best = np.array([-2.0 + 4e-3, 12.0 - 12e-3, 3.0 - 4e-3, -3.0 + 4e-3])
    found = tabulate_fit(PROBLEM, normal_approximation(best, np.eye(4)))
    assert not found["at_bound"].any()


def test_within_a_thousandth_of_its_range_a_parameter_sits_on_a_bound():
    """Ranges of 1000, 4 and 20; the last lies below 0."""
    bounds = SimpleNamespace(lower=np.array([0.0, -2.0, -30.0]), upper=np.array([1000.0, 2.0, -10.0]))
    problem = SimpleNamespace(estimated=bounds)
    near, far = np.array([0.999, 3.9e-3, 0.019]), np.array([1.0, 4.1e-3, 0.021])
    assert at_bound(problem, np.array([bounds.lower + near, bounds.upper - near])).all()
    assert not at_bound(problem, np.array([bounds.lower + far, bounds.upper - far - 1e-9])).any()


def test_half_of_a_spread_is_not_yet_decided():
    sd = np.array([0.25, 100.0, 100.0, 0.2499])
    assert decided(PROBLEM, normal_approximation(np.zeros(4), np.diag(sd**-2.0)))["parameters"] == ["d"]


def test_decided_are_those_whose_spread_the_measurements_halve_the_most_narrowed_first():
    sd = SDS * [0.49, 0.1, 0.51, 0.3]
    found = decided(PROBLEM, normal_approximation(np.zeros(4), np.diag(sd**-2.0)))
    assert found == {"share": 0.75, "parameters": ["b", "d", "a"]}


def test_starts_are_counted_with_what_sits_on_a_bound_and_what_fails():
    scaled = np.array([[0.0, 5.0, 0.0, 0.0], [-2.0, 12.0, 0.0, 0.0]])
    optimum = Optimum(
        np.array([1, 0]),
        scaled,
        *np.array([[3.0, 4.0], [30.0, 40.0], [0.0] * 2, [0.1, 0.2]]),
        np.zeros(2),
        0,
        0,
    )
    failing = Predicted(*np.zeros((3, 2, 3)), np.ones((2, 3), bool), np.array([[True, True], [False, True]]))
    found = tabulate_starts(SimpleNamespace(problem=PROBLEM, predict=lambda at: failing), optimum)
    check_table(found, STARTS, "starts")
    assert found["at_bound"].to_list() == [0, 2] and found["failed"].to_list() == failing.failed.tolist() == [
        0,
        1,
    ]
    assert found["start"].to_list() == [1, 0] and found["cost"].to_list() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ([1.0, 1.9, 2.0], None),
        ([1.0, 2.0, 2.1], "fit.kicks"),
        ([1.0, 1.5, 2.0, 9.0], "fit.kicks"),
        ([1.0], None),
    ],
)
def test_more_than_half_of_the_starts_must_end_within_1_of_the_best(costs, said):
    line = agreement(SimpleNamespace(cost=np.array(costs)), Schedule())
    assert ("fit.kicks" in line) == (said is not None)
    assert line.startswith(f"{sum(cost < costs[0] + 1 for cost in costs)} of {len(costs)} starts")


@pytest.mark.parametrize(
    "schedule", [Schedule(kicks=20), Schedule(sharing=True), Schedule(kicks=20, sharing=True)]
)
def test_what_starts_shared_is_told_where_they_do_and_are_kicked(schedule):
    optimum = SimpleNamespace(cost=np.array([1.0, 1.5, 1.6, 9.0]), first_end=np.array([1.9, 2.0, 8.0, 9.0]))
    both = schedule.sharing and schedule.kicks > 0
    told = ", 1 of them before they shared what they found" if both else ""
    assert agreement(optimum, schedule) == f"3 of 4 starts end within 1 of the best{told}"


def test_what_is_not_estimated_is_drawn_from_its_prior_within_four_sd():
    normal = np.array([-9.0, -1.0, 0.0, 2.0, 9.0])
    log = _from_prior({"value": 10.0, "prior": "log10_normal", "prior_sd": 0.5}, normal)
    assert log == pytest.approx([0.1, 10**0.5, 10.0, 100.0, 1000.0])
    plain = _from_prior({"value": 10.0, "prior": "normal", "prior_sd": 0.5}, normal)
    assert plain == pytest.approx([8.0, 9.5, 10.0, 11.0, 12.0])


def test_draws_have_what_is_estimated_and_the_rest_by_name_and_scales_what_the_network_lacks():
    network = pl.DataFrame(
        {"parameter": ["c", "e", "f", "a"], "value": [1.0, 2.0, 3.0, 1.0], "prior_sd": [0.1, 0.2, 0.3, 0.4],
         "prior": ["normal", "normal", "fixed", "log10_normal"]}
    )  # fmt: skip
    scaled = np.array([[1.0, 5.0, 0.0, 0.0], [0.0, 7.0, 1.0, 2.0]])
    draws = tabulate_draws(PROBLEM, scaled, network, seed=3)
    check_table(draws, DRAWS, "draws")
    assert (
        draws["parameter"].to_list() == ["c", "e", "a"] * 2 and draws["draw"].to_list() == [0] * 3 + [1] * 3
    )
    drawn = 2.0 + 0.2 * normal_stream(3, "parameter", "e", np.arange(2))
    assert draws["value"].to_list() == pytest.approx([1.0, drawn[0], 10.0, np.e, drawn[1], 1.0])
    scales = tabulate_scales(PROBLEM, scaled, draws)
    assert scales.rows() == [(0, "b", 5.0), (0, "d", 1.0), (1, "b", 7.0), (1, "d", pytest.approx(100.0))]


def test_the_most_narrowed_are_those_of_which_the_least_of_the_prior_spread_is_left():
    fitted = pl.DataFrame(
        {"parameter": list("abc"), "prior_sd": [0.1, 8.0, 1.0], "posterior_sd": [0.09, 2.0, 0.5]}
    )
    assert most_narrowed(fitted, 2) == ["b", "c"]
