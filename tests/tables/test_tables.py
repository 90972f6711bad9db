"""Tables: what a schema refuses, in which words, and that files are whole or absent."""

import json
import os
from pathlib import Path

import polars as pl
import pytest

from screen.errors import TableError
from screen.rank import RANKED
from screen.tables import (
    DRAWS,
    RESPONSES,
    SCENARIOS,
    Column,
    Schema,
    digest_files,
    provenance,
    read_provenance,
    read_table,
    write_table,
)

DRUGS = Schema(
    "drugs",
    (
        Column("drug", pl.String, "name"),
        Column("kd_nM", pl.Float64, "affinity", "nM", positive=True, maximum=1e9),
        Column("used", pl.Boolean, "whether the model uses it"),
        Column("relation", pl.String, "censoring", choices=("=", ">")),
        Column("note", pl.String, "anything", required=False, nullable=True),
    ),
    key=("drug",),
)
HEADER = "drug\tkd_nM\tused\trelation\n"
GOOD = HEADER + "# a comment\nruxolitinib\t3.4\ttrue\t=\ntofacitinib\t1.6\tfalse\t>\n"

BAD = {
    "not a number": (HEADER + "a\tmany\ttrue\t=\n", "drugs.tsv row 2: `kd_nM` must be a number, found many"),
    "negative": (HEADER + "# c\n\na\t-3\ttrue\t=\n", "drugs.tsv row 4: `kd_nM` must be positive, found -3.0"),
    "missing": (HEADER + "a\t\ttrue\t=\n", "drugs.tsv row 2: `kd_nM` must not be empty, found nothing"),
    "infinite": (HEADER + "a\tinf\ttrue\t=\n", "drugs.tsv row 2: `kd_nM` must be a finite number, found inf"),
    "too large": (HEADER + "a\t1e10\ttrue\t=\n", "drugs.tsv row 2: `kd_nM` must be at most 1e\\+09"),
    "not a truth value": (
        HEADER + "a\t1\tyes\t=\n",
        "drugs.tsv row 2: `used` must be true or false, found yes",
    ),
    "not a choice": (HEADER + "a\t1\ttrue\t<\n", "drugs.tsv row 2: `relation` must be one of =, >, found <"),
    "duplicate": (
        GOOD + "ruxolitinib\t1\ttrue\t=\n",
        r"drugs.tsv row 5: \(drug\) must be unique, found \(ruxolitinib\)",
    ),
    "no rows": (HEADER, "drugs.tsv: must hold at least one row, found none"),
    "nothing": ("", "drugs.tsv: must hold a header line, found an empty file"),
    "column missing": ("drug\tkd_nM\tused\na\t1\ttrue\n", "drugs.tsv: column `relation` must be there"),
    "column unknown": (
        HEADER.strip() + "\tkdnM\na\t1\ttrue\t=\t2\n",
        "drugs.tsv: column `kdnM` is not one of",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_text_is_refused_with_file_row_and_field(name, tmp_path: Path):
    text, message = BAD[name]
    path = tmp_path / "drugs.tsv"
    path.write_text(text)
    with pytest.raises(TableError, match=message):
        read_table(path, DRUGS)


def test_every_problem_is_reported_at_once(tmp_path: Path):
    path = tmp_path / "drugs.tsv"
    path.write_text(HEADER + "a\t-1\ttrue\t=\nb\t1\ttrue\t?\n")
    with pytest.raises(TableError) as caught:
        read_table(path, DRUGS)
    assert len(caught.value.problems) == 2


def test_good_text_is_read_with_types_and_optional_columns(tmp_path: Path):
    path = tmp_path / "drugs.tsv"
    path.write_text(GOOD)
    frame = read_table(path, DRUGS)
    assert frame.rows() == [("ruxolitinib", 3.4, True, "=", None), ("tofacitinib", 1.6, False, ">", None)]


def test_parquet_round_trip_keeps_provenance(tmp_path: Path):
    frame = pl.DataFrame({"draw": [0, 0], "parameter": ["k", "sigma_x"], "value": [1.0, 2.0]})
    facts = provenance("fit", [], seed=7)
    write_table(frame, tmp_path / "draws.parquet", DRAWS, facts)
    assert read_table(tmp_path / "draws.parquet", DRAWS).equals(frame)
    assert read_provenance(tmp_path / "draws.parquet") == json.loads(json.dumps(facts))


def test_truncated_and_foreign_parquet_are_named(tmp_path: Path):
    path = tmp_path / "draws.parquet"
    write_table(pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [1.0]}), path, DRAWS)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"not parquet", b""):
        path.write_bytes(content)
        with pytest.raises(TableError, match=r"draws\.parquet: must be a readable parquet table"):
            read_table(path, DRAWS)
    with pytest.raises(TableError, match="must exist"):
        read_table(tmp_path / "absent.parquet", DRAWS)


def test_a_table_that_breaks_its_schema_is_not_written(tmp_path: Path):
    path = tmp_path / "draws.parquet"
    with pytest.raises(TableError, match="finite"):
        write_table(pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [float("nan")]}), path, DRAWS)
    assert list(tmp_path.iterdir()) == []


def test_writing_replaces_whole_files_and_leaves_nothing_behind(tmp_path: Path):
    path = tmp_path / "drugs.tsv"
    path.write_text(GOOD)
    frame = read_table(path, DRUGS)
    write_table(frame, path, DRUGS, {"stage": "test"})
    assert read_table(path, DRUGS).equals(frame)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["drugs.tsv", "drugs.tsv.provenance.json"]


def test_a_folder_that_is_a_file_cannot_be_written_to(tmp_path: Path):
    (tmp_path / "results").write_text("in the way")
    frame = pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [1.0]})
    with pytest.raises(TableError, match="must be a folder one can write to"):
        write_table(frame, tmp_path / "results" / "draws.parquet", DRAWS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_write_permission_is_named(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(TableError, match="Permission denied"):
        write_table(
            pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [1.0]}), tmp_path / "d.parquet", DRAWS
        )


def test_digest_depends_on_content_and_not_on_order(tmp_path: Path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("1")
    second.write_text("2")
    assert digest_files([first, second]) == digest_files([second, first])
    before = digest_files([first])
    first.write_text("3")
    assert digest_files([first]) != before


@pytest.mark.parametrize("schema", [SCENARIOS, DRAWS, RESPONSES, RANKED], ids=lambda schema: schema.name)
def test_stage_schemas_describe_every_column(schema: Schema):
    names = [column.name for column in schema.columns]
    assert len(set(names)) == len(names) and set(schema.key) <= set(names)
    assert all(column.description for column in schema.columns)
