"""One step inside bounds, by hand: how it begins, what is learned from it, how it is judged."""

import numpy as np
import pytest

from screen.fit import Box, Objective, Pace
from screen.fit.interior import Walk, _judge, _learn, _step_of, descend_inside, updated
from screen.fit.trust_region import Step

WIDE = Box(np.array([-4.0, -4.0]), np.array([4.0, 16.0]), np.array([0.5, 2.0]))
BOWL = Objective(
    lambda places, at: (0.5 * np.sum(at**2, axis=1), None),
    lambda places, at, seen: (at, np.tile(np.eye(at.shape[1]), (len(at), 1, 1))),
)
LINE = Box(np.array([-50.0]), np.array([50.0]), np.array([2.0]))


def at_rest(vectors: int, **parts) -> Walk:
    """Vectors at 3 with a cost of 10, radius 1 and one idle step; the model falls by 1 along a move of 2, by 0.5 with
    what its matrix lacks."""
    every = np.ones(vectors)
    known = {
        "step": np.array(7), "scaled": 3 * every[:, None], "cost": 10 * every, "radius": every,
        "idle": every.astype(int),
        "steps": np.full(vectors, 4), "arrived": every < 0, "gradient": -every[:, None],
        "matrix": 0.5 * every[:, None, None], "lacking": 0.25 * every[:, None, None], "counts": every > 0,
        "move": 0 * every[:, None], "moved": every < 0,
    }  # fmt: skip
    return Walk(**known | parts)


JUDGED = {
    # what the cost falls by, what of it is the scaling's, what was promised, the step's length -> radius, taken, idle
    "as promised, to the edge": ((0.75, 0.0, 1.0, 0.9), (2.0, True, 0)),
    "as promised, short of the edge": ((0.75, 0.0, 1.0, 0.89), (1.0, True, 0)),
    "not quite as promised": ((0.74, 0.0, 1.0, 1.0), (1.0, True, 0)),
    "a quarter of it": ((0.25, 0.0, 1.0, 0.6), (0.15, True, 0)),
    "a quarter of it, to the edge": ((0.25, 0.0, 1.0, 1.001), (0.25, True, 0)),
    "more than a quarter of it": ((0.26, 0.0, 1.0, 0.6), (1.0, True, 0)),
    "a share of twice as much": ((1.5, 0.0, 2.0, 1.0), (2.0, True, 0)),
    "less of the scaling's": ((1.0, 0.25, 1.0, 1.0), (2.0, True, 0)),
    "less than the scaling's": ((0.1, 0.2, 1.0, 1.0), (0.25, False, 1)),
    "it rises": ((-1.0, -2.0, 1.0, 1.0), (2.0, False, 1)),
    "nothing": ((0.0, 0.0, 1.0, 1.0), (0.25, False, 1)),
    "something where nothing was promised": ((0.5, 0.0, 0.0, 1.0), (0.25, False, 2)),
    "nothing, nor was anything promised": ((0.0, 0.0, 0.0, 1.0), (0.25, False, 2)),
    "the tolerance": ((2**-7, 0.0, 2**-7, 1.0), (2.0, True, 0)),
    "less than the tolerance": ((2**-8, 0.0, 2**-8, 1.0), (2.0, True, 2)),
    "nothing where the tolerance was promised": ((0.0, 0.0, 2**-7, 1.0), (0.25, False, 1)),
    "nothing where less was promised": ((0.0, 0.0, 2**-8, 1.0), (0.25, False, 2)),
}


@pytest.mark.parametrize("what", JUDGED)
def test_a_step_is_judged_by_what_it_brought_of_what_it_promised(what):
    """The second of three vectors steps from 3 to 7, two units on."""
    (gain, charged, promised, length), (radius, taken, idle) = JUDGED[what]
    step = Step(np.array([2.0]), length, promised, charged)
    there = np.array([[7.0]]), np.array([10.0 - gain])
    pace = Pace(12, 2**-7, 2)
    found = _judge(at_rest(3), np.array([1]), [step], there, (LINE, pace))
    assert found.step == 8 and found.steps.tolist() == [4, 5, 4]
    assert found.radius.tolist() == pytest.approx([1.0, radius, 1.0])
    assert found.moved.tolist() == [False, taken, False] and found.idle.tolist() == [1, idle, 1]
    assert found.scaled.ravel().tolist() == [3.0, 7.0 if taken else 3.0, 3.0]
    assert found.cost.tolist() == pytest.approx([10.0, 10.0 - gain * taken, 10.0])
    assert found.move.ravel().tolist() == [0.0, 2.0 * taken, 0.0]
    assert found.arrived.tolist() == [False, idle == 2, False]


@pytest.mark.parametrize(
    ("radius", "length", "after"), [(4.0, 3.6, 8.0), (4.0, 3.5, 4.0), (0.25, 0.23, 0.5), (0.25, 0.22, 0.25)]
)
def test_a_radius_is_doubled_where_nine_tenths_of_it_went_as_promised(radius, length, after):
    state, step = at_rest(1, radius=np.array([radius])), Step(np.array([2.0]), length, 1.0, 0.0)
    found = _judge(state, np.array([0]), [step], (np.array([[7.0]]), np.array([9.0])), (LINE, Pace(12, 0.5)))
    assert found.radius[0] == after


@pytest.mark.parametrize(("radius", "arrived"), [(4e-9, False), (3.9e-9, True)])
def test_a_vector_whose_radius_falls_below_the_least_has_arrived(radius, arrived):
    state, step = at_rest(1, radius=np.array([radius])), Step(np.array([2.0]), 1.0, 1.0, 0.0)
    found = _judge(state, np.array([0]), [step], (np.array([[7.0]]), np.array([10.0])), (LINE, Pace(12, 0.5)))
    assert found.arrived[0] == arrived


@pytest.mark.parametrize(
    ("gain", "promised", "counted", "counts"),
    [
        (0.5, 1.0, False, True), (0.5, 1.0, True, True), (1.0, 2.0, True, False), (1.0, 2.0, False, False),
        (0.75, 2.0, True, False), (0.7, 2.0, True, True), (0.75, 1.0, True, True), (1.0, 1.0, True, True),
        (1.0, 1.0, False, False),
    ],
)  # fmt: skip
def test_of_two_models_that_one_counts_which_foretold_the_gain_unless_all_went_as_promised(
    gain, promised, counted, counts
):
    """1 without what is lacking, 0.5 with it."""
    state, step = at_rest(1, counts=np.array([counted])), Step(np.array([2.0]), 1.0, promised, 0.0)
    found = _judge(
        state, np.array([0]), [step], (np.array([[7.0]]), np.array([10.0 - gain])), (LINE, Pace(12, 0.5))
    )
    assert found.counts[0] == counts


def test_a_walk_begins_a_millionth_inside_and_stays_a_trillionth_inside(monkeypatch):
    """Of the ranges, 8 and 20, from both corners; each step would lead far beyond. The first radius is 1."""
    seen, corners = [], np.array([WIDE.lower, WIDE.upper])

    def look(places, at):
        seen.append(at.copy())
        return BOWL.look(places, at)

    far, radii = iter([np.full(2, -1e3), np.full(2, 1e3)]), []

    def step(room, slope, bend, radius):
        radii.append(radius)
        return Step(next(far), 1.0, 1.0, 0.0)

    monkeypatch.setattr("screen.fit.interior.trust_region_step", step)
    descend_inside(Objective(look, BOWL.linearise), corners, WIDE, Pace(1, 0.5), "test")
    assert radii == [1.0, 1.0]
    for at, inside in zip(seen, (1e-6, 1e-12), strict=True):
        for found, corner, sign in zip(at, corners, (1, -1), strict=True):
            assert (found - corner) / np.array([8.0, 20.0]) == pytest.approx(
                sign * np.full(2, inside), rel=1e-2, abs=0.0
            )


def test_a_step_is_asked_for_in_units_with_what_is_lacking_where_it_counts(monkeypatch):
    asked = []
    monkeypatch.setattr("screen.fit.interior.trust_region_step", lambda *given: asked.append(given))
    matrix, lacking = np.diag([4.0, 5.0]), np.array([[0.0, 1.0], [1.0, -2.0]])
    state = at_rest(
        2, scaled=np.array([[1.0, 2.0], [3.0, 6.0]]), gradient=np.array([[1.0, 2.0], [3.0, 4.0]]),
        matrix=np.stack([matrix, matrix]), lacking=np.stack([lacking, lacking]), counts=np.array([False, True]),
        radius=np.array([0.5, 0.25]),
    )  # fmt: skip
    for at in (0, 1):
        _step_of(state, at, WIDE)
    for (room, slope, bend, _), at, wanted, curved in zip(
        asked, ([2.0, 1.0], [6.0, 3.0]), ([1.0, 2.0], [3.0, 4.0]), (matrix, matrix + lacking), strict=True
    ):
        assert [each.tolist() for each in room] == [at, [-8.0, -2.0], [8.0, 8.0]]
        assert slope.tolist() == wanted and np.array_equal(bend, curved)
    assert [radius for *_, radius in asked] == [0.5, 0.25]


def test_gradients_are_taken_where_vectors_have_moved_and_teach_what_the_matrix_lacks():
    """Of four vectors the first has not moved, the third tells no number and the fourth has arrived. The second moved
    by one unit: its gradient, -1 before, is 2 * 0.5 now, and 0.5 * 2^2 of the change of 2 is foretold."""
    asked = []

    def linearise(places, at, seen):
        asked.append(places.tolist())
        return np.array([[0.5], [np.nan]]), np.array([[[0.25]], [[1.0]]])

    state = at_rest(
        4, moved=np.array([False, True, True, True]), arrived=np.array([False, False, False, True]),
        move=np.ones((4, 1)), lacking=np.zeros((4, 1, 1)),
    )  # fmt: skip
    found = _learn(Objective(BOWL.look, linearise), state, LINE)
    assert asked == [[1, 2]] and not found.moved.any()
    assert found.arrived.tolist() == [False, False, True, True]
    assert found.gradient.ravel().tolist() == [-1.0, 1.0, 0.0, -1.0]
    assert found.matrix.ravel().tolist() == [0.5, 1.0, 0.0, 0.5]
    assert found.lacking.ravel().tolist() == [0.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("lost", ["gradient", "matrix", "neither"])
def test_one_number_that_is_none_is_enough_to_learn_nothing_and_one_unknown_that_moved_to_learn(lost):
    gradient, matrix = np.array([[0.0, 3.0]]), np.array([[[1.0, 0.0], [0.0, 2.0]]])
    if lost != "neither":
        {"gradient": gradient[0], "matrix": matrix[0, 0]}[lost][1] = np.nan
    state = at_rest(
        1, scaled=np.ones((1, 2)), gradient=np.zeros((1, 2)), matrix=np.zeros((1, 2, 2)), lacking=np.zeros((1, 2, 2)),
        move=np.array([[0.0, 1.0]]), moved=np.array([True]),
    )  # fmt: skip
    box = Box(np.full(2, -9.0), np.full(2, 9.0), np.ones(2))
    found = _learn(Objective(BOWL.look, lambda places, at, seen: (gradient, matrix)), state, box)
    assert found.arrived.tolist() == [lost != "neither"]
    assert found.gradient.any() == found.lacking.any() == (lost == "neither")
    if lost == "neither":
        assert found.lacking[0] @ [0.0, 1.0] == pytest.approx([0.0, 1.0])


def test_what_was_learned_before_is_made_smaller_by_what_it_held_too_much_and_never_larger():
    """Along the first unknown it held 4: a quarter of all of it where 1 is missed, all of it where 8 is."""
    known, move = np.diag([4.0, 8.0]), np.array([1.0, 0.0])
    assert updated(known, move, move, move) == pytest.approx(np.diag([1.0, 2.0]))
    assert updated(known, move, move, 8 * move) == pytest.approx(np.diag([8.0, 8.0]))
    assert updated(-known, move, move, move) == pytest.approx(np.diag([1.0, -2.0]))


@pytest.mark.parametrize("far", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("steep", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(("share", "learns"), [(0.9e-10, False), (1.5e-10, True)])
def test_a_bend_counts_from_a_ten_billionth_of_what_it_could_be(far, steep, share, learns):
    """Of the lengths of move and change, in any units; a gradient that did not change teaches nothing."""
    known, move, change = np.diag([0.1, 0.2]), far * np.array([1.0, 0.0]), steep * np.array([share, 1.0])
    learned = updated(known, move, change, move)
    assert np.array_equal(learned, known) != learns
    if learns:
        assert learned @ move == pytest.approx(move, rel=1e-4, abs=1e-4 * far)
    assert np.array_equal(updated(known, move, 0 * change, move), known)
