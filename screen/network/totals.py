"""Which proteins make up each total of the network: the genes whose amounts are added up in it."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from screen.errors import NetworkError, TableError
from screen.tables import Column, Schema, read_table

TOTALS_FILE = "totals.tsv"
NANOMOLAR = "nM"

TOTALS = Schema(
    "totals",
    (
        Column("gene", pl.String, "symbol of a human gene"),
        Column("parameter", pl.String, "total of the network that its protein is part of, a sum over genes"),
        Column("note", pl.String, "what was taken for granted", nullable=True),
    ),
    key=("gene",),
)


def read_totals(folder: Path, units: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """Genes of each total, in the order of the file; `units` are the units of the network's parameters.

    NetworkError: a table that breaks its schema, a total that the network lacks or that is no concentration.

    >>> from pathlib import Path
    >>> table = read_parameters(Path("config/network/parameters.tsv"))
    >>> read_totals(Path("config/network"), dict(table.select("parameter", "unit").iter_rows()))["MEK_total"]
    ('MAP2K1', 'MAP2K2')
    """
    path = Path(folder) / TOTALS_FILE
    try:
        frame = read_table(path, TOTALS)
    except TableError as error:
        raise NetworkError(error.problems) from error
    problems = [
        f"{path.name}, {gene}: `parameter` must be one of the network's in {NANOMOLAR}, found {name}"
        for gene, name in frame.select("gene", "parameter").iter_rows()
        if units.get(name) != NANOMOLAR
    ]
    if problems:
        raise NetworkError(problems)
    return {
        str(name): tuple(rows["gene"]) for (name,), rows in frame.group_by("parameter", maintain_order=True)
    }
