"""The shipped network, its contexts at rest, and small networks to break."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from screen.network import Network, compose_network, read_sbml
from screen.scenarios import hypothesis_settings, read_context_tables
from tests.network.cells import Cell


@pytest.fixture(scope="session")
def network_folder(root: Path) -> Path:
    return root / "config" / "network"


@pytest.fixture(scope="session")
def shipped(network_folder: Path) -> str:
    """The SBML of the shipped network."""
    return compose_network(network_folder)


@pytest.fixture(scope="session")
def whole(shipped: str) -> Network:
    """The shipped network, read once."""
    return read_sbml(shipped)


@pytest.fixture(scope="session")
def cell(root: Path, shipped: str) -> Callable[..., Cell]:
    """cell(context, hypothesis, **totals): that context at rest, made once."""
    tables = read_context_tables(root / "config/contexts.tsv", root / "config/hypotheses.tsv")

    @cache
    def make(context: str, hypothesis: str = "default", **totals: float) -> Cell:
        record = tables.contexts[context]
        values = {setting.parameter: setting.value for setting in record.totals}
        stimulus = {setting.parameter: setting.value for setting in record.stimulus}
        return Cell(shipped, values | hypothesis_settings(tables.options, hypothesis) | totals, stimulus)

    return make


SMALL = {
    "m00_base.ant": """
        unit time_unit = 60 second; unit volume = 1e-12 litre; unit substance = 1e-21 mole; unit extent = 1e-21 mole;
        unit nM = 1e-9 mole / litre; unit per_min = 1 / (60 second); unit pL = 1e-12 litre;
        compartment cell;
        """,
    "m01_source.ant": """
        species A in cell, B in cell;
        A = A_total;
        //@reads brake default 0.5 dimensionless from m02
        conversion: A => B; cell*k_forward*brake*A;
        """,
    "m02_brake.ant": """
        brake has dimensionless;
        brake := 1/(1 + strength);
        //@needs m01
        back: B => A; cell*k_back*B;
        //@end
        """,
}
ROWS = {
    "cell": "m00_base\t2\tpL\tfixed\t\tfixed\tassumed\tvolume",
    "A_total": "m01_source\t3\tnM\tlog10_normal\t0.3\tassumed\tassumed\ttotal",
    "k_forward": "m01_source\t0.1\tper_min\tlog10_normal\t0.3\tassumed\tassumed\tforward",
    "strength": "m02_brake\t1\tdimensionless\tnormal\t0.3\tassumed\tassumed\tbrake",
    "k_back": "m02_brake\t0.2\tper_min\tlog10_normal\t0.3\tassumed\tassumed\tback",
}
HEADER = "parameter\tmodule\tvalue\tunit\tprior\tprior_sd\tmark\tsource\tdescription"


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Path]:
    """small(rows, modules): a folder with a network of three modules, with rows or files replaced (None: left out)."""

    def make(
        rows: dict[str, str | None] | None = None, modules: dict[str, str] | None = None, extra: str = ""
    ) -> Path:
        for name, text in (SMALL | (modules or {})).items():
            (tmp_path / name).write_text(text)
        kept = {name: row for name, row in (ROWS | (rows or {})).items() if row is not None}
        lines = [HEADER, *(f"{name}\t{row}" for name, row in kept.items())]
        (tmp_path / "parameters.tsv").write_text("\n".join(lines) + "\n" + extra)
        return tmp_path

    return make
