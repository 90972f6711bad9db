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

from screen.calibration.noise import Local, local_cost
from screen.calibration.priors import precisions
from screen.calibration.problem import Problem, measured_values
from screen.fit.boxed import damped_step, free_of
from screen.fit.objective import Predicted, posterior_cost, prior_cost
from screen.fit.sensitivity import Sensitivity

DAMPINGS = np.array([100.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.01, 0.001])
"""Dampings tried at each step, times the one that was best before."""

LEAST, MOST = 1e-3, 1e6
"""Bounds of the damping; a vector from which no step leads down even with the most of it is an end."""

REACH = 2.0
"""No parameter moves further than this many prior standard deviations in a step."""

PATIENCE = 2
"""The steps end when so many in a row bring less than the tolerance."""


class Curvature(NamedTuple):
    """Gradient [estimated] and expected second derivatives [estimated, estimated] of the cost."""

    gradient: np.ndarray
    precision: np.ndarray


class Polished(NamedTuple):
    """Where the steps ended: a scaled vector, its cost and what the cost looks like around it."""

    scaled: np.ndarray
    cost: float
    gradient_norm: float
    """Length of the gradient over what is not held at a bound, per prior standard deviation."""
    curvature: Curvature
    steps: int


def prior_precision(problem: Problem, scaled: np.ndarray) -> np.ndarray:
    """Curvature of minus the log prior [estimated] at a scaled vector.

    A parameter whose prior is flat, or that has none, counts as having the variance of a uniform distribution
    between its bounds.
    """
    estimated = problem.estimated
    precision = precisions(estimated.priors, scaled)
    return np.where(precision > 0, precision, 12.0 / (estimated.upper - estimated.lower) ** 2)


def local_costs(
    problem: Problem, found: Sensitivity, measured: np.ndarray | None = None, sigma: np.ndarray | None = None
) -> Local:
    """Derivatives of the cost of every measurement [measurements], 0 where it is hidden.

    `measured`, on the compared scale, and `sigma` stand for those of the problem where they are given.
    """
    measured = measured_values(problem) if measured is None else measured
    distance = (found.compared - measured) / (found.sigma if sigma is None else sigma)
    parts = np.zeros((len(Local._fields), len(distance)))
    for each in problem.observables:
        censored = problem.measurements.censored[each.rows]
        parts[:, each.rows] = local_cost(each.distribution, each.degrees, distance[each.rows], censored)
    return Local(*np.where(problem.measurements.shown, parts, 0.0))


def curvature(problem: Problem, scaled: np.ndarray, found: Sensitivity, touching: bool = False) -> Curvature:
    """First and expected second derivatives of minus the log posterior, from the sensitivities.

    With `touching`, the second derivatives in the predictions are those of parabolas that touch the cost from
    above, for steps that do not overshoot.
    """
    local = local_costs(problem, found)
    weight = local.weight if touching else local.curvature
    gradient = found.by_value.T @ local.slope + found.by_noise.T @ local.slope_log_sigma
    gradient += prior_gradient(problem, scaled[None])[0]
    precision = found.by_value.T @ (weight[:, None] * found.by_value)
    precision += found.by_noise.T @ (local.curvature_log_sigma[:, None] * found.by_noise)
    precision[np.diag_indices_from(precision)] += prior_precision(problem, scaled)
    return Curvature(gradient, precision)


def prior_gradient(problem: Problem, scaled: np.ndarray) -> np.ndarray:
    """Gradient of minus the log prior at scaled vectors [vectors, estimated]."""
    return np.asarray(jax.grad(lambda at: jnp.sum(prior_cost(problem, at)))(jnp.asarray(scaled)))


def polish(
    problem: Problem,
    predictor: Callable[[np.ndarray], Predicted],
    sensitivity: Callable[[np.ndarray], Sensitivity],
    scaled: np.ndarray,
    steps: int,
    tolerance: float,
    report: Callable[[str], None] = lambda line: None,
) -> Polished:
    """At most so many Gauss-Newton steps from a scaled vector; ends when two in a row bring < tolerance.

    A step that leads nowhere is damped further before it counts.
    """

    def costs(vectors: np.ndarray) -> np.ndarray:
        return posterior_cost(problem, vectors, predictor(vectors))

    bounds = problem.estimated.lower, problem.estimated.upper
    cost, slopes = float(costs(scaled[None])[0]), sensitivity(scaled)
    here = curvature(problem, scaled, slopes, touching=True)
    unit = 1 / np.sqrt(prior_precision(problem, scaled))
    damping, idle, step = 1.0, 0, 0
    while step < steps and idle < PATIENCE:
        trials = np.array(
            [
                damped_step(scaled, here.gradient, here.precision, bounds, unit, damping * factor, REACH)
                for factor in DAMPINGS
            ]
        )
        found = costs(trials)
        best = int(np.argmin(found))
        step += 1
        report(f"fit: gauss-newton {step}/{steps}, best {min(cost, found[best]):.4f}")
        if found[best] < cost:
            idle = idle + 1 if cost - found[best] < tolerance else 0
            scaled, cost = trials[best], float(found[best])
            slopes = sensitivity(scaled)
            here = curvature(problem, scaled, slopes, touching=True)
            damping = float(np.clip(damping * DAMPINGS[best], LEAST, MOST))
        elif damping >= MOST:
            break
        else:
            damping = min(damping * 100.0, MOST)
    free = free_of(scaled, here.gradient, *bounds)
    norm = float(np.linalg.norm((here.gradient * unit)[free]))
    return Polished(scaled, cost, norm, curvature(problem, scaled, slopes), step)
