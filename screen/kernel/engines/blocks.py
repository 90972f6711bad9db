"""A batch of lanes walked in blocks of one width."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp


def in_blocks(function: Callable[[Any], Any], inputs: Any, widths: Mapping[str, int]) -> Any:
    """Apply a function of a block of lanes to block after block; the last one is filled with copies.

    `inputs` is a tuple of arrays with the lanes first; `widths` gives the lanes of a block per JAX backend.

    Every lane runs in a block of the same width, because XLA rounds differently at different widths.
    """
    width = widths.get(jax.default_backend(), widths["gpu"])
    lanes = len(inputs[0])
    blocks = -(-lanes // width)
    rows = jnp.minimum(jnp.arange(blocks * width), lanes - 1).reshape(blocks, width)
    outputs = jax.lax.map(lambda row: function(jax.tree.map(lambda leaf: leaf[row], inputs)), rows)
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:lanes], outputs)
