"""What a long computation says as it goes, and what it leaves for the next run if it is cut off.

A checkpoint is the arrays of one search in one file, tied by a digest to the very search they belong to.
"""

import hashlib
import io
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

PREFIX = "checkpoint_"


def silent(line: str) -> None:
    """Report nothing."""


class Checkpoint:
    """The file of one search; without a path nothing is kept."""

    def __init__(self, path: Path | None, digest: str, seconds: float):
        self.path, self.digest, self.seconds = path, digest, seconds
        self.saved = time.monotonic()

    def write(self, tree: Any, last: bool = False) -> None:
        """Write every array of the tree, once in `seconds` or if it is the last; the file is replaced in one go."""
        now = time.monotonic()
        if self.path is None or (not last and now - self.saved < self.seconds):
            return
        self.saved, buffer = now, io.BytesIO()
        leaves = {f"leaf_{place}": np.asarray(leaf) for place, leaf in enumerate(jax.tree.leaves(tree))}
        np.savez(buffer, allow_pickle=False, digest=np.array(self.digest), **leaves)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        temporary.write_bytes(buffer.getvalue())
        os.replace(temporary, self.path)

    def read(self, like: Any) -> Any | None:
        """The tree in the shape of `like`; None where there is no file or it is of another search or damaged."""
        leaves, structure = jax.tree.flatten(like)
        try:
            with open(self.path or os.devnull, "rb") as file, np.load(file, allow_pickle=False) as stored:
                if str(stored["digest"]) != self.digest:
                    return None
                found = [stored[f"leaf_{place}"] for place in range(len(leaves))]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if any(one.shape != np.shape(other) for one, other in zip(found, leaves, strict=True)):
            return None
        return jax.tree.unflatten(structure, found)


@dataclass(frozen=True)
class Log:
    """Where progress is told, and where checkpoints lie."""

    report: Callable[[str], None] = silent
    stage: str = "fit"
    """What every line begins with."""
    folder: Path | None = None
    """Nothing is kept without it."""
    key: str = ""
    """What ties checkpoints to this run, beside what each search begins with."""
    seconds: float = 0.0
    """Least time between two writes of a checkpoint [s]."""

    def say(self, line: str) -> None:
        """Tell how it goes."""
        self.report(f"{self.stage}: {line}")

    def checkpoint(self, name: str, *what: Any) -> Checkpoint:
        """The checkpoint of a search that `what`, a tree of arrays and numbers, makes what it is."""
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves((self.key, what))]
        parts = repr([(str(leaf.dtype), leaf.shape, leaf.tobytes()) for leaf in leaves])
        path = None if self.folder is None else self.folder / f"{PREFIX}{name}.npz"
        return Checkpoint(path, hashlib.sha256(parts.encode()).hexdigest(), self.seconds)

    def clear(self) -> None:
        """Remove every checkpoint."""
        for path in self.folder.glob(f"{PREFIX}*.npz") if self.folder is not None else ():
            path.unlink()


QUIET = Log()
"""Says nothing and keeps nothing."""
