"""Expressions: interning, folding, derivatives against finite differences, and order of evaluation."""

import pickle
import sys

import numpy as np
import pytest

from screen.network.algebra import (
    FUNCTIONS,
    ONE,
    ZERO,
    apply,
    constant,
    delayed,
    div,
    evaluate,
    free_symbols,
    mul,
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
    "other_case": where(apply("lt", x, constant(1)), x * y, y * y * x),
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


GRID = (-2.0, -1.0, 0.0, 0.5, 1.0, 3.0)
OPERATIONS = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b, "power": lambda a, b: a**b,
    "nested_sum": lambda a, b: (a + 2) + (b + a) - 2, "nested_product": lambda a, b: (2 * a) * (b * a),
    "collected": lambda a, b: 3 * a + b - a * 2 - 0.5 * b, "negated": lambda a, b: -(a - b) * -1,
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_folded_or_not_is_what_numpy_says(name):
    """Of each two of the grid both, one or none are numbers: wherever there is a value, it is the same."""
    operate = OPERATIONS[name]
    for first in GRID:
        for second in GRID:
            with np.errstate(all="ignore"):
                want = operate(np.float64(first), np.float64(second))
            numbers, names = (constant(first), constant(second)), (x, y)
            for left in (numbers[0], names[0]):
                for right in (numbers[1], names[1]):
                    found = evaluate(operate(left, right), {"x": first, "y": second})
                    if np.isfinite(want):
                        assert found == pytest.approx(want, rel=1e-15), (first, second, left, right)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_numbers_is_that_of_numpy_and_stays_open_where_there_is_none(name):
    function = FUNCTIONS[name]
    for given in [(a, b) for a in GRID for b in GRID] if function.nin == 2 else [(a,) for a in GRID]:
        with np.errstate(all="ignore"):
            want = float(function(*given))
        made = apply(name, *map(constant, given))
        assert made is constant(want) if np.isfinite(want) else made.op == name


def test_a_condition_on_numbers_is_decided_and_no_number_is_zero_to_a_power_that_has_none():
    assert where(constant(0.5), x, y) is x and where(ZERO, x, y) is y and where(x, y, y) is y
    assert power(ZERO, constant(-1)).op == "pow" and power(ZERO, constant(2)) is ZERO
    assert power(constant(-8), constant(0.5)).op == "pow" and power(constant(-2), constant(3)) is constant(-8)
    assert power(x, ZERO) is ONE and power(x, ONE) is x


def test_the_smaller_or_the_larger_of_two_has_the_slope_of_that_one_and_of_the_first_where_they_are_equal():
    slopes = {name: [derivative(apply(name, x, 3 * y), v) for v in (x, y)] for name in ("min", "max")}
    for at, least, most in (((1, 1), [1, 0], [0, 3]), ((4, 1), [0, 3], [1, 0]), ((3, 1), [1, 0], [1, 0])):
        values = dict(zip("xy", map(float, at), strict=True))
        assert [evaluate(each, values) for each in slopes["min"]] == least
        assert [evaluate(each, values) for each in slopes["max"]] == most
    assert [evaluate(derivative(apply("abs", x), x), {"x": at}) for at in (-2.0, 2.0)] == [-1, 1]


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


def test_what_a_deep_expression_depends_on_is_found_without_a_call_for_each_level():
    """At every level one part, the symbol, is known already."""
    deep = y
    assert free_symbols(x) == {"x"}
    for _ in range(3 * sys.getrecursionlimit()):
        deep = apply("max", x, apply("min", x, deep))
    assert free_symbols(deep) == {"x", "y"}


def test_operators_with_numbers_on_either_side():
    at = {"x": 8.0, "y": 2.0}
    for expression, value in (
        (x + 3, 11), (3 + x, 11), (x - 3, 5), (3 - x, -5), (x * 3, 24), (3 * x, 24), (x / 4, 2), (4 / x, 0.5),
        (x - y, 6), (y - x, -6), (x / y, 4), (y / x, 0.25), (-x, -8), (x**2, 64), (x**y, 64),
    ):  # fmt: skip
        assert evaluate(expression, at) == pytest.approx(value)


def test_there_is_one_nothing():
    assert constant(-0.0) is ZERO and -ZERO is ZERO and mul(constant(-1.0), ZERO) is ZERO


def test_numbers_that_are_known_are_folded():
    """A quotient by a number is a product, a power of numbers a number; nothing is divided by 0 beforehand."""
    half = constant(0.5)
    assert div(x, constant(2.0)) is mul(half, x)
    assert div(x, ZERO).op == "div" and div(ZERO, x) is ZERO and div(x, x) is ONE
    assert power(half, constant(2.5)) is constant(0.5**2.5) and power(half, constant(-1.0)) is constant(2.0)
    assert power(constant(-2.0), constant(3.0)) is constant(-8.0)
    assert power(constant(-2.0), half).op == "pow" and power(ZERO, constant(-1.0)).op == "pow"


def test_a_case_has_the_slope_of_what_holds_there_and_none_in_its_condition():
    either = where(x, 2 * y, 5 * y)
    for at, slope in ((1.0, 2.0), (0.0, 5.0)):
        assert evaluate(derivative(either, y), {"x": at, "y": 3.0}) == slope
    assert [evaluate(each, {"x": 1.0, "y": 3.0}) for each in partials(either)] == [0.0, 1.0, 0.0]
    assert [evaluate(each, {"x": 0.0, "y": 3.0}) for each in partials(either)] == [0.0, 0.0, 1.0]


def test_what_does_not_change_or_is_not_late_needs_no_delay():
    lag = symbol("lag")
    assert delayed(constant(3.0), lag) is constant(3.0) and delayed(x, ZERO) is x
    assert delayed(x, lag).args == (x, lag)
