"""What a table must hold, declared once and checked when it is read and when it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from screen.errors import TableError
from screen.files import name_problem

MOST_PROBLEMS = 20
"""Problems of one table that are spelled out; of more it is said that there are more."""


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
    problems = find_problems(frame, schema, where, range(first_row, first_row + frame.height))
    if problems:
        raise TableError(spelled_out(problems, where))


def conformed(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """A frame with all its required columns as the schema has it: others are added as null, in the schema's order."""
    missing = [column for column in schema.columns if frame.schema.get(column.name, pl.Null) == pl.Null]
    full = frame.with_columns(pl.lit(None, column.dtype).alias(column.name) for column in missing)
    return full.select(column.name for column in schema.columns)


def spelled_out(problems: list[str], where: str) -> list[str]:
    """The first of many problems, and that there are more."""
    more = [f"{where}: there are more problems than these"] if len(problems) > MOST_PROBLEMS else []
    return problems[:MOST_PROBLEMS] + more


def find_problems(frame: pl.DataFrame, schema: Schema, where: str, lines: Sequence[int]) -> list[str]:
    """One sentence a problem; empty where the table is as declared. `lines` are the numbers shown for the rows."""
    problems = name_problems(frame.columns, schema, where)
    if problems:
        return problems
    if frame.is_empty() and not schema.may_be_empty:
        return [f"{where}: must hold at least one row, found none"]
    for column in schema.columns:
        if column.name in frame.columns:
            problems += _column_problems(frame, column, where, lines)
    if problems:
        return problems
    full = conformed(frame, schema)
    return _rule_problems(full, schema, where, lines) + _key_problems(full, schema, where, lines)


def name_problems(found: Sequence[str], schema: Schema, where: str) -> list[str]:
    """What is wrong with the names of a table's columns, in one line: those that lack, else those that are unknown."""
    known = [column.name for column in schema.columns]
    missing = [column.name for column in schema.columns if column.required and column.name not in found]
    unknown = [name for name in found if name not in known]
    if missing:
        return [f"{where}: {_columns(missing)} must be there, found only {', '.join(found) or 'no columns'}"]
    if unknown:
        return [f"{where}: {_columns(unknown)} must be of {', '.join(sorted(known))}"]
    return []


def _columns(names: Sequence[str]) -> str:
    return f"column{'s' * (len(names) > 1)} {', '.join(f'`{name}`' for name in names)}"


def _column_problems(frame: pl.DataFrame, column: Column, where: str, lines: Sequence[int]) -> list[str]:
    values = frame[column.name]
    if values.dtype != column.dtype:
        if values.dtype == pl.Null:
            values = values.cast(column.dtype)
        else:
            return [f"{where}: column `{column.name}` must be of type {column.dtype}, found {values.dtype}"]
    checks: list[tuple[str, pl.Series]] = []
    if not column.nullable:
        checks.append(("must not be empty", values.is_null()))
    if values.dtype.is_float():
        checks.append(("must be a finite number", (~values.is_finite()).fill_null(False)))
    if column.positive:
        checks.append(("must be positive", _finite(values <= 0, values)))
    if column.minimum is not None:
        checks.append((f"must be at least {column.minimum:g}", _finite(values < column.minimum, values)))
    if column.maximum is not None:
        checks.append((f"must be at most {column.maximum:g}", _finite(values > column.maximum, values)))
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
            problems.append(f"{where} row {lines[row]}: `{column.name}` {rule}, found {_shown(values[row])}")
    return problems


def _finite(wrong: pl.Series, values: pl.Series) -> pl.Series:
    """Where finite values are wrong: that others are no such values is said already."""
    return (wrong & values.is_finite()).fill_null(False)


def _rule_problems(frame: pl.DataFrame, schema: Schema, where: str, lines: Sequence[int]) -> list[str]:
    return [
        f"{where} row {lines[row]}: `{rule.column}` {rule.text}, found {_shown(frame[rule.column][row])}"
        for rule in schema.rules
        for row in frame.select(rule.wrong).to_series().arg_true().to_list()[: MOST_PROBLEMS + 1]
    ]


def _key_problems(frame: pl.DataFrame, schema: Schema, where: str, lines: Sequence[int]) -> list[str]:
    if not schema.key or frame.is_empty():
        return []
    keys = frame.select(schema.key)
    repeated = (~keys.to_struct("key").is_first_distinct()).arg_true().to_list()
    return [
        f"{where} row {lines[row]}: ({', '.join(schema.key)}) must be unique, "
        f"found ({', '.join(str(value) for value in keys.row(row))}) again"
        for row in repeated[: MOST_PROBLEMS + 1]
    ]


def _shown(value: object) -> str:
    return "nothing" if value is None or value == "" else str(value)


def parser_for(column: Column) -> Callable[[pl.Expr], pl.Expr]:
    """How the text of a cell becomes a value of the column's type; null where it cannot."""
    dtype = column.dtype
    if dtype == pl.Boolean:
        return lambda text: text.str.to_lowercase().replace_strict(
            {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
        )
    if dtype == pl.String:
        return lambda text: text
    return lambda text: text.str.strip_chars().cast(dtype, strict=False)
