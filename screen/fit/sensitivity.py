"""How every prediction depends on every parameter: by adjoint solves where the engine has them.

The adjoint way gives each measurement a vector of its own, so that one reverse solve per measurement is
the whole Jacobian; replicates, which have one prediction, share theirs. An engine that only runs forward
gets one-sided differences, one vector a parameter.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.problem import Observable, Problem
from screen.fit.objective import (
    Conditions,
    Prediction,
    batch_of_measurements,
    batch_of_starts,
    conditions_of,
    distinct_predictions,
    predict,
    under_conditions,
)
from screen.kernel import DIFFERENTIABLE
from screen.simulate import Integration

STEP = 1e-3
"""Difference of a scaled value in units of it; large against the tolerance of the solver, small against a prior."""


class Sensitivity(NamedTuple):
    """Predictions at one scaled vector and their derivatives; rows of measurements that failed are zero."""

    compared: np.ndarray
    """Prediction [measurements] on the compared scale."""
    sigma: np.ndarray
    ok: np.ndarray
    by_value: np.ndarray
    """d prediction / d scaled value, over sigma [measurements, estimated]."""
    by_noise: np.ndarray
    """d log sigma / d scaled value [measurements, estimated]."""


def make_sensitivity(
    problem: Problem, solver: Integration, adjoint: bool = True
) -> Callable[..., Sensitivity]:
    """A function from one scaled vector to its `Sensitivity`; compiled at the first call and kept.

    With `under`, a problem that differs in nothing but the parameters of its conditions, it is of that one.
    """
    make = _by_adjoint if adjoint and solver.engine in DIFFERENTIABLE else _by_differences
    return make(problem, solver)


def _by_adjoint(problem: Problem, solver: Integration) -> Callable[..., Sensitivity]:
    first, place = distinct_predictions(problem)
    batch = batch_of_measurements(problem, first)
    noise_is_given = all(_noise_is_given(problem, each) for each in problem.observables)

    @jax.jit
    def evaluate(vectors: jax.Array, conditions: Conditions) -> tuple[Prediction, jax.Array, jax.Array]:
        def outputs(at: jax.Array) -> tuple[tuple[jax.Array, jax.Array], Prediction]:
            found = predict(under_conditions(problem, conditions), solver, batch, at)
            return (found.compared, jnp.log(found.sigma)), found

        _, pull, found = jax.vjp(outputs, vectors, has_aux=True)
        ones, zeros = jnp.ones(batch.vectors), jnp.zeros(batch.vectors)
        by_noise = jnp.zeros_like(vectors) if noise_is_given else pull((zeros, ones))[0]
        return found, pull((ones, zeros))[0], by_noise

    def sensitivity(scaled: np.ndarray, under: Problem = problem) -> Sensitivity:
        vectors = jnp.tile(jnp.asarray(scaled), (batch.vectors, 1))
        found, by_value, by_noise = evaluate(vectors, conditions_of(under))
        parts = (found.compared, found.sigma, found.ok, by_value, by_noise)
        return _weighted(*(np.asarray(part)[place] for part in parts))

    return sensitivity


def _noise_is_given(problem: Problem, observable: Observable) -> bool:
    """Whether every sigma of an observable is a number, so that nothing estimated moves it."""
    given = {*observable.placeholders, *problem.fixed}
    columns = [place for place, name in enumerate(observable.placeholders) if name in observable.noise.names]
    numbers = bool(np.all(observable.overrides.source[:, columns] < 0))
    return numbers and given.issuperset(observable.noise.names)


def _by_differences(problem: Problem, solver: Integration) -> Callable[..., Sensitivity]:
    count, measured = len(problem.estimated.names), len(problem.measurements.lane)
    batch = batch_of_starts(problem, count + 1)
    evaluate = jax.jit(
        lambda vectors, conditions: predict(under_conditions(problem, conditions), solver, batch, vectors)
    )

    def sensitivity(scaled: np.ndarray, under: Problem = problem) -> Sensitivity:
        step = STEP * problem.estimated.units
        step = np.where(scaled + step > problem.estimated.upper, -step, step)
        vectors = jnp.asarray(np.vstack([scaled, scaled + np.diag(step)]))
        found = evaluate(vectors, conditions_of(under))
        compared, sigma, ok = (
            np.asarray(part).reshape(count + 1, measured) for part in (found.compared, found.sigma, found.ok)
        )
        both = ok[1:] & ok[0]
        by_value = np.where(both, (compared[1:] - compared[0]) / step[:, None], 0.0).T
        by_noise = np.where(both, np.log(sigma[1:] / sigma[0]) / step[:, None], 0.0).T
        return _weighted(compared[0], sigma[0], ok[0], by_value, by_noise)

    return sensitivity


def _weighted(
    compared: np.ndarray, sigma: np.ndarray, ok: np.ndarray, by_value: np.ndarray, by_noise: np.ndarray
) -> Sensitivity:
    good = ok[:, None] & np.isfinite(by_value) & np.isfinite(by_noise)
    by_value = np.where(good, by_value / sigma[:, None], 0.0)
    return Sensitivity(compared, sigma, ok, by_value, np.where(good, by_noise, 0.0))
