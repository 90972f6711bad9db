"""What the stage leaves behind, on the toy problem."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from screen.calibration import load_problem
from screen.calibration.scale import SCALES
from screen.errors import FitError
from screen.fit import FITTED, STARTS, Plan, Schedule, read_best, run_fit, write_prior_draws
from screen.fit.estimates import residuals, undefined
from screen.fit.objective import Predicted
from screen.fit.stage import agreement
from screen.tables import DRAWS, read_provenance, read_table
from tests.calibration.test_petab_files import spoil
from tests.toy import write_problem

NETWORK = """
parameter module value unit prior prior_sd mark source description
k_made toy 1 per_min log10_normal 0.7 assumed toy rate
k_lost toy 0.1 per_min log10_normal 0.7 assumed toy rate
k_blow toy 1e-9 per_min log10_normal 0.3 assumed toy rate
basal toy 0.1 nM log10_normal 0.2 assumed toy dose
half toy 5 nM fixed - fixed toy amount
"""

SHORT = Schedule(starts=1, adam=0, polish=1)
"""For what is seen wherever a search ends."""

PHASES = ("adam", "gauss-newton", "polish", "draws")

SCRIPT = """
import pickle, sys
from pathlib import Path
from screen.fit import run_fit
from screen.kernel import configure

configure()
plan = pickle.loads(bytes.fromhex(sys.argv[1]))
run_fit(plan, Path(sys.argv[2]), lambda line: print(line, flush=True), checkpoint_seconds=0)
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory, solver):
    folder = tmp_path_factory.mktemp("stage")
    rows = [
        ["" if cell == "-" else cell for cell in line.split(" ")] for line in NETWORK.strip().splitlines()
    ]
    (folder / "network.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n")
    return Plan(
        problem=write_problem(folder, noise=0.05),
        sbml=folder / "toy.xml",
        network=folder / "network.tsv",
        schedule=Schedule(starts=2, adam=10),
        solver=solver,
        draws=40,
        draw_steps=5,
        seed=4,
    )


@pytest.fixture(scope="module")
def said():
    """Lines of progress of an uninterrupted run."""
    return []


@pytest.fixture(scope="module")
def folder(plan, said, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "fit"
    run_fit(plan, folder, said.append)
    return folder


def test_it_is_said_how_many_starts_agree_and_what_helps_where_few_do(folder, said):
    assert any("2 of 2 starts end within 1 of the best" in line for line in said)
    optimum = SimpleNamespace(cost=np.array([3.0, 3.9, 4.1, 90.0]))
    alone, kicked = (agreement(optimum, Schedule(kicks=kicks)) for kicks in (0, 20))
    assert alone.startswith("2 of 4 starts") and "fit.kicks: 20 and fit.polish: 60" in alone
    assert kicked == "2 of 4 starts end within 1 of the best"
    assert "petab.kicks: 10 searches on" in agreement(optimum, Schedule(inside=True))
    optimum.first_end = np.array([3.5, 80.0, 4.2, 95.0])
    shared = agreement(optimum, Schedule(kicks=10, sharing=True))
    assert shared == "2 of 4 starts end within 1 of the best, 1 of them before they shared what they found"


def test_draws_name_every_parameter_with_a_prior(folder):
    draws = read_table(folder / "draws.parquet", DRAWS)
    names = ["k_made", "k_lost", "k_blow", "basal"]
    for draw in range(40):
        assert draws.filter(pl.col("draw") == draw)["parameter"].to_list() == names
    assert (draws["value"] > 0).all()


def test_what_is_not_estimated_comes_from_its_prior(folder):
    draws = read_table(folder / "draws.parquet", DRAWS)
    values = np.log10(draws.filter(pl.col("parameter") == "basal")["value"].to_numpy())
    assert np.std(values) == pytest.approx(0.2, rel=0.35)
    assert np.mean(values) == pytest.approx(-1.0, abs=4 * 0.2 / np.sqrt(40))


def test_draws_say_where_they_come_from(folder, plan):
    facts = read_provenance(folder / "draws.parquet")
    assert facts["stage"] == "fit"
    assert facts["seed"] == plan.seed
    assert set(facts["inputs"]) == {"problem.yaml", "toy.xml", "network.tsv"}


def test_tables_hold_the_fit_and_its_starts(folder):
    fitted, starts = read_table(folder / "parameters.tsv", FITTED), read_table(folder / "starts.tsv", STARTS)
    assert fitted["parameter"].to_list() == ["k_made", "k_lost", "k_blow", "scale"]
    assert not fitted["at_bound"].any()
    informed = fitted.filter(pl.col("parameter").is_in(["k_made", "k_lost"]))
    assert (informed["posterior_sd"] < 0.5 * informed["prior_sd"]).all()
    assert starts.height == 2


def test_a_best_fit_is_read_of_its_own_problem_alone(plan, folder, tmp_path):
    """Wherever its files lie; of one reading changed it is that of another."""
    elsewhere, table = tmp_path / "a" / "z", folder / "parameters.tsv"
    elsewhere.mkdir(parents=True)
    moved = write_problem(elsewhere, noise=0.05)
    model = Path(shutil.copy(plan.sbml, tmp_path / "toy.xml"))
    best = dict(zip(*read_table(table, FITTED)["parameter", "best"], strict=True))
    for problem in (load_problem(plan.problem, plan.sbml), load_problem(moved, model)):
        found = read_best(problem, table)
        assert 10.0**found == pytest.approx([best[name] for name in problem.estimated.names])
    spoil(elsewhere / "measurements.tsv", "\t5\t", "\t5.5\t")
    rule = "must be of the problem as it is now, found a fit of another or of earlier files; `python -m screen fit`"
    with pytest.raises(FitError, match=f"parameters.tsv: {rule}"):
        read_best(load_problem(moved, model), table)


def test_summary_counts(folder):
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["measurements"] == 13
    assert summary["estimated"] == 4
    assert summary["failed_lanes"] == 0
    assert summary["draws"] == 40
    assert summary["at_bound"] == []
    assert summary["failures"] == 0
    assert summary["chi2"] == pytest.approx(sum(part["chi2"] for part in summary["chi2_by_dataset"].values()))


def test_summary_names_what_the_measurements_decide(folder):
    decided = json.loads((folder / "summary.json").read_text())["decided"]
    assert set(decided["parameters"]) == {"k_made", "k_lost", "scale"}
    assert decided["parameters"][0] == "scale"
    assert decided["share"] == 0.75


@pytest.mark.parametrize("formula", [pytest.param("log(-S)", marks=pytest.mark.slow), "exp(exp(exp(9+S)))"])
def test_an_observable_without_a_value_at_the_best_fit_is_named(plan, tmp_path, formula):
    path = write_problem(tmp_path)
    observables = tmp_path / "observables.tsv"
    observables.write_text(observables.read_text().replace("\tS\t8", f"\t{formula}\t8"))
    with pytest.raises(FitError) as caught:
        run_fit(replace(plan, problem=path, sbml=None, network=None, schedule=SHORT), tmp_path / "fit")
    (found,) = caught.value.problems
    assert found.startswith("observable obs_S: must have a finite value")
    assert found.endswith(f"found none at {tmp_path / 'measurements.tsv'} row 14")
    assert not (tmp_path / "fit" / "summary.json").exists()


def test_a_residual_whose_square_is_no_number_is_named(toy):
    shape = (1, len(toy.measurements.frame))
    best = Predicted(
        np.zeros(shape), np.ones(shape), np.zeros(shape), np.ones(shape, bool), np.ones((1, 3), bool)
    )
    assert undefined(toy, best) == []
    best.compared[0, :5] = 1e200
    (found,) = undefined(toy, best)
    assert found.startswith("observable obs_scaled:") and found.endswith("measurements.tsv row 4 and 2 more")


def test_draws_of_the_priors_know_nothing_of_the_measurements(plan, tmp_path):
    write_prior_draws(replace(plan, draws=200), tmp_path)
    draws = read_table(tmp_path / "draws.parquet", DRAWS)
    for name, centre, sd in (("k_made", 0.0, 0.7), ("k_lost", -1.0, 0.7), ("basal", -1.0, 0.2)):
        values = np.log10(draws.filter(pl.col("parameter") == name)["value"].to_numpy())
        assert np.std(values) == pytest.approx(sd, rel=0.2)
        assert np.mean(values) == pytest.approx(centre, abs=4 * sd / np.sqrt(200))
    assert read_provenance(tmp_path / "draws.parquet")["prior"]


def test_figures_are_svg_that_shows_the_data(folder):
    for name, text in (("fit.svg", "measured"), ("waterfall.svg", "best first")):
        content = (folder / name).read_text()
        assert ElementTree.fromstring(content).tag.endswith("svg")
        assert text in content


def test_same_plan_gives_the_same_files(plan, folder, tmp_path):
    run_fit(plan, tmp_path / "fit")
    names = sorted(path.name for path in folder.iterdir())
    assert not [name for name in names if "checkpoint" in name]
    assert_same_files(tmp_path / "fit", folder)


def assert_same_files(found, wanted):
    names = sorted(path.name for path in wanted.iterdir())
    assert names == sorted(path.name for path in found.iterdir())
    for name in names:
        assert (found / name).read_bytes() == (wanted / name).read_bytes(), name


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3)])
def test_killed_three_times_at_random_and_resumed_it_ends_in_the_same_place(
    plan, folder, said, tmp_path, seed
):
    moments = [line.split(",")[0] for line in said if any(phase in line for phase in PHASES)]
    assert all(any(phase in moment for moment in moments) for phase in PHASES)
    chosen = np.sort(np.random.default_rng(seed).choice(len(moments), 3, replace=False))
    told = []
    for moment in (moments[place] for place in chosen):

        def kill(line, moment=moment):
            told.append(line)
            if line.split(",")[0] == moment:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_fit(plan, tmp_path / "fit", kill, checkpoint_seconds=0)
    run_fit(plan, tmp_path / "fit", told.append, checkpoint_seconds=0)
    assert any("resumed" in line for line in told)
    assert_same_files(tmp_path / "fit", folder)


@pytest.mark.slow
def test_process_killed_three_times_at_random_and_resumed_ends_in_the_same_place(
    plan, folder, said, root, tmp_path
):
    script = tmp_path / "fit.py"
    script.write_text(SCRIPT)
    arguments = [sys.executable, script, pickle.dumps(plan).hex(), tmp_path / "fit"]
    there = os.environ | {"PYTHONPATH": str(root)}
    rng = np.random.default_rng(1)
    for _ in range(3):
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=there) as process:
            for _ in range(int(rng.integers(2, len(said) // 2))):
                process.stdout.readline()
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / "fit" / "summary.json").exists()
    subprocess.run(arguments, check=True, capture_output=True, env=there)
    assert_same_files(tmp_path / "fit", folder)


@pytest.mark.slow
def test_engine_without_gradient_fits_by_differences(plan, folder, tmp_path):
    lines = []
    found = run_fit(replace(plan, solver=replace(plan.solver, engine="jax")), tmp_path, lines.append)
    assert any("jax has no gradient" in line for line in lines)
    want = json.loads((folder / "summary.json").read_text())
    assert found["cost"] == pytest.approx(want["cost"], abs=0.05)
    assert read_table(tmp_path / "starts.tsv", STARTS)["cost"].max() == pytest.approx(want["cost"], abs=0.05)


def test_of_a_censored_reading_only_what_lies_above_it_is_a_residual(toy):
    frame = toy.measurements.frame.assign(censoring="left")
    censored = replace(toy, measurements=replace(toy.measurements, frame=frame))
    shape = (1, len(frame))
    measured = np.empty(shape)
    for each in toy.observables:
        measured[:, each.rows] = SCALES[each.transformation].scaled(toy.measurements.value[each.rows])
    above = Predicted(
        measured + 0.4, np.full(shape, 0.2), np.zeros(shape), np.ones(shape, bool), np.ones((1, 1), bool)
    )
    below = above._replace(compared=measured - 0.4)
    assert residuals(censored, above) == pytest.approx(2.0)
    assert not residuals(censored, below).any()
    assert residuals(toy, below) == pytest.approx(-2.0)
