"""Contexts are data: a cell, what is given to it, and the readings of contested biology it is run under.

`contexts.tsv` is long: one row a value. Rows of kind `total` hold from rest on, `stimulus` from t = 0,
`hypothesis` names an option of a switch with its prior weight here, `timing` has `preincubation_min`,
`organism` has `human` or `mouse` as its parameter (human where there is no such row), and `module` names a
module of the network that is left out in this cell, with the value 0.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from screen.errors import ScenarioError
from screen.scenarios.drugs import MARKS
from screen.scenarios.hypotheses import Option, own_weight_problems, read_options
from screen.tables import Column, Schema, read_table

ORGANISMS = ("human", "mouse")
PREINCUBATION = "preincubation_min"
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
            choices=("total", "stimulus", "hypothesis", "timing", "organism", "module"),
        ),
        Column(
            "parameter", pl.String, "network parameter, hypothesis, preincubation_min, human, mouse or module"
        ),
        Column(
            "value", pl.Float64, "value of the parameter, prior weight, or 0 for a module left out", minimum=0
        ),
        Column("unit", pl.String, "unit of the value, that of the network parameter", nullable=True),
        Column("mark", pl.String, "origin of the value", nullable=True, choices=CONTEXT_MARKS),
        Column("source", pl.String, "where it comes from", nullable=True),
    ),
    key=("context", "kind", "parameter"),
)


@dataclass(frozen=True)
class Setting:
    """A network parameter and the value [unit of the parameter] a context gives it, and where that comes from."""

    parameter: str
    value: float
    unit: str | None
    source: str | None


@dataclass(frozen=True)
class Context:
    """A cell and its stimulus. preincubation_minutes [min] with drug before the stimulus.

    hypotheses: the options that the context is run under, with their prior weights here; empty for none.
    left_out: keys of the modules that its network lacks, in order.
    """

    name: str
    organism: str
    totals: tuple[Setting, ...]
    stimulus: tuple[Setting, ...]
    hypotheses: Mapping[str, float]
    preincubation_minutes: float
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContextTables:
    """Contexts, and the options of contested biology; order is that of the files."""

    contexts: Mapping[str, Context]
    options: Mapping[str, Option]


def read_context_tables(contexts: Path, hypotheses: Path) -> ContextTables:
    """Read and check both tables. TableError for one table, ScenarioError where they disagree."""
    frame = read_table(contexts, CONTEXTS)
    options = read_options(hypotheses)
    problems = _row_problems(frame, options, contexts.name)
    if problems:
        raise ScenarioError(problems)
    known = {
        name: _context(name, list(rows.iter_rows(named=True)))
        for (name,), rows in frame.group_by("context", maintain_order=True)
    }
    for name, context in known.items():
        problems += own_weight_problems(f"{contexts.name}, {name}", options, context.hypotheses)
    if problems:
        raise ScenarioError(problems)
    return ContextTables(known, options)


def _row_problems(frame: pl.DataFrame, options: Iterable[str], where: str) -> list[str]:
    allowed = {"hypothesis": tuple(options), "timing": (PREINCUBATION,), "organism": ORGANISMS}
    problems = [
        f"{where}, {row['context']}: `parameter` of a row of kind {row['kind']} must be one of "
        f"{', '.join(allowed[row['kind']])}, found {row['parameter']}"
        for row in frame.iter_rows(named=True)
        if row["parameter"] not in allowed.get(row["kind"], (row["parameter"],))
    ]
    problems += [
        f"{where}, {row['context']}: `parameter` of a row of kind module must be the key of one, such as m07, "
        f"with the value 0 (left out), found {row['parameter']} with {row['value']:g}"
        for row in frame.filter(pl.col("kind") == "module").iter_rows(named=True)
        if not MODULE.fullmatch(row["parameter"]) or row["value"] != 0
    ]
    organisms = frame.filter(pl.col("kind") == "organism").group_by("context", maintain_order=True).len()
    problems += [
        f"{where}, {name}: at most one row of kind organism may be there, found {count}"
        for name, count in organisms.iter_rows()
        if count > 1
    ]
    return problems


def _context(name: str, rows: list[dict]) -> Context:
    def settings(kind: str) -> tuple[Setting, ...]:
        return tuple(
            Setting(row["parameter"], row["value"], row["unit"], row["source"])
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
    )


def smaller_networks(contexts: Iterable[Context]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The contexts (by name) of each distinct set of modules left out, none first."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for context in contexts:
        found[context.left_out] = (*found.get(context.left_out, ()), context.name)
    return dict(sorted(found.items()))


def check_contexts(
    tables: ContextTables, units: Mapping[str, str | None], where: str = "contexts.tsv"
) -> None:
    """Raise ScenarioError unless every parameter set is one of the network and in its unit.

    `units` gives the unit of each network parameter; a None leaves that unit unchecked.
    """
    problems = []
    for context in tables.contexts.values():
        for setting in (*context.totals, *context.stimulus):
            row = f"{where}, {context.name}"
            if setting.parameter not in units:
                problems.append(f"{row}: `parameter` must be one of the network's, found {setting.parameter}")
                continue
            unit = units[setting.parameter]
            if unit is not None and setting.unit != unit:
                problems.append(f"{row}: `unit` of {setting.parameter} must be {unit}, found {setting.unit}")
    problems += [
        f"hypotheses.tsv, {name}: `parameter` must be one of the network's, found {parameter}"
        for name, option in tables.options.items()
        for parameter in option.settings
        if parameter not in units
    ]
    if problems:
        raise ScenarioError(problems)
