"""The step inside a box is the lowest point of its parabola there, as a general solver finds it."""

import numpy as np
import pytest
from scipy.optimize import minimize

from screen.fit import Box, Objective, Pace, descend
from screen.fit.gauss_newton import _initial, _propose, damped_step, free_of, gradient_norm, lowest_point


@pytest.mark.parametrize("seed", range(12))
def test_lowest_point_is_that_of_a_general_solver(seed):
    rng = np.random.default_rng(seed)
    slopes = rng.normal(size=(6, 12)) * 10.0 ** rng.uniform(-1, 1, 12)
    matrix, gradient = slopes.T @ slopes + np.diag(rng.uniform(0.1, 1, 12)), 5 * rng.normal(size=12)
    low, high = -rng.uniform(0, 0.6, 12), rng.uniform(0, 0.6, 12)
    low[:2] = high[2:4] = 0.0
    found = lowest_point(gradient, matrix, low, high)
    assert (found >= low).all() and (found <= high).all()
    best = minimize(
        lambda x: gradient @ x + 0.5 * x @ matrix @ x,
        np.zeros(12),
        jac=lambda x: gradient + matrix @ x,
        bounds=list(zip(low, high, strict=True)),
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000},
    )
    own = gradient @ found + 0.5 * found @ matrix @ found
    assert own == pytest.approx(best.fun, rel=1e-5)


def test_step_is_damped_and_reaches_no_further_than_it_may():
    scaled, gradient, matrix = np.zeros(2), np.array([-1.0, -100.0]), np.diag([1.0, 1.0])
    wide = Box(np.full(2, -1e3), np.full(2, 1e3), np.array([1.0, 2.0]))
    assert damped_step(scaled, gradient, matrix, wide, 0.0, 1e9) == pytest.approx([1.0, 100.0])
    assert damped_step(scaled, gradient, matrix, wide, 3.0, 1e9) == pytest.approx([0.25, 100 / 1.75])
    assert damped_step(scaled, gradient, matrix, wide, 0.0, 1.5) == pytest.approx([1.0, 3.0])


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_where_a_bound_cuts_the_step_the_others_go_on_to_the_lowest_point_beside_it(way):
    """Both pull alike and lean on each other: without a bound each ends at 3 / 1.9; with the first held at 1/2 the
    second ends at 3 - 0.9 / 2, and with both held where they are held."""
    gradient, matrix = np.full(2, -3.0 * way), np.array([[1.0, 0.9], [0.9, 1.0]])

    def found(*reach):
        low, high = (np.full(2, -10.0), np.array(reach)) if way > 0 else (-np.array(reach), np.full(2, 10.0))
        return lowest_point(gradient, matrix, low, high)

    assert found(10.0, 10.0) == pytest.approx(np.full(2, way * 3 / 1.9))
    assert found(0.5, 10.0) == pytest.approx([way * 0.5, way * 2.55])
    assert found(10.0, 0.5) == pytest.approx([way * 2.55, way * 0.5])
    assert found(0.5, 0.5) == pytest.approx([way * 0.5, way * 0.5])


def test_what_sits_on_a_bound_leaves_it_once_the_others_have_moved():
    """The first is pushed against its bound at 0 until the second has gone 4 / 3: together they end at 5 / 4, 7 / 4."""
    gradient, matrix = np.array([0.5, -4.0]), np.array([[1.0, -1.0], [-1.0, 3.0]])
    found = lowest_point(gradient, matrix, np.zeros(2), np.full(2, 10.0))
    assert found == pytest.approx([1.25, 1.75])


def test_a_step_that_was_halved_since_its_bound_turned_it_uphill_is_not_the_last():
    """In a steep valley across the box: the first ends at its bound of -1.8, the second where that leaves it."""
    gradient, matrix = np.array([1.0, -1.0]), np.array([[2.05, -9.16], [-9.16, 43.77]])
    found = lowest_point(gradient, matrix, np.array([-1.8, -1.5]), np.array([0.6, 1.0]))
    assert found == pytest.approx([-1.8, (1 - 9.16 * 1.8) / 43.77])


def test_a_matrix_that_rounding_made_indefinite_is_solved_all_the_same():
    """Of rank one but for a billionth, on the wrong side: it has no Cholesky factor, and one solution."""
    matrix = np.array([[4.0, 2.0 + 1e-9], [2.0 + 1e-9, 1.0]])
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cholesky(matrix)
    wide = np.full(2, 10.0)
    assert lowest_point(-matrix @ [1.0, 2.0], matrix, -wide, wide) == pytest.approx([1.0, 2.0], rel=1e-5)


def test_the_step_is_the_same_wherever_the_box_lies():
    """The case of bounds above, with the vector and its box moved."""
    gradient, matrix, at = np.full(2, -3.0), np.array([[1.0, 0.9], [0.9, 1.0]]), np.array([40.0, -70.0])
    for reach in ((10.0, 10.0), (0.5, 10.0), (10.0, 0.5)):
        box = Box(at - 10.0, at + np.array(reach), np.ones(2))
        down = Box(at - np.array(reach), at + 10.0, np.ones(2))
        want = lowest_point(gradient, matrix, np.full(2, -10.0), np.array(reach))
        assert damped_step(at, gradient, matrix, box, 0.0, 1e9) - at == pytest.approx(want)
        assert damped_step(at, -gradient, matrix, down, 0.0, 1e9) - at == pytest.approx(-want)


def test_what_is_free_and_how_long_its_gradient_is_per_unit():
    """Pushed out of the lower side, into the box from it, the same above, held, and inside."""
    scaled, lower, upper = np.array([0.0, 0, 1, 1, 0.5, 0.5]), np.array([0.0, 0, 0, 0, 0.5, 0]), np.ones(6)
    upper[4], gradient = 0.5, np.array([2.0, -3.0, -5.0, 4.0, 9.0, 6.0])
    assert free_of(scaled, gradient, lower, upper).tolist() == [False, True, False, True, False, True]
    assert not free_of(scaled[4:5], np.zeros(1), lower[4:5], upper[4:5]).any(), "held where nothing pushes it"
    unit = np.array([1.0, 1.0, 1.0, 0.5, 1.0, 1.0])
    assert gradient_norm(scaled, gradient, Box(lower, upper, unit)) == pytest.approx(7.0)


def scripted(costs, pace):
    """One unknown of slope 1 and curvature 1e-3 that meets these costs one after the other; the states on the way."""
    script, states = iter(costs), []

    def look(places, scaled):
        states.append(scaled[0, 0])
        return np.array([next(script)]), None

    def linearise(places, scaled, seen):
        return np.ones((1, 1)), np.full((1, 1, 1), 1e-3)

    box = Box(np.full(1, -1e9), np.full(1, 1e9), np.ones(1))
    state, _ = descend(Objective(look, linearise), (np.zeros((1, 1)),), box, pace, "scripted")
    return state, states


def test_damping_falls_to_a_fifth_after_a_step_that_is_taken_and_rises_sixfold_after_one_that_is_not():
    """The step is 1/(0.001 + damping), from where the last that was taken led; damping starts at 1."""
    state, seen = scripted([10.0, 9.0, 9.5, 9.0, 8.0], Pace(steps=4, tolerance=0.1, patience=9, reach=1e9))
    dampings, at, want = (1.0, 0.2, 1.2, 7.2), 0.0, [0.0]
    for damping, taken in zip(dampings, (True, False, False, True), strict=True):
        want.append(at - 1 / (1e-3 + damping))
        at = want[-1] if taken else at
    assert seen == pytest.approx(want)
    assert (state.cost.item(), state.scaled.item(), state.steps.item()) == (8.0, seen[-1], 4)
    assert state.damping.item() == pytest.approx(7.2 * 0.2)


def test_a_vector_has_arrived_after_so_many_steps_in_a_row_that_bring_little():
    """Steps bring 0.05, 0.05, 1, 0.05, 0.05 and 0.05: three in a row only at the end; 0.1 itself is not little."""
    costs = [10.0, 9.95, 9.9, 8.9, 8.85, 8.8, 8.75]
    state, _ = scripted(costs + [0.0] * 9, Pace(steps=12, tolerance=0.1, patience=3, reach=1e9))
    assert (state.steps.item(), state.cost.item(), state.arrived.item()) == (6, 8.75, True)
    state, _ = scripted(
        [10.0, 9.875, 9.75, 9.625, 9.5], Pace(steps=4, tolerance=0.125, patience=3, reach=1e9)
    )
    assert (state.steps.item(), state.arrived.item()) == (4, False)


def test_a_vector_has_arrived_where_no_damping_helps():
    """1, 6, 36 ... 6^7 = 279 936 are tried, 6^8 is more than a million."""
    state, seen = scripted([1.0, *[2.0] * 20], Pace(steps=20, tolerance=1e-9, patience=99, reach=1e9))
    assert (len(seen), state.steps.item(), state.arrived.item(), state.cost.item()) == (9, 8, True, 1.0)


def test_damping_is_a_hundred_millionth_at_least():
    """The twelfth step that is taken would make it 0.2^12, which is 4e-9."""
    costs = [100.0 - step for step in range(15)]
    for steps, damping in ((11, 0.2**11), (12, 1e-8), (14, 1e-8)):
        state, _ = scripted(costs, Pace(steps=steps, tolerance=0.1, patience=9, reach=1e9))
        assert state.damping.item() == pytest.approx(damping)


def test_slopes_are_asked_of_what_has_moved_and_looks_of_what_has_not_arrived():
    """The first arrives with its first step, which brings little; the second takes three steps of four."""
    told = {0: iter([10.0, 9.95]), 1: iter([10.0, 9.0, 9.5, 8.0, 7.0])}
    looked, asked = [], []

    def look(places, scaled):
        looked.append(places.tolist())
        return np.array([next(told[place]) for place in places]), None

    def linearise(places, scaled, seen):
        asked.append(places.tolist())
        return np.ones((len(places), 1)), np.full((len(places), 1, 1), 1e-3)

    box = Box(np.full(1, -1e9), np.full(1, 1e9), np.ones(1))
    pace = Pace(steps=4, tolerance=0.1, patience=1, reach=1e9)
    state, _ = descend(Objective(look, linearise), (np.zeros((2, 1)),), box, pace, "two")
    assert looked == [[0, 1], [0, 1], [1], [1], [1]] and asked == [[0, 1], [1], [1]]
    assert state.arrived.tolist() == [True, False] and state.cost.tolist() == [9.95, 7.0]


@pytest.mark.parametrize(
    ("damping", "tolerance", "ended"),
    [(1.0, 0.15625, False), (1.0, 0.157, True), (1.01, 0.2, False), (1e6, 1e-9, False), (1.1e6, 1e-9, True)],
)
def test_a_vector_has_arrived_where_little_is_promised_that_damping_does_not_hold_back(
    damping, tolerance, ended
):
    """With a slope of 1 and a curvature of 3 a damping of 1 makes the step a quarter, which promises 1/4 - 3/32."""
    state = _initial(np.zeros((1, 1)), np.ones(1))._replace(damping=np.array([damping]))
    box = Box(np.full((1, 1), -9.0), np.full((1, 1), 9.0), np.ones(1))
    found, proposed = _propose(-np.ones((1, 1)), np.full((1, 1, 1), 3.0), state, box, Pace(9, tolerance))
    assert found.arrived.tolist() == [ended] and proposed.item() == pytest.approx(1 / (3 + damping))


def test_of_starts_that_cost_the_same_the_first_is_taken():
    objective = Objective(lambda places, scaled: (np.array([3.0, scaled[1, 0]]), None), None)
    box = Box(np.full(1, -9.0), np.full(1, 9.0), np.ones(1))
    starts = [np.array([[1.0], [3.0]]), np.array([[2.0], [2.0]]), np.array([[4.0], [2.0]])]
    state, _ = descend(objective, starts, box, Pace(0, 0.1), "several")
    assert state.scaled.ravel().tolist() == [1.0, 2.0] and state.cost.tolist() == [3.0, 2.0]
