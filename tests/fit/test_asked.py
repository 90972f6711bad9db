"""What parts of a fit ask of each other, by hand: paces, boxes, starts, what a summary counts. None searches."""

from dataclasses import replace
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from screen.calibration.problem import measured_values
from screen.errors import FitError
from screen.fit import Schedule, draw_ensemble, draw_starts, make_sensitivity, search_problem
from screen.fit.curvature import Curvature, prior_precision
from screen.fit.ensemble import Ensemble, draw_goals
from screen.fit.estimates import residuals, summarise
from screen.fit.evaluator import Evaluator, Polished, polish
from screen.fit.normal import normal_approximation
from screen.fit.objective import Predicted
from screen.fit.prediction import Prediction
from screen.fit.search import Target
from screen.fit.sensitivity import Sensitivity


@pytest.fixture
def optimum(toy) -> Polished:
    """The nominal values, as if they were the best fit, with a curvature of 4 on each parameter."""
    at = toy.estimated.nominal
    return Polished(at, 21.0, 0.125, Curvature(np.zeros(len(at)), 4.0 * np.eye(len(at))), 5)


@pytest.fixture
def evaluator(toy) -> Evaluator:
    """What predicts the measurements as they are, whatever the parameters."""
    values, unknowns = measured_values(toy), len(toy.estimated.names)
    rows = len(values)
    flat = Sensitivity(values, np.ones(rows), np.ones(rows, bool), *np.zeros((2, rows, unknowns)))

    def predict(vectors):
        ones = np.ones((len(vectors), rows))
        return Predicted(ones * values, ones, 0 * ones, ones > 0, np.ones((len(vectors), toy.lanes), bool))

    def sensitivity(scaled):
        several = [np.repeat(each[None], len(scaled), axis=0) for each in flat] if scaled.ndim == 2 else flat
        return Sensitivity(*several)

    return Evaluator(toy, predict, sensitivity)


def asked_of(monkeypatch, module, cost=0.0):
    """What `descend` is asked for there; it ends where the first start is."""
    asked = []

    def descend(objective, starts, box, pace, name, log):
        asked.append(SimpleNamespace(objective=objective, starts=starts, box=box, pace=pace, name=name))
        vectors = len(starts[0])
        ended = SimpleNamespace(
            scaled=starts[0], cost=np.full(vectors, cost), step=np.array(3), arrived=np.ones(vectors, bool)
        )
        return ended, None

    monkeypatch.setattr(f"screen.fit.{module}.descend", descend)
    return asked


def test_a_fit_is_polished_until_two_steps_in_a_row_bring_little_none_of_more_than_two_units(
    monkeypatch, toy, evaluator
):
    asked = asked_of(monkeypatch, "evaluator", cost=2.5)
    found = polish(evaluator, toy.estimated.nominal, 9, 1e-3)
    (one,) = asked
    assert (one.pace.steps, one.pace.tolerance, one.pace.patience, one.pace.reach) == (9, 1e-3, 2, 2.0)
    assert [each.tolist() for each in one.starts] == [[toy.estimated.nominal.tolist()]]
    assert one.box.unit.tolist() == toy.estimated.units.tolist()
    assert (found.cost, found.steps) == (2.5, 3) and found.scaled.tolist() == toy.estimated.nominal.tolist()


def test_a_draw_sets_out_from_its_goal_or_from_shares_of_the_way_there(monkeypatch, toy, evaluator, optimum):
    asked = asked_of(monkeypatch, "ensemble")
    found = draw_ensemble(evaluator, optimum, 3, 7, seed=4)
    (one,) = asked
    goals = draw_goals(toy, optimum, evaluator.sensitivity(optimum.scaled), 3, seed=4)
    way = goals.guess - optimum.scaled
    assert np.abs(way).min() > 0 and not goals.held.any()
    for start, share in zip(one.starts, (1.0, 0.5, 0.25, 0.0), strict=True):
        np.testing.assert_allclose(start, optimum.scaled + share * way, atol=1e-12)
    assert one.box.unit == pytest.approx(prior_precision(toy, optimum.scaled) ** -0.5)
    assert one.box.lower.tolist() == [toy.estimated.lower.tolist()] * 3
    assert (one.pace.steps, one.pace.tolerance) == (7, pytest.approx(4 * 0.02))
    assert (one.pace.patience, one.pace.reach) == (3, 1.5)
    assert found.scaled.tolist() == one.starts[0].tolist() and found.arrived.all()


def test_a_draw_of_many_parameters_has_arrived_where_steps_bring_less_than_a_half(
    monkeypatch, toy, evaluator
):
    """Of 100 parameters, each of which may bring 0.02."""
    asked, names = asked_of(monkeypatch, "ensemble"), [f"k{number}" for number in range(100)]
    estimated = replace(
        toy.estimated, names=tuple(names), scales=("lin",) * 100, lower=np.full(100, -9.0), upper=np.full(100, 9.0),
        nominal=np.zeros(100), priors=(None,) * 100, starts=(),
    )  # fmt: skip
    rows, values = len(toy.measurements.lane), measured_values(toy)
    flat = Sensitivity(values, np.ones(rows), np.ones(rows, bool), *np.zeros((2, rows, 100)))
    many = replace(evaluator, problem=replace(toy, estimated=estimated), sensitivity=lambda scaled: flat)
    at = Polished(np.zeros(100), 0.0, 0.0, Curvature(np.zeros(100), np.eye(100)), 0)
    draw_ensemble(many, at, 2, 7, seed=1)
    assert asked[0].pace.tolerance == 0.5


@pytest.mark.parametrize("cost", [1e6, 0.999e6])
def test_draws_that_cost_as_much_as_what_cannot_be_integrated_are_an_error(
    monkeypatch, toy, evaluator, optimum, cost
):
    asked_of(monkeypatch, "ensemble", cost=cost)
    if cost < 1e6:
        assert draw_ensemble(evaluator, optimum, 2, 7, seed=4).arrived.all()
    else:
        with pytest.raises(FitError, match="found 2 of 2 draws that fail even there"):
            draw_ensemble(evaluator, optimum, 2, 7, seed=4)


def test_a_draw_of_which_a_lane_fails_costs_as_much_as_what_cannot_be_integrated(
    monkeypatch, toy, evaluator, optimum
):
    """None of the lanes of the first draw fails, one of the second, two of the third."""

    def predict(vectors):
        ok = np.arange(toy.lanes) >= np.arange(len(vectors))[:, None]
        return evaluator.predict(vectors)._replace(lane_ok=ok)

    asked = asked_of(monkeypatch, "ensemble")
    draw_ensemble(replace(evaluator, predict=predict), optimum, 3, 7, seed=4)
    costs, _ = asked[0].objective.look(np.arange(3), np.tile(optimum.scaled, (3, 1)))
    assert 0 < costs[0] < 1e3 and costs[1:].tolist() == [1e6, 1e6]


@pytest.mark.parametrize(("drawn", "side", "sign"), [(-1e9, "lower", 1), (1e9, "upper", -1)])
def test_a_start_drawn_beyond_a_bound_begins_a_thousandth_of_the_range_inside(toy, drawn, side, sign):
    priors = tuple(SimpleNamespace(sample=lambda rng: drawn) for _ in toy.estimated.names)
    estimated = replace(toy.estimated, starts=priors)
    target = Target(estimated, lambda at: np.zeros(len(at)), None, None)
    first, *others = draw_starts(target, 3, seed=1)
    assert first.tolist() == estimated.nominal.tolist() and len(others) == 2
    span = estimated.upper - estimated.lower
    for start in others:
        assert (start - getattr(estimated, side)) / span == pytest.approx(np.full(4, sign * 1e-3), abs=1e-12)


@pytest.mark.parametrize("named", [False, True])
def test_a_summary_counts_what_was_done_and_how_far_the_best_fit_is_from_each_data_set(toy, optimum, named):
    """Every prediction lies three sigma above its measurement: 9 each; each costs 3."""
    frame = toy.measurements.frame.copy()
    if named:
        frame["datasetId"] = ["a"] * 4 + ["b"] * 9
    problem = replace(toy, measurements=replace(toy.measurements, frame=frame))
    rows, sigma = len(frame), np.linspace(0.5, 2.0, 13)
    best = Predicted(
        (measured_values(toy) + 3 * sigma)[None], sigma[None], np.full((1, rows), 3.0), np.ones((1, rows), bool),
        np.array([[True, False, False]]),
    )  # fmt: skip
    searched = SimpleNamespace(cost=np.array([1.0, 2.0]), iterations=7, failures=3, steps=np.array([4, 6]))
    normal = normal_approximation(toy.estimated.lower, optimum.curvature.precision)
    ensemble = Ensemble(np.zeros((9, 4)), np.arange(9) < 8)
    found = summarise(problem, searched, (optimum, normal, ensemble), best)
    assert found["chi2"] == pytest.approx(9 * 13) and found["log_likelihood"] == pytest.approx(-3 * 13)
    counts = {"a": 4, "b": 9} if named else {"obs_scaled": 12, "obs_S": 1}
    assert {name: part["measurements"] for name, part in found["chi2_by_dataset"].items()} == counts
    assert {name: part["chi2"] for name, part in found["chi2_by_dataset"].items()} == pytest.approx(
        {name: 9 * count for name, count in counts.items()}
    )
    told = ("measurements", "estimated", "cost", "gradient_norm", "iterations", "failures", "gauss_newton_steps",
            "starts", "failed_lanes", "draws", "arrived")  # fmt: skip
    assert [found[name] for name in told] == [13, 4, 21.0, 0.125, 7, 3, 15, 2, 2, 9, 8]
    assert found["at_bound"] == list(toy.estimated.names)


def test_the_cost_of_a_draw_has_the_slope_and_the_curvature_that_its_steps_are_told(
    monkeypatch, toy, optimum
):
    """Predictions are linear; a draw has data, noise and centres of priors of its own, whoever is asked for with it.

    The last parameter does nothing but set the noise, so that each draw has another."""
    rng, rows = np.random.default_rng(3), len(toy.measurements.lane)
    values, slopes, by_noise = measured_values(toy), rng.normal(size=(rows, 4)), np.zeros((rows, 4))
    slopes[:, 3], by_noise[:, 3] = 0.0, rng.uniform(0.5, 1.5, rows)
    sigma, at = rng.uniform(0.5, 2, rows), toy.estimated.nominal

    def predict(vectors):
        compared, ones = values + (vectors - at) @ slopes.T, np.ones((len(vectors), rows))
        lanes = np.ones((len(vectors), toy.lanes), bool)
        return Predicted(compared, ones * sigma, 0 * ones, ones > 0, lanes)

    def sensitivity(scaled):
        by_value = slopes / sigma[:, None]
        several = np.atleast_2d(scaled)
        parts = (
            predict(several).compared, np.tile(sigma, (len(several), 1)), np.ones((len(several), rows), bool),
            np.tile(by_value, (len(several), 1, 1)), np.tile(by_noise, (len(several), 1, 1)),
        )  # fmt: skip
        return Sensitivity(*(part if np.ndim(scaled) == 2 else part[0] for part in parts))

    asked = asked_of(monkeypatch, "ensemble")
    draw_ensemble(Evaluator(toy, predict, sensitivity), optimum, 5, 7, seed=4)
    objective, chosen = asked[0].objective, np.array([1, 3])
    goals = draw_goals(toy, optimum, sensitivity(at), 5, seed=4)
    assert np.abs(goals.shift[:, :3]).min() > 0.01
    assert goals.held.tolist() == [False] * 3 + [True] and np.ptp(goals.sigma, axis=0).min() > 0.01
    scaled = at + 0.1 * rng.normal(size=(2, 4))
    gradients, matrices = objective.linearise(chosen, scaled, None)
    for place in range(4):
        step = 1e-5 * np.eye(4)[place]
        more, less = (objective.look(chosen, scaled + sign * step)[0] for sign in (1, -1))
        assert gradients[:, place] == pytest.approx((more - less) / 2e-5, rel=1e-4, abs=1e-4)
    z = (predict(scaled).compared - goals.measured[chosen]) / goals.sigma[chosen]
    weight = np.ones_like(z)
    laplace = next(each.rows for each in toy.observables if each.distribution == "laplace")
    weight[:, laplace] = 1 / np.maximum(np.abs(z[:, laplace]), 0.05)
    for found, own, noise in zip(matrices, weight, goals.sigma[chosen], strict=True):
        told = slopes / noise[:, None]
        assert found == pytest.approx(np.diag(prior_precision(toy, at)) + told.T @ (own[:, None] * told))


def test_differences_are_taken_inside_the_bounds_in_units_of_each_parameter(monkeypatch, toy, solver):
    """Up from the middle, down from within a step of the upper bound; beyond the bounds nothing could be predicted."""
    rng, rows, estimated = np.random.default_rng(5), len(toy.measurements.lane), toy.estimated
    slopes, noises = rng.normal(size=(2, rows, 4))

    def predict(problem, solver, batch, vectors):
        inside = jnp.all((vectors >= estimated.lower) & (vectors <= estimated.upper), axis=1)
        from_top = vectors - estimated.upper
        ok = jnp.repeat(inside, rows)
        compared, sigma = (from_top @ slopes.T).ravel(), jnp.exp(0.1 * from_top @ noises.T).ravel()
        return Prediction(compared, sigma, 0 * sigma, ok, ok)

    monkeypatch.setattr("screen.fit.sensitivity.predict", predict)
    middle = (estimated.lower + estimated.upper) / 2
    at = np.array([middle, estimated.upper, estimated.upper - 0.5e-3 * estimated.units, estimated.lower])
    found = make_sensitivity(toy, solver, adjoint=False)(at)
    assert found.ok.all()
    assert found.by_value * found.sigma[..., None] == pytest.approx(np.tile(slopes, (4, 1, 1)), rel=1e-6)
    assert found.by_noise == pytest.approx(np.tile(0.1 * noises, (4, 1, 1)), rel=1e-6)
    assert found.compared == pytest.approx((at - estimated.upper) @ slopes.T)


def test_what_is_solved_inside_leaves_the_search_and_where_nothing_can_be_all_are_searched(
    monkeypatch, toy, evaluator
):
    """The scale of the toy problem has no prior; with one it stays."""
    asked = []

    def search(target, starts, schedule, log):
        asked.append(target.estimated.names)
        raise StopIteration

    monkeypatch.setattr("screen.fit.stage.search", search)
    monkeypatch.setattr("screen.fit.stage.draw_starts", lambda *given: None)
    priors = tuple(each or toy.estimated.priors[0] for each in toy.estimated.priors)
    believed = replace(toy, estimated=replace(toy.estimated, priors=priors))
    for problem in (toy, believed):
        with pytest.raises(StopIteration):
            search_problem(replace(evaluator, problem=problem), None, Schedule())
    assert asked == [("k_made", "k_lost", "k_blow"), ("k_made", "k_lost", "k_blow", "scale")]


def test_a_reading_that_failed_has_no_residual_and_a_censored_one_what_lies_above_it(toy):
    rows = len(toy.measurements.lane)
    ok = np.arange(rows)[None] != 3
    predicted = Predicted((measured_values(toy) - 1.0)[None], np.full((1, rows), 0.5), 0 * ok, ok, ok[:, :1])
    (found,) = residuals(toy, predicted)
    assert np.isnan(found[3]) and found[ok[0]] == pytest.approx(-2.0)
    frame = toy.measurements.frame.assign(censoring="left")
    censored = replace(toy, measurements=replace(toy.measurements, frame=frame))
    above = predicted._replace(compared=predicted.compared + np.where(np.arange(rows) < 5, 1.3, 0.0))
    (found,) = residuals(censored, above)
    assert found[ok[0]] == pytest.approx([0.6] * 4 + [0.0] * 8)
