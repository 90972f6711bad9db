"""What a table must hold, declared once and checked when it is read and when it is written."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from screen.errors import TableError
from screen.files import name_problem

MOST_PROBLEMS = 20
"""Problems of one table that are spelled out; the rest are counted."""


@dataclass(frozen=True)
class Column:
    """One column: its type, its unit and what its values must satisfy."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    description: str
    unit: str = ""
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    positive: bool = False
    choices: tuple[str, ...] | None = None
    is_name: bool = False


@dataclass(frozen=True)
class Rule:
    """What must hold of a column where another says so; `wrong` is true in the rows where it does not."""

    column: str
    text: str
    wrong: pl.Expr


@dataclass(frozen=True)
class Schema:
    """A table: its columns in order and the columns that identify a row."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    may_be_empty: bool = False
    rules: tuple[Rule, ...] = ()

    def dtypes(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Column types by name."""
        return {column.name: column.dtype for column in self.columns}


def check_table(frame: pl.DataFrame, schema: Schema, where: str, *, first_row: int = 1) -> None:
    """Raise TableError with every way in which the table breaks its schema.

    `first_row` is the number shown for the first row: 2 for a text file with a header line.
    """
    problems = find_problems(frame, schema, where, first_row)
    if problems:
        extra = len(problems) - MOST_PROBLEMS
        more = [f"{where}: {extra} more problems of this kind"] if extra > 0 else []
        raise TableError(problems[:MOST_PROBLEMS] + more)


def find_problems(frame: pl.DataFrame, schema: Schema, where: str, first_row: int) -> list[str]:
    """One sentence a problem; empty where the table is as declared."""
    names = {column.name for column in schema.columns}
    found = ", ".join(frame.columns) or "no columns"
    problems = [
        f"{where}: column `{column.name}` must be there, found only {found}"
        for column in schema.columns
        if column.required and column.name not in frame.columns
    ]
    problems += [
        f"{where}: column `{name}` is not one of {', '.join(sorted(names))}"
        for name in frame.columns
        if name not in names
    ]
    if problems:
        return problems
    if frame.is_empty() and not schema.may_be_empty:
        return [f"{where}: must hold at least one row, found none"]
    for column in schema.columns:
        if column.name in frame.columns:
            problems += _column_problems(frame, column, where, first_row)
    return problems or [
        *_rule_problems(frame, schema, where, first_row),
        *_key_problems(frame, schema, where, first_row),
    ]


def _column_problems(frame: pl.DataFrame, column: Column, where: str, first_row: int) -> list[str]:
    values = frame[column.name]
    if values.dtype != column.dtype:
        if values.dtype == pl.Null:
            values = values.cast(column.dtype)
        else:
            return [
                f"{where}: column `{column.name}` must be of type {_type_name(column)}, found {values.dtype}"
            ]
    checks: list[tuple[str, pl.Series]] = []
    if not column.nullable:
        checks.append(("must not be empty", values.is_null()))
    if values.dtype.is_float():
        checks.append(("must be a finite number", (~values.is_finite()).fill_null(False)))
    if column.positive:
        checks.append(("must be positive", (values <= 0).fill_null(False)))
    if column.minimum is not None:
        checks.append((f"must be at least {column.minimum:g}", (values < column.minimum).fill_null(False)))
    if column.maximum is not None:
        checks.append((f"must be at most {column.maximum:g}", (values > column.maximum).fill_null(False)))
    if column.is_name:
        rules = {text: rule for text in values.unique().drop_nulls() if (rule := name_problem(text))}
        for rule in dict.fromkeys(rules.values()):
            bad = [text for text, broken in rules.items() if broken == rule]
            checks.append((rule, values.is_in(bad).fill_null(False)))
    if column.choices is not None:
        rule = f"must be one of {', '.join(column.choices)}"
        checks.append((rule, (~values.is_in(list(column.choices))).fill_null(False)))
    problems = []
    for rule, wrong in checks:
        for row in wrong.arg_true().to_list()[: MOST_PROBLEMS + 1]:
            problems.append(
                f"{where} row {row + first_row}: `{column.name}` {rule}, found {_shown(values[row])}"
            )
    return problems


def _rule_problems(frame: pl.DataFrame, schema: Schema, where: str, first_row: int) -> list[str]:
    return [
        f"{where} row {row + first_row}: `{rule.column}` {rule.text}, found {_shown(frame[rule.column][row])}"
        for rule in schema.rules
        for row in frame.select(rule.wrong).to_series().arg_true().to_list()[: MOST_PROBLEMS + 1]
    ]


def _key_problems(frame: pl.DataFrame, schema: Schema, where: str, first_row: int) -> list[str]:
    if not schema.key or frame.is_empty():
        return []
    keys = frame.select(schema.key)
    repeated = (~keys.to_struct("key").is_first_distinct()).arg_true().to_list()
    return [
        f"{where} row {row + first_row}: ({', '.join(schema.key)}) must be unique, "
        f"found ({', '.join(str(value) for value in keys.row(row))}) again"
        for row in repeated[: MOST_PROBLEMS + 1]
    ]


def _type_name(column: Column) -> str:
    return str(column.dtype() if isinstance(column.dtype, type) else column.dtype)


def _shown(value: object) -> str:
    return "nothing" if value is None or value == "" else str(value)


def parser_for(column: Column) -> Callable[[pl.Expr], pl.Expr]:
    """How the text of a cell becomes a value of the column's type; null where it cannot."""
    dtype = column.dtype() if isinstance(column.dtype, type) else column.dtype
    if dtype == pl.Boolean:
        return lambda text: text.str.to_lowercase().replace_strict(
            {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
        )
    if dtype == pl.String:
        return lambda text: text
    return lambda text: text.str.strip_chars().cast(dtype, strict=False)
