"""All pairs of some drugs over dose matrices in one cell, from a short file to excesses and SynergyFinder's table."""

import time

import polars as pl
import pytest

from screen.rank import COMBINATIONS, CURVES, ISOBOLES, TARGETS
from screen.tables import read_table

SETTINGS = """\
scenarios:
  contexts: [hepg2]
  drugs: [{drugs}]
  doses_nM: &doses [{doses}]
  pairs: {pairs}
  pair_doses_nM: *doses
  pair_layout: matrix
{more}"""
TWENTY = """ruxolitinib, tofacitinib, baricitinib, fedratinib, upadacitinib, trametinib, selumetinib, cobimetinib,
    dasatinib, saracatinib, everolimus, sirolimus, alectinib, lorlatinib, gefitinib, erlotinib, lapatinib, crizotinib,
    tocilizumab, vemurafenib"""
POINT = 1e-3
"""A tenth of a percentage point of suppression."""


@pytest.fixture
def folder(tmp_path, root, monkeypatch):
    """A folder that holds nothing but the settings, beside the project's configuration."""
    (tmp_path / "config").symlink_to(root / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def story(run, folder, *further, **settings):
    """The pairs of a screen and the table of SynergyFinder."""
    (folder / "mine.yaml").write_text(SETTINGS.format(**settings))
    for arguments in (
        ("mine", "--config", "mine.yaml", "--threads", 2, *further),
        ("export", "--to", "synergyfinder", "--config", "results/mine/settings.json"),
    ):
        ran = run(*arguments)
        assert ran.code == 0, ran.err
    results = folder / "results/mine"
    handed = read_table(results / "export/synergyfinder.csv", TARGETS["synergyfinder"].schema)
    return read_table(results / "combinations.csv", COMBINATIONS), handed


@pytest.mark.slow
def test_a_drug_with_itself_has_no_loewe_excess_and_two_jak_inhibitors_have_hardly_any(run, folder):
    pairs, handed = story(
        run, folder, "--draws", 8, drugs="ruxolitinib, tofacitinib, alectinib", doses="10, 30, 100, 300, 1000",
        pairs="[[ruxolitinib, ruxolitinib], [ruxolitinib, tofacitinib], [ruxolitinib, alectinib]]",
        more="readouts: [{id: pY705_20min, observable: pY705_level, minutes: 20}]\n",
    )  # fmt: skip
    loewe = {pair: rows["excess_loewe_p50"].abs().max() for (pair,), rows in pairs.group_by("intervention")}
    assert loewe["ruxolitinib+ruxolitinib"] < POINT
    assert loewe["ruxolitinib+tofacitinib"] < 10 * POINT
    apart = pairs.filter(intervention="ruxolitinib+tofacitinib")
    assert apart["excess_bliss_p50"].min() < -30 * POINT
    sham = pairs.filter(intervention="ruxolitinib+alectinib")  # no ALK in this cell
    for score in ("hsa", "bliss", "loewe", "zip"):
        assert sham[f"excess_{score}_p50"].abs().max() < POINT
    isoboles = read_table(folder / "results/mine/isoboles.csv", ISOBOLES)
    itself = isoboles.filter(pl.col("draws") > 0, intervention="ruxolitinib+ruxolitinib")
    assert itself.height > 0
    assert itself.select("index_p05", "index_p50", "index_p95").to_numpy() == pytest.approx(1.0, abs=0.03)
    curves = read_table(folder / "results/mine/curves.csv", CURVES)
    kinds = dict(curves.select("drug", "fit_type").iter_rows())
    assert kinds["alectinib"] == "DRCConstantFitResult"
    assert kinds["ruxolitinib"] == "DRC3pHillFitModelFixS0"
    assert handed["block_id"].n_unique() == 3
    assert handed.height == 3 * 6 * 6


@pytest.mark.slow
def test_all_pairs_of_twenty_drugs_over_8_x_8_doses_take_less_than_ten_minutes(run, folder):
    began = time.monotonic()
    doses = "1, 3, 10, 30, 100, 300, 1000, 3000"
    pairs, handed = story(run, folder, drugs=TWENTY, doses=doses, pairs="all", more="")
    assert time.monotonic() - began < 600
    assert pairs.height == 190 * 64 * pairs["readout"].n_unique()
    assert pairs["draws"].min() == 64
    assert handed["block_id"].n_unique() == 190
    assert handed.height == 190 * 9 * 9
    idle = pairs.filter(pl.col("intervention").str.contains("alectinib"))
    for score in (
        "bliss",
        "loewe",
        "zip",
    ):  # the better of a drug that raises and one that is idle is the idle one
        assert idle[f"excess_{score}_p50"].abs().max() < POINT, score
