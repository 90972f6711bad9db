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


def test_an_affinity_at_no_target_is_named_by_its_row(tmp_path, monkeypatch, capsys):
    from tests.potency.test_posterior import CONFIG

    monkeypatch.chdir(CONFIG.parent)
    own, config = tmp_path / "own.tsv", tmp_path / "own.yaml"
    head = "drug\tgene\tconstruct\ttarget\ttype\trelation\tvalue_nM\tatp\tused\tmark\tcitation\n"
    own.write_text(head + "ruxolitinib\tJAK1\tJAK1\tJAKX\tKd\t=\t5\tnone\tfalse\tmeasured\tmine\n")
    config.write_text(f"tables: {{affinities: [config/affinities.tsv, {own}]}}\n")
    assert main(["potency", "--config", str(config), "--results", str(tmp_path / "results")]) == 2
    assert f"{own} row 2, ruxolitinib on JAK1: `target` must be one of JAK1, " in capsys.readouterr().err
