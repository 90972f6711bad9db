"""The state at each measurement of a batch: from rest or the start of the network, leg after leg, to its time.

A leg is a row of phases with nothing set between them, integrated in one go; where the next one begins, conditions set
states. A steady state is what the last phase comes to from the last time of its lane.
"""

from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.problem import Experiments, Problem
from screen.fit.batch import Batch
from screen.kernel import Runs
from screen.simulate import Integration, come_to_rest, follow, read_off


class Reached(NamedTuple):
    """What the measurements of a batch are read off."""

    parameters: jax.Array
    """Of the network, in the phase of each row [rows, parameters]."""
    states: jax.Array
    """[rows, species]."""
    ok: jax.Array
    """Whether each row was reached."""
    lane_ok: jax.Array
    """Whether each lane came through [lanes]."""


class _Leg(NamedTuple):
    """One leg of a batch; all of it is known beforehand."""

    phases: slice
    alive: np.ndarray
    """Lanes that something is read off, then or later."""
    rows: np.ndarray
    """Rows read off in it."""
    place: np.ndarray
    """Among the lanes alive, of each of these rows."""
    output: np.ndarray
    """Which time each of these rows reads."""


def integrate(problem: Problem, solver: Integration, batch: Batch, linear: jax.Array) -> Reached:
    """Follow the lanes of a batch under vectors [vectors, vector]; differentiable, for use in jit."""
    row = batch.measurement
    time, lane = problem.measurements.time[row], problem.measurements.lane[row]
    steady = np.isinf(time)
    phase = problem.phase_of(lane, np.where(steady, np.finfo(float).max, time))
    vectors = linear[batch.vector_of_lane]
    parameters = jnp.stack([each.parameters.fill(vectors, batch.lane) for each in problem.phases], axis=1)
    state, ok = _start(problem, solver, batch, linear, parameters[:, 0])
    readings, rows = [], []
    for leg in _legs(problem, batch, phase):
        sound = jax.lax.stop_gradient(problem.model.initial(parameters[leg.alive, 0]))
        entered = _settings(problem, leg, batch.lane[leg.alive], vectors[leg.alive], state[leg.alive])
        entered = jnp.where(ok[leg.alive, None], entered, sound)
        read, left, passed = _follow_leg(
            problem, solver, batch, leg, parameters[leg.alive, leg.phases], entered
        )
        state, ok = state.at[leg.alive].set(left), ok.at[leg.alive].set(ok[leg.alive] & passed)
        readings.append(read)
        rows.append(leg.rows)
    states = jnp.concatenate(readings)[np.argsort(np.concatenate(rows))]
    of_row, good = parameters[batch.lane_of_row, phase], ok[batch.lane_of_row]
    if steady.any():
        states, good = _come_to_steady(problem, solver, batch, steady, Reached(of_row, states, good, ok))
        ok &= jnp.zeros(len(ok)).at[batch.lane_of_row].add(jnp.where(good, 0.0, 1.0)) == 0
    return Reached(of_row, states, good, ok)


def _legs(problem: Problem, batch: Batch, phase: np.ndarray) -> list[_Leg]:
    """The legs that a batch needs; `phase` [rows] is that in which each row is read."""
    firsts = [*problem.legs, len(problem.phases)]
    number = np.searchsorted(problem.legs, phase, side="right") - 1
    last = np.full(len(batch.lane), -1)
    np.maximum.at(last, batch.lane_of_row, number)
    legs, output = [], problem.measurements.time_index[batch.measurement]
    for leg, (first, end) in enumerate(pairwise(firsts)):
        alive, rows = np.flatnonzero(last >= leg), np.flatnonzero(number == leg)
        if len(alive):
            place = np.searchsorted(alive, batch.lane_of_row[rows])
            legs.append(_Leg(slice(first, end), alive, rows, place, output[rows]))
    return legs


def _start(
    problem: Problem, solver: Integration, batch: Batch, linear: jax.Array, parameters: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """States [lanes, species] before the first phase sets any, and whether each lane has one [lanes]."""
    model = problem.model
    state, ok = jnp.asarray(model.initial(parameters)), jnp.ones(len(batch.lane), bool)
    if not len(batch.rest):
        return state, ok
    vectors = linear[batch.vector_of_rest]
    resting = problem.rests.parameters.fill(vectors, batch.rest)
    start = _override(problem.rests, vectors, batch.rest, jnp.asarray(model.initial(resting)))
    found = come_to_rest(model, solver, resting, start, _copies(batch, batch.vector_of_rest, batch.rest))
    at_rest = batch.rest_of_lane >= 0
    state = jnp.where(at_rest[:, None], found.state[batch.rest_of_lane], state)
    return state, jnp.where(at_rest, found.status[batch.rest_of_lane] == 0, ok)


def _settings(
    problem: Problem, leg: _Leg, lane: np.ndarray, vectors: jax.Array, state: jax.Array
) -> jax.Array:
    """States [alive, species] after what the first phase of a leg sets."""
    conditions, model = problem.phases[leg.phases.start], problem.model
    after = _override(conditions, vectors, lane, state)
    if not conditions.computed:
        return after
    tables = (vectors, problem.estimated.names), (state, model.species)
    known = {name: table[:, place] for table, names in tables for place, name in enumerate(names)}
    for each in conditions.computed:
        value = each.formula({**problem.fixed, **known})
        after = after.at[:, each.state].set(jnp.where(np.isin(lane, each.rows), value, after[:, each.state]))
    return after


def _follow_leg(
    problem: Problem, solver: Integration, batch: Batch, leg: _Leg, parameters: jax.Array, state: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """States of the rows of a leg, then those in which its lanes leave it [alive, species], and whether they do.

    Copies are made for a Jacobian.
    """
    lane, times = batch.lane[leg.alive], problem.times[batch.lane[leg.alive]]
    begins = problem.begins[lane]
    stop = begins[:, leg.phases.stop] if leg.phases.stop < begins.shape[1] else np.full(len(lane), np.inf)
    asked = np.clip(times, begins[:, [leg.phases.start]], stop[:, None])
    switches = np.minimum(begins[:, leg.phases], asked[:, -1:])
    runs = Runs(parameters, state, jnp.asarray(switches), jnp.asarray(asked))
    copies = _copies(batch, batch.vector_of_lane[leg.alive], lane)
    if copies is None:
        found = follow(problem.model, solver, *runs)
        return found.states[leg.place, leg.output], found.states[:, -1], found.status == 0
    output = np.full(len(lane), times.shape[1] - 1)
    output[leg.place] = leg.output
    left, status = read_off(problem.model, solver.for_slopes(), runs, output, copies)
    return left[leg.place], left, status == 0


def _come_to_steady(
    problem: Problem, solver: Integration, batch: Batch, steady: np.ndarray, reached: Reached
) -> tuple[jax.Array, jax.Array]:
    """States [rows, species] with those rows at rest that read a steady state, and whether each row is good."""
    rows = np.flatnonzero(steady)
    lane = batch.lane_of_row[rows]
    vector = batch.vector_of_lane[lane]
    copies = _first_of(batch.original[vector] if batch.original is not None else vector, batch.lane[lane])
    parameters, good = reached.parameters[rows], reached.ok[rows]
    sound = jax.lax.stop_gradient(problem.model.initial(parameters))
    start = jnp.where(good[:, None], reached.states[rows], sound)
    found = come_to_rest(problem.model, solver, parameters, start, copies)
    good &= found.status == 0
    return reached.states.at[rows].set(found.state), reached.ok.at[rows].set(good)


def _copies(batch: Batch, vector: np.ndarray, row: np.ndarray) -> np.ndarray | None:
    """For each (vector, row of a table of experiments) the first that is a copy of it; None where none is made."""
    return None if batch.original is None else _first_of(batch.original[vector], row)


def _first_of(vector: np.ndarray, row: np.ndarray) -> np.ndarray:
    """For each pair the place of the first that is equal."""
    pairs = np.stack([vector, row], axis=1)
    _, first, place = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    return first[place.ravel()]


def _override(conditions: Experiments, vectors: jax.Array, rows: np.ndarray, state: jax.Array) -> jax.Array:
    """States [lanes, species] with what the conditions of some rows set by numbers and parameters."""
    given = conditions.states.given[rows]
    return jnp.where(given, conditions.states.fill(vectors, rows), state) if given.any() else state
