"""A table of one file or of several, so that own rows can live in files of their own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from screen.errors import TableError, printable
from screen.files import read_text
from screen.tables.files import SEPARATORS, read_numbered, read_table, table_text, write_text_atomic
from screen.tables.schema import Schema, check_table

WHERE = "where"
"""Column of `read_placed` that says where each row stands."""


def read_tables(paths: Path | Sequence[Path], schema: Schema) -> pl.DataFrame:
    """The rows of all files, in their order, each file checked as `read_table` does; of several, some may be empty.

    TableError: what any file breaks; a key that is in two files, both named.
    """
    return read_placed(paths, schema).drop(WHERE)


def read_placed(paths: Path | Sequence[Path], schema: Schema) -> pl.DataFrame:
    """The rows of `read_tables` with one more column `where`: file and row of each, as messages name them."""
    files = files_of(paths)
    alone = len(files) == 1
    frames: list[pl.DataFrame] = []
    problems: list[str] = []
    for path in files:
        name = printable(path.name if alone else str(path))
        try:
            frame, lines = read_numbered(
                path, replace(schema, may_be_empty=schema.may_be_empty or not alone), name
            )
        except TableError as error:
            problems += error.problems
            continue
        places = pl.Series(WHERE, [f"{name} row {line}" for line in lines], pl.String)
        frames.append(frame.with_columns(places))
    if problems:
        raise TableError(problems)
    if alone:
        return frames[0]
    key = list(schema.key)
    seen: dict[tuple, Path] = {}
    twice: dict[tuple[Path, Path], list[tuple]] = {}
    for path, frame in zip(files, frames, strict=True):
        for row in frame.select(key).iter_rows():
            if seen.setdefault(row, path) != path:
                twice.setdefault((path, seen[row]), []).append(row)
    if twice:
        raise TableError(
            f"{path}: ({', '.join(key)}) must be in one file, found ({', '.join(map(str, rows[0]))})"
            f"{f' and {len(rows) - 1} more' * (len(rows) > 1)} in {other} too"
            for (path, other), rows in twice.items()
        )
    joined = pl.concat(frames)
    check_table(joined.drop(WHERE), schema, " and ".join(map(str, files)))
    return joined


def replace_rows(rows: pl.DataFrame, path: Path, schema: Schema, owner: str) -> None:
    """Write rows into a text table, in place of those with the same values of the column `owner`.

    Other rows stay, and comment lines, these at the top. TableError: a file that is no text table, a table there
    that breaks its schema.
    """
    comments: list[str] = []
    if path.suffix not in SEPARATORS:
        raise TableError(f"{path}: must end in {' or '.join(SEPARATORS)}, found {path.suffix or 'no ending'}")
    if path.exists():
        old = read_table(path, replace(schema, may_be_empty=True))
        comments = [line for line in read_text(path, TableError).splitlines() if line.startswith("#")]
        rows = pl.concat([old.filter(~pl.col(owner).is_in(rows[owner].implode())), rows])
    check_table(rows, schema, path.name)
    write_text_atomic(path, "".join(f"{line}\n" for line in comments) + table_text(rows, path))


def files_of(paths: Path | Sequence[Path]) -> list[Path]:
    """The files of a table."""
    return [paths] if isinstance(paths, Path) else list(paths)
