"""Straight-line programs: values, adjoints and their form on disk."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.kernel.symbolic.evaluate import OPERATIONS, run, stack
from screen.kernel.symbolic.program import BINARY, CHAIN, UNARY, Builder, Program, reverse

DIFFERENTIABLE = ("add", "sub", "mul", "neg", "reciprocal", "pow", "where", "min", "max", *CHAIN)
POINTS = {"asin": (0.3, 0.2), "acos": (0.3, 0.2)}


def one_operation(op: str) -> tuple[Builder, int]:
    builder = Builder()
    x, y = builder.emit("state", 0), builder.emit("state", 1)
    arity = {"where": 3, "neg": 1, "reciprocal": 1}.get(op, 1 if op in UNARY else 2)
    args = (builder.emit("gt", x, y), x, y) if arity == 3 else (x, y)[:arity]
    return builder, builder.emit(op, *args)


@pytest.mark.parametrize("op", DIFFERENTIABLE)
def test_reverse_agrees_with_automatic_differentiation(op):
    builder, value = one_operation(op)
    adjoints = reverse(builder, {value: builder.emit("cotangent", 0)})
    point = jnp.array(POINTS.get(op, (1.7, 0.6)))
    places = [builder.emit("state", i) for i in range(2)]
    program = builder.program([adjoints[p] for p in places if p in adjoints])
    found = run(program, {"state": point, "cotangent": [1.3]})
    forward = builder.program([value])
    known = jax.grad(lambda state: 1.3 * run(forward, {"state": state})[0])(point)
    np.testing.assert_allclose(found, [known[i] for i, p in enumerate(places) if p in adjoints], rtol=1e-12)


def test_every_operation_can_be_run():
    assert set(UNARY) | set(BINARY) | {"add", "sub", "mul", "neg", "reciprocal", "pow", "where"} == set(
        OPERATIONS
    )


@pytest.mark.parametrize("exponent", [-3.0, 2.0, 0.5, 7.0, 2.5, 1.0])
def test_powers_and_their_slopes(exponent):
    builder = Builder()
    value = builder.power(builder.emit("state", 0), builder.constant(exponent))
    slope = reverse(builder, {value: builder.constant(1.0)})[builder.emit("state", 0)]
    found = run(builder.program([value, slope]), {"state": [1.4]}, np)
    np.testing.assert_allclose(found, [1.4**exponent, exponent * 1.4 ** (exponent - 1)], rtol=1e-13)


def test_rounding_below_zero_does_not_make_a_power_undefined():
    builder = Builder()
    power = builder.program([builder.power(builder.emit("state", 0), builder.emit("hoisted", 0))])
    assert run(power, {"state": np.array([-1e-18]), "hoisted": [2.5]}, np) == [0.0]
    assert run(power, {"state": np.array([-2.0]), "hoisted": [3.0]}, np) == [-8.0]
    assert run(power, {"state": np.array([0.25]), "hoisted": [0.5]}, np) == [0.5]


def test_results_are_stacked_along_a_last_axis_of_their_own():
    assert stack([1.0, 2.0], np).tolist() == [1.0, 2.0]
    assert stack([[[1.0, 2.0, 3.0]], 4], np).tolist() == [[[1.0, 4.0], [2.0, 4.0], [3.0, 4.0]]]
    with pytest.raises(ValueError, match="at least one result, found none"):
        stack([], np)


@pytest.mark.parametrize("op", CHAIN)
def test_slopes_of_functions_are_their_differences_on_both_sides_of_0(op):
    """Written with the value and its place; of `abs` at 0 that of the right side."""
    builder = Builder()
    x = builder.emit("state", 0)
    y = builder.emit(op, x)
    program = builder.program([CHAIN[op](builder, y, x)])
    for at in (0.3, 0.8) if op in ("log", "sqrt") else (-0.4, 0.3, 0.8):
        more, less = (OPERATIONS[op](np, at + step) for step in (1e-6, -1e-6))
        assert run(program, {"state": [at]}, np) == pytest.approx([(more - less) / 2e-6], rel=1e-8)
    if op == "abs":
        assert run(program, {"state": [0.0]}, np) == [1.0]


def test_zero_and_one_leave_no_instruction():
    builder = Builder()
    x = builder.emit("state", 0)
    zero, one = builder.constant(0.0), builder.constant(1.0)
    assert (
        builder.add(x, zero)
        == builder.mul(x, one)
        == builder.neg(builder.neg(x))
        == builder.sub(x, zero)
        == x
    )
    assert builder.mul(x, zero) == zero
    assert builder.sub(x, builder.neg(x)) == builder.add(x, x)
    assert builder.sub(zero, x) == builder.neg(x)
    assert builder.neg(builder.constant(2.0)) == builder.constant(-2.0)
    y, minus = builder.emit("state", 1), builder.constant(-1.0)
    assert builder.add(builder.neg(x), y) == builder.sub(y, x) == builder.add(y, builder.neg(x))
    assert builder.mul(minus, x) == builder.mul(x, minus) == builder.neg(x)
    assert builder.mul(builder.neg(x), y) == builder.neg(builder.mul(x, y)) == builder.mul(x, builder.neg(y))


GRID = (-3.0, -1.0, 0.0, 1.0, 2.0)


@pytest.mark.parametrize("name", ["add", "sub", "mul"])
def test_what_is_folded_or_negated_has_the_value_of_the_operation(name):
    """Of two operands each is a number, an input or a negated input: the value is that of the two of them."""
    known = {"add": np.add, "sub": np.subtract, "mul": np.multiply}[name]
    for first in GRID:
        for second in GRID:
            for left in ("number", "input", "negated"):
                for right in ("number", "input", "negated"):
                    builder, state, operands = Builder(), [0.0, 0.0], []
                    for place, (value, kind) in enumerate(((first, left), (second, right))):
                        state[place] = -value if kind == "negated" else value
                        node = builder.emit("state", place)
                        forms = {
                            "number": builder.constant(value),
                            "input": node,
                            "negated": builder.neg(node),
                        }
                        operands.append(forms[kind])
                    program = builder.program([getattr(builder, name)(*operands)])
                    assert run(program, {"state": state}, np) == [known(first, second)], (
                        first,
                        second,
                        left,
                        right,
                    )


def test_a_sum_of_scaled_terms_is_that_sum_whatever_the_signs_and_equal_sizes():
    for factors in (
        [2.0, -2.0, 3.0],
        [-2.0, 2.0, 2.0],
        [-3.0, -3.0],
        [1.0, -1.0, 5.0, -5.0, -5.0],
        [-1.0],
        [],
    ):
        builder = Builder()
        nodes = [builder.emit("state", place) for place in range(len(factors))]
        state = [1.5**place for place in range(len(factors))]
        program = builder.program([builder.total(list(zip(factors, nodes, strict=True)))])
        assert run(program, {"state": state}, np) == pytest.approx([np.dot(factors, state)], rel=1e-14)


def test_a_sum_has_one_product_for_terms_of_one_size_and_begins_with_one_that_is_added():
    builder = Builder()
    x, y, z = (builder.emit("state", place) for place in range(3))
    half = builder.constant(0.5)
    assert builder.total([(-0.5, x), (0.5, y)]) == builder.mul(half, builder.sub(y, x))
    both = builder.total([(-0.5, x), (-0.5, y), (3.0, z)])
    assert run(builder.program([both]), {"state": [1.0, 2.0, 4.0]}, np) == [10.5]
    assert [op for op, *_ in builder.program([both]).code if op not in ("state", "constant")].count(
        "mul"
    ) == 2


@pytest.mark.parametrize(
    ("exponent", "operations"), [(8.0, {"mul"}), (-8.0, {"mul", "reciprocal"}), (9.0, {"pow"}), (0.5, {"sqrt"}),
                                 (0.0, {"pow"}), (2.5, {"pow"}), (1.0, set()), (-1.0, {"reciprocal"})]
)  # fmt: skip
def test_whole_powers_up_to_eight_are_products(exponent, operations):
    builder = Builder()
    program = builder.program([builder.power(builder.emit("state", 0), builder.constant(exponent))])
    assert {op for op, *_ in program.code} - {"state", "constant"} == operations
    assert run(program, {"state": [1.3]}, np) == pytest.approx([1.3**exponent], rel=1e-14)


def test_a_reciprocal_of_a_number_is_a_number_but_for_zero():
    builder = Builder()
    assert builder.reciprocal(builder.constant(-4.0)) == builder.constant(-0.25)
    assert builder.code[builder.reciprocal(builder.constant(0.0))][0] == "reciprocal"


def test_on_disk_and_cut_down():
    builder = Builder()
    x, y = builder.emit("state", 0), builder.emit("time")
    program = builder.program([builder.mul(x, y), builder.emit("exp", x), builder.add(x, y)])
    assert Program.from_json(json.loads(json.dumps(program))) == program
    cut = program.only([1])
    assert len(cut.code) == 2
    np.testing.assert_allclose(run(cut, {"state": [0.5]}, np), [np.exp(0.5)])
