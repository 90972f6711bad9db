"""Rest states against closed forms, the long integration of every engine, and finite differences."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import ENGINES, Solution, Status, Stepping, Until, rest
from screen.kernel.engines.resting import Cells, integrated_rest
from tests.kernel.networks import model_of, perturbed

SWITCH = "x' = low + x^2/(1 + x^2) - rate*x; x = 0; low = 0.02; rate = 0.45;"
"""Two stable states, at 0.05 and 1.6, and one between them that is not."""

TRAVELLER = """
    compartment cell = 3; compartment nucleus = 1;
    species A in cell, Ap in cell, An in nucleus, B in cell, M in nucleus;
    A = 2; Ap = 0; An = 0.1; B = 0; M = 0; on = 0.9; off = 0.3; into = 0.2; out = 0.5; make = 2; lose = 0.01;
    a1: A -> Ap; cell*on*A/(1 + M); a2: Ap -> A; cell*off*Ap; enter: Ap -> An; cell*into*Ap;
    leave: An -> A; nucleus*out*An; m1: -> M; nucleus*make*An; m2: M -> ; nucleus*0.7*M;
    b1: -> B; cell*lose; b2: B -> ; cell*lose*B;
"""
"""A protein that is conserved over two volumes, with feedback from the nucleus, and a product that takes its time."""

UNTIL, TIGHT = Until(1e5), Stepping(rtol=1e-9, atol=1e-12, threads=1)


def rest_of(model, parameters, state, copy_of=None, **options):
    """Compiled as a whole, as in a screen."""
    copies = None if copy_of is None else tuple(copy_of)
    return _rest(model, copies, tuple(options.items()))(parameters, state)


@cache
def _rest(model, copies, options):
    copy_of = None if copies is None else np.array(copies)
    return jax.jit(partial(rest, model, copy_of=copy_of, until=UNTIL, **TIGHT._asdict() | dict(options)))


def integrated(model, parameters, state, stepping=TIGHT):
    return _integrated(model, stepping)(parameters, state)


@cache
def _integrated(model, stepping):
    solve = ENGINES["kernel"].solve
    return jax.jit(lambda *cells: integrated_rest(solve, model, Cells(*cells), UNTIL, stepping))


def roots_of_switch(model):
    """Low, unstable and high rest state: low (1 + x^2) + x^2 = rate x (1 + x^2)."""
    value = dict(zip(model.parameters, model.values, strict=True))
    roots = np.roots([value["rate"], -1 - value["low"], value["rate"], -value["low"]])
    return np.sort(roots.real)


@pytest.mark.parametrize(("moved", "status"), [(1e-15, Status.OK), (1e-13, Status.NO_REST_STATE)])
def test_what_is_lost_of_a_total_is_no_movement(moved, status):
    model = model_of("species A, B; A = 1; B = 0; k = 1; there: B -> A; k*B;")
    states = jnp.array([[[1.0, 0.0], [1.0, moved]]])
    one = jnp.zeros(1, dtype=jnp.int32)

    def run(*_, **__):
        return Solution(states, one, one, one, jnp.ones(1))

    cells = Cells(jnp.ones((1, 1)), states[:, 0])
    found = integrated_rest(run, model, cells, UNTIL, TIGHT._replace(atol=1e-16))
    assert found.status.tolist() == [status]


def test_a_species_that_lives_on_what_rounding_leaves_of_an_exchange_comes_to_rest():
    """A and B exchange as much both ways, E is made of the difference: nothing but rounding, a hundredfold."""
    model = model_of(
        "species A, B, E; A = 0.3; B = 0.7; E = 0; on = 1; off = 1; lose = 0.01;"
        "there: A -> B; on*A; back: B -> A; off*B; up: -> E; on*A; down: E -> ; off*B; away: E -> ; lose*E;"
    )
    rng, value = np.random.default_rng(1), dict(zip(model.parameters, model.values, strict=True))
    rates = [value | {"on": on, "off": off} for on, off in rng.uniform(0.3, 1.0, (64, 2))]
    parameters = np.array([list(each.values()) for each in rates])
    found = rest_of(model, parameters, np.tile([0.3, 0.7, 0.0], (64, 1)), atol=1e-17)
    assert not np.any(found.status)
    share = parameters[:, list(value).index("off")] / parameters.sum(
        1, where=np.isin(list(value), ["on", "off"])
    )
    np.testing.assert_allclose(found.state[:, 0], share, rtol=1e-9)
    assert np.max(np.abs(found.state[:, 2])) < 1e-13


@pytest.mark.parametrize(
    ("end", "moved", "status"),
    [
        (1.0, 0.9e-3, Status.OK),
        (1.0, 1.1e-3, Status.NO_REST_STATE),
        (-1.0, 0.9e-3, Status.OK),
        (0.0, 0.9e-9, Status.OK),
        (0.0, -1.1e-9, Status.NO_REST_STATE),
    ],
)
def test_rest_is_a_change_below_a_thousandth_of_each_species_and_of_what_is_resolved(end, moved, status):
    """Resolved are a thousand absolute tolerances; a failed lane keeps its status; steps are all that were tried."""
    model = model_of("species A, B; A = 1; B = 1; k = 1; there: B -> A; k*B;")
    states = jnp.array([[[1.0, end - moved], [1.0, end]]] * 2)
    given = []

    def run(model, runs, stepping):
        given.append(runs.times.tolist())
        ended = jnp.array([Status.OK, Status.MAX_STEPS], dtype=jnp.int32)
        return Solution(states, ended, jnp.array([5, 7]), jnp.array([2, 1]), jnp.ones(2))

    cells = Cells(jnp.ones((2, 1)), states[:, 0])
    found = integrated_rest(run, model, cells, Until(50.0, 1e-3), TIGHT._replace(atol=1e-9))
    assert found.status.tolist() == [status, Status.MAX_STEPS] and found.steps.tolist() == [7, 8]
    assert given == [[[50.0, 100.0]] * 2] and found.state.tolist() == states[:, 1].tolist()


def test_goes_to_the_stable_state_of_its_side():
    model = model_of(SWITCH)
    low, between, high = roots_of_switch(model)
    sides = np.concatenate([between * (1 - np.logspace(-4, 0, 20)), between * (1 + np.logspace(-4, 1, 20))])
    found = rest_of(model, np.tile(model.values, (40, 1)), sides[:, None])
    assert not np.any(found.status)
    np.testing.assert_allclose(found.state[:20, 0], low, rtol=1e-10)
    np.testing.assert_allclose(found.state[20:, 0], high, rtol=1e-10)


def test_a_state_that_is_left_is_not_where_newton_may_end():
    """A start on the unstable state, which every integration believes: the lane is integrated to its tolerance."""
    model = model_of(SWITCH)
    start = np.array([[roots_of_switch(model)[1]], [0.0]])
    parameters = np.tile(model.values, (2, 1))
    found = rest_of(model, parameters, start)
    loosely = integrated(model, parameters, start, TIGHT._replace(rtol=1e-7, atol=1e-10))
    exactly = integrated(model, parameters, start)
    np.testing.assert_array_equal(found.steps, np.asarray(loosely.steps) + np.asarray(exactly.steps) * [1, 0])


def test_a_cell_that_does_not_rest_says_so():
    model = model_of("x' = y; y' = -x; x = 1; y = 0; drift = 1; z' = drift; z = 0;")
    short = jax.jit(partial(rest, model, until=Until(100.0)))
    found = short(np.array([[1.0], [0.0]]), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.5]]))
    assert found.status.tolist() == [Status.NO_REST_STATE, Status.OK]
    assert float(found.state[1, 2]) == 0.5
    exploding = model_of("x' = x^2; x = 1;")
    assert int(jax.jit(partial(rest, exploding))(np.zeros((1, 0)), np.ones((1, 1))).status[0]) != Status.OK


def test_is_the_long_integration():
    model = model_of(TRAVELLER)
    parameters = perturbed(model, 30, spread=0.3)[:, 0]
    state = np.asarray(model.initial(parameters)) + 0.05
    found = rest_of(model, parameters, state)
    known = integrated(model, parameters, state)
    assert not np.any(found.status) and found.steps.mean() < 0.7 * known.steps.mean()
    np.testing.assert_allclose(found.state, known.state, rtol=1e-9)
    amount = np.array([3.0, 3.0, 1.0])
    np.testing.assert_allclose(found.state[:, :3] @ amount, state[:, :3] @ amount, rtol=1e-9)


def test_derivatives_are_finite_differences_volumes_and_totals_included():
    model = model_of(TRAVELLER)
    parameters = perturbed(model, 1, spread=0.2)
    state = np.asarray(model.initial(parameters[:, 0])) + 0.05
    rows = jax.jit(jax.jacrev(lambda p, s: rest_of(model, p[None], s[None]).state[0], (0, 1)))
    by_parameters, by_state = rows(parameters[0, 0], state[0])
    for place, name in enumerate(model.parameters):
        change = np.zeros_like(parameters[0, 0])
        change[place] = 1e-4 * parameters[0, 0, place]
        up, down = (rest_of(model, parameters[0] + sign * change, state).state[0] for sign in (1, -1))
        np.testing.assert_allclose(
            by_parameters[:, place] * parameters[0, 0, place],
            (up - down) / 2e-4,
            rtol=1e-5,
            atol=1e-7,
            err_msg=name,
        )
    for place, name in enumerate(model.species):
        change = np.zeros_like(state)
        change[0, place] = 1e-4
        up, down = (rest_of(model, parameters[0], state + sign * change).state[0] for sign in (1, -1))
        np.testing.assert_allclose(by_state[:, place], (up - down) / 2e-4, rtol=1e-5, atol=1e-7, err_msg=name)


def test_copies_have_derivatives_of_their_own():
    model = model_of(TRAVELLER)
    copy_of = np.array([0, 0, 2, 0, 2])
    parameters = perturbed(model, 5)[copy_of, 0]
    state = np.asarray(model.initial(parameters))
    cotangents = np.random.default_rng(1).standard_normal(state.shape)
    pulled = [
        jax.vjp(lambda p, s, c=copies: rest_of(model, p, s, copy_of=c).state, parameters, state)[1](
            cotangents
        )
        for copies in (copy_of, None)
    ]
    for together, apart in zip(*pulled, strict=True):
        np.testing.assert_array_equal(together, apart)


def test_a_mode_slower_than_the_horizon_has_no_derivative():
    model = model_of("x' = slow*(1 - x); x = 1; slow = 1e-9;")
    slope = jax.jit(jax.grad(lambda p: rest(model, p[None], [[1.0]], until=UNTIL).state[0, 0]))(
        jnp.asarray(model.values)
    )
    assert np.isnan(slope).all()


def test_rest_names_shapes_that_do_not_fit():
    with pytest.raises(KernelError, match="state must have shape"):
        rest(model_of(SWITCH), [[0.02, 0.45]], [[0.0, 1.0]])
