"""How every prediction depends on every parameter: by adjoint solves where the engine has them.

The adjoint way gives each measurement a copy of the vector, so that the gradients of all measurements are the
whole Jacobian; copies of a lane are integrated and recorded once, and walk back together. Replicates, which have
one prediction, share theirs. Where there is only a way forward (engine jax, events that states set off) one-sided
differences are taken, one vector a parameter.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.problem import Observable, Problem
from screen.fit.batch import batch_of_measurements, batch_of_starts, distinct_predictions
from screen.fit.objective import DOUBLINGS, Conditions, conditions_of, under_conditions
from screen.fit.prediction import Prediction, predict
from screen.kernel import filled, filled_size, has_gradient
from screen.simulate import Integration

STEP = 1e-3
"""Difference of a scaled value in units of it; large against the tolerance of the solver, small against a prior."""


ROWS = 1280
"""Rows of Jacobians at a time, one vector at least; what a row passes through takes megabytes in the compiler's
hands."""


class Sensitivity(NamedTuple):
    """Predictions at one scaled vector and their derivatives; rows of measurements that failed are zero.

    Of several vectors, every field has these as its first axis.
    """

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
    """A function from a scaled vector, or from [vectors, estimated], to the `Sensitivity`; compiled and kept.

    With `under`, a problem that differs in nothing but the parameters of its conditions, it is of that one.
    """
    make = (
        _by_adjoint
        if adjoint and has_gradient(solver.engine, problem.model, len(problem.phases))
        else _by_differences
    )
    of_vectors = make(problem, solver)

    def sensitivity(scaled: np.ndarray, under: Problem = problem) -> Sensitivity:
        found = of_vectors(np.atleast_2d(scaled), under)
        return found if np.ndim(scaled) == 2 else Sensitivity(*(each[0] for each in found))

    return sensitivity


def _by_adjoint(problem: Problem, solver: Integration) -> Callable[[np.ndarray, Problem], Sensitivity]:
    first, place = distinct_predictions(problem)
    noise_is_given = all(_noise_is_given(problem, each) for each in problem.observables)
    width = max(1, ROWS // len(first))

    @lru_cache
    def compiled(vectors: int) -> Callable[..., tuple[jax.Array, ...]]:
        batch = batch_of_measurements(problem, first, vectors)

        def evaluate(scaled: jax.Array, conditions: Conditions) -> tuple[jax.Array, ...]:
            def outputs(at: jax.Array) -> tuple[tuple[jax.Array, jax.Array], Prediction]:
                found = predict(under_conditions(problem, conditions), solver, batch, at)
                return (found.compared, jnp.log(found.sigma)), found

            copies = scaled[batch.original]
            _, pull, found = jax.vjp(outputs, copies, has_aux=True)
            ones, zeros = jnp.ones(batch.vectors), jnp.zeros(batch.vectors)
            by_noise = jnp.zeros_like(copies) if noise_is_given else pull((zeros, ones))[0]
            parts = (found.compared, found.sigma, found.ok, pull((ones, zeros))[0], by_noise)
            return tuple(part.reshape(vectors, len(first), *part.shape[1:]) for part in parts)

        return jax.jit(evaluate)

    def of_vectors(scaled: np.ndarray, under: Problem) -> Sensitivity:
        parts, size = [], filled_size(len(scaled), width, DOUBLINGS)
        for start in range(0, len(scaled), size):
            chosen = scaled[start : start + size]
            found = compiled(size)(jnp.asarray(filled(chosen, size)), conditions_of(under))
            parts.append([np.asarray(part)[: len(chosen), place] for part in found])
        return _weighted(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    return of_vectors


def _noise_is_given(problem: Problem, observable: Observable) -> bool:
    """Whether every sigma of an observable is a number, so that nothing estimated moves it."""
    given = {*observable.placeholders, *problem.fixed}
    columns = [place for place, name in enumerate(observable.placeholders) if name in observable.noise.names]
    numbers = bool(np.all(observable.overrides.source[:, columns] < 0))
    return numbers and given.issuperset(observable.noise.names)


def _by_differences(problem: Problem, solver: Integration) -> Callable[[np.ndarray, Problem], Sensitivity]:
    count, measured = len(problem.estimated.names), len(problem.measurements.lane)
    batch = batch_of_starts(problem, count + 1)
    evaluate = jax.jit(
        lambda vectors, conditions: predict(under_conditions(problem, conditions), solver, batch, vectors)
    )

    def of_one(scaled: np.ndarray, under: Problem) -> tuple[np.ndarray, ...]:
        step = STEP * problem.estimated.units
        step = np.where(scaled + step > problem.estimated.upper, -step, step)
        vectors = jnp.asarray(np.vstack([scaled, scaled + np.diag(step)]))
        found = evaluate(vectors, conditions_of(under))
        compared, sigma, ok = (
            np.asarray(part).reshape(count + 1, measured) for part in (found.compared, found.sigma, found.ok)
        )
        moved = ok[1:]
        by_value = np.where(moved, (compared[1:] - compared[0]) / step[:, None], 0.0).T
        by_noise = np.where(moved, np.log(sigma[1:] / sigma[0]) / step[:, None], 0.0).T
        return compared[0], sigma[0], ok[0], by_value, by_noise

    def of_vectors(scaled: np.ndarray, under: Problem) -> Sensitivity:
        each = [of_one(vector, under) for vector in scaled]
        return _weighted(*(np.stack(part) for part in zip(*each, strict=True)))

    return of_vectors


def _weighted(
    compared: np.ndarray, sigma: np.ndarray, ok: np.ndarray, by_value: np.ndarray, by_noise: np.ndarray
) -> Sensitivity:
    good = ok[..., None] & np.isfinite(by_value) & np.isfinite(by_noise)
    by_value = np.where(good, by_value / sigma[..., None], 0.0)
    return Sensitivity(compared, sigma, ok, by_value, np.where(good, by_noise, 0.0))
