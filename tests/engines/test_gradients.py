"""Gradients of the differentiable engines: finite differences, each other, and lanes that fail."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.kernel import available_engines, solve
from tests.engines.systems import BLOW_UP, model_of

NETWORK = """compartment cell = 1; species A in cell, B in cell, C in cell; A = 1; C = 0.2;
    catalysis = 0.9; Km = 0.4; n = 2.3; K = 0.5; decay = 0.3; input = 0.1;
    r1: A -> B; cell*catalysis*C*A/(Km + A); r2: B -> A; cell*decay*B*(1 + (C/K)^n);
    r3: -> C; cell*input; r4: C -> ; cell*decay*C;"""
SWITCHES = np.array([[0.0, 1.5, 3.0]])
TIMES = np.array([[0.0, 0.5, 1.5, 1.5, 2.0, 4.0, 8.0]])
DIFFERENTIABLE = ("kernel", pytest.param("diffrax", marks=pytest.mark.slow))


def gradients(engine: str):
    if engine not in available_engines():
        pytest.skip(f"engine {engine} must be available, found {', '.join(available_engines())}")
    model = model_of(NETWORK)
    target = np.sin(np.arange(TIMES.size * 3)).reshape(1, TIMES.size, 3)

    def loss(parameters, state, engine=engine, rtol=1e-9):
        found = solve(model, parameters, state, SWITCHES, TIMES, engine=engine, rtol=rtol, atol=1e-3 * rtol)
        return jnp.sum((found.states - target) ** 2)

    parameters = np.tile(model.values, (1, 3, 1))
    parameters[0, 1, model.parameters.index("input")] = 1.0
    state = np.asarray(model.initial(parameters[:, 0]))
    return (
        loss,
        parameters,
        state,
        jax.grad(loss, argnums=(0, 1))(jnp.asarray(parameters), jnp.asarray(state)),
    )


def difference(function, values: np.ndarray, place: tuple[int, ...]) -> float:
    size = 1e-4 * max(abs(values[place]), 1e-2)
    up, down = values.copy(), values.copy()
    up[place] += size
    down[place] -= size
    return float(function(up) - function(down)) / (2 * size)


@pytest.mark.parametrize("engine", DIFFERENTIABLE)
def test_gradient_matches_finite_differences(engine):
    loss, parameters, state, (by_parameters, by_state) = gradients(engine)
    reference = "kernel" if "kernel" in available_engines() else engine
    for place in np.ndindex(parameters.shape):
        known = difference(lambda p: loss(p, state, reference, 1e-11), parameters, place)
        assert by_parameters[place] == pytest.approx(known, rel=1e-4, abs=1e-6), place
    for place in np.ndindex(state.shape):
        known = difference(lambda s: loss(parameters, s, reference, 1e-11), state, place)
        assert by_state[place] == pytest.approx(known, rel=1e-4, abs=1e-6), place


@pytest.mark.parametrize("engine", DIFFERENTIABLE)
def test_a_failed_lane_has_no_gradient_and_spoils_none(engine):
    if engine not in available_engines():
        pytest.skip(f"engine {engine} must be available, found {', '.join(available_engines())}")
    model = model_of(BLOW_UP)
    parameters = jnp.tile(jnp.asarray(model.values), (2, 1, 1))
    times = np.full((2, 1), 2.0)

    def total(state):
        found = solve(model, parameters, state, np.zeros((2, 1)), times, engine=engine)
        return jnp.sum(jnp.where(found.status[:, None, None] == 0, found.states, 0.0))

    gradient = np.asarray(jax.grad(total)(jnp.array([[0.1], [1.0]])))
    np.testing.assert_allclose(gradient, [[1 / (1 - 0.1 * 2) ** 2], [0.0]], rtol=1e-4)


@pytest.mark.parametrize("engine", DIFFERENTIABLE)
def test_gradient_of_what_is_stored_is_that_of_these_columns(engine):
    if engine not in available_engines():
        pytest.skip(f"engine {engine} must be available, found {', '.join(available_engines())}")
    model = model_of(NETWORK)
    parameters = np.tile(model.values, (1, 3, 1))
    state = np.asarray(model.initial(parameters[:, 0]))
    weights = np.cos(np.arange(TIMES.size * 2)).reshape(1, TIMES.size, 2)

    def loss(parameters, state, stored):
        found = solve(model, parameters, state, SWITCHES, TIMES, engine=engine, stored=stored).states
        return jnp.sum(weights * (found if stored else found[..., jnp.array([2, 0])]))

    found, known = (jax.grad(loss, (0, 1))(parameters, state, stored) for stored in ((2, 0), None))
    for one, other in zip(found, known, strict=True):
        assert np.any(other)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
