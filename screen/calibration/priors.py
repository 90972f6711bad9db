"""Prior distributions of parameters: one line each, everything else reads the table.

A distribution lives on the scale of the parameter (`parameterScale...`) or on its linear value, as in
PEtab. Densities are not renormalised for the bounds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.scale import SCALES


@dataclass(frozen=True)
class Distribution:
    """A prior of two numbers (centre and width, or lower and upper)."""

    cost: Callable[[Any, Any, Any], Any]
    """Minus the log density."""
    sample: Callable[[np.random.Generator, float, float], float]
    on_scale: bool
    """Whether the density is over the scaled value; over the linear value otherwise."""
    kinked: bool = False
    """Whether the curvature sits in a kink, so that it is the squared slope that counts."""


def _normal(x, mean, sd):
    return 0.5 * ((x - mean) / sd) ** 2 + np.log(sd * np.sqrt(2 * np.pi))


def _laplace(x, mean, width):
    return jnp.abs(x - mean) / width + np.log(2 * width)


def _log_normal(x, mean, sd):
    return _normal(jnp.log(x), mean, sd) + jnp.log(x)


def _log_laplace(x, mean, width):
    return _laplace(jnp.log(x), mean, width) + jnp.log(x)


def _uniform(x, lower, upper):
    return np.log(upper - lower) + 0.0 * x


def _draw_normal(rng, mean, sd):
    return rng.normal(mean, sd)


def _draw_laplace(rng, mean, width):
    return rng.laplace(mean, width)


def _draw_uniform(rng, lower, upper):
    return rng.uniform(lower, upper)


DISTRIBUTIONS: dict[str, Distribution] = {
    "parameterScaleNormal": Distribution(_normal, _draw_normal, on_scale=True),
    "parameterScaleLaplace": Distribution(_laplace, _draw_laplace, on_scale=True, kinked=True),
    "parameterScaleUniform": Distribution(_uniform, _draw_uniform, on_scale=True),
    "normal": Distribution(_normal, _draw_normal, on_scale=False),
    "laplace": Distribution(_laplace, _draw_laplace, on_scale=False, kinked=True),
    "uniform": Distribution(_uniform, _draw_uniform, on_scale=False),
    "logNormal": Distribution(_log_normal, lambda rng, mean, sd: rng.lognormal(mean, sd), on_scale=False),
    "logLaplace": Distribution(
        _log_laplace,
        lambda rng, mean, width: float(np.exp(rng.laplace(mean, width))),
        on_scale=False,
        kinked=True,
    ),
}
"""PEtab name -> distribution."""


@dataclass(frozen=True)
class Prior:
    """What is believed of a parameter before the data; with arrays of numbers, of several of one kind."""

    kind: str
    first: Any
    second: Any
    scale: str

    def cost(self, scaled: jax.Array) -> jax.Array:
        """Minus the log density at a scaled value; differentiable."""
        distribution = DISTRIBUTIONS[self.kind]
        value = scaled if distribution.on_scale else SCALES[self.scale].linear(scaled)
        return distribution.cost(value, self.first, self.second)

    def precision(self, scaled: Any) -> np.ndarray:
        """Curvature of the cost at scaled values; never negative."""
        at = jnp.asarray(scaled, dtype=float)
        slope = jax.grad(lambda each: jnp.sum(self.cost(each)))
        if DISTRIBUTIONS[self.kind].kinked:
            return np.asarray(slope(at)) ** 2
        return np.maximum(np.asarray(jax.jvp(slope, (at,), (jnp.ones_like(at),))[1]), 0.0)

    def sample(self, rng: np.random.Generator) -> float:
        """One draw, as a scaled value."""
        distribution = DISTRIBUTIONS[self.kind]
        drawn = distribution.sample(rng, self.first, self.second)
        return float(drawn if distribution.on_scale else SCALES[self.scale].scaled(drawn))


def grouped(priors: Sequence[Prior | None]) -> Iterator[tuple[np.ndarray, Prior]]:
    """Priors of one kind and scale together, with their places; those that are None are left out."""
    known = [(place, prior) for place, prior in enumerate(priors) if prior is not None]
    for kind, scale in dict.fromkeys((prior.kind, prior.scale) for _, prior in known):
        group = [(place, prior) for place, prior in known if (prior.kind, prior.scale) == (kind, scale)]
        first, second = (
            np.array(side) for side in zip(*((p.first, p.second) for _, p in group), strict=True)
        )
        yield np.array([place for place, _ in group]), Prior(kind, first, second, scale)


def precisions(priors: Sequence[Prior | None], scaled: np.ndarray) -> np.ndarray:
    """Curvature of minus the log prior [priors] at a scaled vector; 0 for a flat prior or none."""
    found = np.zeros(len(priors))
    for places, together in grouped(priors):
        found[places] = together.precision(scaled[places])
    return found
