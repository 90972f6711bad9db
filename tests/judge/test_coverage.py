"""Coverage: of the ensemble as it is, of one that is too narrow, and the statistics against known values."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from screen.calibration import keep_conditions, load_problem
from screen.fit import choose_fit_engine, ensemble
from screen.fit.prior_draws import draw_priors
from screen.judge import COVERAGE, CoveragePlan, coverage, measure_coverage
from screen.judge.coverage import (
    choose_shown,
    independent_cases,
    share_interval,
    simulate_measurements,
)
from screen.simulate import Integration
from screen.tables import check_table
from tests.problems import CONFIG
from tests.toy import PARAMETERS, write_problem

BELIEVED = (
    PARAMETERS.replace("0;0.7", "0;0.3").replace("-1;0.7", "-1;0.3").replace("0.01 10000 10", "1 100 10")
)
"""Priors so narrow that predictions bend little within them: there the ensemble should be exact."""

PLAN = CoveragePlan(replicas=15, draws=40, draw_steps=20, polish=20, leave_out=3, seed=2)


def by_name(table):
    return {row["of"]: row for row in table.iter_rows(named=True)}


@pytest.fixture(scope="module")
def found(solver, tmp_path_factory):
    believed = load_problem(write_problem(tmp_path_factory.mktemp("believed"), parameters=BELIEVED))
    table = measure_coverage(believed, solver, PLAN)
    check_table(table, COVERAGE, "coverage")
    return by_name(table)


@pytest.mark.slow
@pytest.mark.parametrize("of", ["measured predictions", "unmeasured predictions", "all parameters"])
def test_intervals_hold_the_truth_as_often_as_they_should(found, of):
    assert found[of]["low"] < 0.9 < found[of]["high"]
    assert found[of]["failed"] == 0


@pytest.mark.slow
def test_every_interval_is_counted_once(found):
    assert found["all parameters"]["intervals"] == 15 * 4
    assert found["measured predictions"]["intervals"] == 15 * 9
    assert found["unmeasured predictions"]["intervals"] == 15 * 4


def test_an_ensemble_that_is_too_narrow_is_found_out(toy, solver, monkeypatch):
    def narrow(problem, polished, *rest):
        goals = real(problem, polished, *rest)
        near = polished.scaled + (goals.guess - polished.scaled) / 4
        return goals._replace(guess=near, held=np.ones_like(goals.held))

    real = ensemble.draw_goals
    monkeypatch.setattr(ensemble, "draw_goals", narrow)
    found = by_name(measure_coverage(toy, solver, replace(PLAN, draw_steps=0)))
    for name in ("measured predictions", "all parameters"):
        assert found[name]["high"] < 0.85


def test_a_parameter_is_informed_whose_sd_fell_below_four_fifths_of_that_of_its_prior(monkeypatch):
    """Priors of sd 0.5 and 2: 0.4 and 1.6 are four fifths. The draws 0 to 39 of all but the third hold the truth."""
    sd, precision = np.array([0.39, 0.41, 1.59, 1.61]), np.array([4.0, 4.0, 0.25, 0.25])
    problem = SimpleNamespace(estimated=SimpleNamespace(nominal=np.zeros(4)))
    drawn = SimpleNamespace(scaled=np.tile(np.arange(40.0)[:, None], (1, 4)), arrived=np.array([True, False]))
    for name, stub in {
        "simulate_measurements": lambda *of: problem,
        "hide": lambda *of: problem,
        "draw_posterior": lambda *of: (None, SimpleNamespace(sd=sd), drawn),
        "prior_precision": lambda *of: precision,
        "_first_of_each": lambda problem: np.array([True, True, False, True]),
    }.items():
        monkeypatch.setattr(coverage, name, stub)
    evaluator = SimpleNamespace(
        problem=problem,
        judged_by=lambda data: data,
        predict=lambda at: SimpleNamespace(compared=np.asarray(at), sigma=np.asarray(at)),
    )
    shown, truth = np.array([True, False, True, False]), np.array([20.0, 20.0, 99.0, 20.0])
    found = coverage.fit_replica(evaluator, shown, truth, PLAN, 3)
    assert found.informed.tolist() == [True, False]
    assert found.parameters.tolist() == [True, True, False, True]
    assert (found.measured.tolist(), found.unmeasured.tolist()) == ([True], [True, True])
    assert found.arrived == 0.5


def test_truths_come_from_the_priors_within_the_bounds(toy, toy_evaluator):
    truths = draw_priors(toy, toy_evaluator.predict, 200, seed=3)
    assert ((truths >= toy.estimated.lower) & (truths <= toy.estimated.upper)).all()
    k_blow = truths[:, toy.estimated.names.index("k_blow")]
    assert np.mean(k_blow) == pytest.approx(-9, abs=4 * 0.3 / np.sqrt(200))
    assert np.std(k_blow) == pytest.approx(0.3, rel=0.2)
    scale = truths[:, toy.estimated.names.index("scale")]
    assert np.std(scale) == pytest.approx(6 / np.sqrt(12), rel=0.1)


def test_noise_is_that_of_each_observable(toy):
    compared, sigma = np.linspace(0.1, 1.3, 13), np.full(13, 0.05)
    rng = np.random.default_rng(1)
    made = np.array(
        [simulate_measurements(toy, compared, sigma, rng).measurements.value for _ in range(3000)]
    )
    scaled, plain = toy.observables
    normal = (np.log10(made[:, scaled.rows]) - compared[scaled.rows]) / 0.05
    laplace = (made[:, plain.rows] - compared[plain.rows]) / 0.05
    assert np.var(normal) == pytest.approx(1, rel=0.03)
    assert np.mean(normal**4) == pytest.approx(3, rel=0.06)
    assert np.mean(np.abs(laplace)) == pytest.approx(1, rel=0.06)
    assert np.var(laplace) == pytest.approx(2, rel=0.15)


def test_left_out_experiments_are_left_out_whole(toy):
    shown = choose_shown(toy, 3)
    lane = toy.measurements.lane
    assert {bool(shown[lane == each].all()) for each in (0, 1)} == {True}
    assert not shown[lane == 2].any()
    assert choose_shown(toy, 0).all()


def test_interval_of_a_share_is_that_of_wilson():
    assert share_interval(0.9, 100) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert share_interval(1.0, 10)[1] == pytest.approx(1.0)


def test_cases_that_agree_within_a_replica_count_once():
    together = [np.full(50, held) for held in (True, True, True, False)]
    assert independent_cases(together) == 4
    rng = np.random.default_rng(1)
    apart = [rng.uniform(size=50) < 0.9 for _ in range(400)]
    assert independent_cases(apart) == pytest.approx(400 * 50, rel=0.2)


@pytest.mark.slow
def test_shipped_problem_is_covered(network):
    problem = load_problem(CONFIG / "calibration" / "problem.yaml", network)
    plan = CoveragePlan(replicas=4, draws=32, draw_steps=20, seed=1)
    solver = Integration(engine=choose_fit_engine())
    found = by_name(measure_coverage(keep_conditions(problem, "hep_*"), solver, plan))
    for name in ("measured predictions", "unmeasured predictions", "informed parameters"):
        assert found[name]["low"] <= 0.95
        assert found[name]["high"] >= 0.85
    assert 0.85 <= found["all parameters"]["coverage"] <= 0.95
