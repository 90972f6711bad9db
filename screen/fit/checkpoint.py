"""Checkpoints: the arrays of a search in one file, tied by a key to the very search they belong to."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def write_checkpoint(path: Path, key: str, tree: Any) -> None:
    """Write every array of the tree; the file is replaced in one go, so a kill leaves the old one."""
    leaves = jax.tree.leaves(tree)
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {f"leaf_{place}": np.asarray(leaf) for place, leaf in enumerate(leaves)}
    np.savez(buffer, key=np.array(key), **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(buffer.getvalue())
    os.replace(temporary, path)


def read_checkpoint(path: Path, key: str, like: Any) -> Any | None:
    """The tree in the shape of `like`; None where there is no file or it is of another search or damaged."""
    leaves, structure = jax.tree.flatten(like)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if str(stored["key"]) != key:
                return None
            found = [stored[f"leaf_{place}"] for place in range(len(leaves))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if any(one.shape != np.shape(other) for one, other in zip(found, leaves, strict=True)):
        return None
    return jax.tree.unflatten(structure, [jnp.asarray(leaf) for leaf in found])
