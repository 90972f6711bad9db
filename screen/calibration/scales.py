"""The best scale, offset and sigma of every blot, given its signal; all blots of all starts at once.

A blot is a set of measurements that share value = offset + scale*signal and the kind of their noise.

- On a linear scale, scale and offset are the weighted linear regression inside their bounds.
- On a logarithmic scale with ratio = offset/scale, log(value) = log(scale) + log(ratio + signal): log(scale)
  is a mean, clipped to its bounds and those of the offset, and only the ratio is left. A sweep over its
  logarithm finds the valley and bisection of the slope its bottom; no start value is needed and none can be bad.
- sigma^2 is `correction` times the mean squared residual, inside its bounds.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

SWEEP, STEP = np.linspace(-25.0, 15.0, 33, retstep=True)
"""Logarithm of offset/(scale * largest signal) at which the valley is looked for, and from one to the next."""

BISECTIONS = 40
"""Halvings of the bracket around the valley; they leave 2e-12 of the logarithm of the ratio."""


@dataclass(frozen=True)
class Blots:
    """What is solved; W is the largest number of measurements of a blot, G the number of solved sigmas."""

    rows: np.ndarray
    """Measurements of each blot [blots, W], padded with 0."""
    member: np.ndarray
    """Which of them are there [blots, W]."""
    measured: np.ndarray
    """Measured values [blots, W]; their natural logarithm on a logarithmic scale."""
    unit: np.ndarray
    """What a natural logarithm is on the scale of the blot [blots]; 0 on a linear scale."""
    scale: np.ndarray
    """Bounds of the scale [blots, 2]; both 1 where it is not solved."""
    offset: np.ndarray
    """Bounds of the offset [blots, 2]; both 0 where it is not solved."""
    noise: np.ndarray
    """Solved sigma of each blot [blots]; -1 where sigma is given."""
    sigma: np.ndarray
    """Bounds of the solved sigmas [G, 2]."""


class Solved(NamedTuple):
    """The solution: scale and offset [vectors, blots], sigma [vectors, G], all linear."""

    scale: jax.Array
    offset: jax.Array
    sigma: jax.Array


def solve_blots(blots: Blots, signal: jax.Array, weight: jax.Array, correction: float) -> Solved:
    """Best scales, offsets and sigmas.

    signal, weight [vectors, measurements]; weight is 1/sigma^2 where sigma is given, 1 where it is solved,
    and 0 for a measurement that is left out.
    """
    x, w = signal[:, blots.rows], jnp.where(blots.member, weight[:, blots.rows], 0.0)
    scale, offset = jnp.ones(x.shape[:2]), jnp.zeros(x.shape[:2])
    for solve, chosen in ((_linear, blots.unit == 0), (_logarithmic, blots.unit != 0)):
        at = np.flatnonzero(chosen)
        if len(at):
            found = solve(x[:, at], w[:, at], blots.measured[at], blots.scale[at], blots.offset[at])
            scale, offset = scale.at[:, at].set(found[0]), offset.at[:, at].set(found[1])
    value = offset[..., None] + scale[..., None] * x
    is_log = blots.unit[:, None] != 0
    safe = jnp.where(is_log & (value > 0), value, 1.0)
    distance = jnp.where(
        is_log, blots.unit[:, None] * (jnp.log(safe) - blots.measured), value - blots.measured
    )
    present = (w > 0).astype(float)
    owner = blots.noise[:, None] == np.arange(len(blots.sigma))
    squares, count = (
        jnp.sum(each, axis=2) @ owner.astype(float) for each in (present * distance**2, present)
    )
    sigma = jnp.sqrt(correction * squares / jnp.maximum(count, 1.0))
    return Solved(scale, offset, jnp.clip(sigma, blots.sigma[:, 0], blots.sigma[:, 1]))


def _linear(x, w, y, scales, offsets):
    """Regression in a box: by the free slope inside its bounds, or with the offset at one of its own.

    The cost is convex: it is lowest where the slope is at a bound only if the free one lies beyond, or in a corner.
    """
    total = jnp.maximum(jnp.sum(w, axis=2), 1e-300)
    mean_x, mean_y = jnp.sum(w * x, axis=2) / total, jnp.sum(w * y, axis=2) / total
    dx = x - mean_x[..., None]
    spread = jnp.sum(w * dx**2, axis=2)
    slope = jnp.sum(w * dx * y, axis=2) / jnp.where(spread > 0, spread, 1.0)
    squares = jnp.maximum(jnp.sum(w * x**2, axis=2), 1e-300)

    def with_scale(scale):
        return scale, jnp.clip(mean_y - scale * mean_x, offsets[:, 0], offsets[:, 1])

    def with_offset(offset):
        scale = jnp.sum(w * x * (y - offset[..., None]), axis=2) / squares
        return jnp.clip(scale, scales[:, 0], scales[:, 1]), offset

    choices = [with_scale(jnp.clip(slope, scales[:, 0], scales[:, 1]))]
    choices += [with_offset(jnp.broadcast_to(end, slope.shape)) for end in offsets.T]
    every = jnp.stack([jnp.stack(choice) for choice in choices])
    off = every[:, 1][..., None] + every[:, 0][..., None] * x - y
    best = jnp.argmin(
        jnp.where(jnp.isfinite(every).all(axis=1), jnp.sum(w * off**2, axis=3), jnp.inf), axis=0
    )
    scale, offset = jnp.squeeze(jnp.take_along_axis(every, best[None, None], axis=0), axis=0)
    return scale, offset


def _logarithmic(x, w, y, scales, offsets):
    """Mean of the logarithms for the scale, sweep and bisection for the ratio of offset to scale.

    Where a signal is below 0, the ratio begins where all values are positive; a reading that no offset
    within the bounds lifts above 0 does not count.
    """
    (low, high), (first, last) = (np.log(np.maximum(each, 1e-300)).T for each in (scales, offsets))
    has_offset = offsets[:, 1] > offsets[:, 0]
    most = np.where(has_offset, offsets[:, 1] / np.maximum(scales[:, 0], 1e-300), 0.0)
    used = (w > 0) & (x > -most[:, None])
    w, lowest = jnp.where(used, w, 0.0), jnp.minimum(jnp.min(jnp.where(used, x, 0.0), axis=2), 0.0)
    x = jnp.where(used, x - lowest[..., None], 1.0)
    top = jnp.max(jnp.where(used, x, 0.0), axis=2)
    top = jnp.where(top > 0, top, 1.0)
    total = jnp.maximum(jnp.sum(w, axis=2), 1e-300)

    def fit(step):
        lift = jnp.where(has_offset, jnp.exp(step) * top, 0.0)
        ratio, value = lift - lowest, jnp.maximum(lift[..., None] + x, 1e-300)
        distance = jnp.log(value) - y
        floor, ceiling = (
            jnp.where(has_offset, end - jnp.log(ratio), none)
            for end, none in ((first, -jnp.inf), (last, jnp.inf))
        )
        free = -jnp.sum(w * distance, axis=2) / total
        log_scale = jnp.clip(jnp.clip(free, floor, ceiling), low, high)
        distance += log_scale[..., None]
        is_within = (floor <= high) & (low <= ceiling)
        is_tied = (log_scale == floor) | (log_scale == ceiling)
        slope = jnp.sum(w * distance / value, axis=2)
        slope -= jnp.where(is_tied, jnp.sum(w * distance, axis=2) / ratio, 0.0)
        cost = jnp.where(is_within, jnp.sum(w * distance**2, axis=2), jnp.inf)
        return log_scale, ratio, cost, jnp.where(is_within, slope > 0, ceiling < low)

    costs = jax.lax.map(lambda step: fit(step)[2], jnp.asarray(SWEEP))
    valley = jnp.asarray(SWEEP)[jnp.argmin(costs, axis=0)]
    bracket = valley - STEP, valley + STEP

    def halve(_, ends):
        left, right = ends
        middle = 0.5 * (left + right)
        rising = fit(middle)[3]
        return jnp.where(rising, left, middle), jnp.where(rising, middle, right)

    left, right = jax.lax.fori_loop(0, BISECTIONS, halve, bracket)
    log_scale, ratio, _, _ = fit(0.5 * (left + right))
    scale = jnp.exp(log_scale)
    return scale, jnp.clip(ratio * scale, offsets[:, 0], offsets[:, 1])
