"""Slopes of given predictions, by adjoint solves and by differences, and of the cost: closed forms, no engine runs."""

from dataclasses import replace
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from screen.fit import make_objective, make_sensitivity
from screen.fit import sensitivity as sensitivities
from screen.fit.batch import batch_of_measurements
from screen.fit.prediction import Prediction
from screen.fit.sensitivity import _by_adjoint, _by_differences


@pytest.fixture
def sizes(monkeypatch) -> list[int]:
    """How many vectors go at a time, as they are compiled."""
    found = []

    def batched(problem, chosen, vectors):
        found.append(vectors)
        return batch_of_measurements(problem, chosen, vectors)

    monkeypatch.setattr(sensitivities, "batch_of_measurements", batched)
    return found


@pytest.mark.parametrize(("rows", "size"), [(2 * 13, 2), (3 * 13 - 1, 2), (12, 1)])
@pytest.mark.parametrize("given", [True, False])
def test_slopes_by_adjoint_are_those_of_each_vector_and_none_of_noise_that_is_given(
    monkeypatch, toy, blotted, sizes, given, rows, size
):
    """Predictions and log sigmas are linear; of thirteen measurements, three vectors."""
    problem = toy if given else blotted
    unknowns = len(problem.estimated.names)
    rng = np.random.default_rng(4)
    slopes, noises = rng.normal(size=(2, 13, unknowns))

    def predict(problem, solver, batch, at):
        own, row = at[batch.vector_of_lane[batch.lane_of_row]], batch.measurement
        compared, sigma = jnp.sum(slopes[row] * own, axis=1), jnp.exp(jnp.sum(noises[row] * own, axis=1))
        ok = jnp.asarray(row != 5)
        return Prediction(compared, sigma, 0 * sigma, ok, ok)

    monkeypatch.setattr(sensitivities, "predict", predict)
    monkeypatch.setattr(sensitivities, "ROWS", rows)
    vectors = 0.3 * rng.normal(size=(3, unknowns))
    found = _by_adjoint(problem, None)(vectors, problem)
    good = np.arange(13) != 5
    np.testing.assert_allclose(found.compared, vectors @ slopes.T)
    np.testing.assert_allclose(found.sigma, np.exp(vectors @ noises.T))
    assert found.ok.tolist() == [good.tolist()] * 3
    np.testing.assert_allclose(found.by_value, good[:, None] * slopes / found.sigma[..., None])
    np.testing.assert_allclose(found.by_noise, np.tile(good[:, None] * noises * (not given), (3, 1, 1)))
    assert sizes == [size]


def test_differences_are_over_a_thousandth_of_a_unit_also_where_that_ends_on_the_bound(monkeypatch, toy):
    """Of squares a one-sided difference is twice the value and the step. The last parameter steps up to its bound, 0.

    A reading that fails where the first parameter has moved says nothing of that one alone."""
    rows = len(toy.measurements.lane)
    upper = toy.estimated.upper.copy()
    upper[3] = 0.0
    problem = replace(toy, estimated=replace(toy.estimated, upper=upper))
    units, factor = problem.estimated.units, 1.0 + np.arange(rows)
    at = np.array([0.4, -0.3, -5.0, -1e-3])

    def predict(problem, solver, batch, vectors):
        squares = jnp.sum(vectors**2, axis=1)[:, None] * factor
        failing = jnp.zeros((5, rows), bool).at[1, 0].set(True)
        sigma = jnp.exp(0.01 * squares)
        return Prediction(
            squares.ravel(), sigma.ravel(), 0 * squares.ravel(), ~failing.ravel(), ~failing.ravel()
        )

    monkeypatch.setattr(sensitivities, "predict", predict)
    found = _by_differences(problem, None)(at[None], problem)
    wanted = factor[:, None] * (2 * at + 1e-3 * units)
    wanted[0, 0] = 0.0
    np.testing.assert_allclose(found.by_noise[0], 0.01 * wanted, rtol=1e-6)
    np.testing.assert_allclose(found.by_value[0] * found.sigma[0][:, None], wanted, rtol=1e-6)
    assert found.ok.all() and found.compared[0] == pytest.approx(factor * (at @ at))
    assert found.sigma[0] == pytest.approx(np.exp(0.01 * factor * (at @ at)))


@pytest.mark.parametrize(
    ("engine", "adjoint", "way"),
    [("kernel", True, "adjoint"), ("kernel", False, "differences"), ("jax", True, "differences")],
)
def test_differences_are_taken_where_they_are_asked_for_and_where_the_engine_has_no_gradient(
    monkeypatch, toy, engine, adjoint, way
):
    made = []
    for name in ("adjoint", "differences"):
        monkeypatch.setattr(
            sensitivities, f"_by_{name}", lambda problem, solver, name=name: made.append(name)
        )
    make_sensitivity(toy, SimpleNamespace(engine=engine), adjoint)
    assert made == [way]


def test_a_slope_that_is_no_number_is_none_and_lanes_that_fail_are_counted(monkeypatch, toy):
    """The root of the last parameter has no slope at 0. Known: that of a product, of a root, and of normal priors."""

    def predict(problem, solver, batch, at):
        rows = jnp.zeros((len(at), 13)).at[:, 0].set(at[:, 0] * at[:, 1]).at[:, 7].set(jnp.sqrt(at[:, 3]))
        lanes = jnp.asarray([False, True, True, True, False, False])
        return Prediction(rows.ravel(), rows.ravel(), rows.ravel(), rows.ravel() > 0, lanes)

    monkeypatch.setattr("screen.fit.objective.predict", predict)
    at = np.array([[0.5, -2.0, -9.3, 0.0], [-1.5, 0.7, -8.4, 0.25]])
    found = make_objective(toy, None, 2)(jnp.asarray(at))
    mean, sd = np.array([0.0, -1.0, -9.0]), np.array([0.7, 0.7, 0.3])
    z = (at[:, :3] - mean) / sd
    prior = np.sum(0.5 * z**2 + np.log(sd * np.sqrt(2 * np.pi)), axis=1)
    np.testing.assert_allclose(found.cost, at[:, 0] * at[:, 1] + np.sqrt(at[:, 3]) + prior)
    slopes = np.stack([at[:, 1], at[:, 0], [0.0, 0.0], [0.0, 1.0]], axis=1)
    slopes[:, :3] += z / sd
    np.testing.assert_allclose(found.gradient, slopes)
    assert found.failed.tolist() == [1, 2]
