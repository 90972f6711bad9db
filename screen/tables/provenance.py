"""Where a file came from: versions, digests of what it was made from, seed and device."""

import hashlib
import json
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

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
        "inputs": {Path(path).name: digest_files([path]) for path in sorted(map(str, inputs))},
        **facts,
    }


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
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{file.name}\0{content}\n".encode())
    return digest.hexdigest()


def read_provenance(path: Path | str) -> dict[str, Any]:
    """The provenance written with a table; empty where there is none."""
    path = Path(path)
    if path.suffix == ".parquet":
        facts = pl.read_parquet_metadata(path).get("provenance")
        return json.loads(facts) if facts else {}
    beside = path.with_name(path.name + ".provenance.json")
    return json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
