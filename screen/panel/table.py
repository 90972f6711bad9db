"""The panel as a table: one row a check of one published fact, parsed into records.

Cells of an arm hold settings, `name=value` separated by blanks. A value may be a series, `name=1,10,100`,
of which each dose (and dose 0) is run. `until=MINUTE` ends the stimulus or the treatment of that cell.
A reference cell that is empty is as in the arm itself; `none` means nothing there.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from screen.errors import PanelError
from screen.experiments import Arm, Exposure, window_minutes
from screen.panel.statistics import STATISTICS
from screen.scenarios import DEFAULT
from screen.tables import Column, Schema, read_table

TIERS = ("gate", "score", "contested", "input")
KINDS = ("quantitative", "qualitative")
NONE = "none"
OWN = "context"
"""Stands in the stimulus for what the context itself is given."""

UNTIL = "until"
ABOUT_THE_FACT = ("tier", "kind", "citation", "where", "mark")
"""Columns that the first row of a fact fills for all its rows."""


def _text(name: str, description: str) -> Column:
    return Column(name, pl.String, description, nullable=True)


PANEL = Schema(
    "panel",
    (
        Column("fact", pl.String, "identifier of the published fact"),
        Column("check", pl.String, "letter of the check; a fact holds in a draw where all its checks do"),
        _text("side", "contested facts: which of the two readings the row belongs to"),
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
        Column(
            "context", pl.String, "cell, of contexts.tsv; its totals hold, its stimulus only by `context`"
        ),
        _text("hypothesis", "label of hypotheses.tsv; `default` where empty"),
        _text("genotype", "network parameters that differ from the start, at rest too"),
        _text("stimulus", "network parameters set at minute 0; `context` for the context's own"),
        _text("treatment", "from -pretreatment on: drug=free nM, load:<target>=load, or a network parameter"),
        Column(
            "pretreatment",
            pl.Float64,
            "minutes of treatment before the stimulus; empty: as the context",
            "min",
            nullable=True,
            minimum=0,
        ),
        _text("ref_context", "context of the arm compared with; empty in all ref_ columns: there is none"),
        _text("ref_hypothesis", "its hypothesis"),
        _text("ref_genotype", "its genotype"),
        _text("ref_stimulus", "its stimulus"),
        _text("ref_treatment", "its treatment"),
        _text("ref_readout", "its read-out"),
        Column("readout", pl.String, "observable or species of the network"),
        Column("minutes", pl.String, "time after the stimulus: one, several by blanks, or a window from-to"),
        Column("statistic", pl.String, "what is computed", choices=tuple(STATISTICS)),
        Column("low", pl.Float64, "smallest value that passes; empty: no limit", nullable=True),
        Column("high", pl.Float64, "largest value that passes; empty: no limit", nullable=True),
        _text("citation", "who found it; in the first row of the fact"),
        _text("where", "where it was read; in the first row of the fact"),
        _text("mark", "how it was read; in the first row of the fact"),
        _text("note", "what had to be assumed: doses, times, margins"),
    ),
    key=("fact", "check"),
)

REFERENCE = tuple(column.name for column in PANEL.columns if column.name.startswith("ref_"))


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
    problems: list[str] = []

    def parsed(column: str) -> Exposure:
        settings, found = parse_settings(row[column] or "")
        problems.extend(f"`{column}` {problem}" for problem in found)
        return settings

    def genotype(column: str) -> tuple[tuple[str, float], ...]:
        settings = parsed(column)
        if settings.series:
            problems.append("`genotype` must hold single values, found a series")
        return settings.values

    arm = Arm(
        row["context"],
        row["hypothesis"] or DEFAULT,
        genotype("genotype"),
        parsed("stimulus"),
        parsed("treatment"),
        row["pretreatment"],
    )
    reference = None
    if any(row[column] for column in REFERENCE):
        reference = Arm(
            row["ref_context"] or arm.context,
            row["ref_hypothesis"] or arm.hypothesis,
            genotype("ref_genotype") if row["ref_genotype"] else arm.genotype,
            parsed("ref_stimulus") if row["ref_stimulus"] else arm.stimulus,
            parsed("ref_treatment") if row["ref_treatment"] else arm.treatment,
            row["pretreatment"],
        )
    minutes, found = parse_minutes(row["minutes"])
    problems += [f"`minutes` {problem}" for problem in found]
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


def parse_settings(text: str) -> tuple[Exposure, list[str]]:
    """A cell of settings, and what is wrong with it."""
    values: list[tuple[str, float]] = []
    series, until, own = None, math.inf, False
    problems = []
    for word in [] if text == NONE else text.split():
        if word == OWN:
            own = True
            continue
        name, _, given = word.partition("=")
        numbers = [_number(item) for item in given.split(",")]
        if not name or not all(number >= 0 for number in numbers):
            problems.append(f"must be name=value with numbers of at least 0, found {word}")
        elif name == UNTIL:
            until = numbers[0]
        elif len(numbers) == 1:
            values.append((name, numbers[0]))
        elif series or sorted(set(numbers)) != numbers or numbers[0] == 0:
            problems.append(f"must have at most one series, of rising doses above 0, found {word}")
        else:
            series = (name, tuple(numbers))
    return Exposure(tuple(sorted(values)), series, until, own), problems


def parse_minutes(text: str) -> tuple[tuple[float, ...], list[str]]:
    """Times [min] of a cell (a window as its grid), and what is wrong with it."""
    ends = [_number(item) for item in text.split("-")]
    if len(ends) == 2 and 0 <= ends[0] < ends[1]:
        return tuple(window_minutes(*ends).tolist()), []
    times = [_number(item) for item in text.split()]
    if not times or not all(time >= 0 for time in times) or sorted(set(times)) != times:
        return (0.0,), [f"must be one time, rising times or a window from-to, found {text}"]
    return tuple(times), []


def _number(text: str) -> float:
    """The number, or NaN where there is none: no comparison holds for that."""
    try:
        found = float(text)
    except ValueError:
        return math.nan
    return found if math.isfinite(found) else math.nan
