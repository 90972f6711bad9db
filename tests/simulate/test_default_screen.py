"""Every scenario of the default screen, with every species looked at: nothing becomes negative, nothing is lost."""

import numpy as np
import polars as pl
import pytest

from screen.kernel import load_model
from screen.network import compose_network
from screen.scenarios import assemble, plan_scenarios, prepare, read_context_tables, read_drug_tables
from screen.settings import load_settings
from screen.simulate import Courses, Integration, Resting, rest_states
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
        contexts, drugs, doses_nM=asked.doses_nM, pairs=asked.pairs, pair_doses_nM=asked.pair_doses_nM
    )
    draws = read_table(settings.panel.ensemble, DRAWS).filter(pl.col("draw") < DRAWN)
    model = load_model(compose_network(settings.network.folder))
    assembly = prepare(scenarios, contexts, drugs, draws, model.parameters, model.values)
    integration = Integration("auto", 1e-6, 1e-9, 100_000, None, 2048)
    resting = rest_states(model, integration, assembly.rest)
    assert resting.states.min() > -NEGATIVE
    courses = Courses(model, integration, model.species)
    for first in range(0, assembly.lanes, integration.batch):
        lanes = assemble(assembly, first, first + integration.batch)
        times = np.tile(MINUTES, (len(lanes.draw), 1))
        start = Resting(*(item[lanes.group] for item in resting))
        found = courses(lanes.parameters, lanes.switches, times, start)
        lane, _, species = np.unravel_index(np.nanargmin(found.values), found.values.shape)
        where = f"{scenarios['scenario'][int(lanes.scenario[lane])]}, {model.species[species]}"
        assert np.nanmin(found.values) > -NEGATIVE, where
        assert np.isin(found.status, ["ok", "retried"]).all()
