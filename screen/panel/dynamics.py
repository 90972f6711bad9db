"""What an arm does to its reference over time: the largest effect, when half of it is there, how long, and a rebound.

An effect is 1 - arm/reference in the same draw: positive where the arm has less. Between two times it is a straight
line.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from screen.panel.planned import Planned
from screen.panel.statistics import quantiles
from screen.tables import Column, Schema, number_column

FEWEST = 3
"""Times that a course needs to have dynamics."""

IDLE = 1e-3
"""Largest effect of an arm that does nothing: beside it the solver's noise has a time of its own."""

SCORES = (
    ("effect", "", "1 - arm/reference where that is furthest from 0"),
    (
        "half_at",
        "min",
        "first time after the stimulus at which half of it is there; null where there is none",
    ),
    ("held", "min", "how long half of it or more is there, until the last time at most"),
    ("rebound", "", "how far the read-out then goes beyond the reference, over it; 0 where it does not"),
)
"""Name, unit and meaning of what is said of a course."""


def _name(score: str, unit: str, end: str) -> str:
    return f"{score}_{end}{'_' + unit if unit else ''}"


def dynamics_schema(names: tuple[Column, ...]) -> Schema:
    """The table of dynamics, a row a course that `names` name."""
    spread = (
        number_column(_name(score, unit, end), f"{words} over draws: {what}", unit)
        for score, unit, what in SCORES
        for end, words in (("p05", "5 % quantile"), ("p50", "median"), ("p95", "95 % quantile"))
    )
    counted = Column("draws", pl.Int64, "parameter draws that count", minimum=0)
    return Schema(
        "dynamics",
        (*names, *spread, counted),
        key=("arm", "dose", "readout"),
        may_be_empty=True,
    )


def dynamics(minutes: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """SCORES [scores, draws] of arm/reference [draws, times] at these minutes; NaN where a draw lacks a time.

    Times that no draw has, those before there is anything of the reference, do not count.
    """
    known = ~np.isnan(ratio).all(axis=0)
    if np.sum(known) < FEWEST:
        return np.full((len(SCORES), len(ratio)), np.nan)
    minutes, effect = minutes[known], 1.0 - ratio[:, known]
    lost = np.any(np.isnan(effect), axis=1)
    effect = np.nan_to_num(effect)
    rows, at = np.arange(len(effect)), np.argmax(np.abs(effect), axis=1)
    largest = effect[rows, at]
    share = effect / np.where(largest == 0.0, 1.0, largest)[:, None]
    first = np.argmax(share >= 0.5, axis=1)
    half_at = _crossing(minutes, share, np.maximum(first - 1, 0), first)
    held = _time_above(minutes, share, 0.5)
    later = np.arange(len(minutes)) >= at[:, None]
    rebound = np.max(np.where(later, -share, 0.0), axis=1, initial=0.0) * np.abs(largest)
    found = np.stack([largest, half_at, held, rebound])
    found[1:3, np.abs(largest) <= IDLE] = np.nan
    found[:, lost] = np.nan
    return found


def _crossing(minutes: np.ndarray, share: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """When a straight line from one time to another is at a half; the later one where they are the same."""
    rows = np.arange(len(share))
    low, high = share[rows, before], share[rows, after]
    part = np.where(high > low, (0.5 - low) / np.where(high > low, high - low, 1.0), 1.0)
    return minutes[before] + part * (minutes[after] - minutes[before])


def _time_above(minutes: np.ndarray, share: np.ndarray, level: float) -> np.ndarray:
    """How long lines between shares [draws, times] are at a level or above it [draws]."""
    low, high = np.minimum(share[:, :-1], share[:, 1:]), np.maximum(share[:, :-1], share[:, 1:])
    part = np.where(high > low, (high - level) / np.where(high > low, high - low, 1.0), high >= level)
    return np.clip(part, 0.0, 1.0) @ np.diff(minutes)


def dynamics_rows(each: Planned, ratio: np.ndarray) -> Iterator[tuple]:
    """Rows of an arm beside its reference, from arm/reference [draws, doses, readouts, times]; none of few times."""
    wanted = each.arm
    if len(wanted.minutes) < FEWEST:
        return
    doses: tuple = wanted.arm.doses if len(wanted.arm.doses) > 1 else (None,)
    for dose, amount in enumerate(doses):
        for readout, name in enumerate(wanted.readouts):
            scores = dynamics(np.array(wanted.minutes), ratio[:, dose, readout])
            spread = quantiles(scores.T)
            numbers = (float(number) for number in spread.T.ravel())
            yield (
                each.name, wanted.arm.context, amount, each.reference_name, name,
                *(number if np.isfinite(number) else None for number in numbers),
                int(np.sum(~np.isnan(scores[0]))),
            )  # fmt: skip
