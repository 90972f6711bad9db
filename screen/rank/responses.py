"""The responses of all trajectories as one dense array, however many files they came in.

Every scenario has to be there under every draw and in every read-out, because comparisons are paired by
draw. A trajectory that failed is there as NaN; one that is missing is an error.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.tables import RESPONSES, SCENARIOS, check_table, read_table

COMPLETED = ("ok", "retried")
"""Statuses of a trajectory whose values may be used."""


@dataclass(frozen=True)
class ResponseArray:
    """values[scenarios, readouts, draws]; NaN where the trajectory failed.

    `scenarios` is sorted by name and its rows are the first axis of `values`. `remarks` (scenario, draw,
    status) lists the trajectories that did not simply end well: retried ones and failed ones.
    """

    scenarios: pl.DataFrame
    readouts: tuple[str, ...]
    draws: tuple[int, ...]
    values: np.ndarray
    remarks: pl.DataFrame

    def digest(self) -> str:
        """SHA-256 of all that is here; the same for any sharding and any order of rows."""
        found = hashlib.sha256(self.scenarios.write_csv().encode())
        found.update(repr((self.readouts, self.draws)).encode())
        found.update(np.ascontiguousarray(self.values).tobytes())
        return found.hexdigest()


def gather_responses(
    source: pl.LazyFrame | pl.DataFrame | Iterable[Path | str], scenarios: pl.DataFrame
) -> ResponseArray:
    """The responses to `scenarios`, from a table or from the files of the simulate stage.

    TableError where a file cannot be read or breaks its schema; RankError where a scenario, draw and
    read-out is missing, there twice or unknown.

    >>> gather_responses(responses, scenarios).values.shape
    (3, 1, 2)
    """
    check_table(scenarios, SCENARIOS, "scenarios")
    scenarios = scenarios.sort("scenario")
    names = pl.Enum(scenarios["scenario"])
    parts, remarks = [], []
    for where, part in _parts(source):
        parts.append(_coded(part, names, where))
        remarks.append(part.filter(pl.col("status") != "ok").select("scenario", "draw", "status").unique())
    if not parts:
        raise RankError("responses: must come in at least one file, found none")
    unknown = [problem for _, problem in parts if problem]
    if unknown:
        raise RankError(unknown)
    table = pl.concat([part for part, _ in parts])
    readouts = tuple(table["readout"].unique().sort().cast(pl.String).sort())
    draws = tuple(table["draw"].unique().sort())
    told = pl.concat(remarks).unique().sort("scenario", "draw", "status")
    return ResponseArray(scenarios, readouts, draws, _dense(table, scenarios, readouts, draws), told)


def _parts(source: pl.LazyFrame | pl.DataFrame | Iterable[Path | str]) -> Iterable[tuple[str, pl.DataFrame]]:
    if isinstance(source, pl.LazyFrame | pl.DataFrame):
        frame = source.lazy().collect()
        check_table(frame, RESPONSES, "responses")
        yield "responses", frame
        return
    for path in sorted(map(Path, source)):
        yield path.name, read_table(path, RESPONSES)


def _coded(part: pl.DataFrame, names: pl.Enum, where: str) -> tuple[pl.DataFrame, str | None]:
    """The columns that count, scenarios as small numbers; and what is wrong with the scenarios, if anything."""
    coded = part.select(
        pl.col("scenario").cast(names, strict=False),
        pl.col("draw"),
        pl.col("readout").cast(pl.Categorical),
        pl.when(pl.col("status").is_in(COMPLETED))
        .then(pl.col("value"))
        .fill_null(float("nan"))
        .alias("value"),
    )
    strangers = part.filter(coded["scenario"].is_null())["scenario"].unique().sort()
    if strangers.is_empty():
        return coded, None
    return (
        coded,
        f"{where}: every scenario must be in the scenarios table, found {strangers.len()} others, e.g. {strangers[0]}",
    )


def _dense(
    table: pl.DataFrame, scenarios: pl.DataFrame, readouts: Sequence[str], draws: Sequence[int]
) -> np.ndarray:
    """The table as [scenarios, readouts, draws]; RankError where a cell is missing or there twice."""
    shape = (scenarios.height, len(readouts), len(draws))
    readout = (
        table["readout"].cast(pl.String).cast(pl.Enum(readouts)).to_physical().to_numpy().astype(np.int64)
    )
    draw = np.searchsorted(np.asarray(draws), table["draw"].to_numpy())
    cell = np.ravel_multi_index(
        (table["scenario"].to_physical().to_numpy().astype(np.int64), readout, draw), shape
    )
    times = np.bincount(cell, minlength=int(np.prod(shape)))
    problems = []
    for wrong, rule in ((times == 0, "be there under every draw and read-out"), (times > 1, "be there once")):
        if wrong.any():
            scenario, which, at = np.unravel_index(int(np.argmax(wrong)), shape)
            problems.append(
                f"responses: every scenario must {rule}, found {int(wrong.sum())} of {wrong.size} cells that are not, "
                f"e.g. {scenarios['scenario'][int(scenario)]}, draw {draws[int(at)]}, {readouts[int(which)]}"
            )
    if problems:
        raise RankError(problems)
    values = np.full(times.size, np.nan)
    values[cell] = table["value"].to_numpy()
    values[~np.isfinite(values)] = np.nan
    return values.reshape(shape)
