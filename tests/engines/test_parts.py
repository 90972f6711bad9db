"""What engines share or decide by themselves, by hand: stretches of time, blocks, and when an iteration ends."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

from screen.kernel.engines.blocks import in_blocks
from screen.kernel.engines.reference import ChordIteration
from screen.kernel.engines.stretches import edges, hoisted, inside
from tests.engines.systems import model_of

STEPS = (
    "x' = piecewise(1, time < first, piecewise(2, time < second, 3)) - k*h*x; x = 0; "
    "first = 2; second = 7; k = 3; h = 2;"
)


def test_stretches_end_at_phases_at_switches_inside_them_and_at_the_end():
    """Phases from 0 and 5 to 9; rates switch at 2 and 7, or at 7 and 2, or where no phase is."""
    model = model_of(STEPS)
    place = [model.parameters.index(name) for name in ("first", "second")]
    parameters = np.tile(model.values, (4, 2, 1))
    parameters[1][:, place] = [7.0, 2.0]
    parameters[2][:, place] = [-3.0, 99.0]
    parameters[3][0, place], parameters[3][1, place] = [1.0, 1.5], [1.0, 8.0]
    found = edges(model.system, jnp.asarray(parameters), jnp.array([[0.0, 5.0]] * 4), jnp.full(4, 9.0))
    assert found[:2].tolist() == [[0.0, 2.0, 5.0, 5.0, 5.0, 7.0, 9.0]] * 2
    assert found[2].tolist() == [0.0, 0.0, 5.0, 5.0, 5.0, 9.0, 9.0]
    assert found[3].tolist() == [0.0, 1.0, 1.5, 5.0, 5.0, 8.0, 9.0]


def test_no_stretch_passes_the_end():
    model = model_of(STEPS)
    parameters = jnp.asarray(np.tile(model.values, (1, 2, 1)))
    found = edges(model.system, parameters, jnp.array([[0.0, 5.0]]), jnp.array([4.0]))
    assert found.tolist() == [[0.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0]]


def test_what_depends_on_parameters_alone_is_worked_out_for_each_phase():
    model = model_of(STEPS)
    parameters = np.tile(model.values, (2, 3, 1))
    parameters[1, :, model.parameters.index("k")] = 5.0
    found = np.asarray(hoisted(model.system, jnp.asarray(parameters)))
    assert found.shape[1:] == (2, 3)
    assert any((np.abs(row) == np.array([[6.0] * 3, [10.0] * 3])).all() for row in found)


def test_rates_are_seen_from_inside_a_stretch():
    eps = np.finfo(float).eps
    low, high = inside(jnp.array([2.0, 8.0]), jnp.full(2, 2.0), jnp.full(2, 8.0))
    assert 2.0 < low <= 2.0 + 40 * eps and 8.0 > high >= 8.0 - 40 * eps
    assert float(inside(jnp.array(5.0), jnp.array(2.0), jnp.array(8.0))) == 5.0
    assert float(inside(jnp.array(-3.0), jnp.array(-8.0), jnp.array(-3.0))) < -3.0


@pytest.mark.parametrize("lanes", [1, 3, 4, 5, 9])
def test_blocks_have_one_width_and_copies_of_the_last_lane_fill_the_last(lanes):
    widths = []

    def double(block):
        widths.append(block[0].shape)
        return 2 * block[0], block[0] + block[1][:, 0]

    first = jnp.arange(float(lanes))
    found = in_blocks(double, (first, jnp.tile(first[:, None], (1, 2))), {"cpu": 4, "gpu": 7})
    assert [each.tolist() for each in found] == [(2 * first).tolist()] * 2
    assert {shape[0] for shape in widths} == {4}


@pytest.mark.parametrize(
    ("step", "size", "before", "ended"),
    [
        (1, 1e-3, 1.0, "converged"),  # so small that no rate is asked for
        (1, 0.5, 1.0, None),  # it falls, but one rate says little
        (2, 0.5, 1.0, "converged"),  # what is left is 0.5 * 0.5 / 0.5 = 0.5
        (2, 1.9, 2.2, None),  # what is left is 1.9 * 0.86 / 0.14
        (2, 1.2, 1.0, "diverged"),
        (2, 1.2, 1.2, "diverged"),
        (1, 1.2, 1.0, None),
        (1, np.inf, 1.0, "diverged"),
        (1, np.nan, 1.0, "diverged"),
        (3, np.nan, 1.0, "diverged"),
        (0, 3.0, np.inf, None),
        (2, 1e-3, 1e-4, "converged"),
    ],
)
def test_an_iteration_ends_where_what_is_left_is_below_one_or_where_it_grows(step, size, before, ended):
    state = SimpleNamespace(diffsize=jnp.array(size), diffsize_prev=jnp.array(before), step=jnp.array(step))
    over, outcome = ChordIteration(rtol=1e-3, atol=1e-6, kappa=1.0).terminate(
        None, None, None, None, state, None
    )
    assert bool(over) == (ended is not None)
    failed = bool(outcome == optimistix.RESULTS.nonlinear_divergence)
    assert failed == (ended == "diverged")
