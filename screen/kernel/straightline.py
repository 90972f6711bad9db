"""Expressions as straight-line JAX: one array operation per node of the expression graph.

A node that several expressions share is computed once. The values may be scalars (`vmap` adds the lanes)
or [lane] vectors; nothing here knows which.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add, mul
from typing import Any

import jax.numpy as jnp
from jax import Array

from screen.network.algebra import Expression, topological

_LARGEST_PRODUCT = 8
"""Whole powers up to this become products, which are cheaper and differentiable at 0."""

_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "exp": jnp.exp, "log": jnp.log, "sqrt": jnp.sqrt, "sin": jnp.sin, "cos": jnp.cos, "tan": jnp.tan,
    "asin": jnp.arcsin, "acos": jnp.arccos, "atan": jnp.arctan, "sinh": jnp.sinh, "cosh": jnp.cosh,
    "tanh": jnp.tanh, "abs": jnp.abs, "floor": jnp.floor, "ceil": jnp.ceil,
    "min": jnp.minimum, "max": jnp.maximum,
    "lt": jnp.less, "le": jnp.less_equal, "gt": jnp.greater, "ge": jnp.greater_equal,
    "eq": jnp.equal, "ne": jnp.not_equal,
}  # fmt: skip


def emit_jax(expressions: Sequence[Expression], arguments: Sequence[str]) -> Callable[..., list[Any]]:
    """A function of the named arguments, in their order, that returns the value of each expression.

    An expression without symbols comes back as a plain number; symbols that are not among the arguments
    raise KeyError here, not at the call.
    """
    nodes = topological(expressions)
    place = {name: position for position, name in enumerate(arguments)}
    sources = [place[node.name] if node.op == "symbol" else -1 for node in nodes]
    index = {node: position for position, node in enumerate(nodes)}
    operands = [tuple(index[arg] for arg in node.args) for node in nodes]
    results = [index[expression] for expression in expressions]

    def straight_line(*values: Any) -> list[Any]:
        done: list[Any] = []
        for node, source, places in zip(nodes, sources, operands, strict=True):
            if node.op == "symbol":
                done.append(values[source])
            elif node.op == "constant":
                done.append(node.value)
            else:
                done.append(_apply(node, [done[place] for place in places]))
        return [done[place] for place in results]

    return straight_line


def _apply(node: Expression, args: list[Any]) -> Any:
    match node.op:
        case "add":
            return reduce(add, map(_number, args))
        case "mul":
            return reduce(mul, map(_number, args))
        case "div":
            return _number(args[0]) / _number(args[1])
        case "pow":
            return _power(_number(args[0]), _number(args[1]), node.args[1])
        case "where":
            return jnp.where(_truth(args[0]), _number(args[1]), _number(args[2]))
        case "and":
            return reduce(jnp.logical_and, map(_truth, args))
        case "or":
            return reduce(jnp.logical_or, map(_truth, args))
        case "not":
            return jnp.logical_not(_truth(args[0]))
        case op:
            return _FUNCTIONS[op](*map(_number, args))


def _power(base: Any, exponent: Any, node: Expression) -> Any:
    if node.op == "constant" and node.value.is_integer() and 0 < abs(node.value) <= _LARGEST_PRODUCT:
        product = reduce(mul, [base] * int(abs(node.value)))
        return product if node.value > 0 else 1.0 / product
    return jnp.power(base, exponent)


def _number(value: Any) -> Any:
    """Truth values as 0.0 and 1.0; SBML lets them stand in arithmetic."""
    if getattr(value, "dtype", None) == jnp.bool_:
        return value.astype(jnp.float64)
    return value


def _truth(value: Any) -> Any:
    return value if getattr(value, "dtype", None) == jnp.bool_ else jnp.not_equal(value, 0.0)
