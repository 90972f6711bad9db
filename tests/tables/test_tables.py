"""Tables: what a schema refuses, in which words, and that files are whole or absent."""

import json
import os
import random
import sys
from pathlib import Path

import polars as pl
import pytest

from screen.errors import TableError
from screen.panel import CONTRASTS, TIME_COURSES
from screen.rank import COMBINATIONS, CURVES, FAILURES, ISOBOLES
from screen.settings import MOST_DRAWS
from screen.tables import (
    DECISIVE,
    DRAWS,
    RESPONSES,
    SCENARIOS,
    VALIDATION,
    Column,
    Schema,
    check_table,
    digest_files,
    digest_table,
    files,
    provenance,
    read_blocks,
    read_provenance,
    read_table,
    write_table,
)
from screen.tables.schema import find_problems
from tests.rank.worlds import RANKED

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
        "drugs.tsv: column `kdnM` must be of drug, kd_nM,",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_text_is_refused_with_file_row_and_field(name, tmp_path: Path):
    text, message = BAD[name]
    path = tmp_path / "drugs.tsv"
    path.write_text(text)
    with pytest.raises(TableError, match=message):
        read_table(path, DRUGS)


@pytest.mark.parametrize("cell", ["3.0", "three"])
def test_what_is_counted_must_be_a_whole_number(tmp_path: Path, cell):
    path = tmp_path / "counts.tsv"
    path.write_text(f"n\n{cell}\n")
    with pytest.raises(TableError, match=rf"counts.tsv row 2: `n` must be a whole number, found {cell}"):
        read_table(path, Schema("counts", (Column("n", pl.Int64, "count"),), ()))


def test_every_problem_is_reported_at_once(tmp_path: Path):
    path = tmp_path / "drugs.tsv"
    path.write_text(HEADER + "a\t-1\ttrue\t=\nb\t1\ttrue\t?\n")
    with pytest.raises(TableError) as caught:
        read_table(path, DRUGS)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("{}\t-1\ttrue\t=\n", "`kd_nM` must be positive"),
        ("a\t1\ttrue\t=\n", "must be unique"),
        ("{}\tx\ttrue\t=\n", "`kd_nM` must be a number"),
    ],
)
def test_twenty_problems_are_spelled_out_and_of_more_it_is_said_that_there_are(tmp_path: Path, row, kind):
    path, first = tmp_path / "drugs.tsv", 1 if "unique" in kind else 0
    for count in (20, 21, 30):
        path.write_text(HEADER + "".join(row.format(f"d{number}") for number in range(count + first)))
        with pytest.raises(TableError) as caught:
            read_table(path, DRUGS)
        lines = [f"drugs.tsv row {number + 2 + first}: " for number in range(20)]
        assert all(
            kind in text and text.startswith(line)
            for text, line in zip(caught.value.problems, lines, strict=False)
        )
        more = ["drugs.tsv: there are more problems than these"] * (count > 20)
        assert list(caught.value.problems[20:]) == more and len(caught.value.problems) == 20 + len(more)


def test_good_text_is_read_with_types_and_optional_columns(tmp_path: Path):
    path = tmp_path / "drugs.tsv"
    path.write_text(GOOD)
    frame = read_table(path, DRUGS)
    assert frame.rows() == [("ruxolitinib", 3.4, True, "=", None), ("tofacitinib", 1.6, False, ">", None)]


def test_a_parquet_file_without_columns_is_told_what_it_lacks(tmp_path: Path):
    pl.DataFrame().write_parquet(tmp_path / "draws.parquet")
    with pytest.raises(TableError, match=r"must be there, found no columns$"):
        read_table(tmp_path / "draws.parquet", DRAWS)


def test_parquet_round_trip_keeps_provenance(tmp_path: Path):
    frame = pl.DataFrame({"draw": [0, 0], "parameter": ["k", "sigma_x"], "value": [1.0, 2.0]})
    facts = provenance("fit", [], seed=7)
    write_table(frame, tmp_path / "draws.parquet", DRAWS, facts)
    assert read_table(tmp_path / "draws.parquet", DRAWS).equals(frame)
    found = read_provenance(tmp_path / "draws.parquet")
    assert found.pop("data") == digest_table(read_table(tmp_path / "draws.parquet", DRAWS))
    assert found == json.loads(json.dumps(facts))


def test_a_parquet_file_from_elsewhere_that_ends_its_reader_is_refused(tmp_path: Path, monkeypatch):
    """Bytes that no seal watches over can make the library end the process: another one opens them first."""
    pl.DataFrame({"a": [1.0]}).write_parquet(tmp_path / "t.parquet")
    schema = Schema("t", (Column("a", pl.Float64, "a number"),), key=("a",))
    assert read_table(tmp_path / "t.parquet", schema)["a"].to_list() == [1.0]
    monkeypatch.setattr(files, "READS_IT", "import os; os.abort()")
    with pytest.raises(
        TableError, match="must be a readable parquet table, found one that ends what reads it"
    ):
        read_table(tmp_path / "t.parquet", schema)
    write_table(pl.DataFrame({"a": [2.0]}), tmp_path / "t.parquet", schema, {})
    assert read_table(tmp_path / "t.parquet", schema)["a"].to_list() == [2.0]


def test_truncated_and_foreign_parquet_are_named(tmp_path: Path):
    path = tmp_path / "draws.parquet"
    write_table(pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [1.0]}), path, DRAWS)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"not parquet", b""):
        path.write_bytes(content)
        with pytest.raises(
            TableError, match=r"draws\.parquet: must be a readable parquet table, found .*\b(file|File)\b"
        ):
            read_table(path, DRAWS)
    with pytest.raises(TableError, match="must exist"):
        read_table(tmp_path / "absent.parquet", DRAWS)


def test_a_table_that_breaks_its_schema_is_not_written(tmp_path: Path):
    path = tmp_path / "draws.parquet"
    with pytest.raises(TableError, match="finite"):
        write_table(pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [float("nan")]}), path, DRAWS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["few.tsv", "few.csv", "few.parquet"])
def test_a_column_that_may_be_missing_is_written_where_it_is_there(tmp_path: Path, name):
    schema = Schema(
        "few",
        (
            Column("who", pl.String, "who"),
            Column("kg", pl.Float64, "weight", "kg", required=False, nullable=True),
        ),
        key=("who",),
    )
    whole = pl.DataFrame({"kg": [2.5, 3.0], "who": ["a", "b"]})
    for frame in (whole, whole.select("who")):
        write_table(frame, tmp_path / name, schema)
        found = read_table(tmp_path / name, schema)
        assert found.select(frame.columns).equals(frame)
    assert "kg" not in found.columns or found["kg"].is_null().all()


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
    odd = tmp_path / "a\udcff.csv"
    odd.write_bytes(first.read_bytes())
    assert digest_files([odd]) != digest_files([first])
    before = digest_files([first])
    first.write_text("3")
    assert digest_files([first]) != before


RESULTS = (
    RESPONSES, RANKED, CURVES, COMBINATIONS, ISOBOLES, FAILURES, DECISIVE, VALIDATION, TIME_COURSES, CONTRASTS,
)  # fmt: skip


@pytest.mark.parametrize("schema", RESULTS, ids=lambda schema: schema.name)
def test_limits_of_results_are_those_of_what_they_hold(schema):
    """Shares lie within 0 and 1, nothing else has a most; ranks begin at 1, counts at 0 or 1, sizes at 0."""
    for column in schema.columns:
        assert column.maximum in (None, 1), column.name
        if column.name.startswith("rank"):
            assert column.minimum == 1, column.name
        else:
            assert column.minimum in ((None, 0, 1) if column.dtype == pl.Int64 else (None, 0)), column.name
        if column.name.startswith("p_"):
            assert (column.minimum, column.maximum) == (0, 1), column.name


def test_numbers_of_what_decides_may_lie_on_their_limits_and_not_beyond():
    row = {
        "context": "liver", "hypothesis": "one", "readout": "early", "dose_basis": "1 uM", "leader": "a",
        "runner_up": "b", "margin": -3.0, "p_leader": 0.0, "kind": "parameter", "name": "k", "value": 0.0,
        "slope": -2.0, "sd": 0.0, "swing": 0.0, "flips": False, "flip_value": 0.0, "margin_there": -1.0, "draws": 0,
    }  # fmt: skip

    def problems(**change: object) -> list[str]:
        frame = pl.DataFrame([row | change], schema=DECISIVE.dtypes())
        return find_problems(frame, DECISIVE, "decisive", range(1, 2))

    assert problems() == problems(p_leader=1.0) == problems(value=1e9, sd=1e9, swing=1e9, draws=10**9) == []
    for name in ("p_leader", "value", "sd", "swing", "flip_value", "draws"):
        below = -1 if name == "draws" else -1e-9
        assert problems(**{name: below}) == [f"decisive row 1: `{name}` must be at least 0, found {below:g}"]
    assert problems(p_leader=1.5) == ["decisive row 1: `p_leader` must be at most 1, found 1.5"]


@pytest.mark.parametrize("schema", [SCENARIOS, DRAWS, RESPONSES, RANKED], ids=lambda schema: schema.name)
def test_stage_schemas_describe_every_column(schema: Schema):
    names = [column.name for column in schema.columns]
    assert len(set(names)) == len(names) and set(schema.key) <= set(names)
    assert all(column.description for column in schema.columns)


RESPONSE_ROWS = 60


def test_no_single_flipped_bit_gives_other_values(tmp_path: Path):
    frame = pl.DataFrame(
        {
            "scenario": [f"cell|default|drug{row}@100" for row in range(RESPONSE_ROWS)],
            "draw": [row % 4 for row in range(RESPONSE_ROWS)],
            "readout": ["pY705_20min"] * RESPONSE_ROWS,
            "value": [1 / (1 + row) if row % 9 else None for row in range(RESPONSE_ROWS)],
            "status": ["ok" if row % 9 else "max_steps" for row in range(RESPONSE_ROWS)],
            "steps": [100 + row % 7 for row in range(RESPONSE_ROWS)],
        },
        schema=RESPONSES.dtypes(),
    )
    path = tmp_path / "shard-0.parquet"
    write_table(frame, path, RESPONSES, {"stage": "simulate"})
    whole = path.read_bytes()
    assert read_table(path, RESPONSES).equals(frame)
    problems = []
    generator = random.Random(17)
    for place in generator.sample(range(8 * len(whole)), 400):
        content = bytearray(whole)
        content[place // 8] ^= 1 << place % 8
        path.write_bytes(content)
        try:
            assert read_table(path, RESPONSES).equals(frame)
        except TableError as error:
            problems.append(error.problems)
    assert all(len(lines) == 1 and lines[0].startswith(f"{path}: must ") for lines in problems)
    assert len(problems) > 380  # the rest lies in the name of the seal itself


def test_values_under_a_provenance_that_is_not_theirs_are_refused(tmp_path: Path):
    path = tmp_path / "draws.parquet"
    frame = pl.DataFrame({"draw": [0, 0], "parameter": ["k", "sigma_x"], "value": [1.0, 2.0]})
    write_table(frame, path, DRAWS, {"stage": "fit"})
    write_table(frame.with_columns(pl.col("value") / 2), path, DRAWS, read_provenance(path))
    with pytest.raises(TableError, match=r"must hold the values it was written with, found others; make it"):
        read_table(path, DRAWS)


def test_the_digest_of_a_table_is_of_its_values_and_their_order():
    frame = pl.DataFrame({"name": ["a", "b", None], "value": [1.0, None, 0.0]})
    others = [
        frame.reverse(),
        frame.with_columns(name=pl.Series(["a", "c", None])),
        frame.with_columns(name=pl.Series(["a", "b", ""])),
        frame.with_columns(value=pl.Series([1.0, 0.0, 0.0])),
        frame.with_columns(value=pl.Series([1.0, None, -0.0])),
        frame.rename({"value": "other"}),
        frame[:2],
    ]
    assert len({digest_table(table) for table in (frame, *others)}) == 1 + len(others)
    pieces = pl.concat([frame[:1], frame[1:]], rechunk=False)
    assert digest_table(pieces) == digest_table(frame)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([(0, "sigma_x", 0.0)], "draws row 1: `value` of a sigma must be positive, found 0.0"),
        (
            [(0, "k", -1.0), (0, "sigma_x", -2.0)],
            "draws row 2: `value` of a sigma must be positive, found -2.0",
        ),
        ([(0, "k", float("nan"))], "draws row 1: `value` must be a finite number, found nan"),
        ([(0, "k", float("inf"))], "draws row 1: `value` must be a finite number, found inf"),
        ([(0, "k", None)], "draws row 1: `value` must not be empty, found nothing"),
        ([(0, "k", 1.0), (0, "k", 2.0)], "draws row 2: (draw, parameter) must be unique, found (0, k) again"),
    ],
)
def test_draws_that_cannot_be_used_are_refused(rows, problem):
    frame = pl.DataFrame(rows, schema=DRAWS.dtypes(), orient="row")
    with pytest.raises(TableError) as refused:
        check_table(frame, DRAWS, "draws")
    assert refused.value.problems == (problem,)


def test_a_file_read_some_rows_at_a_time_holds_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["screen.tables.provenance"], "ROWS", 2)
    monkeypatch.setattr(sys.modules["screen.tables.files"], "BLOCK", 4)
    frame = pl.DataFrame({"draw": range(9), "parameter": ["k"] * 9, "value": [float(n) for n in range(9)]})
    path = tmp_path / "draws.parquet"
    write_table(frame, path, DRAWS)
    blocks = list(read_blocks(path, DRAWS))
    assert [block.height for block in blocks] == [4, 4, 1]
    assert pl.concat(blocks).equals(frame)
    write_table(frame.with_columns(pl.col("value") + 1), path, DRAWS, read_provenance(path))
    parts = read_blocks(path, DRAWS)
    assert [next(parts).height for _ in range(3)] == [4, 4, 1]
    with pytest.raises(TableError, match="must hold the values it was written with, found others"):
        next(parts)
    frame.with_columns(draw=pl.when(pl.col("draw") == 6).then(-1).otherwise("draw")).write_parquet(path)
    with pytest.raises(TableError, match=r"draws.parquet row 7: `draw` must be at least 0, found -1"):
        list(read_blocks(path, DRAWS))


def test_the_number_of_a_draw_is_one_that_settings_can_ask_for(tmp_path):
    """Shipped and fitted draws are numbered from 0; a part of them may have gaps."""
    frame = pl.DataFrame({"draw": [7, MOST_DRAWS - 1], "parameter": "k", "value": 1.0})
    write_table(frame, tmp_path / "draws.parquet", DRAWS, {})
    frame = frame.with_columns(draw=pl.Series([MOST_DRAWS, 2**62]))
    frame.write_parquet(tmp_path / "large.parquet")
    with pytest.raises(TableError) as caught:
        read_table(tmp_path / "large.parquet", DRAWS)
    assert list(caught.value.problems) == [
        f"large.parquet row {row}: `draw` must be at most 99999, found {found}"
        for row, found in ((1, MOST_DRAWS), (2, 2**62))
    ]
