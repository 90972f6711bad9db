"""The ensemble is as wide as prior and data allow, exact where all is linear, and the same for a seed."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from screen.calibration.problem import measured_values
from screen.errors import FitError
from screen.fit import draw_ensemble, make_evaluator, normal_approximation, polish
from screen.fit.curvature import local_costs, prior_precision
from screen.fit.ensemble import draw_goals
from screen.fit.objective import prior_cost
from screen.fit.prior_draws import draw_priors

DRAWS, STEPS = 64, 20


@pytest.fixture(scope="module")
def evaluator(toy_evaluator):
    return toy_evaluator


@pytest.fixture(scope="module")
def blots(blotted, solver):
    """What a fit asks of the blotted problem, and its optimum."""
    evaluator = make_evaluator(blotted, solver, 32)
    return evaluator, polish(evaluator, blotted.estimated.nominal, 60, 1e-6)


@pytest.fixture(scope="module")
def polished(toy, evaluator):
    return polish(evaluator, toy.estimated.nominal, 30, 1e-6)


@pytest.fixture(scope="module")
def normal(polished):
    return normal_approximation(polished.scaled, polished.curvature.precision)


@pytest.fixture(scope="module")
def ensemble(evaluator, polished):
    return draw_ensemble(evaluator, polished, DRAWS, STEPS, seed=5)


def test_what_data_do_not_inform_keeps_its_prior(toy, normal, ensemble):
    place = toy.estimated.names.index("k_blow")
    assert normal.sd[place] == pytest.approx(0.3, rel=0.01)
    assert np.std(ensemble.scaled[:, place]) == pytest.approx(0.3, rel=0.3)


def test_what_data_inform_becomes_narrow(toy, normal, ensemble):
    place = toy.estimated.names.index("k_lost")
    assert normal.sd[place] < 0.1
    assert np.std(ensemble.scaled[:, place]) < 0.1
    assert abs(np.median(ensemble.scaled[:, place]) - np.log10(0.2)) < 0.1


def test_draws_predict_the_data_within_their_noise(toy, evaluator, ensemble):
    found = evaluator.predict(ensemble.scaled)
    rows = toy.observables[0].rows
    distance = np.median(found.compared[:, rows], axis=0) - np.log10(toy.measurements.value[rows])
    assert np.all(np.abs(distance) < 0.05)


def test_guesses_are_draws_of_the_normal_approximation(toy, evaluator, polished, normal):
    goals = draw_goals(toy, polished, evaluator.sensitivity(polished.scaled), 4000, seed=2)
    moved = goals.guess - polished.scaled
    correlation = normal.factor @ normal.factor.T / np.outer(normal.sd, normal.sd)
    assert np.mean(moved / normal.sd, axis=0) == pytest.approx(np.zeros(4), abs=0.07)
    assert np.cov((moved / normal.sd).T) == pytest.approx(correlation, abs=0.12)


def test_data_are_moved_by_as_much_noise_as_their_distribution_tells_of(toy, evaluator, polished):
    found = evaluator.sensitivity(polished.scaled)
    goals = draw_goals(toy, polished, found, 4000, seed=2)
    moved = (goals.measured - measured_values(toy)) / found.sigma
    local = local_costs(toy, (found.compared - measured_values(toy)) / found.sigma)
    assert np.mean(moved**2, axis=0) * local.curvature == pytest.approx(1, rel=0.1)


def test_data_with_students_t_are_moved_by_the_inverse_of_its_information(toy, evaluator, polished):
    """Fisher's information of the place of Student's t with f degrees of freedom is (f + 1)/(f + 3)."""
    heavy = replace(
        toy, observables=tuple(replace(each, distribution="student", degrees=3.0) for each in toy.observables)
    )
    found = evaluator.sensitivity(polished.scaled)
    moved = (draw_goals(heavy, polished, found, 4000, seed=2).measured - measured_values(heavy)) / found.sigma
    assert np.mean(moved**2, axis=0) == pytest.approx(6 / 4, rel=0.1)


def test_however_few_draws_are_on_their_way_nothing_is_compiled_for_them(evaluator, polished, monkeypatch):
    predicted, priced = [], []

    def predict(scaled):
        predicted.append(len(scaled))
        return evaluator.predict(scaled)

    def price(problem, scaled):
        priced.append(len(scaled))
        return prior_cost(problem, scaled)

    monkeypatch.setattr("screen.fit.ensemble.prior_cost", price)
    draw_ensemble(replace(evaluator, predict=predict), polished, DRAWS, STEPS, seed=5)
    assert min(predicted) < DRAWS and set(priced) == {DRAWS}


def test_every_draw_is_the_best_fit_to_its_own_data(toy, evaluator, polished, ensemble):
    goals = draw_goals(toy, polished, evaluator.sensitivity(polished.scaled), DRAWS, seed=5)
    assert ensemble.arrived.all()
    at = evaluator.predict(ensemble.scaled).compared

    def own_cost(scaled: np.ndarray, compared: np.ndarray) -> np.ndarray:
        z = (compared - goals.measured) / goals.sigma
        scaled_rows, plain_rows = (each.rows for each in toy.observables)
        data = 0.5 * np.sum(z[:, scaled_rows] ** 2, axis=1) + np.sum(np.abs(z[:, plain_rows]), axis=1)
        priors = zip(toy.estimated.priors, (scaled - goals.shift).T, strict=True)
        return data + sum(np.asarray(prior.cost(value)) for prior, value in priors if prior is not None)

    here = own_cost(ensemble.scaled, at)
    rng = np.random.default_rng(1)
    for _ in range(8):
        aside = ensemble.scaled + 0.05 * rng.standard_normal(ensemble.scaled.shape)
        assert np.all(own_cost(aside, evaluator.predict(aside).compared) > here - 0.05)


def test_same_seed_gives_the_same_draws_however_many(toy, evaluator, polished, ensemble):
    fewer = draw_ensemble(evaluator, polished, 5, STEPS, seed=5)
    assert fewer.scaled == pytest.approx(ensemble.scaled[:5], abs=1e-6)
    other = draw_ensemble(evaluator, polished, 5, STEPS, seed=6)
    assert np.max(np.abs(other.scaled - fewer.scaled)) > 0.01


def test_draws_stay_within_the_bounds(toy, ensemble):
    assert (ensemble.scaled >= toy.estimated.lower).all()
    assert (ensemble.scaled <= toy.estimated.upper).all()


def test_a_draw_that_does_not_integrate_sets_out_nearer_to_the_optimum(toy, evaluator, polished):
    calls = []

    def sometimes(vectors):
        found = evaluator.predict(vectors)
        calls.append(len(vectors))
        if len(calls) == 1:
            found.lane_ok[:3] = False
        return found

    found = draw_ensemble(replace(evaluator, predict=sometimes), polished, 6, 0, seed=5)
    untouched = draw_ensemble(evaluator, polished, 6, 0, seed=5)
    np.testing.assert_array_equal(found.scaled[3:], untouched.scaled[3:])
    nearer, further = (np.linalg.norm(one.scaled[:3] - polished.scaled, axis=1) for one in (found, untouched))
    assert (nearer < further).all()


def test_an_optimum_that_does_not_integrate_is_an_error(toy, evaluator, polished):
    def never(vectors):
        found = evaluator.predict(vectors)
        return found._replace(lane_ok=np.zeros_like(found.lane_ok))

    with pytest.raises(FitError, match="the optimum must integrate, found 6 of 6 draws that fail"):
        draw_ensemble(replace(evaluator, predict=never), polished, 6, STEPS, seed=5)


def test_what_only_sets_the_noise_keeps_its_draw_of_the_normal_approximation(blotted, blots):
    """Measurements that were moved would have it sqrt(2) too large."""
    evaluator, polished = blots
    goals = draw_goals(blotted, polished, evaluator.sensitivity(polished.scaled), 32, seed=1)
    assert [name for name, held in zip(blotted.estimated.names, goals.held, strict=True) if held] == ["sd"]
    found = draw_ensemble(evaluator, polished, 32, STEPS, seed=1)
    sd = found.scaled[:, goals.held]
    assert np.array_equal(sd, goals.guess[:, goals.held])
    assert np.median(sd) == pytest.approx(polished.scaled[goals.held][0], abs=0.1)


def test_a_standard_deviation_is_as_uncertain_as_its_measurements_leave_it(blotted, blots):
    """Of n measurements with normal noise, log(sd) has the variance 1 / (2 n)."""
    evaluator, polished = blots
    found = evaluator.sensitivity(polished.scaled)
    goals = draw_goals(blotted, polished, found, 4000, seed=1)
    (place,) = np.flatnonzero(goals.held)
    measurements = np.count_nonzero(found.by_noise[:, place])
    assert blotted.estimated.scales[place] == "log10" and measurements > 10
    known = 1 / np.sqrt(2 * measurements + prior_precision(blotted, polished.scaled)[place] / np.log(10) ** 2)
    assert np.std(goals.guess[:, place]) * np.log(10) == pytest.approx(known, rel=0.05)


def test_a_parameter_without_a_prior_is_as_uncertain_as_its_bounds_are_wide(blotted):
    estimated = blotted.estimated
    precision = prior_precision(blotted, estimated.nominal)
    bare = np.flatnonzero([prior is None for prior in estimated.priors])
    assert bare.size
    for place in bare:
        evenly = np.linspace(estimated.lower[place], estimated.upper[place], 100_001)
        assert precision[place] == pytest.approx(1 / np.var(evenly), rel=1e-4)


def test_draws_of_priors_that_cannot_be_integrated_are_drawn_again_and_the_others_stay(toy):
    """The second and the fourth of five fail at first."""
    seen = []

    def predictor(vectors):
        seen.append(vectors.copy())
        return SimpleNamespace(failed=np.array([0, 1, 0, 2, 0]) * (len(seen) == 1))

    found = draw_priors(toy, predictor, 5, seed=1)
    assert len(seen) == 2 and (found == seen[1]).all()
    assert (found != seen[0]).any(axis=1).tolist() == [False, True, False, True, False]
