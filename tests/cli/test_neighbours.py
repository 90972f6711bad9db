"""What else is asked for changes nothing of what was there: a drug, a context, a parameter, a genetic change more."""

import shutil

import numpy as np
import polars as pl
import pytest

from screen.fit.stage import tabulate_draws
from screen.network import read_parameters
from screen.tables import DRAWS, read_table, write_table
from tests.rank.worlds import RANKED
from tests.toy import estimated_alone

SHARED = ("rank_p05", "rank_p95", "p_best", "p_top5")
MAY_MOVE = {
    "rank",
    "first_place",
    "expected_regret",
    *SHARED,
    *(f"{name}_bare" for name in SHARED),
    "provenance",
}
ROW = ["context", "hypothesis", "readout", "dose_basis", "intervention", "dose_a_nM"]


@pytest.fixture
def screened(run, small, tmp_path, root):
    """A function that screens a copy of the shipped configuration, changed first, and gives its ranked table."""

    def screen(name: str, change=lambda config: None, **wanted) -> pl.DataFrame:
        config, results = tmp_path / name, tmp_path / f"results-{name}"
        shutil.copytree(root / "config", config, ignore=shutil.ignore_patterns("*.parquet"))
        change(config)
        tables = {
            key: f"{config}/{key}.tsv" for key in ("contexts", "hypotheses", "drugs", "affinities", "targets")
        }
        settings = small(
            network={"folder": f"{config}/network"}, tables=tables, simulate={"shards": 1}, scenarios=wanted
        )
        arguments = ("--config", settings, "--results", results)
        for stage in ("network", "scenarios"):
            assert run(stage, *arguments).code == 0
        problem = estimated_alone("k_gp130_STAT3", "k_PTPN2")
        scaled = np.log10([[2.0, 1.0], [1.0, 2.0], [3.0, 0.5]])
        draws = tabulate_draws(problem, scaled, read_parameters(config / "network/parameters.tsv"), seed=1)
        write_table(draws, results / "constrain/draws.parquet", DRAWS)
        for stage in (("simulate", "--shard", 0), ("rank",)):
            ran = run(*stage, *arguments)
            assert ran.code == 0, ran.err
        return read_table(results / "ranked.csv", RANKED)

    return screen


def add_neighbours(config) -> None:
    """First in the alphabet, and first in their files."""
    for name, row in (
        ("drugs", "aaa\tJAK\tatp_competitive\tany\ttrue\t1"),
        ("affinities", "aaa\tJAK1\tJAK1\tJAK1\tKd\t=\t5\tinvented\tnone\ttrue\tassumed\tinvented\t"),
    ):
        lines = (config / f"{name}.tsv").read_text().splitlines()
        row += "\t" * (lines[0].count("\t") - row.count("\t"))
        if name == "drugs":
            cells = row.split("\t")
            cells[lines[0].split("\t").index("mark")] = "assumed"
            row = "\t".join(cells)
        (config / f"{name}.tsv").write_text("\n".join([lines[0], row, *lines[1:]]) + "\n")
    contexts = (config / "contexts.tsv").read_text().splitlines()
    copied = [line.replace("hepg2", "aaa_cell", 1) for line in contexts if line.startswith("hepg2\t")]
    (config / "contexts.tsv").write_text("\n".join([contexts[0], *copied, *contexts[1:]]) + "\n")
    parameters = (config / "network/parameters.tsv").read_text().splitlines()
    new = "aaa_level\tm00_base\t3\tnM\tlog10_normal\t0.3\tassumed\tinvented\tread by nothing that moves"
    (config / "network/parameters.tsv").write_text("\n".join([parameters[0], new, *parameters[1:]]) + "\n")
    with (config / "network/m00_base.ant").open("a") as module:
        module.write("\naaa_probe has nM;\naaa_probe := aaa_level;\n")


def test_a_drug_a_context_and_a_parameter_more_change_nothing_of_what_was_there(screened):
    drugs, contexts = ["alectinib", "ruxolitinib", "trametinib"], ["hepg2"]
    before = screened("before", drugs=drugs, contexts=contexts)
    after = screened(
        "after",
        add_neighbours,
        drugs=["aaa", *drugs],
        contexts=["aaa_cell", *contexts],
        genetic=["JAK1_total=0"],
    )
    assert set(after["intervention"]) == {"JAK1_total=0", "aaa", *drugs}
    assert set(after["context"]) == {"aaa_cell", "hepg2"}
    fixed = [name for name in before.columns if name not in MAY_MOVE]
    assert {"suppression_p05", "ic50_p95_nM", "pERK_change_p50"} <= set(fixed)
    kept = after.filter(pl.col("intervention").is_in(drugs), pl.col("context") == "hepg2")
    assert kept.select(fixed).sort(ROW).equals(before.select(fixed).sort(ROW))
    assert before["suppression_p50"].n_unique() > 10
