"""The tables of this package read from files, and drugs with their constants in cells."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from screen.errors import ScenarioError
from screen.potency.checks import Placed, estimate_problems, table_problems
from screen.potency.posterior import Potency, sites_of
from screen.potency.rows import Estimates, Tables
from screen.potency.tables import CELL_POTENCIES, CONSTRUCTS, ESTIMATES, INTENDED, RESPONSES
from screen.scenarios import AFFINITIES, DRUGS, TARGETS, DrugTables, read_drug_tables
from screen.tables import WHERE, digest_files, files_of, read_placed, spelled_out

Files = Path | Sequence[Path]

NO_RESPONSES = pl.DataFrame(schema={**RESPONSES.dtypes(), WHERE: pl.String})


def read_potency_tables(folder: Path, drugs: Files, affinities: Files, targets: Files) -> Tables:
    """The tables of a folder (config/potency) and the three that they refer to, checked.

    TableError for one table, ScenarioError where they disagree.
    """
    responses = folder / "responses.tsv"
    placed = Placed(
        read_placed(drugs, DRUGS),
        read_placed(affinities, AFFINITIES),
        read_placed(targets, TARGETS),
        read_placed(folder / "constructs.tsv", CONSTRUCTS),
        read_placed(folder / "cell_potencies.tsv", CELL_POTENCIES),
        read_placed(responses, RESPONSES) if responses.exists() else NO_RESPONSES,
        read_placed(folder / "intended.tsv", INTENDED),
    )
    if problems := table_problems(placed):
        raise ScenarioError(spelled_out(problems, str(folder)))
    intended = placed.drugs.join(placed.intended, on="class").select("drug", "target")
    antibodies = placed.drugs.filter(pl.col("mode").str.starts_with("antibody"))["drug"]
    return Tables(
        placed.affinities.drop(WHERE),
        placed.targets.drop(WHERE),
        placed.constructs.drop(WHERE),
        placed.cells.drop(WHERE),
        placed.responses.drop(WHERE),
        frozenset(intended.iter_rows()),
        frozenset(antibodies),
    )


def read_estimates(path: Path, tables: Tables) -> Estimates:
    """Value and sd by name, all that the constants of drugs need. TableError, ScenarioError."""
    placed = read_placed(path, ESTIMATES)
    if problems := estimate_problems(placed, tables):
        raise ScenarioError(spelled_out(problems, path.name))
    return known_estimates(placed.drop(WHERE))


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
    potency = Potency(tables, read_estimates(folder / "estimates.tsv", tables), digest)
    variants = {site.variant: site.target for site in sites_of(tables) if site.variant}
    return replace(read, potency=potency, variants=variants)
