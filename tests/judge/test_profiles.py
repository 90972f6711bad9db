"""Profiles against brute force, and what they say of parameters that data bound, half bound and do not bound."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize

from screen.calibration import load_problem
from screen.errors import FitError
from screen.fit import draw_profiles, make_predictor, most_narrowed, polish
from screen.fit.objective import posterior_cost
from screen.judge import IDENTIFIED, PROFILE_RISE, PROFILES, ProfilePlan, identify, profile
from screen.judge.profiles import Walk, _move_on
from screen.tables import check_table
from tests.toy import write_problem


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    return load_problem(write_problem(tmp_path_factory.mktemp("profile"), noise=0.05))


@pytest.fixture(scope="module")
def evaluator(problem, toy_evaluator):
    return toy_evaluator.judged_by(problem)


@pytest.fixture(scope="module")
def predictor(problem, solver):
    return make_predictor(problem, solver, 1)


@pytest.fixture(scope="module")
def best(problem, evaluator):
    return polish(evaluator, problem.estimated.nominal, 30, 1e-6).scaled


@pytest.fixture(scope="module")
def profiles(problem, solver, best):
    table = profile(problem, solver, best, ProfilePlan(problem.estimated.names))
    check_table(table, PROFILES, "profiles")
    return table


def test_every_point_is_the_lowest_cost_with_the_parameter_held(problem, predictor, best, profiles):
    place = problem.estimated.names.index("k_lost")
    others = [each for each in range(len(best)) if each != place]
    for row in profiles.filter(pl.col("parameter") == "k_lost").iter_rows(named=True):

        def cost(free, held=row["scaled"]):
            vector = np.insert(free, place, held)[None]
            return float(posterior_cost(problem, vector, predictor(vector))[0])

        brute = minimize(cost, best[others], method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-4})
        assert row["settled"]
        assert row["cost"] == pytest.approx(brute.fun, abs=0.05)


def test_data_bound_rates_and_scale_and_say_nothing_of_the_blow_up(profiles):
    found = identify(profiles)
    check_table(found, IDENTIFIED, "identified")
    verdicts = dict(found.select("parameter", "verdict").iter_rows())
    assert verdicts == {
        "k_blow": "flat",
        "k_lost": "identifiable",
        "k_made": "identifiable",
        "scale": "identifiable",
    }
    for row in found.filter(pl.col("verdict") == "identifiable").iter_rows(named=True):
        assert row["low"] < row["best"] < row["high"]


def test_own_prior_is_taken_off(problem, profiles):
    prior = problem.estimated.priors[problem.estimated.names.index("k_made")]
    chosen = profiles.filter(pl.col("parameter") == "k_made")
    without = chosen["cost"].to_numpy() - np.array([float(prior.cost(at)) for at in chosen["scaled"]])
    np.testing.assert_allclose(chosen["rise"], without - without.min(), atol=1e-9)


def test_steps_begin_with_half_a_posterior_sd_and_grow_by_a_fifth(problem, evaluator, best, profiles):
    """Of each side of the best fit, but for a last step that a bound cuts off."""
    covariance = np.linalg.inv(evaluator.curvature(best).precision)
    for name in ("k_lost", "scale"):
        place = problem.estimated.names.index(name)
        held = profiles.filter(pl.col("parameter") == name)["scaled"].to_numpy()
        first = 0.5 * np.sqrt(covariance[place, place])
        for side in (1.0, -1.0):
            steps = np.diff(np.sort(side * held[side * (held - best[place]) >= -1e-9]))
            assert steps[:3] == pytest.approx(first * 1.2 ** np.arange(len(steps))[:3], rel=1e-6)


@pytest.mark.parametrize(
    ("sign", "stride", "goes_to"), [(1.0, 0.5, -2.0), (-1.0, 0.5, -3.0), (1.0, 2.0, -1.0), (-1.0, 2.0, -4.0)]
)
def test_a_walk_goes_on_along_its_last_two_points_and_no_further_than_its_bound(sign, stride, goes_to):
    """The bounds are -4 and -1, whose sign is neither here nor there; the other parameter follows half as far."""
    lower, upper = np.array([-4.0, 0.0]), np.array([-1.0, 9.0])
    walk = Walk(0, sign, stride, np.zeros(2), np.zeros(2))
    walk.points = [(np.array([-2.5 - sign, 5.0 - sign / 2]), 0.0, True), (np.array([-2.5, 5.0]), 1.0, True)]
    _move_on(walk, lower, upper, ProfilePlan(["p"]))
    assert not walk.over and walk.stride == pytest.approx(1.2 * stride)
    assert walk.at == pytest.approx(np.array([goes_to, 5.0 + (goes_to + 2.5) / 2]))
    walk.points.append((np.array([goes_to, 5.0]), 2.0, True))
    _move_on(walk, lower, upper, ProfilePlan(["p"]))
    assert walk.over == (goes_to in (-1.0, -4.0))


def parabola(low, high, sd=0.3):
    held = np.linspace(low, high, 41)
    frame = {"parameter": ["p"] * 41, "scale": ["log10"] * 41, "scaled": held, "value": 10.0**held}
    return pl.DataFrame(frame | {"rise": 0.5 * (held / sd) ** 2, "cost": held, "settled": [True] * 41})


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-2.0, 2.0, "identifiable"),
        (-2.0, 0.3, "only from below"),
        (-0.3, 2.0, "only from above"),
        (-0.3, 0.3, "flat"),
    ],
)
def test_interval_of_a_parabola_is_that_of_a_normal_distribution(low, high, verdict):
    found = identify(parabola(low, high)).row(0, named=True)
    assert found["verdict"] == verdict
    for end, side, reached in (("low", -1, low < -1), ("high", 1, high > 1)):
        want = 10.0 ** (side * 1.959964 * 0.3) if reached else None
        assert found[end] == (pytest.approx(want, rel=1e-6) if reached else None)


def test_figure_shows_each_parameter_and_its_verdict(profiles, tmp_path):
    draw_profiles(profiles, identify(profiles), PROFILE_RISE, tmp_path / "profiles.svg")
    content = (tmp_path / "profiles.svg").read_text()
    assert ElementTree.fromstring(content).tag.endswith("svg")
    assert "k_blow: flat" in content
    assert "scale: identifiable" in content


def test_most_narrowed_come_first():
    fitted = pl.DataFrame(
        {"parameter": ["a", "b", "c"], "posterior_sd": [0.4, 0.1, 0.2], "prior_sd": [0.5, 0.5, 0.2]}
    )
    assert most_narrowed(fitted, 2) == ["b", "a"]


def test_wrong_plans_are_refused(problem, solver, best):
    with pytest.raises(FitError, match="must be one that is estimated, found half"):
        profile(problem, solver, best, ProfilePlan(["half"]))
    with pytest.raises(FitError, match="parameters must be there and each but once"):
        profile(problem, solver, best, ProfilePlan([]))
    with pytest.raises(FitError, match="each but once"):
        profile(problem, solver, best, ProfilePlan(["scale", "scale"]))


def test_an_engine_without_gradient_profiles_by_differences(problem, solver, best, profiles):
    found = profile(problem, replace(solver, engine="jax"), best, ProfilePlan(["scale"], points=2))
    wanted = profiles.filter(pl.col("parameter") == "scale").join(found, on="parameter", how="semi")
    near = found.join_asof(wanted.sort("scaled"), on="scaled", strategy="nearest", tolerance=1e-3)
    assert near["cost"].to_numpy() == pytest.approx(near["cost_right"].to_numpy(), abs=0.02)
