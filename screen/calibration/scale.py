"""The scales of parameters and observables: one line each, everything else reads the table.

Functions take floats, numpy arrays and, so that they can be differentiated, arrays of JAX.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

LN10 = float(np.log(10.0))


def _call(name: str) -> Callable[[Any], Any]:
    """The function of that name, of JAX for its arrays and of numpy for everything else."""
    return lambda value: getattr(jnp if isinstance(value, jax.Array) else np, name)(value)


_log, _log10, _exp = _call("log"), _call("log10"), _call("exp")


class Scale(NamedTuple):
    """What a scale does to values."""

    scaled: Callable[[Any], Any]
    """Of linear values."""
    linear: Callable[[Any], Any]
    """Of scaled values."""
    slope: Callable[[Any], Any]
    """d linear / d scaled at linear values; its logarithm makes densities those of the linear value."""
    per_e_fold: float
    """What a natural logarithm is on it; 0 where it is linear."""


SCALES = {
    "lin": Scale(lambda value: value, lambda scaled: scaled, lambda value: 0.0 * value + 1.0, 0.0),
    "log": Scale(_log, _exp, lambda value: value, 1.0),
    "log10": Scale(_log10, lambda scaled: _exp(LN10 * scaled), lambda value: LN10 * value, 1.0 / LN10),
}
"""PEtab name -> scale."""


def rescaled(values: Any, scales: Sequence[str], to: Literal["scaled", "linear"]) -> Any:
    """Values [..., names] of which each column has its own of the scales [names]; one call for each different scale."""
    columns = {scale: np.flatnonzero(np.array(scales) == scale) for scale in dict.fromkeys(scales)}
    parts = [getattr(SCALES[scale], to)(values[..., places]) for scale, places in columns.items()]
    order = np.argsort(np.concatenate(list(columns.values())))
    return (jnp if isinstance(values, jax.Array) else np).concatenate(parts, axis=-1)[..., order]
