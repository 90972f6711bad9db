"""The stretches of time that every engine integrates one after another.

A phase begins where inputs change; inside a phase a rate law may switch at a time of its own (`piecewise`
in SBML). An engine stops exactly at both and starts afresh behind them, so no step straddles a jump.
"""

import jax.numpy as jnp
from jax import Array

from screen.kernel.symbolic.analysis import System
from screen.kernel.symbolic.evaluate import run

_INSET = 4 * float(jnp.finfo(jnp.float64).eps)
"""Relative distance from the ends of a stretch at which rate laws are evaluated."""


def edges(system: System, parameters: Array, switches: Array, end: Array) -> Array:
    """Edges of the stretches [..., phases * cuts + 1], ascending; stretch s belongs to phase s // cuts.

    parameters [..., phases, parameters], switches [..., phases], end [...]; cuts is 1 + the number of
    times at which the rate laws switch. Stretches may be empty; none passes the end.
    """
    last = end[..., None]
    bounds = jnp.concatenate([jnp.minimum(switches, last), last], axis=-1)
    low, high = bounds[..., :-1], bounds[..., 1:]
    breaks = run(system.breaks, {"parameter": jnp.moveaxis(parameters, -1, 0)})
    cuts = jnp.stack([low, *(jnp.clip(when, low, high) for when in breaks)], axis=-1)
    return jnp.concatenate([jnp.sort(cuts, axis=-1).reshape(*low.shape[:-1], -1), last], axis=-1)


def hoisted(system: System, parameters: Array) -> Array:
    """What depends on parameters alone [hoisted, ...], from parameters [..., parameters]."""
    values = run(system.hoist, {"parameter": jnp.moveaxis(parameters, -1, 0)})
    shape = parameters.shape[:-1]
    rows = [jnp.broadcast_to(jnp.asarray(value, parameters.dtype), shape) for value in values]
    return jnp.stack(rows) if rows else jnp.zeros((0, *shape), parameters.dtype)


def inside(time: Array, start: Array, end: Array) -> Array:
    """The time, moved off the two ends of a stretch so that a switch there is seen from the inside."""
    inset = _INSET * jnp.maximum(jnp.abs(start), jnp.abs(end))
    return jnp.clip(time, start + inset, end - inset)
