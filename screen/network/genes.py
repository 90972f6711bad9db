"""Every gene the source documents name, and what of the network carries it.

The table has one row a name, as the documents have it. Names that text mining made of something else carry
nothing: their note says what was meant.
"""

from collections.abc import Collection
from pathlib import Path

import polars as pl

from screen.errors import NetworkError, TableError
from screen.network.compose import list_modules
from screen.tables import Column, Schema, read_table

GENES_FILE = "genes.tsv"

GENES = Schema(
    "genes",
    (
        Column("gene", pl.String, "symbol or keyword, as the source documents have it"),
        Column("module", pl.String, "file stem of the module it belongs to"),
        Column(
            "carried_by",
            pl.String,
            "species, parameters and observables that stand for it, separated by blanks",
            nullable=True,
        ),
        Column("note", pl.String, "how it is there, or what was meant by it", nullable=True),
    ),
    key=("gene",),
)


def read_genes(folder: Path, known: Collection[str]) -> pl.DataFrame:
    """The table of genes of a network's folder; `known` are the identifiers in its SBML.

    NetworkError: a table that breaks its schema, an unknown module or identifier, a name that is carried by
    nothing and has no note.

    >>> from pathlib import Path
    >>> read_genes(Path("config/network"), known=[])
    Traceback (most recent call last):
    screen.errors.NetworkError: genes.tsv, ...: `carried_by` must be in the network, found ...
    """
    path = Path(folder) / GENES_FILE
    try:
        frame = read_table(path, GENES)
    except TableError as error:
        raise NetworkError(error.problems) from error
    stems = {module.stem for module in list_modules(path.parent)}
    problems = []
    for row in frame.iter_rows(named=True):
        where = f"{path.name}, {row['gene']}"
        carriers = (row["carried_by"] or "").split()
        if row["module"] not in stems:
            problems.append(f"{where}: `module` must be a file here, found {row['module']}")
        problems += [
            f"{where}: `carried_by` must be in the network, found {name}"
            for name in carriers
            if name not in known
        ]
        if not carriers and not row["note"]:
            problems.append(f"{where}: `note` must say what was meant where nothing carries it, found none")
    if problems:
        raise NetworkError(problems)
    return frame
