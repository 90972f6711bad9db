"""The method has the order it is said to have: any coefficient that is off by a little takes an order away."""

import numpy as np
import pytest

from screen.kernel.symbolic.evaluate import OPERATIONS
from screen.kernel.tableau import DENSE, GAMMA, NODES, ORDER, STAGES, TIME, A, C

BEGIN = 0.3


def exact(t):
    return np.array([np.exp(np.sin(t)), 1.0 / (1.0 + t)])


def change(t, y):
    """Both are coupled off the solution, nonlinear, and move with time."""
    off = y[0] * np.exp(-np.sin(t)) - 1.0
    return np.array([np.cos(t) * y[0] + y[0] * (y[1] * (1.0 + t) - 1.0), -(y[1] ** 2) + off])


def slopes(t, y):
    """By state [2, 2], and by time."""
    by_state = [[np.cos(t) + y[1] * (1.0 + t) - 1.0, y[0] * (1.0 + t)], [np.exp(-np.sin(t)), -2.0 * y[1]]]
    return np.array(by_state), np.array(
        [-np.sin(t) * y[0] + y[0] * y[1], -y[0] * np.cos(t) * np.exp(-np.sin(t))]
    )


def step(h):
    """One step as the tableau says it: the new state, its error estimate, and the state at a share of the step."""
    t, y = BEGIN, exact(BEGIN)
    by_state, by_time = slopes(t, y)
    matrix, k = np.eye(2) / (GAMMA * h) - by_state, []
    for stage in range(STAGES):
        point = y + sum(a * each for a, each in zip(A[stage], k, strict=True))
        right = change(t + NODES[stage] * h, point) + h * TIME[stage] * by_time
        right = right + sum(c * each for c, each in zip(C[stage], k, strict=True)) / h
        k.append(np.linalg.solve(matrix, right))
    end = point + k[-1]
    first, second, third = (sum(d * each for d, each in zip(row, k, strict=True)) for row in DENSE)

    def at(s):
        return (1 - s) * y + s * (end + (1 - s) * (first + s * (second + s * third)))

    return end, k[-1], at


def errors(h):
    end, estimate, at = step(h)
    inside = [np.abs(at(s) - exact(BEGIN + s * h)) for s in (0.2, 0.5, 0.8)]
    return np.abs(end - exact(BEGIN + h)), np.abs(estimate), np.max(inside, axis=0)


@pytest.mark.parametrize(("what", "order"), [(0, ORDER), (1, ORDER - 1), (2, ORDER - 1)])
def test_halving_a_step_takes_its_error_down_by_one_power_of_two_more_than_the_order(what, order):
    """Of the state, its estimate, and the states inside; in each, for steps short enough to show nothing else."""
    rates = [np.log2(errors(h)[what] / errors(h / 2)[what]) for h in (0.06, 0.03)]
    assert np.array(rates) == pytest.approx(order + 1, abs=0.45)
    assert (errors(0.05)[0] < errors(0.05)[1]).all()


def test_ends_of_the_dense_output_are_the_states():
    end, _, at = step(0.1)
    assert at(0.0).tolist() == exact(BEGIN).tolist() and at(1.0) == pytest.approx(end)


def test_in_the_middle_of_a_step_the_dense_output_errs_far_less_than_the_step_is_said_to():
    """Its last column, of a stage as small as an error, is there for that alone."""
    for h in (0.1, 0.05, 0.03):
        _, estimate, at = step(h)
        wrong = [np.max(np.abs(at(s) - exact(BEGIN + s * h))) for s in (0.5, 0.2, 0.8)]
        assert wrong[0] < np.max(np.abs(estimate)) / 30
        assert max(wrong) < np.max(np.abs(estimate)) / 15


def test_far_from_any_time_scale_what_decays_is_gone():
    """L-stable: y' = -y over a step of a million, from y = 1."""
    h, k = 1e6, []
    for stage in range(STAGES):
        point = 1.0 + sum(a * each for a, each in zip(A[stage], k, strict=True))
        right = -point + sum(c * each for c, each in zip(C[stage], k, strict=True)) / h
        k.append(right / (1 / (GAMMA * h) + 1.0))
    assert abs(point + k[-1]) < 1e-4


PAIRS = ((1.0, 2.0), (2.0, 2.0), (2.0, 1.0), (0.0, 0.5), (0.5, 0.0), (0.0, 0.0))
KNOWN = {
    "lt": (1, 0, 0, 1, 0, 0), "le": (1, 1, 0, 1, 0, 1), "gt": (0, 0, 1, 0, 1, 0), "ge": (0, 1, 1, 0, 1, 1),
    "eq": (0, 1, 0, 0, 0, 1), "ne": (1, 0, 1, 1, 1, 0), "and": (1, 1, 1, 0, 0, 0), "or": (1, 1, 1, 1, 1, 0),
    "min": (1, 2, 1, 0, 0, 0), "max": (2, 2, 2, 0.5, 0.5, 0), "add": (3, 4, 3, 0.5, 0.5, 0),
    "sub": (-1, 0, 1, -0.5, 0.5, 0), "mul": (2, 4, 2, 0, 0, 0), "pow": (1, 4, 2, 0, 1, 1),
}  # fmt: skip
SINGLE = {
    "not": ((0.0, 1), (0.5, 0), (1.0, 0)), "neg": ((2.0, -2),), "reciprocal": ((4.0, 0.25),), "abs": ((-3.0, 3),),
    "sqrt": ((9.0, 3), (0.0, 0), (-1e-18, 0)), "floor": ((1.7, 1), (-1.2, -2)), "ceil": ((1.2, 2), (-1.7, -1)),
    "exp": ((0.0, 1), (1.0, np.e)), "log": ((1.0, 0), (np.e, 1)), "sin": ((np.pi / 6, 0.5),),
    "cos": ((np.pi / 3, 0.5),), "tan": ((np.pi / 4, 1),), "asin": ((0.5, np.pi / 6),), "acos": ((0.5, np.pi / 3),),
    "atan": ((1.0, np.pi / 4),), "sinh": ((np.log(2.0), 0.75),), "cosh": ((np.log(2.0), 1.25),),
    "tanh": ((np.log(2.0), 0.6),),
}  # fmt: skip


@pytest.mark.parametrize("op", OPERATIONS)
def test_every_operation_has_the_values_that_are_known_of_it(op):
    operation = OPERATIONS[op]
    if op == "where":
        assert [float(operation(np, condition, 3.0, 4.0)) for condition in (1.0, 0.5, 0.0)] == [3.0, 3.0, 4.0]
    elif op in SINGLE:
        assert [float(operation(np, x)) for x, _ in SINGLE[op]] == pytest.approx([y for _, y in SINGLE[op]])
    else:
        assert [float(operation(np, np.float64(x), np.float64(y))) for x, y in PAIRS] == list(KNOWN[op])
