"""Three drugs from settings to ranking and report: a third that finds no target there changes nothing."""

import polars as pl

from screen.cli.options import Results
from screen.cli.plan import read_aim
from screen.rank import ranked_schema
from screen.settings import load_settings
from screen.tables import SCENARIOS, read_table

DRUGS = ("ruxolitinib", "tofacitinib", "alectinib")
POINT = 1e-3
"""A tenth of a percentage point of suppression."""


def test_a_third_drug_without_a_target_adds_nothing_to_a_pair(run, small, tmp_path):
    """HepG2 has no ALK."""
    config = small(
        scenarios={
            "drugs": DRUGS,
            "doses_nM": [1000],
            "pair_doses_nM": [30],
            "triples": [[DRUGS[2], *DRUGS[:2]]],
        },
        fit={"draws_from": "shipped", "draws": 4},
        simulate={"shards": 1},
        readouts=[{"id": "pY705_20min", "observable": "pY705_level", "minutes": 20}],
        rank={"dose_bases": [{"kind": "equal_concentration", "value": 30}]},
    )
    results = Results(tmp_path / "results")
    for stage in (
        *(("network",), ("scenarios",), ("constrain",), ("simulate", "--shard", 0), ("rank",), ("report",)),
        ("export", "--to", "gdr"),
    ):
        ran = run(*stage, "--config", config, "--results", results.folder)
        assert ran.code == 0, ran.err
    scenarios = read_table(results.scenarios, SCENARIOS)
    assert dict(scenarios.group_by("role").len().iter_rows())["triple"] == 1
    ranked = read_table(results.ranked, ranked_schema(read_aim(load_settings(config))))
    assert ranked.height == 3 + 3 + 1
    row = {each["intervention"]: each for each in ranked.iter_rows(named=True)}
    three, two = row["alectinib+ruxolitinib+tofacitinib"], row["ruxolitinib+tofacitinib"]
    assert two["suppression_p50"] > row["ruxolitinib"]["suppression_p50"] + 10 * POINT
    assert abs(three["excess_pair_p50"]) < POINT
    for name in ("suppression_p50", "excess_single_p50", "excess_bliss_p50"):
        assert abs(three[name] - two[name]) < POINT, name
    handed = pl.read_csv(results.export / "gdr.csv")
    assert handed.height == scenarios.height
    ran = run("export", "--to", "thunor", "--config", config, "--results", results.folder)
    assert ran.code == 0
    assert ran.problems == [
        "export: 1 points of three drugs are not in it: its reader knows drug1 and drug2 alone"
    ]
