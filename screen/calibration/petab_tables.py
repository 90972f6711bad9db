"""The tables of a PEtab problem as they stand in their files, which row stands where, and what is handed on."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from petab.v1.models.sbml_model import SbmlModel

from screen.calibration.arms import Arms
from screen.errors import FitError, NetworkError
from screen.files import MOST_TABLE, check_cells, check_columns, read_text
from screen.network import read_document, sbml_text

COMMENT = "#"

IDENTIFIERS = frozenset((
    "conditionId", "experimentId", "observableId", "parameterId", "petabEntityId", "preequilibrationConditionId",
    "pretreatmentConditionId", "simulationConditionId", "targetId",
))  # fmt: skip
"""Columns whose cells are names: `NA` and `True` too, which elsewhere are an empty cell and a truth value."""

NO_VALUES = frozenset((
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
))  # fmt: skip
"""What the documentation of `pandas.read_csv` lists as words for an empty cell."""

ENDLESS = re.compile(r"\d{310}")
"""Digits of no number of 64 bits; pandas makes integers of them that nothing else takes."""


LINT_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What the validator raises where it meets what it does not expect."""


SAID = (
    (
        r"Missing parameter\(s\) in the model or the parameters table: \{(.*)\}",
        "",
        "must use names of the model or of the parameter table",
    ),
    (
        r"Extraneous parameter\(s\) in parameter table: \{(.*)\}",
        "parameterId",
        "must be what the problem uses",
    ),
    (
        r"(\{.*\}) (?:is|are) present in both the condition table and the parameter table",
        "parameterId",
        "must not be what a condition sets",
    ),
    (
        r"Condition table contains invalid targets: \{(.*)\}",
        "targetId",
        "must be a constant or a state of the model",
    ),
    (r"Observable IDs? (.*) shadows? model entit", "observableId", "must not be a name of the model"),
)
"""How the validator lists names: the column they stand in, empty for that of a formula, and what must hold."""


def lint_fault(fault: BaseException) -> str:
    """What such a fault says, in one line.

    >>> lint_fault(ValueError("two\\nlines")), lint_fault(AssertionError())
    ('two lines', 'what the validator calls AssertionError')
    """
    return " ".join(str(fault).split()) or f"what the validator calls {type(fault).__name__}"


@dataclass(frozen=True)
class Table:
    """One file: its rows, and the line of the file in which each of them stands."""

    path: Path
    frame: pd.DataFrame
    lines: tuple[int, ...]

    def where(self, row: int) -> str:
        """File and row of the row that is number `row` in the frame."""
        return f"{self.path} row {self.lines[row]}"


def located(message: str, tables: Iterable[Table], path: Path) -> list[str]:
    """A sentence of the validator; names it lists each with file, row and column of where they first stand."""
    known = list(tables)
    for pattern, column, rule in SAID:
        if listed := re.search(pattern, message):
            names = re.findall(r"'([^']+)'", listed[1]) or [listed[1]]
            places = (next((found for table in known if (found := _place_of(name, column, table))), path)
                      for name in names)  # fmt: skip
            return [f"{place} {rule}, found {name}" for name, place in zip(names, places, strict=True)]
    return [f"{path}: must be a valid PEtab problem, found {message}"]


def _place_of(name: str, column: str, table: Table) -> str:
    """File, row and column where a name is the cell of a column, or where it stands in a formula."""
    if column:
        cells = table.frame.index if table.frame.index.name == column else table.frame.get(column, ())
        return next((f"{table.where(row)}: {column}" for row, cell in enumerate(cells) if cell == name), "")
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for each in table.frame:
        if each in IDENTIFIERS or str(each).endswith(("Name", "Placeholders")):
            continue
        for row, cell in enumerate(table.frame[each]):
            if isinstance(cell, str) and word.search(cell):
                return f"{table.where(row)}: {each}"
    return ""


@dataclass(frozen=True)
class PetabFiles:
    """A checked problem, its tables as PEtab 1 has them, and where it came from."""

    model: Path
    parameters: pd.DataFrame
    observables: pd.DataFrame
    measurements: pd.DataFrame
    conditions: pd.DataFrame
    """What figures say of the conditions that `simulationConditionId` names."""
    arms: Arms
    files: tuple[Path, ...]
    """Everything read: the YAML file, its tables and the model."""
    measured_in: tuple[str, ...]
    """File and row of each measurement."""
    parameters_in: dict[str, str]
    """File and row of each row of the parameter table."""
    observables_in: dict[str, str]
    """File and row of each observable."""


def rows_of(tables: Iterable[Table]) -> dict[str, str]:
    """File and row of each name in the index of some tables."""
    return {str(name): table.where(row) for table in tables for row, name in enumerate(table.frame.index)}


def read_model(path: Path, name: str | None = None) -> SbmlModel:
    """The model of an SBML file, under its own name or another; FitError says where libSBML cannot read it."""
    text = sbml_text(path)
    try:
        read_document(text)
    except NetworkError as error:
        raise FitError(f"{path}: {problem}" for problem in error.problems) from None
    return SbmlModel.from_string(text, name)


def joined(tables: Sequence[Table]) -> pd.DataFrame:
    """All tables of a kind as one."""
    return pd.concat([table.frame for table in tables])


def file_names(entry: Any) -> list[str]:
    """Names of files from a name or a list of them; none from anything else."""
    entries = entry if isinstance(entry, list) else [entry]
    return [str(name) for name in entries] if all(isinstance(name, str) and name for name in entries) else []


def raise_if(problems: Iterable[str]) -> None:
    """FitError where there are problems."""
    found = list(problems)
    if found:
        raise FitError(found)


def emptied(table: Table, columns: Sequence[str], known: set[str]) -> Table:
    """The table; words such as NA in columns that may be empty are no value, unless they are known as names."""
    frame = table.frame.copy()
    for name in columns:
        if name in frame:
            frame[name] = frame[name].mask(frame[name].isin(NO_VALUES - known))
    return replace(table, frame=frame)


def read_frame(path: Path, index: Callable[[pd.DataFrame], pd.DataFrame]) -> Table:
    """A table; lines that are empty or start with # are passed over, blanks around names of columns are trimmed.

    `index` is the function of the `petab` library that gives the frame its index.
    """
    text = read_text(path, FitError, "PEtab table", MOST_TABLE)
    check_cells(text, path, FitError, "\t")
    kept = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith(COMMENT)
    ]
    if not kept:
        raise FitError(f"{path}: must hold a header, found none")
    check_columns(kept[0][1].count("\t") + 1, path, FitError)
    columns = [name.strip() for name in next(csv.reader([kept[0][1]], delimiter="\t"))]
    again = [name for name, count in Counter(columns).items() if count > 1]
    if again:
        raise FitError(f"{path} row {kept[0][0]}: columns must differ, found {again[0] or 'no name'} again")
    long = next((number for number, line in kept if ENDLESS.search(line)), None)
    if long:
        raise FitError(f"{path} row {long}: numbers must have less than 310 digits, found more")
    if '"' not in text:
        widths = [(number, line.count("\t") + 1) for number, line in kept]
        wrong = [(number, width) for number, width in widths if width > len(columns)]
        if wrong:
            number, width = wrong[0]
            raise FitError(f"{path} row {number}: must have {len(columns)} cells, found {width}")
    source, numbers = (
        io.StringIO("\n".join(line for _, line in kept)),
        tuple(number for number, _ in kept[1:]),
    )
    try:
        frame = pd.read_csv(
            source,
            sep="\t",
            float_precision="round_trip",
            index_col=False,
            names=columns,
            header=0,
            dtype=dict.fromkeys(IDENTIFIERS, str),
            keep_default_na=False,
            na_values={name: [""] if name in IDENTIFIERS else sorted(NO_VALUES) for name in columns},
        )
        problems = _repeated_parameters(frame, path, numbers)
        if problems:
            raise FitError(problems)
        return Table(path, index(frame), numbers)
    except (KeyError, ValueError, AssertionError, pd.errors.ParserError) as problem:
        raise FitError(f"{path}: must be a PEtab table, found {problem}") from None


def _repeated_parameters(frame: pd.DataFrame, path: Path, lines: Sequence[int]) -> list[str]:
    """Rows of the parameter table whose name a row before them has."""
    names = frame.get("parameterId", pd.Series(dtype=str))
    return [
        f"{path} row {line}: parameterId must name a row alone, found {name} again"
        for line, name, again in zip(lines, names, names.duplicated(), strict=False)
        if again and not pd.isna(name)
    ]
