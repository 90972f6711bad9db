"""The panel as a command: files, JSON on standard output, exit codes, what is refused."""

import json

import polars as pl

from screen.tables import VALIDATION, read_provenance, read_table


def test_it_writes_a_table_and_a_figure_and_says_the_verdict(run, small, tmp_path):
    ran = run("validate", "--config", small(), "--nominal", "--facts", "V01", "V35", "V07")
    assert ran.code == 0
    assert ran.out.startswith("validate: 1 of 1 gates, 1 of 1 scores, 1 of 1 contested hold with probability")
    table = read_table(tmp_path / "results/validation.csv", VALIDATION)
    assert table["fact"].unique(maintain_order=True).to_list() == ["V01", "V07", "V35"]
    assert "panel.tsv" in read_provenance(tmp_path / "results/validation.csv")["inputs"]
    figure = (tmp_path / "results/validation.svg").read_text()
    assert figure.startswith("<svg") and "a JAK3 inhibitor lowers pY705" in figure


def test_json_on_standard_output_is_nothing_but_json(run, small):
    ran = run("validate", "--config", small(), "--nominal", "--facts", "V01", "--json", "-")
    assert ran.code == 0
    assert json.loads(ran.out) == {
        "gates": {"passed": 1, "of": 1, "failing": {}},
        "scores": {"passed": 0, "of": 0, "failing": {}},
        "contested": {"passed": 0, "of": 0, "failing": {}},
    }
    assert "validate: nominal parameters" in ran.err


def test_strict_fails_where_a_gate_does(run, small, tmp_path, root):
    lines = (root / "config/panel/panel.tsv").read_text().splitlines()
    cells = lines[1].split("\t")
    cells[lines[0].split("\t").index("low")] = "0.61"
    (tmp_path / "panel.tsv").write_text("\n".join([lines[0], "\t".join(cells)]) + "\n")
    options = ("validate", "--config", small(panel={"table": "panel.tsv"}), "--nominal")
    assert run(*options).code == 0
    ran = run(*options, "--strict", "--json", "counts.json")
    assert ran.code == 1
    assert json.loads((tmp_path / "counts.json").read_text())["gates"]["failing"] == {"V01": 0.0}


def test_draws_that_lack_parameters_are_refused(run, small, tmp_path):
    pl.DataFrame({"draw": [0], "parameter": ["STAT3_total"], "value": [28.0]}).write_parquet(
        tmp_path / "draws.parquet"
    )
    ran = run("validate", "--config", small(), "--draws", "draws.parquet")
    assert ran.code == 2
    assert "screen: draws.parquet: must hold all " in ran.err


def test_without_a_fit_the_shipped_ensemble_is_named(run, small):
    ran = run("validate", "--config", small(panel={"ensemble": "none.parquet"}))
    assert ran.code == 2
    assert "validate: draws of none.parquet" in ran.err
    assert "none.parquet: must exist, found no such file" in ran.err


def test_an_unknown_fact_is_refused(run, small):
    ran = run("validate", "--config", small(), "--nominal", "--facts", "V99")
    assert ran.code == 2
    assert ran.problems[-1].startswith("screen: --facts: must be of the panel (V01 to ")


def test_where_modules_are_left_out_the_other_facts_are_checked(run, small, tmp_path):
    """Without growth factor receptors, ALK and mTOR: the hepatocyte stays, NPM1-ALK goes."""
    modules = ["m00_base", "m01_il6_gp130", "m02_stat_cycle", "m03_negative_regulators", "m13_drugs"]
    ran = run(
        "validate",
        "--config",
        small(network={"modules": modules}),
        "--nominal",
        "--facts",
        "V01",
        "V07",
        "V31",
    )
    assert ran.code == 0
    assert "validate: 1 of 3 facts need modules that are left out" in ran.err
    table = read_table(tmp_path / "results/validation.csv", VALIDATION)
    assert table["fact"].unique(maintain_order=True).to_list() == ["V01", "V07"]
