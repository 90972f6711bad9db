"""Time courses that someone measured in a cell of her own, and what of them can be compared with a simulation."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from screen.errors import TableError
from screen.settings import LONGEST_MINUTES
from screen.shapes import READINGS, TIMES
from screen.tables import Column, Schema, read_placed

READING_SD = 0.1
"""sd of log10 of a reading where the table does not say it (assumed)."""

LEAST_TIMES = 3
"""Fewer times of a read-out in a course say nothing of its shape: its scale is not known."""

MOST_POWERS = 9
"""Powers of ten that the readings of a course may span: no assay sees more."""

COURSES = Schema(
    "courses",
    (
        Column("readout", pl.String, "observable or species of the network, such as pY705_level, pERK, pAKT, pS6"),
        Column(
            "minutes", pl.Float64, "time after the stimulus; 0 is before it", "min",
            minimum=0, maximum=LONGEST_MINUTES,
        ),
        Column("value", pl.Float64, "signal, in any unit, not as a logarithm", minimum=1e-300),
        Column(
            "course", pl.String, "readings of one course and read-out share a scale; one course where absent",
            required=False, nullable=True,
        ),
        Column(
            "sd", pl.Float64, f"sd of log10 of the value; {READING_SD:g} where absent",
            required=False, nullable=True, minimum=1e-3, maximum=3,
        ),
    ),
    key=(),
)  # fmt: skip


class Courses(NamedTuple):
    """Readings of one cell: signal [log2] and its sd [readings], and to which time, read-out and scale each belongs."""

    minutes: Float[np.ndarray, TIMES]
    names: tuple[str, ...]
    time: Int[np.ndarray, READINGS]
    name: Int[np.ndarray, READINGS]
    scale: Int[np.ndarray, READINGS]
    signal: Float[np.ndarray, READINGS]
    sd: Float[np.ndarray, READINGS]


def read_courses(path: Path, known: Collection[str]) -> Courses:
    """Courses of a file; `known` are the observables and species of the network.

    TableError: a read-out that is not there, or one with too few times in a course.
    """
    frame = read_placed(path, COURSES)
    problems = [
        f"{where}: `readout` must be an observable or a species of the network, found {name}"
        for name, where in frame.unique("readout", keep="first", maintain_order=True)
        .select("readout", "where")
        .iter_rows()
        if name not in known
    ]
    alike = (
        _filled(frame)
        .group_by("readout", "course", maintain_order=True)
        .agg(
            pl.col("minutes").n_unique(),
            (pl.col("value").log10().max() - pl.col("value").log10().min()).alias("range"),
            pl.col("where").first(),
            pl.col("where").get(pl.col("value").arg_max()).alias("highest"),
        )
    )
    for name, course, times, powers, first, highest in alike.iter_rows():
        what = f"{name}, {course}" if course else name
        if times < LEAST_TIMES:
            problems.append(f"{first}, {what}: must have readings at {LEAST_TIMES} times, found {times}")
        if powers > MOST_POWERS:
            problems.append(
                f"{highest}, {what}: `value` must be within a factor of 1e{MOST_POWERS} of the lowest of the course, "
                f"found 1e{powers:.0f} times it"
            )
    if problems:
        raise TableError(problems)
    return make_courses(frame)


def make_courses(frame: pl.DataFrame) -> Courses:
    """COURSES as arrays."""
    frame = _filled(frame)
    minutes = np.unique(frame["minutes"].to_numpy())
    names = tuple(frame["readout"].unique(maintain_order=True))
    scales = frame.select(pl.concat_str("course", "readout", separator="\0"))["course"]
    return Courses(
        minutes,
        names,
        np.searchsorted(minutes, frame["minutes"].to_numpy()),
        np.array([names.index(name) for name in frame["readout"]]),
        scales.rank("dense").to_numpy().astype(int) - 1,
        np.log2(frame["value"].to_numpy()),
        frame["sd"].to_numpy() * np.log2(10.0),
    )


def _filled(frame: pl.DataFrame) -> pl.DataFrame:
    """With what the optional columns stand for where they are absent or empty."""
    wanted = {"course": (pl.String, ""), "sd": (pl.Float64, READING_SD)}
    absent = [
        pl.lit(None, kind).alias(name) for name, (kind, _) in wanted.items() if name not in frame.columns
    ]
    return frame.with_columns(*absent).with_columns(
        pl.col(name).fill_null(value) for name, (_, value) in wanted.items()
    )
