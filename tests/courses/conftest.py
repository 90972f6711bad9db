"""The shipped network and tables here too, and a cell under EGF whose totals can be set."""

import pytest

from screen.courses import StartCell
from screen.experiments import Arm, Exposure, read_draws
from screen.panel import PanelTables
from screen.simulate import Integration
from tests.panel.conftest import World, world

__all__ = ["World", "world"]

NAMES = ("pY705_level", "pERK", "pAKT_S473")


@pytest.fixture(scope="session")
def cell(world):
    """Two totals of the cell are free: one that these read-outs see, and one that they do not."""
    tables = PanelTables(world.model, world.contexts, world.drugs)
    arm = Arm("breast_mcf10a", stimulus=Exposure((("EGF_dose", 16.0),)))
    integration = Integration("kernel", 1e-6, 1e-9, 100_000, None, 256)
    return StartCell(tables, arm, ("EGFR_total", "STAT6_total"), NAMES, integration)


@pytest.fixture(scope="session")
def draws(world):
    network = dict(zip(world.model.parameters, world.model.values, strict=True))
    return read_draws(None, network, (), world.drugs, 1)
