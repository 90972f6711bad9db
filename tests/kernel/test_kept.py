"""Steps that a solve keeps for its gradient: the same bits as without, in bounded memory."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.kernel import Runs
from screen.kernel.engines import compiled
from screen.kernel.engines.compiled import HEAD, PROCESSOR, ROOM, compiled_readings, compiled_solve
from screen.kernel.solution import Stepping
from tests.kernel.networks import CYCLE, VARIED, model_of, perturbed

NONE = 1
"""Bytes in which no lane has room."""


def room_of(model, lanes):
    """Bytes of so many lanes."""
    return lanes * 8 * ROOM * (HEAD + len(model.species))


def runs_of(model, ends):
    """Lanes that end at these times, in two phases, with three outputs."""
    ends = np.asarray(ends, float)[:, None]
    parameters = perturbed(model, len(ends), 2)
    state = np.asarray(model.initial(parameters[:, 0])) + 0.01
    return Runs(parameters, state, ends * [0.0, 0.4], ends * [0.0, 0.7, 1.0])


def solved(model, bytes_kept, runs, stored=None):
    """States of a solve that keeps so much."""
    stepping = Stepping(threads=2, stored=stored)
    return compiled_solve(PROCESSOR._replace(keeps=bytes_kept), model, runs, stepping)


def pulled(model, bytes_kept, runs, cotangent, stored=None):
    """States and adjoints of a solve that keeps so much."""

    def states(parameters, state):
        return solved(model, bytes_kept, runs._replace(parameters=parameters, state=state), stored).states

    found, pull = jax.vjp(states, jnp.asarray(runs.parameters), jnp.asarray(runs.state))
    return found, *pull(cotangent)


def cotangent_of(shape):
    return jnp.asarray(np.random.default_rng(4).standard_normal(shape))


def assert_same(one, other):
    for these, those in zip(one, other, strict=True):
        np.testing.assert_array_equal(these, those)


@pytest.mark.parametrize("lanes", [40, 5])
def test_a_gradient_has_the_same_bits_whatever_is_kept(lanes):
    """Of all lanes, of the first five, of none; outputs of some lanes end early in their adjoints."""
    model = model_of(VARIED)
    runs = runs_of(model, np.linspace(5.0, 20.0, 40))
    cotangent = cotangent_of((40, 3, len(model.species))).at[::4, 2].set(0.0).at[::8, 1].set(0.0)
    known = pulled(model, NONE, runs, cotangent)
    found = pulled(model, room_of(model, lanes), runs, cotangent)
    assert np.all(np.any(found[2], axis=1))
    assert_same(found, known)
    np.testing.assert_array_equal(found[0], solved(model, room_of(model, lanes), runs).states)


def test_a_lane_with_more_steps_than_there_is_room_for_takes_them_again():
    model = model_of(VARIED)
    runs = runs_of(model, [10.0, 4000.0, 12.0, 20.0, 3000.0])
    steps = solved(model, NONE, runs).accepted
    assert steps[0] < ROOM < steps[4]
    cotangent = cotangent_of((5, 3, len(model.species)))
    whole = room_of(model, 5)
    assert_same(pulled(model, whole, runs, cotangent), pulled(model, NONE, runs, cotangent))


def test_of_what_is_stored_alone():
    model = model_of(CYCLE)
    runs, cotangent = runs_of(model, [3.0, 9.0]), cotangent_of((2, 3, 2))
    one, other = (pulled(model, kept, runs, cotangent, (3, 1)) for kept in (room_of(model, 2), NONE))
    assert_same(one, other)


@pytest.mark.parametrize("kept", [NONE, 4, 100])
def test_a_failed_lane_has_the_gradient_of_what_it_came_to(kept):
    """It ends at 1 / start; the second output of the first lane is not there, and what is asked of it is nothing."""
    model = model_of("x' = gain*x^2; x = 1; gain = 1;")
    start, times = np.array([[1.0], [0.1]]), np.tile([0.5, 1.5], (2, 1))
    runs = Runs(np.ones((2, 1, 1)), start, np.zeros((2, 1)), times)
    found = pulled(model, room_of(model, kept) if kept > NONE else NONE, runs, jnp.ones((2, 2, 1)))
    known = [1 / 0.5**2, 1 / 0.95**2 + 1 / 0.85**2]
    np.testing.assert_allclose(found[2][:, 0], known, rtol=1e-5)
    np.testing.assert_allclose(
        found[1][:, 0, 0], [0.5 / 0.5**2, 0.005 / 0.95**2 + 0.015 / 0.85**2], rtol=1e-5
    )


@pytest.mark.parametrize("lanes", [3, 11, 33])
def test_under_vmap_lanes_of_all_batches_are_kept_together(lanes):
    """Of 3 batches of 11 lanes, twice: inside the first batch, all of it, and all."""
    model = model_of(VARIED)
    runs = runs_of(model, np.linspace(5.0, 20.0, 11))
    cotangent = cotangent_of((2, 11, 3, len(model.species)))
    scales = jnp.array([0.9, 1.0, 1.1])

    def block(kept, scale):
        scaled = runs._replace(parameters=scale * runs.parameters)

        def states(parameters, state):
            return solved(model, kept, scaled._replace(parameters=parameters, state=state)).states

        found, pull = jax.vjp(states, scaled.parameters, jnp.asarray(runs.state))
        return found, *jax.vmap(pull)(cotangent)

    found = jax.jit(jax.vmap(partial(block, room_of(model, lanes))))(scales)
    assert_same(found, jax.vmap(partial(block, NONE))(scales))
    for place, scale in enumerate(scales):
        assert_same([each[place] for each in found], block(NONE, scale))


def test_readings_have_the_same_bits_whatever_is_kept():
    model = model_of(CYCLE)
    runs = Runs(*(np.repeat(each, 3, axis=0) for each in runs_of(model, [4.0, 6.0, 9.0])))
    output, copy_of = np.arange(9) % 3, np.repeat([0, 3, 6], 3)
    cotangent = cotangent_of((9, len(model.species)))

    def read(kept):
        def states(parameters, state):
            each = runs._replace(parameters=parameters, state=state)
            build = PROCESSOR._replace(keeps=kept)
            return compiled_readings(build, model, each, output, copy_of, Stepping())[0]

        found, pull = jax.vjp(states, jnp.asarray(runs.parameters), jnp.asarray(runs.state))
        return found, *pull(cotangent)

    known = read(NONE)
    for lanes in (1, 3):
        assert_same(read(room_of(model, lanes)), known)


def test_few_lanes_have_room_for_more_steps():
    """Two lanes in the bytes of twelve have six times the room, which is more than the steps of both."""
    model = model_of(VARIED)
    runs = runs_of(model, [4000.0, 3000.0])
    assert ROOM < solved(model, NONE, runs).accepted.min() < 6 * ROOM
    build = PROCESSOR._replace(keeps=room_of(model, 12))
    _, (accepted, steps) = compiled._kept_solve(
        build, model, compiled._options(build, Stepping()), None, Runs(*map(jnp.asarray, runs))
    )
    assert steps.shape == (2, 6 * ROOM, HEAD + len(model.species))
    for lane, count in enumerate(accepted):
        time, size = steps[lane, :count, 0], steps[lane, :count, 1]
        np.testing.assert_allclose(time[1:], time[:-1] + size[:-1], rtol=1e-12)
        np.testing.assert_allclose(steps[lane, count - 1, 2], runs.times[lane, -1], rtol=1e-12)
    cotangent = cotangent_of((2, 3, len(model.species)))
    known = pulled(model, NONE, runs, cotangent)
    assert_same(pulled(model, room_of(model, 12), runs, cotangent), known)


@pytest.mark.parametrize("batches", [None, 50])
def test_what_is_kept_is_bounded(batches):
    model = model_of(CYCLE)
    lanes, most = 100_000, room_of(model, 700)

    def kept(scale):
        shapes = [(lanes, 1, len(model.parameters)), (lanes, len(model.species)), (lanes, 1), (lanes, 2)]
        runs = Runs(*(scale * jnp.ones(shape) for shape in shapes))
        return compiled._kept_solve(PROCESSOR._replace(keeps=most), model, (), None, runs)[1][1]

    if batches:
        found = jax.eval_shape(jax.vmap(kept, out_axes=None), jnp.ones(batches))
    else:
        found = jax.eval_shape(kept, 1.0)
    assert found.shape == (700, ROOM, HEAD + len(model.species))
    assert 8 * math.prod(found.shape) == most


def test_rows_of_another_length_are_refused(monkeypatch):
    monkeypatch.setattr(compiled, "HEAD", HEAD + 1)
    model = model_of(CYCLE)
    with pytest.raises(jax.errors.JaxRuntimeError, match="must agree on a row of a tape"):
        pulled(
            model,
            room_of(model, 2) + 8 * ROOM,
            runs_of(model, [1.0]),
            cotangent_of((1, 3, len(model.species))),
        )


def test_readings_of_batches_have_slopes_as_if_each_were_alone():
    """Kept steps are those of all batches together."""
    model = model_of(CYCLE)
    runs = Runs(*(np.repeat(each, 2, axis=0) for each in runs_of(model, [4.0, 6.0])))
    output, copy_of = np.array([0, 2, 1, 2]), np.array([0, 0, 2, 2])
    cotangent = cotangent_of((4, len(model.species)))

    def pulled_back(scale):
        def states(parameters, state):
            each = runs._replace(parameters=parameters, state=state)
            return compiled_readings(PROCESSOR, model, each, output, copy_of, Stepping())[0]

        return jax.vjp(states, scale * runs.parameters, jnp.asarray(runs.state))[1](cotangent)

    scales = jnp.array([0.9, 1.1])
    found = jax.vmap(pulled_back)(scales)
    for place, scale in enumerate(scales):
        assert_same([each[place] for each in found], pulled_back(scale))
