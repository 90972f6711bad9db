"""The responses of all trajectories as one dense array, however many files they came in.

Files are read some rows at a time, so that only the array is ever held whole: 8 bytes a response, and one that
counts. Every scenario has to be there under every draw and in every read-out, because comparisons are paired by
draw. A trajectory that failed is there as NaN; one that is missing is an error.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.rank.series import Cell, find_cells
from screen.tables import RESPONSES, SCENARIOS, check_table, read_blocks
from screen.threads import cached_property

COMPLETED = ("ok", "retried")
"""Statuses of a trajectory whose values may be used."""

OF_A_FILE = replace(RESPONSES, key=())
"""What is there twice is found by its place in the array, in whichever files."""


@dataclass(frozen=True)
class ResponseArray:
    """values[scenarios, readouts, draws]; NaN where the trajectory failed.

    `scenarios` is sorted by name and its rows are the first axis of `values`. `remarks` (scenario, draw,
    status) lists the trajectories that did not simply end well: retried ones and failed ones. `run` [scenarios]: under
    how many of the draws, from the first on, each was simulated; all, but for pairs that a race has stopped.
    """

    scenarios: pl.DataFrame
    readouts: tuple[str, ...]
    draws: tuple[int, ...]
    values: np.ndarray
    remarks: pl.DataFrame
    run: np.ndarray

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """What `find_cells` says of its scenarios."""
        return find_cells(self.scenarios)

    def read(self, readouts: Sequence[str]) -> "ResponseArray":
        """The responses in these read-outs, in their order."""
        if tuple(readouts) == self.readouts:
            return self
        places = [self.readouts.index(name) for name in readouts]
        return replace(self, readouts=tuple(readouts), values=self.values[:, places])

    def digest(self) -> str:
        """SHA-256 of all that is here; the same for any sharding and any order of rows."""
        found = hashlib.sha256(self.scenarios.write_csv().encode())
        found.update(repr((self.readouts, self.draws, self.run.tolist())).encode())
        found.update(np.ascontiguousarray(self.values).ravel().data)
        return found.hexdigest()


def gather_responses(
    source: pl.LazyFrame | pl.DataFrame | Iterable[Path | str],
    scenarios: pl.DataFrame,
    race: pl.DataFrame | None = None,
) -> ResponseArray:
    """The responses to `scenarios`, from a table or from the files of the simulate stage.

    `race` (RACE): which pairs stopped, and after how many draws; None: none did.

    TableError where a file cannot be read or breaks its schema; RankError where a scenario, draw and
    read-out is missing, there twice or unknown.

    >>> gather_responses(responses, scenarios).values.shape
    (3, 1, 2)
    """
    check_table(scenarios, SCENARIOS, "scenarios")
    scenarios = scenarios.sort("scenario")
    names = scenarios["scenario"]
    readouts, draws = list[str](), list[int]()
    values, times = np.empty((scenarios.height, 0, 0)), np.zeros((scenarios.height, 0, 0), np.uint8)
    remarks, strangers = list[pl.DataFrame](), dict[str, set[str]]()
    for where, part in _parts(source):
        remarks.append(part.filter(pl.col("status") != "ok").select("scenario", "draw", "status").unique())
        found, stretch = _stretches(part["scenario"])
        place = names.search_sorted(found).cast(pl.Int64)
        known = names.gather(place.clip(upper_bound=names.len() - 1)) == found
        if not known.all():
            strangers.setdefault(where, set()).update(found.filter(~known))
            continue
        row = place.to_numpy().repeat(stretch)
        readouts, readout = _places(part["readout"], readouts)
        draws, draw = _stretched(part["draw"], draws)
        shape = (scenarios.height, len(readouts), len(draws))
        values, times = _widened(values, shape, np.nan), _widened(times, shape, 0)
        cell = np.ravel_multi_index((row, readout, draw), shape)
        values.reshape(-1)[cell] = _usable(part)
        times.reshape(-1)[cell] = np.minimum(times.reshape(-1)[cell] + 1, 2)
    if not remarks:
        raise RankError("responses: must come in at least one file, found none")
    if strangers:
        raise RankError(
            f"{where}: every scenario must be in the scenarios table, found {len(found)} others, e.g. {min(found)}"
            for where, found in strangers.items()
        )
    run = _draws_run(scenarios, race, len(draws))
    _check_once(times, scenarios, readouts, draws, run)
    told = pl.concat(remarks).unique().sort("scenario", "draw", "status")
    values = _in_order(_in_order(values, readouts, 1), draws, 2)
    return ResponseArray(scenarios, tuple(sorted(readouts)), tuple(sorted(draws)), values, told, run)


def _parts(source: pl.LazyFrame | pl.DataFrame | Iterable[Path | str]) -> Iterable[tuple[str, pl.DataFrame]]:
    if isinstance(source, pl.LazyFrame | pl.DataFrame):
        frame = source.lazy().collect()
        check_table(frame, RESPONSES, "responses")
        yield "responses", frame
        return
    for path in sorted(map(Path, source)):
        for block in read_blocks(path, OF_A_FILE):
            yield path.name, block


def _stretches(column: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """A column whose values stand next to their like: each stretch of one value, and how long it is."""
    found = column.rle().struct
    return found.field("value"), found.field("len").to_numpy()


def _places(column: pl.Series, known: list[str]) -> tuple[list[str], np.ndarray]:
    """What is known, with what is new in a column of text after it, and the place among them of each of its values."""
    place = column.cast(pl.Enum(known), strict=False)
    if place.has_nulls():
        known = known + sorted(set(column.unique()) - set(known))
        place = column.cast(pl.Enum(known))
    return known, place.to_physical().to_numpy().astype(np.int64)


def _stretched(column: pl.Series, known: list[int]) -> tuple[list[int], np.ndarray]:
    """The same of a column of numbers that stand next to their like."""
    values, stretch = _stretches(column)
    known = known + sorted(set(values.unique()) - set(known))
    place = values.replace_strict(known, range(len(known)), return_dtype=pl.Int64).to_numpy()
    return known, place.repeat(stretch)


def _widened(array: np.ndarray, shape: tuple[int, ...], fill: float) -> np.ndarray:
    """The array, with room for further read-outs and draws where the shape is a larger one."""
    if array.shape == shape:
        return array
    wide = np.full(shape, fill, array.dtype)
    wide[tuple(map(slice, array.shape))] = array
    return wide


def _usable(part: pl.DataFrame) -> np.ndarray:
    """The values of completed trajectories, NaN for the others."""
    value = pl.when(pl.col("status").is_in(COMPLETED)).then(pl.col("value")).fill_null(float("nan"))
    found = part.select(value.alias("value"))["value"].to_numpy(writable=True)
    found[~np.isfinite(found)] = np.nan
    return found


def _in_order(array: np.ndarray, names: Sequence[Any], axis: int) -> np.ndarray:
    """The array with an axis in the order of its sorted names."""
    order = np.argsort(np.asarray(names))
    return array if np.all(order[:-1] < order[1:]) else np.take(array, order, axis)


def _draws_run(scenarios: pl.DataFrame, race: pl.DataFrame | None, draws: int) -> np.ndarray:
    """Under how many draws each scenario is run, [scenarios]: all, or those after which its pair stopped."""
    if race is None:
        return np.full(scenarios.height, draws)
    stopped = race.filter("stopped").select("context", "intervention", "draws")
    of_each = scenarios.join(stopped, on=["context", "intervention"], how="left", maintain_order="left")
    return of_each["draws"].fill_null(draws).to_numpy()


def _check_once(
    times: np.ndarray,
    scenarios: pl.DataFrame,
    readouts: Sequence[str],
    draws: Sequence[int],
    run: np.ndarray,
) -> None:
    """RankError where a cell of [scenarios, readouts, draws] is missing, there twice, or there after a stop."""
    problems = []
    after = (np.argsort(np.argsort(draws)) >= run[:, None])[:, None]
    cases = (
        ((times == 0) & ~after, "be there under every draw and read-out"),
        (times > 1, "be there once"),
        ((times > 0) & after, "be left out where its pair has stopped"),
    )
    for wrong, rule in cases:
        if wrong.any():
            scenario, which, at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            problems.append(
                f"responses: every scenario must {rule}, found {int(wrong.sum())} of {wrong.size} cells that are not, "
                f"e.g. {scenarios['scenario'][int(scenario)]}, draw {draws[int(at)]}, {readouts[int(which)]}"
            )
    if problems:
        raise RankError(problems)
