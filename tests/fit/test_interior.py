"""Steps that stay inside bounds: known lowest points, a curved valley, bounds that bind, a walk cut off and resumed."""

import numpy as np
import pytest
from scipy.optimize import minimize

from screen.fit import UNSOUND_COST, Box, Log, Objective, Pace
from screen.fit.interior import descend_inside, updated
from screen.fit.trust_region import Room, lowest_in_plane, lowest_within, trust_region_step

UNIT = np.array([0.5, 2.0])
WIDE = Box(np.array([-4.0, -4.0]), np.array([4.0, 16.0]), UNIT)
CLOSELY = Pace(steps=200, tolerance=1e-10, patience=6)
STARTS = np.array([[-3.0, 12.0], [3.0, -3.5], [-1.2, 1.0], [0.0, 0.0]])


def residuals(x: np.ndarray, far: float = 10.0) -> np.ndarray:
    """Rosenbrock's valley, with a third residual that is large at its lowest point and bent."""
    return np.stack([far * (x[..., 1] - x[..., 0] ** 2), 1 - x[..., 0], 3 + x[..., 0] * x[..., 1]], axis=-1)


def slopes(x: np.ndarray, far: float = 10.0) -> np.ndarray:
    zero = np.zeros(len(x))
    rows = [
        [-2 * far * x[:, 0], zero + far],
        [zero - 1, zero],
        [x[:, 1], x[:, 0]],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=1)


def cost(x: np.ndarray) -> np.ndarray:
    return 0.5 * np.sum(residuals(x) ** 2, axis=-1)


def linearise(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    jacobian = slopes(x)
    return np.einsum("vri,vr->vi", jacobian, residuals(x)), np.einsum("vri,vrj->vij", jacobian, jacobian)


VALLEY = Objective(lambda places, at: (cost(at), None), lambda places, at, seen: linearise(at))


def lowest(box: Box) -> float:
    """The lowest cost in a box by a solver of SciPy's from many places."""
    rng = np.random.default_rng(2)
    found = [
        minimize(cost, rng.uniform(box.lower, box.upper), bounds=list(zip(box.lower, box.upper, strict=True)))
        for _ in range(30)
    ]
    return min(float(each.fun) for each in found)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("sign", [1.0, 0.0, -1.0])
def test_lowest_point_within_a_radius_is_that_of_the_circle_or_the_newton_step(seed, sign):
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(2, 2)))
    bend, slope = turn @ np.diag([sign * 0.5, 2.0]) @ turn.T, rng.normal(size=2)
    found = lowest_within(slope, bend, 0.7)
    angle = np.linspace(0, 2 * np.pi, 20_001)
    disc = np.concatenate(
        [share * np.stack([np.cos(angle), np.sin(angle)], axis=1) for share in (1.0, 0.999)]
    )
    inside = [-np.linalg.solve(bend, slope)] if sign > 0 else []
    disc = np.vstack([disc * 0.7, *[each[None] for each in inside if np.linalg.norm(each) <= 0.7]])
    best = np.min(disc @ slope + 0.5 * np.einsum("pi,ij,pj->p", disc, bend, disc))
    assert np.linalg.norm(found) <= 0.7 * 1.001
    assert found @ slope + 0.5 * found @ bend @ found == pytest.approx(best, rel=2e-3)


def test_the_hard_case_goes_to_the_edge_along_the_negative_curvature():
    found = lowest_within(np.array([0.0, 1.0]), np.diag([-1.0, 4.0]), 2.0)
    assert np.linalg.norm(found) == pytest.approx(2.0)
    assert found[1] == pytest.approx(-0.2)


def test_the_plane_holds_the_newton_step_and_at_least_the_gradient():
    slope, bend = np.array([1.0, -2.0, 0.5]), np.diag([1.0, 4.0, 0.25])
    assert lowest_in_plane(slope, bend, 1e3) == pytest.approx(-slope / np.diag(bend))
    short = lowest_in_plane(slope, bend, 1e-4)
    assert short / 1e-4 == pytest.approx(-slope / np.linalg.norm(slope), abs=2e-3)
    assert not lowest_in_plane(np.zeros(3), bend, 1.0).any()


@pytest.mark.parametrize("seed", range(20))
def test_a_step_stays_inside_and_its_promise_is_what_the_model_falls(seed):
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(5, 5)) * 10.0 ** rng.uniform(-2, 2, 5)
    room = Room(rng.uniform(-0.9, 0.9, 5), np.full(5, -1.0), np.full(5, 1.0))
    slope, bend = 10 * rng.normal(size=5), half.T @ half
    step = trust_region_step(room, slope, bend, 10.0)
    there = room.at + step.move
    assert (there > -1).all() and (there < 1).all()
    assert step.promised > 0
    falls = -(slope @ step.move + 0.5 * step.move @ bend @ step.move)
    assert step.promised + step.charged == pytest.approx(falls, rel=1e-9)


def test_what_has_no_room_stays():
    room = Room(np.zeros(2), np.array([0.0, -1.0]), np.array([0.0, 1.0]))
    step = trust_region_step(room, np.array([5.0, 1.0]), np.eye(2), 0.1)
    assert step.move[0] == 0 and step.move[1] < 0


def test_what_is_learned_explains_the_last_move_and_is_symmetric():
    rng = np.random.default_rng(4)
    half = rng.normal(size=(3, 3))
    bend, move = half @ half.T, rng.normal(size=3)
    known = np.diag([0.1, 0.2, 0.3])
    learned = updated(np.zeros((3, 3)), move, bend @ move, (bend - known) @ move)
    assert learned @ move == pytest.approx((bend - known) @ move)
    assert learned == pytest.approx(learned.T)
    assert np.array_equal(updated(known, move, -move, move), known)
    for size in (1e-6, 1.0, 1e6):  # bent upwards by rounding alone, whatever the units of the cost
        flat = size * np.array([1e-5, 1e6, 0.0])
        assert np.array_equal(updated(known, np.array([1.0, 0.0, 0.0]), flat, move), known)


@pytest.mark.parametrize(
    "box", [WIDE, WIDE._replace(upper=np.array([4.0, 0.5])), WIDE._replace(lower=np.array([0.2, -4.0]))]
)
def test_a_walk_ends_at_a_lowest_point_between_bounds_or_at_one(box):
    starts = np.clip(STARTS, box.lower, box.upper)
    found = descend_inside(VALLEY, starts, box, CLOSELY, "test")
    assert found.arrived.all()
    assert (found.scaled > box.lower).all() and (found.scaled < box.upper).all()
    assert found.cost == pytest.approx(cost(found.scaled))
    assert found.cost.min() == pytest.approx(lowest(box), abs=1e-6)


def test_learning_second_derivatives_spares_steps_where_residuals_stay_large(monkeypatch):
    learned = descend_inside(VALLEY, STARTS, WIDE, CLOSELY, "test")
    monkeypatch.setattr("screen.fit.interior.updated", lambda lacking, *rest: lacking)
    plain = descend_inside(VALLEY, STARTS, WIDE, CLOSELY, "test")
    assert learned.cost == pytest.approx(plain.cost, abs=1e-5)
    assert learned.steps.sum() < 0.8 * plain.steps.sum()


def test_a_vector_goes_the_same_way_alone_and_in_company():
    together = descend_inside(VALLEY, STARTS, WIDE, CLOSELY, "test")
    alone = descend_inside(VALLEY, STARTS[2:3], WIDE, CLOSELY, "test")
    assert np.array_equal(alone.scaled[0], together.scaled[2])


def test_a_vector_that_tells_nothing_has_arrived_and_one_that_fails_is_not_moved_to():
    flat = Objective(VALLEY.look, lambda places, at, seen: (0 * at, np.zeros((len(at), 2, 2))))
    assert descend_inside(flat, STARTS, WIDE, CLOSELY, "test").steps.tolist() == [0] * 4
    calls = []

    def failing(places, at):
        calls.append(len(at))
        return (cost(at) if len(calls) == 1 else np.full(len(at), UNSOUND_COST)), None

    stays = descend_inside(Objective(failing, VALLEY.linearise), STARTS, WIDE, Pace(5, 0.5), "test")
    assert np.array_equal(stays.scaled, STARTS)


def test_a_walk_that_was_cut_off_ends_where_the_uninterrupted_one_does(tmp_path):
    whole = descend_inside(VALLEY, STARTS, WIDE, CLOSELY, "test")

    def cut(line: str) -> None:
        if "test 7/" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        descend_inside(VALLEY, STARTS, WIDE, CLOSELY, "test", Log(cut, folder=tmp_path))
    lines: list[str] = []
    again = descend_inside(VALLEY, STARTS, WIDE, CLOSELY, "test", Log(lines.append, folder=tmp_path))
    assert "resumed at step 7" in lines[0]
    assert np.array_equal(again.scaled, whole.scaled) and np.array_equal(again.steps, whole.steps)
