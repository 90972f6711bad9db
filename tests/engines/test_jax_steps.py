"""Parts of the engine in pure JAX, each by hand: a step, its linear algebra, outputs inside it, a stretch's begin."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.kernel import Status, Stepping, tableau
from screen.kernel.engines.pure_jax import (
    _enter,
    _factorise,
    _run_keeping,
    _solve,
    _stages,
    _Stretches,
    _Walk,
    _write,
)
from screen.kernel.engines.stretches import hoisted
from screen.kernel.symbolic.program import Program
from tests.engines.systems import SYSTEMS, model_of

EMPTY = _Walk(*[None] * len(_Walk._fields))


@jax.jit
def written_by(*arguments):
    return _write(*arguments)


def inside_a_step(state, new, stages, share):
    """States at a share of a step: the dense output of the method (Hairer and Wanner, II)."""
    first, second, third = (sum(d * k for d, k in zip(row, stages, strict=True)) for row in tableau.DENSE)
    bend = first + share * (second + share * third)
    return (1 - share) * state + share * (new + (1 - share) * bend)


OLD = 7.0
"""What an output holds that the step does not reach."""


@pytest.mark.parametrize(
    ("reached", "written"),
    [
        # a lane from 10 by 2, one from 0 by 4: shares of the step at which each output is written
        ((12.0, 4.0), ((None, 0.25), (None, 0.25), (0.5, 0.75), (1.0, 1.0), (None, 1.0))),
        ((10.0, 4.0), ((None, 0.25), (None, 0.25), (None, 0.75), (None, 1.0), (None, 1.0))),
        ((12.0, 0.0), ((None, None), (None, None), (0.5, None), (1.0, None), (None, None))),
        ((11.0, 0.0), ((None, None), (None, None), (1.0, None), (None, None), (None, None))),
        ((10.0, 1.0), ((None, 1.0), (None, 1.0), (None, None), (None, None), (None, None))),
        ((10.0, 0.0), ((None, None),) * 5),
    ],
)
def test_outputs_behind_the_start_of_a_step_up_to_its_end_are_written(reached, written):
    """At the end they are the new state to the last bit, and so is what is asked for a little beyond."""
    asked = jnp.array([[9.0, 1.0], [10.0, 1.0], [11.0, 3.0], [12.0, 4.0], [12.5, 4.0]])
    state, new = jnp.array([[1.0, 2.0], [-3.0, 5.0]]), jnp.array([[4.0, -1.0], [0.5, 8.0]])
    stages = jnp.asarray(np.random.default_rng(1).standard_normal((tableau.STAGES, 2, 2)))
    walk = EMPTY._replace(state=state, time=jnp.array([10.0, 0.0]), outputs=jnp.full((5, 2, 2), OLD))
    found = written_by(walk, asked, jnp.array(reached), jnp.array([2.0, 4.0]), new, stages)
    for number, shares in enumerate(written):
        for lane, share in enumerate(shares):
            known = OLD
            if share is not None:
                known = inside_a_step(state[:, lane], new[:, lane], stages[:, :, lane], share)
            np.testing.assert_allclose(found[number, :, lane], known, rtol=1e-12)
            if share == 1.0:
                assert found[number, :, lane].tolist() == new[:, lane].tolist()


def test_the_first_output_alone_is_written_and_the_last_one_alone_is():
    state, new = jnp.zeros((1, 1)), jnp.ones((1, 1))
    stages = jnp.zeros((tableau.STAGES, 1, 1))
    walk = EMPTY._replace(state=state, time=jnp.zeros(1), outputs=jnp.full((3, 1, 1), OLD))
    for asked, known in (
        ([0.5, 2.0, 3.0], [0.5, OLD, OLD]),
        ([-2.0, -1.0, 0.5], [OLD, OLD, 0.5]),
        ([0.25, 0.5, 1.0], [0.25, 0.5, 1.0]),
    ):
        found = written_by(walk, jnp.array(asked)[:, None], jnp.ones(1), jnp.ones(1), new, stages)
        assert found.ravel().tolist() == known


def test_the_factors_of_a_matrix_solve_with_it():
    """That of a network of eight species, where elimination fills in; two lanes."""
    system = model_of(SYSTEMS["hires"].antimony).system
    size, rng = len(system.species), np.random.default_rng(2)
    entries, shift = rng.uniform(-1, 1, (len(system.pattern), 2)), np.array([5.0, 9.0])
    right, one = rng.standard_normal((size, 2)), jnp.ones(2)

    @jax.jit
    def solved(entries, shift, right):
        return _solve(system, _factorise(system, entries, shift, one), right, one)

    found = solved(list(map(jnp.asarray, entries)), jnp.asarray(shift), jnp.asarray(right))
    for lane in range(2):
        matrix = shift[lane] * np.eye(size)
        for (row, column), value in zip(system.pattern, entries[:, lane], strict=True):
            matrix[row, column] -= value
        np.testing.assert_allclose(found[:, lane], np.linalg.solve(matrix, right[:, lane]), rtol=1e-10)


def test_stages_are_those_of_the_method():
    """x' = 3 sin t - 2 x y, y' = 2 x y - y^2, from two times by two steps, with slopes by hand."""
    model = model_of("x' = 3*sin(time) - a*x*y; y' = a*x*y - y*y; x = 0; y = 0; a = 2;")
    time, step = np.array([0.3, 2.0]), np.array([0.1, 0.7])
    state = np.array([[0.4, 1.5], [0.8, 0.2]])
    fixed = hoisted(model.system, jnp.tile(jnp.asarray(model.values), (2, 1)))
    walk = EMPTY._replace(state=jnp.asarray(state), time=jnp.asarray(time), fixed=fixed)
    stages = jax.jit(partial(_stages, model.system))
    found = stages(walk, jnp.asarray(step), jnp.zeros(2), jnp.full(2, 9.0), jnp.ones(2))

    def slope(t, x, y):
        return np.array([3 * np.sin(t) - 2 * x * y, 2 * x * y - y * y])

    for lane, (t, h) in enumerate(zip(time, step, strict=True)):
        x, y = state[:, lane]
        matrix = np.eye(2) / (tableau.GAMMA * h)
        matrix -= np.array([[-2 * y, -2 * x], [2 * y, 2 * x - 2 * y]])
        by_time, known = np.array([3 * np.cos(t), 0.0]), []
        for stage in range(tableau.STAGES):
            point = state[:, lane] + sum(a * k for a, k in zip(tableau.A[stage], known, strict=True))
            right = slope(t + tableau.NODES[stage] * h, *point) + tableau.TIME[stage] * h * by_time
            right = right + sum(c * k for c, k in zip(tableau.C[stage], known, strict=True)) / h
            known.append(np.linalg.solve(matrix, right))
        np.testing.assert_allclose(found[:, :, lane], known, rtol=1e-8)


X, Y = ("state", 0), ("state", 1)


def kept_of(code, outputs):
    """Results at x = 3, y = 5, a time of 7 and c = (11, 13), with twos where what is kept is divided by ones."""
    inputs = {"state": [3.0, 5.0], "hoisted": [11.0, 13.0], "time": 7.0}
    return _run_keeping(Program(tuple(code), tuple(outputs)), inputs, 2.0)


def test_inputs_and_numbers_are_what_they_are():
    code = [Y, ("time",), ("hoisted", 1), ("constant", 2.5), X, ("sub", 0, 1)]
    assert kept_of(code, range(6)) == [5.0, 7.0, 13.0, 2.5, 3.0, -2.0]


@pytest.mark.parametrize("uses", [1, 2, 3, 4, 5, 6])
def test_a_value_is_kept_where_it_would_be_computed_more_than_three_times_again(uses):
    assert kept_of([X, Y, ("mul", 0, 1)], [2] * uses) == [15.0 if uses < 5 else 7.5] * uses


def test_what_a_value_costs_is_all_that_is_computed_for_it_since_something_was_kept():
    chain = [X, *(("neg", place) for place in range(6))]
    assert kept_of(chain[:4], [3, 3]) == [-3.0, -3.0]  # three operations
    assert kept_of(chain[:5], [4, 4]) == [1.5, 1.5]  # four
    # the fourth is kept; of the two behind it the second costs two, and is needed twice
    assert kept_of(chain, [4, 6, 6]) == [1.5, 1.5, 1.5]
    both = [X, ("neg", 0), ("neg", 1), ("neg", 0), ("mul", 2, 3)]
    assert kept_of(both, [4, 4]) == [-4.5, -4.5]  # two on one side, one on the other, and their product


DERIVATIVE = Program((X, ("hoisted", 0), ("mul", 0, 1), Y, ("mul", 3, 1)), (2, 4))
"""x' = c x, y' = c y."""

BOUNDS = (0.0, 1.0, 3.0, 3.0, 4.0, 10.0, 10.0)
"""Edges of three phases of two stretches; c is -1, -2 and -4 in them."""


def entered(times, states, fresh, c=(-1.0, -2.0, -4.0), **stepping):
    """Lanes of `DERIVATIVE` at these times, put into their next stretch if fresh."""
    lanes = len(times)
    system = SimpleNamespace(derivative=DERIVATIVE, scale=(1.0, 0.5))
    walk = EMPTY._replace(
        state=jnp.asarray(states).T, fixed=jnp.full((1, lanes), 99.0), time=jnp.asarray(times),
        step=jnp.full(lanes, 77.0), stretch=jnp.full(lanes, 1, jnp.int32), status=jnp.full(lanes, 5, jnp.int32),
        fresh=jnp.asarray(fresh), running=jnp.ones(lanes, bool),
    )  # fmt: skip
    bounds = jnp.tile(jnp.array(BOUNDS)[:, None], (1, lanes))
    inputs = jnp.tile(jnp.array(c)[None, :, None], (1, 1, lanes))
    return jax.jit(lambda: _enter(system, _Stretches(bounds, 2, inputs), Stepping(**stepping), walk))()


def test_a_lane_enters_the_stretch_that_begins_at_its_time_and_is_not_empty():
    found = entered([0.0, 1.0, 3.0, 4.0, 3.0], np.ones((5, 2)), [True] * 4 + [False])
    assert found.stretch.tolist() == [0, 1, 3, 4, 1]
    assert found.fixed.tolist() == [[-1.0, -1.0, -2.0, -4.0, -1.0]]
    np.testing.assert_allclose(found.step, [0.01, 0.01, 0.005, 0.0025, 77.0])
    assert not found.fresh.any() and found.running.all() and found.status.tolist() == [5] * 5


def test_a_first_step_is_at_most_the_stretch_and_a_millionth_of_it_from_nothing():
    slow = entered([0.0, 1.0, 4.0], np.ones((3, 2)), [True] * 3, (-1e-3,) * 3)
    np.testing.assert_allclose(slow.step, [1.0, 2.0, 6.0])
    nothing = entered([0.0, 1.0, 4.0], np.zeros((3, 2)), [True] * 3)
    np.testing.assert_allclose(nothing.step, [1e-6, 2e-6, 6e-6])


def test_sizes_are_in_tolerances_of_each_species():
    """atol 0.1 and 0.05, rtol 0.1: of (1, 1) that is 0.2 and 0.15; of (0, 2), 0.1 and 0.25. Only c decides the step."""
    found = entered([0.0, 0.0], [[1.0, 1.0], [0.0, 2.0]], [True, True], atol=0.1, rtol=0.1)
    np.testing.assert_allclose(found.step, [0.01, 0.01])
    small = entered([0.0] * 2, [[1e-5, 0.0], [1.5e-5, 0.0]], [True] * 2, atol=1.0, rtol=0.0)
    np.testing.assert_allclose(small.step, [1e-6, 0.01])  # sizes are 0.7e-5 and 1.06e-5
    other = entered([0.0] * 2, [[0.0, 0.6e-5], [0.0, 0.8e-5]], [True] * 2, atol=1.0, rtol=0.0)
    np.testing.assert_allclose(other.step, [1e-6, 0.01])  # half the tolerance: 0.85e-5 and 1.13e-5


def test_a_lane_whose_slope_is_no_number_ends_where_it_enters():
    found = entered([0.0, 0.0], [[np.inf, 1.0], [np.inf, 1.0]], [True, False])
    assert found.running.tolist() == [False, True] and found.status.tolist() == [Status.NON_FINITE, 5]
