"""From the network to the report by commands alone, with draws at hand instead of a fit."""

import json

import jax
import polars as pl
import pytest

from screen.network import read_parameters
from screen.scenarios import DRUGS
from screen.tables import DRAWS, RESPONSES, digest_files, read_provenance, read_table, write_table
from tests.rank.worlds import RANKED


@pytest.fixture
def drawn(run, small, tmp_path, root):
    """Run the stages before the simulation and leave two draws: nominal values, then each drug half as strong."""

    def prepare(results, **sections):
        config = small(**sections)
        arguments = ("--config", config, "--results", results)
        for stage in ("network", "scenarios"):
            assert run(stage, *arguments).code == 0
        table = read_parameters(root / "config/network/parameters.tsv").filter(pl.col("prior") != "fixed")
        drugs = read_table(root / "config/drugs.tsv", DRUGS)["drug"]
        rows = [
            row
            for draw in (0, 1)
            for row in [
                *((draw, *pair) for pair in table.select("parameter", "value").iter_rows()),
                *((draw, f"sigma_{drug}", 1.0 + draw) for drug in drugs),
            ]
        ]
        frame = pl.DataFrame(rows, schema=DRAWS.dtypes(), orient="row")
        write_table(frame, results / "constrain/draws.parquet", DRAWS)
        return arguments

    return prepare


def test_a_jak_inhibitor_leads_in_hepatocytes_however_the_work_is_cut(run, drawn, tmp_path):
    tables = {}
    for shards, batch in ((2, 8), (1, 64)):
        results = tmp_path / f"results-{shards}"
        arguments = drawn(
            results, simulate={"shards": shards, "batch": batch}, scenarios={"contexts": ["hepatocyte_mouse"]}
        )
        for shard in range(shards):
            ran = run("simulate", *arguments, "--shard", shard, "--threads", 1)
            assert ran.code == 0
            assert "trajectories" in ran.err
        assert run("rank", *arguments).code == 0
        tables[shards] = (results / "ranked.csv").read_bytes()
    assert tables[1] == tables[2]

    ranked = read_table(results / "ranked.csv", RANKED)
    first = ranked.filter(readout="pY705_20min", dose_basis="equal_concentration_1000nM", rank=1)
    assert first["intervention"].to_list() == ["ruxolitinib"]
    assert first["failed"].to_list() == [0]
    responses = read_table(results / "simulate/shard-0.parquet", RESPONSES)
    assert responses["status"].unique().to_list() == ["ok"]
    made = read_provenance(results / "simulate/shard-0.parquet")
    assert made["device"].startswith(jax.default_backend())
    assert {"stat3.xml", "scenarios.parquet", "draws.parquet"} <= set(made["inputs"])
    assert read_provenance(results / "ranked.csv")["left_out"] == ["pairs of drugs"]

    assert run("report", *arguments).code == 0
    page = (results / "report.html").read_text()
    assert "ruxolitinib" in page
    assert (results / "figures/ranked.svg").exists()

    origins = json.loads((results / "provenance.json").read_text())
    assert origins["simulate/shard-0.parquet"] == made | {"shard": "each of 1"}
    assert origins["ranked.csv"] == read_provenance(results / "ranked.csv")
    assert origins["ranked.csv"]["inputs"]["shard-0.parquet"] == digest_files(
        [results / "simulate/shard-0.parquet"]
    )
    assert set(origins["constrain/draws.parquet"]) == {"data"}  # written by hand
    assert next(iter(origins)) == "scenarios/scenarios.parquet" and "failures.csv" in origins


def test_a_solver_that_gives_up_is_a_row_with_its_status(run, drawn, tmp_path):
    results = tmp_path / "results"
    arguments = drawn(results, simulate={"shards": 1, "max_steps": 100, "screen_rtol": 1e-11, "atol": 1e-14})
    assert run("simulate", *arguments, "--shard", 0).code == 0
    responses = read_table(results / "simulate/shard-0.parquet", RESPONSES)
    lost = responses.filter(~pl.col("status").is_in(["ok", "retried"]))
    assert lost.height > 0
    assert lost["value"].null_count() == lost.height
    assert set(lost["status"]) <= {"max_steps", "step_underflow", "no_rest_state"}
