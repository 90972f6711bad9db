"""The parameters of the network: one row each, with value, unit, prior and where the number comes from.

Structure lives in the Antimony modules, numbers live here. `mark` says how far a number can be trusted:
read or measured in a source, remembered but not seen (memory), assumed, given by the scenario or the
context (input), or a convention (fixed).
"""

from pathlib import Path

import polars as pl

from screen.errors import NetworkError, TableError
from screen.tables import Column, Schema, read_table

FILE_NAME = "parameters.tsv"
MARKS = ("read", "measured", "assumed", "memory", "input", "fixed")
PRIORS = ("log10_normal", "normal", "fixed")

PARAMETERS = Schema(
    "parameters",
    (
        Column("parameter", pl.String, "identifier in the SBML"),
        Column("module", pl.String, "file stem of the module that owns it"),
        Column("value", pl.Float64, "default, in `unit`"),
        Column("unit", pl.String, "identifier of a unit declared by the base module, or dimensionless"),
        Column("prior", pl.String, "distribution around the default", choices=PRIORS),
        Column(
            "prior_sd",
            pl.Float64,
            "sd of log10(value) or of the value; empty if fixed",
            nullable=True,
            positive=True,
        ),
        Column("mark", pl.String, "how far the number can be trusted", choices=MARKS),
        Column("source", pl.String, "citation, or what the assumption rests on"),
        Column("description", pl.String, "what it is"),
    ),
    key=("parameter",),
)


def read_parameters(path: Path) -> pl.DataFrame:
    """The checked table of parameters; NetworkError lists every problem with its line.

    >>> from pathlib import Path
    >>> read_parameters(Path("config/network/parameters.tsv")).filter(parameter="cytosol")["unit"].item()
    'pL'
    """
    try:
        frame = read_table(path, PARAMETERS)
    except TableError as error:
        raise NetworkError(error.problems) from error
    problems = []
    for row in frame.iter_rows(named=True):
        where = f"{path.name}: `{row['parameter']}`"
        if (row["prior"] == "fixed") != (row["prior_sd"] is None):
            found = "nothing" if row["prior_sd"] is None else row["prior_sd"]
            problems.append(f"{where} prior_sd must be given unless the prior is fixed, found {found}")
        if row["prior"] == "log10_normal" and row["value"] <= 0:
            problems.append(
                f"{where} value must be positive under a log10_normal prior, found {row['value']:g}"
            )
    if problems:
        raise NetworkError(problems)
    return frame
