"""Run a straight-line program on arrays: NumPy, or JAX, or JAX tracers.

Values may be numbers or arrays of any shape that broadcasts, so one program serves a single state, a
batch on [lane] vectors and a grid of times.
"""

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import jax.numpy as jnp

from screen.kernel.symbolic.program import INPUTS, Program


def run(program: Program, inputs: Mapping[str, Any], arrays: ModuleType = jnp) -> list[Any]:
    """The results of a program.

    `inputs` has "time" and the sequences "state", "hoisted", "parameter" and "cotangent", as far as the
    program reads them; `arrays` is jax.numpy or numpy.
    """
    values: list[Any] = []
    for op, *args in program.code:
        if op == "constant":
            values.append(args[0])
        elif op == "time":
            values.append(inputs["time"])
        elif op in INPUTS:
            values.append(inputs[op][args[0]])
        else:
            values.append(OPERATIONS[op](arrays, *(values[a] for a in args)))
    return [values[output] for output in program.outputs]


def stack(values: Sequence[Any], arrays: ModuleType = jnp) -> Any:
    """Results as one float64 array with the results along the last axis."""
    if not values:
        raise ValueError("stack: there must be at least one result, found none")
    return arrays.stack(
        arrays.broadcast_arrays(*(arrays.asarray(v, dtype="float64") for v in values)), axis=-1
    )


def _power(arrays: Any, base: Any, exponent: Any) -> Any:
    """A base below 0 with a broken exponent counts as 0: a concentration below 0 is rounding."""
    whole = exponent == arrays.floor(exponent)
    return arrays.power(arrays.where((base < 0) & ~whole, 0.0, base), exponent)


def _compare(name: str) -> Callable[..., Any]:
    return lambda arrays, a, b: arrays.where(getattr(arrays, name)(a, b), 1.0, 0.0)


def _function(name: str) -> Callable[..., Any]:
    return lambda arrays, *args: getattr(arrays, name)(*args)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda arrays, a, b: a + b,
    "sub": lambda arrays, a, b: a - b,
    "mul": lambda arrays, a, b: a * b,
    "neg": lambda arrays, a: -a,
    "reciprocal": lambda arrays, a: arrays.true_divide(1.0, a),
    "pow": _power,
    "where": lambda arrays, c, a, b: arrays.where(arrays.asarray(c) != 0, a, b),
    "and": lambda arrays, a, b: arrays.where((arrays.asarray(a) != 0) & (b != 0), 1.0, 0.0),
    "or": lambda arrays, a, b: arrays.where((arrays.asarray(a) != 0) | (b != 0), 1.0, 0.0),
    "not": lambda arrays, a: arrays.where(arrays.asarray(a) != 0, 0.0, 1.0),
    "lt": _compare("less"), "le": _compare("less_equal"),
    "gt": _compare("greater"), "ge": _compare("greater_equal"),
    "eq": _compare("equal"), "ne": _compare("not_equal"),
    "min": _function("minimum"), "max": _function("maximum"),
    "asin": _function("arcsin"), "acos": _function("arccos"), "atan": _function("arctan"),
    **{name: _function(name) for name in (
        "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "floor", "ceil")},
    "sqrt": lambda arrays, a: arrays.sqrt(arrays.maximum(a, 0.0)),
}  # fmt: skip
"""One entry per operation of screen.kernel.symbolic.program; the first argument is the array library."""
