"""The command on the shipped tables: what it leaves behind."""

import polars as pl

from screen.cli.main import main
from screen.potency import POTENCY
from screen.tables import read_table


def test_the_command_writes_a_constant_of_every_drug_that_binds_and_a_figure(tmp_path, monkeypatch):
    from tests.potency.test_posterior import CONFIG

    monkeypatch.chdir(CONFIG.parent)
    assert main(["potency", "--results", str(tmp_path)]) == 0
    table = read_table(tmp_path / "potency.tsv", POTENCY)
    row = table.filter((pl.col("drug") == "ruxolitinib") & (pl.col("target") == "JAK1")).to_dicts()[0]
    assert row["rows_in_cells"] > 5 and row["sd"] < row["affinity_sd"]
    assert "niclosamide" not in table.filter(pl.col("target") == "STAT3_SH2")["drug"]
    assert (tmp_path / "potency.svg").read_text().startswith("<svg")
