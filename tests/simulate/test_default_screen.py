"""Every scenario of the default screen, with every species looked at: nothing becomes negative, nothing is lost."""

import numpy as np
import polars as pl
import pytest

from screen.kernel import load_model
from screen.network import compose_network
from screen.scenarios import Request, plan_scenarios, read_context_tables, read_drug_tables
from screen.settings import load_settings
from screen.simulate import Integration, Runner, ScreenTables, distinct_cells, make_part
from screen.tables import DRAWS, read_table

MINUTES = np.array([0.0, 1.0, 5.0, 20.0, 60.0, 180.0, 1440.0])
NEGATIVE = 1e-6
"""A species may lie this far [nM] below nothing: a thousand times the absolute tolerance of a step."""

DRAWN = 8


@pytest.mark.slow
def test_no_species_becomes_negative_in_any_scenario(root, monkeypatch):
    monkeypatch.chdir(root)
    settings = load_settings(root / "config/config.yaml")
    tables, asked = settings.tables, settings.scenarios
    contexts = read_context_tables(tables.contexts, tables.hypotheses)
    drugs = read_drug_tables(tables.drugs, tables.affinities, tables.targets)
    scenarios = plan_scenarios(
        contexts,
        drugs,
        Request(doses_nM=asked.doses_nM, pairs=asked.pairs, pair_doses_nM=asked.pair_doses_nM),
    )
    draws = read_table(settings.panel.ensemble, DRAWS).filter(pl.col("draw") < DRAWN)
    model = load_model(compose_network(settings.network.folder))
    part = make_part(ScreenTables(scenarios, contexts, drugs, draws, settings.seed), model)
    runner = Runner(model, Integration("auto"), part.design, model.species)
    arm, draw = part.arm_and_draw(np.arange(part.lanes))
    row, under, cell = distinct_cells(part.design.rest[arm], draw)
    resting = runner.rest(part.draws, row, under)
    assert resting.states.min() > -NEGATIVE
    for first in range(0, part.lanes, runner.integration.width):
        here = slice(first, first + runner.integration.width)
        times = np.tile(MINUTES, (len(arm[here]), 1))
        found = runner(part.draws, arm[here], draw[here], times, resting.of(cell[here]))
        lane, _, species = np.unravel_index(np.nanargmin(found.values), found.values.shape)
        where = f"{part.scenarios[arm[first + lane]]}, {model.species[species]}"
        assert np.nanmin(found.values) > -NEGATIVE, where
        assert np.isin(found.status, ["ok", "retried"]).all()
