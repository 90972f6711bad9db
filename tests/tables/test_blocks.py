"""A table written some rows at a time is the same file however they come, whole or not at all."""

import sys
from collections.abc import Iterator

import polars as pl
import pytest

from screen.errors import TableError
from screen.tables import DRAWS, read_provenance, read_table, seal, write_table
from screen.tables.blocks import write_blocks

FRAME = pl.DataFrame(
    {"draw": range(23), "parameter": ["k", "sigma_x"] * 11 + ["k"], "value": [1.0 + n for n in range(23)]}
)


@pytest.fixture(autouse=True)
def small(monkeypatch) -> None:
    """Blocks of eight rows, of which a digest takes four at a time; seals are looked for some bytes at a time."""
    monkeypatch.setattr(sys.modules["screen.tables.provenance"], "ROWS", 4)
    monkeypatch.setattr(sys.modules["screen.tables.blocks"], "BLOCK", 8)
    monkeypatch.setattr(seal, "CHUNK", 100)


def cut(*rows: int) -> Iterator[pl.DataFrame]:
    """The table in pieces of so many rows, the rest last."""
    start = 0
    for number in (*rows, FRAME.height - sum(rows)):
        yield FRAME[start : start + number]
        start += number


@pytest.mark.parametrize("rows", [(), (1,) * 22, (3, 19), (8, 8), (0, 16, 7)])
def test_the_file_does_not_depend_on_how_rows_come(tmp_path, rows):
    for name, frames in (("whole", cut()), ("cut", cut(*rows))):
        write_blocks(frames, tmp_path / f"{name}.parquet", DRAWS, {"stage": "here"})
    assert (tmp_path / "cut.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert read_table(tmp_path / "cut.parquet", DRAWS).equals(FRAME)


def test_it_carries_what_a_table_written_at_once_carries(tmp_path):
    write_blocks(cut(5), tmp_path / "cut.parquet", DRAWS, {"stage": "here"})
    write_table(FRAME, tmp_path / "whole.parquet", DRAWS, {"stage": "here"})
    assert read_provenance(tmp_path / "cut.parquet") == read_provenance(tmp_path / "whole.parquet")
    content = bytearray((tmp_path / "cut.parquet").read_bytes())
    content[len(content) // 3] ^= 1
    (tmp_path / "cut.parquet").write_bytes(content)
    with pytest.raises(TableError, match="must be as it was written, found other bytes"):
        read_table(tmp_path / "cut.parquet", DRAWS)


def test_no_more_is_held_than_a_block_and_what_came_last(tmp_path, monkeypatch):
    held: list[int] = []
    taken = 0

    def coming() -> Iterator[pl.DataFrame]:
        nonlocal taken
        for frame in cut(*(2,) * 11):
            taken += frame.height
            yield frame

    def check(frame: pl.DataFrame, schema, name: str, *, first_row: int) -> None:
        assert first_row == sum(held) + 1
        held.append(frame.height)
        assert taken - sum(held) < 2

    monkeypatch.setattr(sys.modules["screen.tables.blocks"], "check_table", check)
    write_blocks(coming(), tmp_path / "cut.parquet", DRAWS, {})
    assert held == [8, 8, 7]


def test_where_rows_break_the_schema_or_fail_to_come_the_old_file_stays(tmp_path):
    path = tmp_path / "draws.parquet"
    write_blocks(cut(), path, DRAWS, {})
    before = path.read_bytes()

    def breaks() -> Iterator[pl.DataFrame]:
        yield FRAME[:12]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_blocks(breaks(), path, DRAWS, {})
    wrong = FRAME.with_columns(draw=pl.when(pl.col("draw") == 20).then(-1).otherwise("draw"))
    with pytest.raises(TableError, match=r"draws.parquet row 21: `draw` must be at least 0, found -1"):
        write_blocks(iter([wrong]), path, DRAWS, {})
    with pytest.raises(TableError, match="must hold at least one row"):
        write_blocks(iter(()), path, DRAWS, {})
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["draws.parquet"]
