"""What a calibration problem predicts at many estimated vectors, and what each reading costs, in one engine call.

A batch says which lanes are integrated with which vector and which measurements are read off them. All
starts of the optimiser are one batch; so is the list "each measurement with a copy of the vector", whose
gradient is the whole Jacobian: copies are integrated once and walked back together.

A lane that fails is a value: its measurements cost `FAILED_COST` each and pull in no direction, and the
lane is counted. It is never a zero residual.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.noise import reading_cost
from screen.calibration.problem import Observable, Problem
from screen.calibration.scale import SCALES
from screen.fit.batch import Batch
from screen.fit.trajectories import integrate
from screen.simulate import Integration

FAILED_COST = 1e4
"""What a measurement costs whose lane failed or whose prediction is no number: more than 140 sigma."""


class Prediction(NamedTuple):
    """One entry per row of the batch, and one per lane for `lane_ok`."""

    compared: jax.Array
    """Prediction on the scale on which it is compared."""
    sigma: jax.Array
    cost: jax.Array
    """Minus the log likelihood of the row."""
    ok: jax.Array
    lane_ok: jax.Array


def predict(problem: Problem, solver: Integration, batch: Batch, scaled: jax.Array) -> Prediction:
    """Predictions and costs of a batch at scaled vectors [vectors, estimated]; differentiable, for use in jit."""
    linear = problem.vector(scaled)
    parameters, states, ok, lane_ok = integrate(problem, solver, batch, linear)
    data, row = problem.measurements, batch.measurement
    vector_of_row = batch.vector_of_lane[batch.lane_of_row]
    at = jnp.where(ok[:, None], states, 1.0)
    columns = _Columns(problem, parameters, at, jnp.asarray(data.time[row]), linear, vector_of_row)
    parts = [_compare(problem, each, columns, row) for each in problem.observables]
    order = np.argsort(np.concatenate([_positions(each, row)[0] for each in problem.observables]))
    compared, sigma, cost, finite = (jnp.concatenate(part)[order] for part in zip(*parts, strict=True))
    good = ok & finite
    cost = jnp.where(data.shown[row], jnp.where(good, cost + log_slopes(problem)[row], FAILED_COST), 0.0)
    return Prediction(compared, sigma, cost, good, lane_ok)


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
    value, sigma = observable.value(own) * jnp.ones(len(where)), observable.noise(own)
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
