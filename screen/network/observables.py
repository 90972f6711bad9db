"""What can be read out of the network: its assignment rules, with their units and what they mean."""

from pathlib import Path

import libsbml
import polars as pl

from screen.errors import NetworkError, TableError
from screen.tables import Column, Schema, read_table

OBSERVABLES_FILE = "observables.tsv"

OBSERVABLES = Schema(
    "observables",
    (
        Column("observable", pl.String, "an assignment rule of the network"),
        Column("description", pl.String, "what it is; shares are of the protein at the same moment"),
    ),
    key=("observable",),
)


def read_observables(folder: Path, sbml: str) -> pl.DataFrame:
    """observable, unit, description: those of the table first, then the network's others without description.

    `sbml` is the whole network. NetworkError: a table that breaks its schema or names what that does not define.

    >>> from pathlib import Path
    >>> table = read_observables(Path("config/network"), compose_network("config/network"))
    >>> table.row(0)
    ('pY705_level', 'dimensionless', 'STAT3 phosphorylated on Y705 over the STAT3 of the untreated cell: ...')
    """
    path = Path(folder) / OBSERVABLES_FILE
    try:
        described = dict(read_table(path, OBSERVABLES).iter_rows())
    except TableError as error:
        raise NetworkError(error.problems) from error
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    units = {
        rule.getVariable(): model.getElementBySId(rule.getVariable()).getUnits()
        for rule in model.getListOfRules()
        if rule.isAssignment()
    }
    problems = [
        f"{path.name}: `observable` must be an assignment rule of the network, found {name}"
        for name in described
        if name not in units
    ]
    if problems:
        raise NetworkError(problems)
    names = [*described, *(name for name in units if name not in described)]
    return pl.DataFrame(
        [(name, units[name], described.get(name)) for name in names],
        schema={"observable": pl.String, "unit": pl.String, "description": pl.String},
        orient="row",
    )
