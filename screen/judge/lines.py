"""Inhibitors in lines of which only the course without them is known.

A few totals of each line are set by its own uninhibited course, and by how lines differ (screen.courses); then every
inhibitor is predicted.
An inhibitor of which the data give neither name nor dose has one strength in all lines: the load that comes closest to
what it does in the other lines to STRENGTH_READOUTS, never to what is judged. Effects are log2 ratios to the same line,
course and minute without inhibitor, averaged over minutes and courses. The rivals: no effect, the mean of the other
lines, and the cell that lines are like, with no total set.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from screen.courses import UNTREATED, Fitted, StartCell, draws_at, fit_lines, make_courses
from screen.errors import FitError
from screen.experiments import LOAD_OF, Draws, Exposure
from screen.fit import Log
from screen.sources import Lines
from screen.tables import Column, Schema, number_column

LOADS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
"""Loads that an inhibitor is tried with."""

STRENGTH_READOUTS = ("pERK", "pAKT_S473")

BEYOND = 3.0
"""Standard deviations of its noise beyond which an effect has a direction."""

NOTHING = 1e-3
"""A prediction [log2] below this has no direction: what the integrator leaves of nothing has one too."""

LINES = Schema(
    "lines",
    (
        Column("line", pl.String, "cell line"),
        Column("treatment", pl.String, "inhibitor as the data name it"),
        Column("target", pl.String, "what it blocks"),
        Column("load", pl.Float64, "strength that the other lines' read-outs tell"),
        Column("effect", pl.Float64, "measured log2 ratio to no inhibitor", "log2"),
        Column("noise", pl.Float64, "sd of its noise, by how far the courses of a line differ", "log2"),
        number_column("predicted", "median over draws, totals set by the course", "log2"),
        number_column("like", "the same with the totals of the cell that lines are like", "log2"),
        number_column("others", "mean effect in the other lines", "log2"),
    ),
    key=("line", "treatment"),
)


def judge_lines(
    cell: StartCell, readings: pl.DataFrame, treated: Lines, draws: Draws, log: Log
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """LINES, and scores by treatment and over all of them.

    `readings` has line, treatment (empty for none), course, minutes, readout and value. FitError: no effects to judge.
    """
    judged = treated.readouts[0]
    lines = readings["line"].unique(maintain_order=True).to_list()
    plain = readings.filter(pl.col("treatment") == "")
    effects = _effects(readings, plain)
    if not effects.height:
        raise FitError("lines: must hold readings with and without an inhibitor at one time, found none")
    fitted = fit_lines(
        cell, [make_courses(plain.filter(line=line)) for line in lines], draws, log, alike=True
    )
    told, minutes = [], np.unique(effects["minutes"].to_numpy())
    untreated = _levels(cell, fitted, draws, minutes)
    for treatment, target in treated.blocked.items():
        for load in LOADS:
            levels = _levels(cell, fitted, draws, minutes, Exposure(((LOAD_OF + target, load),)))
            table = _told(levels - untreated, minutes, cell.names)
            told.append(table.with_columns(treatment=pl.lit(treatment), load=load))
        log.say(f"lines: {treatment}, of {target}")
    told_all = pl.concat(told).with_columns(line=pl.col("place").replace_strict(dict(enumerate(lines))))
    joined = effects.join(told_all, on=["line", "treatment", "minutes", "readout"])
    key = ["line", "treatment", "readout", "load"]
    found = joined.group_by(key).agg(pl.col("effect", "predicted", "like").mean())
    chosen = found.join(_strengths(found), on=["line", "treatment", "load"]).filter(readout=judged)
    others = (pl.col("effect").sum() - pl.col("effect")) / (pl.len() - 1)
    table = chosen.join(_noise(effects.filter(readout=judged)), on="treatment").with_columns(
        target=pl.col("treatment").replace_strict(dict(treated.blocked)),
        others=others.over("treatment"),
    )
    table = table.select(column.name for column in LINES.columns).sort("treatment", "line")
    return table, _scores(table, treated.together)


def _effects(readings: pl.DataFrame, plain: pl.DataFrame) -> pl.DataFrame:
    """log2 ratio of each reading under a treatment to that without, where both are there, after time 0."""
    key = ["line", "course", "minutes", "readout"]
    inhibited = readings.filter((pl.col("treatment") != "") & (pl.col("minutes") > 0))
    pairs = inhibited.join(plain.select(*key, plain="value"), on=key)
    return pairs.with_columns(effect=(pl.col("value") / pl.col("plain")).log(2)).drop("value", "plain")


def _noise(effects: pl.DataFrame) -> pl.DataFrame:
    """sd of the noise of the mean effect on a line, of each treatment."""
    courses = effects.group_by("line", "treatment", "course").agg(pl.col("effect").mean())
    lines = courses.group_by("line", "treatment").agg((pl.col("effect").var() / pl.len()).alias("variance"))
    return lines.group_by("treatment").agg(noise=pl.col("variance").mean().sqrt())


def _levels(
    cell: StartCell, fitted: Fitted, draws: Draws, minutes: np.ndarray, treatment: Exposure = UNTREATED
) -> np.ndarray:
    """log2 of what is read with its background, [2, lines, draws, minutes, names]: of each line, and of the cell that
    lines are like."""
    lines, count, totals = fitted.totals.shape
    every = draws_at(draws, np.arange(lines * count) % count)
    times = np.repeat(minutes[None], lines * count, axis=0)
    own = cell.course(every, fitted.totals.reshape(-1, totals), times, treatment)
    like = cell.course(draws, np.zeros((count, totals)), times[:count], treatment)
    background = np.stack([fitted.background, fitted.likely_background])[:, :, :, None]
    course = np.stack([own.reshape(lines, count, *own.shape[1:]), np.repeat(like[None], lines, axis=0)])
    return np.log2(course + background)


def _told(effects: np.ndarray, minutes: np.ndarray, names: Sequence[str]) -> pl.DataFrame:
    """Effects [2, lines, draws, minutes, names] as medians over draws: place of the line, minutes, readout, `predicted`
    and `like`. FitError: a line fails under every draw."""
    if np.isnan(effects).all(axis=2).any():
        raise FitError("lines: every line must integrate under some draw, found one that fails under all")
    predicted, like = np.nanmedian(effects, axis=2)
    place, time, readout = np.indices(predicted.shape).reshape(3, -1)
    return pl.DataFrame(
        {
            "place": place,
            "minutes": minutes[time],
            "readout": np.array(names)[readout],
            "predicted": predicted.ravel(),
            "like": like.ravel(),
        }
    )


def _strengths(found: pl.DataFrame) -> pl.DataFrame:
    """The load of each line and treatment that the other lines tell: line, treatment, load."""
    off = found.filter(pl.col("readout").is_in(STRENGTH_READOUTS))
    own = off.group_by("line", "treatment", "load").agg(
        off=((pl.col("effect") - pl.col("predicted")) ** 2).sum()
    )
    others = own.with_columns(off=pl.col("off").sum().over("treatment", "load") - pl.col("off"))
    return others.sort("off", "load").group_by("line", "treatment", maintain_order=True).first().drop("off")


def _scores(table: pl.DataFrame, together: Sequence[str]) -> dict[str, Any]:
    """RMSE of the predictors by treatment, over some together and over all, and how often the direction is right."""
    groups = {
        treatment: table.filter(treatment=treatment) for treatment in table["treatment"].unique().sort()
    }
    some = {" ".join(together): table.filter(pl.col("treatment").is_in(together))}
    scores = {name: _score(rows) for name, rows in {**groups, **some, "all": table}.items()}
    return {
        "lines": table["line"].n_unique(),
        "groups": scores,
    }


def _score(rows: pl.DataFrame) -> dict[str, Any]:
    effect, beyond = rows["effect"].to_numpy(), rows.filter(pl.col("effect").abs() > BEYOND * pl.col("noise"))

    def rmse(predicted: np.ndarray | float) -> float:
        return float(np.sqrt(np.mean((effect - predicted) ** 2)))

    told = pl.when(pl.col("predicted").abs() >= NOTHING).then(pl.col("predicted").sign()).otherwise(0.0)
    right = (beyond["effect"].sign() == beyond.select(told)["predicted"]).to_numpy()
    return {
        "effects": rows.height,
        "loads": sorted(rows["load"].unique().to_list()),
        "rmse": rmse(rows["predicted"].to_numpy()),
        "no_effect": rmse(0.0),
        "others": rmse(rows["others"].to_numpy()),
        "like": rmse(rows["like"].to_numpy()),
        "beyond_noise": beyond.height,
        "signs": float(right.mean()) if beyond.height else None,
    }
