"""What a table must hold, declared once and checked when it is read and when it is written."""

from collections.abc import Callable, Iterator, Sequence
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
    kinds = frame.schema
    missing = [column for column in schema.columns if kinds.get(column.name, pl.Null) == pl.Null]
    if missing:
        frame = frame.with_columns(pl.lit(None, column.dtype).alias(column.name) for column in missing)
    names = [column.name for column in schema.columns]
    return frame if frame.columns == names else frame.select(names)


def spelled_out(problems: list[str], where: str) -> list[str]:
    """The first of many problems, and that there are more."""
    more = [f"{where}: there are more problems than these"] if len(problems) > MOST_PROBLEMS else []
    return problems[:MOST_PROBLEMS] + more


def find_problems(frame: pl.DataFrame, schema: Schema, where: str, lines: Sequence[int]) -> list[str]:
    """One sentence a problem; empty where the table is as declared. `lines` are the numbers shown for the rows."""
    if problems := name_problems(frame.columns, schema, where):
        return problems
    if frame.is_empty() and not schema.may_be_empty:
        return [f"{where}: must hold at least one row, found none"]
    if problems := _column_problems(frame, schema, where, lines):
        return problems
    full = conformed(frame, schema)
    return _rule_problems(full, schema, where, lines) + _key_problems(full, schema, where, lines)


def name_problems(found: Sequence[str], schema: Schema, where: str) -> list[str]:
    """What is wrong with the names of a table's columns, in one line: those that lack, else those that are unknown."""
    known = [column.name for column in schema.columns]
    missing = [column.name for column in schema.columns if column.required and column.name not in found]
    unknown = [name for name in found if name not in known]
    if missing:
        there = f"only {', '.join(found)}" if found else "no columns"
        return [f"{where}: {_columns(missing)} must be there, found {there}"]
    if unknown:
        return [f"{where}: {_columns(unknown)} must be of {', '.join(sorted(known))}"]
    return []


def _columns(names: Sequence[str]) -> str:
    return f"column{'s' * (len(names) > 1)} {', '.join(f'`{name}`' for name in names)}"


def _column_problems(frame: pl.DataFrame, schema: Schema, where: str, lines: Sequence[int]) -> list[str]:
    """What is wrong in single columns: asked of the whole table at once, then of the rows where something is."""
    asked = [
        (column, rule, wrong)
        for column in schema.columns
        if column.name in frame.columns
        for rule, wrong in _wrong(frame[column.name], column)
    ]
    broken = _any(frame, [wrong for *_, wrong in asked])
    problems = []
    for (column, rule, wrong), is_broken in zip(asked, broken, strict=True):
        values = frame[column.name]
        if values.dtype not in (column.dtype, pl.Null):
            problems.append(f"{where}: column `{column.name}` {rule}, found {values.dtype}")
        elif is_broken:
            problems += [
                f"{where} row {lines[row]}: `{column.name}` {rule}, found {_shown(values[row])}"
                for row in _rows(frame, wrong)
            ]
    return problems


def _wrong(values: pl.Series, column: Column) -> Iterator[tuple[str, pl.Expr]]:
    """Each rule of a column, and where its values break it. Those of another type break but that rule."""
    if values.dtype not in (column.dtype, pl.Null):
        yield f"must be of type {column.dtype}", pl.lit(True)
        return
    cell = pl.col(column.name).cast(column.dtype)
    if not column.nullable:
        yield "must not be empty", cell.is_null()
    if values.dtype.is_float():
        yield "must be a finite number", ~cell.is_finite()
    if column.positive:
        yield "must be positive", (cell <= 0) & cell.is_finite()
    if column.minimum is not None:
        yield f"must be at least {column.minimum:g}", (cell < column.minimum) & cell.is_finite()
    if column.maximum is not None:
        yield f"must be at most {column.maximum:g}", (cell > column.maximum) & cell.is_finite()
    if column.is_name:
        rules = {text: rule for text in values.unique().drop_nulls() if (rule := name_problem(text))}
        for rule in dict.fromkeys(rules.values()):
            yield rule, cell.is_in([text for text, broken in rules.items() if broken == rule])
    if column.choices is not None:
        yield f"must be one of {', '.join(column.choices)}", ~cell.is_in(list(column.choices))


def _any(frame: pl.DataFrame, wrong: Sequence[pl.Expr]) -> Sequence[bool]:
    """For each of some questions, whether it is so in any row."""
    found = frame.select(each.any().alias(str(number)) for number, each in enumerate(wrong))
    return found.row(0) if wrong else ()


def _rows(frame: pl.DataFrame, wrong: pl.Expr) -> list[int]:
    """The first rows in which something is wrong, one more than are told of."""
    return frame.select(wrong).to_series().arg_true().to_list()[: MOST_PROBLEMS + 1]


def _rule_problems(frame: pl.DataFrame, schema: Schema, where: str, lines: Sequence[int]) -> list[str]:
    broken = _any(frame, [rule.wrong for rule in schema.rules])
    return [
        f"{where} row {lines[row]}: `{rule.column}` {rule.text}, found {_shown(frame[rule.column][row])}"
        for rule, is_broken in zip(schema.rules, broken, strict=True)
        if is_broken
        for row in _rows(frame, rule.wrong)
    ]


def _key_problems(frame: pl.DataFrame, schema: Schema, where: str, lines: Sequence[int]) -> list[str]:
    if not schema.key or frame.is_empty():
        return []
    key = ", ".join(schema.key)
    repeated = _rows(frame, ~pl.struct(schema.key).is_first_distinct())
    found = frame[repeated].select(schema.key).rows() if repeated else []
    return [
        f"{where} row {lines[row]}: ({key}) must be unique, found ({', '.join(map(str, values))}) again"
        for row, values in zip(repeated, found, strict=True)
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
