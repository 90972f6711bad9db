"""The panel as a table: one row a check of one published fact, parsed into records.

Cells of an arm are written as `screen.panel.grammar` says. A reference cell that is empty is as in the arm itself;
`none` means nothing there.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from screen.errors import PanelError
from screen.experiments import Arm
from screen.panel.grammar import ARM_COLUMNS, parse_arm, parse_minutes, text_column
from screen.panel.statistics import STATISTICS
from screen.tables import Column, Schema, read_table

TIERS = ("gate", "score", "contested", "input")
KINDS = ("quantitative", "qualitative")
ABOUT_THE_FACT = ("tier", "kind", "citation", "where", "mark")
"""Columns that the first row of a fact fills for all its rows."""


PANEL = Schema(
    "panel",
    (
        Column("fact", pl.String, "identifier of the published fact"),
        Column("check", pl.String, "letter of the check; a fact holds in a draw where all its checks do"),
        text_column("side", "contested facts: which of the two readings the row belongs to"),
        Column(
            "tier",
            pl.String,
            "what the fact decides; in the first row of the fact",
            nullable=True,
            choices=TIERS,
        ),
        Column(
            "kind",
            pl.String,
            "what the fact says; in the first row of the fact",
            nullable=True,
            choices=KINDS,
        ),
        Column("statement", pl.String, "what was seen, short"),
        *ARM_COLUMNS,
        text_column(
            "ref_context", "context of the arm compared with; empty in all ref_ columns: there is none"
        ),
        text_column("ref_hypothesis", "its hypothesis"),
        text_column("ref_genotype", "its genotype"),
        text_column("ref_stimulus", "its stimulus"),
        text_column("ref_treatment", "its treatment"),
        text_column("ref_readout", "its read-out"),
        Column("readout", pl.String, "observable or species of the network"),
        Column("minutes", pl.String, "time after the stimulus: one, several by blanks, or a window from-to"),
        Column("statistic", pl.String, "what is computed", choices=tuple(STATISTICS)),
        Column("low", pl.Float64, "smallest value that passes; empty: no limit", nullable=True),
        Column("high", pl.Float64, "largest value that passes; empty: no limit", nullable=True),
        text_column("citation", "who found it; in the first row of the fact"),
        text_column("where", "where it was read; in the first row of the fact"),
        text_column("mark", "how it was read; in the first row of the fact"),
        text_column("note", "what had to be assumed: doses, times, margins"),
    ),
    key=("fact", "check"),
)

REFERENCE = tuple(column.name for column in PANEL.columns if column.name.startswith("ref_"))
OF_REFERENCE = tuple(
    name for name in (column.removeprefix("ref_") for column in REFERENCE) if name != "readout"
)
"""Cells of an arm that its reference may have otherwise."""


@dataclass(frozen=True)
class Check:
    """One row of the panel. minutes [times]; low and high bound what passes, both inclusive."""

    fact: str
    name: str
    side: str
    statement: str
    arm: Arm
    reference: Arm | None
    readout: str
    ref_readout: str
    minutes: tuple[float, ...]
    statistic: str
    low: float
    high: float

    @property
    def sides(self) -> tuple[tuple[Arm, str], ...]:
        """Its arms and what is read of each."""
        return tuple(zip(arms_of(self), (self.readout, self.ref_readout), strict=False))

    @property
    def doses(self) -> list[np.ndarray]:
        """Of the series of each arm, as `Course.doses`."""
        return [np.array(arm.doses) for arm in arms_of(self)]


@dataclass(frozen=True)
class Fact:
    """A published fact and its checks; tier, citation and so on are those of its first row."""

    id: str
    tier: str
    kind: str
    citation: str
    where: str
    mark: str
    checks: tuple[Check, ...]


def read_panel(path: Path) -> tuple[Fact, ...]:
    """Read and parse the panel. TableError for the table, PanelError for what its cells say."""
    frame = read_table(path, PANEL)
    problems: list[str] = []
    facts: dict[str, dict] = {}
    checks: dict[str, list[Check]] = {}
    for row in frame.iter_rows(named=True):
        where = f"{path.name}, {row['fact']} {row['check']}"
        if row["fact"] not in facts:
            facts[row["fact"]] = {name: row[name] or "" for name in ABOUT_THE_FACT}
            problems += [
                f"{where}: `{name}` must be given in the first row of a fact, found nothing"
                for name in ABOUT_THE_FACT
                if not row[name]
            ]
        elif row["tier"] not in (None, facts[row["fact"]]["tier"]):
            problems.append(
                f"{where}: `tier` must be that of the fact, {facts[row['fact']]['tier']}, found {row['tier']}"
            )
        check, found = _check(row)
        problems += [f"{where}: {problem}" for problem in found]
        checks.setdefault(row["fact"], []).append(check)
    known = tuple(Fact(name, **about, checks=tuple(checks[name])) for name, about in facts.items())
    problems += [
        f"{path.name}, {fact.id}: `side` must name two readings of a contested fact and none of another, "
        f"found {', '.join(sides_of(fact)) or 'none'}"
        for fact in known
        if (fact.tier == "contested") != (len(sides_of(fact)) == 2 and all(c.side for c in fact.checks))
        or (fact.tier != "contested" and any(check.side for check in fact.checks))
    ]
    if problems:
        raise PanelError(problems)
    return known


def sides_of(fact: Fact) -> tuple[str, ...]:
    """The readings of a contested fact in the order of its rows; ("",) for any other."""
    return tuple(dict.fromkeys(check.side for check in fact.checks))


def arms_of(check: Check) -> tuple[Arm, ...]:
    """Its arm, and the one that is compared with if there is one."""
    return (check.arm,) if check.reference is None else (check.arm, check.reference)


def _check(row: dict) -> tuple[Check, list[str]]:
    """The record of a row, and what is wrong with its cells."""
    minutes, wrong = parse_minutes(row["minutes"])
    arm, problems = parse_arm(row, minutes[-1])
    reference = None
    if any(row[column] for column in REFERENCE):
        own = {name: row[f"ref_{name}"] or row[name] for name in OF_REFERENCE}
        reference, found = parse_arm(row | own, minutes[-1], "ref_")
        problems += [problem for problem in found if problem.replace("`ref_", "`") not in problems]
    problems += [f"`minutes` {problem}" for problem in wrong]
    check = Check(
        row["fact"],
        row["check"],
        row["side"] or "",
        row["statement"],
        arm,
        reference,
        row["readout"],
        row["ref_readout"] or row["readout"],
        minutes,
        row["statistic"],
        -math.inf if row["low"] is None else row["low"],
        math.inf if row["high"] is None else row["high"],
    )
    return check, problems + _demands(check)


def _demands(check: Check) -> list[str]:
    """What the statistic of a check needs of its other cells."""
    wanted = STATISTICS[check.statistic]
    problems = []
    if check.low == -math.inf and check.high == math.inf:
        problems.append("`low`, `high` must not both be empty, found no bound")
    if check.low > check.high:
        problems.append(f"`low` must be at most `high`, found {check.low:g} and {check.high:g}")
    if check.reference is None and wanted.reference == "needed":
        problems.append(f"a reference must be given for {check.statistic}, found none in the ref_ columns")
    if check.reference is not None and wanted.reference == "refused":
        problems.append(f"no reference must be given for {check.statistic}, found one in the ref_ columns")
    if (len(check.minutes) == 1) != (wanted.times == "one"):
        rule = "one time" if wanted.times == "one" else "at least two times"
        problems.append(f"`minutes` must be {rule} for {check.statistic}, found {len(check.minutes)}")
    arms = arms_of(check)
    for column in ("stimulus", "treatment"):
        has = [getattr(arm, column).series is not None for arm in arms]
        if any(has) != (wanted.series == column) or (any(has) and not all(has)):
            rule = "a series of doses" if wanted.series == column else "single values"
            problems.append(f"`{column}` must hold {rule} for {check.statistic}")
    return problems
