"""Many vectors going downhill: each to its own minimum, inside the box, alone as in company, cut off or not."""

import numpy as np
import pytest
from scipy.optimize import minimize

from screen.fit import QUIET, UNSOUND_COST, Box, Log, Objective, Pace, descend

UNIT = np.array([0.5, 2.0, 1.0])
BOX = Box(np.full(3, -50.0), np.full(3, 50.0), UNIT)
CLOSELY = Pace(steps=80, tolerance=1e-9, patience=10)


def residuals(x: np.ndarray) -> np.ndarray:
    """Bent in the first unknown and coupled in all of them."""
    return np.stack([10 * (x[..., 1] - x[..., 0] ** 2), 1 - x[..., 0], x[..., 2] + 0.5 * x[..., 1]], axis=-1)


def jacobian(x: np.ndarray) -> np.ndarray:
    return np.array([[-20 * x[0], 10.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.5, 1.0]])


class Valley:
    """Each vector's own cost: half the squares of the residuals, each with targets of its own."""

    def __init__(self, targets: np.ndarray):
        self.targets = targets

    def look(self, chosen, scaled) -> tuple[np.ndarray, np.ndarray]:
        """Costs, and which vector was looked at."""
        return 0.5 * np.sum((residuals(scaled) - self.targets[chosen]) ** 2, axis=1), scaled.copy()

    def linearise(self, chosen, scaled, seen):
        slopes = np.array([jacobian(one) for one in scaled])
        distance = residuals(scaled) - self.targets[chosen]
        return np.einsum("dri,dr->di", slopes, distance), np.einsum("dri,drj->dij", slopes, slopes)


@pytest.fixture
def valley() -> Valley:
    return Valley(np.random.default_rng(3).normal(size=(6, 3)))


def run(valley, starts, box=BOX, pace=CLOSELY, log=QUIET):
    return descend(Objective(valley.look, valley.linearise), starts, box, pace, "test", log)


@pytest.fixture
def starts() -> np.ndarray:
    return np.random.default_rng(4).standard_normal((6, 3)) * UNIT


def test_every_vector_ends_at_its_own_minimum(valley, starts):
    state, seen = run(valley, (starts,))
    assert state.arrived.all()
    assert state.cost == pytest.approx(np.zeros(6), abs=1e-7)
    assert np.array_equal(seen, state.scaled)
    assert residuals(state.scaled) == pytest.approx(valley.targets, abs=1e-3)


def test_what_is_held_at_a_bound_is_made_up_for_by_the_others(valley, starts):
    bounds = np.array([-50.0, -50.0, -0.2]), np.array([0.4, 50.0, 50.0])
    starts = np.clip(starts, *bounds)
    state, _ = run(valley, (starts,), Box(*bounds, UNIT))
    for end, start, target in zip(state.scaled, starts, valley.targets, strict=True):
        best = minimize(
            lambda x, target=target: 0.5 * np.sum((residuals(x) - target) ** 2),
            start,
            bounds=list(zip(*bounds, strict=True)),
            tol=1e-14,
        )
        assert end == pytest.approx(best.x, abs=2e-3)
    assert (state.scaled[:, 0] == 0.4).any()


def test_a_vector_goes_the_same_way_alone_and_in_company(valley, starts):
    together, _ = run(valley, (starts,))
    own = Valley(valley.targets[2:3])
    alone, _ = run(own, (starts[2:3],))
    assert alone.scaled[0] == pytest.approx(together.scaled[2], abs=1e-12)


def test_each_vector_begins_at_its_cheapest_start(valley, starts):
    ends, _ = run(valley, (starts,))
    guess = ends.scaled.copy()
    guess[0] += 30.0
    state, _ = run(valley, (starts, guess), pace=Pace(0, 0.5))
    assert np.array_equal(state.scaled[1:], guess[1:])
    assert np.array_equal(state.scaled[0], starts[0])


def test_a_vector_that_cannot_be_integrated_is_not_moved_to(valley, starts):
    calls = []

    def failing(chosen, scaled):
        calls.append(len(scaled))
        return (
            valley.look(chosen, scaled) if len(calls) == 1 else (np.full(len(scaled), UNSOUND_COST), scaled)
        )

    state, _ = descend(Objective(failing, valley.linearise), (starts,), BOX, Pace(5, 0.5), "test")
    assert np.array_equal(state.scaled, starts)
    assert len(calls) > 2


def test_a_descent_that_was_cut_off_ends_where_the_uninterrupted_one_does(valley, starts, tmp_path):
    whole, _ = run(valley, (starts,))
    lines: list[str] = []

    def cut(line: str) -> None:
        lines.append(line)
        if "test 3/" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(valley, (starts,), log=Log(cut, folder=tmp_path))
    log = Log(lines.append, folder=tmp_path)
    again, seen = run(valley, (starts,), log=log)
    assert any("resumed at step 3" in line for line in lines)
    assert np.array_equal(again.scaled, whole.scaled)
    assert np.array_equal(seen, again.scaled)
    log.clear()
    assert not list(tmp_path.iterdir())


def test_each_vector_has_its_own_box_and_what_is_held_stays(valley, starts):
    """The profile of an unknown: its bounds are one number, another in each vector."""
    lower, upper = np.tile(BOX.lower, (6, 1)), np.tile(BOX.upper, (6, 1))
    lower[:, 0] = upper[:, 0] = starts[:, 0]
    state, _ = run(valley, (starts,), Box(lower, upper, UNIT))
    assert np.array_equal(state.scaled[:, 0], starts[:, 0])
    for end, start, target in zip(state.scaled, starts, valley.targets, strict=True):
        slopes, offset = jacobian(start)[:, 1:], residuals(start * [1, 0, 0]) - target
        assert end[1:] == pytest.approx(np.linalg.lstsq(slopes, -offset)[0], abs=1e-4)
