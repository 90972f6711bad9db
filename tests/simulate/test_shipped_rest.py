"""Every cell of the shipped contexts comes to the rest that the long integration finds, of two rests to that one."""

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

from screen.experiments import rest_parameters
from screen.kernel import ENGINES, Stepping, Until, load_model, rest, solve
from screen.kernel.engines.resting import Cells, integrated_rest
from screen.network import compose_network
from screen.scenarios import Request, plan_scenarios, read_context_tables, read_drug_tables
from screen.settings import load_settings
from screen.simulate import ScreenTables, make_part
from screen.tables import DRAWS, read_table

DRAWN = (0, 20, 25, 42)
"""Draws; under the last three, some cells have two rests. Another ensemble may ask for others."""

STRONG = {"IL6_dose": 500.0, "IFNB1_dose": 10.0, "IL1_dose": 10.0, "EGF_dose": 100.0, "FGF1_dose": 10.0}
"""Doses after a day of which a cell that has a second rest lies in reach of it."""


@pytest.fixture(scope="module")
def model(root):
    return load_model(compose_network(root / "config/network"))


@pytest.fixture(scope="module")
def cells(root, model):
    """Parameters [cells, parameters] of every context and hypothesis, nominal and under some shipped draws."""
    settings = load_settings(root / "config/config.yaml")
    contexts = read_context_tables(root / "config/contexts.tsv", root / "config/hypotheses.tsv")
    drugs = read_drug_tables(*(root / f"config/{name}.tsv" for name in ("drugs", "affinities", "targets")))
    scenarios = plan_scenarios(contexts, drugs, Request(doses_nM=[1000.0]))
    draws = read_table(root / settings.panel.ensemble, DRAWS).filter(pl.col("draw").is_in(DRAWN))
    found = []
    for under in (None, draws):
        part = make_part(ScreenTables(scenarios, contexts, drugs, under, settings.seed), model)
        row, draw = (
            each.ravel() for each in np.meshgrid(np.unique(part.design.rest), np.arange(len(part.draws.base)))
        )
        found.append(np.asarray(rest_parameters(part.design, part.draws, row, draw)))
    assert len(contexts.contexts) == scenarios["context"].n_unique()
    return np.concatenate(found)


@pytest.fixture(scope="module")
def starts(model, cells):
    """States [starts, cells, species] to come to rest from: the initial one, and the one after a strong stimulus."""
    stimulated = cells.copy()
    for name, dose in STRONG.items():
        stimulated[:, model.parameters.index(name)] = dose
    first = np.asarray(model.initial(cells))
    zeros = np.zeros((len(cells), 1))
    return np.stack([first, solve(model, stimulated[:, None], first, zeros, zeros + 1440).states[:, 0]])


def long(model, parameters, state):
    cells = Cells(jnp.asarray(parameters), state)
    return integrated_rest(ENGINES["kernel"].solve, model, cells, Until(), Stepping())


def test_every_cell_comes_to_the_rest_of_the_long_integration(model, cells, starts):
    for start in starts:
        found, known = rest(model, cells, start), long(model, cells, start)
        np.testing.assert_array_equal(found.status, known.status)
        np.testing.assert_allclose(found.state, known.state, rtol=1e-7, atol=1e-9)
        assert found.steps.mean() < 0.5 * known.steps.mean()


def test_some_of_these_cells_have_two_rests(model, cells, starts):
    one, other = (np.asarray(rest(model, cells, start).state) for start in starts)
    assert np.sum(np.any(np.abs(one - other) > 0.1 * (one + 1e-3), axis=1)) > 1
