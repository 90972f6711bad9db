"""The adjoint of the kernel against finite differences, forward solves and the reference engine."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import Runs, Status, Until, rest, solve, solve_readings
from tests.kernel.networks import CYCLE, VARIED, model_of, perturbed

TIGHT = {"rtol": 1e-10, "atol": 1e-12}


def problem(model, lanes=3, phases=2, end=12.0, outputs=6):
    parameters = perturbed(model, lanes, phases)
    state = np.asarray(model.initial(parameters[:, 0])) + 0.05
    switches = np.tile(np.linspace(0, end, phases, endpoint=False), (lanes, 1))
    times = np.tile(np.linspace(0, end, outputs), (lanes, 1))
    weights = np.random.default_rng(7).standard_normal((outputs, len(model.species)))

    def loss(parameters, state, **options):
        states = solve(model, parameters, state, switches, times, **(TIGHT | options)).states
        return jnp.sum(weights * states**2)

    return loss, parameters, state


@pytest.mark.parametrize("text", [VARIED, CYCLE])
def test_agrees_with_finite_differences(text):
    model = model_of(text)
    loss, parameters, state = problem(model)
    gradient, gradient_state = jax.grad(loss, (0, 1))(parameters, state)
    for lane, phase in ((0, 0), (2, 1)):
        for place, name in enumerate(model.parameters):
            change = np.zeros_like(parameters)
            change[lane, phase, place] = 1e-5 * parameters[lane, phase, place]
            known = (loss(parameters + change, state) - loss(parameters - change, state)) / 2e-5
            found = gradient[lane, phase, place] * parameters[lane, phase, place]
            np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-6, err_msg=name)
        for species in range(len(model.species)):
            change = np.zeros_like(state)
            change[lane, species] = 1e-5
            known = (loss(parameters, state + change) - loss(parameters, state - change)) / 2e-5
            np.testing.assert_allclose(gradient_state[lane, species], known, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_agrees_with_the_reference_engine():
    model = model_of(CYCLE)
    loss, parameters, state = problem(model, lanes=2, phases=1)
    kernel = jax.grad(loss, (0, 1))(parameters, state)
    reference = jax.grad(lambda *a: loss(*a, engine="diffrax", rtol=1e-9, atol=1e-11), (0, 1))(
        parameters, state
    )
    np.testing.assert_allclose(kernel[0], reference[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(kernel[1], reference[1], rtol=1e-5, atol=1e-6)


def test_lanes_keep_their_gradients_apart():
    model = model_of(CYCLE)
    loss, parameters, state = problem(model, lanes=21)
    whole = jax.jit(jax.grad(loss, (0, 1)))(parameters, state)
    again = jax.jit(jax.grad(loss, (0, 1)))(parameters, state)
    np.testing.assert_array_equal(whole[0], again[0])
    small, few, start = problem(model, lanes=3)
    np.testing.assert_array_equal(few, parameters[:3])
    np.testing.assert_array_equal(jax.grad(small)(few, start), whole[0][:3])


def test_a_failed_lane_does_not_spoil_a_shared_gradient():
    model = model_of("x' = gain*x^2; x = 1; gain = 1;")
    times, switches = np.tile([0.5, 1.5], (2, 1)), np.zeros((2, 1))

    def loss(gain, start):
        solution = solve(
            model, jnp.full((2, 1, 1), gain), jnp.stack([start, 0.1 * start])[:, None], switches, times
        )
        good = (solution.status == Status.OK)[:, None, None]
        return jnp.sum(jnp.where(good, solution.states, 0.0)), solution.status

    (_, status), gradient = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(1.0, 1.0)
    assert [int(code) for code in status] == [Status.STEP_UNDERFLOW, Status.OK]
    known = [
        sum(t * 0.01 / (1 - 0.1 * t) ** 2 for t in (0.5, 1.5)),
        sum(0.1 / (1 - 0.1 * t) ** 2 for t in (0.5, 1.5)),
    ]
    np.testing.assert_allclose(gradient, known, rtol=1e-5)


def test_through_jit_vmap_and_the_initial_formulas():
    model = model_of(VARIED)
    place = model.parameters.index("start")

    def final(scale):
        parameters = jnp.asarray(model.values).at[place].set(scale)[None]
        state = model.initial(parameters)
        states = solve(model, parameters[:, None], state, [[0.0]], [[2.0]], **TIGHT).states
        return model.observe(2.0, states[:, 0], parameters)[0, 0] + states[0, 0, -1]

    slope = jax.jit(jax.vmap(jax.grad(final)))(jnp.array([0.4, 0.7]))
    known = [(final(x + 1e-5) - final(x - 1e-5)) / 2e-5 for x in (0.4, 0.7)]
    np.testing.assert_allclose(slope, known, rtol=1e-5)


def test_through_a_rest():
    model = model_of("x' = source - rate*x; x = 1; rate = 2; source = 3;")
    source, rate = (model.parameters.index(name) for name in ("source", "rate"))

    def level(parameters):
        return rest(model, parameters[None], [[1.0]], until=Until(200.0), rtol=1e-9).state[0, 0]

    gradient = jax.jit(jax.grad(level))(jnp.asarray(model.values))
    np.testing.assert_allclose([gradient[source], gradient[rate]], [1 / 2, -3 / 4], rtol=1e-6)


def readings(model, rows, copies=3, outputs=4):
    """Rows that read `copies` trajectories at changing times, and the arrays of solve_readings."""
    lane = np.random.default_rng(3).integers(copies, size=rows)
    first = np.array([np.flatnonzero(lane == place)[0] for place in lane])
    parameters = perturbed(model, copies, 2)[lane]
    state = np.asarray(model.initial(parameters[:, 0])) + 0.05
    switches, times = np.tile([0.0, 6.0], (rows, 1)), np.tile(np.linspace(0, 12, outputs), (rows, 1))
    return parameters, state, switches, times, np.arange(rows) % outputs, first


@pytest.mark.parametrize("text", [VARIED, CYCLE])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_block_of_cotangents_is_each_of_them(text, threads):
    """More rows a lane than are walked back at once, and lanes with different numbers of them."""
    model, rows = model_of(text), 40
    *arrays, output, first = readings(model, rows)
    cotangents = np.random.default_rng(5).standard_normal((rows, len(model.species)))

    def together(parameters, state):
        return solve_readings(
            model, Runs(parameters, state, *arrays[2:]), output, first, threads=threads, **TIGHT
        )

    (found, status), pull = jax.vjp(together, *arrays[:2])
    block = pull((cotangents, np.zeros(rows, dtype=jax.dtypes.float0)))
    assert not np.any(status)
    for row in range(rows):
        alone = [each[row : row + 1] for each in arrays]
        known, pull_one = jax.vjp(
            lambda p, s, a=alone: solve(model, p, s, *a[2:], **TIGHT).states, *alone[:2]
        )
        np.testing.assert_array_equal(found[row], known[0, output[row]])
        one = pull_one(jnp.zeros_like(known).at[0, output[row]].set(cotangents[row]))
        for several, single in zip(block, one, strict=True):
            scale = np.abs(single).max() + 1e-300
            np.testing.assert_allclose(several[row] / scale, single[0] / scale, atol=1e-12)


def test_vmap_of_a_pullback_walks_back_a_block():
    model = model_of(VARIED)
    _, parameters, state = problem(model, lanes=11)
    times, switches = np.tile([2.0, 5.0, 12.0], (11, 1)), np.tile([0.0, 6.0], (11, 1))
    cotangents = np.random.default_rng(2).standard_normal((10, 11, 3, len(model.species)))

    def states(scale, parameters, state):
        return solve(model, scale * parameters, state, switches, times).states

    def block(scale):
        return jax.vmap(jax.vjp(lambda p, s: states(scale, p, s), parameters, state)[1])(cotangents)

    both = jax.jit(jax.vmap(block))(jnp.array([1.0, 1.1]))
    for place, scale in enumerate((1.0, 1.1)):
        pull = jax.vjp(lambda p, s, scale=scale: states(scale, p, s), parameters, state)[1]
        for number, cotangent in enumerate(cotangents):
            for several, single in zip(both, pull(cotangent), strict=True):
                scale = np.abs(single).max()
                np.testing.assert_allclose(several[place, number] / scale, single / scale, atol=1e-12)


def test_readings_agree_with_finite_differences():
    model, rows = model_of(VARIED), 8
    parameters, state, switches, times, output, first = readings(model, rows)
    weights = np.random.default_rng(1).standard_normal((rows, len(model.species)))

    def value(parameters, state):
        found = solve_readings(model, Runs(parameters, state, switches, times), output, first, **TIGHT)[0]
        return jnp.sum(weights * found, axis=1)

    by_parameters, by_state = jax.vjp(value, parameters, state)[1](jnp.ones(rows))
    direction = np.random.default_rng(4).standard_normal(parameters.shape[1:]) * parameters[0]
    change = np.broadcast_to(1e-6 * direction, parameters.shape)
    known = (value(parameters + change, state) - value(parameters - change, state)) / 2e-6
    np.testing.assert_allclose(np.sum(by_parameters * direction, axis=(1, 2)), known, rtol=1e-5, atol=1e-7)
    known = (value(parameters, state + 1e-6) - value(parameters, state - 1e-6)) / 2e-6
    np.testing.assert_allclose(np.sum(by_state, axis=1), known, rtol=1e-5, atol=1e-7)


def test_readings_do_not_depend_on_threads_or_company():
    model = model_of(CYCLE)
    *arrays, output, first = readings(model, 60, copies=20)
    cotangents = np.random.default_rng(5).standard_normal((60, len(model.species)))

    def pulled(rows, threads):
        chosen = [each[rows] for each in arrays]
        own = np.array([np.flatnonzero(first[rows] == place)[0] for place in first[rows]])

        def read(p, s):
            return solve_readings(model, Runs(p, s, *chosen[2:]), output[rows], own, threads=threads)[0]

        return jax.vjp(read, *chosen[:2])[1](jnp.asarray(cotangents[rows]))

    whole, single = pulled(np.arange(60), 2), pulled(np.arange(60), 1)
    some = np.arange(5, 60, 7)
    few = pulled(some, 1)
    for one, other, part in zip(whole, single, few, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.asarray(one)[some], part)


def test_readings_name_what_does_not_fit():
    model = model_of(CYCLE)
    *arrays, output, first = readings(model, 6)
    with pytest.raises(KernelError, match="one of 4 outputs for each of 6 rows"):
        solve_readings(model, Runs(*arrays), output + 1, first)
    with pytest.raises(KernelError, match="first row"):
        solve_readings(model, Runs(*arrays), output, np.full(6, 5))
