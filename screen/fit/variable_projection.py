"""How the cost bends in the parameters that are searched, when scales, offsets and sigmas of blots are solved inside.

Residuals of blots with their scale and offset projected out are nearly linear in the logarithms of the
parameters (variable projection, Golub and Pereyra 1973, doi 10.1137/0710036).

The derivative of every signal comes from one engine call with a vector for each parameter: here cheaper than an
adjoint solve for each signal, since signals outnumber parameters by far.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.priors import precisions
from screen.fit.curvature import local_costs, prior_gradient
from screen.fit.hierarchical import (
    Hierarchical,
    Rows,
    make_hierarchical_objective,
    make_hierarchical_predictor,
    read_rows,
)
from screen.fit.objective import Evaluation, posterior_cost
from screen.fit.prediction import Prediction
from screen.fit.search import Target
from screen.fit.sensitivity import make_sensitivity
from screen.simulate import Integration

WIDTH = 16
"""Most vectors that are integrated at a time."""


def make_projected_target(hierarchical: Hierarchical, solver: Integration) -> Target:
    """What a search of the outer parameters minimises; compiled at the first call and kept."""
    outer = hierarchical.outer
    predictor = make_hierarchical_predictor(hierarchical, solver, WIDTH)
    sensitivity = make_sensitivity(outer, solver, adjoint=False)
    read = jax.jit(lambda prediction: read_rows(hierarchical, prediction, 1))

    def cost(scaled: np.ndarray) -> np.ndarray:
        return posterior_cost(outer, scaled, predictor(scaled).predicted)

    def linearise_one(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = sensitivity(scaled)
        signals = map(jnp.asarray, (found.compared, found.sigma, found.sigma, found.ok, found.ok))
        rows = read(Prediction(*signals))
        by_signal = (found.by_value * found.sigma[:, None]).T
        gradient, precision = _eliminate(
            hierarchical, jax.tree.map(np.asarray, rows), by_signal, found.by_noise.T
        )
        prior = np.diag(precisions(outer.estimated.priors, scaled))
        return gradient + prior_gradient(outer, scaled[None])[0], precision + prior

    def linearise(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gradients, matrices = zip(*map(linearise_one, scaled), strict=True)
        return np.array(gradients), np.array(matrices)

    def objective(vectors: int) -> Callable[[jax.Array], Evaluation]:
        return make_hierarchical_objective(hierarchical, solver, vectors)

    return Target(outer.estimated, cost, linearise, objective)


def _eliminate(
    hierarchical: Hierarchical, rows: Rows, by_signal: np.ndarray, by_noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Gauss-Newton matrix from the slopes of the signals and of the log sigmas [outer, signals]."""
    blots, blot, good = hierarchical.blots, hierarchical.blot, np.asarray(rows.ok[0])
    scale, offset = np.asarray(rows.solved.scale[0]), np.asarray(rows.solved.offset[0])
    factor, sigma = hierarchical.factor, np.asarray(rows.sigma[0])
    local = local_costs(hierarchical.problem, factor * np.asarray(rows.distance[0]) / sigma)
    is_log = blots.unit[blot] != 0
    per_value = np.where(is_log, blots.unit[blot] / np.where(good & is_log, rows.value[0], 1.0), 1.0)
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
