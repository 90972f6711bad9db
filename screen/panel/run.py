"""The panel in one batch: each cell brought to rest once, each arm run once, each check computed per draw."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from screen.kernel import Model
from screen.panel.arms import Cell, Materials, arm_lanes, cell_of, phases_of, plain, resting_parameters
from screen.panel.statistics import STATISTICS, Course
from screen.panel.table import Arm, Check, arms_of
from screen.simulate import Courses, Integration, Resting, rest_states

MOST_OUTPUTS = 2**15
"""Lanes times output times handed to the engine at once, which bounds memory."""

SHORT = 4
"""Arms with at most so many output times run apart, so that they need not store as many as a time course."""


class Finding(NamedTuple):
    """A check under every draw: the statistic, whether it lies within the bounds, whether a lane failed."""

    check: Check
    values: np.ndarray
    passed: np.ndarray
    failed: np.ndarray


class Traces(NamedTuple):
    """What was read from an arm: minutes [times], values [draws, times, names]."""

    minutes: np.ndarray
    values: np.ndarray


def run_checks(
    model: Model,
    checks: Sequence[Check],
    materials: Materials,
    integration: Integration,
    report: Callable[[str], None],
) -> list[Finding]:
    """Findings in the order of the checks; `report` is given a line of progress about every two seconds.

    A lane that fails makes the checks that read it fail in its draw; it is counted, never dropped.
    """
    return find(checks, Bench(model, checks, materials, integration)(materials, report), materials)


def readouts_of(checks: Iterable[Check]) -> tuple[str, ...]:
    """What some check reads, in the order in which traces hold it."""
    return tuple(dict.fromkeys(name for check in checks for name in (check.readout, check.ref_readout)))


class Bench:
    """Runs the arms of some checks under any draws; compiled at the first run and kept."""

    def __init__(self, model: Model, checks: Sequence[Check], materials: Materials, integration: Integration):
        self.model, self.integration = model, integration
        self.wanted = wanted_times(checks, materials)
        self.courses = Courses(model, integration, readouts_of(checks))
        self.phases = phases_of(self.wanted)

    def __call__(self, materials: Materials, report: Callable[[str], None]) -> dict[Arm, Traces]:
        """The traces of every arm under the draws of `materials`."""
        wanted, draws = self.wanted, len(materials.draws)
        resting = _rest(self.model, {cell_of(arm) for arm in wanted}, materials, self.integration, report)
        traces: dict[Arm, Traces] = {}
        progress = _Progress(len(wanted), draws, report)
        for arms in _groups(wanted, draws, self.integration.batch):
            traces |= _run_group(
                self.courses, {arm: wanted[arm] for arm in arms}, resting, materials, self.phases
            )
            progress.done(len(traces), sum(int(_lost(trace.values).sum()) for trace in traces.values()))
        return traces


def find(checks: Sequence[Check], traces: Mapping[Arm, Traces], materials: Materials) -> list[Finding]:
    """Findings in the order of the checks, whose readouts the traces hold in that order."""
    names = readouts_of(checks)
    return [_finding(check, traces, names, materials) for check in checks]


def wanted_times(checks: Iterable[Check], materials: Materials) -> dict[Arm, tuple[float, ...]]:
    """Every different arm and all the minutes that some check reads it at."""
    wanted: dict[Arm, set[float]] = {}
    for check in checks:
        for template in arms_of(check):
            for dose in template.doses:
                wanted.setdefault(plain(template.at(dose), materials.contexts), set()).update(check.minutes)
    return {arm: tuple(sorted(times)) for arm, times in wanted.items()}


def _rest(
    model: Model,
    cells: set[Cell],
    materials: Materials,
    integration: Integration,
    report: Callable[[str], None],
) -> dict[Cell, Resting]:
    ordered = sorted(cells)
    draws = len(materials.draws)
    found = rest_states(
        model, integration, np.concatenate([resting_parameters(materials, cell) for cell in ordered])
    )
    report(f"validate: {len(ordered)} cells at rest in {draws} draws")
    return {
        cell: Resting(*(item[place * draws : (place + 1) * draws] for item in found))
        for place, cell in enumerate(ordered)
    }


def _groups(wanted: dict[Arm, tuple[float, ...]], draws: int, batch: int) -> list[list[Arm]]:
    """Arms that run together: alike in length, as many as fit, and all groups of a length equally large."""
    groups = []
    for short in (True, False):
        arms = [arm for arm, times in wanted.items() if (len(times) <= SHORT) == short]
        if arms:
            longest = max(len(wanted[arm]) for arm in arms)
            most = max(1, min(batch, MOST_OUTPUTS // longest) // draws)
            count = -(-len(arms) // most)
            size = -(-len(arms) // count)
            groups += [arms[start : start + size] for start in range(0, len(arms), size)]
    return groups


def _run_group(
    courses: Courses,
    wanted: dict[Arm, tuple[float, ...]],
    resting: dict[Cell, Resting],
    materials: Materials,
    phases: int,
) -> dict[Arm, Traces]:
    arms, draws = list(wanted), len(materials.draws)
    longest = max(map(len, wanted.values()))
    lanes = [arm_lanes(materials, arm, phases) for arm in arms]
    times = [wanted[arm] + wanted[arm][-1:] * (longest - len(wanted[arm])) for arm in arms]
    starts = [resting[cell_of(arm)] for arm in arms]
    found = courses(
        np.concatenate([parameters for parameters, _ in lanes]),
        np.concatenate([switches for _, switches in lanes]),
        np.repeat(np.array(times), draws, axis=0),
        Resting(*(np.concatenate(items) for items in zip(*starts, strict=True))),
    )
    traces = {}
    for place, arm in enumerate(arms):
        values = found.values[place * draws : (place + 1) * draws, : len(wanted[arm])]
        traces[arm] = Traces(np.array(wanted[arm]), values)
    return traces


def _lost(values: np.ndarray) -> np.ndarray:
    """Draws in which nothing was read [draws]: the lane failed."""
    return np.isnan(values).all(axis=tuple(range(1, values.ndim)))


def _finding(
    check: Check, traces: Mapping[Arm, Traces], names: Sequence[str], materials: Materials
) -> Finding:
    arm = course_of(check.arm, check.readout, check, traces, names, materials)
    failed = ~np.isfinite(arm.values).all(axis=(1, 2))
    reference = None
    if check.reference is not None:
        reference = course_of(check.reference, check.ref_readout, check, traces, names, materials)
        failed |= ~np.isfinite(reference.values).all(axis=(1, 2))
    with np.errstate(all="ignore"):
        values = STATISTICS[check.statistic].compute(arm, reference)
    values = np.where(failed, np.nan, values)
    return Finding(check, values, (values >= check.low) & (values <= check.high), failed)


def course_of(
    template: Arm,
    name: str,
    check: Check,
    traces: Mapping[Arm, Traces],
    names: Sequence[str],
    materials: Materials,
) -> Course:
    """What a check reads of one of its arms, every dose of it."""
    columns = []
    for dose in template.doses:
        trace = traces[plain(template.at(dose), materials.contexts)]
        places = np.searchsorted(trace.minutes, check.minutes)
        columns.append(trace.values[:, places, names.index(name)])
    return Course(np.array(check.minutes), np.array(template.doses), np.stack(columns, axis=1))


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
            f"validate: {arms} of {self.arms} arms x {self.draws} draws, {left:.0f} s left, {failed} lanes failed"
        )
