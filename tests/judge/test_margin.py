"""The margin of one arm over another by hand: read with the parameters of its time, and none where nothing is left."""

from types import SimpleNamespace
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from screen.judge import margin
from screen.judge.margin import Margin, Margins, Moved, _log10_sd
from screen.simulate import Readout


class Cell(NamedTuple):
    """What is read of a design: one cell whose arms change at 60 min."""

    rest: np.ndarray
    start: np.ndarray


class Drawn(NamedTuple):
    """What is read of draws."""

    base: np.ndarray
    affinity: np.ndarray


class Numbered(NamedTuple):
    """What is read of draws to take some of them."""

    number: np.ndarray


@pytest.fixture
def by_hand(monkeypatch):
    """The read-out is its parameter: what was drawn over the constant of a drug in the first arm, 2 in the second, 100
    in both after 60 min. A cell with 5 does not rest, and an arm with 7 fails."""

    def lanes(design, draws, arm, owner):
        first = draws.base[owner, 0] * draws.affinity[owner, 0, 0]
        second = 2.0 * draws.affinity[owner, -1, 0]  # that of no drug
        first = jnp.where(arm == 0, first, second)
        return jnp.stack([first, jnp.full_like(first, 100.0)], axis=1)[..., None]

    def follow(model, integration, parameters, state, start, times):
        states = jnp.broadcast_to(state[:, None], (*times.shape, 1))
        return SimpleNamespace(states=states, status=jnp.where(parameters[:, 0, 0] == 7.0, 1, 0))

    for name, stub in {
        "rest_parameters": lambda design, draws, cell, rows: draws.base[rows],
        "come_to_rest": lambda model, integration, given: SimpleNamespace(
            state=jnp.ones_like(given), status=jnp.where(given[:, 0] == 5.0, 1, 0)
        ),
        "lane_parameters": lanes,
        "follow": follow,
        "observe": lambda model, names, times, states, at: states * at,
    }.items():
        monkeypatch.setattr(margin, name, stub)

    def margins(first, minute, factor=1.0, until=None, constant=1.0, asked="forward"):
        rows = len(first)
        moved = Moved(np.full((rows, 1), np.log10(factor)), np.full((rows, 1, 1), np.log10(constant)))
        design = Cell(np.zeros(2, int), np.tile([0.0, 60.0], (2, 1)))
        draws = Drawn(np.array(first)[:, None], np.ones((rows, 2, 1)))
        readout = Readout("then", "o", minute, minute if until is None else until)
        return getattr(Margins(None, None, readout), asked)(moved, design, draws)

    return margins


def test_a_margin_is_read_with_the_parameters_of_its_time(by_hand):
    assert by_hand([1.0, 4.0], 30.0) == pytest.approx([1.0, -1.0])
    assert by_hand([1.0, 4.0], 90.0) == pytest.approx([0.0, 0.0])
    assert by_hand([1.0, 4.0], 30.0, factor=8.0) == pytest.approx([1.0, -1.0])


def test_where_nothing_is_left_there_is_no_margin(by_hand):
    found = by_hand([0.0, -1.0, 1.0], 30.0)
    assert np.isnan(found[:2]).all() and found[2] == pytest.approx(1.0)


def test_a_constant_that_is_larger_binds_less_and_that_of_no_drug_stays(by_hand):
    """Four times the constant leaves a quarter of the load, which the first arm reads."""
    assert by_hand([1.0, 4.0], 30.0, constant=4.0) == pytest.approx([3.0, 1.0])


def test_a_cell_that_does_not_rest_and_an_arm_that_fails_have_no_margin(by_hand):
    found = by_hand([5.0, 1.0, 7.0, 4.0], 30.0)
    np.testing.assert_allclose(found, [np.nan, 1.0, np.nan, -1.0])


def test_what_has_no_margin_counts_nothing_in_the_sum_and_in_its_slopes(by_hand):
    """The margin rises by log2 of what the constant of the first arm is multiplied by; factors move both arms alike."""
    (total, counted), slopes = by_hand([0.5, 0.0, 1.0, 7.0], 30.0, asked="summed")
    assert (float(total), int(counted)) == (pytest.approx(3.0), 2)
    np.testing.assert_allclose(slopes.constants[:, 0, 0], [np.log2(10), 0.0, np.log2(10), 0.0])
    np.testing.assert_allclose(slopes.parameters, 0.0, atol=1e-12)


def test_a_margin_in_a_window_is_that_of_means_over_time(by_hand):
    """Half of the second window is after 60 min, where both arms are 100."""
    assert by_hand([1.0, 4.0], 10.0, until=50.0) == pytest.approx([1.0, -1.0])
    assert by_hand([1.0, 4.0], 30.0, until=90.0) == pytest.approx(np.log2([51 / 50.5, 51 / 52]), rel=0.05)


def test_every_move_is_made_in_every_draw_however_many_rows_go_at_a_time(monkeypatch):
    """Two moves of three draws, four rows at a time: the last call is filled up with rows that are not read."""
    monkeypatch.setattr(margin, "ROWS", 4)
    sizes = []

    def forward(moved, design, drawn):
        sizes.append(len(drawn.number))
        return 100 * moved.parameters[:, 0] + 10 * moved.constants[:, 0, 0] + drawn.number

    one = object.__new__(Margin)
    one.margins, one.design = SimpleNamespace(forward=forward), None
    one.drawn = Numbered(np.array([3, 5, 8]))
    moves = [Moved(np.full((1, 1), float(at)), np.full((1, 1, 1), 2.0 * at)) for at in (1, 2)]
    assert one.under(moves).tolist() == [[123, 125, 128], [243, 245, 248]]
    assert sizes == [4, 4]


def test_the_spread_is_the_sd_of_decades_and_nothing_where_a_value_is_0():
    """0 draws of a parameter and a drug that does not bind have no decades."""
    found = _log10_sd(np.array([[1.0, 10.0, 0.0, 0.0], [100.0, 10.0, 0.0, 5.0]]))
    np.testing.assert_allclose(found, [1.0, 0.0, 0.0, 0.0])


def test_slopes_are_means_over_the_draws_that_have_a_margin():
    """Two of three draws have one: their slopes in a parameter are 2 and 4, those of the third nothing."""
    asked = []

    def summed(moved, design, drawn):
        asked.append((moved, design, drawn))
        slopes = np.array([[2.0], [4.0], [0.0]])
        return (np.float64(7.0), np.int64(2)), Moved(slopes, 10 * slopes[:, None])

    one = object.__new__(Margin)
    one.margins, one.design = SimpleNamespace(summed=summed), "design"
    one.drawn = Numbered(np.arange(3))
    one.values, one.constants = np.ones(1), np.ones((1, 1))
    found = one.slopes()
    assert (found.parameters.tolist(), found.constants.tolist()) == ([3.0], [[30.0]])
    ((moved, design, drawn),) = asked
    assert (moved.parameters.shape, moved.constants.shape, design) == ((3, 1), (3, 1, 1), "design")
    assert not moved.parameters.any() and not moved.constants.any() and drawn.number.tolist() == [0, 1, 2]
