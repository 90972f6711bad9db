"""What species of the network stand for: a kind, the proteins or chemicals they are made of, and identifiers of these.

Two tables: `annotations.tsv` has a row a species, `identifiers.tsv` a row for each protein and chemical that it
names. A species that stands for nothing in a database has no row.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import libsbml
import polars as pl

from screen.errors import NetworkError, TableError
from screen.tables import Column, Schema, read_table

ANNOTATIONS_FILE, IDENTIFIERS_FILE = "annotations.tsv", "identifiers.tsv"


@dataclass(frozen=True)
class Kind:
    """A kind of species: its term of the Systems Biology Ontology, and the qualifier of what it is made of."""

    term: int
    qualifier: int
    made_of_one: bool = False


KINDS = {
    "protein": Kind(252, libsbml.BQB_IS, made_of_one=True),
    "form": Kind(252, libsbml.BQB_IS_VERSION_OF, made_of_one=True),
    "family": Kind(245, libsbml.BQB_HAS_VERSION),
    "complex": Kind(253, libsbml.BQB_HAS_PART),
    "mRNA": Kind(250, libsbml.BQB_ENCODES),
    "chemical": Kind(247, libsbml.BQB_IS, made_of_one=True),
}
"""`form`: a protein that is modified, active or somewhere in particular; `family`: several proteins as one pool."""

DATABASES = {
    "hgnc": ("hgnc:", r"^HGNC:[1-9]\d*$"),
    "uniprot": ("uniprot:", r"^([OPQ]\d[A-Z\d]{3}\d|[A-NR-Z]\d([A-Z][A-Z\d]{2}\d){1,2})$"),
    "chebi": ("", r"^CHEBI:[1-9]\d*$"),
}
"""Column -> prefix at identifiers.org, and what an identifier looks like."""

ANNOTATIONS = Schema(
    "annotations",
    (
        Column("species", pl.String, "species of the network"),
        Column("kind", pl.String, "what it is", choices=tuple(KINDS)),
        Column("made_of", pl.String, "names of identifiers.tsv, separated by blanks"),
        Column("note", pl.String, "which form, or what was taken for granted", nullable=True),
    ),
    key=("species",),
    may_be_empty=True,
)

IDENTIFIERS = Schema(
    "identifiers",
    (
        Column("name", pl.String, "symbol of a human gene, or a chemical"),
        Column("description", pl.String, "its name in the database"),
        *(
            Column(database, pl.String, f"its identifier at {database}", nullable=True)
            for database in DATABASES
        ),
        Column("source", pl.String, "where the identifiers were looked up"),
    ),
    key=("name",),
    may_be_empty=True,
)


@dataclass(frozen=True)
class Annotation:
    """What a species stands for."""

    kind: Kind
    made_of: tuple[str, ...]
    identifiers: Mapping[str, tuple[str, ...]]
    """Addresses at identifiers.org, by database."""


def read_annotations(folder: Path) -> dict[str, Annotation]:
    """What the species of a network's folder stand for, by name; NetworkError lists what does not fit together.

    >>> from pathlib import Path
    >>> read_annotations(Path("config/network"))["gp130"].identifiers["uniprot"]
    ('https://identifiers.org/uniprot:P40189',)
    """
    try:
        species = read_table(Path(folder) / ANNOTATIONS_FILE, ANNOTATIONS)
        known = read_table(Path(folder) / IDENTIFIERS_FILE, IDENTIFIERS)
    except TableError as error:
        raise NetworkError(error.problems) from error
    problems = [
        f"{IDENTIFIERS_FILE}, {name}: `{database}` must look like {pattern}, found {found}"
        for database, (_, pattern) in DATABASES.items()
        for name, found in known.filter(~pl.col(database).str.contains(pattern))
        .select("name", database)
        .rows()
    ]
    by_name = {row["name"]: row for row in known.iter_rows(named=True)}
    annotations = {}
    for name, kind, parts, _ in species.iter_rows():
        made_of, where = tuple(parts.split()), f"{ANNOTATIONS_FILE}, {name}: `made_of`"
        lost = [part for part in made_of if part not in by_name]
        problems += [f"{where} must be of {IDENTIFIERS_FILE}, found {part}" for part in lost]
        if KINDS[kind].made_of_one and len(made_of) != 1:
            problems.append(f"{where} must name one under `{kind}`, found {parts}")
        if not lost:
            annotations[name] = Annotation(KINDS[kind], made_of, _addresses([by_name[p] for p in made_of]))
    if problems:
        raise NetworkError(problems)
    return annotations


def read_accessions(folder: Path) -> dict[str, str]:
    """The gene of each UniProt accession that a network's folder names; of several genes the first.

    >>> from pathlib import Path
    >>> read_accessions(Path("config/network"))["P40763"]
    'STAT3'
    """
    known = read_table(Path(folder) / IDENTIFIERS_FILE, IDENTIFIERS).drop_nulls("uniprot")
    return dict(known.select("uniprot", "name").reverse().iter_rows())


def check_annotations(folder: Path, species: Collection[str]) -> int:
    """How many species are annotated; NetworkError where the tables name species that the whole network lacks."""
    annotations = read_annotations(folder)
    problems = [
        f"{ANNOTATIONS_FILE}: `species` must be in the network, found {name}"
        for name in annotations
        if name not in species
    ]
    if problems:
        raise NetworkError(problems)
    return len(annotations)


def _addresses(rows: list[dict]) -> dict[str, tuple[str, ...]]:
    return {
        database: tuple(
            dict.fromkeys(
                f"https://identifiers.org/{prefix}{row[database].removeprefix('HGNC:')}"
                for row in rows
                if row[database]
            )
        )
        for database, (prefix, _) in DATABASES.items()
    }
