"""Effects by dose as an annotated matrix, for single-cell tools: what was given in rows, read-outs in columns.

The format is that of AnnData on disk, as its documentation lays it down (Virshup 2024 J Open Source Softw 9:4371). It
is written here, because the package itself wants another pandas than the one that reads PEtab.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.files import write_atomic
from screen.rank.aim import Aim
from screen.rank.draws import spread
from screen.rank.intervals import QUANTILES
from screen.rank.mixture import pools
from screen.rank.paired import paired_ratio
from screen.rank.responses import ResponseArray

GIVEN = {
    "context": pl.String, "drug_1": pl.String, "class_1": pl.String, "dose_1_nM": pl.Float64, "drug_2": pl.String,
    "class_2": pl.String, "dose_2_nM": pl.Float64, "drug_3": pl.String, "class_3": pl.String, "dose_3_nM": pl.Float64,
}  # fmt: skip
"""Columns that say what a row was given; no drug is an empty name and dose 0."""


class Annotated(NamedTuple):
    """Rows of `GIVEN`, the names of the read-outs, and treated/vehicle [rows, readouts] by layer (`QUANTILES`)."""

    given: pl.DataFrame
    readouts: tuple[str, ...]
    layers: dict[str, np.ndarray]


def annotate_effects(found: ResponseArray, aim: Aim, drugs: pl.DataFrame) -> Annotated:
    """Every dose of single drugs, pairs and triples in each cell, of several hypotheses their mixture.

    `drugs` has the columns drug and class.

    >>> found = annotate_effects(gather_responses(responses, scenarios), aim, drugs)
    >>> found.given["dose_1_nM"].to_list(), found.layers["p50"][:, 0].round(3).tolist()
    ([0.0, 10.0, 90.0], [1.0, 0.75, 0.25])
    """
    cells = found.cells
    ratio = paired_ratio(found, cells, aim.floor)
    classes = dict(drugs.select("drug", "class").iter_rows())
    given: list[tuple] = []
    parts: dict[str, list[np.ndarray]] = {name: [] for name in QUANTILES}
    for pool in pools(cells, ratio):
        for drugs_given, doses, _ in pool.cell.given:
            together = [*zip(drugs_given, doses, strict=True), *[("", 0.0)] * 3][:3]
            named = ((name, classes.get(name, ""), dose) for name, dose in together)
            given.append((pool.cell.context, *chain.from_iterable(named)))
        found_here = spread(pool.ratio[pool.cell.given_rows], pool.weights).values()
        for name, each in zip(QUANTILES, found_here, strict=True):
            parts[name].append(each)
    layers = {name: np.concatenate(each) for name, each in parts.items()}
    return Annotated(pl.DataFrame(given, schema=GIVEN, orient="row"), tuple(found.readouts), layers)


def write_annotated(found: Annotated, path: Path, facts: Mapping[str, Any]) -> None:
    """Write an .h5ad file, the matrix the median; `facts` go into its `uns` as one text in JSON.

    >>> import h5py
    >>> from pathlib import Path
    >>> found = annotate_effects(gather_responses(responses, scenarios), aim, drugs)
    >>> write_annotated(found, Path("effects.h5ad"), {"stage": "export"})
    >>> h5py.File("effects.h5ad")["layers/p50"][:, 0].round(3).tolist()
    [1.0, 0.75, 0.25]
    """
    import h5py  # which no other part of the ranking waits for

    labels = [_label(row) for row in found.given.iter_rows()]

    def write(place: Path) -> None:
        with h5py.File(place, "w") as file:
            _of_kind(file, "anndata", "0.1.0")
            _array(file, "X", found.layers["p50"])
            _frame(file, "obs", labels, found.given)
            _frame(file, "var", found.readouts, pl.DataFrame())
            for name in ("layers", "uns", "obsm", "varm", "obsp", "varp"):
                _of_kind(file.create_group(name), "dict", "0.1.0")
            for name, values in found.layers.items():
                _array(file["layers"], name, values)
            file["uns"].create_dataset("provenance", data=json.dumps(facts), dtype=h5py.string_dtype())
            _of_kind(file["uns/provenance"], "string", "0.2.0")

    write_atomic(path, write, RankError)


def _of_kind(place: Any, kind: str, version: str) -> None:
    place.attrs["encoding-type"], place.attrs["encoding-version"] = kind, version


def _array(folder: Any, name: str, values: np.ndarray | Sequence[str]) -> None:
    """An array of numbers or of texts."""
    import h5py

    texts = not isinstance(values, np.ndarray)
    kind = h5py.string_dtype() if texts else None
    folder.create_dataset(name, data=list(values) if texts else values, dtype=kind)
    _of_kind(folder[name], "string-array" if texts else "array", "0.2.0")


def _frame(file: Any, name: str, index: Sequence[str], columns: pl.DataFrame) -> None:
    """A table and what its rows are called."""
    folder = file.create_group(name)
    _of_kind(folder, "dataframe", "0.2.0")
    folder.attrs["_index"], folder.attrs["column-order"] = "_index", columns.columns or np.array([], "S1")
    _array(folder, "_index", index)
    for column in columns:
        _array(folder, column.name, column.to_list() if column.dtype == pl.String else column.to_numpy())


def _label(row: tuple) -> str:
    context, *given = row
    drugs = [f"{name} {dose:g} nM" for name, dose in zip(given[::3], given[2::3], strict=True) if name]
    return f"{context} | {' + '.join(drugs) or 'vehicle'}"
