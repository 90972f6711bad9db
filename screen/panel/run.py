"""Arms in one batch: each cell brought to rest once, each arm run once; and each check of the panel per draw."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int

from screen.experiments import Arm, Draws, make_design, read_draws, written_out
from screen.kernel import Model
from screen.panel.statistics import STATISTICS, Course
from screen.panel.table import Check
from screen.scenarios import ContextTables, DrugTables
from screen.shapes import DOSES_MINUTES, DRAWS, DRAWS_ANY_MINUTES, DRAWS_ANY_NAMES
from screen.simulate import Integration, Observed, Runner, distinct_cells

MOST_OUTPUTS = 2**15
"""Lanes times output times, or phases, handed to the engine at once, which bounds memory."""

SHORT = 4
"""Arms with at most so many output times run apart, so that they need not store as many as a time course."""


@dataclass(frozen=True)
class PanelTables:
    """What the checks of a panel name: contexts, drugs, and the network with the parameters of the whole one."""

    model: Model
    contexts: ContextTables
    drugs: DrugTables
    whole: tuple[str, ...] = ()

    @property
    def absent(self) -> set[str]:
        """Parameters that only the whole network has."""
        return set(self.whole).difference(self.model.parameters)


class Finding(NamedTuple):
    """A check under every draw: the statistic, whether it lies within the bounds, whether a lane failed."""

    check: Check
    values: Float[np.ndarray, DRAWS]
    passed: Bool[np.ndarray, DRAWS]
    failed: Bool[np.ndarray, DRAWS]


@runtime_checkable
class Asks(Protocol):
    """What is asked of arms: what is read of each, and when [min]. A check asks so."""

    @property
    def sides(self) -> Sequence[tuple[Arm, str]]:
        """Arms as written, and what is read of each."""

    @property
    def minutes(self) -> tuple[float, ...]:
        """Times, ascending."""


class Bench:
    """The arms that are asked of, to be run under any draws; compiled at the first run and kept.

    `arms` are all different arms, `minutes` when each is read, `names` what is read, `drugs` what a draw must tell of.
    """

    def __init__(self, asked: Sequence[Asks], tables: PanelTables, integration: Integration):
        self.tables, self.integration, contexts = tables, integration, tables.contexts
        self.drugs = tuple(
            dict.fromkeys(
                name
                for each in asked
                for arm, _ in each.sides
                for name in arm.treatment.names()
                if name in tables.drugs.drugs
            )
        )
        self.names = tuple(dict.fromkeys(name for each in asked for _, name in each.sides))
        wanted: dict[Arm, set[float]] = {}
        for each in asked:
            for template, _ in each.sides:
                for dose in template.doses:
                    wanted.setdefault(written_out(template.at(dose), contexts), set()).update(each.minutes)
        self.arms = {arm: place for place, arm in enumerate(wanted)}
        self.minutes = [np.array(sorted(times)) for times in wanted.values()]
        parameters = tables.model.parameters
        self.design = make_design(list(wanted), contexts, tables.drugs, self.drugs, parameters, tables.absent)
        self.runner = Runner(tables.model, integration, self.design, self.names)

    def draws(self, table: pl.DataFrame | None, seed: int) -> Draws:
        """DRAWS as arrays for the drugs of the checks; the nominal values where there are none."""
        network = dict(zip(self.tables.model.parameters, self.tables.model.values, strict=True))
        return read_draws(table, network, self.drugs, self.tables.drugs, seed, self.tables.absent)

    def __call__(
        self, draws: Draws, report: Callable[[str], None] = lambda line: None
    ) -> list[Float[np.ndarray, DRAWS_ANY_NAMES]]:
        """What is read of every arm: values [draws, times, names], NaN where the lane failed."""
        return [found.values for found in self.run(draws, report)]

    def run(self, draws: Draws, report: Callable[[str], None]) -> list[Observed]:
        """Every arm under every draw, with how its lanes ended."""
        count = len(draws.number)
        places = np.arange(len(self.minutes) * count)
        row, under, cell = distinct_cells(self.design.rest[places // count], places % count)
        resting = self.runner.rest(draws, row, under)
        report(f"{len(np.unique(row))} cells at rest in {count} draws")
        found: dict[int, Observed] = {}
        progress = _Progress(len(self.minutes), count, report)
        for arms in self._groups(count):
            longest = max(len(self.minutes[arm]) for arm in arms)
            times = np.array(
                [
                    np.pad(self.minutes[arm], (0, longest - len(self.minutes[arm])), mode="edge")
                    for arm in arms
                ]
            )
            arm, draw = np.repeat(arms, count), np.tile(np.arange(count), len(arms))
            at_rest = resting.of(cell[arm * count + draw])
            lanes = self.runner(draws, arm, draw, np.repeat(times, count, axis=0), at_rest)
            for number, place in enumerate(arms):
                values, status, steps = (part[number * count :][:count] for part in lanes)
                found[int(place)] = Observed(values[:, : len(self.minutes[place])], status, steps)
            progress.done(len(found), sum(int(np.sum(one.failed)) for one in found.values()))
        return [found[arm] for arm in range(len(self.minutes))]

    def _groups(self, draws: int) -> list[np.ndarray]:
        """Arms that run together: alike in length, as many as fit, and all groups of a length equally large."""
        length = np.array([len(times) for times in self.minutes])
        groups = []
        for chosen in (np.flatnonzero(length <= SHORT), np.flatnonzero(length > SHORT)):
            if len(chosen):
                longest = max(length[chosen].max(), self.design.start.shape[1])
                most = min(self.integration.width, MOST_OUTPUTS // longest) // draws
                groups += np.array_split(chosen, -(-len(chosen) // max(1, most)))
        return groups

    def course_places(self, asked: Asks, template: Arm) -> tuple[list[int], Int[np.ndarray, DOSES_MINUTES]]:
        """The arms [doses] of one as it is asked of, and where its times are among those of each [doses, times]."""
        arms = [self.arms[written_out(template.at(dose), self.tables.contexts)] for dose in template.doses]
        return arms, np.array([np.searchsorted(self.minutes[arm], asked.minutes) for arm in arms])


def courses_of(
    bench: Bench, asked: Asks, traces: Sequence[Float[np.ndarray, DRAWS_ANY_NAMES]]
) -> list[Float[np.ndarray, DRAWS_ANY_MINUTES]]:
    """What is read of each arm that is asked of: [draws, doses, times]."""
    found = []
    for template, name in asked.sides:
        arms, places = bench.course_places(asked, template)
        column = bench.names.index(name)
        found.append(
            np.stack([traces[arm][:, at, column] for arm, at in zip(arms, places, strict=True)], axis=1)
        )
    return found


def statistic(name: str, minutes: Any, doses: Sequence[Any], values: Sequence[Any]) -> Any:
    """A statistic [draws] by name, of what is read of one or two arms [draws, doses, times].

    `minutes` [times] are those of both, `doses` [doses] those of each. Arrays of JAX give one that is differentiable.
    """
    courses = [Course(minutes, *each) for each in zip(doses, values, strict=True)]
    return STATISTICS[name].compute(courses[0], courses[1] if len(courses) > 1 else None)


def find(
    bench: Bench, checks: Iterable[Check], traces: Sequence[Float[np.ndarray, DRAWS_ANY_NAMES]]
) -> list[Finding]:
    """Findings in the order of the checks.

    A lane that fails makes the checks that read it fail in its draw; it is counted, never dropped.
    """
    found = []
    for check in checks:
        courses = courses_of(bench, check, traces)
        failed = ~np.all([np.isfinite(each).all(axis=(1, 2)) for each in courses], axis=0)
        with np.errstate(all="ignore"):
            asked = statistic(check.statistic, np.array(check.minutes), check.doses, courses)
            values = np.where(failed, np.nan, asked)
        found.append(Finding(check, values, (values >= check.low) & (values <= check.high), failed))
    return found


class _Progress:
    """Says how far the panel is and when it should end."""

    def __init__(self, arms: int, draws: int, report: Callable[[str], None]):
        self.arms, self.draws, self.report = arms, draws, report
        self.started = self.reported = time.monotonic()

    def done(self, arms: int, failed: int) -> None:
        """Report if the last report is two seconds old or this is the end."""
        now = time.monotonic()
        if now - self.reported < 2 and arms < self.arms:
            return
        self.reported = now
        left = (self.arms - arms) * (now - self.started) / arms
        self.report(
            f"{arms} of {self.arms} arms x {self.draws} draws, {left:.0f} s left, {failed} lanes failed"
        )
