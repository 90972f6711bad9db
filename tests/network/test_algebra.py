"""Expressions: interning, folding, derivatives against finite differences, and order of evaluation."""

import pickle

import numpy as np
import pytest

from screen.network.algebra import (
    FUNCTIONS,
    ONE,
    ZERO,
    apply,
    constant,
    evaluate,
    free_symbols,
    power,
    substitute,
    symbol,
    topological,
    where,
)
from screen.network.calculus import derivative, partials

x, y = symbol("x"), symbol("y")

CASES = {
    "polynomial": x * x * y + 3 * x - y / 2,
    "michaelis_menten": x * y / (x + 2.5),
    "hill": power(x, constant(1.7)) / (power(y, constant(1.7)) + power(x, constant(1.7))),
    "variable_exponent": power(x, y),
    "piecewise": where(apply("gt", x, constant(1)), x * y, y),
    "min_max": apply("min", x * x, y) + apply("max", x, y * y),
    "nested": apply("exp", -(x * y)) / (1 + apply("log", x + 2) ** 2),
} | {
    name: apply(name, x / 3)
    for name in (
        "exp",
        "log",
        "sqrt",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "abs",
    )
}


@pytest.mark.parametrize("name", CASES)
def test_derivative_agrees_with_finite_differences(name):
    expression, at, step = CASES[name], {"x": 1.3, "y": 0.7}, 1e-6
    for variable in ("x", "y"):
        above, below = (
            evaluate(expression, {**at, variable: at[variable] + sign * step}) for sign in (1, -1)
        )
        exact = evaluate(derivative(expression, symbol(variable)), at)
        assert exact == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-8)


def test_equal_expressions_are_one_object():
    assert x + y is y + x
    assert (x + 1) * y is y * (1 + x)
    assert x - x is ZERO and x / x is ONE and x + x is 2 * x and 0 * x is ZERO and x**1 is x
    assert pickle.loads(pickle.dumps(CASES["hill"])) is CASES["hill"]


def test_order_of_terms_does_not_depend_on_order_of_creation():
    made = symbol("b_late") + symbol("a_late")
    assert [arg.name for arg in made.args] == [arg.name for arg in (symbol("a_late") + symbol("b_late")).args]
    assert [arg.digest for arg in made.args] == sorted(arg.digest for arg in made.args)


def test_power_rule_keeps_zero_base_finite():
    slope = derivative(power(x, y), y)
    assert evaluate(slope, {"x": 0.0, "y": 2.0}) == 0.0


def test_topological_order_puts_arguments_first():
    nodes = topological(CASES.values())
    place = {node: position for position, node in enumerate(nodes)}
    assert len(place) == len(nodes)
    assert all(place[arg] < place[node] for node in nodes for arg in node.args)


def test_every_function_has_one_partial_an_argument():
    for name in FUNCTIONS:
        node = apply(name, *((x, y) if FUNCTIONS[name].nin == 2 else (x,)))
        assert len(partials(node)) == len(node.args)


def test_substitute_and_free_symbols():
    put = substitute(CASES["michaelis_menten"], {"y": x + 1})
    assert free_symbols(put) == {"x"}
    assert evaluate(put, {"x": np.array([1.0, 2.0])}) == pytest.approx([2 / 3.5, 6 / 4.5])


def test_expressions_are_made_by_functions_only():
    with pytest.raises(TypeError, match="symbol"):
        type(x)()
    with pytest.raises(KeyError):
        apply("no_such_function", x)
