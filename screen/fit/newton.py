"""The last stretch of a fit: damped Gauss-Newton steps from the best start, and the curvature they leave.

Predictions are nearly linear in the parameters close to the optimum, and the priors bound every direction
that the data leave open. Levenberg and Marquardt's damping, in units of the prior, then reaches in a dozen
steps what gradient descent needs hundreds for. Several dampings are tried in one engine call.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.fit.noise import local_cost
from screen.fit.objective import Predicted, posterior_cost, prior_cost
from screen.fit.priors import TO_SCALE
from screen.fit.problem import Problem
from screen.fit.sensitivity import Sensitivity

DAMPINGS = np.array([100.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.01, 0.001])
"""Dampings tried at each step, times the one that was best before."""

LARGEST_STEP = 2.0
"""No parameter moves further than this many prior standard deviations in a step."""

INSET = 1e-9
"""Share of the range that a step stays away from a bound."""


class Curvature(NamedTuple):
    """Gradient [estimated] and expected second derivatives [estimated, estimated] of the cost."""

    gradient: np.ndarray
    precision: np.ndarray


class Polished(NamedTuple):
    """Where the steps ended: a scaled vector, its cost and what the cost looks like around it."""

    scaled: np.ndarray
    cost: float
    gradient_norm: float
    """Length of the gradient, per prior standard deviation."""
    curvature: Curvature
    steps: int


def prior_precision(problem: Problem, scaled: np.ndarray) -> np.ndarray:
    """Curvature of minus the log prior [estimated] at a scaled vector.

    A parameter without prior counts as having the variance of a uniform distribution between its bounds.
    """
    estimated = problem.estimated
    box = 12.0 / (estimated.upper - estimated.lower) ** 2
    return np.array(
        [
            box[place] if prior is None else prior.precision(scaled[place])
            for place, prior in enumerate(estimated.priors)
        ]
    )


def curvature(problem: Problem, scaled: np.ndarray, found: Sensitivity) -> Curvature:
    """First and expected second derivatives of minus the log posterior, from the sensitivities."""
    slope, excess = np.zeros_like(found.sigma), np.zeros_like(found.sigma)
    weight, noise_weight = np.zeros_like(found.sigma), np.zeros_like(found.sigma)
    for each in problem.observables:
        rows = each.rows
        measured = TO_SCALE[each.transformation](problem.measurements.value[rows])
        distance = (found.compared[rows] - measured) / found.sigma[rows]
        local = local_cost(each.distribution, each.degrees, distance, problem.measurements.censored[rows])
        slope[rows], excess[rows] = local.slope, local.slope_log_sigma
        weight[rows], noise_weight[rows] = local.curvature, local.curvature_log_sigma
    gradient = found.by_value.T @ slope + found.by_noise.T @ excess + _prior_gradient(problem, scaled)
    precision = found.by_value.T @ (weight[:, None] * found.by_value)
    precision += found.by_noise.T @ (noise_weight[:, None] * found.by_noise)
    precision[np.diag_indices_from(precision)] += prior_precision(problem, scaled)
    return Curvature(gradient, precision)


def _prior_gradient(problem: Problem, scaled: np.ndarray) -> np.ndarray:
    return np.asarray(jax.grad(lambda at: prior_cost(problem, at[None])[0])(jnp.asarray(scaled)))


def polish(
    problem: Problem,
    predictor: Callable[[np.ndarray], Predicted],
    sensitivity: Callable[[np.ndarray], Sensitivity],
    scaled: np.ndarray,
    steps: int,
    tolerance: float,
    report: Callable[[str], None] = lambda line: None,
) -> Polished:
    """At most so many Gauss-Newton steps from a scaled vector; ends when two in a row bring < tolerance."""

    def costs(vectors: np.ndarray) -> np.ndarray:
        return posterior_cost(problem, vectors, predictor(vectors))

    estimated = problem.estimated
    inset = INSET * (estimated.upper - estimated.lower)
    cost = float(costs(scaled[None])[0])
    damping, idle, step = 1.0, 0, 0
    while step < steps and idle < 2:
        gradient, precision = curvature(problem, scaled, sensitivity(scaled))
        prior = prior_precision(problem, scaled)
        trials = []
        for factor in damping * DAMPINGS:
            move = -np.linalg.solve(precision + factor * np.diag(prior), gradient)
            move = np.clip(move, -LARGEST_STEP / np.sqrt(prior), LARGEST_STEP / np.sqrt(prior))
            trials.append(np.clip(scaled + move, estimated.lower + inset, estimated.upper - inset))
        found = costs(np.array(trials))
        best = int(np.argmin(found))
        idle = idle + 1 if cost - found[best] < tolerance else 0
        if found[best] < cost:
            scaled, cost = trials[best], float(found[best])
            damping = float(np.clip(damping * DAMPINGS[best], 1e-3, 1e6))
        else:
            damping = min(damping * 100.0, 1e6)
        step += 1
        report(f"fit: gauss-newton {step}/{steps}, best {cost:.4f}")
    last = curvature(problem, scaled, sensitivity(scaled))
    norm = float(np.linalg.norm(last.gradient / np.sqrt(prior_precision(problem, scaled))))
    return Polished(scaled, cost, norm, last, step)
