"""Scales, offsets and standard deviations of blots solved inside the objective, so that the search never sees them.

A blot, a plate or a qPCR run is read through numbers of its own: value = offset + scale*signal, with a noise
sigma. Given the signal, which only the other parameters move, the best three are a small problem of each
blot (`screen.calibration.scales`; the idea is that of Loos et al. 2018, doi 10.1093/bioinformatics/bty514). At its
solution the objective is flat in what was solved, or that sits on a bound; the gradient is therefore the one
taken with the solved numbers held fixed, and costs what it costs without them.

A parameter is solved if it has no prior and does nothing but scale, shift or blur blots that share it as a
whole; every other one stays with the search. Measurements of one signal at one time are integrated once.

    hierarchical = make_hierarchical(problem)
    objective = make_hierarchical_objective(hierarchical, solver, vectors)       # for gradients
    predicted = make_hierarchical_predictor(hierarchical, solver, width)(outer)  # of all measurements
    scaled = hierarchical.complete(outer, predicted.solved)                    # vectors of the whole problem
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.problem import Problem, measured_values
from screen.calibration.scale import SCALES
from screen.calibration.scales import Blots, Solved, solve_blots
from screen.calibration.split import Split, split_problem
from screen.fit.batch import batch_of_starts
from screen.fit.objective import Evaluation, Predicted, in_batches, make_objective, reading_costs
from screen.fit.prediction import FAILED_COST, Prediction, log_slopes, predict
from screen.simulate import Integration


@dataclass(frozen=True)
class Hierarchical:
    """A calibration problem in two layers."""

    problem: Problem
    """The whole problem."""
    outer: Problem
    """What is left of it: the unsolved parameters, and every signal once, on a linear scale."""
    kept: np.ndarray
    """Place of each outer parameter in the whole vector."""
    reading: np.ndarray
    """Signal of each measurement: its place among the measurements of `outer`."""
    blots: Blots
    blot: np.ndarray
    """Blot of each measurement."""
    measured: np.ndarray
    """Measured values on the scale on which they are compared."""
    slopes: np.ndarray
    """What the cost of each measurement has beside its residual: the log slope of its scale."""
    scales: np.ndarray
    """Place in the whole vector of the scale of each blot; -1 where it is not solved."""
    offsets: np.ndarray
    sigmas: np.ndarray
    """Place of each solved sigma."""
    correction: float
    """Factor on every squared residual of normal noise."""

    @property
    def solves(self) -> bool:
        """Whether there is anything that can be solved."""
        return len(self.kept) < len(self.problem.estimated.names)

    @cached_property
    def factor(self) -> np.ndarray:
        """What every residual is multiplied by [measurements]."""
        factor = np.ones(len(self.blot))
        for each in self.problem.observables:
            if each.distribution == "normal":
                factor[each.rows] = np.sqrt(self.correction)
        return factor

    def complete(self, outer: np.ndarray, solved: Solved) -> np.ndarray:
        """Scaled vectors of the whole problem [vectors, estimated] from outer ones and what was solved for them."""
        whole = np.tile(self.problem.estimated.nominal, (len(outer), 1))
        whole[:, self.kept] = outer
        for places, values in (
            (self.scales, solved.scale),
            (self.offsets, solved.offset),
            (self.sigmas, solved.sigma),
        ):
            for column, place in enumerate(places):
                if place >= 0:
                    whole[:, place] = SCALES[self.problem.estimated.scales[place]].scaled(
                        np.asarray(values)[:, column]
                    )
        estimated = self.problem.estimated
        return np.clip(whole, estimated.lower, estimated.upper)


class Rows(NamedTuple):
    """What a batch of outer vectors says of every measurement [vectors, measurements]."""

    signal: jax.Array
    value: jax.Array
    """offset + scale*signal."""
    distance: jax.Array
    """Prediction minus measurement, on the compared scale."""
    sigma: jax.Array
    cost: jax.Array
    ok: jax.Array
    solved: Solved


class HierarchicalPredicted(NamedTuple):
    """`Predicted` of all measurements, and what was solved for it."""

    predicted: Predicted
    solved: Solved


def make_hierarchical(problem: Problem, correction: float = 1.0) -> Hierarchical:
    """The problem in two layers.

    `correction` multiplies every squared residual; 1 is maximum likelihood, and points/(points -
    parameters) the correction of Data2Dynamics for fitted standard deviations.
    """
    split: Split = split_problem(problem)
    transformations = np.empty(len(problem.measurements.lane), object)
    for each in problem.observables:
        transformations[each.rows] = each.transformation
    measured = measured_values(problem)
    unit = np.array([SCALES[transformations[rows[0]]].per_e_fold for rows in split.blots])
    width = max(len(rows) for rows in split.blots)
    padded = np.array([np.pad(rows, (0, width - len(rows))) for rows in split.blots])
    member = np.array([np.arange(width) < len(rows) for rows in split.blots])
    blot = np.empty(len(measured), int)
    for number, rows in enumerate(split.blots):
        blot[rows] = number
    natural = measured[padded] / np.where(unit != 0, unit, 1.0)[:, None]
    linear = np.stack(
        [np.asarray(problem.estimated.linear(b)) for b in (problem.estimated.lower, problem.estimated.upper)],
        axis=1,
    )

    def bounds(places: np.ndarray, fixed: float) -> np.ndarray:
        return np.where(places[:, None] >= 0, linear[places], fixed)

    blots = Blots(
        padded, member, natural, unit, bounds(split.scales, 1.0), bounds(split.offsets, 0.0), split.noise,
        linear[split.sigmas],
    )  # fmt: skip
    outer = replace(split.outer, digest=f"{problem.digest} blots solved, correction {correction!r}")
    return Hierarchical(
        problem, outer, split.kept, split.reading, blots, blot, measured,
        log_slopes(problem), split.scales, split.offsets, split.sigmas, correction,
    )  # fmt: skip


def read_rows(hierarchical: Hierarchical, prediction: Prediction, vectors: int) -> Rows:
    """Every measurement from the prediction of the signals for so many vectors; differentiable."""
    blots, reading, blot = hierarchical.blots, hierarchical.reading, hierarchical.blot
    signal, given, ok = (
        part.reshape(vectors, -1)[:, reading]
        for part in (prediction.compared, prediction.sigma, prediction.ok)
    )
    is_log = blots.unit[blot] != 0
    can_be_negative = ~is_log | (blots.offset[blot, 1] > blots.offset[blot, 0])
    ok = ok & (can_be_negative | (signal > 0))
    is_solved = blots.noise[blot] >= 0
    held = jax.lax.stop_gradient(signal)
    weight = jnp.where(ok, jnp.where(is_solved, 1.0, 1.0 / jax.lax.stop_gradient(given) ** 2), 0.0)
    solved = jax.lax.stop_gradient(
        solve_blots(blots, jnp.where(ok, held, 1.0), weight, hierarchical.correction)
    )
    value = solved.offset[:, blot] + solved.scale[:, blot] * signal
    if len(blots.sigma):
        sigma = jnp.where(is_solved, solved.sigma[:, np.maximum(blots.noise[blot], 0)], given)
    else:
        sigma = given
    ok = ok & jnp.isfinite(value) & (~is_log | (value > 0)) & (sigma > 0)
    safe = jnp.where(ok, value, 1.0)
    sigma = jnp.where(ok, sigma, 1.0)
    compared = jnp.where(is_log, blots.unit[blot] * jnp.log(jnp.where(is_log, safe, 1.0)), safe)
    distance = compared - hierarchical.measured
    cost = reading_costs(hierarchical.problem, hierarchical.factor * distance / sigma, sigma)
    return Rows(signal, value, distance, sigma, jnp.where(ok, cost, FAILED_COST), ok, solved)


def _whole_costs(hierarchical: Hierarchical, rows: Rows) -> jax.Array:
    """What each measurement costs in the whole problem."""
    return jnp.where(rows.ok, rows.cost + hierarchical.slopes, rows.cost)


def make_hierarchical_objective(
    hierarchical: Hierarchical, solver: Integration, vectors: int
) -> Callable[[jax.Array], Evaluation]:
    """The compiled objective for so many outer vectors at once: scaled [vectors, outer] -> Evaluation."""

    def of_rows(prediction: Prediction) -> jax.Array:
        rows = read_rows(hierarchical, prediction, vectors)
        return _whole_costs(hierarchical, rows)

    return make_objective(hierarchical.outer, solver, vectors, of_rows)


def make_hierarchical_predictor(
    hierarchical: Hierarchical, solver: Integration, width: int
) -> Callable[[np.ndarray], HierarchicalPredicted]:
    """A function from outer vectors [vectors, outer] to what they predict of all measurements, `width` at a time."""
    outer = hierarchical.outer

    @lru_cache
    def compiled(vectors: int) -> Callable[[jax.Array], tuple]:
        batch = batch_of_starts(outer, vectors)

        @jax.jit
        def evaluate(scaled):
            prediction = predict(outer, solver, batch, scaled)
            rows = read_rows(hierarchical, prediction, vectors)
            compared = rows.distance + hierarchical.measured
            lanes = prediction.lane_ok.reshape(vectors, -1)
            costs = _whole_costs(hierarchical, rows)
            return (compared, rows.sigma, costs, rows.ok, lanes), rows.solved

        return evaluate

    def predictor(vectors: np.ndarray) -> HierarchicalPredicted:
        predicted, solved = in_batches(compiled, outer, vectors, width)
        return HierarchicalPredicted(Predicted(*predicted), solved)

    return predictor
