"""The search finds what made the data, takes the same way after a kill, and tells how it went."""

from dataclasses import replace

import numpy as np
import pytest

from screen.calibration import load_problem
from screen.fit import Schedule, make_predictor, make_sensitivity, optimise, polish
from screen.fit.optimise import cycle_ends, draw_starts, make_coordinates
from tests.toy import TRUTH, write_problem

SCHEDULE = Schedule(starts=3, adam=40, lbfgs=40, seed=3)


@pytest.fixture(scope="module")
def found(toy, solver):
    return optimise(toy, solver, SCHEDULE)


def test_best_start_recovers_the_parameters(toy, found):
    best = dict(zip(toy.estimated.names, np.asarray(toy.estimated.linear(found.scaled[0])), strict=True))
    for name, value in TRUTH.items():
        assert best[name] == pytest.approx(value, rel=0.03)


def test_starts_are_ordered_and_better_than_they_began(found):
    assert found.cost.tolist() == sorted(found.cost)
    assert sorted(found.start) == [0, 1, 2]
    assert np.all(found.cost < found.first_cost)
    assert found.gradient_norm[0] < 1


def test_polish_ends_where_the_gradient_is_nothing(toy, solver, found):
    predictor, sensitivity = make_predictor(toy, solver, 8), make_sensitivity(toy, solver)
    polished = polish(toy, predictor, sensitivity, toy.estimated.nominal, 30, 1e-6)
    assert polished.cost <= found.cost[0] + 1e-3
    assert polished.gradient_norm < 0.05
    assert polished.steps < 30


def test_killed_search_resumes_and_ends_in_the_same_place(toy, solver, found, tmp_path):
    for last in (7, 45):

        def kill(line, last=last):
            if f" {last}/" in line:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            optimise(toy, solver, SCHEDULE, tmp_path / "state.npz", checkpoint_seconds=0, report=kill)
    lines = []
    resumed = optimise(toy, solver, SCHEDULE, tmp_path / "state.npz", report=lines.append)
    assert lines[0].startswith("fit: resumed at iteration 45")
    np.testing.assert_array_equal(resumed.scaled, found.scaled)
    np.testing.assert_array_equal(resumed.cost, found.cost)
    assert resumed.iterations == found.iterations


@pytest.mark.parametrize("spoil", ["another search", "damaged"])
def test_checkpoint_that_does_not_belong_is_not_used(toy, solver, tmp_path, spoil):
    path = tmp_path / "state.npz"
    short = replace(SCHEDULE, adam=2, lbfgs=0)
    first = optimise(toy, solver, short, path)
    if spoil == "damaged":
        path.write_bytes(path.read_bytes()[:100])
    lines = []
    again = optimise(
        toy, solver, short if spoil == "damaged" else replace(short, seed=9), path, report=lines.append
    )
    assert not any("resumed" in line for line in lines)
    if spoil == "damaged":
        np.testing.assert_array_equal(again.scaled, first.scaled)


def test_progress_says_how_far_and_how_long(toy, solver):
    lines = []
    optimise(toy, solver, replace(SCHEDULE, adam=2, lbfgs=1), report=lines.append)
    assert len(lines) == 3
    assert "adam 1/3" in lines[0]
    assert "l-bfgs 3/3" in lines[2]
    assert "iterations/s" in lines[0]
    assert "left" in lines[0]


def test_rate_of_adam_restarts_and_each_cycle_is_twice_the_one_before():
    assert cycle_ends(Schedule(adam=70, restarts=2)) == (10, 30, 70)
    assert cycle_ends(Schedule(adam=60, restarts=1)) == (20, 60)
    assert cycle_ends(Schedule(adam=1)) == (1,)
    assert cycle_ends(Schedule(adam=0)) == ()


def test_adam_ends_early_where_a_cycle_brings_nothing(toy, solver):
    lines = []
    wanted = replace(SCHEDULE, adam=30, lbfgs=2, restarts=1, tolerance=1e9, patience=100)
    found = optimise(toy, solver, wanted, report=lines.append)
    assert sum("adam" in line for line in lines) == 10
    assert found.iterations == 12
    assert "l-bfgs 32/32" in lines[-1]


def test_lanes_that_failed_on_the_way_are_counted(toy, solver):
    blowing = toy.estimated.names.index("k_blow")
    nominal = toy.estimated.nominal.copy()
    nominal[blowing] = 2.9
    spoilt = replace(toy, estimated=replace(toy.estimated, nominal=nominal))
    found = optimise(spoilt, solver, replace(SCHEDULE, starts=1, adam=2, lbfgs=0))
    assert found.failed[0] > 0
    assert found.failures == 3 * found.failed[0]
    assert found.cost[0] > 1e4


def test_coordinates_go_both_ways_and_stay_inside(toy):
    coordinates = make_coordinates(toy.estimated)
    starts = draw_starts(toy.estimated, 20, seed=1)
    assert np.all(starts[0] == toy.estimated.nominal)
    np.testing.assert_allclose(coordinates.scaled(coordinates.free(starts)), starts, atol=1e-6)
    far = np.asarray(coordinates.scaled(np.full_like(starts, 1e3)))
    assert np.all(far <= toy.estimated.upper)


def test_noisy_data_are_fitted_to_their_noise(tmp_path, solver):
    problem = load_problem(write_problem(tmp_path, noise=0.05))
    predictor, sensitivity = make_predictor(problem, solver, 8), make_sensitivity(problem, solver)
    polished = polish(problem, predictor, sensitivity, problem.estimated.nominal, 30, 1e-6)
    found = predictor(polished.scaled[None])
    rows = problem.observables[0].rows
    distance = (found.compared[0, rows] - np.log10(problem.measurements.value[rows])) / 0.05
    assert 0.2 < np.mean(distance**2) < 2
