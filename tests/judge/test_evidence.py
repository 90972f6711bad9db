"""Evidence against importance sampling, and options that data prefer, refuse and cannot tell apart."""

import numpy as np
import pytest

from screen.calibration import load_problem
from screen.errors import FitError
from screen.fit import make_predictor
from screen.fit.normal import normal_approximation
from screen.fit.objective import posterior_cost
from screen.judge import EVIDENCE, FACTS, EvidencePlan, compare_options
from screen.judge.evidence import impose, make_fit
from screen.scenarios import Option
from screen.tables import check_table
from tests.toy import TIMES, TRUTH, add_columns, amount, write_problem

PLAN = EvidencePlan(tolerance=1e-4)

OPTIONS = {
    "basal_right": Option("H_basal", 0.3, {"basal": 0.1}),
    "basal_wrong": Option("H_basal", 0.7, {"basal": 0.5}),
    "blow_none": Option("H_blow", 0.6, {"k_blow": 0.0}),
    "blow_little": Option("H_blow", 0.4, {"k_blow": 1e-9}),
}


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    return load_problem(write_problem(tmp_path_factory.mktemp("evidence"), noise=0.05))


@pytest.fixture(scope="module")
def compared(problem, solver):
    evidence, facts = compare_options(problem, solver, problem.estimated.nominal, OPTIONS, PLAN)
    check_table(evidence, EVIDENCE, "evidence")
    check_table(facts, FACTS, "facts")
    return {row["option"]: row for row in evidence.iter_rows(named=True)}, facts


def sampled_evidence(problem, solver, settings, samples=6000):
    """Log evidence by importance sampling from the normal approximation, somewhat widened; and Laplace's."""
    found = make_fit(problem, solver, PLAN)(settings, problem.estimated.nominal)
    problem = impose(problem, settings)
    normal = normal_approximation(found.polished.scaled, found.polished.curvature.precision / 1.5**2)
    standard = np.random.default_rng(1).standard_normal((samples, len(normal.mean)))
    vectors = normal.mean + standard @ normal.factor.T
    log_posterior = -posterior_cost(problem, vectors, make_predictor(problem, solver, 500)(vectors))
    boxes = [place for place, prior in enumerate(problem.estimated.priors) if prior is None]
    log_posterior -= np.sum(np.log(problem.estimated.upper - problem.estimated.lower)[boxes])
    log_proposal = -0.5 * np.sum(standard**2 + np.log(2 * np.pi), axis=1)
    log_proposal += 0.5 * np.linalg.slogdet(normal.precision)[1]
    inside = ((vectors >= problem.estimated.lower) & (vectors <= problem.estimated.upper)).all(axis=1)
    weight = np.where(inside, np.exp(log_posterior - log_proposal), 0.0)
    assert np.sum(weight) ** 2 / np.sum(weight**2) > samples / 10
    return np.log(np.mean(weight)), found.log_evidence


@pytest.mark.parametrize("settings", [{}, {"basal": 0.2}])
def test_evidence_is_the_integral_over_all_parameters(problem, solver, settings):
    sampled, laplace = sampled_evidence(problem, solver, settings)
    assert laplace == pytest.approx(sampled, abs=0.2)


def test_data_prefer_the_option_that_made_them(compared):
    found, _ = compared
    assert found["basal_right"]["log_bayes_factor"] == 0
    assert found["basal_wrong"]["log_bayes_factor"] < -3
    assert found["basal_right"]["posterior_weight"] > 0.85
    weights = [found[name]["posterior_weight"] for name in ("basal_right", "basal_wrong")]
    assert sum(weights) == pytest.approx(1)
    assert weights[1] / weights[0] == pytest.approx(
        0.7 / 0.3 * np.exp(found["basal_wrong"]["log_bayes_factor"])
    )


def test_options_that_change_nothing_keep_their_prior_weight(compared):
    found, _ = compared
    assert found["blow_none"]["log_evidence"] == pytest.approx(found["blow_little"]["log_evidence"], abs=0.01)
    assert found["blow_none"]["posterior_weight"] == pytest.approx(0.6, abs=0.01)


def test_facts_say_where_the_options_part(compared, problem):
    _, facts = compared
    moved = facts.filter(switch="H_basal")
    assert moved["fact"].n_unique() == 2
    assert moved["measurements"].to_list() == [12, 12, 1, 1]
    assert moved.filter(fact="obs_scaled", option="basal_wrong")["difference"][0] > 3
    assert facts.filter(switch="H_blow")["difference"].max() < 0.01


def test_imposed_parameter_holds_in_every_experiment(problem, solver):
    right = np.log10([TRUTH["k_made"], TRUTH["k_lost"], 1e-12, TRUTH["scale"]])[None]
    found = make_predictor(impose(problem, {"k_lost": 0.4}), solver, 1)(right).compared[0]
    for row, time in enumerate(TIMES):
        S = amount(time, 1.0, TRUTH["k_made"], 0.4)
        assert found[row] == pytest.approx(np.log10(TRUTH["scale"] * S / (S + 5)), rel=1e-4)


def test_imposed_parameter_holds_in_a_pretreatment_too(tmp_path, solver):
    path = write_problem(tmp_path)
    add_columns(tmp_path, slice(0, 1), pretreatmentConditionId="dose_8", pretreatmentTime="3")
    problem = load_problem(path)
    right = np.array([np.log10(TRUTH.get(name, 1e-9)) for name in problem.estimated.names])
    found = make_predictor(impose(problem, {"k_lost": 0.4}), solver, 1)(right[None]).compared[0]
    S = amount(3.0, 8.0, TRUTH["k_made"], 0.4)
    assert found[0] == pytest.approx(np.log10(TRUTH["scale"] * S / (S + 5)), rel=1e-5)


def test_a_parameter_that_is_not_of_the_network_is_refused(problem):
    with pytest.raises(FitError, match="must be one of the network's, found h_nothing"):
        impose(problem, {"h_nothing": 1.0})
