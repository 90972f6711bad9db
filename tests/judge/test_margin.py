"""The margin of one arm over another by hand: read with the parameters of its time, and none where nothing is left."""

from types import SimpleNamespace
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from screen.judge import margin
from screen.judge.margin import Margin, Margins, Moved
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
    """The read-out is its parameter: what was drawn in the first arm, 2 in the second, 100 in both after 60 min."""

    def lanes(design, draws, arm, owner):
        first = jnp.where(arm == 0, draws.base[owner, 0], 2.0)
        return jnp.stack([first, jnp.full_like(first, 100.0)], axis=1)[..., None]

    for name, stub in {
        "rest_parameters": lambda design, draws, cell, rows: draws.base[rows],
        "come_to_rest": lambda model, integration, given: SimpleNamespace(
            state=jnp.ones_like(given), status=jnp.zeros(len(given), int)
        ),
        "lane_parameters": lanes,
        "follow": lambda model, integration, parameters, state, start, times: SimpleNamespace(
            states=jnp.broadcast_to(state[:, None], (*times.shape, 1)), status=jnp.zeros(len(state), int)
        ),
        "observe": lambda model, names, times, states, at: states * at,
    }.items():
        monkeypatch.setattr(margin, name, stub)

    def margins(first, minute, factor=1.0, until=None):
        rows = len(first)
        moved = Moved(np.full((rows, 1), np.log10(factor)), np.zeros((rows, 1, 1)))
        design = Cell(np.zeros(2, int), np.tile([0.0, 60.0], (2, 1)))
        draws = Drawn(np.array(first)[:, None], np.ones((rows, 2, 1)))
        readout = Readout("then", "o", minute, minute if until is None else until)
        return np.asarray(Margins(None, None, readout).forward(moved, design, draws))

    return margins


def test_a_margin_is_read_with_the_parameters_of_its_time(by_hand):
    assert by_hand([1.0, 4.0], 30.0) == pytest.approx([1.0, -1.0])
    assert by_hand([1.0, 4.0], 90.0) == pytest.approx([0.0, 0.0])
    assert by_hand([1.0, 4.0], 30.0, factor=8.0) == pytest.approx([1.0, -1.0])


def test_where_nothing_is_left_there_is_no_margin(by_hand):
    found = by_hand([0.0, -1.0, 1.0], 30.0)
    assert np.isnan(found[:2]).all() and found[2] == pytest.approx(1.0)


def test_a_margin_in_a_window_is_that_of_means_over_time(by_hand):
    """Half of the second window is after 60 min, where both arms are 100."""
    assert by_hand([1.0, 4.0], 10.0, until=50.0) == pytest.approx([1.0, -1.0])
    assert by_hand([1.0, 4.0], 30.0, until=90.0) == pytest.approx(np.log2([51 / 50.5, 51 / 52]), rel=0.05)


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
