"""Draws held to a demand with a known answer: linear predictions, one demand on a straight line."""

import numpy as np
import pytest
from scipy.optimize import minimize

from screen.constrain import View, hold
from screen.constrain.demands import Met
from screen.constrain.hold import Sight
from screen.fit import Box, Pace

SD = np.array([0.5, 2.0, 1.0])
MEASURED = np.array([[1.0, 0.5, 0.0], [0.0, 4.0, 0.0]])
DEMANDED = np.array([[0.3, 0.2, 1.0]])
BOUND, SIGMA = 1.0, 0.1
BOX = Box(np.full(3, -50.0), np.full(3, 50.0), SD)


def look(scaled: np.ndarray) -> Sight:
    """The only demand: DEMANDED @ x is at least BOUND."""
    values = scaled @ DEMANDED.T
    distance = (BOUND - values) / SIGMA
    pull = 1 / (1 + np.exp(-distance))
    bend = pull / (np.maximum(distance, 0) + 3) / SIGMA**2
    met = Met(np.logaddexp(0, distance), -pull / SIGMA, bend, values >= BOUND)
    return Sight(met, scaled @ MEASURED.T, np.ones(len(scaled), bool), None)


def linearise(scaled: np.ndarray, seen: Sight) -> tuple[np.ndarray, np.ndarray]:
    count = len(scaled)
    return np.tile(DEMANDED[:, None], (1, count, 1)), np.tile(MEASURED, (count, 1, 1))


VIEW = View(look, linearise)


def cost(at: np.ndarray, start: np.ndarray) -> float:
    seen = look(at[None])
    moved = MEASURED @ (at - start)
    return 0.5 * np.sum(((at - start) / SD) ** 2) + 0.5 * moved @ moved + seen.met.cost.sum()


@pytest.fixture
def starts() -> np.ndarray:
    return np.random.default_rng(4).standard_normal((6, 3)) * SD


def test_every_draw_ends_at_its_own_minimum(starts):
    found = hold(VIEW, starts, BOX, Pace(steps=60, tolerance=1e-7, patience=10))
    assert found.after.met.holds.all()
    for end, start in zip(found.state.scaled, starts, strict=True):
        best = minimize(cost, start, args=(start,), tol=1e-12)
        assert end == pytest.approx(best.x, abs=2e-3)


def test_a_draw_goes_the_same_way_alone_and_in_company(starts):
    pace = Pace(steps=60, tolerance=1e-7, patience=10)
    together = hold(VIEW, starts, BOX, pace).state.scaled
    alone = hold(VIEW, starts[2:3], BOX, pace).state.scaled
    assert alone[0] == pytest.approx(together[2], abs=1e-12)


def test_a_draw_in_which_all_holds_with_room_to_spare_stays():
    start = np.array([[0.0, 0.0, BOUND + 10 * SIGMA]])
    found = hold(VIEW, start, BOX, Pace())
    assert found.state.step == 0
    assert np.array_equal(found.state.scaled, start)


def test_a_guess_is_taken_where_it_is_better(starts):
    ends = hold(VIEW, starts, BOX, Pace(steps=60, tolerance=1e-7, patience=10)).state
    guess = ends.scaled.copy()
    guess[0] += 30.0
    found = hold(VIEW, starts, BOX, Pace(steps=0), guess=guess).state
    assert np.array_equal(found.scaled[1:], guess[1:])
    assert np.array_equal(found.scaled[0], starts[0])


def test_a_vector_that_fails_to_integrate_is_not_moved_to(starts):
    calls = []

    def failing(scaled: np.ndarray) -> Sight:
        calls.append(len(scaled))
        return look(scaled)._replace(sound=np.full(len(scaled), len(calls) == 1))

    found = hold(View(failing, linearise), starts, BOX, Pace(steps=5))
    assert np.array_equal(found.state.scaled, starts)
