"""What the stage leaves behind, on the toy problem."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from screen.fit import FITTED, STARTS, Plan, Schedule, run_fit
from screen.fit.stage import CHECKPOINT, SIGMA_SD
from screen.tables import DRAWS, read_provenance, read_table
from tests.fit.toy import write_problem

NETWORK = """
parameter module value unit prior prior_sd mark source description
k_made toy 1 per_min log10_normal 0.7 assumed toy rate
k_lost toy 0.1 per_min log10_normal 0.7 assumed toy rate
k_blow toy 1e-9 per_min log10_normal 0.3 assumed toy rate
basal toy 0.1 nM log10_normal 0.2 assumed toy dose
half toy 5 nM fixed - fixed toy amount
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
        drugs=("b", "a"),
        schedule=Schedule(starts=2, adam=10, lbfgs=5),
        solver=solver,
        draws=40,
        sampler_steps=5,
        seed=4,
    )


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "fit"
    run_fit(plan, folder)
    return folder


def test_draws_name_every_parameter_with_a_prior_and_every_drug(folder):
    draws = read_table(folder / "draws.parquet", DRAWS)
    names = ["k_made", "k_lost", "k_blow", "basal", "sigma_a", "sigma_b"]
    for draw in range(40):
        assert draws.filter(pl.col("draw") == draw)["parameter"].to_list() == names
    assert (draws["value"] > 0).all()


def test_what_is_not_estimated_comes_from_its_prior(folder):
    draws = read_table(folder / "draws.parquet", DRAWS)
    for name, centre, sd in (("basal", -1.0, 0.2), ("sigma_a", 0.0, SIGMA_SD)):
        values = np.log10(draws.filter(pl.col("parameter") == name)["value"].to_numpy())
        assert np.std(values) == pytest.approx(sd, rel=0.35)
        assert np.mean(values) == pytest.approx(centre, abs=4 * sd / np.sqrt(40))


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


def test_summary_counts(folder):
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["measurements"] == 13
    assert summary["estimated"] == 4
    assert summary["failed_lanes"] == 0
    assert summary["draws"] == 40
    assert summary["chi2"] == pytest.approx(sum(part["chi2"] for part in summary["chi2_by_dataset"].values()))


def test_figures_are_svg_that_shows_the_data(folder):
    for name, text in (("fit.svg", "measured"), ("waterfall.svg", "best first")):
        content = (folder / name).read_text()
        assert ElementTree.fromstring(content).tag.endswith("svg")
        assert text in content


def test_same_plan_gives_the_same_files(plan, folder, tmp_path):
    run_fit(plan, tmp_path / "fit")
    names = sorted(path.name for path in folder.iterdir())
    assert CHECKPOINT not in names
    assert names == sorted(path.name for path in (tmp_path / "fit").iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "fit" / name).read_bytes(), name


def test_engine_without_gradient_fits_by_differences(plan, folder, tmp_path):
    lines = []
    found = run_fit(replace(plan, solver=replace(plan.solver, engine="lanes")), tmp_path, lines.append)
    assert any("lanes has no gradient" in line for line in lines)
    want = json.loads((folder / "summary.json").read_text())
    assert found["cost"] == pytest.approx(want["cost"], abs=0.05)
    assert read_table(tmp_path / "starts.tsv", STARTS)["gradient_norm"].null_count() == 2
