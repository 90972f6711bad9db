"""The search finds what made the data, takes the same way after a kill, and tells how it went."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from screen.calibration import load_problem
from screen.fit import (
    QUIET,
    Log,
    Schedule,
    Target,
    draw_starts,
    make_objective,
    polish,
    schedule_between_wide_bounds,
    search,
    search_problem,
)
from screen.fit.adam import Cycles
from tests.toy import TRUTH, write_problem

SCHEDULE = Schedule(starts=3, adam=40, polish=20, tolerance=0.001, seed=3)


@pytest.fixture(scope="module")
def run(toy, toy_evaluator, solver):
    """The search of the whole toy problem, also of other bounds; nothing is solved inside."""
    objective = lru_cache(lambda vectors: make_objective(toy, solver, vectors))

    def searched(schedule=SCHEDULE, log=QUIET, estimated=toy.estimated):
        evaluator = replace(toy_evaluator, problem=replace(toy, estimated=estimated))
        target = Target(estimated, evaluator.cost, evaluator.linearise, objective)
        return search(target, draw_starts(target, schedule.starts, schedule.seed), schedule, log)

    return searched


@pytest.fixture(scope="module")
def found(run):
    return run()


def test_best_start_recovers_the_parameters(toy, found):
    best = dict(zip(toy.estimated.names, np.asarray(toy.estimated.linear(found.scaled[0])), strict=True))
    for name, value in TRUTH.items():
        assert best[name] == pytest.approx(value, rel=0.03)


def test_starts_are_ordered_and_better_than_they_began(found):
    assert found.cost.tolist() == sorted(found.cost)
    assert sorted(found.start) == [0, 1, 2]
    assert np.all(found.cost < found.first_cost)
    assert found.gradient_norm[0] < 1


def test_polish_ends_where_the_gradient_is_nothing(toy, toy_evaluator, found):
    polished = polish(toy_evaluator, toy.estimated.nominal, 30, 1e-6)
    assert polished.cost <= found.cost[0] + 1e-3
    assert polished.gradient_norm < 0.05
    assert polished.steps < 30


def test_what_has_no_prior_is_solved_inside_and_ends_in_the_same_place(toy_evaluator, solver, found):
    solved = search_problem(toy_evaluator, solver, replace(SCHEDULE, starts=2))
    assert solved.cost[0] == pytest.approx(found.cost[0], abs=0.01)
    np.testing.assert_allclose(solved.scaled[0], found.scaled[0], atol=0.01)


def test_killed_search_resumes_and_ends_in_the_same_place(run, found, tmp_path):
    for last in ("adam 7/", "gauss-newton 2/"):

        def kill(line, last=last):
            if last in line:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(log=Log(kill, folder=tmp_path))
    lines = []
    resumed = run(log=Log(lines.append, folder=tmp_path))
    assert lines[0].startswith("fit: adam resumed at step 40")
    assert lines[1].startswith("fit: gauss-newton resumed at step 2")
    np.testing.assert_array_equal(resumed.scaled, found.scaled)
    np.testing.assert_array_equal(resumed.cost, found.cost)
    assert resumed.iterations == found.iterations


@pytest.mark.parametrize("spoil", ["another search", "damaged"])
def test_checkpoint_that_does_not_belong_is_not_used(run, tmp_path, spoil):
    short = replace(SCHEDULE, adam=2, polish=1)
    first = run(short, Log(folder=tmp_path))
    files = list(tmp_path.glob("checkpoint_*.npz"))
    assert len(files) == 2
    if spoil == "damaged":
        for path in files:
            path.write_bytes(path.read_bytes()[:100])
    lines = []
    other = short if spoil == "damaged" else replace(short, seed=9)
    again = run(other, Log(lines.append, folder=tmp_path))
    assert not any("resumed" in line for line in lines)
    if spoil == "damaged":
        np.testing.assert_array_equal(again.scaled, first.scaled)


def test_progress_says_how_far_and_how_long(run):
    lines = []
    run(replace(SCHEDULE, adam=2, polish=1), Log(lines.append))
    assert [line.split(",")[0] for line in lines] == [
        "fit: adam 1/2", "fit: adam 2/2", "fit: gauss-newton 0/1", "fit: gauss-newton 1/1",
    ]  # fmt: skip
    assert "iterations/s" in lines[0] and "left" in lines[0]


def test_rate_of_adam_restarts_and_each_cycle_is_twice_the_one_before():
    assert Cycles(70, 0.1, 2, 0.02).ends == (10, 30, 70)
    assert Cycles(60, 0.1, 1, 0.02).ends == (20, 60)
    assert Cycles(1, 0.1, 2, 0.02).ends == (1,)
    assert Cycles(0, 0.1, 2, 0.02).ends == ()


def test_adam_ends_early_where_a_cycle_brings_nothing(run):
    lines = []
    found = run(replace(SCHEDULE, adam=30, restarts=1, tolerance=1e9), Log(lines.append))
    assert sum("adam" in line for line in lines) == 10
    assert found.iterations == 10


def test_lanes_that_failed_on_the_way_are_counted(toy, toy_evaluator, run):
    blowing = toy.estimated.names.index("k_blow")
    nominal = toy.estimated.nominal.copy()
    nominal[blowing] = 2.9
    spoilt = replace(toy.estimated, nominal=nominal)
    found = run(replace(SCHEDULE, starts=1, adam=2, polish=0), estimated=spoilt)
    failed = toy_evaluator.predict(found.scaled).failed
    assert failed[0] > 0
    assert found.iterations > 0 and found.failures == (1 + found.iterations) * failed[0]
    assert found.cost[0] > 1e4


def test_starts_begin_with_the_nominal_values_and_lie_inside_the_bounds(toy):
    starts = draw_starts(valley(toy), 20, seed=1)
    assert np.all(starts[0] == toy.estimated.nominal)
    assert np.all((starts > toy.estimated.lower) & (starts < toy.estimated.upper))


def test_a_start_is_the_cheapest_of_its_draws(toy):
    target = valley(toy)
    every, starts = draw_starts(target, 31, seed=1, tried=1)[1:], draw_starts(target, 3, seed=1)[1:]
    for start, own in zip(starts, every.reshape(2, 15, -1), strict=True):
        assert np.array_equal(start, own[np.argmin(target.cost(own))])
        assert not np.array_equal(start, own[0])


def valley(problem) -> Target:
    """Costs that rise with the distance to the upper bounds; nothing is integrated."""
    upper = problem.estimated.upper
    return Target(problem.estimated, lambda at: np.sum((at - upper) ** 2, axis=1), lambda at: (at, at), None)


def two_minima(problem) -> tuple[Target, np.ndarray]:
    """Costs of 5 at one minimum, which is returned too, and of 0 at the other; nothing is integrated."""
    nominal, unit = problem.estimated.nominal, problem.estimated.units
    places, depths = np.array([nominal - unit, nominal + unit]), np.array([5.0, 0.0])

    def costs(at: np.ndarray) -> np.ndarray:
        return np.sum(((at[:, None] - places) / unit) ** 2, axis=2) + depths

    def linearise(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nearest = places[np.argmin(costs(at), axis=1)]
        return 2 * (at - nearest) / unit**2, np.tile(np.diag(2 / unit**2), (len(at), 1, 1))

    return Target(problem.estimated, lambda at: costs(at).min(axis=1), linearise, None), places[0]


def test_kicks_lead_out_of_a_minimum_and_go_on_until_their_steps_are_used_up(toy):
    target, high = two_minima(toy)
    schedule = Schedule(adam=0, polish=10, tolerance=1e-6)
    stays = search(target, np.tile(high, (2, 1)), schedule)
    assert stays.cost == pytest.approx(5.0, abs=1e-4)
    lines = []
    kicked = search(target, np.tile(high, (2, 1)), replace(schedule, kicks=4), Log(lines.append))
    kicks = {line.split()[2] for line in lines if " kick " in line}
    assert 1 < len(kicks) < 20  # each takes more than two of the 40 steps
    assert kicked.cost == pytest.approx(0.0, abs=1e-4)
    assert kicked.first_end == pytest.approx(5.0, abs=1e-4)
    assert np.all((kicked.steps >= 40) & (kicked.steps < 60))


def bent_valley(problem) -> Target:
    """Rosenbrock's valley in the first two parameters, in units from the nominal values: a cost of 0 where both are 1.

    The others add their own squares.
    """
    nominal, unit = problem.estimated.nominal, problem.estimated.units

    def parts(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from_nominal = (at - nominal) / unit
        rest = from_nominal.copy()
        rest[:, 0], rest[:, 1] = 100 * (from_nominal[:, 1] - from_nominal[:, 0] ** 2), 1 - from_nominal[:, 0]
        slopes = np.tile(np.eye(len(unit)), (len(at), 1, 1))
        slopes[:, 0, 0], slopes[:, 0, 1] = -200 * from_nominal[:, 0], 100
        slopes[:, 1, 0], slopes[:, 1, 1] = -1, 0
        return rest, slopes / unit

    def linearise(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rest, slopes = parts(at)
        return np.einsum("vri,vr->vi", slopes, rest), np.einsum("vri,vrj->vij", slopes, slopes)

    return Target(problem.estimated, lambda at: 0.5 * np.sum(parts(at)[0] ** 2, axis=1), linearise, None)


def test_the_last_steps_follow_a_bent_valley_to_its_lowest_point(toy):
    """Far from it a step brings little; what kicks may do with is not where a start may end."""
    estimated = replace(toy.estimated, lower=toy.estimated.nominal - 9, upper=toy.estimated.nominal + 9)
    target = bent_valley(replace(toy, estimated=estimated))
    begin = (
        estimated.nominal - estimated.units * np.array([1.2, -1.0, *[0.5] * (len(estimated.names) - 2)])
    )[None]
    schedule = replace(schedule_between_wide_bounds(1, 60, 0, 1), tolerance=0.05)
    early = search(target, begin, replace(schedule, last=0))
    assert early.cost[0] > 0.1
    found = search(target, begin, schedule)
    assert found.first_end == early.cost
    assert found.cost[0] < 1e-4 and found.steps[0] > early.steps[0]
    np.testing.assert_allclose(found.scaled[0][:2], (estimated.nominal + estimated.units)[:2], atol=0.02)


def test_starts_that_share_put_together_what_each_is_right_about(toy):
    """Every start is right about every other parameter, the second one about the rest; draws are right about none."""
    nominal, unit = toy.estimated.nominal, toy.estimated.units
    right = (np.arange(6)[:, None] + np.arange(len(unit))) % 2 == 0
    estimated = replace(toy.estimated, lower=nominal - 9 * unit, upper=nominal + 9 * unit)
    starts = np.where(right, nominal, nominal + 2 * unit)

    def costs(at: np.ndarray) -> np.ndarray:
        """How many are wrong; flat in between, so that no step leads there."""
        return np.sum(np.abs(at - nominal) > 1e-9, axis=1).astype(float)

    flat = Target(estimated, costs, lambda at: (0 * at, np.tile(np.eye(at.shape[1]), (len(at), 1, 1))), None)
    schedule = Schedule(adam=0, polish=1, kicks=40, tried=1, inside=True)
    assert np.array_equal(np.sort(search(flat, starts, schedule).cost), np.sort(costs(starts)))
    sharing = replace(schedule, sharing=True)
    together = search(flat, starts, sharing)
    assert together.cost[0] == 0
    assert np.array_equal(together.first_end, costs(starts)[together.start])
    assert np.array_equal(search(flat, starts, sharing).scaled, together.scaled)
    assert search(flat, starts[:1], sharing).cost[0] == costs(starts)[0]


def test_steps_inside_wide_bounds_recover_the_same_place_from_drawn_starts(toy, run, found):
    """Bounds sixteen decades apart, so that most draws say nothing of the data."""
    estimated = toy.estimated
    wide = replace(estimated, lower=estimated.nominal - 8, upper=estimated.nominal + 8)
    spread = tuple(replace(each, kind="parameterScaleUniform", first=low, second=high) for each, low, high in
                   zip(estimated.starts, wide.lower, wide.upper, strict=True))  # fmt: skip
    lines = []
    schedule = schedule_between_wide_bounds(4, 40, 1, 3)
    inside = run(schedule, Log(lines.append), replace(wide, starts=spread))
    assert inside.cost[0] == pytest.approx(found.cost[0], abs=0.02)
    assert np.sum(inside.cost < found.cost[0] + 1) > 1
    assert not any("adam" in line for line in lines) and inside.iterations == 0


def test_adam_stays_on_a_bound_that_it_would_step_over(toy, run):
    upper = toy.estimated.upper.copy()
    upper[toy.estimated.names.index("k_lost")] = np.log10(TRUTH["k_lost"]) - 0.1
    tight = replace(toy.estimated, upper=upper)
    found = run(replace(SCHEDULE, starts=1, polish=0), estimated=tight)
    assert np.all(found.scaled <= upper)
    assert found.cost[0] < found.first_cost[0]


def test_noisy_data_are_fitted_to_their_noise(tmp_path, toy_evaluator):
    problem = load_problem(write_problem(tmp_path, noise=0.05))
    evaluator = toy_evaluator.judged_by(problem)
    found = evaluator.predict(polish(evaluator, problem.estimated.nominal, 30, 1e-6).scaled[None])
    rows = problem.observables[0].rows
    distance = (found.compared[0, rows] - np.log10(problem.measurements.value[rows])) / 0.05
    assert 0.2 < np.mean(distance**2) < 2
