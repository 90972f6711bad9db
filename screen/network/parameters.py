"""The parameters of the network: one row each, with value, unit, prior and where the number comes from.

Structure lives in the Antimony modules, numbers live here. `mark` says how far a number can be trusted:
read or measured in a source, remembered but not seen (memory), assumed, given by the scenario or the
context (input), or a convention (fixed).
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from screen.errors import NetworkError, TableError
from screen.tables import Column, Schema, read_table

FILE_NAME = "parameters.tsv"
MARKS = ("read", "measured", "assumed", "memory", "input", "fixed")
PRIORS = ("log10_normal", "normal", "fixed")

SMALLEST = sys.float_info.min
"""A number nearer to 0 has fewer digits, and libSBML takes it for none."""

MOST_NAMED = 5
"""Missing parameters that a message names; the rest are counted."""

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
        if 0 < abs(row["value"]) < SMALLEST:
            problems.append(
                f"{where} value must be 0 or at least {SMALLEST:g} away from it, found {row['value']:g}"
            )
        if row["prior"] == "log10_normal" and row["value"] <= 0:
            problems.append(
                f"{where} value must be positive under a log10_normal prior, found {row['value']:g}"
            )
    if problems:
        raise NetworkError(problems)
    return frame


def check_draws(draws: pl.DataFrame, table: pl.DataFrame, parameters: Iterable[str], where: str) -> None:
    """Raise NetworkError unless the draws hold every parameter of the network that is not fixed.

    `table` is the parameter table of the network; `where` names the draws.

    >>> import polars as pl
    >>> table = pl.DataFrame({"parameter": ["k", "V"], "prior": ["log10_normal", "fixed"]})
    >>> check_draws(pl.DataFrame({"parameter": ["k"]}), table, ["k", "V"], "draws")
    """
    free = set(table.filter(pl.col("prior") != "fixed")["parameter"])
    lacking = free - set(draws["parameter"].unique())
    missing = [name for name in parameters if name in lacking]
    if missing:
        raise NetworkError(
            f"{where}: must hold all {len(free)} parameters of the network that are not fixed, found none of "
            f"{', '.join(missing[:MOST_NAMED])}{f' and {more} more' if (more := len(missing) - MOST_NAMED) > 0 else ''}"
            "; run the fit stage again"
        )


def drawn_of(draws: pl.DataFrame, parameters: Iterable[str], where: str) -> pl.Series:
    """Which rows of draws of a PEtab problem are of these parameters of another network. NetworkError: none.

    >>> import polars as pl
    >>> drawn_of(pl.DataFrame({"parameter": ["k", "noise"]}), ["k", "V"], "draws.parquet").to_list()
    [True, False]
    """
    known = draws["parameter"].is_in(list(parameters))
    if not known.any():
        raise NetworkError(f"{where}: must hold draws of parameters of `network.sbml`, found none of them")
    return known
