"""How tables write an arm down, whether published facts or own experiments.

Cells of an arm hold settings, `name=value` separated by blanks. A value may be a series, `name=1,10,100`,
of which each dose (and dose 0) is run. `until=MINUTE` ends the stimulus or the treatment of that cell. A setting has
a schedule of its own behind colons, `name=value:from=60:until=120:every=480:half_life=90` (`screen.panel.schedule`);
the same name may then come again, and a name may hold single blanks, `my nib=3`. In the genotype `name=30%` is a
share of what the cell has. Own experiments may have a unit behind a number, `ruxolitinib=0.3uM`,
`ruxolitinib=1,10,100nM`, `IL6_dose=1nM@21kDa`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from screen.experiments import Arm, Exposure, Pairs, window_minutes
from screen.panel.schedule import MOST_STEPS, Schedule, parse_schedule
from screen.scenarios import DEFAULT
from screen.scenarios.drug_columns import UNTIL
from screen.scenarios.genotypes import (
    NO_UNITS,
    NONE,
    OWN,
    Units,
    parse_genotype,
)
from screen.settings import LONGEST_MINUTES
from screen.tables import Column, parse_number, parse_numbers


def text_column(name: str, description: str) -> Column:
    """A column of text that may be empty."""
    return Column(name, pl.String, description, nullable=True)


ARM_COLUMNS = (
    Column("context", pl.String, "cell, of contexts.tsv; its totals hold, its stimulus only by `context`"),
    text_column("hypothesis", "label of hypotheses.tsv; `default` where empty"),
    text_column(
        "genotype", "network parameters that differ from the start, at rest too; 30% of what the cell has"
    ),
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
        maximum=LONGEST_MINUTES,
    ),
)
"""What says which arm a row is."""


def parse_arm(
    row: Mapping[str, Any], last: float, prefix: str = "", units: Units = NO_UNITS
) -> tuple[Arm, list[str]]:
    """The arm of a row, and what is wrong with its cells, whose columns the table calls by a prefix.

    Schedules are laid out up to the last minute that is read. What has a unit may be given in others.
    """
    genotype, wrong = parse_genotype(row["genotype"] or "", units)
    problems = [f"`{prefix}genotype` {problem}" for problem in wrong]
    given: list[Exposure] = []
    for column in ("stimulus", "treatment"):
        exposure, wrong = parse_settings(row[column] or "", last, units)
        problems += [f"`{prefix}{column}` {problem}" for problem in wrong]
        given.append(exposure)
    stimulus, treatment = given
    hypothesis, before = row["hypothesis"] or DEFAULT, row["pretreatment"]
    arm = Arm(row["context"], hypothesis, genotype.values, stimulus, treatment, before, genotype.shares)
    if any(minute < 0 for minute, _ in stimulus.later):
        problems.append(f"`{prefix}stimulus` must be given from minute 0 on, found a minute before")
    if treatment.own:
        problems.append(f"`{prefix}treatment` must name what is given, found `{OWN}`")
    if stimulus.series and treatment.series:
        problems.append(
            f"`{prefix}treatment` must hold single values beside a series in `{prefix}stimulus`, found a series"
        )
    return arm, problems


def parse_settings(text: str, last: float, units: Units = NO_UNITS) -> tuple[Exposure, list[str]]:
    """A cell of settings, and what is wrong with it; schedules are laid out up to the last minute that is read."""
    items: list[tuple[str, float, Schedule]] = []
    series, until, own = None, math.inf, False
    problems, seen = [], set()
    for word in [] if text == NONE else _words(text):
        if word == OWN:
            own = True
            continue
        name, _, given = word.partition("=")
        doses, *timing = given.split(":")
        numbers = parse_numbers(doses.split(","), units.get(name))
        schedule, wrong = parse_schedule({each: parse_number(each.partition("=")[2]) for each in timing})
        problems += [f"{problem} in {word}" for problem in wrong]
        if not name or not all(number >= 0 for number in numbers):
            unit = f" in {units[name]} or a unit that becomes it" if name in units else ""
            problems.append(f"must be name=value with numbers of at least 0{unit}, found {word}")
        elif name in seen and (not timing or name in {UNTIL, series and series[0]} or len(numbers) > 1):
            problems.append(f"must set {name} once, found it again")
        elif name == UNTIL and (timing or len(numbers) > 1):
            problems.append(f"must have one minute for `{UNTIL}`, found {word}")
        elif name == UNTIL:
            until = numbers[0]
        elif len(numbers) == 1:
            items.append((name, numbers[0], schedule))
        elif series or sorted(set(numbers)) != numbers or numbers[0] == 0:
            problems.append(f"must have at most one series, of rising doses above 0, found {word}")
        else:
            series = (name, tuple(numbers))
            items.append((name, 1.0, schedule))
        seen.add(name)
    if not problems and (steps := sum(schedule.most_steps(last) for *_, schedule in items)) > MOST_STEPS:
        problems.append(
            f"must be given in at most {MOST_STEPS} steps, found {steps:.10g}; read less long, or less often"
        )
    if problems:
        return Exposure(), problems
    first, *later = _laid_out(items, last)
    return Exposure(first[1], series, until, own, tuple(later)), problems


def _words(text: str) -> list[str]:
    """The settings of a cell; a name may hold single blanks."""
    words, begun = [], ""
    for part in text.split():
        begun = f"{begun} {part}".lstrip()
        if "=" in part or begun == OWN:
            words.append(begun)
            begun = ""
    return [*words, *begun.split()]


def _laid_out(items: Sequence[tuple[str, float, Schedule]], last: float) -> list[tuple[float, Pairs]]:
    """(minute, what is there from then on), the first from the start on; doses of one name add up."""
    steps = [(name, value, schedule.steps(last)) for name, value, schedule in items]
    minutes = sorted({-math.inf, *(minute for *_, shares in steps for minute, _ in shares)})
    found: list[tuple[float, Pairs]] = []
    for minute in minutes:
        there: dict[str, float] = {}
        for name, value, shares in steps:
            now = [share for begin, share in shares if begin <= minute][-1:]
            if now and now[0]:
                there[name] = there.get(name, 0.0) + value * now[0]
        found.append((minute, tuple(sorted(there.items()))))
    return found


def parse_minutes(text: str) -> tuple[tuple[float, ...], list[str]]:
    """Times [min] of a cell (a window as its grid), and what is wrong with it."""
    ends = [parse_number(item) for item in text.split("-")]
    if len(ends) == 2 and 0 <= ends[0] < ends[1] <= LONGEST_MINUTES:
        return tuple(window_minutes(*ends).tolist()), []
    times = [parse_number(item) for item in text.split()]
    if not times or not all(0 <= time <= LONGEST_MINUTES for time in times) or sorted(set(times)) != times:
        rule = f"must be one time, rising times or a window from-to, of at most {LONGEST_MINUTES:g}"
        return (0.0,), [f"{rule}, found {text}"]
    return tuple(times), []
