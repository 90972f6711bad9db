"""Reading and writing tables: text for people (.tsv, .csv), Parquet between stages.

A table is checked whenever it crosses this line, in both directions, and a file is either the old one
or the new one, never half of one.
"""

import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from screen.errors import TableError
from screen.tables.provenance import digest_table
from screen.tables.schema import Schema, check_table, find_problems, parser_for
from screen.tables.seal import OPEN, is_damaged, seal

DATA = "data"
"""Fact of the provenance of a .parquet file: digest of the values in it."""

SEPARATORS = {".tsv": "\t", ".csv": ","}


def read_table(path: Path | str, schema: Schema) -> pl.DataFrame:
    """The table of a .tsv, .csv or .parquet file, checked.

    A .parquet file that `write_table` wrote must hold what was written. Text files may carry comment lines that
    start with `#`; an empty cell is null; columns that are not required and not there are added as null.
    TableError names file, row (line number) and field.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        frame = _read_parquet(path)
        check_table(frame, schema, path.name)
        return frame
    if path.suffix not in SEPARATORS:
        raise TableError(f"{path.name}: must end in .tsv, .csv or .parquet")
    return _read_text(path, schema)


def _read(path: Path, reader: Callable[[Path], Any]) -> Any:
    if not path.exists():
        raise TableError(f"{path}: must exist, found no such file")
    try:
        return reader(path)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError, ValueError) as error:
        reason = str(error).strip().splitlines()
        found = reason[0] if reason else "nothing in it"
        raise TableError(f"{path}: must be a readable {path.suffix[1:]} table, found {found}") from error


def read_provenance(path: Path | str) -> dict[str, Any]:
    """The provenance written with a table; empty where there is none. TableError: damaged or unreadable."""
    path = Path(path)
    if path.suffix == ".parquet":
        _check_seal(path)
        facts = _read(path, pl.read_parquet_metadata).get("provenance")
        return json.loads(facts) if facts else {}
    beside = path.with_name(path.name + ".provenance.json")
    if not beside.exists():
        return {}
    found: dict[str, Any] = _read(beside, lambda file: json.loads(file.read_text(encoding="utf-8")))
    return found


def _check_seal(path: Path) -> None:
    if _read(path, is_damaged):
        raise TableError(f"{path}: must be as it was written, found other bytes; make it again")


def _read_parquet(path: Path) -> pl.DataFrame:
    _check_seal(path)
    frame: pl.DataFrame = _read(path, pl.read_parquet)
    if read_provenance(path).get(DATA) not in (None, digest_table(frame)):
        raise TableError(f"{path}: must hold the values it was written with, found others; make it again")
    return frame


def _read_text(path: Path, schema: Schema) -> pl.DataFrame:
    lines, content = _meaningful_lines(path)
    if not lines:
        raise TableError(f"{path.name}: must hold a header line, found an empty file")
    options: dict[str, Any] = {
        "separator": SEPARATORS[path.suffix],
        "quote_char": '"' if path.suffix == ".csv" else None,
    }
    text = _read(path, lambda _: pl.read_csv(io.BytesIO(content), infer_schema=False, **options))
    lines = lines[1:]
    columns = {column.name: column for column in schema.columns}
    parsed, problems = [], []
    for name in text.columns:
        column = columns.get(name)
        if column is None:
            parsed.append(text[name])
            continue
        values = text.select(parser_for(column)(pl.col(name)).alias(name))[name]
        wrong = (values.is_null() & text[name].is_not_null()).arg_true().to_list()
        kind = "true or false" if values.dtype == pl.Boolean else "a number"
        problems += [
            f"{path.name} row {lines[row]}: `{name}` must be {kind}, found {text[name][row]}" for row in wrong
        ]
        parsed.append(values)
    frame = pl.DataFrame(parsed)
    missing = [c for c in schema.columns if c.name not in frame.columns and not c.required]
    frame = frame.with_columns(pl.lit(None, dtype=column.dtype).alias(column.name) for column in missing)
    if not problems:
        problems = [_with_line(text, lines) for text in find_problems(frame, schema, path.name, 0)]
    if problems:
        raise TableError(problems)
    return frame.select([column.name for column in schema.columns])


def _meaningful_lines(path: Path) -> tuple[list[int], bytes]:
    """Line numbers and text of the lines that hold data, the header first (a cell is never two lines)."""
    lines: list[str] = _read(path, lambda file: file.read_text(encoding="utf-8").splitlines())
    kept = [
        (number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")
    ]
    return [number for number, _ in kept], "\n".join(line for _, line in kept).encode()


def _with_line(problem: str, lines: list[int]) -> str:
    head, found, tail = problem.partition(" row ")
    number, colon, rest = tail.partition(":")
    return f"{head} row {lines[int(number)]}{colon}{rest}" if found and number.isdigit() else problem


def write_table(
    frame: pl.DataFrame, path: Path | str, schema: Schema, provenance: Mapping[str, Any] | None = None
) -> None:
    """Check the table, then write it whole or not at all.

    Parquet carries its provenance inside, with a digest of the values (unless it has one) and a seal; a text
    table has it beside it in `<name>.provenance.json`.
    """
    path = Path(path)
    frame = frame.select(
        [column.name for column in schema.columns if column.required or column.name in frame.columns]
    )
    check_table(frame, schema, path.name)
    if path.suffix == ".parquet":
        provenance = {DATA: digest_table(frame), **(provenance or {})}
    facts = json.dumps(provenance, indent=1, sort_keys=True) if provenance is not None else None
    if path.suffix == ".parquet":
        metadata = {"provenance": facts or "", "seal": OPEN}

        def write(file: Path) -> None:
            frame.write_parquet(file, compression="zstd", metadata=metadata)
            seal(file)

        _write_atomic(path, write)
        return
    _write_atomic(path, lambda file: frame.write_csv(file, separator=SEPARATORS[path.suffix]))
    if facts:
        write_text_atomic(path.with_name(path.name + ".provenance.json"), facts + "\n")


def write_text_atomic(path: Path | str, text: str) -> None:
    """Write a text file whole or not at all."""
    _write_atomic(Path(path), lambda file: file.write_text(text, encoding="utf-8"))


def _write_atomic(path: Path, write: Callable[[Path], Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise TableError(
            f"{path.parent}: must be a folder one can write to, found {error.strerror}"
        ) from error
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        raise TableError(f"{path}: must be writable, found {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
