"""A table of one file or of several: rows in order, each with its place, and what must hold of all of them together."""

from pathlib import Path

import polars as pl
import pytest

from screen.archive.annotations import ANNOTATIONS, IDENTIFIERS
from screen.calibration.derive import EXPERIMENTS
from screen.errors import TableError
from screen.network.genes import GENES
from screen.network.observables import OBSERVABLES
from screen.network.parameters import PARAMETERS
from screen.network.totals import TOTALS
from screen.panel import PANEL
from screen.potency import CELL_POTENCIES, CONSTRUCTS, ESTIMATES, INTENDED, RESPONSES
from screen.report import LABELS
from screen.scenarios import AFFINITIES, CONTEXTS, DISCREPANCY, DRUGS, HYPOTHESES, TARGETS
from screen.settings import shipped
from screen.tables import Column, Schema, read_placed, read_table, read_tables, write_table

DOSES = Schema(
    "doses",
    (Column("drug", pl.String, "name"), Column("nM", pl.Float64, "dose", "nM", positive=True)),
    ("drug",),
)
HEAD = "drug\tnM\n"

INPUTS = {
    "contexts.tsv": CONTEXTS,
    "hypotheses.tsv": HYPOTHESES,
    "drugs.tsv": DRUGS,
    "affinities.tsv": AFFINITIES,
    "targets.tsv": TARGETS,
    "discrepancy.tsv": DISCREPANCY,
    "labels.tsv": LABELS,
    "panel/panel.tsv": PANEL,
    "calibration/experiments.tsv": EXPERIMENTS,
    "network/annotations.tsv": ANNOTATIONS,
    "network/genes.tsv": GENES,
    "network/identifiers.tsv": IDENTIFIERS,
    "network/observables.tsv": OBSERVABLES,
    "network/parameters.tsv": PARAMETERS,
    "network/totals.tsv": TOTALS,
    "potency/cell_potencies.tsv": CELL_POTENCIES,
    "potency/constructs.tsv": CONSTRUCTS,
    "potency/estimates.tsv": ESTIMATES,
    "potency/intended.tsv": INTENDED,
    "potency/responses.tsv": RESPONSES,
}
"""The tables that people write, as shipped."""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two tables of the same name."""
    for folder in ("shipped", "mine"):
        (tmp_path / folder).mkdir()
    paths = tmp_path / "shipped/doses.tsv", tmp_path / "mine/doses.tsv"
    paths[0].write_text(f"# shipped\n{HEAD}a\t1\nb\t2\n")
    paths[1].write_text(f"{HEAD}c\t3\n")
    return paths


def problems_of(files) -> tuple[str, ...]:
    with pytest.raises(TableError) as caught:
        read_tables(files, DOSES)
    return caught.value.problems


def test_of_one_file_the_name_tells_where_a_row_stands(files):
    for paths in (files[0], [files[0]]):
        assert read_placed(paths, DOSES).rows() == [
            ("a", 1.0, "doses.tsv row 3"),
            ("b", 2.0, "doses.tsv row 4"),
        ]


def test_of_several_files_the_path_does(files):
    assert read_tables(files, DOSES).rows() == [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    assert read_placed(files, DOSES)["where"].to_list() == [
        f"{files[0]} row 3", f"{files[0]} row 4", f"{files[1]} row 2",
    ]  # fmt: skip


def test_rows_of_parquet_are_numbered_from_one(tmp_path):
    write_table(pl.DataFrame({"drug": ["a", "b"], "nM": [1.0, 2.0]}), tmp_path / "doses.parquet", DOSES)
    assert read_placed(tmp_path / "doses.parquet", DOSES)["where"].to_list() == [
        "doses.parquet row 1", "doses.parquet row 2",
    ]  # fmt: skip


def test_a_problem_names_the_path_of_its_file(files):
    files[1].write_text(f"{HEAD}c\tmuch\n")
    assert problems_of(files) == (f"{files[1]} row 2: `nM` must be a number, found much",)
    files[1].write_text(f"{HEAD}c\t-1\n")
    assert problems_of(files) == (f"{files[1]} row 2: `nM` must be positive, found -1.0",)
    files[1].write_text("drug\n")
    assert problems_of(files) == (f"{files[1]}: column `nM` must be there, found only drug",)
    files[1].write_text("")
    assert problems_of(files) == (f"{files[1]}: must hold a header line, found an empty file",)
    files[1].write_text(f"{HEAD}c\t1\td\n")
    assert problems_of(files) == (f"{files[1]} row 2: must have 2 cells, found 3",)


def test_one_of_several_may_be_empty_but_not_all(files):
    files[1].write_text(HEAD)
    assert read_tables(files, DOSES)["drug"].to_list() == ["a", "b"]
    files[0].write_text(HEAD)
    assert problems_of(files) == (f"{files[0]} and {files[1]}: must hold at least one row, found none",)
    assert problems_of(files[0]) == ("doses.tsv: must hold at least one row, found none",)


def test_rows_in_two_files_are_one_line(files):
    files[1].write_text(f"{HEAD}c\t3\nb\t2\n")
    assert problems_of(files) == (f"{files[1]}: (drug) must be in one file, found (b) in {files[0]} too",)
    files[1].write_text(files[0].read_text())
    assert problems_of(files) == (
        f"{files[1]}: (drug) must be in one file, found (a) and 1 more in {files[0]} too",
    )


def _needed(schema: Schema) -> list[str]:
    """The columns that must be there, the last first."""
    return [column.name for column in reversed(schema.columns) if column.required]


@pytest.mark.parametrize("name", INPUTS)
def test_parquet_without_optional_columns_reads_as_text_does(name, tmp_path):
    schema = INPUTS[name]
    bare = (
        read_table(shipped("config", *name.split("/")), schema)
        .select(_needed(schema))
        .unique(
            [column for column in schema.key if column in _needed(schema)], keep="first", maintain_order=True
        )
    )
    if "used" in bare.columns:  # of what is used some need not be empty
        bare = bare.with_columns(used=False)
    bare.write_csv(tmp_path / "t.tsv", separator="\t")
    bare.write_parquet(tmp_path / "t.parquet")
    text, binary = (read_table(tmp_path / each, schema) for each in ("t.tsv", "t.parquet"))
    assert binary.schema == text.schema == pl.Schema(schema.dtypes())
    assert binary.equals(text)


def test_parquet_may_stand_behind_text_whatever_the_order_of_its_columns(tmp_path):
    rows = read_table(shipped("config", "contexts.tsv"), CONTEXTS)
    other = rows.with_columns(context="other_" + pl.col("context"), sd=None).select(reversed(rows.columns))
    other.write_parquet(tmp_path / "other.parquet")
    other.drop("sd").write_parquet(tmp_path / "bare.parquet")
    expected = pl.concat([rows, other.select(rows.columns).cast(dict(rows.schema))])
    for name in ("other", "bare"):
        both = [shipped("config", "contexts.tsv"), tmp_path / f"{name}.parquet"]
        assert read_tables(both, CONTEXTS).equals(expected)
