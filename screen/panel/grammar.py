"""How tables write an arm down, whether published facts or own experiments.

Cells of an arm hold settings, `name=value` separated by blanks. A value may be a series, `name=1,10,100`,
of which each dose (and dose 0) is run. `until=MINUTE` ends the stimulus or the treatment of that cell.
"""

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from screen.experiments import Arm, Exposure, window_minutes
from screen.scenarios import DEFAULT
from screen.tables import Column

NONE = "none"
OWN = "context"
"""Stands in the stimulus for what the context itself is given."""

UNTIL = "until"


def text_column(name: str, description: str) -> Column:
    """A column of text that may be empty."""
    return Column(name, pl.String, description, nullable=True)


ARM_COLUMNS = (
    Column("context", pl.String, "cell, of contexts.tsv; its totals hold, its stimulus only by `context`"),
    text_column("hypothesis", "label of hypotheses.tsv; `default` where empty"),
    text_column("genotype", "network parameters that differ from the start, at rest too"),
    text_column("stimulus", "network parameters set at minute 0; `context` for the context's own"),
    text_column(
        "treatment", "from -pretreatment on: drug=free nM, load:<target>=load, or a network parameter"
    ),
    Column(
        "pretreatment",
        pl.Float64,
        "minutes of treatment before the stimulus; empty: as the context",
        "min",
        nullable=True,
        minimum=0,
        maximum=1e7,
    ),
)
"""What says which arm a row is."""


def parse_arm(row: Mapping[str, Any], prefix: str = "") -> tuple[Arm, list[str]]:
    """The arm of a row, and what is wrong with its cells, whose columns the table calls by a prefix."""
    problems: list[str] = []

    def parsed(column: str) -> Exposure:
        settings, found = parse_settings(row[column] or "")
        problems.extend(f"`{prefix}{column}` {problem}" for problem in found)
        return settings

    genotype = parsed("genotype")
    if genotype.series:
        problems.append(f"`{prefix}genotype` must hold single values, found a series")
    elif genotype != Exposure(genotype.values):
        problems.append(f"`{prefix}genotype` must hold values alone, found `{UNTIL}` or `{OWN}`")
    arm = Arm(
        row["context"],
        row["hypothesis"] or DEFAULT,
        genotype.values,
        parsed("stimulus"),
        parsed("treatment"),
        row["pretreatment"],
    )
    if arm.treatment.own:
        problems.append(f"`{prefix}treatment` must name what is given, found `{OWN}`")
    if arm.stimulus.series and arm.treatment.series:
        problems.append(
            f"`{prefix}treatment` must hold single values beside a series in `{prefix}stimulus`, found a series"
        )
    return arm, problems


def parse_settings(text: str) -> tuple[Exposure, list[str]]:
    """A cell of settings, and what is wrong with it."""
    values: list[tuple[str, float]] = []
    series, until, own = None, math.inf, False
    problems, seen = [], set()
    for word in [] if text == NONE else text.split():
        if word == OWN:
            own = True
            continue
        name, _, given = word.partition("=")
        numbers = [_number(item) for item in given.split(",")]
        if not name or not all(number >= 0 for number in numbers):
            problems.append(f"must be name=value with numbers of at least 0, found {word}")
        elif name in seen:
            problems.append(f"must set {name} once, found it again")
        elif name == UNTIL and len(numbers) > 1:
            problems.append(f"must have one minute for `{UNTIL}`, found {word}")
        elif name == UNTIL:
            until = numbers[0]
        elif len(numbers) == 1:
            values.append((name, numbers[0]))
        elif series or sorted(set(numbers)) != numbers or numbers[0] == 0:
            problems.append(f"must have at most one series, of rising doses above 0, found {word}")
        else:
            series = (name, tuple(numbers))
        seen.add(name)
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
