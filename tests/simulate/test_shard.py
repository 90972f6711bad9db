"""Shards: the same numbers however the lanes are cut, resting states, failures that stay rows."""

from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import antimony
import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

from screen.errors import SimulateError
from screen.experiments import Design, Draws
from screen.kernel import ENGINES, Status, load_model
from screen.simulate import (
    Integration,
    Observed,
    Part,
    Readout,
    Runner,
    Shard,
    distinct_cells,
    observe,
    simulate_shard,
)
from screen.simulate import integrate as integrate_module
from screen.simulate import shard as shard_module
from screen.simulate.shard import _batches, _cells, _Progress
from screen.tables import RESPONSES, check_table

MODEL = """
    compartment cell = 1; species A in cell, B in cell; A = 1;
    on = 0.01; off = 0.1; dose = 0; growth = 0; growth_rate = 0; load_X = 0;
    share := B/(A + B); signal := (1 + dose)*B/(A + B);
    forward: A => B; cell*(on + dose)/(1 + load_X)*A;
    back: B => A; cell*off*B;
    burst: => B; cell*growth*growth_rate*B^2;
    """
READOUTS = (Readout("share_20min", "share", 20.0, 20.0), Readout("share_mean", "share", 0.0, 60.0))
DRAWS = np.array([0, 1, 2, 5])


@pytest.fixture(scope="module")
def model():
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(MODEL) >= 0, antimony.getLastError()
    return load_model(antimony.getSBMLString(antimony.getModuleNames()[-1]))


def integration(batch: int = 4, max_steps: int = 10_000) -> Integration:
    return Integration("auto", 1e-8, 1e-11, max_steps, 1, batch)


def part_of(model, growth=(0.0, 0.0, 0.0, 0.0)) -> Part:
    """Vehicle and one drug at two doses in one cell, four draws that differ in `off`."""
    column = {name: place for place, name in enumerate(model.parameters)}
    base = np.repeat(np.asarray(model.values, float)[None], len(DRAWS), axis=0)
    base[:, column["off"]], base[:, column["growth_rate"]] = [0.1, 0.2, 0.05, 0.4], growth
    settings = np.full((2, len(column)), np.nan)
    settings[1, column["dose"]], settings[1, column["growth"]] = 0.2, 1.0
    design = Design(
        settings=settings,
        rest=np.zeros(3, int),
        phase=np.tile([0, 1], (3, 1)),
        start=np.tile([-30.0, 0.0], (3, 1)),
        dose=np.array([0.0, 1.0, 10.0])[:, None, None].repeat(2, axis=1),
        drug=np.zeros((3, 1), int),
        hill=np.ones(2),
        direct=np.zeros((3, 2, 1)),
        load_column=np.array([column["load_X"]]),
        site=np.zeros((3, 1), int),
    )
    affinity = np.tile([[1.0], [0.0]], (len(DRAWS), 1, 1))
    return Part(lambda: model, design, Draws(DRAWS, base, affinity), NAMES, np.arange(3))


NAMES = ["cell|default|vehicle", "cell|default|x@1", "cell|default|x@10"]


def run(model, plan, index=0, count=1, batch=4, **options) -> pl.DataFrame:
    lines: list[str] = []
    shard = Shard(index, count)
    return pl.concat(simulate_shard([plan], READOUTS, integration(batch, **options), shard, lines.append))


def share(on: float, off: float, load: float, minutes: np.ndarray) -> np.ndarray:
    """Exact share of B: rest, 30 min with drug, then drug and stimulus."""
    before, after = on / (1 + load), (on + 0.2) / (1 + load)
    held = before / (before + off)
    at_zero = held + (on / (on + off) - held) * np.exp(-(before + off) * 30)
    final = after / (after + off)
    return final + (at_zero - final) * np.exp(-(after + off) * minutes)


def test_responses_match_the_closed_form(model):
    frame = run(model, part_of(model))
    check_table(frame, RESPONSES, "responses")
    assert frame["status"].unique().to_list() == ["ok"]
    found = frame.filter(pl.col("readout") == "share_20min")["value"].to_numpy().reshape(3, 4)
    for row, load in enumerate((0.0, 1.0, 10.0)):
        expected = [share(0.01, off, load, np.array(20.0)) for off in (0.1, 0.2, 0.05, 0.4)]
        assert found[row] == pytest.approx(expected, rel=1e-6)
    assert frame["draw"].unique().sort().to_list() == DRAWS.tolist()


def test_answers_do_not_depend_on_shards_or_batches(model):
    plan = part_of(model)
    whole = run(model, plan)
    assert pl.concat([run(model, plan, index, 5) for index in range(5)]).equals(whole)
    assert run(model, plan, batch=3).equals(whole)
    assert run(model, plan, batch=64).equals(whole)


def test_a_shard_builds_the_models_of_its_own_lanes(model):
    built = []
    plans = [replace(part_of(model), build=lambda name=name: built.append(name) or model) for name in "ab"]
    for index in range(2):
        list(simulate_shard(plans, READOUTS, integration(), Shard(index, 2), lambda line: None))
        assert set(built) == set("ab"[: index + 1])


def test_every_cell_that_lanes_begin_from_comes_to_rest_once_and_no_other(model, monkeypatch):
    """Two genotypes rest apart, each under four draws: of every run of lanes, those that it has, however it is cut."""
    plan = part_of(model)
    settings = np.tile(plan.design.settings, (2, 1))
    settings[:, model.parameters.index("on")] = np.repeat([0.02, 0.04], 2)
    plan = replace(
        plan, arms=np.array([2, 0, 1]),
        design=replace(
            plan.design, settings=settings, rest=np.array([2, 0, 2]), phase=np.array([[2, 3], [0, 1], [2, 3]])
        ),
    )  # fmt: skip
    rested, settle = [], Runner.rest

    def rest(self, draws, row, draw):
        rested.extend(zip(row.tolist(), draw.tolist(), strict=True))
        return settle(self, draws, row, draw)

    monkeypatch.setattr(Runner, "rest", rest)
    lanes = [(int(plan.design.rest[arm]), draw) for arm in plan.arms for draw in range(len(DRAWS))]
    whole = run(model, plan)
    assert sorted(rested) == sorted(set(lanes)) and len(set(lanes)) == 8
    parts = []
    for index in range(5):
        rested.clear()
        parts.append(run(model, plan, index, 5))
        first, stop = Shard(index, 5).bounds(12)
        assert sorted(rested) == sorted(set(lanes[first:stop]))
    assert pl.concat(parts).equals(whole)
    for first, stop in combinations(range(13), 2):
        row, draw, place = _cells(plan, (first, stop))
        cells = list(zip(row.tolist(), draw.tolist(), strict=True))
        assert sorted(cells) == sorted(set(lanes[first:stop]))
        assert [cells[place[lane]] for lane in lanes[first:stop]] == lanes[first:stop]
    found = whole.filter(readout="share_20min")["value"].to_numpy().reshape(3, 4)
    for row, (on, load) in enumerate([(0.04, 10.0), (0.04, 0.0), (0.02, 1.0)]):
        known = [share(on, off, load, np.array(20.0)) for off in (0.1, 0.2, 0.05, 0.4)]
        assert found[row] == pytest.approx(known, rel=1e-6)


def test_resting_states_are_at_rest(model):
    plan = part_of(model)
    runner = Runner(model, integration(), plan.design, ["B"])
    resting = runner.rest(plan.draws, np.zeros(4, int), np.arange(4))
    b = resting.states[:, list(model.species).index("B")]
    assert resting.status.tolist() == ["ok"] * 4
    assert b == pytest.approx([0.01 / (0.01 + off) for off in (0.1, 0.2, 0.05, 0.4)], rel=1e-6)


@pytest.mark.parametrize("batch", [3, 4])
def test_as_many_lanes_and_cells_come_back_as_were_asked_for(model, batch):
    """The last batch is filled up with copies, which nobody sees."""
    plan, every = part_of(model), np.arange(4)
    runner = Runner(model, integration(batch), plan.design, ["B"])
    resting = runner.rest(plan.draws, np.zeros(4, int), every)
    found = runner(plan.draws, np.ones(4, int), every, np.full((4, 1), 20.0), resting)
    assert {len(part) for part in (*resting, *found)} == {4}


def test_a_network_whose_unit_of_time_is_an_hour_is_asked_in_minutes(model):
    """Its stimulus comes after 30 h with drug, and is read 20 h later: the answer is that of minutes."""
    plan, every = part_of(model), np.arange(4)
    found = []
    for unit in (1.0, 60.0):
        design = replace(plan.design, start=plan.design.start * unit)
        runner = Runner(model, replace(integration(), unit_minutes=unit), design, ["B"])
        resting = runner.rest(plan.draws, np.zeros(4, int), every)
        found.append(runner(plan.draws, np.ones(4, int), every, np.full((4, 1), 20.0 * unit), resting).values)
    assert found[1].tolist() == found[0].tolist()


def test_what_reads_a_parameter_has_it_as_the_last_phase_sets_it(model):
    """Two changes of the dose: `signal` over `share` is 1 and the dose that is there when both are read."""
    plan, every = part_of(model), np.arange(4)
    settings = np.full((3, len(model.parameters)), np.nan)
    settings[1:, list(model.parameters).index("dose")] = 0.2, 3.0
    design = replace(
        plan.design,
        settings=settings,
        phase=np.tile([0, 1, 2], (3, 1)),
        start=np.tile([-30.0, 0.0, 10.0], (3, 1)),
        dose=plan.design.dose[:, :1].repeat(3, axis=1),
        direct=np.zeros((3, 3, 1)),
    )
    runner = Runner(model, integration(), design, ["signal", "share"])
    resting = runner.rest(plan.draws, np.zeros(4, int), every)
    found = runner(plan.draws, np.zeros(4, int), every, np.full((4, 1), 20.0), resting).values
    assert found[..., 0] / found[..., 1] == pytest.approx(4.0, rel=1e-12)


@pytest.mark.parametrize(("doubtful", "told"), [(0.01, False), (1e-9, True)])
def test_a_mean_over_a_window_that_moves_faster_than_it_is_read_is_warned_of_once(
    model, monkeypatch, doubtful, told
):
    monkeypatch.setattr(shard_module, "DOUBTFUL", doubtful)
    lines: list[str] = []
    list(simulate_shard([part_of(model)], READOUTS, integration(), Shard(0, 1), lines.append))
    warned = [line for line in lines if "warning" in line]
    assert len(warned) == told
    assert all(
        line.startswith("simulate 1/1: warning: the mean of `share_mean` may be off by ") for line in warned
    )


def test_a_failing_lane_is_a_row_with_its_status_and_harms_no_neighbour(model):
    healthy = run(model, part_of(model))
    frame = run(model, part_of(model, growth=(0.0, 50.0, 0.0, 0.0)))
    assert frame.height == healthy.height
    failed = frame.filter(pl.col("draw") == 1)
    assert failed["value"].is_null().all()
    assert set(failed["status"]) <= {"non_finite", "step_underflow", "max_steps"}
    rest = pl.col("draw") != 1
    assert frame.filter(rest).equals(healthy.filter(rest))


def test_a_lane_that_needs_more_steps_is_retried(model):
    counted = run(model, part_of(model))
    most = int(counted["steps"].max())
    retried = run(model, part_of(model), max_steps=max(most // 3, 2))
    assert "retried" in retried["status"].unique().to_list()
    both = retried.join(counted, on=["scenario", "draw", "readout"]).filter(pl.col("value").is_not_null())
    assert both.height == counted.height
    assert (both["value"] - both["value_right"]).abs().max() < 1e-6


def test_what_is_run_again_is_run_ten_times_as_strictly(model):
    plan, every = part_of(model), np.arange(4)
    few, strict = Integration("auto", 1e-4, 1e-7, 6, 1), Integration("auto", 1e-5, 1e-8, 60, 1)
    resting = Runner(model, integration(), plan.design, ["B"]).rest(plan.draws, np.zeros(4, int), every)
    lanes = plan.draws, np.ones(4, int), every, np.full((4, 1), 60.0), resting
    again, known = (Runner(model, each, plan.design, ["B"])(*lanes) for each in (few, strict))
    assert (again.status.tolist(), known.status.tolist()) == (["retried"] * 4, ["ok"] * 4)
    assert again.values.tolist() == known.values.tolist()
    assert (again.steps > known.steps).all()


def test_the_second_attempt_has_ten_times_of_everything_and_the_same_of_the_rest():
    first = Integration("kernel", 1e-4, 1e-7, 6, 1, 8, 20.0, 1e-2, from_rest=False, unit_minutes=60.0)
    found = first.stricter()
    assert (found.rtol, found.atol) == pytest.approx((1e-5, 1e-8))
    assert (found.max_steps, found.rest_minutes) == (60, 200.0)
    assert replace(found, rtol=1e-4, atol=1e-7, max_steps=6, rest_minutes=20.0) == first


def test_a_cell_that_needs_longer_has_ten_times_as_long_to_come_to_rest_and_its_lanes_say_so(model):
    """With the rates of the first draw the way to rest shrinks by e in 9 min: 20 min are too few, 200 are plenty."""
    plan, first = part_of(model), np.zeros(1, int)
    runner = Runner(model, replace(integration(), rest_minutes=20.0), plan.design, ["B"])
    resting = runner.rest(plan.draws, first, first)
    assert resting.status.tolist() == ["retried"]
    assert resting.states[0, model.species.index("B")] == pytest.approx(0.01 / 0.11, rel=1e-6)
    assert runner(plan.draws, first, first, np.full((1, 1), 20.0), resting).status.tolist() == ["retried"]
    hasty = Runner(model, replace(integration(), rest_minutes=2.0), plan.design, ["B"])
    unrested = hasty.rest(plan.draws, first, first)
    assert unrested.status.tolist() == ["no_rest_state"]
    found = hasty(plan.draws, first, first, np.full((1, 1), 20.0), unrested)
    assert found.status.tolist() == ["no_rest_state"] and np.isnan(found.values).all()


@pytest.mark.parametrize(("change", "status"), [(8e-4, "ok"), (1.3e-3, "retried")])
def test_a_cell_is_at_rest_where_it_changes_by_no_more_than_a_thousandth(model, change, status):
    """B rises as 1 - exp(-0.11 t): from T to 2 T by exp(-0.11 T) of what it is then."""
    plan, first = part_of(model), np.zeros(1, int)
    minutes = float(-np.log(change) / 0.11)
    runner = Runner(model, replace(integration(), rest_minutes=minutes), plan.design, ["B"])
    assert runner.rest(plan.draws, first, first).status.tolist() == [status]


def test_what_is_read_has_the_parameters_of_the_time_it_is_read_at(model):
    """The stimulus of 0.2 is there when the signal is read, and was not before."""
    plan, every = part_of(model), np.arange(4)
    runner = Runner(model, integration(), plan.design, ["signal", "share"])
    resting = runner.rest(plan.draws, np.zeros(4, int), every)
    found = runner(plan.draws, np.ones(4, int), every, np.full((4, 1), 20.0), resting).values[:, 0]
    assert found[:, 0] == pytest.approx(1.2 * found[:, 1])


def test_a_shard_that_is_not_there_is_named(model):
    with pytest.raises(SimulateError, match="shard: must be from 0 to 1, found 2"):
        run(model, part_of(model), index=2, count=2)


def test_progress_says_how_far(model):
    lines: list[str] = []
    list(simulate_shard([part_of(model)], READOUTS, integration(), Shard(1, 2), lines.append))
    assert lines[-1].startswith("simulate 2/2: 6 of 6 trajectories") and lines[-1].endswith(" 0 failed")


def test_progress_tells_the_rate_and_what_is_left_every_two_seconds(monkeypatch):
    """4 in 1.9 s say nothing; 10 in 2 s are 5/s, so that 15 more take 3 s; the last are always told."""
    clock, lines = iter([100.0, 101.9, 102.0, 103.9, 105.0]), []
    monkeypatch.setattr("screen.simulate.shard.time.monotonic", lambda: next(clock))
    progress = _Progress(Shard(0, 3), 25, lines.append)
    for lanes, failed in ((4, 1), (6, 1), (6, 0), (9, 2)):
        progress.done(lanes, failed)
    assert lines == [
        "simulate 1/3: 10 of 25 trajectories, 5/s, 3 s left, 2 failed",
        "simulate 1/3: 25 of 25 trajectories, 5/s, 0 s left, 4 failed",
    ]


def test_progress_counts_the_trajectories_that_failed(model):
    """Those of one draw under all three arms, batch by batch."""
    lines: list[str] = []
    failing = part_of(model, growth=(50.0, 0.0, 0.0, 0.0))
    list(simulate_shard([failing], READOUTS, integration(), Shard(0, 1), lines.append))
    assert lines[-1].startswith("simulate 1/1: 12 of 12 trajectories") and lines[-1].endswith(" 3 failed")


def test_a_status_of_the_second_attempt_is_named_in_full(model):
    """Where the first attempt had only shorter names."""
    frame = run(model, part_of(model, growth=(0.0, 50.0, 0.0, 0.0)), max_steps=320)
    assert set(frame["status"]) == {"ok", "step_underflow"}


def test_batches_are_as_wide_as_asked_or_as_suits_the_engine():
    assert Integration("cuda", batch=64).width == 64
    assert (
        Integration("cuda").width
        == ENGINES["cuda"].batch
        > ENGINES["kernel"].batch
        == Integration("kernel").width
    )


def test_trajectories_for_slopes_are_as_coarse_throughout_and_never_finer():
    """Both tolerances by the same factor; what is coarser already stays."""
    fine = Integration("kernel", 1e-6, 1e-9, 500, 2)
    found = fine.for_slopes()
    assert (found.rtol, found.atol) == pytest.approx((1e-4, 1e-7))
    assert found == replace(fine, rtol=found.rtol, atol=found.atol)
    assert [Integration("kernel", rtol).for_slopes().rtol for rtol in (1e-8, 1e-5, 1e-4)] == [
        1e-6,
        1e-4,
        1e-4,
    ]
    coarse = Integration("kernel", 1e-3, 1e-9)
    assert coarse.for_slopes() == coarse


def test_who_asks_for_nothing_integrates_from_rest_to_a_millionth_of_what_is_there():
    found = Integration()
    assert (found.engine, found.rtol, found.atol) == ("kernel", 1e-6, 1e-9)
    assert (found.max_steps, found.rest_minutes) == (100_000, 1_000_000.0)
    assert found.from_rest and found.threads is None and found.batch is None


def test_steps_are_all_that_were_tried_in_both_attempts(model, monkeypatch):
    """Four draws by their `off`: the second needs more steps, the third fails again, for another reason."""
    ok, most, lost = Status.OK, Status.MAX_STEPS, Status.NON_FINITE
    known = {
        6: ([ok, most, most, ok], [3, 5, 7, 1], [1, 2, 3, 0]),
        60: ([lost, ok, lost, lost], [90, 20, 30, 90], [90, 4, 6, 90]),
    }
    plan, every = part_of(model), np.arange(4)

    def solve(model, parameters, state, start, times, stored, max_steps, **options):
        off = parameters[:, 0, model.parameters.index("off"), None]
        lane = jnp.argmin(jnp.abs(off - jnp.array([0.1, 0.2, 0.05, 0.4])), axis=1)
        status, accepted, rejected = (jnp.array(each)[lane] for each in known[max_steps])
        states = jnp.full((len(lane), times.shape[1], len(stored)), float(max_steps))
        return SimpleNamespace(states=states, status=status, accepted=accepted, rejected=rejected)

    runner = Runner(model, integration(max_steps=6), plan.design, ["B"])
    resting = Runner(model, integration(), plan.design, ["B"]).rest(plan.draws, np.zeros(4, int), every)
    monkeypatch.setattr(integrate_module, "solve", solve)
    found = runner(plan.draws, np.zeros(4, int), every, np.full((4, 1), 20.0), resting)
    assert found.steps.tolist() == [4, 7 + 24, 10 + 36, 1]
    assert found.status.tolist() == ["ok", "retried", "non_finite", "ok"]
    assert found.failed.tolist() == [False, False, True, False]
    assert found.values[:, 0, 0].tolist() == pytest.approx([6.0, 60.0, np.nan, 6.0], nan_ok=True)


def test_a_lane_that_was_retried_has_not_failed():
    status = np.array(["ok", "retried", "max_steps", "no_rest_state"])
    found = Observed(np.zeros((4, 1, 1)), status, np.ones(4, int))
    assert found.failed.tolist() == [False, False, True, True]


def test_lanes_that_are_not_to_rest_begin_as_the_network_says(model):
    """All of it is A at minute -30; three lanes of a network of two species, which took no step before."""
    plan, every = part_of(model), np.arange(3)
    runner = Runner(model, replace(integration(), from_rest=False), plan.design, ["B"])
    begin = runner.rest(plan.draws, np.zeros(3, int), every)
    places = [model.species.index(name) for name in ("A", "B")]
    assert begin.states[:, places].tolist() == [[1.0, 0.0]] * 3
    assert (begin.status.tolist(), begin.steps.tolist()) == (["ok"] * 3, [0] * 3)
    found = runner(plan.draws, np.zeros(3, int), every, np.zeros((3, 1)), begin)
    known = [0.01 / (0.01 + off) * (1 - np.exp(-(0.01 + off) * 30)) for off in (0.1, 0.2, 0.05)]
    assert found.values[:, 0, 0] == pytest.approx(known, rel=1e-6)


def test_what_a_shard_runs_is_compiled_before_and_for_as_many_lanes_as_it_has(model, monkeypatch):
    """The last two of twelve lanes in a batch of two, though one could hold sixty-four: 50 times, 2 phases."""
    runners = []

    class Kept(Runner):
        def prepare(self, lanes, times):
            super().prepare(lanes, times)
            runners.append((self, list(self.lanes[0].made)))

    monkeypatch.setattr(shard_module, "Runner", Kept)
    assert run(model, part_of(model), 5, 6, batch=64).height == 2 * len(READOUTS)
    ((runner, ahead),) = runners
    (shapes,) = ([shape for shape, _ in kind] for kind in ahead)
    parameters, species = len(model.parameters), len(model.species)
    assert shapes == [(2, 2, parameters), (2, 50), (2, species), (2, 2)]
    assert list(runner.lanes[0].made) == ahead and not runner.lanes[1].made


@pytest.mark.parametrize(("threads", "abreast"), [(3, 3), (None, 7)])
def test_as_many_models_are_made_ready_at_a_time_as_there_are_threads_or_cores(monkeypatch, threads, abreast):
    asked, pool = [], shard_module.ThreadPoolExecutor
    monkeypatch.setattr(shard_module, "ThreadPoolExecutor", lambda count: asked.append(count) or pool(1))
    monkeypatch.setattr(shard_module.os, "cpu_count", lambda: 7)
    assert list(_batches([], READOUTS, replace(integration(), threads=threads))) == []
    assert asked == [abreast]


def test_progress_tells_the_end_at_once_even_where_no_time_went_by(monkeypatch):
    """25 in less than the clock sees are counted as in a billionth of a second."""
    for clock, rate in (([100.0, 100.5], "50"), ([5.0, 5.0], "25,000,000,000")):
        times, lines = iter(clock), []
        monkeypatch.setattr("screen.simulate.shard.time.monotonic", lambda times=times: next(times))
        _Progress(Shard(0, 1), 25, lines.append).done(25, 0)
        assert lines == [f"simulate 1/1: 25 of 25 trajectories, {rate}/s, 0 s left, 0 failed"]


def test_cells_that_are_there_twice_are_one():
    """Row 2 under draw 1 comes three times."""
    row, draw, place = distinct_cells(np.array([2, 0, 2, 2, 0]), np.array([1, 5, 0, 1, 5]))
    assert list(zip(row.tolist(), draw.tolist(), strict=True)) == [(0, 5), (2, 0), (2, 1)]
    assert place.tolist() == [2, 0, 1, 2, 0]


@pytest.fixture(scope="module")
def three():
    """A network of three species, of which the last two have a sum that a parameter adds to."""
    antimony.clearPreviousLoads()
    text = "compartment cell = 1; species A in cell, B in cell, C in cell; k = 1; total := B + C + k; A => B; cell*A;"
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return load_model(antimony.getSBMLString(antimony.getModuleNames()[-1]))


@pytest.mark.parametrize("stored", [None, (1, 2)])
def test_species_are_read_where_they_are_stored_beside_observables_in_the_order_asked_for(three, stored):
    """A, B and C are 10, 20 and 30; the parameter is 0 in one lane and 1 in the other."""
    there = np.array([10.0, 20.0, 30.0])[slice(None) if stored is None else list(stored)]
    assert (three.species, three.needed(["total"])) == (("A", "B", "C"), (1, 2))
    parameters = np.tile(np.asarray(three.values, float), (2, 3, 1))
    parameters[..., three.parameters.index("k")] = [[0.0], [1.0]]
    asked, states = ["C", "total", "B", "C"], np.tile(there, (2, 3, 1))
    found = observe(three, asked, np.zeros((2, 3)), states, parameters, stored)
    assert np.asarray(found)[:, 2].tolist() == [[30.0, 50.0, 20.0, 30.0], [30.0, 51.0, 20.0, 30.0]]


def test_an_observable_that_reads_a_parameter_reads_that_of_its_time(model):
    """The signal is the share times one and the dose: nothing before the stimulus at 0, and nothing after it is taken
    away at 30 min. At a change it is what it was until then."""
    part = part_of(model)
    design = replace(
        part.design,
        phase=np.tile([0, 1, 0], (3, 1)),
        start=np.tile([-30.0, 0.0, 30.0], (3, 1)),
        dose=np.ones((3, 3, 1)),
        direct=np.zeros((3, 3, 1)),
    )
    runner = Runner(model, integration(), design, ["signal", "share"])
    times = np.tile([-30.0, 0.0, 1e-6, 10.0, 30.0, 30.1, 60.0], (3, 1))
    lanes = np.arange(3), np.array([0, 1, 3])
    resting = runner.rest(part.draws, design.rest, lanes[1])
    found = runner(part.draws, *lanes, times, resting).values
    factor = np.array([1.0, 1.0, 1.2, 1.2, 1.2, 1.0, 1.0])
    assert found[..., 0] == pytest.approx(found[..., 1] * factor)
