"""Which conditions each measurement is made under, one after another: the experiments of a calibration problem."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from screen.calibration.cells import cell, missing, positive
from screen.errors import FitError

Cells = Mapping[tuple[str, str], tuple[str, Any]]
"""(condition, target) -> file, row and column of what the condition sets it to, and what stands there."""

PLAIN_COLUMNS = ("conditionName",)
"""Columns of the condition table that set nothing."""


@dataclass(frozen=True)
class Arm:
    """One experiment: the rest that it starts from, if any, and when which condition begins."""

    name: str
    rest: str | None
    conditions: tuple[str, ...]
    begins: tuple[float, ...]


@dataclass(frozen=True)
class Arms:
    """All experiments that are measured, and what their conditions set."""

    arms: tuple[Arm, ...]
    of_measurement: np.ndarray
    """Place in `arms` [measurements]."""
    settings: Mapping[str, Mapping[str, Any]]
    """Condition -> parameter or state -> number, parameter or formula."""
    carried: bool
    """Whether what a condition sets stays set in those that follow it, and may be a formula (PEtab 2)."""
    cells: Cells = field(default_factory=dict)

    @property
    def rests(self) -> tuple[str, ...]:
        """The conditions of rests, each once."""
        return tuple(dict.fromkeys(arm.rest for arm in self.arms if arm.rest is not None))

    @property
    def used(self) -> tuple[str, ...]:
        """All conditions, each once."""
        later = (condition for arm in self.arms for condition in arm.conditions)
        return tuple(dict.fromkeys((*self.rests, *later)))


def arms_of_tables(conditions: pd.DataFrame, frame: pd.DataFrame, where: Sequence[str], cells: Cells) -> Arms:
    """The experiments of a PEtab 1 measurement table: what differs in condition, rest or pretreatment."""
    empty = pd.Series([None] * len(frame))
    columns = ("preequilibrationConditionId", "pretreatmentConditionId", "pretreatmentTime")
    given = (frame["simulationConditionId"], *(frame.get(name, empty) for name in columns))
    rows = []
    for row, (own, rest, condition, time) in enumerate(zip(*given, strict=True)):
        before, length = cell(condition), cell(time)
        if (before is None) != (length is None):
            raise FitError(f"{where[row]}: pretreatmentConditionId and pretreatmentTime must stand together")
        first = (
            [] if before is None else [(str(before), -positive(length, f"{where[row]}: pretreatmentTime"))]
        )
        names, begins = zip(*first, (str(own), 0.0), strict=True)
        rows.append(Arm(str(own), None if missing(rest) else str(rest), names, begins))
    arms = tuple(dict.fromkeys(rows))
    place = {arm: number for number, arm in enumerate(arms)}
    settings = {
        str(name): {
            target: value
            for target, value in row.items()
            if target not in PLAIN_COLUMNS and not missing(value)
        }
        for name, row in conditions.iterrows()
    }
    return Arms(arms, np.array([place[arm] for arm in rows]), settings, False, cells)
