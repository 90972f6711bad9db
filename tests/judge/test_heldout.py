"""Held-out prediction on readings that the network itself made: it must find the hidden effects again."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from screen.calibration.problem import measured_values
from screen.errors import FitError
from screen.judge import heldout
from screen.judge.heldout import HELDOUT, HeldoutPlan, Prepared, run_task, tabulate
from screen.judge.heldout_tasks import TASKS, Task, choose_tasks
from screen.judge.predicted import noise_sd, signals
from screen.panel import read_panel
from screen.simulate import Integration
from screen.sources import SOURCES, Condition, Reading, forget
from screen.tables import check_table

CONFIG = Path(__file__).resolve().parents[2] / "config"
DOSES = (1.0, 2.0, 8.0)
PLAN = HeldoutPlan(polish=6, tolerance=0.01, draws=12, draw_steps=2)


@pytest.fixture(scope="module")
def prepared(toy, toy_evaluator, solver):
    """The toy problem, its doses taken for inhibitors: dose 1 as drug A, 2 as drug B, 8 as vehicle."""
    arms = {
        "dose_8": Condition("toy", (("dose", 8.0),)),
        "dose_1": Condition("toy", (("dose", 8.0),), drugs=(("A", 1.0),)),
        "dose_2": Condition("toy", (("dose", 8.0),), drugs=(("B", 1.0),)),
    }
    frame = toy.measurements.frame
    readings = tuple(
        Reading(
            arms[row.simulationConditionId], row.observableId, row.time, row.measurement, "b", 0.05, "toy"
        )
        for row in frame.itertuples()
    )
    return Prepared(toy_evaluator, readings, solver, lambda arms: ["direct" for _ in arms])


def task(hides=lambda reading: dict(reading.arm.drugs) == {"A": 1.0}, **goals):
    return Task("toy", "sobotta2017", ("obs_scaled",), hides, "drug A, drug B seen", **goals)


@pytest.fixture(scope="module")
def result(prepared):
    return run_task(task(rmse_ratio=0.6, sign_accuracy=0.9, coverage=0.8), prepared, PLAN)


def test_hidden_effects_are_found_again(result):
    assert (result["hidden"], result["effects"]) == (4, 4)
    assert result["model"]["rmse"] < 0.1
    assert result["model"]["sign_accuracy"] == 1.0
    assert result["model"]["coverage"] == 1.0
    assert all(goal["met"] for goal in result["targets"].values())


def test_baselines_see_only_the_training(result, prepared):
    observed = np.array([each["observed"] for each in result["predictions"]])
    zero = result["baselines"]["no_effect"]
    assert zero["rmse"] == pytest.approx(np.sqrt(np.mean(observed**2)))
    assert result["training_effects"] == 4
    assert zero["rmse"] > result["baselines"]["nearest_condition"]["rmse"] > result["model"]["rmse"]


def test_hidden_readings_do_not_move_the_prediction(result, prepared):
    """Ten times the hidden readings: what is predicted stays, what is observed does not."""
    problem = prepared.evaluator.problem
    frame = problem.measurements.frame
    hidden = (frame["simulationConditionId"] == "dose_1").to_numpy()
    other = frame.assign(measurement=np.where(hidden, 10 * frame["measurement"], frame["measurement"]))
    changed = replace(problem, measurements=replace(problem.measurements, frame=other))
    evaluator = prepared.evaluator.judged_by(changed)
    readings = tuple(
        Reading(**(vars(each) | {"value": 10 * each.value})) if hide else each
        for each, hide in zip(prepared.readings, hidden, strict=True)
    )
    spoilt = run_task(task(), replace(prepared, evaluator=evaluator, readings=readings), PLAN)
    for before, after in zip(result["predictions"], spoilt["predictions"], strict=True):
        assert after["predicted"] == pytest.approx(before["predicted"], abs=1e-6)
        assert after["observed"] == pytest.approx(before["observed"] + np.log2(10))
    assert spoilt["chi2_per_point_shown"] == pytest.approx(result["chi2_per_point_shown"], rel=1e-6)
    assert spoilt["chi2_per_point_hidden"] > 100 > result["chi2_per_point_hidden"]
    assert (spoilt["readings"], spoilt["hidden"]) == (len(readings), hidden.sum())


def test_chi2_is_the_mean_square_of_distances_in_sigma_of_what_is_shown_and_of_what_is_hidden(
    prepared, monkeypatch
):
    """Readings that are a hundred sigma higher than those of the fit; hidden ones two hundred."""
    problem = prepared.evaluator.problem
    hidden = (problem.measurements.frame["simulationConditionId"] == "dose_1").to_numpy()
    sigma = prepared.evaluator.predict(problem.estimated.nominal[None]).sigma[0]
    moved = measured_values(problem) + np.where(hidden, 200.0, 100.0) * sigma
    monkeypatch.setattr(heldout, "measured_values", lambda problem: moved)
    found = run_task(task(), prepared, PLAN)
    assert found["chi2_per_point_shown"] == pytest.approx(100.0**2, rel=0.01)
    assert found["chi2_per_point_hidden"] == pytest.approx(200.0**2, rel=0.01)


def test_a_reading_without_an_offset_is_signal(result):
    for each in result["predictions"]:
        assert (each["signal"], each["seen"]) == (each["predicted"], 1.0)


def test_what_a_batch_reads_of_nothing_is_no_signal():
    """9 of 12 and 1 of 4 are signal of the batch with an offset of 3; another batch has none."""
    estimated = SimpleNamespace(names=("k", "offset_b"), linear=lambda scaled: 10.0**scaled)
    arm = Condition("toy")
    readings = [Reading(arm, "o", 1.0, 1.0, batch, 0.1, "toy") for batch in ("b", "b", "c")]
    log10 = np.log10([[12.0, 4.0, 5.0]])
    found, share = signals(
        SimpleNamespace(estimated=estimated), readings, np.array([[7.0, np.log10(3.0)]]), log10
    )
    np.testing.assert_allclose(10.0**found, [[9.0, 1.0, 5.0]])
    np.testing.assert_allclose(share, [[0.75, 0.25, 1.0]])


def test_noise_is_the_sd_of_its_distribution_not_the_scale():
    """Student's t with 4 degrees of freedom has an sd of sqrt(2) of its scale; other readings are normal."""
    observables = (
        SimpleNamespace(rows=np.array([0, 2]), distribution="student", degrees=4.0),
        SimpleNamespace(rows=np.array([1]), distribution="normal", degrees=None),
    )
    found = noise_sd(SimpleNamespace(observables=observables), np.array([0.1, 0.2, 0.3]))
    np.testing.assert_allclose(found, [0.1 * np.sqrt(2), 0.2, 0.3 * np.sqrt(2)])


def test_an_arm_is_a_cell_and_what_inhibits_it_at_any_dose_and_under_any_stimulus():
    arms = [
        Condition("liver", (("IL6_dose", dose),), drugs=(("A", dose),), blocked=("MEK",))
        for dose in (1.0, 9.0)
    ]
    assert {each.inhibition for each in arms} == {"liver, A, MEK blocked"}


def test_results_are_json_and_a_table(result):
    assert json.loads(json.dumps(result)) == result
    table = tabulate({"toy": result})
    check_table(table, HELDOUT, "scores")
    assert table["predictor"].to_list() == ["model", *result["baselines"]]


@pytest.mark.parametrize("name", TASKS)
def test_goals_can_be_met(name):
    """Shares lie within 0 and 1, a prediction that is asked for must beat no effect, or be no worse."""
    task = TASKS[name]
    assert all(
        share is None or 0 < share <= 1 for share in (task.sign_accuracy, task.coverage, task.rmse_ratio)
    )
    assert task.no_effect_ratio is None or task.no_effect_ratio <= 1


def test_a_task_that_hides_nothing_is_refused(prepared):
    with pytest.raises(FitError, match="toy: must hide some effects and leave some readings, found 0"):
        run_task(task(hides=lambda reading: False), prepared, PLAN)


def test_an_effect_of_which_some_readings_are_left_is_not_hidden(prepared, monkeypatch):
    """Two readings with drug A, of which one is hidden."""
    first, second = [at for at, each in enumerate(prepared.readings) if dict(each.arm.drugs) == {"A": 1.0}][
        :2
    ]
    half = SimpleNamespace(inhibited=(first, second), vehicle=())
    monkeypatch.setattr(heldout, "find_effects", lambda readings: [half])
    with pytest.raises(FitError, match="toy: must hide some effects and leave some readings, found 0"):
        run_task(task(hides=lambda reading: reading == prepared.readings[first]), prepared, PLAN)


def test_a_draw_that_fails_on_what_is_hidden_is_refused(prepared):
    """One lane of the fourth draw."""

    def failing(vectors):
        found = prepared.evaluator.predict(vectors)
        fails = (np.arange(len(vectors)) == 3)[:, None] & (np.arange(found.lane_ok.shape[1]) == 0)
        return found._replace(lane_ok=found.lane_ok & ~fails)

    evaluator = replace(prepared.evaluator, predict=failing)
    with pytest.raises(FitError, match="toy: every draw must integrate what is hidden, found 1 that do not"):
        run_task(task(), replace(prepared, evaluator=evaluator), PLAN)


def test_tasks_are_chosen_by_name_or_by_the_data_there(tmp_path):
    with pytest.raises(FitError, match=r"task: must be one of ruxolitinib, .*, found tea"):
        choose_tasks(("tea",), tmp_path)
    file = tmp_path / SOURCES["hpn_dream"].files[0]
    file.parent.mkdir()
    file.touch()
    assert [each.source for each in choose_tasks((), tmp_path)] == ["hpn_dream"] * 3


@pytest.mark.parametrize("name", TASKS)
def test_every_task_hides_something_and_leaves_something(data_folder, name):
    wanted = TASKS[name]
    readings = [
        each
        for each in SOURCES[wanted.source].read(data_folder).readings
        if each.observable in wanted.observables
    ]
    hidden = sum(map(wanted.hides, readings))
    assert 0 < hidden < 0.8 * len(readings)


def test_what_hidden_experiments_taught_is_forgotten(known):
    """The brake that ERK is in UACC812 was read from the arm with AKT and MEK blocked, and from nothing else."""
    without, forgotten = forget(known, TASKS["hpn_dream_GSK690693_GSK1120212"].facts)
    assert forgotten == ("breast_uacc812 ERK_brake",)
    before, after = (each.contexts.contexts["breast_uacc812"].totals for each in (known, without))
    assert [each for each in before if each.parameter != "ERK_brake"] == list(after)
    assert len(after) == len(before) - 1


def test_a_source_that_names_a_whole_fact_names_its_checks(known):
    context = known.contexts.contexts["breast_bt20"]
    totals = [
        replace(context.totals[0], source=source) for source in ("V28", "V28a", "V28b", "V2", "V280", None)
    ]
    contexts = {"breast_bt20": replace(context, totals=tuple(totals), stimulus=())}
    tables = replace(known, contexts=replace(known.contexts, contexts=contexts))
    for facts, kept in {
        (): ("V28", "V28a", "V28b", "V2", "V280", None),
        ("V28a",): ("V28b", "V2", "V280", None),
        ("V28",): ("V2", "V280", None),
        ("V28", "V2"): ("V280", None),
    }.items():
        left = forget(tables, facts)[0].contexts.contexts["breast_bt20"].totals
        assert tuple(each.source for each in left) == kept


def test_facts_of_the_tasks_stand_in_the_panel():
    facts = read_panel(CONFIG / "panel/panel.tsv")
    named = {fact.id for fact in facts} | {fact.id + check.name for fact in facts for check in fact.checks}
    assert {fact for task in TASKS.values() for fact in task.facts} <= named


def test_a_task_that_is_done_is_read_and_not_run(result, known, network, tmp_path, monkeypatch):
    """Also the goal of resuming: what stands for the same question is kept, another seed runs again."""
    ran = []

    def run_task(wanted, prepared, plan, report):
        ran.append((wanted.name, plan.seed))
        return result

    nothing = Prepared(None, (), Integration(), list, ("hepg2 ERK_IL6",))
    monkeypatch.setattr(heldout, "prepare", lambda *arguments: nothing)
    monkeypatch.setattr(heldout, "run_task", run_task)
    for source in SOURCES.values():
        (tmp_path / source.files[0]).parent.mkdir()
        (tmp_path / source.files[0]).write_text("readings")

    def run(seed, *names):
        tasks = [TASKS[name] for name in names]
        plan = HeldoutPlan(seed=seed)
        return heldout.run_tasks(
            tasks, heldout.Inputs(tmp_path, known, network, Integration(), plan), tmp_path / "out"
        )

    run(1, "ruxolitinib")
    assert run(1, "ruxolitinib", "three_hours") == {"ruxolitinib": result, "three_hours": result}
    assert ran == [("ruxolitinib", 1), ("three_hours", 1)]
    (tmp_path / "out" / "ruxolitinib.json").write_text("cut off")
    run(1, "ruxolitinib")
    run(2, "ruxolitinib")
    assert ran[2:] == [("ruxolitinib", 1), ("ruxolitinib", 2)]
    other = replace(known.drugs, potency=replace(known.drugs.potency, digest="other constants"))
    plan = HeldoutPlan(seed=2)
    inputs = heldout.Inputs(tmp_path, replace(known, drugs=other), network, Integration(), plan)
    heldout.run_tasks([TASKS["ruxolitinib"]], inputs, tmp_path / "out")
    assert ran[4:] == [("ruxolitinib", 2)]
    assert (tmp_path / "out" / "scores.tsv").is_file()
