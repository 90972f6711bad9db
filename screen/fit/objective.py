"""Minus the log posterior of a calibration problem, for many estimated vectors in one engine call.

A batch says which lanes are integrated with which vector and which measurements are read off them. All
starts of the optimiser are one batch; so is the list "each measurement with a vector of its own", whose
gradient is the whole Jacobian at the price of one adjoint solve per measurement.

A lane that fails is a value: its measurements cost `FAILED_COST` each and pull in no direction, and the
lane is counted. It is never a zero residual.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.fit.priors import LN10
from screen.fit.problem import Observable, Problem
from screen.kernel import rest, solve

FAILED_COST = 1e4
"""What a measurement costs whose lane failed or whose prediction is no number: more than 140 sigma."""

_TO_COMPARED: dict[str, Callable[[jax.Array], jax.Array]] = {
    "lin": lambda value: value,
    "log": jnp.log,
    "log10": lambda value: jnp.log(value) / LN10,
}
"""Observable transformation -> the scale on which prediction and measurement are compared."""

_LOG_SLOPE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lin": lambda value: np.zeros_like(value),
    "log": lambda value: np.log(value),
    "log10": lambda value: np.log(value) + np.log(LN10),
}
"""Observable transformation -> minus the log of its slope: makes densities those of the measured value."""

_NOISE: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "normal": lambda distance, sigma: (
        0.5 * (distance / sigma) ** 2 + jnp.log(sigma) + 0.5 * np.log(2 * np.pi)
    ),
    "laplace": lambda distance, sigma: jnp.abs(distance) / sigma + jnp.log(2 * sigma),
}
"""Noise distribution -> minus the log density of a distance."""


@dataclass(frozen=True)
class Solver:
    """How the lanes of a fit are integrated; times in minutes for the shipped network."""

    engine: str = "kernel"
    rtol: float = 1e-6
    atol: float = 1e-9
    max_steps: int = 20_000
    threads: int | None = None
    horizon: float = 1e5
    """How long the rest state is integrated."""


@dataclass(frozen=True)
class Batch:
    """Lanes to integrate and measurements to read off; every field is an index."""

    vectors: int
    vector_of_lane: np.ndarray
    lane: np.ndarray
    vector_of_rest: np.ndarray
    rest: np.ndarray
    rest_of_lane: np.ndarray
    """Row of `rest` that a lane starts from; -1 for the initial state of the network."""
    lane_of_row: np.ndarray
    measurement: np.ndarray
    """Measurement of each row of the prediction."""


class Prediction(NamedTuple):
    """One entry per row of the batch, and one per lane for `lane_ok`."""

    compared: jax.Array
    """Prediction on the scale on which it is compared."""
    sigma: jax.Array
    cost: jax.Array
    """Minus the log likelihood of the row."""
    ok: jax.Array
    lane_ok: jax.Array


def batch_of_starts(problem: Problem, vectors: int) -> Batch:
    """Every measurement for every vector."""
    lanes, measured = len(problem.lanes.names), len(problem.measurements.lane)
    return _batch(
        problem,
        vectors,
        vector_of_lane=np.repeat(np.arange(vectors), lanes),
        lane=np.tile(np.arange(lanes), vectors),
        lane_of_row=(np.arange(vectors)[:, None] * lanes + problem.measurements.lane).ravel(),
        measurement=np.tile(np.arange(measured), vectors),
    )


def batch_of_measurements(problem: Problem) -> Batch:
    """Each measurement with a vector of its own: the batch whose gradient is the Jacobian."""
    each = np.arange(len(problem.measurements.lane))
    return _batch(problem, len(each), each, problem.measurements.lane, each, each)


def _batch(problem, vectors, vector_of_lane, lane, lane_of_row, measurement) -> Batch:
    needed = np.stack([vector_of_lane, problem.rest_of_lane[lane]], axis=1)
    unique, place = np.unique(needed, axis=0, return_inverse=True)
    keep = unique[:, 1] >= 0
    renumbered = np.where(keep, np.cumsum(keep) - 1, -1)
    return Batch(
        vectors=vectors,
        vector_of_lane=vector_of_lane,
        lane=lane,
        vector_of_rest=unique[keep, 0],
        rest=unique[keep, 1],
        rest_of_lane=renumbered[place.ravel()],
        lane_of_row=lane_of_row,
        measurement=measurement,
    )


def predict(problem: Problem, solver: Solver, batch: Batch, scaled: jax.Array) -> Prediction:
    """Predictions and costs of a batch at scaled vectors [vectors, estimated]; differentiable, for use in jit."""
    linear = problem.estimated.linear(scaled)
    parameters, states, lane_ok = _integrate(problem, solver, batch, linear)
    data = problem.measurements
    row_lane, row = batch.lane_of_row, batch.measurement
    ok = lane_ok[row_lane]
    at = jnp.where(ok[:, None], states[row_lane, data.time_index[row]], 1.0)
    values = _entities(problem, parameters[row_lane], at, jnp.asarray(data.time[row]))
    values |= {
        name: jnp.full(len(row), number) for name, number in problem.fixed.items() if name not in values
    }
    vectors = linear[batch.vector_of_lane[row_lane]]
    for place, name in enumerate(problem.estimated.names):
        values.setdefault(name, vectors[:, place])
    parts = [_compare(problem, each, values, vectors, row) for each in problem.observables]
    order = np.argsort(np.concatenate([_positions(each, row)[0] for each in problem.observables]))
    compared, sigma, cost, finite = (jnp.concatenate(part)[order] for part in zip(*parts, strict=True))
    good = ok & finite
    return Prediction(compared, sigma, jnp.where(good, cost, FAILED_COST), good, lane_ok)


def _integrate(problem: Problem, solver: Solver, batch: Batch, linear: jax.Array):
    """Parameters [lanes, parameters], states [lanes, times, species] and whether each lane came through."""
    model = problem.model
    parameters = problem.lanes.parameters.fill(linear[batch.vector_of_lane], batch.lane)
    state = model.initial(parameters)
    ok = jnp.ones(len(batch.lane), bool)
    if len(batch.rest):
        rest_linear = linear[batch.vector_of_rest]
        rest_parameters = problem.rests.parameters.fill(rest_linear, batch.rest)
        start = _override(problem.rests.states, rest_linear, batch.rest, model.initial(rest_parameters))
        found = rest(
            model,
            rest_parameters,
            start,
            engine=solver.engine,
            horizon_minutes=solver.horizon,
            rtol=solver.rtol,
            atol=solver.atol,
            max_steps=solver.max_steps,
            threads=solver.threads,
        )
        starts_at_rest = batch.rest_of_lane >= 0
        state = jnp.where(starts_at_rest[:, None], found.state[batch.rest_of_lane], state)
        ok = jnp.where(starts_at_rest, found.status[batch.rest_of_lane] == 0, ok)
    state = _override(problem.lanes.states, linear[batch.vector_of_lane], batch.lane, state)
    state = jnp.where(ok[:, None], state, jax.lax.stop_gradient(model.initial(parameters)))
    solution = solve(
        model,
        parameters[:, None, :],
        state,
        jnp.zeros((len(batch.lane), 1)),
        jnp.asarray(problem.times[batch.lane]),
        engine=solver.engine,
        rtol=solver.rtol,
        atol=solver.atol,
        max_steps=solver.max_steps,
        threads=solver.threads,
    )
    return parameters, solution.states, ok & (solution.status == 0)


def _override(states, linear: jax.Array, rows: np.ndarray, state: jax.Array) -> jax.Array:
    given = (states.source[rows] >= 0) | np.isfinite(states.constant[rows])
    return jnp.where(given, states.fill(linear, rows), state) if given.any() else state


def _entities(problem: Problem, parameters, states, times) -> dict[str, jax.Array]:
    """Everything a formula may name, as columns over the rows of a prediction."""
    model = problem.model
    observed = model.observe(times, states, parameters)
    values = {name: observed[:, place] for place, name in enumerate(model.observables)}
    values |= {name: parameters[:, place] for place, name in enumerate(model.parameters)}
    values |= {name: states[:, place] for place, name in enumerate(model.species)}
    return values | {"time": times}


def _positions(observable: Observable, measurement: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the prediction that are of an observable, and the line of its overrides for each."""
    where = np.flatnonzero(np.isin(measurement, observable.rows))
    return where, np.searchsorted(observable.rows, measurement[where])


def _compare(
    problem: Problem, observable: Observable, values: dict, vectors: jax.Array, measurement: np.ndarray
):
    where, line = _positions(observable, measurement)
    own = {name: column[where] for name, column in values.items()}
    filled = observable.overrides.fill(vectors[where], line)
    own |= {name: filled[:, place] for place, name in enumerate(observable.placeholders)}
    ones = jnp.ones(len(where))
    value, sigma = observable.value(own) * ones, observable.noise(own) * ones
    finite = jnp.isfinite(value) & jnp.isfinite(sigma) & (sigma > 0)
    if observable.transformation != "lin":
        finite &= value > 0
    value, sigma = jnp.where(finite, value, 1.0), jnp.where(finite, sigma, 1.0)
    measured = problem.measurements.value[measurement[where]]
    compared = _TO_COMPARED[observable.transformation](value)
    distance = compared - _TO_COMPARED[observable.transformation](jnp.asarray(measured))
    cost = _NOISE[observable.distribution](distance, sigma) + _LOG_SLOPE[observable.transformation](measured)
    return compared, sigma, cost, finite


def prior_cost(problem: Problem, scaled: jax.Array) -> jax.Array:
    """Minus the log prior [vectors] of scaled vectors [vectors, estimated]."""
    parts = [
        prior.cost(scaled[:, place])
        for place, prior in enumerate(problem.estimated.priors)
        if prior is not None
    ]
    return sum(parts, start=jnp.zeros(scaled.shape[0]))


def data_cost(prediction: Prediction, batch: Batch) -> jax.Array:
    """Minus the log likelihood [vectors]: the costs of the rows of each vector."""
    owner = batch.vector_of_lane[batch.lane_of_row]
    return jax.ops.segment_sum(prediction.cost, owner, num_segments=batch.vectors)


class Evaluation(NamedTuple):
    """What one call of the objective says of each vector."""

    cost: jax.Array
    """Minus the log posterior [vectors]."""
    gradient: jax.Array
    """Of the cost [vectors, estimated]; zero where a component is no number."""
    failed: jax.Array
    """Lanes that failed [vectors]."""


def make_objective(problem: Problem, solver: Solver, vectors: int) -> Callable[[jax.Array], Evaluation]:
    """The compiled objective for so many vectors at once: scaled [vectors, estimated] -> Evaluation."""
    batch = batch_of_starts(problem, vectors)

    def total(scaled):
        prediction = predict(problem, solver, batch, scaled)
        cost = data_cost(prediction, batch) + prior_cost(problem, scaled)
        failed = jax.ops.segment_sum(
            (~prediction.lane_ok).astype(int), batch.vector_of_lane, num_segments=vectors
        )
        return jnp.sum(cost), (cost, failed)

    def evaluate(scaled):
        gradient, (cost, failed) = jax.grad(total, has_aux=True)(scaled)
        return Evaluation(cost, jnp.where(jnp.isfinite(gradient), gradient, 0.0), failed)

    return jax.jit(evaluate)


def log_likelihood(problem: Problem, solver: Solver, scaled: np.ndarray) -> tuple[np.ndarray, Prediction]:
    """Log likelihood [vectors] of scaled vectors [vectors, estimated], and the predictions behind it."""
    batch = batch_of_starts(problem, len(scaled))
    prediction = jax.jit(lambda at: predict(problem, solver, batch, at))(jnp.asarray(scaled))
    return -np.asarray(data_cost(prediction, batch)), prediction
