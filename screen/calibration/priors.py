"""Prior distributions of parameters: one line each, everything else reads the table.

A distribution lives on the scale of the parameter (`parameterScale...`) or on its linear value, as in
PEtab. Densities are not renormalised for the bounds, except those of PEtab 2, by the mass that lies within these.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln

from screen.calibration.scale import SCALES


@dataclass(frozen=True)
class Distribution:
    """A prior of two numbers (centre and width, lower and upper, shape and scale), or of the first alone."""

    cost: Callable[[Any, Any, Any], Any]
    """Minus the log density."""
    sample: Callable[[np.random.Generator, float, float], float]
    on_scale: bool
    """Whether the density is over the scaled value; over the linear value otherwise."""
    between: bool = False
    """Whether the numbers are a lower and an upper end; otherwise the second is a width."""
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


def _log_uniform(x, lower, upper):
    return jnp.log(x) + jnp.log(jnp.log(upper / lower))


def _cauchy(x, centre, width):
    return np.log(np.pi) + jnp.log(width) + jnp.log1p(((x - centre) / width) ** 2)


def _gamma(x, shape, scale):
    return gammaln(shape) + shape * jnp.log(scale) - (shape - 1) * jnp.log(x) + x / scale


def _rayleigh(x, scale, unused):
    return 2 * jnp.log(scale) - jnp.log(x) + 0.5 * (x / scale) ** 2


def _draw_normal(rng, mean, sd):
    return rng.normal(mean, sd)


def _draw_laplace(rng, mean, width):
    return rng.laplace(mean, width)


def _draw_uniform(rng, lower, upper):
    return rng.uniform(lower, upper)


DISTRIBUTIONS: dict[str, Distribution] = {
    "parameterScaleNormal": Distribution(_normal, _draw_normal, on_scale=True),
    "parameterScaleLaplace": Distribution(_laplace, _draw_laplace, on_scale=True, kinked=True),
    "parameterScaleUniform": Distribution(_uniform, _draw_uniform, on_scale=True, between=True),
    "normal": Distribution(_normal, _draw_normal, on_scale=False),
    "laplace": Distribution(_laplace, _draw_laplace, on_scale=False, kinked=True),
    "uniform": Distribution(_uniform, _draw_uniform, on_scale=False, between=True),
    "logNormal": Distribution(_log_normal, lambda rng, mean, sd: rng.lognormal(mean, sd), on_scale=False),
    "logLaplace": Distribution(
        _log_laplace,
        lambda rng, mean, width: float(np.exp(rng.laplace(mean, width))),
        on_scale=False,
        kinked=True,
    ),
    "logUniform": Distribution(
        _log_uniform,
        lambda rng, lower, upper: float(np.exp(rng.uniform(np.log(lower), np.log(upper)))),
        on_scale=False,
        between=True,
    ),
    "cauchy": Distribution(
        _cauchy, lambda rng, centre, width: centre + width * rng.standard_cauchy(), on_scale=False
    ),
    "gamma": Distribution(_gamma, lambda rng, shape, scale: rng.gamma(shape, scale), on_scale=False),
    "chiSquare": Distribution(
        lambda x, degrees, unused: _gamma(x, degrees / 2, 2.0),
        lambda rng, degrees, unused: rng.chisquare(degrees),
        on_scale=False,
    ),
    "exponential": Distribution(
        lambda x, scale, unused: _gamma(x, 1.0, scale),
        lambda rng, scale, unused: rng.exponential(scale),
        on_scale=False,
    ),
    "rayleigh": Distribution(_rayleigh, lambda rng, scale, unused: rng.rayleigh(scale), on_scale=False),
}
"""PEtab name -> distribution; those behind `logLaplace` are of PEtab 2 alone."""


def two_numbers(text: str) -> tuple[float, float]:
    """The numbers of a prior as they stand in a table; the second is 1 where it needs none.

    >>> two_numbers("0;0.7"), two_numbers("4.0")
    ((0.0, 0.7), (4.0, 1.0))
    """
    first, _, second = text.partition(";")
    return float(first), float(second or 1)


def must_hold(kind: str, first: float, second: float) -> str:
    """What the two numbers of a prior break, as the end of `must ...`; empty where they are sound."""
    if DISTRIBUTIONS[kind].between:
        if kind == "logUniform" and first <= 0:
            return "have positive ends"
        return "" if first < second else "have the lower end first"
    return "" if second > 0 else "have a positive width"


@dataclass(frozen=True)
class Prior:
    """What is believed of a parameter before the data; with arrays of numbers, of several of one kind."""

    kind: str
    first: Any
    second: Any
    scale: str
    mass: Any = 1.0
    """Share of the distribution that the parameter may have."""

    @property
    def ends(self) -> tuple[float, float]:
        """The scaled values between which a level prior has density; infinite for every other."""
        distribution = DISTRIBUTIONS[self.kind]
        if not distribution.between:
            return -np.inf, np.inf
        if distribution.on_scale or self.scale == "lin":
            return self.first, self.second
        with np.errstate(divide="ignore"):
            low, high = (float(SCALES[self.scale].scaled(max(end, 0.0))) for end in (self.first, self.second))
        return low, high

    def cost(self, scaled: jax.Array) -> jax.Array:
        """Minus the log density at a scaled value; differentiable."""
        distribution = DISTRIBUTIONS[self.kind]
        value = scaled if distribution.on_scale else SCALES[self.scale].linear(scaled)
        return distribution.cost(value, self.first, self.second) + np.log(self.mass)

    def precision(self, scaled: Any) -> np.ndarray:
        """Curvature of the cost at scaled values; never negative."""
        at = jnp.asarray(scaled, dtype=float)
        slope = jax.grad(lambda each: jnp.sum(self.cost(each)))
        if DISTRIBUTIONS[self.kind].kinked:
            return np.asarray(slope(at)) ** 2
        return np.maximum(np.asarray(jax.jvp(slope, (at,), (jnp.ones_like(at),))[1]), 0.0)

    def sample(self, rng: np.random.Generator) -> float:
        """One draw, as a scaled value; what a logarithmic scale does not hold lies at its lower end."""
        distribution = DISTRIBUTIONS[self.kind]
        drawn = distribution.sample(rng, self.first, self.second)
        if not (distribution.on_scale or self.scale == "lin"):
            drawn = max(drawn, float(np.finfo(float).tiny))
        return float(drawn if distribution.on_scale else SCALES[self.scale].scaled(drawn))


def grouped(priors: Sequence[Prior | None]) -> Iterator[tuple[np.ndarray, Prior]]:
    """Priors of one kind and scale together, with their places; those that are None are left out."""
    known = [(place, prior) for place, prior in enumerate(priors) if prior is not None]
    for kind, scale in dict.fromkeys((prior.kind, prior.scale) for _, prior in known):
        group = [(place, prior) for place, prior in known if (prior.kind, prior.scale) == (kind, scale)]
        first, second, mass = (
            np.array(side) for side in zip(*((p.first, p.second, p.mass) for _, p in group), strict=True)
        )
        yield np.array([place for place, _ in group]), Prior(kind, first, second, scale, mass)


def precisions(priors: Sequence[Prior | None], scaled: np.ndarray) -> np.ndarray:
    """Curvature of minus the log prior [priors] at a scaled vector; 0 for a flat prior or none."""
    found = np.zeros(len(priors))
    for places, together in grouped(priors):
        found[places] = together.precision(scaled[places])
    return found
