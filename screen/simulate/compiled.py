"""A function that XLA compiles once for arrays of a kind, whichever thread asks first."""

from collections.abc import Callable
from threading import Lock
from typing import Any

import jax
import numpy as np


class Compiled:
    """As `jax.jit`, but that threads that ask at once do not all compile, and that it can be compiled ahead."""

    def __init__(self, function: Callable[..., Any]):
        self.function, self.lock = jax.jit(function), Lock()
        self.made: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def for_kind(self, *arrays: Any) -> Callable[..., Any]:
        """What runs arrays of these shapes and types; a `jax.ShapeDtypeStruct` stands for an array."""
        kind = tuple((each.shape, np.dtype(each.dtype)) for each in arrays)
        with self.lock:
            if kind not in self.made:
                self.made[kind] = self.function.lower(*arrays).compile()
            return self.made[kind]

    def __call__(self, *arrays: Any) -> Any:
        """The function of the arrays."""
        return self.for_kind(*arrays)(*arrays)
