"""The figures of a fit: every measurement beside the model, and where the starts ended.

SVG files are the same, byte for byte, for the same numbers: no date, and identifiers from a fixed seed.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screen.calibration.problem import Problem
from screen.calibration.scale import SCALES, Scale
from screen.fit.objective import Predicted

COLOURS, MUTED = ("#0b6fa4", "#b35806", "#3f7d20", "#7b4aa0"), "#8a939c"
PANEL = (3.4, 2.6)
"""Width and height of a panel [inch]."""

COLUMNS = 4


def draw_fit(problem: Problem, best: Predicted, ensemble: Predicted, path: Path) -> None:
    """Write the figure of measurements against the best fit and the ensemble, a panel per data set."""
    frame = problem.measurements.frame
    names = frame["datasetId"].astype(str) if "datasetId" in frame else frame["observableId"].astype(str)
    panels = list(dict.fromkeys(names))
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    scale = {row: SCALES[each.transformation] for each in problem.observables for row in each.rows}
    drawn = _Drawn(best.compared[0], best.sigma[0], *np.quantile(ensemble.compared, [0.05, 0.95], axis=0))
    for place, name in enumerate(panels):
        chosen = np.flatnonzero(names == name)
        _panel(axes[place], problem, chosen, drawn, scale[chosen[0]])
        axes[place].set_title(name.replace("_", " "), fontsize=8, loc="left")
    for empty in axes[len(panels) :]:
        empty.set_axis_off()
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False
    )
    save(figure, path)


class _Drawn(NamedTuple):
    """What is drawn of each measurement, on the scale on which it is compared [measurements]."""

    compared: np.ndarray
    sigma: np.ndarray
    low: np.ndarray
    high: np.ndarray


def _panel(axes: Axes, problem: Problem, rows: np.ndarray, drawn: _Drawn, scale: Scale) -> None:
    frame = problem.measurements.frame.iloc[rows]
    place, label, ticks, groups = _positions(problem, frame)
    measured = frame["measurement"].to_numpy(float)
    back, centre = scale.linear, scale.scaled(measured)
    bars = np.abs(np.stack([back(centre - drawn.sigma[rows]), back(centre + drawn.sigma[rows])]) - measured)
    low, high = back(drawn.low[rows]), back(drawn.high[rows])
    for number, group in enumerate(dict.fromkeys(groups)):
        at, colour = groups == group, COLOURS[number % len(COLOURS)]
        axes.errorbar(place[at], measured[at], bars[:, at], fmt="o", markersize=3, color=colour, elinewidth=0.7,
                      label="measured, 1 sd")  # fmt: skip
        axes.vlines(
            place[at], low[at], high[at], color=colour, alpha=0.3, linewidth=5, label="ensemble, 5-95 %"
        )
        axes.plot(place[at], back(drawn.compared[rows])[at], "_", color=colour, markersize=9, markeredgewidth=1.6,
                  label="best fit")  # fmt: skip
        if group:
            axes.annotate(group, (0.98, 0.98 - 0.09 * number), xycoords="axes fraction", color=colour, fontsize=6,
                          ha="right", va="top")  # fmt: skip
    if scale is not SCALES["lin"]:
        axes.set_yscale("log")
    axes.set_xlabel(label, fontsize=7)
    if ticks is not None:
        axes.set_xticks(range(len(ticks)), ticks, rotation=35, ha="right")
        axes.set_xlim(-0.5, len(ticks) - 0.5)
    elif label != "time":
        axes.set_xscale("log")
    axes.tick_params(which="both", labelsize=6)
    axes.spines[["top", "right"]].set_visible(False)


def _positions(problem: Problem, frame: pd.DataFrame) -> tuple[np.ndarray, str, list[str] | None, np.ndarray]:
    """Where the measurements of a panel stand, the label of the axis, its ticks and what tells curves apart.

    By dose where one setting varies, by time where there are courses, else side by side.
    """
    conditions = problem.conditions.loc[frame["simulationConditionId"]]
    settings = conditions.drop(columns=["conditionName"], errors="ignore")
    varying = [name for name in settings.columns if settings[name].astype(str).nunique() > 1]
    times = frame["time"].to_numpy(float)
    nothing = np.full(len(frame), "")
    if len(varying) == 1 and len(set(times)) == 1 and pd.api.types.is_numeric_dtype(settings[varying[0]]):
        dose = settings[varying[0]].to_numpy(float)
        if (dose > 0).all():
            return dose, varying[0], None, nothing
    names = _shortened(conditions.get("conditionName", conditions.index))
    if all(len(set(times[names == name])) > 1 for name in set(names)):
        return times, "time", None, names if len(set(names)) > 1 else nothing
    several = len(set(times)) > 1
    labels = [f"{name}, {time:g}" if several else name for name, time in zip(names, times, strict=True)]
    ticks = list(dict.fromkeys(labels))
    return np.array([float(ticks.index(label)) for label in labels]), "", ticks, nothing


def _shortened(names: Iterable[str]) -> np.ndarray:
    """Names without the parts, between commas, that all of them share; nothing left is `vehicle`."""
    parts = [str(name).split(", ") for name in names]
    if len({tuple(part) for part in parts}) == 1:
        return np.array([", ".join(part) for part in parts])
    shared = set(parts[0]).intersection(*parts)
    return np.array([", ".join(word for word in part if word not in shared) or "vehicle" for part in parts])


def draw_waterfall(first_cost: np.ndarray, cost: np.ndarray, path: Path) -> None:
    """Write the figure of the starts, best first: cost above the best one, before and after the search.

    first_cost, cost [starts], in any order.
    """
    figure = Figure(figsize=(4.6, 3.2), layout="constrained")
    axes = figure.subplots()
    order = np.argsort(cost, kind="stable")
    rank = np.arange(1, len(cost) + 1)
    best = np.min(cost)
    axes.plot(rank, first_cost[order] - best + 1, "o", markersize=4, color=MUTED, label="start")
    axes.plot(rank, cost[order] - best + 1, "o-", markersize=4, color=COLOURS[0], label="end")
    axes.set_yscale("log")
    axes.set_xlabel("start, best first")
    axes.set_ylabel("cost above the best + 1")
    axes.set_xticks(rank)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write an SVG that depends on nothing but what is drawn."""
    with mpl.rc_context({"svg.hashsalt": "screen", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def draw_profiles(profiles: pl.DataFrame, identified: pl.DataFrame, threshold: float, path: Path) -> None:
    """Write the figure of profile likelihoods, a panel per parameter, with the threshold of their 95 % intervals."""
    columns = min(COLUMNS, identified.height)
    rows = -(-identified.height // columns)
    figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, found in enumerate(identified.iter_rows(named=True)):
        panel = axes[place]
        chosen = profiles.filter(pl.col("parameter") == found["parameter"])
        panel.plot(chosen["value"], chosen["rise"], "o-", markersize=3, color=COLOURS[0], label="data")
        own = chosen["cost"] - chosen["cost"].min()
        panel.plot(chosen["value"], own, "-", linewidth=0.8, color=MUTED, label="data and own prior")
        panel.axhline(threshold, color=COLOURS[1], linewidth=0.8, label="95 % threshold")
        panel.set_ylim(-0.2, 3 * threshold)
        if chosen["scale"][0] != "lin":
            panel.set_xscale("log")
        panel.set_title(f"{found['parameter']}: {found['verdict']}", fontsize=8, loc="left")
        panel.set_ylabel("rise of the cost", fontsize=7)
        panel.tick_params(which="both", labelsize=6)
        panel.spines[["top", "right"]].set_visible(False)
    for empty in axes[identified.height :]:
        empty.set_axis_off()
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False
    )
    save(figure, path)
