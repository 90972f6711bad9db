"""One shard of a screen: a contiguous run of its lanes, from resting states to a table of responses.

What a lane gives depends on its scenario and draw alone, so shards, batches and threads only decide who
computes it. Contexts that leave out modules have a network of their own: lanes are grouped by network, and a
shard takes its share of every group.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from screen.errors import SimulateError
from screen.kernel import Model
from screen.scenarios import Assembly, Lanes, assemble
from screen.simulate.batch import Integration, Responses, Resting, Trajectories, rest_states
from screen.simulate.parts import Part
from screen.simulate.readouts import Readout, check_readouts
from screen.tables import RESPONSES


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
) -> pl.DataFrame:
    """RESPONSES of the shard's lanes: one row a lane and read-out.

    `report` is given a line of progress about every two seconds. SimulateError: an observable that a network
    does not have, no such shard.
    """
    if not 0 <= shard.index < shard.count:
        raise SimulateError(f"shard: must be from 0 to {shard.count - 1}, found {shard.index}")
    for part in parts:
        contexts = ", ".join(dict.fromkeys(context for context, _ in part.assembly.groups))
        check_readouts(readouts, part.model.observables, f"readouts in {contexts}")
    bounds = [shard.bounds(part.assembly.lanes) for part in parts]
    progress = _Progress(shard, sum(stop - start for start, stop in bounds), report)
    frames = [
        frame
        for part, (start, stop) in zip(parts, bounds, strict=True)
        for frame in _frames(part, readouts, integration, start, stop, progress)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=RESPONSES.dtypes())


def _frames(
    part: Part,
    readouts: Sequence[Readout],
    integration: Integration,
    start: int,
    stop: int,
    progress: "_Progress",
) -> Iterator[pl.DataFrame]:
    """Responses of a part's lanes from `start` up to `stop`, batch by batch."""
    if start == stop:
        return
    resting = _resting(part.model, part.assembly, integration, start, stop)
    trajectories = Trajectories(part.model, integration, readouts)
    for first in range(start, stop, integration.batch):
        lanes = assemble(part.assembly, first, min(first + integration.batch, stop))
        found = trajectories(
            lanes.parameters, lanes.switches, Resting(*(item[lanes.group] for item in resting))
        )
        progress.done(len(lanes.draw), int(np.isnan(found.values[:, 0]).sum()))
        yield _frame(part.scenarios, readouts, lanes, found)


def _resting(model: Model, assembly: Assembly, integration: Integration, start: int, stop: int) -> Resting:
    """Resting states by group, found for the groups of these lanes only (NaN elsewhere)."""
    needed = np.unique(assembly.group(np.arange(start, stop)))
    found = rest_states(model, integration, assembly.rest[needed])
    states = np.full((len(assembly.rest), found.states.shape[1]), np.nan)
    status = np.full(len(assembly.rest), "", dtype=found.status.dtype)
    steps = np.zeros(len(assembly.rest), dtype=np.int64)
    states[needed], status[needed], steps[needed] = found.states, found.status, found.steps
    return Resting(states, status, steps)


def _frame(
    scenarios: Sequence[str], readouts: Sequence[Readout], lanes: Lanes, found: Responses
) -> pl.DataFrame:
    """Rows of a batch: every read-out of a lane under the lane's status."""
    repeat = len(readouts)
    names = np.asarray(scenarios, dtype=object)[lanes.scenario]
    return pl.DataFrame(
        {
            "scenario": np.repeat(names, repeat),
            "draw": np.repeat(lanes.draw, repeat),
            "readout": np.tile([readout.id for readout in readouts], len(names)),
            "value": pl.Series(found.values.ravel()).fill_nan(None),
            "status": np.repeat(found.status.astype(object), repeat),
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
