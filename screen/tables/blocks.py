"""A .parquet table written some rows at a time, of which no more is held than that."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
from pyarrow import parquet

from screen.tables.files import BLOCK, DATA, metadata, write_file
from screen.tables.provenance import add_rows, begin_digest, digested
from screen.tables.schema import Schema, check_table
from screen.tables.seal import seal


def write_blocks(
    frames: Iterable[pl.DataFrame], path: Path, schema: Schema, provenance: Mapping[str, Any]
) -> None:
    """Write rows as they come, whole or not at all; the file is the same however they come.

    Each block of rows is checked as a table of its own. Provenance, digest and seal are as of `write_table`.
    """
    blocks = _checked(_in_blocks(frames, schema), schema, path.name)

    def write(file: Path) -> None:
        first = next(blocks)
        digest, kinds = begin_digest(first.schema), first.schema.items()
        packed = {
            "compression": "zstd",
            "use_dictionary": [name for name, kind in kinds if not kind.is_float()],
            "use_byte_stream_split": [name for name, kind in kinds if kind.is_float()],
        }
        with parquet.ParquetWriter(file, first.to_arrow().schema, **packed) as writer:
            for block in chain([first], blocks):
                add_rows(digest, digested(block))
                writer.write_table(block.to_arrow(), row_group_size=BLOCK)
            writer.add_key_value_metadata(metadata({DATA: digest.hexdigest(), **provenance}))
        seal(file)

    write_file(path, write)


def _checked(blocks: Iterable[pl.DataFrame], schema: Schema, name: str) -> Iterator[pl.DataFrame]:
    for number, block in enumerate(blocks):
        check_table(block, schema, name, first_row=number * BLOCK + 1)
        yield block


def _in_blocks(frames: Iterable[pl.DataFrame], schema: Schema) -> Iterator[pl.DataFrame]:
    """The same rows, BLOCK at a time; one block without any where there are none."""
    held, waits = pl.DataFrame(schema=schema.dtypes()), True
    for frame in frames:
        held = pl.concat([held, frame])
        while held.height >= BLOCK:
            yield held[:BLOCK].rechunk()
            held, waits = held[BLOCK:], False
    if held.height or waits:
        yield held.rechunk()
