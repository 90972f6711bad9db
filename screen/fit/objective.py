"""Minus the log posterior of a calibration problem for many estimated vectors, with its gradient."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.noise import reading_cost
from screen.calibration.priors import Prior, grouped
from screen.calibration.problem import Problem, Values, measured_values
from screen.fit.batch import batch_of_starts
from screen.fit.prediction import FAILED_COST, Prediction, log_slopes, predict
from screen.kernel import filled, filled_size
from screen.simulate import Integration

LANES = 320
"""So many lanes keep the engine busy."""

DOUBLINGS = 2
"""From one size of batches to the next: each takes six seconds to compile on the shipped problem."""


def prior_cost(problem: Problem, scaled: jax.Array) -> jax.Array:
    """Minus the log prior [vectors] of scaled vectors [vectors, estimated]."""
    return cost_of(problem.estimated.priors, scaled)


@partial(jax.jit, static_argnums=0)
def cost_of(priors: tuple[Prior | None, ...], scaled: jax.Array) -> jax.Array:
    """Minus the log density of priors [vectors] at scaled vectors [vectors, priors]."""
    cost = jnp.zeros(scaled.shape[0])
    for places, together in grouped(priors):
        cost += jnp.sum(together.cost(scaled[:, places]), axis=1)
    return cost


class Evaluation(NamedTuple):
    """What one call of the objective says of each vector."""

    cost: jax.Array
    """Minus the log posterior [vectors]."""
    gradient: jax.Array
    """Of the cost [vectors, estimated]; zero where a component is no number."""
    failed: jax.Array
    """Lanes that failed [vectors]."""


def make_objective(
    problem: Problem,
    solver: Integration,
    vectors: int,
    of_rows: Callable[[Prediction], jax.Array] = lambda prediction: prediction.cost,
) -> Callable[[jax.Array], Evaluation]:
    """The compiled objective for so many vectors at once: scaled [vectors, estimated] -> Evaluation.

    `of_rows` reads the costs of all measurements of all vectors off a prediction, vector by vector.
    """
    batch = batch_of_starts(problem, vectors)

    def total(scaled):
        prediction = predict(problem, solver, batch, scaled)
        cost = jnp.sum(of_rows(prediction).reshape(vectors, -1), axis=1) + prior_cost(problem, scaled)
        failed = jnp.sum(~prediction.lane_ok.reshape(vectors, -1), axis=1)
        return jnp.sum(cost), (cost, failed)

    def evaluate(scaled):
        gradient, (cost, failed) = jax.grad(total, has_aux=True)(scaled)
        return Evaluation(cost, jnp.where(jnp.isfinite(gradient), gradient, 0.0), failed)

    return jax.jit(evaluate)


class Predicted(NamedTuple):
    """Predictions of some vectors, as numpy arrays [vectors, measurements]; lane_ok [vectors, lanes]."""

    compared: np.ndarray
    sigma: np.ndarray
    cost: np.ndarray
    """Minus the log likelihood of each measurement that is shown, 0 for the others."""
    ok: np.ndarray
    lane_ok: np.ndarray

    @property
    def log_likelihood(self) -> np.ndarray:
        """Log likelihood [vectors]."""
        return -self.cost.sum(axis=1)

    @property
    def failed(self) -> np.ndarray:
        """Lanes that failed [vectors]."""
        return np.sum(~self.lane_ok, axis=1)


Conditions = tuple[tuple[Any, Any], ...]
"""The parameters in the rests and phases of a problem, as arrays that a compiled function takes."""


def conditions_of(problem: Problem) -> Conditions:
    """The parameters of rests and phases: (constant, source) each."""
    return tuple((each.parameters.constant, each.parameters.source) for each in problem.tables)


def under_conditions(problem: Problem, conditions: Conditions) -> Problem:
    """The problem with other parameters in its rests and phases."""
    others = iter(conditions)
    return problem.with_tables(lambda each: replace(each, parameters=Values(*next(others))))


def make_predictor(problem: Problem, solver: Integration, width: int) -> Callable[..., Predicted]:
    """A function from scaled vectors [vectors, estimated] to what they predict, at most `width` at a time.

    With `under`, a problem that differs in nothing but the parameters of its conditions, it predicts that one.
    """

    @lru_cache
    def compiled(vectors: int) -> Callable[..., Prediction]:
        batch = batch_of_starts(problem, vectors)
        return jax.jit(
            lambda scaled, conditions: predict(under_conditions(problem, conditions), solver, batch, scaled)
        )

    def predictor(vectors: np.ndarray, under: Problem = problem) -> Predicted:
        return Predicted(*in_batches(compiled, problem, vectors, width, conditions_of(under)))

    return predictor


def in_batches(
    compiled: Callable[[int], Callable], problem: Problem, vectors: np.ndarray, width: int, *rest: Any
) -> Any:
    """What `compiled(size)` returns for vectors [vectors, estimated], as a tree of numpy arrays [vectors, ...].

    So many run at a time as keep the engine busy, at most `width`, in batches of one size of few, so that little is
    compiled; the last is filled up with copies.
    """
    most = min(width, max(1, LANES // problem.lanes))
    parts, size = [], filled_size(len(vectors), most, DOUBLINGS)
    for first in range(0, len(vectors), size):
        chosen = vectors[first : first + size]
        found = compiled(size)(jnp.asarray(filled(chosen, size)), *rest)
        own = [np.asarray(leaf).reshape(size, -1)[: len(chosen)] for leaf in jax.tree.leaves(found)]
        parts.append(jax.tree.unflatten(jax.tree.structure(found), own))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def posterior_cost(problem: Problem, vectors: np.ndarray, predicted: Predicted) -> np.ndarray:
    """Minus the log posterior [vectors]."""
    return np.asarray(prior_cost(problem, jnp.asarray(vectors))) - predicted.log_likelihood


def cost_of_measurements(problem: Problem, predicted: Predicted) -> np.ndarray:
    """Minus the log likelihood of each measurement [vectors, measurements], 0 if hidden, from predictions made."""
    cost = cost_as_compared(problem, predicted, measured_values(problem), predicted.sigma)
    return cost + np.where(problem.measurements.shown & predicted.ok, log_slopes(problem), 0.0)


def cost_as_compared(
    problem: Problem, predicted: Predicted, measured: np.ndarray, sigma: np.ndarray
) -> np.ndarray:
    """Minus the log likelihood [vectors, measurements] of other values and noise than those of the problem.

    `measured` and `sigma` [vectors, measurements] are on the scales of comparison, and the densities over these.
    """
    cost = np.asarray(reading_costs(problem, (predicted.compared - measured) / sigma, sigma))
    return np.where(problem.measurements.shown, np.where(predicted.ok, cost, FAILED_COST), 0.0)


def reading_costs(problem: Problem, z: jax.typing.ArrayLike, sigma: jax.typing.ArrayLike) -> jax.Array:
    """Minus the log likelihood of predictions z sigma above the measurements [..., measurements]; differentiable."""
    z, sigma = jnp.asarray(z), jnp.asarray(sigma)
    cost = jnp.zeros(z.shape)
    for each in problem.observables:
        rows, censored = each.rows, problem.measurements.censored[each.rows]
        found = reading_cost(each.distribution, each.degrees, z[..., rows], sigma[..., rows], censored)
        cost = cost.at[..., rows].set(found)
    return cost
