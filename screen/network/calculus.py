"""Derivatives of the expressions of a network, which share every subexpression that already exists."""

from collections.abc import Callable
from functools import cache

from screen.network.algebra import (
    DEEP,
    MINUS_ONE,
    ONE,
    ZERO,
    Expression,
    add,
    apply,
    constant,
    free_symbols,
    mul,
    power,
    topological,
    where,
)


def partials(node: Expression) -> tuple[Expression, ...]:
    """Derivative of a node with respect to each of its arguments (0 for those it switches on)."""
    args, op = node.args, node.op
    if op == "add":
        return (ONE,) * len(args)
    if op == "mul":
        return tuple(mul(*args[:i], *args[i + 1 :]) for i in range(len(args)))
    if op == "div":
        return ONE / args[1], -(node / args[1])
    if op == "pow":
        base, exponent = args
        by_base = exponent * power(base, exponent - 1)
        if exponent.op == "constant":
            return by_base, ZERO
        safe_log = where(
            apply("gt", base, ZERO), apply("log", where(apply("gt", base, ZERO), base, ONE)), ZERO
        )
        return by_base, node * safe_log
    if op == "where":
        return ZERO, where(args[0], ONE, ZERO), where(args[0], ZERO, ONE)
    if op in ("min", "max"):
        first = apply("le" if op == "min" else "ge", *args)
        return where(first, ONE, ZERO), where(first, ZERO, ONE)
    if op in _CHAIN:
        return (_CHAIN[op](node, args[0]),)
    return (ZERO,) * len(args)  # comparisons, logic, floor, ceil: flat where they are differentiable


_CHAIN: dict[str, Callable[[Expression, Expression], Expression]] = {
    "exp": lambda node, x: node,
    "log": lambda node, x: ONE / x,
    "sqrt": lambda node, x: constant(0.5) / node,
    "sin": lambda node, x: apply("cos", x),
    "cos": lambda node, x: -apply("sin", x),
    "tan": lambda node, x: ONE + node * node,
    "asin": lambda node, x: ONE / apply("sqrt", ONE - x * x),
    "acos": lambda node, x: -(ONE / apply("sqrt", ONE - x * x)),
    "atan": lambda node, x: ONE / (ONE + x * x),
    "sinh": lambda node, x: apply("cosh", x),
    "cosh": lambda node, x: apply("sinh", x),
    "tanh": lambda node, x: ONE - node * node,
    "abs": lambda node, x: where(apply("ge", x, ZERO), ONE, MINUS_ONE),
}


def derivative(expression: Expression, variable: Expression) -> Expression:
    """d expression / d variable, sharing every subexpression that already exists."""
    if expression.depth > DEEP:
        for node in topological([expression]):
            _derivative(node, variable)
    return _derivative(expression, variable)


@cache
def _derivative(expression: Expression, variable: Expression) -> Expression:
    if expression is variable:
        return ONE
    if variable.name not in free_symbols(expression):
        return ZERO
    if expression.op == "where":
        condition, then, otherwise = expression.args
        return where(condition, _derivative(then, variable), _derivative(otherwise, variable))
    terms = [
        part * _derivative(arg, variable)
        for arg, part in zip(expression.args, partials(expression), strict=True)
        if variable.name in free_symbols(arg)
    ]
    return add(*terms)
