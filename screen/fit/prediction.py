"""What a calibration problem predicts at many estimated vectors, and what each reading costs, in one engine call.

A batch says which lanes are integrated with which vector and which measurements are read off them. All
starts of the optimiser are one batch; so is the list "each measurement with a copy of the vector", whose
gradient is the whole Jacobian: copies are integrated once and walked back together.

A lane that fails is a value: its measurements cost `FAILED_COST` each and pull in no direction, and the
lane is counted. It is never a zero residual.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.noise import reading_cost
from screen.calibration.problem import Observable, Problem
from screen.calibration.scale import SCALES
from screen.simulate import Integration, come_to_rest, follow, read_off

FAILED_COST = 1e4
"""What a measurement costs whose lane failed or whose prediction is no number: more than 140 sigma."""


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
    original: np.ndarray | None = None
    """Which vector each one is a copy of, where every row has a lane and every lane a vector of its own."""


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


def batch_of_measurements(problem: Problem, chosen: np.ndarray, vectors: int) -> Batch:
    """Each of the chosen measurements with a copy of each vector: the batch whose gradient is the Jacobian."""
    each, measurement = np.arange(vectors * len(chosen)), np.tile(chosen, vectors)
    original = np.repeat(np.arange(vectors), len(chosen))
    batch = _batch(problem, len(each), each, problem.measurements.lane[measurement], each, measurement)
    return replace(batch, original=original)


def distinct_predictions(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Measurements [distinct] that differ in what predicts them, and which of these each one is like."""
    data = problem.measurements
    width = max(len(each.placeholders) for each in problem.observables)
    table = np.full((len(data.lane), 3 + 2 * width), -1.0)
    table[:, 1], table[:, 2] = data.lane, data.time_index
    for number, each in enumerate(problem.observables):
        own = len(each.placeholders)
        table[each.rows, 0] = number
        table[each.rows, 3 : 3 + own] = each.overrides.source
        constant = np.where(each.overrides.source >= 0, 0.0, each.overrides.constant)
        table[each.rows, 3 + width : 3 + width + own] = constant
    _, first, place = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return first, place.ravel()


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


def predict(problem: Problem, solver: Integration, batch: Batch, scaled: jax.Array) -> Prediction:
    """Predictions and costs of a batch at scaled vectors [vectors, estimated]; differentiable, for use in jit."""
    linear = problem.estimated.linear(scaled)
    parameters, states, lane_ok = _integrate(problem, solver, batch, linear)
    data = problem.measurements
    row_lane, row = batch.lane_of_row, batch.measurement
    vector_of_row = batch.vector_of_lane[row_lane]
    ok = lane_ok[row_lane]
    at = jnp.where(ok[:, None], states, 1.0)
    columns = _Columns(problem, parameters[row_lane], at, jnp.asarray(data.time[row]), linear, vector_of_row)
    parts = [_compare(problem, each, columns, row) for each in problem.observables]
    order = np.argsort(np.concatenate([_positions(each, row)[0] for each in problem.observables]))
    compared, sigma, cost, finite = (jnp.concatenate(part)[order] for part in zip(*parts, strict=True))
    good = ok & finite
    cost = jnp.where(data.shown[row], jnp.where(good, cost + log_slopes(problem)[row], FAILED_COST), 0.0)
    return Prediction(compared, sigma, cost, good, lane_ok)


def _integrate(problem: Problem, solver: Integration, batch: Batch, linear: jax.Array):
    """Parameters [lanes, parameters], states [rows, species] and whether each lane came through [lanes]."""
    model = problem.model
    parameters = problem.lanes.parameters.fill(linear[batch.vector_of_lane], batch.lane)
    state = model.initial(parameters)
    ok = jnp.ones(len(batch.lane), bool)
    if len(batch.rest):
        rest_linear = linear[batch.vector_of_rest]
        rest_parameters = problem.rests.parameters.fill(rest_linear, batch.rest)
        start = _override(problem.rests.states, rest_linear, batch.rest, model.initial(rest_parameters))
        copies = _copies(batch, batch.vector_of_rest, batch.rest)
        found = come_to_rest(model, solver, rest_parameters, start, copies)
        starts_at_rest = batch.rest_of_lane >= 0
        state = jnp.where(starts_at_rest[:, None], found.state[batch.rest_of_lane], state)
        ok = jnp.where(starts_at_rest, found.status[batch.rest_of_lane] == 0, ok)
    lane_linear = linear[batch.vector_of_lane]
    state = _override(problem.pretreatments.states, lane_linear, batch.lane, state)
    state = jnp.where(ok[:, None], state, jax.lax.stop_gradient(model.initial(parameters)))
    phases, switches = parameters[:, None, :], jnp.zeros((len(batch.lane), 1))
    if problem.phases == 2:
        before = problem.pretreatments.parameters.fill(lane_linear, batch.lane)
        phases = jnp.stack([before, parameters], axis=1)
        switches = jnp.stack([-jnp.asarray(problem.pretreated[batch.lane]), switches[:, 0]], axis=1)
    arrays = phases, state, switches, jnp.asarray(problem.times[batch.lane])
    output = problem.measurements.time_index[batch.measurement]
    copies = _copies(batch, batch.vector_of_lane, batch.lane)
    if copies is None:
        solution = follow(model, solver, *arrays)
        states, status = solution.states[batch.lane_of_row, output], solution.status
    else:
        states, status = read_off(model, solver, arrays, output, copies)
    return parameters, states, ok & (status == 0)


def _copies(batch: Batch, vector: np.ndarray, row: np.ndarray) -> np.ndarray | None:
    """For each (vector, row of a table of experiments) the first that is a copy of it."""
    if batch.original is None:
        return None
    pairs = np.stack([batch.original[vector], row], axis=1)
    _, first, place = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    return first[place.ravel()]


def _override(states, linear: jax.Array, rows: np.ndarray, state: jax.Array) -> jax.Array:
    given = states.given[rows]
    return jnp.where(given, states.fill(linear, rows), state) if given.any() else state


class _Columns:
    """Everything a formula may name, as columns over rows of a prediction, made when asked for."""

    def __init__(self, problem: Problem, parameters, states, times, linear, vector_of_row):
        model = problem.model
        self.times, self.parameters, self.states = times, parameters, states
        named = {name for each in problem.observables for name in (*each.value.names, *each.noise.names)}
        wanted = [name for name in model.observables if name in named]
        self.observed = model.observe(times, states, parameters, wanted)
        self.vectors = linear[vector_of_row]
        self.fixed = problem.fixed
        kinds = (
            (self.vectors, problem.estimated.names),
            (parameters, model.parameters),
            (states, model.species),
            (self.observed, wanted),  # last: a parameter that an event switches is read as it is then
        )
        self.place = {name: (table, place) for table, names in kinds for place, name in enumerate(names)}

    def read(self, name: str, rows: np.ndarray) -> jax.Array:
        """The named column at some rows."""
        if name == "time":
            return self.times[rows]
        if name in self.place:
            table, column = self.place[name]
            return table[rows, column]
        return jnp.full(len(rows), self.fixed[name])


def _positions(observable: Observable, measurement: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the prediction that are of an observable, and the line of its overrides for each."""
    where = np.flatnonzero(np.isin(measurement, observable.rows))
    return where, np.searchsorted(observable.rows, measurement[where])


def _compare(problem: Problem, observable: Observable, columns: _Columns, measurement: np.ndarray):
    where, line = _positions(observable, measurement)
    filled = observable.overrides.fill(columns.vectors[where], line)
    own = {name: filled[:, place] for place, name in enumerate(observable.placeholders)}
    for name in {*observable.value.names, *observable.noise.names} - set(own):
        own[name] = columns.read(name, where)
    ones = jnp.ones(len(where))
    value, sigma = observable.value(own) * ones, observable.noise(own) * ones
    finite = jnp.isfinite(value) & jnp.isfinite(sigma) & (sigma > 0)
    if observable.transformation != "lin":
        finite &= value > 0
    value, sigma = jnp.where(finite, value, 1.0), jnp.where(finite, sigma, 1.0)
    measured = problem.measurements.value[measurement[where]]
    censored = problem.measurements.censored[measurement[where]]
    scale = SCALES[observable.transformation]
    compared = scale.scaled(value)
    distance = compared - scale.scaled(measured)
    cost = reading_cost(observable.distribution, observable.degrees, distance / sigma, sigma, censored)
    return compared, sigma, cost, finite


def log_slopes(problem: Problem) -> np.ndarray:
    """What makes the density of each measurement that of the measured value [measurements].

    0 where it is censored, which has a probability, not a density.
    """
    data = problem.measurements
    slopes = np.zeros(len(data.lane))
    for each in problem.observables:
        slopes[each.rows] = np.log(SCALES[each.transformation].slope(data.value[each.rows]))
    return np.where(data.censored, 0.0, slopes)
