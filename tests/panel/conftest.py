"""The shipped panel, network and tables, read once."""

from pathlib import Path
from typing import NamedTuple

import pytest

from screen.kernel import Model, load_model
from screen.panel import Fact, read_panel
from screen.scenarios import ContextTables, DrugTables, read_context_tables, read_drug_tables


class World(NamedTuple):
    """What the panel is checked against."""

    model: Model
    contexts: ContextTables
    drugs: DrugTables
    facts: dict[str, Fact]


@pytest.fixture(scope="session")
def world(root: Path, network: Path) -> World:
    config = root / "config"
    return World(
        load_model(network.read_text()),
        read_context_tables(config / "contexts.tsv", config / "hypotheses.tsv"),
        read_drug_tables(config / "drugs.tsv", config / "affinities.tsv", config / "targets.tsv"),
        {fact.id: fact for fact in read_panel(config / "panel/panel.tsv")},
    )
