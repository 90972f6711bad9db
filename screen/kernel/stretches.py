"""The stretches of time that every engine integrates one after another.

A phase begins where inputs change; inside a phase a rate law may switch at a time of its own (`piecewise`
in SBML). An engine stops exactly at both and starts afresh behind them, so no step straddles a jump.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from screen.kernel.straightline import emit_jax
from screen.network.algebra import Expression

_INSET = 4 * float(jnp.finfo(jnp.float64).eps)
"""Relative distance from the ends of a stretch at which rate laws are evaluated."""


def emit_edges(
    discontinuities: tuple[Expression, ...], parameter_names: tuple[str, ...]
) -> Callable[[Array, Array, Array], Array]:
    """A function of one lane's parameters [phases, parameters], switches [phases] and end.

    It returns the edges [phases * cuts + 1, ascending] of the stretches, with cuts = 1 + the number of
    discontinuities; stretch s belongs to phase s // cuts. Stretches may be empty; none passes the end.
    """
    thresholds = emit_jax(discontinuities, parameter_names)

    def edges(parameters: Array, switches: Array, end: Array) -> Array:
        bounds = jnp.append(jnp.minimum(switches, end), end)
        inner = [jnp.broadcast_to(value, switches.shape) for value in thresholds(*parameters.T)]
        cuts = jnp.stack([bounds[:-1], *(jnp.clip(cut, bounds[:-1], bounds[1:]) for cut in inner)], axis=-1)
        return jnp.append(jnp.sort(cuts, axis=-1).ravel(), end)

    return edges


def inside(time: Array, start: Array, end: Array) -> Array:
    """The time, moved off the two ends of a stretch so that a switch there is seen from the inside."""
    inset = _INSET * jnp.maximum(jnp.abs(start), jnp.abs(end))
    return jnp.clip(time, start + inset, end - inset)
