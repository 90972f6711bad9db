"""How the cost of a calibration problem bends: its gradient and Gauss-Newton matrix from the sensitivities."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.noise import Local, local_cost
from screen.calibration.priors import Prior, precisions
from screen.calibration.problem import Estimated, Problem, measured_values
from screen.fit.gauss_newton import Box, gram
from screen.fit.objective import cost_of
from screen.fit.sensitivity import Sensitivity


class Curvature(NamedTuple):
    """Gradient [estimated] and expected second derivatives [estimated, estimated] of the cost."""

    gradient: np.ndarray
    precision: np.ndarray


def prior_precision(problem: Problem, scaled: np.ndarray) -> np.ndarray:
    """Curvature of minus the log prior [estimated] at a scaled vector.

    A parameter whose prior is flat, or that has none, counts as having the variance of a uniform distribution
    between its bounds.
    """
    estimated = problem.estimated
    precision = precisions(estimated.priors, scaled)
    return np.where(precision > 0, precision, 12.0 / (estimated.upper - estimated.lower) ** 2)


def box_of(estimated: Estimated) -> Box:
    """The bounds of the parameters, and what their steps count in."""
    return Box(estimated.lower, estimated.upper, estimated.units)


def local_costs(problem: Problem, z: np.ndarray) -> Local:
    """Derivatives of the cost of measurements whose predictions lie z sigma above them [measurements].

    0 for a measurement that is hidden.
    """
    parts = np.zeros((len(Local._fields), len(z)))
    for each in problem.observables:
        censored = problem.measurements.censored[each.rows]
        parts[:, each.rows] = local_cost(each.distribution, each.degrees, z[each.rows], censored)
    return Local(*np.where(problem.measurements.shown, parts, 0.0))


def curvature(problem: Problem, scaled: np.ndarray, found: Sensitivity, touching: bool = False) -> Curvature:
    """First and expected second derivatives of minus the log posterior, from the sensitivities.

    With `touching`, the second derivatives in the predictions are those of parabolas that touch the cost from
    above, for steps that do not overshoot.
    """
    local = local_costs(problem, (found.compared - measured_values(problem)) / found.sigma)
    weight = local.weight if touching else local.curvature
    gradient = found.by_value.T @ local.slope + found.by_noise.T @ local.slope_log_sigma
    gradient += prior_gradient(problem, scaled[None])[0]
    precision = gram(found.by_value, weight) + gram(found.by_noise, local.curvature_log_sigma)
    precision[np.diag_indices_from(precision)] += prior_precision(problem, scaled)
    return Curvature(gradient, precision)


def prior_gradient(problem: Problem, scaled: np.ndarray) -> np.ndarray:
    """Gradient of minus the log prior at scaled vectors [vectors, estimated]."""
    return np.asarray(_gradient_of(problem.estimated.priors, jnp.asarray(scaled)))


@partial(jax.jit, static_argnums=0)
def _gradient_of(priors: tuple[Prior | None, ...], scaled: jax.Array) -> jax.Array:
    return jax.grad(lambda at: jnp.sum(cost_of(priors, at)))(scaled)
