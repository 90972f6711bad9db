"""One shard of a screen: a contiguous run of its lanes, from resting states to a table of responses.

What a lane gives depends on its scenario, its draw and the model that it runs on, so shards, batches and threads only
decide who computes it. Lanes are grouped by model, so that a shard has few models to compile and few cells to bring
to rest.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
import polars as pl
from jaxtyping import Int

from screen.errors import SimulateError
from screen.experiments import Draws
from screen.kernel import Status, prepare
from screen.shapes import CELLS, LANES, SETTINGS_DRAWS
from screen.simulate.integrate import (
    COMPLETED,
    STATUS_NAMES,
    Integration,
    Observed,
    Resting,
    Runner,
)
from screen.simulate.parts import Part
from screen.simulate.readouts import Readout, output_times, read, window_doubts
from screen.tables import RESPONSES
from screen.threads import side_by_side

DOUBTFUL = 0.01
"""Share by which a mean over a window may be off before that is said."""

ABREAST = 2
"""Batches whose responses are put down, or waited for, at a time, while others run."""


@dataclass(frozen=True)
class Shard:
    """Which part of the lanes to run: number `index` (from 0) of `count`."""

    index: int
    count: int

    def bounds(self, lanes: int) -> tuple[int, int]:
        """First lane and the one after the last; the shards of a screen cover every lane once."""
        return lanes * self.index // self.count, lanes * (self.index + 1) // self.count


def simulate_shard(
    parts: Sequence[Part],
    readouts: Sequence[Readout],
    integration: Integration,
    shard: Shard,
    report: Callable[[str], None],
) -> Iterator[pl.DataFrame]:
    """RESPONSES of the shard's lanes, one row a lane and read-out, batch by batch: no more is held than that.

    `report` is given a line of progress about every two seconds. SimulateError: no such shard.
    """
    if not 0 <= shard.index < shard.count:
        raise SimulateError(f"shard: must be from 0 to {shard.count - 1}, found {shard.index}")
    own = _own_lanes(parts, shard)
    progress = _Progress(shard, sum(stop - start for _, (start, stop) in own), report)
    doubts: dict[str, float] = {}
    for frame, found in side_by_side(
        lambda batch: batch.read(), _batches(own, readouts, integration), ABREAST
    ):
        progress.done(len(frame) // len(readouts), frame["value"].null_count() // len(readouts))
        doubts |= {name: max(doubts.get(name, 0.0), share) for name, share in found.items()}
        yield frame
    for name, share in doubts.items():
        if share > DOUBTFUL:
            report(
                f"{progress.name}: warning: the mean of `{name}` may be off by {share:.0%}; read a shorter window"
            )


_Run: TypeAlias = tuple[Part, tuple[int, int]]
"""A part, the first of its lanes that run and the one after the last."""


def _own_lanes(parts: Sequence[Part], shard: Shard) -> list[_Run]:
    """The parts of which a shard runs lanes."""
    ends = np.cumsum([0, *(part.lanes for part in parts)])
    bounds = np.clip(shard.bounds(int(ends[-1])), ends[:-1, None], ends[1:, None]) - ends[:-1, None]
    return [
        (part, (int(start), int(stop)))
        for part, (start, stop) in zip(parts, bounds, strict=True)
        if start < stop
    ]


class _Batch(NamedTuple):
    """Lanes of a part that are under way: arm and draw [lanes] as places."""

    part: Part
    readouts: Sequence[Readout]
    arm: Int[np.ndarray, LANES]
    draw: Int[np.ndarray, LANES]
    wait: Callable[[], Observed]

    def read(self) -> tuple[pl.DataFrame, dict[str, float]]:
        """Responses of the lanes, once they are there, and by how large a share means over windows may be off."""
        names, minutes, observed = _names(self.readouts), output_times(self.readouts), self.wait()
        found = _read(self.readouts, names, minutes, observed)
        frame = _frame(self.part, self.readouts, self.arm, self.draw, found)
        return frame, window_doubts(self.readouts, names, minutes, observed.values)


class _Ready(NamedTuple):
    """What runs a part's lanes, and the cells that they start from at rest: which is whose is as of `_cells`."""

    runner: Runner
    draws: Draws
    resting: Resting
    place: Int[np.ndarray, SETTINGS_DRAWS]


def _batches(own: Sequence[_Run], readouts: Sequence[Readout], integration: Integration) -> Iterator[_Batch]:
    """The lanes of runs, batch by batch in their order, each under way.

    What the later runs need, kernels and cells at rest, is made ready meanwhile.
    """
    minutes, there = output_times(readouts), _on_device(own)
    with ThreadPoolExecutor(integration.threads or os.cpu_count()) as pool:
        ready = deque(pool.submit(_make_ready, run, there, readouts, integration) for run in own)
        for part, (begin, stop) in own:
            runner, draws, resting, place = ready.popleft().result()
            for first in range(begin, stop, integration.width):
                arm, draw = part.arm_and_draw(np.arange(first, min(first + integration.width, stop)))
                times = np.broadcast_to(minutes, (len(arm), len(minutes)))
                cells = resting.of(place[part.design.rest[arm], draw])
                yield _Batch(part, readouts, arm, draw, runner.begin(draws, arm, draw, times, cells))


def _on_device(own: Sequence[_Run]) -> dict[int, Any]:
    """Designs and draws by `id`, each once where JAX computes: parts share them."""
    tables = {id(each): each for part, _ in own for each in (part.design, part.draws)}
    return {key: jax.device_put(each) for key, each in tables.items()}


def _make_ready(
    run: _Run, there: dict[int, Any], readouts: Sequence[Readout], integration: Integration
) -> _Ready:
    """Compile what a run needs, and bring its cells to rest."""
    part, bounds = run
    with _ONE_MODEL:
        model = part.model
    prepare(model, integration.engine)
    draws = there[id(part.draws)]
    runner = Runner(model, integration, there[id(part.design)], _names(readouts))
    row, under, place = _cells(part, bounds)
    resting = runner.rest(draws, row, under)
    runner.prepare(bounds[1] - bounds[0], len(output_times(readouts)))
    return _Ready(runner, draws, resting, place)


_ONE_MODEL = Lock()
"""Python builds one model at a time, so that the first is soon there: several at once are no sooner done."""


def _names(readouts: Sequence[Readout]) -> tuple[str, ...]:
    """What is observed, each once."""
    return tuple(dict.fromkeys(readout.observable for readout in readouts))


def _cells(
    part: Part, bounds: tuple[int, int]
) -> tuple[Int[np.ndarray, CELLS], Int[np.ndarray, CELLS], Int[np.ndarray, SETTINGS_DRAWS]]:
    """The cells in which a part's lanes from the first of `bounds` up to the other rest: row of the settings and draw
    of each, and which of them is that of a row and a draw."""
    (start, stop), draws = bounds, len(part.draws.number)
    needed = np.zeros((len(part.design.settings), draws), dtype=bool)
    for at in range(start // draws, (stop - 1) // draws + 1):
        needed[part.design.rest[part.arms[at]], max(start - at * draws, 0) : stop - at * draws] = True
    row, draw = np.nonzero(needed)
    return row, draw, np.cumsum(needed).reshape(needed.shape) - 1


def _read(
    readouts: Sequence[Readout], names: Sequence[str], minutes: np.ndarray, found: Observed
) -> Observed:
    """Read-outs [lanes, readouts]; a lane of which one is no number has failed, and all of them are NaN."""
    values = read(readouts, names, minutes, found.values)
    lost = ~np.isfinite(values).all(axis=1)
    status = np.where(lost & np.isin(found.status, COMPLETED), STATUS_NAMES[Status.NON_FINITE], found.status)
    return Observed(np.where(lost[:, None], np.nan, values), status, found.steps)


def _frame(
    part: Part, readouts: Sequence[Readout], arm: np.ndarray, draw: np.ndarray, found: Observed
) -> pl.DataFrame:
    """Rows of a batch: every read-out of a lane under the lane's status."""
    repeat = len(readouts)

    def texts(of: Sequence[str] | np.ndarray, places: np.ndarray) -> pl.Series:
        return pl.Series(of, dtype=pl.String).gather(places)

    arms, own = np.unique(arm, return_inverse=True)
    statuses, ended = np.unique(found.status, return_inverse=True)
    return pl.DataFrame(
        {
            "scenario": texts([part.scenarios[each] for each in arms], np.repeat(own, repeat)),
            "draw": np.repeat(part.draws.number[draw], repeat),
            "readout": texts([readout.id for readout in readouts], np.tile(np.arange(repeat), len(arm))),
            "value": pl.Series(found.values.ravel()).fill_nan(None),
            "status": texts(statuses, np.repeat(ended, repeat)),
            "steps": np.repeat(found.steps.astype(np.int64), repeat),
        },
        schema=RESPONSES.dtypes(),
    )


class _Progress:
    """Says how far a shard is, how fast it goes and when it should end."""

    def __init__(self, shard: Shard, lanes: int, report: Callable[[str], None]):
        self.name, self.lanes, self.report = f"simulate {shard.index + 1}/{shard.count}", lanes, report
        self.finished = self.failed = 0
        self.started = self.reported = time.monotonic()

    def done(self, lanes: int, failed: int) -> None:
        """Count a batch; report if the last report is two seconds old or this is the end."""
        self.finished, self.failed = self.finished + lanes, self.failed + failed
        now = time.monotonic()
        if now - self.reported < 2 and self.finished < self.lanes:
            return
        self.reported = now
        rate = self.finished / max(now - self.started, 1e-9)
        left = (self.lanes - self.finished) / rate
        self.report(
            f"{self.name}: {self.finished:,} of {self.lanes:,} trajectories, {rate:,.0f}/s, "
            f"{left:.0f} s left, {self.failed:,} failed"
        )
