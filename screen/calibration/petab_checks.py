"""What a person most often gets wrong in PEtab tables, each with file, row and column."""

import math
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from petab.v1 import C
from petab.v1.math import sympify_petab

from screen.calibration.cells import missing
from screen.calibration.formulas import FORMULA_FAULTS, LONGEST, fault_in
from screen.calibration.petab_tables import Table
from screen.tables import parse_number

Tables = Mapping[str, Sequence[Table]]
"""The tables of a problem by kind: condition_files, observable_files, measurement_files, parameter_file."""

Rule = Callable[[float], bool]

WORDS: dict[str, dict[str, Sequence[str]]] = {
    "observable_files": {
        "observableTransformation": C.OBSERVABLE_TRANSFORMATIONS,
        "noiseDistribution": C.NOISE_MODELS,
    },
    "parameter_file": {
        "parameterScale": C.PARAMETER_SCALES,
        "objectivePriorType": C.PRIOR_TYPES,
        "initializationPriorType": C.PRIOR_TYPES,
    },
}
"""What the cells of some columns may hold, where they are not empty."""

KINDS = ("observable", "noise")
"""Kinds of placeholders."""

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def find_problems(tables: Tables) -> list[str]:
    """Everything wrong with the tables by themselves, one sentence each."""
    every = [table for kind in tables.values() for table in kind]
    problems = [
        f"{table.path}: must hold at least one row, found none" for table in every if not len(table.frame)
    ]
    repeated = [
        problem for kind in ("observable_files", "condition_files") for problem in _repeated(tables[kind])
    ]
    if repeated:
        return problems + repeated
    observables, conditions = (
        {name for table in tables[kind] for name in table.frame.index}
        for kind in ("observable_files", "condition_files")
    )
    for kind in ("observable_files", "condition_files", "parameter_file"):
        problems += [problem for table in tables[kind] for problem in _identifier_problems(table)]
    for kind, columns in WORDS.items():
        for table in tables[kind]:
            problems += [problem for name in columns for problem in _wrong_words(table, name, columns[name])]
    for table in tables["observable_files"]:
        problems += _formula_problems(table)
        problems += _numbering_problems(table)
    logarithmic, counts = _transformed(tables), _placeholder_counts(tables)
    for table in tables["measurement_files"]:
        problems += _unknown(table, "observableId", observables, "an observable of the observable table")
        problems += _unknown(table, "simulationConditionId", conditions, "a condition of the condition table")
        for column in ("preequilibrationConditionId", "pretreatmentConditionId"):
            if column in table.frame:
                problems += _unknown(table, column, conditions, "a condition of the condition table or empty")
        problems += _wrong_numbers(table, "measurement", "a finite number", math.isfinite)
        named = table.frame.get("observableId", pd.Series(index=table.frame.index, dtype=object))
        on_logs = named.isin(logarithmic)
        above = "positive, as its observable is compared on a logarithmic scale"
        problems += _wrong_numbers(table, "measurement", above, lambda value: not value <= 0, on_logs)
        problems += _override_problems(table, counts)
        problems += _wrong_numbers(table, "time", "a number", lambda time: not math.isnan(time))
    for table in tables["parameter_file"]:
        problems += _parameter_problems(table)
    return problems


def _repeated(tables: Sequence[Table]) -> list[str]:
    """Rows whose name a row before them has."""
    seen: set[str] = set()
    problems = []
    for table in tables:
        for row, name in enumerate(table.frame.index):
            if name in seen:
                problems.append(
                    f"{table.where(row)}: {table.frame.index.name} must name a row alone, found {name} again"
                )
            seen.add(name)
    return problems


def _parameter_problems(table: Table) -> list[str]:
    """Estimate, bounds and values: of estimated parameters bounds are needed, of others the value."""
    absent = [name for name in ("estimate", "parameterScale") if name not in table.frame]
    if absent:
        return [_no_column(table, name) for name in absent]
    free = table.frame["estimate"].isin((1, "1", 1.0, True))
    logarithmic = free & table.frame["parameterScale"].isin(("log", "log10"))
    problems = _prior_problems(table)
    problems += [
        f"{table.where(row)}: parameterScale must be one of {', '.join(C.PARAMETER_SCALES)}, found nothing"
        for row, value in enumerate(table.frame["parameterScale"])
        if missing(value)
    ]
    problems += _wrong_numbers(table, "estimate", "0 or 1", lambda value: value in (0, 1))
    for column in ("lowerBound", "upperBound"):
        problems += _wrong_numbers(table, column, "a finite number", math.isfinite, free)
        problems += _wrong_numbers(
            table,
            column,
            "positive on a logarithmic scale",
            lambda value: value > 0 or math.isnan(value),
            logarithmic,
        )
    if not problems:
        lower, upper = (
            pd.to_numeric(table.frame[name], errors="coerce") for name in ("lowerBound", "upperBound")
        )
        problems += [
            f"{table.where(row)}: lowerBound must lie below upperBound, found {lower.iloc[row]} and {upper.iloc[row]}"
            for row in range(len(free))
            if free.iloc[row] and not lower.iloc[row] < upper.iloc[row]
        ]
    if "nominalValue" in table.frame:
        named = ~free | ~table.frame["nominalValue"].isna()
        problems += _wrong_numbers(table, "nominalValue", "a finite number", math.isfinite, named)
        return problems
    return problems if free.all() else [*problems, _no_column(table, "nominalValue")]


def _formula_problems(table: Table) -> list[str]:
    problems = []
    for column in ("observableFormula", "noiseFormula"):
        if column not in table.frame:
            problems.append(_no_column(table, column))
            continue
        lengths = table.frame[column].astype(str).str.len()
        problems += [
            f"{table.where(row)}: {column} must have at most {LONGEST} characters, found {length}"
            for row, length in enumerate(lengths)
            if length > LONGEST
        ]
        for row, text in enumerate(table.frame[column]):
            if len(str(text)) <= LONGEST and not pd.isna(text):
                problems += _syntax_problems(str(text), f"{table.where(row)}: {column}")
    return problems


def _syntax_problems(text: str, where: str) -> list[str]:
    try:
        sympify_petab(text)
    except FORMULA_FAULTS as fault:
        return [f"{where} must be a formula, found {fault_in(text, fault)}"]
    return []


def _identifier_problems(table: Table) -> list[str]:
    return [
        f"{table.where(row)}: {table.frame.index.name} must be letters, digits and _, first no digit, found {name}"
        for row, name in enumerate(table.frame.index)
        if not IDENTIFIER.fullmatch(str(name))
    ]


def _wrong_words(table: Table, column: str, choices: Sequence[str]) -> list[str]:
    return [
        f"{table.where(row)}: {column} must be one of {', '.join(choices)}, found {value}"
        for row, value in enumerate(table.frame.get(column, ()))
        if not missing(value) and value not in choices
    ]


def _transformed(tables: Tables) -> set[str]:
    """Observables that are compared on a logarithmic scale."""
    scales = (table.frame.get("observableTransformation") for table in tables["observable_files"])
    return {
        name for scale in scales if scale is not None for name in scale.index[scale.isin(("log", "log10"))]
    }


def _placeholder_counts(tables: Tables) -> dict[tuple[str, str], int]:
    """How many numbers each (kind, observable) wants of a measurement, where its placeholders are sound."""
    return {
        (kind, str(name)): len(numbers)
        for table in tables["observable_files"]
        for name, row in table.frame.iterrows()
        for kind in KINDS
        if _are_sound(numbers := _placeholder_numbers(kind, str(name), row))
    }


def _placeholder_numbers(kind: str, name: str, row: pd.Series) -> list[int]:
    """The numbers of the placeholders of a kind that the formulas of an observable name, each once."""
    text = " ".join(str(row.get(column)) for column in ("observableFormula", "noiseFormula"))
    return sorted(set(map(int, re.findall(rf"\b{kind}Parameter(\d+)_{re.escape(name)}\b", text))))


def _are_sound(numbers: Sequence[int]) -> bool:
    return list(numbers) == list(range(1, len(numbers) + 1))


def _numbering_problems(table: Table) -> list[str]:
    problems = []
    for place, (name, row) in enumerate(table.frame.iterrows()):
        for kind in KINDS:
            numbers = _placeholder_numbers(kind, str(name), row)
            if not _are_sound(numbers):
                found = ", ".join(f"{kind}Parameter{number}_{name}" for number in numbers)
                problems.append(
                    f"{table.where(place)}: placeholders must be numbered from 1 on, found {found}"
                )
    return problems


def _override_problems(table: Table, counts: Mapping[tuple[str, str], int]) -> list[str]:
    problems = []
    for kind in KINDS:
        cells = table.frame.get(f"{kind}Parameters", pd.Series(np.nan, index=table.frame.index))
        for row, (name, value) in enumerate(zip(table.frame.get("observableId", ()), cells, strict=False)):
            entries = [] if pd.isna(value) else [entry.strip() for entry in str(value).split(";")]
            entries = entries if any(entries) else []
            wanted = counts.get((kind, name), len(entries))
            if len(entries) != wanted:
                rule = f"{kind}Parameters must have as many entries as {name} has placeholders"
                problems.append(f"{table.where(row)}: {rule}, found {len(entries)} of {wanted}")
                continue
            problems += [
                f"{table.where(row)}: {kind}Parameters must hold numbers and parameters of the parameter table, "
                f"found {entry or 'nothing'}"
                for entry in entries
                if not IDENTIFIER.fullmatch(entry) and math.isnan(parse_number(entry))
            ]
    return problems


def _prior_problems(table: Table) -> list[str]:
    problems = []
    for column in ("objectivePriorParameters", "initializationPriorParameters"):
        for row, value in enumerate(table.frame.get(column, ())):
            if pd.isna(value):
                continue
            parts = [parse_number(part) for part in str(value).split(";")]
            if not (len(parts) == 2 and all(map(math.isfinite, parts))):
                problems.append(
                    f"{table.where(row)}: {column} must be two numbers with ; between them, found {value}"
                )
    return problems


def _no_column(table: Table, column: str) -> str:
    return f"{table.path}: column `{column}` must be there, found only {', '.join(map(str, table.frame.columns))}"


def _unknown(table: Table, column: str, known: set[str], what: str) -> list[str]:
    if column not in table.frame:
        return [_no_column(table, column)]
    optional = what.endswith("or empty")
    return [
        f"{table.where(row)}: {column} must be {what}, found {value}"
        for row, value in enumerate(table.frame[column])
        if value not in known and not (optional and (pd.isna(value) or value == ""))
    ]


def _wrong_numbers(
    table: Table, column: str, must: str, good: Rule, rows: pd.Series | None = None
) -> list[str]:
    """Cells of a column that are no number or break the rule; of all rows, or of those where `rows` holds."""
    if column not in table.frame:
        return [_no_column(table, column)]
    cells = table.frame[column]
    numbers = pd.to_numeric(cells, errors="coerce")
    problems = []
    for row, (cell, number) in enumerate(zip(cells, numbers, strict=True)):
        if rows is not None and not rows.iloc[row]:
            continue
        if not good(float(number)):
            must_be = "a number" if pd.isna(number) else must
            problems.append(
                f"{table.where(row)}: {column} must be {must_be}, found {'nothing' if pd.isna(cell) else cell}"
            )
    return problems
