"""The tables of this package read from files, and drugs with their constants in cells."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from screen.errors import ScenarioError
from screen.potency.posterior import Potency, sites_of
from screen.potency.rows import Estimates, Tables
from screen.potency.tables import CELL_POTENCIES, CONSTRUCTS, ESTIMATES, INTENDED, RESPONSES
from screen.scenarios import AFFINITIES, DRUGS, TARGETS, DrugTables, read_drug_tables
from screen.tables import digest_files, files_of, read_table, read_tables

Files = Path | Sequence[Path]


def read_potency_tables(folder: Path, drugs: Files, affinities: Files, targets: Files) -> Tables:
    """The tables of a folder (config/potency) and the three that they refer to, checked.

    TableError for one table, ScenarioError where they disagree.
    """
    responses = folder / "responses.tsv"
    named = read_tables(drugs, DRUGS).select("drug", "class", "mode")
    intended = named.join(read_table(folder / "intended.tsv", INTENDED), on="class").select("drug", "target")
    tables = Tables(
        read_tables(affinities, AFFINITIES),
        read_tables(targets, TARGETS),
        read_table(folder / "constructs.tsv", CONSTRUCTS),
        read_table(folder / "cell_potencies.tsv", CELL_POTENCIES),
        read_table(responses, RESPONSES) if responses.exists() else pl.DataFrame(schema=RESPONSES.dtypes()),
        frozenset(intended.iter_rows()),
        frozenset(named.filter(pl.col("mode").str.starts_with("antibody"))["drug"]),
    )
    known = set(tables.targets["target"])
    problems = [
        f"{name}: `target` must be one of targets.tsv, found {target}"
        for name, frame in (("constructs.tsv", tables.constructs), ("cell_potencies.tsv", tables.cells))
        for target in frame["target"].drop_nulls().unique(maintain_order=True)
        if target not in known
    ]
    problems += [
        f"cell_potencies.tsv: `drug` must be in the table of drugs, found {name}"
        for name in tables.cells["drug"].unique(maintain_order=True)
        if name not in set(named["drug"])
    ]
    if problems:
        raise ScenarioError(problems)
    return tables


def read_estimates(path: Path) -> Estimates:
    """Value and sd by name. TableError."""
    return known_estimates(read_table(path, ESTIMATES))


def known_estimates(frame: pl.DataFrame) -> Estimates:
    """ESTIMATES as value and sd by name."""
    return {name: (value, sd) for name, value, sd, _ in frame.iter_rows()}


def read_potent_drugs(drugs: Files, affinities: Files, targets: Files, folder: Path) -> DrugTables:
    """The tables of drugs with their constants in cells. TableError, ScenarioError."""
    read = read_drug_tables(drugs, affinities, targets)
    tables = read_potency_tables(folder, drugs, affinities, targets)
    digest = digest_files(
        [*files_of(drugs), *files_of(affinities), *files_of(targets), *sorted(folder.glob("*.tsv"))]
    )
    potency = Potency(tables, read_estimates(folder / "estimates.tsv"), digest)
    variants = {site.variant: site.target for site in sites_of(tables) if site.variant}
    return replace(read, potency=potency, variants=variants)
