"""The tolerance of the screen is fine enough for what is ranked, measured on the shipped screen."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from screen.kernel import load_model
from screen.network import compose_network
from screen.rank.ratios import RESOLUTION
from screen.scenarios import Request, plan_scenarios, read_context_tables, read_drug_tables
from screen.settings import load_settings
from screen.simulate import Integration, Readout, ScreenTables, Shard, make_part, simulate_shard
from screen.tables import DRAWS, read_table

DRAWN = (3, 31)
EVERY = 10
"""Of the scenarios so many are left out, but for vehicles."""


def suppressions(found: pl.DataFrame, scenarios: pl.DataFrame) -> pl.DataFrame:
    cell = ["context", "hypothesis", "draw", "readout"]
    joined = found.join(scenarios, on="scenario")
    vehicle = joined.filter(pl.col("role") == "vehicle").select(*cell, vehicle="value")
    return joined.join(vehicle, on=cell).select(
        "scenario", "draw", "readout", suppression=1 - pl.col("value") / pl.col("vehicle")
    )


@pytest.mark.slow
def test_suppressions_are_right_to_a_tenth_of_what_ranks_level(root, monkeypatch):
    monkeypatch.chdir(root)
    settings = load_settings(root / "config/config.yaml")
    tables, asked, wanted = settings.tables, settings.scenarios, settings.simulate
    contexts = read_context_tables(tables.contexts, tables.hypotheses)
    drugs = read_drug_tables(tables.drugs, tables.affinities, tables.targets)
    scenarios = plan_scenarios(contexts, drugs, Request(doses_nM=asked.doses_nM))
    draws = read_table(settings.panel.ensemble, DRAWS).filter(pl.col("draw").is_in(DRAWN))
    model = load_model(compose_network(settings.network.folder))
    part = make_part(ScreenTables(scenarios, contexts, drugs, draws, settings.seed), model)
    vehicles = np.flatnonzero(scenarios["role"] == "vehicle")
    part = replace(part, arms=np.union1d(vehicles, np.arange(0, scenarios.height, EVERY)))
    readouts = [Readout(each.id, each.observable, *each.window()) for each in settings.readouts]
    exact, screened = (
        suppressions(
            pl.concat(
                simulate_shard(
                    [part], readouts, Integration("auto", rtol, atol), Shard(0, 1), lambda line: None
                )
            ),
            scenarios,
        )
        for rtol, atol in ((1e-9, 1e-12), (wanted.screen_rtol, wanted.atol))
    )
    both = exact.join(screened, on=["scenario", "draw", "readout"], validate="1:1")
    assert both.height == part.lanes * len(readouts)
    error = (pl.col("suppression") - pl.col("suppression_right")).abs()
    worst = dict(both.group_by("readout").agg(error.max()).iter_rows())
    assert max(worst.values()) < RESOLUTION
    ranked = [each.id for each in readouts if each.observable == settings.rank.observable]
    assert 0 < max(worst[name] for name in ranked) < RESOLUTION / 10
