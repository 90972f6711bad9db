"""Which lanes of a rest are left to Newton's method and which are integrated on: by hand, nothing compiled."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.kernel import Solution, Status, Stepping, Until
from screen.kernel.engines import resting
from screen.kernel.engines.resting import Cells, compiled_rest, integrated_rest

UNTIL, STEPPING = Until(50.0, 1e-3), Stepping(rtol=1e-7, atol=1e-12, threads=2)
OK, TIRED, UNRESTED = int(Status.OK), int(Status.MAX_STEPS), int(Status.NO_REST_STATE)

GOOD, NEWTON_FAILS, OSCILLATES, MOVES, NEVER = range(5)
"""What lanes do; a lane's first parameter says it, its second one is a volume."""

LOOSELY, EXACTLY, NEWTON = 1.0, 2.0, 0.25
"""States that integrations end in, and what Newton's method adds."""


class Model(SimpleNamespace):
    """One species."""

    def per_amount(self, parameters):
        return 1 / parameters[..., 1:]


MODEL = Model(name="cell", system=SimpleNamespace(scale=(1.0,)))


@pytest.fixture
def asked(monkeypatch):
    """A kernel that ends where it is told; how it was told to step, and what Newton's method was told."""
    found = SimpleNamespace(steps=[], told={})

    def solve(build, model, runs, stepping):
        found.steps.append((stepping.rtol, stepping.atol))
        assert runs.parameters.shape[1] == runs.switches.shape[1] == 1
        what, loose = runs.parameters[:, 0, 0], len(found.steps) % 2
        end = LOOSELY if loose else EXACTLY
        moves = (what == NEVER) | ((what == MOVES) & bool(loose))
        states = jnp.stack([jnp.where(moves, 0.0, end), jnp.full(len(what), end)], axis=1)[:, :, None]
        status = jnp.where(what == OSCILLATES, TIRED, OK).astype(jnp.int32)
        steps = jnp.where(runs.times[:, 1] > 0, 10, 0)
        return Solution(states + runs.state[:, None], status, steps, steps // 2, runs.times[:, 1])

    def handler(target, outputs, vmap_method=None):
        def settle(parameters, state, **told):
            found.told = told
            at_rest = jnp.where(parameters[:, 0] == NEWTON_FAILS, 0, 1).astype(jnp.int32)
            return state + NEWTON, at_rest

        def gradient(parameters, state, lane, cotangent, **told):
            assert told == found.told
            return 0 * parameters[lane] + 7 * cotangent, 3 * cotangent

        return {"kernel_settle": settle, "adjoint_settle_gradient": gradient}[target]

    monkeypatch.setattr(resting, "compiled_solve", solve)
    monkeypatch.setattr(jax.ffi, "ffi_call", handler)
    return found


BUILD = SimpleNamespace(
    register=lambda model: "kernel",
    register_adjoints=lambda model: "adjoint",
    threads=lambda wanted: wanted + 1,
)


def rest_of(parameters, state, copy_of=None):
    copies = np.arange(len(parameters)) if copy_of is None else np.array(copy_of)

    def find(*cells):
        return compiled_rest(BUILD, MODEL, Cells(*cells), copies, UNTIL, STEPPING)

    return jax.jit(find)(parameters, state)


def lanes(*what):
    return np.array([[float(each), 4.0] for each in what])


def test_newton_ends_what_rests_and_the_rest_is_integrated_to_its_tolerance(asked):
    """Steps are those of both integrations, 15 each; the second is none where it is not needed."""
    found = rest_of(lanes(GOOD, NEWTON_FAILS, OSCILLATES, MOVES, NEVER), np.zeros((5, 1)))
    assert found.state[:, 0].tolist() == [1.25, 2.25, 1.0, 2.25, 2.25]
    assert found.status.tolist() == [OK, OK, TIRED, OK, UNRESTED]
    assert found.steps.tolist() == [15, 30, 15, 30, 30]


def test_first_comes_an_integration_a_hundred_times_as_loose(asked):
    rest_of(lanes(GOOD), np.zeros((1, 1)))
    assert asked.steps[:2] == [pytest.approx((1e-5, 1e-10)), (1e-7, 1e-12)]
    assert asked.told == {"atol": 1e-12, "rate": 1 / 50, "threads": 3, "time": 100.0, "tolerance": 1e-3}


def test_copies_have_the_rest_of_their_first(asked):
    found = rest_of(lanes(GOOD, MOVES, GOOD, MOVES), np.array([[0.0], [5.0], [9.0], [9.0]]), [0, 1, 0, 1])
    assert found.state[:, 0].tolist() == [1.25, 7.25, 1.25, 7.25]
    assert found.steps.tolist() == [15, 30, 15, 30]


def test_a_volume_moves_the_total_by_what_has_come_to_the_species(asked):
    """Of the adjoint of the state, 3, it is - (end - start) / volume; the other comes from the handler, 7."""
    parameters, start = lanes(GOOD, MOVES), np.array([[0.0], [5.0]])
    weights = np.array([[1.0], [2.0]])

    def total(parameters, start):
        return jnp.sum(weights * rest_of(parameters, start).state)

    by_parameters, by_state = jax.grad(total, (0, 1))(jnp.asarray(parameters), jnp.asarray(start))
    assert by_state.tolist() == [[3.0], [6.0]]
    known = [[7.0, 7.0 - 3.0 * 1.25 / 4], [14.0, 14.0 - 6.0 * 2.25 / 4]]
    np.testing.assert_allclose(by_parameters, known, rtol=1e-14)


def integrated(before, end, scale=(1.0, 1.0), **stepping):
    """Statuses of lanes that are there at the horizon and at twice it."""
    states, nobody = jnp.stack([jnp.array(before), jnp.array(end)], axis=1), jnp.zeros(len(end), jnp.int32)

    def run(model, runs, stepping):
        return Solution(states, nobody, nobody, nobody, jnp.ones(len(end)))

    model = SimpleNamespace(system=SimpleNamespace(scale=scale))
    cells = Cells(jnp.zeros((len(end), 1)), states[:, 0])
    found = jax.jit(lambda cells: integrated_rest(run, model, cells, UNTIL, Stepping(**stepping)))(cells)
    return found.status.tolist()


def test_a_species_that_stays_small_is_resolved_as_finely_as_its_scale():
    """At 0 it may move by atol; of a thousandth of its scale, by a thousandth of that."""
    moved = [[0.9e-6, 0.0], [1.1e-6, 0.0], [0.0, 0.9e-9], [0.0, 1.1e-9]]
    found = integrated(moved, np.zeros((4, 2)), (1.0, 1e-3), atol=1e-6)
    assert found == [OK, UNRESTED, OK, UNRESTED]


def test_what_rounding_leaves_is_a_share_of_the_largest_state_of_the_lane():
    """2^-45 of it, 2.8e-14."""
    end = np.array([[1.0, 0.0], [1.0, 0.0], [1e-6, 0.0], [-1.0, 0.0]])
    before = np.array([[1.0, 2e-14], [1.0, 4e-14], [1e-6, 2e-14], [-1.0, 2e-14]])
    assert integrated(before, end, atol=1e-30) == [OK, UNRESTED, UNRESTED, OK]


def test_a_cell_of_nothing_that_stays_so_rests_without_any_tolerance():
    assert integrated(np.zeros((1, 2)), np.zeros((1, 2)), atol=0.0) == [OK]


def test_slopes_of_batches_are_as_if_each_were_alone(asked):
    parameters = jnp.asarray([lanes(GOOD, MOVES), lanes(MOVES, GOOD) * [1.0, 2.0]])
    start, weights = jnp.array([[[0.0], [5.0]], [[1.0], [2.0]]]), jnp.array([[1.0], [2.0]])

    def slopes(parameters, start):
        return jax.grad(lambda p, s: jnp.sum(weights * rest_of(p, s).state), (0, 1))(parameters, start)

    found = jax.vmap(slopes)(parameters, start)
    for number in range(2):
        for several, alone in zip(found, slopes(parameters[number], start[number]), strict=True):
            np.testing.assert_allclose(several[number], alone, rtol=1e-14)
