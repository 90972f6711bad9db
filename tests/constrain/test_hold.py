"""Draws held to a demand with a known answer: linear predictions, one demand on a straight line."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from screen.constrain import Unknowns, View, hold, make_demands
from screen.constrain.demands import Met
from screen.constrain.hold import Held, Sight
from screen.constrain.stage import _summary
from screen.fit import Box, Descent, Pace
from tests.constrain.test_demands import CHECK

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
    for end, start, said in zip(found.state.scaled, starts, found.state.cost, strict=True):
        best = minimize(cost, start, args=(start,), tol=1e-12)
        assert end == pytest.approx(best.x, abs=2e-3)
        assert said == pytest.approx(cost(end, start))


def test_a_draw_is_held_back_by_its_sds_and_by_what_was_measured(starts, monkeypatch):
    """Where a demand has no slope the gradient is D (x - x_i), and D = diag(1 / sd^2) + J'J; of draws 4 and 1 here."""
    asked = []
    monkeypatch.setattr(
        sys.modules[hold.__module__], "descend", lambda objective, *rest: asked.append(objective) or (0, 0)
    )
    hold(View(look, lambda *of: (0 * linearise(*of)[0], linearise(*of)[1])), starts, BOX, Pace(5, 1.0))
    which, away = np.array([4, 1]), np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]])
    there = starts[which] + away
    gradients, matrices = asked[0].linearise(which, there, look(there))
    expected = np.diag([4.0, 0.25, 1.0]) + MEASURED.T @ MEASURED
    assert matrices == pytest.approx(np.array([expected] * 2))
    assert gradients == pytest.approx(away @ expected)


def test_the_summary_says_how_far_draws_went_and_what_they_do_not_meet():
    """Two draws, three unknowns of sd 1, 2 and 4, two demands and two measurements; every number by hand."""
    demands = make_demands([CHECK, replace(CHECK, name="b")])
    unknowns = Unknowns(
        ("x", "y", "z"), ("lin",) * 3, np.array([1.0, 2.0, 4.0]), np.full(3, -9.0), np.full(3, 9.0), {}, {},
        np.array([], int),
    )  # fmt: skip

    def sight(holds: list[list[bool]], predicted: list[list[float]]) -> Sight:
        met = Met(np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 2)), np.array(holds))
        return Sight(met, np.array(predicted), np.ones(2, bool), None)

    start = np.full((2, 3), 5.0)
    ends = start + np.array([[1.0, 2.0, 0.0], [3.0, 2.0, -4.0]])
    state = Descent(np.array(7), ends, *np.zeros((2, 2)), *np.zeros((2, 2)), np.array([True, False]))
    before = sight([[False, False], [True, False]], [[1.0, 1.0], [4.0, 0.0]])
    after = sight([[True, False], [True, True]], [[2.0, 2.0], [4.0, 2.0]])
    found = _summary(demands, unknowns, start, Held(state, before, after))
    assert found == {
        "draws": 2, "demands": 2, "steps": 7, "arrived": 1, "met_before": 0.25, "met": 0.75,
        "all_met_before": 0, "all_met": 1, "cost_of_moving": pytest.approx((1.0 + 5.5) / 2),
        "cost_to_measurements": pytest.approx((1.0 + 2.0) / 2),
        "moved_most": {"x": 2.0, "y": 1.0, "z": -0.5}, "not_met": {"V00b": 0.5},
    }  # fmt: skip
    assert list(found["moved_most"]) == ["x", "y", "z"]


@pytest.mark.parametrize(("share", "named"), [(0.9, {}), (0.8, {"V00a": pytest.approx(0.2)})])
def test_the_summary_names_the_twenty_that_moved_most_and_what_a_tenth_of_draws_do_not_meet(share, named):
    names = tuple(f"k{number}" for number in range(21))
    unknowns = Unknowns(names, ("lin",) * 21, np.ones(21), *np.zeros((2, 21)), {}, {}, np.array([], int))
    holds = (np.arange(10) < 10 * share)[:, None]
    met = Met(*np.zeros((3, 10, 1)), holds)
    sight = Sight(met, np.zeros((10, 1)), np.ones(10, bool), None)
    ends = np.tile(np.arange(1.0, 22.0), (10, 1))
    state = Descent(np.array(1), ends, *np.zeros((2, 10)), *np.zeros((2, 10)), np.zeros(10, bool))
    found = _summary(make_demands([CHECK]), unknowns, np.zeros((10, 21)), Held(state, sight, sight))
    assert list(found["moved_most"]) == [f"k{number}" for number in range(20, 0, -1)]
    assert found["not_met"] == named
    assert found["all_met"] == found["all_met_before"] == round(10 * share)


def test_a_draw_goes_the_same_way_alone_and_in_company(starts):
    pace = Pace(steps=60, tolerance=1e-7, patience=10)
    together = hold(VIEW, starts, BOX, pace).state.scaled
    alone = hold(VIEW, starts[2:3], BOX, pace).state.scaled
    assert alone[0] == pytest.approx(together[2], abs=1e-12)


def test_a_draw_in_which_all_holds_with_room_to_spare_stays():
    start = np.array([[0.0, 0.0, BOUND + 10 * SIGMA]])
    found = hold(VIEW, start, BOX, Pace(12, 0.5))
    assert found.state.step == 0
    assert np.array_equal(found.state.scaled, start)


def test_a_guess_is_taken_where_it_is_better(starts):
    ends = hold(VIEW, starts, BOX, Pace(steps=60, tolerance=1e-7, patience=10)).state
    guess = ends.scaled.copy()
    guess[0] += 30.0
    found = hold(VIEW, starts, BOX, Pace(0, 0.5), guess=guess).state
    assert np.array_equal(found.scaled[1:], guess[1:])
    assert np.array_equal(found.scaled[0], starts[0])


def test_a_vector_that_fails_to_integrate_is_not_moved_to(starts):
    calls = []

    def failing(scaled: np.ndarray) -> Sight:
        calls.append(len(scaled))
        return look(scaled)._replace(sound=np.full(len(scaled), len(calls) == 1))

    found = hold(View(failing, linearise), starts, BOX, Pace(5, 0.5))
    assert np.array_equal(found.state.scaled, starts)
