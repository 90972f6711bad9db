"""Reading and writing tables: text for people (.tsv, .csv; workbooks are read), Parquet between stages.

A table is checked whenever it crosses this line, in both directions, and a file is either the old one
or the new one, never half of one.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from screen.errors import TableError
from screen.files import check_regular, is_utf8, read_json, write_atomic, write_text_atomic
from screen.tables.provenance import ROWS, add_rows, begin_digest, digest_table, digested
from screen.tables.schema import (
    Schema,
    check_table,
    conformed,
    find_problems,
    name_problems,
    parser_for,
    spelled_out,
)
from screen.tables.seal import OPEN, is_whole, seal
from screen.tables.text import escaped, read_cells
from screen.tables.units import in_nanomolar
from screen.tables.workbook import WORKBOOK
from screen.threads import side_by_side

DATA = "data"
"""Fact of the provenance of a .parquet file: digest of the values in it."""

BLOCK = 4 * ROWS
"""Rows that `read_blocks` takes at a time: one row group, as Parquet is written here."""

READS_IT = "import sys, polars; polars.read_parquet(sys.argv[1])"
"""What a process of its own does with a .parquet file that no stage sealed, before this one opens it."""

SEPARATORS = {".tsv": "\t", ".csv": ","}


def read_table(path: Path | str, schema: Schema) -> pl.DataFrame:
    """The table of a .tsv, .csv, .xlsx or .parquet file, checked.

    A .parquet file that `write_table` wrote must hold what was written. Others may carry comment lines that
    start with `#`; an empty cell is null; columns that are not required and not there are added as null.
    TableError names file, row (line number) and field.
    """
    return read_numbered(path, schema)[0]


def read_numbered(path: Path | str, schema: Schema, name: str = "") -> tuple[pl.DataFrame, list[int]]:
    """The table, and the number of each row as messages name it: its line, or its place in Parquet.

    `name` is what messages call the file, where its own name alone would not tell it from others.
    """
    path = Path(path)
    name = name or path.name
    if path.suffix == ".parquet":
        frame = _read_parquet(path)
        check_table(frame, schema, name)
        return conformed(frame, schema), list(range(1, frame.height + 1))
    if path.suffix not in (*SEPARATORS, WORKBOOK):
        raise TableError(f"{name}: must end in .tsv, .csv, .xlsx or .parquet")
    return _read_text(path, schema, name)


def read_blocks(path: Path | str, schema: Schema) -> Iterator[pl.DataFrame]:
    """The rows of a .parquet file, some at a time, each part checked as a table of its own.

    TableError as of `read_table`; that values are not those that were written is known after the last part.
    """
    path = Path(path)
    _check_seal(path)
    rows: int = _read(path, lambda file: pl.scan_parquet(file).select(pl.len()).collect().item())
    digest = begin_digest(_read(path, lambda file: pl.scan_parquet(file).collect_schema()))

    def checked(start: int) -> tuple[pl.DataFrame, list[bytes]]:
        block: pl.DataFrame = _read(path, lambda file: pl.scan_parquet(file).slice(start, BLOCK).collect())
        check_table(block, schema, path.name, first_row=start + 1)
        return block, list(digested(block))

    for block, parts in side_by_side(checked, range(0, max(rows, 1), BLOCK)):
        add_rows(digest, parts)
        yield block
    _check_values(path, digest.hexdigest())


def _read(path: Path, reader: Callable[[Path], Any]) -> Any:
    if not path.exists():
        raise TableError(f"{path}: must exist, found no such file")
    _check_letters(path)
    check_regular(path, TableError, "parquet table")
    try:
        return reader(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()
        found = reason[0] if reason else "nothing in it"
        raise TableError(f"{path}: must be a readable parquet table, found {found}") from error


def read_provenance(path: Path | str) -> dict[str, Any]:
    """The provenance written with a table; empty where there is none. TableError: damaged or unreadable."""
    path = Path(path)
    if path.suffix == ".parquet":
        _check_seal(path)
        return _facts(path)
    beside = path.with_name(path.name + ".provenance.json")
    return read_json(beside, TableError, f"remove it and make {path.name} again") if beside.exists() else {}


def _facts(path: Path) -> dict[str, Any]:
    """What a Parquet file says of its origin. TableError where that is not as `write_table` writes it."""
    try:
        facts = json.loads(_read(path, pl.read_parquet_metadata).get("provenance") or "{}")
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict) or not isinstance(facts.get("inputs", {}), dict):
        raise TableError(
            f"{path}: must say in JSON what it was made from, found something else; make it again"
        )
    return facts


def _check_seal(path: Path) -> None:
    """TableError: damaged, or from elsewhere and such that it ends the process that reads it."""
    whole = _read(path, is_whole)
    if whole is False:
        raise TableError(f"{path}: must be as it was written, found other bytes; make it again")
    if whole is None:
        done = subprocess.run(
            [sys.executable, "-I", "-c", READS_IT, path.absolute()], stderr=subprocess.DEVNULL, check=False
        )
        if done.returncode < 0:
            raise TableError(f"{path}: must be a readable parquet table, found one that ends what reads it")


def _read_parquet(path: Path) -> pl.DataFrame:
    _check_seal(path)
    frame: pl.DataFrame = _read(path, pl.read_parquet)
    _check_values(path, digest_table(frame))
    return frame


def _check_values(path: Path, found: str) -> None:
    if _facts(path).get(DATA) not in (None, found):
        raise TableError(f"{path}: must hold the values it was written with, found others; make it again")


def _read_text(path: Path, schema: Schema, name: str) -> tuple[pl.DataFrame, list[int]]:
    cells = read_cells(path, [column.name for column in schema.columns], name)
    found, problems = in_nanomolar(cells.text, schema, name, cells.lines)
    if problems := problems or name_problems(found.columns, schema, name):
        raise TableError(problems)
    columns = {column.name: column for column in schema.columns}
    parsed = found.select(parser_for(columns[name])(pl.col(name)) for name in found.columns)
    for text, values in zip(found, parsed, strict=True):
        if values.null_count() == text.null_count():
            continue
        wrong = (values.is_null() & text.is_not_null()).arg_true().to_list()
        kind = _kind(values.dtype)
        problems += [
            f"{name} row {cells.lines[row]}: `{text.name}` must be {kind}, found {text[row]}" for row in wrong
        ]
    frame = conformed(parsed, schema)
    if problems := problems or find_problems(frame, schema, name, cells.lines):
        raise TableError(spelled_out(problems, name))
    return frame, cells.lines


def _kind(dtype: pl.DataType) -> str:
    """What the cells of a column must be, in words."""
    if dtype == pl.Boolean:
        return "true or false"
    return "a whole number" if dtype.is_integer() else "a number"


def write_table(
    frame: pl.DataFrame, path: Path | str, schema: Schema, provenance: Mapping[str, Any] | None = None
) -> None:
    """Check the table, then write it whole or not at all.

    Parquet carries its provenance inside, with a digest of the values (unless it has one) and a seal; a text
    table has it beside it in `<name>.provenance.json`. Text that a spreadsheet would take for a formula is
    escaped; `read_table` takes that back.
    """
    path = Path(path)
    frame = frame.select(
        [column.name for column in schema.columns if column.required or column.name in frame.columns]
    )
    check_table(frame, schema, path.name)
    if path.suffix == ".parquet":
        facts = metadata({DATA: digest_table(frame), **(provenance or {})})

        def write(file: Path) -> None:
            frame.write_parquet(file, compression="zstd", metadata=facts)
            seal(file)

        write_file(path, write)
        return
    write_file(path, lambda file: file.write_text(table_text(frame, path), encoding="utf-8"))
    if provenance is not None:
        write_text_atomic(path.with_name(path.name + ".provenance.json"), _as_json(provenance) + "\n")


def metadata(provenance: Mapping[str, Any]) -> dict[str, str]:
    """What the footer of a .parquet file says: its provenance, and a seal that is still open."""
    return {"provenance": _as_json(provenance), "seal": OPEN}


def _as_json(provenance: Mapping[str, Any]) -> str:
    return json.dumps(provenance, indent=1, sort_keys=True)


def table_text(frame: pl.DataFrame, path: Path) -> str:
    """What a text table at `path` holds; text that a spreadsheet would take for a formula is escaped."""
    return str(escaped(frame).write_csv(separator=SEPARATORS[path.suffix]))


def _check_letters(path: Path) -> None:
    """Raise TableError for a .parquet file whose name polars cannot take."""
    if path.suffix == ".parquet" and not is_utf8(str(path)):
        raise TableError(
            f"{path}: must be a name in UTF-8, as it is a parquet table, found other bytes in it"
        )


def write_file(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` write a file, whole or not at all; what polars says of a full disk is said in our words."""

    _check_letters(path)

    def with_plain_errors(file: Path) -> None:
        try:
            write(file)
        except pl.exceptions.PolarsError as error:  # so polars says that a disk is full
            raise OSError(str(error)) from error

    write_atomic(path, with_plain_errors, swept=True)
