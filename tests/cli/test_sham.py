"""Drugs that are one drug under several names decide nothing; one among them that is better is found."""

import shutil

import polars as pl
import pytest

from screen.cli.plan import read_aim
from screen.rank import ranked_schema
from screen.scenarios import AFFINITIES, DRUGS
from screen.settings import load_settings
from screen.tables import read_table, write_table

SHAMS = ("sham1", "sham2", "sham3", "sham4", "sham5", "sham6")
PLANTED = "planted"
TIGHTER = 300.0
"""How much tighter the planted drug binds than the one that all of them are: beyond what its constant in cells is
uncertain by, the best of six."""

SETTINGS = """\
fit: {{draws_from: shipped, draws: 32}}
simulate: {{shards: 1}}
tables:
  drugs: [config/drugs.tsv, my/drugs.tsv]
  affinities: [config/affinities.tsv, my/affinities.tsv]
scenarios: {{contexts: [hepg2], drugs: [{drugs}], doses_nM: [30, 100]}}
readouts: [{{id: pY705_20min, observable: pY705_level, minutes: 20}}]
rank: {{dose_bases: [{{kind: equal_concentration, value: 30}}]}}
results: results/{name}
"""


@pytest.fixture
def screened(run, root, tmp_path, monkeypatch):
    """screened(name, drugs): the ranking of these copies of ruxolitinib under shared draws."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").symlink_to(root / "config")
    (tmp_path / "my").mkdir()
    for name, schema in (("drugs", DRUGS), ("affinities", AFFINITIES)):
        own = read_table(root / f"config/{name}.tsv", schema).filter(drug="ruxolitinib")
        copies = [own.with_columns(drug=pl.lit(drug)) for drug in (*SHAMS, PLANTED)]
        if name == "affinities":
            copies[-1] = copies[-1].with_columns(value_nM=pl.col("value_nM") / TIGHTER)
        write_table(pl.concat(copies), tmp_path / f"my/{name}.tsv", schema)

    def made(name, drugs):
        path = tmp_path / f"{name}.yaml"
        path.write_text(SETTINGS.format(drugs=", ".join(drugs), name=name))
        stages = ["network", "scenarios", "constrain", "simulate --shard 0", "rank"]
        if earlier := next(tmp_path.glob("results/*/network"), None):
            shutil.copytree(earlier, tmp_path / f"results/{name}/network")
            del stages[0]
        for stage in stages:
            ran = run(*stage.split(), "--config", path)
            assert ran.code == 0, ran.err
        return read_table(
            tmp_path / f"results/{name}/ranked.csv", ranked_schema(read_aim(load_settings(path)))
        )

    return made


def test_a_sham_screen_decides_nothing_and_a_planted_drug_is_found(screened):
    sham = screened("sham", SHAMS)
    assert set(sham["first_place"]) == {"undecided"}
    assert sham["p_best"].min() > 0 and sham["p_best"].max() < 0.9
    assert sham["rank_p05"].max() < sham["rank_p95"].min()
    assert sham["rank_p05_bare"].max() < sham["rank_p95_bare"].min()
    planted = screened("planted", (*SHAMS, PLANTED))
    first = planted.row(0, named=True)
    assert (first["intervention"], first["rank"]) == (PLANTED, 1)
    assert (
        first["p_best_bare"] > 0.9
    )  # by the draws that all share; what the network gets wrong is of each drug alone
    assert first["p_best"] > 5 * planted.filter(pl.col("rank") > 1)["p_best"].max()
