"""The tables of a PEtab problem as they stand in their files, and which row stands where."""

import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from screen.errors import FitError
from screen.files import MOST_TABLE, read_text

COMMENT = "#"

ENDLESS = re.compile(r"\d{310}")
"""Digits of no number of 64 bits; pandas makes integers of them that nothing else takes."""


@dataclass(frozen=True)
class Table:
    """One file: its rows, and the line of the file in which each of them stands."""

    path: Path
    frame: pd.DataFrame
    lines: tuple[int, ...]

    def where(self, row: int) -> str:
        """File and row of the row that is number `row` in the frame."""
        return f"{self.path} row {self.lines[row]}"


def read_frame(path: Path, index: Callable[[pd.DataFrame], pd.DataFrame]) -> Table:
    """A table; lines that are empty or start with # are passed over, blanks around names of columns are trimmed.

    `index` is the function of the `petab` library that gives the frame its index.
    """
    text = read_text(path, FitError, "PEtab table", MOST_TABLE)
    kept = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith(COMMENT)
    ]
    if not kept:
        raise FitError(f"{path}: must hold a header, found none")
    columns = [name.strip() for name in kept[0][1].split("\t")]
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
    source = io.StringIO("\n".join(line for _, line in kept))
    try:
        frame = pd.read_csv(source, sep="\t", float_precision="round_trip", index_col=False)
        frame.columns = pd.Index(columns)
        return Table(path, index(frame), tuple(number for number, _ in kept[1:]))
    except (KeyError, ValueError, AssertionError, pd.errors.ParserError) as problem:
        raise FitError(f"{path}: must be a PEtab table, found {problem}") from None
