"""Calls of handlers that know one batch alone: under `vmap` a batch of batches of lanes, or of rows, is one of them."""

from collections.abc import Callable, Sequence
from functools import cache

import jax
import jax.numpy as jnp
from jax import Array


def flattened(size: int, batched: Sequence[bool], arrays: Sequence[Array]) -> tuple[Array, ...]:
    """Arrays of a batch of batches of lanes as those of one batch; what all have in common is copied."""
    full = (
        each if is_batched else jnp.broadcast_to(each, (size, *each.shape))
        for each, is_batched in zip(arrays, batched, strict=True)
    )
    return tuple(each.reshape(-1, *each.shape[2:]) for each in full)


@cache
def rows_back(target: str, options: tuple, solved: int, whole: int = 0) -> Callable[..., tuple[Array, Array]]:
    """Adjoints of the first two arrays, one row a cotangent, by a handler that takes rows.

    The first `solved` arrays have one entry a lane, the next `whole` ones are of all lanes together, the others have
    one entry a row: its lane, perhaps the output at which its cotangents begin, and these. However many rows a lane
    has, its steps are taken and factorised once. Under `vmap` of the cotangents alone there are more rows, under any
    other also more lanes.
    """

    @jax.custom_batching.custom_vmap
    def back(*arrays: Array) -> tuple[Array, Array]:
        rows = len(arrays[-1])
        outputs = tuple(jax.ShapeDtypeStruct((rows, *each.shape[1:]), each.dtype) for each in arrays[:2])
        by_parameters, by_state = jax.ffi.ffi_call(target, outputs)(*arrays, **dict(options))
        return by_parameters, by_state

    @back.def_vmap
    def _(
        size: int, batched: Sequence[bool], *arrays: Array
    ) -> tuple[tuple[Array, Array], tuple[bool, bool]]:
        lanes, rows = arrays[0].shape[1 if batched[0] else 0], arrays[-1].shape[1 if batched[-1] else 0]
        copied, rest = any(batched[:solved]), solved + whole
        of_lanes = flattened(size, batched[:solved], arrays[:solved]) if copied else arrays[:solved]
        of_all = (
            each[0] if is_batched else each  # they are the same in all batches
            for each, is_batched in zip(arrays[solved:rest], batched[solved:rest], strict=True)
        )
        lane, *asked = flattened(size, batched[rest:], arrays[rest:])
        if copied:
            lane = lane + lanes * jnp.repeat(jnp.arange(size, dtype=lane.dtype), rows)
        found = back(*of_lanes, *of_all, lane, *asked)
        return tuple(each.reshape(size, rows, *each.shape[1:]) for each in found), (True, True)

    return back
