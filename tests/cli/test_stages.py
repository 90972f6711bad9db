"""The stages as commands: what they write, what they refuse."""

import json
import re

import numpy as np
import polars as pl
import pytest

from screen.cli.plan import read_aim
from screen.network import read_sbml
from screen.settings import load_settings
from screen.tables import DRAWS, SCENARIOS, read_provenance, read_table
from tests.toy import amount, write_problem

WRONG_TABLES = {
    "unknown drug": (
        {"scenarios": {"drugs": ["ruxolitinibb"]}},
        "scenarios.drugs: must be of drugs.tsv, found ruxolitinibb",
    ),
    "unknown context": (
        {"scenarios": {"contexts": ["mars"]}},
        "scenarios.contexts: must be of the table, found mars",
    ),
    "unknown drug of a pair": (
        {"scenarios": {"pairs": [["ruxolitinib", "water"]]}},
        "scenarios.pairs: must be of drugs.tsv, found water",
    ),
    "no table": ({"tables": {"drugs": "none.tsv"}}, "none.tsv: must exist, found no such file"),
}


def test_network_writes_sbml(run, small, tmp_path):
    ran = run("network", "--config", small())
    assert ran.code == 0
    network = read_sbml(tmp_path / "results/network/stat3.xml")
    assert f"{len(network.species)} states" in ran.err


@pytest.mark.slow
def test_a_context_that_leaves_out_a_module_gets_its_own_network(run, small, tmp_path, root):
    table = (root / "config/contexts.tsv").read_text()
    (tmp_path / "contexts.tsv").write_text(
        table + "hepg2\tmodule\tm07\t0\tdimensionless\tassumed\tassumed: no ALK\n"
    )
    config = small(tables={"contexts": "contexts.tsv"})
    assert run("network", "--config", config).code == 0
    folder = tmp_path / "results/network"
    assert sorted(path.name for path in folder.iterdir()) == ["stat3-without-m07.xml", "stat3.xml"]
    assert "pALK" in read_sbml(folder / "stat3.xml").observables
    assert "pALK" not in read_sbml(folder / "stat3-without-m07.xml").observables
    before = (folder / "stat3-without-m07.xml").read_bytes()
    (folder / "stat3-without-m07.xml").unlink()
    assert run("network", "--config", config, "--only", "stat3-without-m07").code == 0
    assert (folder / "stat3-without-m07.xml").read_bytes() == before
    ran = run(
        "check",
        "--config",
        small(
            tables={"contexts": "contexts.tsv"}, readouts=[{"id": "alk", "observable": "pALK", "minutes": 1}]
        ),
    )
    assert "screen: readouts in hepg2: `alk` must be observable without m07, found no pALK" in ran.problems


def test_an_unknown_module_is_refused(run, small):
    ran = run("network", "--config", small(network={"modules": ["m99"]}))
    assert ran.code == 2
    assert ran.problems[0].startswith("screen: network.modules: must be of m00_base,")


def test_scenarios_needs_the_network(run, small):
    ran = run("scenarios", "--config", small())
    assert ran.code == 2
    (problem,) = ran.problems
    assert problem.endswith("stat3.xml: must exist, found no such file; `python -m screen network` makes it")


def test_scenarios_writes_a_table_that_knows_its_inputs(run, small, tmp_path):
    config = small()
    assert run("network", "--config", config).code == 0
    assert run("scenarios", "--config", config).code == 0
    path = tmp_path / "results/scenarios/scenarios.parquet"
    scenarios = read_table(path, SCENARIOS)
    assert scenarios.group_by("role").len().sort("role").rows() == [("single", 6), ("vehicle", 1)]
    assert {"drugs.tsv", "stat3.xml"} <= set(read_provenance(path)["inputs"])


def test_a_dry_run_counts_and_writes_nothing(run, small, tmp_path):
    ran = run("scenarios", "--dry-run", "--config", small())
    assert ran.code == 0
    assert (
        "14 trajectories = 7 scenarios x 2 draws (1 contexts, 1 with their hypotheses, 3 drugs at 2"
        in ran.out
    )
    told = r"^scenarios: about \d+ \w+ on \d+ cores with engine \w+: network .*, fit .*, report \d+ s$"
    assert re.search(told, ran.out, re.MULTILINE)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(("source", "draws"), [("measurements", 1000), ("shipped", 100), ("nominal", 1)])
def test_a_dry_run_counts_the_draws_that_there_will_be(run, small, source, draws):
    ran = run("scenarios", "--dry-run", "--config", small(fit={"draws_from": source, "draws": 1000}))
    assert f"{7 * draws} trajectories = 7 scenarios x {draws} draws" in ran.out


def test_what_else_is_read_out_is_shown_beside_unless_it_is_named(small):
    assert read_aim(load_settings(small())).side == ("pS727", "pERK", "pAKT")
    assert read_aim(load_settings(small(rank={"observable": "pERK"}))).side == (
        "pY705_level",
        "pS727",
        "pAKT",
    )
    assert read_aim(load_settings(small(rank={"side": ["pAKT"]}))).side == ("pAKT",)


def test_a_dry_run_refuses_what_could_not_be_shown(run, small):
    ran = run("scenarios", "--dry-run", "--config", small(rank={"side": ["pERKK"]}))
    assert ran.code == 2 and ran.out == ""
    assert "screen: rank.side: must be what a read-out reads" in ran.err and "found pERKK" in ran.err


@pytest.mark.parametrize(("change", "expected"), WRONG_TABLES.values(), ids=WRONG_TABLES)
def test_scenarios_refuses_what_is_not_in_the_tables(run, small, change, expected):
    ran = run("scenarios", "--config", small(**change))
    assert ran.code == 2
    assert ran.problems == [f"screen: {expected}"]


def test_a_negative_affinity_is_named_with_its_row(run, small, tmp_path, root):
    lines = (root / "config/affinities.tsv").read_text().splitlines()
    header, row = lines[0].split("\t"), lines[1].split("\t")
    row[header.index("value_nM")] = "-3"
    (tmp_path / "affinities.tsv").write_text("\n".join([lines[0], "\t".join(row), *lines[2:]]))
    ran = run("scenarios", "--config", small(tables={"affinities": "affinities.tsv"}))
    assert ran.code == 2
    assert ran.problems == ["screen: affinities.tsv row 2: `value_nM` must be positive, found -3.0"]


@pytest.mark.parametrize("shard", [-1, 2])
def test_a_shard_that_does_not_exist_is_refused(run, small, shard):
    ran = run("simulate", "--config", small(), "--shard", shard)
    assert ran.code == 2
    assert ran.problems == [f"screen: --shard: must be from 0 to 1, found {shard}"]


def test_a_stage_without_its_input_names_the_file(run, small):
    ran = run("rank", "--config", small())
    assert ran.code == 2
    assert ran.problems == ["screen: results/scenarios/routes.parquet: must exist, found no such file"]


def test_a_truncated_parquet_is_named(run, small, tmp_path):
    for stage in ("network", "scenarios"):
        assert run(stage, "--config", small()).code == 0
    path = tmp_path / "results/scenarios/scenarios.parquet"
    path.write_bytes(path.read_bytes()[:200])
    ran = run("rank", "--config", small())
    assert ran.code == 2
    assert len(ran.problems) == 1
    assert "scenarios.parquet: must be a readable parquet table" in ran.err


def test_a_shard_of_another_make_is_named(run, small, tmp_path):
    for stage in ("network", "scenarios"):
        assert run(stage, "--config", small()).code == 0
    folder = tmp_path / "results/simulate"
    folder.mkdir()
    pl.DataFrame({"scenario": ["a"]}).write_parquet(folder / "shard-0.parquet")
    ran = run("rank", "--config", small())
    assert ran.code == 2
    assert "shard-0.parquet: must belong to this screen, found another stage" in ran.err


def test_import_data_writes_a_problem_and_counts_what_it_left_out(run, small, data_folder, tmp_path):
    config = small()
    assert run("network", "--config", config).code == 0
    ran = run("import-data", "--config", config, "--data", data_folder, "--source", "hpn_dream", "--json")
    assert ran.code == 0
    counts = json.loads(ran.out)
    assert counts["readings"]["hpn_dream_bt549"] >= 180
    assert counts["left_out"]["hpn_dream"] == {}
    assert (tmp_path / "results/data-problem/problem.yaml").is_file()


def test_import_data_refuses_what_is_not_there(run, small, tmp_path):
    config = small()
    ran = run("import-data", "--config", config, "--data", tmp_path / "nowhere")
    assert ran.code == 2
    assert ran.problems == [
        f"screen: {tmp_path / 'nowhere'}: must be the folder of the public data, found none there"
    ]
    (tmp_path / "empty").mkdir()
    ran = run("import-data", "--config", config, "--data", tmp_path / "empty", "--source", "hpn_dream")
    assert ran.code == 2
    assert ran.problems[0].endswith("stat3_pY705.csv: must be there for hpn_dream, found no file")


def test_constrain_refuses_facts_that_are_not_in_the_panel(run, small):
    ran = run("constrain", "--config", small(), "--without", "V01", "V99")
    assert ran.code == 2
    assert ran.problems == ["screen: --without: must be of the panel, found V99"]


def test_constrain_takes_the_shipped_draws_where_no_fit_is_asked_for(run, small, tmp_path):
    config = small(fit={"draws_from": "shipped"})
    ran = run("constrain", "--config", config)
    assert ran.code == 0
    left_out = "the fit: draws are the first 2 of 100 in ensemble.parquet"
    assert ran.err == f"constrain: left out: {left_out}\n"
    draws = tmp_path / "results/constrain/draws.parquet"
    shipped = read_table("config/calibration/ensemble.parquet", DRAWS)
    assert read_table(draws, DRAWS).equals(shipped.filter(pl.col("draw") < 2))
    assert read_provenance(draws)["left_out"] == [left_out]
    ran = run("constrain", "--config", config, "--afresh")
    assert ran.problems == [
        "screen: fit.draws_from: must be measurements for --without and --afresh, found shipped"
    ]


def test_constrain_needs_the_draws_of_a_fit(run, small):
    ran = run("constrain", "--config", small())
    assert ran.code == 2
    assert "results/network/stat3.xml" in ran.problems[-1] or "draws.parquet" in ran.problems[-1]


def test_fit_of_a_problem_with_its_own_model(run, small, tmp_path):
    """The toy has a likelihood in closed form; the network of the settings is not there at all."""
    (tmp_path / "own").mkdir()
    problem = write_problem(tmp_path / "own", noise=0.05)
    quick = {"starts": 2, "polish": 10, "kicks": 1}
    config = small(petab=quick, fit={"draws": 1, "draw_steps": 1})
    assert run("fit", "--config", config, "--petab", problem).code == 0
    left = tmp_path / "results/own/fit"
    draws = read_table(left / "draws.parquet", DRAWS)
    assert draws["parameter"].to_list() == ["k_made", "k_lost", "k_blow", "scale"]
    summary = json.loads((left / "summary.json").read_text())
    assert summary["nominal_log_likelihood"] == pytest.approx(
        nominal_log_likelihood(problem.parent), abs=1e-3
    )
    assert summary["log_likelihood"] > summary["nominal_log_likelihood"]


@pytest.mark.slow
def test_profile_of_a_problem_with_its_own_model(run, small, tmp_path):
    problem = write_problem(tmp_path, noise=0.05)
    config, folder = small(petab={"starts": 1, "kicks": 0}, fit={"draws": 1}), tmp_path / "results"
    assert run("fit", "--config", config, "--results", folder, "--petab", problem).code == 0
    ran = run("profile", "--config", config, "--results", folder, "--petab", problem, "--parameter", "scale")
    assert ran.code == 0
    assert "profile: scale identifiable" in ran.err


def nominal_log_likelihood(folder):
    """Log likelihood of the toy's measurements at the nominal values, by hand."""
    total = 0.0
    for row in pl.read_csv(folder / "measurements.tsv", separator="\t").iter_rows(named=True):
        dose, time, value = float(row["simulationConditionId"][5:]), row["time"], row["measurement"]
        S = amount(time, dose, 1.0, 0.1)
        if row["observableId"] == "obs_S":
            total -= np.log(2 * 8) + abs(value - S) / 8
        else:
            z = (np.log10(value) - np.log10(10 * S / (S + 5))) / 0.05
            total -= 0.5 * z**2 + np.log(0.05 * value * np.log(10) * np.sqrt(2 * np.pi))
    return total


def test_fit_refuses_a_problem_that_is_not_there(run, small, tmp_path):
    ran = run("fit", "--config", small(), "--problem", tmp_path / "none.yaml")
    assert ran.code == 2
    assert ran.problems == [
        f"screen: {tmp_path / 'none.yaml'}: must be a readable PEtab file, found No such file or directory"
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--data", "nowhere"), "nowhere: must be the folder of the public data, found none there"),
        (("--data", ".", "--task", "tea"), "task: must be one of ruxolitinib, hpn_dream_GSK690693"),
        (("--data", "."), ".: must hold at least one of sobotta2017, hepatocyte_luminex, hpn_dream"),
        (("--data", ".", "--task", "three_hours"), "stat3.csv: must be there for hepatocyte_luminex"),
    ],
)
def test_predict_heldout_refuses_what_is_not_there(run, small, arguments, problem):
    ran = run("predict-heldout", "--config", small(), *arguments)
    assert ran.code == 2
    assert len(ran.problems) == 1
    assert problem in ran.problems[0]
