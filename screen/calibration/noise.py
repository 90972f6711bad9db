"""Noise of a reading: what a distance between prediction and measurement costs, by distribution.

Distances are in units of sigma. A reading that its instrument could not tell from background is censored:
it says "at most this", and costs minus the log of the probability of that. Its slope is the hazard, density
over probability, so that one formula serves every distribution.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betainc, gammaln, log_ndtr

KINK = 0.05
"""Distances below this, in sigma, have the weight of this one: a cost may have a kink at 0."""


@dataclass(frozen=True)
class Noise:
    """A distribution around zero of unit scale; `degrees` are those of freedom, read by Student's t only."""

    cost: Callable[[Any, float], Any]
    """Minus the log density of a distance."""
    slope: Callable[[Any, float], Any]
    """Derivative of the cost (numpy)."""
    cumulative: Callable[[Any, float], Any]
    """Log of the probability to lie at or below a distance."""
    by_value: Callable[[float], float]
    """Expected curvature of the cost in the prediction."""
    by_log_sigma: Callable[[float], float]
    """Expected curvature of the cost in log sigma."""
    draw: Callable[[np.random.Generator, int, float], np.ndarray]
    """So many random distances."""
    sd: Callable[[float], float]
    """Standard deviation of a distance; infinite where the tails are too long to have one."""


def _student_cost(z: Any, degrees: float) -> Any:
    norm = gammaln(degrees / 2) - gammaln((degrees + 1) / 2) + 0.5 * np.log(degrees * np.pi)
    return norm + 0.5 * (degrees + 1) * jnp.log1p(z**2 / degrees)


def _student_cumulative(z: Any, degrees: float) -> Any:
    outer = 0.5 * betainc(degrees / 2, 0.5, degrees / (degrees + z**2))
    return jnp.where(z < 0, jnp.log(outer), jnp.log1p(-outer))


NOISE: dict[str, Noise] = {
    "normal": Noise(
        cost=lambda z, degrees: 0.5 * z**2 + 0.5 * np.log(2 * np.pi),
        slope=lambda z, degrees: z,
        cumulative=lambda z, degrees: log_ndtr(z),
        by_value=lambda degrees: 1.0,
        by_log_sigma=lambda degrees: 2.0,
        draw=lambda rng, count, degrees: rng.standard_normal(count),
        sd=lambda degrees: 1.0,
    ),
    "laplace": Noise(
        cost=lambda z, degrees: jnp.abs(z) + np.log(2.0),
        slope=lambda z, degrees: np.sign(z),
        cumulative=lambda z, degrees: jnp.where(
            z < 0, z - np.log(2.0), jnp.log1p(-0.5 * jnp.exp(-jnp.abs(z)))
        ),
        by_value=lambda degrees: 1.0,
        by_log_sigma=lambda degrees: 1.0,
        draw=lambda rng, count, degrees: rng.laplace(size=count),
        sd=lambda degrees: 2.0**0.5,
    ),
    "student": Noise(
        cost=_student_cost,
        slope=lambda z, degrees: (degrees + 1) * z / (degrees + z**2),
        cumulative=_student_cumulative,
        by_value=lambda degrees: (degrees + 1) / (degrees + 3),
        by_log_sigma=lambda degrees: 2 * degrees / (degrees + 3),
        draw=lambda rng, count, degrees: rng.standard_t(degrees, count),
        sd=lambda degrees: (degrees / (degrees - 2)) ** 0.5 if degrees > 2 else float("inf"),
    ),
}
"""Distribution -> noise. `student` is PEtab's `normal` with the further column `degreesOfFreedom`."""


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _censored(distribution: str, degrees: float, z: jax.Array) -> jax.Array:
    return -NOISE[distribution].cumulative(-z, degrees)


@_censored.defjvp
def _censored_slope(distribution, degrees, primals, tangents):
    cost = _censored(distribution, degrees, *primals)
    hazard = jnp.exp(cost - NOISE[distribution].cost(primals[0], degrees))
    return cost, hazard * tangents[0]


def reading_cost(
    distribution: str, degrees: float, z: jax.Array, sigma: jax.Array, censored: np.ndarray
) -> jax.Array:
    """Minus the log likelihood of readings whose prediction lies z sigma above them; differentiable."""
    plain = NOISE[distribution].cost(z, degrees) + jnp.log(sigma)
    return jnp.where(censored, _censored(distribution, degrees, z), plain) if censored.any() else plain


class Local(NamedTuple):
    """First and expected second derivatives of the cost of readings, in the prediction over sigma and in log sigma."""

    slope: np.ndarray
    slope_log_sigma: np.ndarray
    curvature: np.ndarray
    curvature_log_sigma: np.ndarray
    weight: np.ndarray
    """Curvature of the parabola that lies above the cost and touches it here: steps with it do not overshoot
    where the noise has long tails (iteratively reweighted least squares)."""


def local_cost(distribution: str, degrees: float, z: np.ndarray, censored: np.ndarray) -> Local:
    """Derivatives at distances z (numpy); of a censored reading the second are those found, not expected."""
    noise = NOISE[distribution]
    slope = noise.slope(z, degrees)
    hazard = np.ones(np.shape(z))
    if censored.any():
        excess = np.asarray(_censored(distribution, degrees, jnp.asarray(z)) - noise.cost(z, degrees))
        hazard = np.exp(np.where(censored, excess, 0.0))
    bend = np.maximum(hazard * (hazard - slope), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        touching = np.where(np.abs(z) > KINK, slope / z, noise.slope(np.array(KINK), degrees) / KINK)
    return Local(
        slope=np.where(censored, hazard, slope),
        slope_log_sigma=np.where(censored, -z * hazard, 1.0 - z * slope),
        curvature=np.where(censored, bend, noise.by_value(degrees)),
        curvature_log_sigma=np.where(censored, z**2 * bend, noise.by_log_sigma(degrees)),
        weight=np.where(censored, bend, touching),
    )
