"""What decides the top of a ranking: how the leader's margin over the runner-up moves, and where their order flips.

The order of two interventions is that in most draws: the sign of the median margin. Its slope says which number
moves it fastest, and times the spread of that number over draws, which one leaves it most open: what to measure next.
Where the order flips is found by simulation, all draws of a number multiplied alike.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.experiments import LOAD, Arm
from screen.judge.margin import Margin, Margins, Moved
from screen.kernel import DIFFERENTIABLE
from screen.panel import PanelTables, left_out
from screen.scenarios import ContextTables
from screen.simulate import Integration, Readout
from screen.tables import DECISIVE

REACH = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0)
"""log10 factors at which a flip is looked for, up to a hundredfold."""

HALVINGS = 6
"""Of the stretch between two of them, once the order flips there."""


@dataclass(frozen=True)
class Contest:
    """The first two of a ranking: their names, their arms, and the other hypotheses that the cell is run under.

    arms: the leader's first where the read-out is to fall, last where it is to rise.
    """

    readout: Readout
    dose_basis: str
    names: tuple[str, str]
    arms: tuple[Arm, Arm]
    others: tuple[str, ...] = ()

    def under(self, label: str) -> "Contest":
        """The same under another hypothesis."""
        first, second = self.arms
        return replace(self, arms=(replace(first, hypothesis=label), replace(second, hypothesis=label)))


@dataclass(frozen=True)
class Judges:
    """What contests are run with: tables of each set of modules left out, the engine, DRAWS and the seed."""

    tables: Mapping[tuple[str, ...], PanelTables]
    integration: Integration
    draws: pl.DataFrame
    seed: int
    most: int
    """Numbers that are named and in which a flip is looked for, those of the largest slope."""

    @property
    def contexts(self) -> ContextTables:
        """The cells."""
        return next(iter(self.tables.values())).contexts


class Lever(NamedTuple):
    """A number that may be multiplied: its kind and name, its place among parameters or constants, value and slope, and
    its sd [log10] over draws."""

    kind: str
    name: str
    place: tuple[int, ...]
    value: float
    slope: float
    sd: float

    @property
    def swing(self) -> float:
        """How far the margin moves with one sd of it, by the slope."""
        return abs(self.slope) * self.sd


def find_decisive(
    contests: Sequence[Contest], judges: Judges, report: Callable[[str], None] = lambda line: None
) -> pl.DataFrame:
    """DECISIVE of some contests. RankError where the engine has no gradient."""
    if judges.integration.engine not in DIFFERENTIABLE:
        raise RankError(
            f"engine: must have a gradient to say what decides ({' or '.join(DIFFERENTIABLE)}), found "
            f"{judges.integration.engine}; install a C compiler"
        )
    compiled: dict[tuple, Margins] = {}

    def margin_of(contest: Contest) -> Margin:
        without = left_out(contest.arms[0], judges.contexts)
        key, there = (without, contest.readout), judges.tables[without]
        if key not in compiled:
            compiled[key] = Margins(there.model, judges.integration, contest.readout)
        return Margin(compiled[key], contest.arms, there, judges.draws, judges.seed)

    rows: list[tuple] = []
    for number, contest in enumerate(contests):
        rows += _rows(contest, judges, margin_of)
        arm = contest.arms[0]
        report(f"{number + 1} of {len(contests)}: {arm.context}, {arm.hypothesis}")
    return pl.DataFrame(rows, schema=DECISIVE.dtypes(), orient="row")


def _rows(contest: Contest, judges: Judges, margin_of: Callable[[Contest], Margin]) -> Iterator[tuple]:
    """Largest slopes first, then the other hypotheses; nothing where no draw could be run."""
    margin = margin_of(contest)
    before = margin.under([margin.still()])[0]
    ran = before[np.isfinite(before)]
    if not len(ran):
        return
    middle, arm = float(np.median(ran)), contest.arms[0]
    about = (
        arm.context, arm.hypothesis, contest.readout.id, contest.dose_basis, *contest.names,
        middle, float(np.mean(ran > 0)),
    )  # fmt: skip
    levers = _named(_levers(margin, judges, arm.context), judges.most)
    for lever, flip in zip(levers, _flips(margin, levers, middle), strict=True):
        yield (
            *about,
            lever.kind,
            lever.name,
            lever.value,
            lever.slope,
            lever.sd,
            lever.swing,
            *flip,
            len(ran),
        )
    for label in contest.others:
        other = margin_of(contest.under(label))
        there = _median(other.under([other.still()])[0])
        if np.isfinite(there):
            yield (*about, "hypothesis", label, *4 * (None,), there * middle < 0, None, there, len(ran))


def _median(margins: np.ndarray) -> float:
    """Over the draws that ran; NaN where none did."""
    ran = margins[np.isfinite(margins)]
    return float(np.median(ran)) if len(ran) else math.nan


def _named(levers: Sequence[Lever], most: int) -> list[Lever]:
    """Those of the largest slopes, and what swings the margin most where it is not among them."""
    widest = sorted(levers, key=lambda lever: -lever.swing)[:1]
    return list(dict.fromkeys([*levers[:most], *widest]))


def _levers(margin: Margin, judges: Judges, context: str) -> list[Lever]:
    """Everything that draws, the cell or its stimulus say, by the size of its slope, largest first."""
    record, slopes = judges.contexts.contexts[context], margin.slopes()
    kinds = dict.fromkeys(judges.draws["parameter"].unique(), "parameter")
    kinds |= {setting.parameter: "total" for setting in record.totals}
    kinds |= {setting.parameter: "stimulus" for setting in record.stimulus}
    levers = [
        Lever(
            kinds[name],
            name,
            (place,),
            float(margin.values[place]),
            float(slopes.parameters[place]),
            float(margin.spread.parameters[place]),
        )
        for place, name in enumerate(margin.margins.model.parameters)
        if name in kinds and not name.startswith(LOAD)
    ]
    for place in np.argwhere(np.isfinite(margin.constants)).tolist():
        name = f"{margin.drugs[place[0]]}:{margin.sites[place[1]]}"
        value, slope = float(margin.constants[*place]), float(slopes.constants[*place])
        sd = float(margin.spread.constants[*place])
        levers.append(Lever("affinity", name, tuple(place), value, slope, sd))
    return sorted(
        (lever for lever in levers if lever.slope), key=lambda lever: (-abs(lever.slope), lever.name)
    )


def _flips(
    margin: Margin, levers: Sequence[Lever], middle: float
) -> list[tuple[bool, float | None, float | None]]:
    """Whether the order flips, at which value, nearest to its own, and the margin there; looked for downhill."""
    if not levers:
        return []
    ways = [-float(np.sign(lever.slope * middle)) for lever in levers]

    def medians(asked: Sequence[tuple[int, float]]) -> list[float]:
        moves = [_move(margin, levers[at], ways[at] * factor) for at, factor in asked]
        return [_median(row) for row in margin.under(moves)]

    asked = [(at, factor) for at in range(len(levers)) for factor in REACH]
    grid = np.array(medians(asked)).reshape(len(levers), len(REACH))
    brackets: dict[int, tuple[float, float, float]] = {}
    for at, row in enumerate(grid):
        for low, high, there in zip((0.0, *REACH), REACH, row, strict=False):
            if there * middle < 0:
                brackets[at] = (low, high, float(there))
                break
    for _ in range(HALVINGS if brackets else 0):
        halves = [(at, 0.5 * (low + high)) for at, (low, high, _) in brackets.items()]
        for (at, half), found in zip(halves, medians(halves), strict=True):
            low, high, there = brackets[at]
            brackets[at] = (low, half, found) if found * middle < 0 else (half, high, there)
    return [
        (True, lever.value * 10.0 ** (ways[at] * brackets[at][1]), brackets[at][2])
        if at in brackets
        else (False, None, None)
        for at, lever in enumerate(levers)
    ]


def _move(margin: Margin, lever: Lever, factor: float) -> Moved:
    moved = margin.still()
    (moved.constants if lever.kind == "affinity" else moved.parameters)[0, *lever.place] = factor
    return moved
