"""The adjoint of the kernel against finite differences, forward solves and the reference engine."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.kernel import Status, rest, solve
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

    (_, status), gradient = jax.value_and_grad(loss, (0, 1), has_aux=True)(1.0, 1.0)
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
        return rest(model, parameters[None], [[1.0]], horizon_minutes=200.0, rtol=1e-9).state[0, 0]

    gradient = jax.grad(level)(jnp.asarray(model.values))
    np.testing.assert_allclose([gradient[source], gradient[rate]], [1 / 2, -3 / 4], rtol=1e-6)
