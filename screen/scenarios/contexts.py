"""Contexts are data: a cell, what is given to it, and the readings of contested biology it is run under.

`contexts.tsv` is long: one row a value. Rows of kind `total` hold from rest on, `stimulus` from t = 0,
`hypothesis` names an option of a switch with its prior weight here, `timing` has `preincubation_min`,
`organism` has `human` or `mouse` as its parameter (human where there is no such row), `module` names a
module of the network that is left out in this cell, with the value 0, `construct` a variant that stands in place of
its gene (1; 0 for that of another cell, not here), and `from` names another context, whose rows hold where this one
has none of its own.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import polars as pl

from screen.errors import ScenarioError
from screen.network.parameters import SMALLEST
from screen.scenarios.drug_columns import MARKS
from screen.scenarios.hypotheses import Option, own_weight_problems, read_options
from screen.scenarios.inherited import CONSTRUCT, FROM, inherit, more_than_one, parent_problems
from screen.settings import LONGEST_MINUTES
from screen.tables import Column, Schema, in_standard_units, read_placed

ORGANISMS = ("human", "mouse")
PREINCUBATION = "preincubation_min"
VOLUMES = ("cytosol", "nucleus")
"""Totals that are volumes [pL]."""

MODULE = re.compile(r"m\d+")
CONTEXT_MARKS = (*MARKS, "input")

CONTEXTS = Schema(
    "contexts",
    (
        Column("context", pl.String, "the cell and its stimulus", is_name=True),
        Column(
            "kind",
            pl.String,
            "what the row says",
            choices=("total", "stimulus", "hypothesis", "timing", "organism", "module", CONSTRUCT, FROM),
        ),
        Column(
            "parameter",
            pl.String,
            "network parameter, hypothesis, preincubation_min, human, mouse, module, construct or context",
        ),
        Column(
            "value",
            pl.Float64,
            "value of the parameter, prior weight, 0 for a module left out, 1 for a construct; empty for `from`",
            minimum=0,
            nullable=True,
        ),
        Column(
            "unit",
            pl.String,
            "unit of the value: that of the network parameter, one that can be turned into it, or % of what `from` has",
            nullable=True,
        ),
        Column("mark", pl.String, "origin of the value", nullable=True, choices=CONTEXT_MARKS),
        Column("source", pl.String, "where it comes from", nullable=True),
        Column(
            "sd",
            pl.Float64,
            "how uncertain a `total` is: sd of log10(value) over the draws; exact where empty",
            required=False,
            nullable=True,
            minimum=0,
            maximum=3,
        ),
    ),
    key=("context", "kind", "parameter"),
)


@dataclass(frozen=True)
class Setting:
    """A network parameter and the value [unit of the parameter] a context gives it, and where that comes from.

    where: file and row. sd [log10 of the value]: how uncertain it is, 0 for exact.
    """

    parameter: str
    value: float
    unit: str | None
    source: str | None
    where: str = field(repr=False, compare=False)
    sd: float = 0.0


@dataclass(frozen=True)
class Context:
    """A cell and its stimulus. preincubation_minutes [min] with drug before the stimulus.

    hypotheses: the options that the context is run under, with their prior weights here; empty for none.
    left_out: keys of the modules that its network lacks, in order. variants: those it carries.
    """

    name: str
    organism: str
    totals: tuple[Setting, ...]
    stimulus: tuple[Setting, ...]
    hypotheses: Mapping[str, float]
    preincubation_minutes: float
    left_out: tuple[str, ...] = ()
    variants: tuple[Setting, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """File and row that leave out each module."""


@dataclass(frozen=True)
class ContextTables:
    """Contexts, and the options of contested biology; order is that of the files."""

    contexts: Mapping[str, Context]
    options: Mapping[str, Option]


def read_context_tables(contexts: Path | Sequence[Path], hypotheses: Path | Sequence[Path]) -> ContextTables:
    """Read and check both tables, each of one file or several.

    TableError for one table, ScenarioError where they disagree.
    """
    options = read_options(hypotheses)
    frame = read_contexts(contexts, options)
    weighed = dict(frame.filter(kind="hypothesis").select("context", "where").iter_rows())
    known = {
        str(name): _context(str(name), list(rows.iter_rows(named=True)))
        for (name,), rows in frame.group_by("context", maintain_order=True)
    }
    problems = [
        problem
        for name, where in weighed.items()
        for problem in own_weight_problems(f"{where}, {name}", options, known[name].hypotheses)
    ]
    if problems:
        raise ScenarioError(problems)
    return ContextTables(known, options)


def read_contexts(contexts: Path | Sequence[Path], options: Mapping[str, Option]) -> pl.DataFrame:
    """The rows of all contexts with their places, those that they have from others among them; none is `from`.

    TableError, or ScenarioError: a row that means nothing, a context taken from none that is there.
    """
    frame = read_placed(contexts, CONTEXTS)
    problems = _row_problems(frame, options) + parent_problems(frame) + _lost_in_units(frame)
    if problems:
        raise ScenarioError(problems)
    found = inherit(_in_standard_units(frame), options)
    if problems := _value_problems(found):
        raise ScenarioError(problems)
    return found


def _lost_in_units(frame: pl.DataFrame) -> list[str]:
    """One sentence for each value that is no number, or 0, in the unit that it is turned into."""
    return [
        f"{row['where']}, {row['context']}: `value` of {row['parameter']} must be a number in {unit}, "
        f"found {row['value']:g} {row['unit']}"
        for row in frame.filter(pl.col("value") > 0, pl.col("unit").is_not_null()).iter_rows(named=True)
        if (unit := in_standard_units(1.0, row["unit"])[1]) != in_standard_units(row["value"], row["unit"])[1]
    ]


def _value_problems(frame: pl.DataFrame) -> list[str]:
    """One sentence for each row whose value, a share of another one's maybe, is none that a parameter can have."""
    set_here = frame.filter(pl.col("kind").is_in(["total", "stimulus"])).unique("where", maintain_order=True)
    return [
        f"{row['where']}, {row['context']}: `value` of {row['parameter']} must be {must}, found {row['value']:g}"
        for row in set_here.iter_rows(named=True)
        if (must := value_rule(row["parameter"], row["value"]))
    ]


def value_rule(parameter: str, value: float) -> str | None:
    """What the value of a parameter must be, whatever it is, where it is not."""
    if not math.isfinite(value):
        return "finite"
    if parameter in VOLUMES and value <= 0:
        return "positive"
    return f"0 or at least {SMALLEST:g} away from it" if 0 < abs(value) < SMALLEST else None


def _in_standard_units(frame: pl.DataFrame) -> pl.DataFrame:
    """Concentrations in nM or ng_per_mL, whatever unit they were written in."""
    turned = [
        (value, unit) if value is None or unit is None else in_standard_units(value, unit)
        for value, unit in frame.select("value", "unit").iter_rows()
    ]
    schema = {name: frame.schema[name] for name in ("value", "unit")}
    return frame.with_columns(pl.DataFrame(turned, schema=schema, orient="row"))


def _row_problems(frame: pl.DataFrame, options: Iterable[str]) -> list[str]:
    allowed = {"hypothesis": tuple(options), "timing": (PREINCUBATION,), "organism": ORGANISMS}
    problems = [
        f"{row['where']}, {row['context']}: `parameter` of a row of kind {row['kind']} must be one of "
        f"{', '.join(allowed[row['kind']])}, found {row['parameter']}"
        for row in frame.iter_rows(named=True)
        if row["parameter"] not in allowed.get(row["kind"], (row["parameter"],))
    ]
    problems += [
        f"{row['where']}, {row['context']}: `parameter` of a row of kind module must be the key of one, such as m07, "
        f"with the value 0 (left out), found {row['parameter']} with {row['value']:g}"
        for row in frame.filter((pl.col("kind") == "module") & pl.col("value").is_not_null()).iter_rows(
            named=True
        )
        if not MODULE.fullmatch(row["parameter"]) or row["value"] != 0
    ]
    said = {CONSTRUCT: ((0.0, 1.0), "1 (carried) or 0 (not)"), "organism": ((1.0,), "1")}
    problems += [
        f"{row['where']}, {row['context']}: `value` of a row of kind {row['kind']} must be {said[row['kind']][1]}, "
        f"found {row['value']:g}"
        for row in frame.filter(pl.col("kind").is_in(said.keys())).iter_rows(named=True)
        if row["value"] is not None and row["value"] not in said[row["kind"]][0]
    ]
    problems += [
        f"{row['where']}, {row['context']}: `unit` of a row of kind organism must be empty, found {row['unit']}"
        for row in frame.filter(pl.col("kind") == "organism").iter_rows(named=True)
        if row["unit"] not in (None, "dimensionless")
    ]
    problems += [
        f"{row['where']}, {row['context']}: `value` of a row of kind {row['kind']} must be given, found none"
        for row in frame.filter((pl.col("kind") != FROM) & pl.col("value").is_null()).iter_rows(named=True)
    ]
    problems += [
        f"{row['where']}, {row['context']}: `value` of a row of kind {FROM} must be empty, found {row['value']:g}"
        for row in frame.filter((pl.col("kind") == FROM) & pl.col("value").is_not_null()).iter_rows(
            named=True
        )
    ]
    problems += [
        f"{row['where']}, {row['context']}: `sd` must be empty in a row of kind {row['kind']}, found {row['sd']:g}"
        for row in frame.filter((pl.col("kind") != "total") & pl.col("sd").is_not_null()).iter_rows(
            named=True
        )
    ]
    problems += _timing_problems(frame.filter(kind="timing"))
    return problems + more_than_one(frame.filter(pl.col("kind") == "organism"))


def _timing_problems(frame: pl.DataFrame) -> list[str]:
    """What is wrong with the values and units of rows of kind `timing`."""
    problems = [
        f"{row['where']}, {row['context']}: `unit` of {row['parameter']} must be min, found {row['unit']}"
        for row in frame.filter(pl.col("unit") != "min").iter_rows(named=True)
    ]
    return problems + [
        f"{row['where']}, {row['context']}: `value` of {row['parameter']} must be at most {LONGEST_MINUTES:g}, "
        f"found {row['value']:g}"
        for row in frame.filter(pl.col("value") > LONGEST_MINUTES).iter_rows(named=True)
    ]


def _context(name: str, rows: list[dict]) -> Context:
    def settings(kind: str) -> tuple[Setting, ...]:
        return tuple(
            Setting(
                row["parameter"], row["value"], row["unit"], row["source"], row["where"], row["sd"] or 0.0
            )
            for row in rows
            if row["kind"] == kind
        )

    organisms = [setting.parameter for setting in settings("organism")]
    return Context(
        name,
        organisms[0] if organisms else ORGANISMS[0],
        settings("total"),
        settings("stimulus"),
        {setting.parameter: setting.value for setting in settings("hypothesis")},
        sum(setting.value for setting in settings("timing")),
        tuple(sorted(setting.parameter for setting in settings("module"))),
        tuple(setting for setting in settings(CONSTRUCT) if setting.value),
        {setting.parameter: setting.where for setting in settings("module")},
    )


def screened(tables: ContextTables, chosen: Sequence[str] | Literal["all"]) -> ContextTables:
    """The tables with the chosen contexts alone, in that order. ScenarioError: none, an unknown one, one twice."""
    names = tuple(tables.contexts) if chosen == "all" else tuple(chosen)
    problems = [
        f"scenarios.contexts: must be of the table, found {name}"
        for name in names
        if name not in tables.contexts
    ]
    problems += [
        f"scenarios.contexts: must be named once, found {name} again"
        for name, count in Counter(names).items()
        if count > 1
    ]
    if not names:
        problems.append("scenarios.contexts: must name at least one, found none")
    if problems:
        raise ScenarioError(problems)
    return replace(tables, contexts={name: tables.contexts[name] for name in names})


def smaller_networks(contexts: Iterable[Context]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The contexts (by name) of each distinct set of modules left out, none first."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for context in contexts:
        found[context.left_out] = (*found.get(context.left_out, ()), context.name)
    return dict(sorted(found.items()))


def check_left_out(tables: ContextTables, modules: Collection[str]) -> None:
    """Raise ScenarioError unless every module that a context leaves out is one of those (keys) that can be."""
    must = f"`parameter` must be a module that can be left out ({', '.join(modules) or 'none here'})"
    problems = [
        f"{where}, {context.name}: {must}, found {key}"
        for context in tables.contexts.values()
        for key, where in context.places.items()
        if key not in modules
    ]
    if problems:
        raise ScenarioError(problems)


def check_contexts(tables: ContextTables, units: Mapping[str, str | None]) -> None:
    """Raise ScenarioError unless every parameter set is one of the network and in its unit.

    `units` gives the unit of each network parameter; a None leaves that unit unchecked.
    """
    problems = []
    for context in tables.contexts.values():
        for setting in (*context.totals, *context.stimulus):
            row = f"{setting.where}, {context.name}"
            if setting.parameter not in units:
                problems.append(f"{row}: `parameter` must be one of the network's, found {setting.parameter}")
                continue
            unit = units[setting.parameter]
            if unit is not None and setting.unit != unit:
                problems.append(f"{row}: `unit` of {setting.parameter} must be {unit}, found {setting.unit}")
    problems += [
        f"{option.places[parameter]}, {name}: `parameter` must be one of the network's, found {parameter}"
        for name, option in tables.options.items()
        for parameter in option.settings
        if parameter not in units
    ]
    if problems:
        raise ScenarioError(problems)
