"""Where a file came from: versions, digests of what it was made from, seed and device."""

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from screen import __version__

PACKAGES = (
    "jax",
    "jaxlib",
    "diffrax",
    "optax",
    "polars",
    "numpy",
    "petab",
    "antimony",
    "python-libsbml",
    "snakemake",
)


def provenance(stage: str, inputs: Iterable[Path | str] = (), **facts: Any) -> dict[str, Any]:
    """What a table needs said of its origin; no time of day, so that equal work gives equal files."""
    return {
        "stage": stage,
        "screen": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "inputs": _digests(sorted({Path(path) for path in inputs})),
        **facts,
    }


def _digests(paths: list[Path]) -> dict[str, str]:
    """Digest of each path by its name, or by itself where two have one name."""
    names = Counter(path.name for path in paths)
    return {path.name if names[path.name] == 1 else str(path): digest_files([path]) for path in paths}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def digest_files(paths: Iterable[Path | str]) -> str:
    """SHA-256 over names and contents of files, and of all files below folders; independent of order."""
    digest = hashlib.sha256()
    for root in sorted({Path(path) for path in paths}):
        for file in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if file.is_file() and "__pycache__" not in file.parts:
                with file.open("rb") as opened:
                    content = hashlib.file_digest(opened, "sha256").hexdigest()
                digest.update(f"{file.name}\0{content}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


ROWS = 65_536
"""Rows that a digest takes at a time."""


def digest_table(frame: pl.DataFrame) -> str:
    """SHA-256 over names, types and values of a flat table, in its order; however it is stored."""
    digest = begin_digest(frame.schema)
    add_rows(digest, digested(frame))
    return digest.hexdigest()


def begin_digest(schema: pl.Schema) -> "hashlib._Hash":
    """The digest of a table of which no row is known yet."""
    return hashlib.sha256(json.dumps([[name, str(kind)] for name, kind in schema.items()]).encode())


def add_rows(digest: "hashlib._Hash", parts: Iterable[bytes]) -> None:
    """Take the next rows of the table in, by their `digested`."""
    for part in parts:
        digest.update(part)


def digested(frame: pl.DataFrame) -> Iterator[bytes]:
    """What a digest takes in of rows; but for the last ones of a table, a multiple of ROWS of them."""
    for block in frame.iter_slices(ROWS):
        for series in block:
            yield series.is_null().to_numpy().tobytes()
            values = series.drop_nulls()
            if values.dtype == pl.String:
                runs = values.rle().struct.unnest()
                names = runs["value"].unique(maintain_order=True)
                yield json.dumps(names.to_list()).encode()
                codes = runs["value"].cast(pl.Enum(names)).to_physical().cast(pl.UInt32).to_numpy()
                yield codes.repeat(runs["len"].to_numpy()).tobytes()
            else:
                yield np.ascontiguousarray(values.to_numpy()).tobytes()
