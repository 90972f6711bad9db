"""How the cost bends in the parameters that are searched, when scales, offsets and sigmas of blots are solved inside.

Residuals of blots with their scale and offset projected out are nearly linear in the logarithms of the
parameters (variable projection, Golub and Pereyra 1973, doi 10.1137/0710036).

The derivative of every signal comes from one engine call with a vector for each parameter: here cheaper than an
adjoint solve for each signal, since signals outnumber parameters by far.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.priors import precisions
from screen.fit.curvature import local_costs, prior_gradient, units
from screen.fit.hierarchical import (
    Hierarchical,
    Rows,
    make_hierarchical_objective,
    make_hierarchical_predictor,
    read_rows,
)
from screen.fit.objective import Prediction, batch_of_starts, posterior_cost, predict
from screen.fit.search import Target
from screen.simulate import Integration

STEP = 2e-3
"""Difference of a scaled value; large against the tolerance of the solver, small against any curvature."""

WIDTH = 16
"""Most vectors that are integrated at a time."""


class Linear(NamedTuple):
    """Gradient [outer] and Gauss-Newton matrix [outer, outer] of one vector, solved parameters eliminated."""

    gradient: np.ndarray
    precision: np.ndarray


def make_projected_target(hierarchical: Hierarchical, solver: Integration) -> Target:
    """What a search of the outer parameters minimises."""
    outer, linearise = hierarchical.outer, make_linearisation(hierarchical, solver)
    predictor = make_hierarchical_predictor(hierarchical, solver, WIDTH)

    def cost(scaled: np.ndarray) -> np.ndarray:
        return posterior_cost(outer, scaled, predictor(scaled).predicted)

    def linearise_all(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gradients, matrices = zip(*map(linearise, scaled), strict=True)
        return np.array(gradients), np.array(matrices)

    return Target(
        outer.estimated,
        cost,
        linearise_all,
        lambda vectors: make_hierarchical_objective(hierarchical, solver, vectors),
    )


def make_linearisation(hierarchical: Hierarchical, solver: Integration) -> Callable[[np.ndarray], Linear]:
    """A function from one outer vector to its `Linear`; compiled at the first call and kept."""
    outer = hierarchical.outer
    count = len(outer.estimated.names)
    batch = batch_of_starts(outer, count + 1)

    @jax.jit
    def evaluate(vectors: jax.Array, step: jax.Array) -> tuple[Rows, jax.Array, jax.Array]:
        found = predict(outer, solver, batch, vectors)
        signals, sigma, ok = (part.reshape(count + 1, -1) for part in (found.compared, found.sigma, found.ok))
        both = ok[1:] & ok[0]
        by_signal = jnp.where(both, (signals[1:] - signals[0]) / step[:, None], 0.0)
        by_noise = jnp.where(both, jnp.log(sigma[1:] / sigma[0]) / step[:, None], 0.0)
        one = Prediction(*(part.reshape(count + 1, -1)[0] for part in found))
        return read_rows(hierarchical, one, 1), by_signal, by_noise

    def linearise(scaled: np.ndarray) -> Linear:
        step = STEP * units(outer.estimated)
        step = np.where(scaled + step > outer.estimated.upper, -step, step)
        found = evaluate(jnp.asarray(np.vstack([scaled, scaled + np.diag(step)])), jnp.asarray(step))
        gradient, precision = _eliminate(hierarchical, *jax.tree.map(np.asarray, found))
        prior = precisions(outer.estimated.priors, scaled)
        return Linear(gradient + prior_gradient(outer, scaled[None])[0], precision + np.diag(prior))

    return linearise


def _eliminate(
    hierarchical: Hierarchical, rows: Rows, by_signal: np.ndarray, by_noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Gauss-Newton matrix from the slopes of the signals and of the log sigmas [outer, signals]."""
    blots, blot, good = hierarchical.blots, hierarchical.blot, np.asarray(rows.ok[0])
    scale, offset = np.asarray(rows.solved.scale[0]), np.asarray(rows.solved.offset[0])
    factor, sigma = hierarchical.factor, np.asarray(rows.sigma[0])
    local = local_costs(hierarchical.problem, factor * np.asarray(rows.distance[0]) / sigma)
    per_value = np.where(blots.unit[blot] != 0, blots.unit[blot] / np.where(good, rows.value[0], 1.0), 1.0)
    per_value = np.where(good, factor * per_value / sigma, 0.0)
    jacobian = per_value * scale[blot] * by_signal[:, hierarchical.reading]
    is_given = good & (blots.noise[blot] < 0)
    noise = np.where(is_given, by_noise[:, hierarchical.reading], 0.0)
    gradient = jacobian @ np.where(good, local.slope, 0.0) + noise @ np.where(
        is_given, local.slope_log_sigma, 0.0
    )
    root = np.sqrt(np.where(good, local.curvature, 0.0))
    grouped = (root * jacobian)[:, blots.rows] * blots.member
    directions: list[np.ndarray] = []
    columns = ((scale, blots.scale, np.asarray(rows.signal[0])), (offset, blots.offset, np.ones(len(blot))))
    for solved, bounds, shape in columns:
        free = (solved > bounds[:, 0]) & (solved < bounds[:, 1])
        column = np.where(good, root * per_value * shape, 0.0)[blots.rows] * blots.member * free[:, None]
        for other in directions:
            column = column - other * np.sum(other * column, axis=1, keepdims=True)
        length = np.linalg.norm(column, axis=1, keepdims=True)
        directions.append(np.where(length > 1e-12, column / np.maximum(length, 1e-12), 0.0))
    for direction in directions:
        grouped = grouped - direction * np.sum(direction * grouped, axis=2, keepdims=True)
    flat = grouped.reshape(len(jacobian), -1)
    weighted = np.where(is_given, local.curvature_log_sigma, 0.0) * noise
    return gradient, flat @ flat.T + noise @ weighted.T
