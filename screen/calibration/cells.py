"""Cells of PEtab tables: empty ones, words of a choice, positive numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from screen.errors import FitError


def missing(value: Any) -> bool:
    """Whether a cell is empty."""
    return value is None or value == "" or (not isinstance(value, str) and bool(pd.isna(value)))


def cell(value: Any) -> Any:
    """What a cell holds; None where it is empty."""
    return None if missing(value) else value


def one_of(value: Any, choices: Sequence[str], where: str) -> str:
    """A word of a column that may be left empty, in which case the first choice holds."""
    if missing(value):
        return choices[0]
    if value not in choices:
        raise FitError(f"{where}: must be one of {', '.join(choices)}, found {value}")
    return str(value)


def positive(value: Any, where: str) -> float:
    """A positive, finite number."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = np.nan
    if not 0 < found < np.inf:
        raise FitError(f"{where}: must be a positive number, found {value}")
    return found
