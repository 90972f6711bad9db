"""The figures: what leads in each cell, how it depends on dose, and every drug against every cell.

Each figure is drawn by one function on given axes, so that the page can show one cell at a time and the
files can show all of them.
"""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import ScaledTranslation, Transform

from screen.report.labels import OTHER, Family, Labels, capital, dose_label
from screen.report.selection import Curve, Heat
from screen.report.words import Goal, Words
from screen.style import GRID, INK, MUTED

PALE, DARK, FAINT = "#fefefe", "#1b2027", "#a3abb5"
"""Numbers on coloured cells; not themed, since the cells are not."""

ROW = 0.215
"""Height of one row of a ranked or heat figure [inch]."""

RANK_AT, SPREAD_AT, BEST_AT = 18, 56, 94
"""Right ends of the columns of numbers beside a ranked panel [points]."""

RISE_AND_FALL = LinearSegmentedColormap.from_list(
    "rise_and_fall", ["#b35806", "#f1a340", "#fdfdfb", "#67a9cf", "#053061"]
)
"""Blue where what is ranked goes to the goal, white where it stays, orange where it goes the other way: told apart
by every reader."""


def percent(value: float) -> str:
    """93 %; 0 for nothing, < 1 % and > 99 % for what is not quite nothing and not quite all; no line breaks."""
    if value == 0:
        return "0"
    if 0 < value < 0.005 or 0.995 <= value < 1:
        return "<\u00a01\u00a0%" if value < 0.5 else ">\u00a099\u00a0%"
    return f"{signed(100 * value)}\u00a0%".removeprefix("+")


def signed(value: float) -> str:
    """+3, −2, 0: whole, with a sign."""
    whole = round(value)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def families_of(classes: str, labels: Labels) -> tuple[Family, ...]:
    """The families of a row's classes: one for a drug, two for a pair."""
    return tuple(labels.family(name) for name in classes.split("+"))


def draw_ranked(axes: Axes, rows: pl.DataFrame, labels: Labels, words: Words) -> None:
    """Median effect with its 5-95 % interval, one intervention a line, rank interval and P(best) beside it."""
    for place, row in enumerate(rows.iter_rows(named=True)):
        families = families_of(row["drug_classes"], labels)
        low, middle, high = (100 * row[f"suppression_{part}"] for part in ("p05", "p50", "p95"))
        axes.plot(
            [low, high],
            [place, place],
            color=families[0].colour,
            linewidth=2.2,
            alpha=0.55,
            solid_capstyle="round",
        )
        _marker(axes, middle, place, families)
        spread = f"{row['rank_p05']:.0f}–{row['rank_p95']:.0f}"
        for at, text in ((RANK_AT, str(row["rank"])), (SPREAD_AT, spread), (BEST_AT, percent(row["p_best"]))):
            _beside(axes, place, at, text, fontsize=8)
    for at, text in ((RANK_AT, "rank"), (SPREAD_AT, "5–95 %"), (BEST_AT, "P(best)")):
        _beside(axes, -0.95, at, text, fontsize=7, color=MUTED)
    lowest = 100 * min(0.0, float(rows["suppression_p05"].min() or 0.0))  # type: ignore[arg-type]
    highest = 100 * max(1.0, float(rows["suppression_p95"].max() or 0.0))  # type: ignore[arg-type]
    axes.set_xlim(max(-100.0, lowest) - 3, 1.03 * highest)
    axes.set_ylim(rows.height - 0.4, -0.7)
    axes.set_yticks(
        range(rows.height), [name.replace("+", " + ") for name in rows["intervention"]], fontsize=8.5
    )
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.grid(axis="x")
    axes.set_xlabel(f"{words.name} {words.goal.effect} [% of vehicle]")


def _beside(axes: Axes, line: float, points: float, text: str, **style: Any) -> None:
    """A number beside a line, right-aligned some points to the right of the axes."""
    axes.annotate(
        text, (1, line), (points, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        ha="right", va="center", annotation_clip=False, **style,
    )  # fmt: skip


def _marker(axes: Axes, x: float, y: float, families: tuple[Family, ...]) -> None:
    first = families[0]
    if len(families) == 1 or families[0] == families[-1]:
        axes.plot([x], [y], first.marker, color=first.colour, markersize=6.5, markeredgecolor="none")
        return
    axes.plot(
        [x], [y], "o", markersize=7, fillstyle="left", markerfacecolor=first.colour,
        markerfacecoloralt=families[-1].colour, markeredgecolor="none",
    )  # fmt: skip


def family_handles(families: set[Family], labels: Labels) -> list[Line2D]:
    """Legend entries of the families, in the order of the table."""
    shown = [family for family in dict.fromkeys((*labels.families.values(), OTHER)) if family in families]
    return [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=f.marker,
            color=f.colour,
            markeredgecolor="none",
            markersize=6.5,
            label=f.name,
        )
        for f in shown
    ]


def _above(axes: Axes, points: float) -> Transform:
    """Axes coordinates, shifted up by some points."""
    return axes.transAxes + ScaledTranslation(0, points / 72, axes.figure.dpi_scale_trans)


def ranked_figure(
    slices: Sequence[tuple[tuple[str, str], pl.DataFrame]],
    labels: Labels,
    words: Words,
    columns: int = 1,
    titles: bool = True,
) -> Figure:
    """One panel a cell: ((context, hypothesis), ranked rows), the legend of families below."""
    height = max(rows.height for _, rows in slices)
    lines = -(-len(slices) // columns)
    inches = lines * (ROW * height + (0.95 if titles else 0.65)) + 0.45
    figure = Figure(figsize=(5.9 * columns, inches), layout=ConstrainedLayoutEngine(w_pad=0.12))
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for panel, ((context, hypothesis), rows) in zip(panels, slices, strict=False):
        draw_ranked(panel, rows, labels, words)
        if not titles:
            continue
        panel.set_title(capital(labels.context(context)), pad=24)
        panel.text(
            0, 1, labels.hypothesis(hypothesis), transform=_above(panel, 12), fontsize=8.5, color=MUTED
        )
    for panel in panels[len(slices) :]:
        panel.set_visible(False)
    families = {
        family for _, rows in slices for name in rows["drug_classes"] for family in families_of(name, labels)
    }
    figure.legend(
        handles=family_handles(families, labels),
        loc="outside lower center",
        ncols=5 * columns,
        fontsize=8,
        handletextpad=0.2,
    )
    return figure


def draw_curve(axes: Axes, curve: Curve, colour: str, row: dict | None, goal: Goal) -> None:
    """treated/vehicle over dose: median, 5-95 % band, tested doses as points, dose of the level with interval."""
    there = ~np.isnan(curve.median)
    doses = curve.doses[there]
    low, median, high = (100 * values[there] for values in (curve.low, curve.median, curve.high))
    axes.fill_between(doses, low, high, color=colour, alpha=0.22, linewidth=0)
    axes.plot(doses, median, color=colour, linewidth=1.6, marker="o", markersize=3.2)
    axes.axhline(goal.level, color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    if row is not None:
        _half_dose(axes, row, goal)
    axes.set_xscale("log")
    most = 200.0 if goal.level < 100.0 else np.inf
    axes.set_ylim(0, max(112.0, min(most, 1.05 * float(np.max(high, initial=0.0)))))
    axes.xaxis.set_major_locator(LogLocator(numticks=4))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda dose, _: dose_label(dose).replace(" ", "\u2009")))
    axes.tick_params(labelsize=7.5)
    axes.grid(True)
    axes.set_title(curve.drug, color=INK, fontsize=9)


def _half_dose(axes: Axes, row: dict, goal: Goal) -> None:
    at, name = [goal.level], goal.dose
    if row["ic50_nM"] is None:
        words = {"above_tested": f"{name} above tested", "below_tested": f"{name} below tested"}
        text = words.get(row["ic50_flag"], f"{name} not in range")
    else:
        if row["ic50_p05_nM"] is not None and row["ic50_p95_nM"] is not None:
            axes.plot([row["ic50_p05_nM"], row["ic50_p95_nM"]], at * 2, color=INK, linewidth=1.8)
        axes.plot([row["ic50_nM"]], at, "|", color=INK, markersize=8, markeredgewidth=1.6)
        text = f"{name} {dose_label(row['ic50_nM'])}"
    axes.text(0.97, 0.95, text, transform=axes.transAxes, ha="right", va="top", fontsize=7.5, color=INK)


def curves_figure(
    panels: Sequence[tuple[str, Sequence[tuple[Curve, str, dict | None]]]],
    labels: Labels,
    words: Words,
    columns: int,
    row_titles: bool,
) -> Figure:
    """Rows of small panels with shared axes: (title of the row, its curves)."""
    rows = [(title, part[i : i + columns]) for title, part in panels for i in range(0, len(part), columns)]
    figure = Figure(
        figsize=(1.9 * columns + 0.3, 1.62 * len(rows) + (0.28 * len(rows) if row_titles else 0) + 0.25),
        layout="constrained",
    )
    grid = figure.subfigures(len(rows), 1, squeeze=False).ravel()
    last = ""
    for band, (title, part) in zip(grid, rows, strict=True):
        axes = band.subplots(1, columns, sharey=True, squeeze=False).ravel()
        if row_titles and title != last:
            band.suptitle(title, x=0.01, ha="left", fontsize=9.5, fontweight="bold")
        last = title
        for panel, (curve, classes, row) in zip(axes, part, strict=False):
            draw_curve(panel, curve, labels.family(classes).colour, row, words.goal)
        axes[0].set_ylabel(f"{words.name} [% of vehicle]", fontsize=7.5)
        for panel in axes[len(part) :]:
            panel.set_visible(False)
    return figure


def draw_heat(axes: Axes, heat: Heat, labels: Labels) -> mpl.collections.QuadMesh:
    """Median effect [%]; in brackets where the interval includes no change, – where not ranked."""
    axes.set_facecolor(GRID)
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(100 * heat.suppression), cmap=RISE_AND_FALL, norm=TwoSlopeNorm(0.0, -100.0, 100.0),
        edgecolors="white", linewidth=0.6,
    )  # fmt: skip
    for (line, column), value in np.ndenumerate(heat.suppression):
        text = "–" if np.isnan(value) else _shown(value, bool(heat.unsure[line, column]))
        colour = PALE if abs(value) > 0.62 else FAINT if abs(value) < 0.05 else DARK
        axes.text(column + 0.5, line + 0.52, text, ha="center", va="center", fontsize=6.8, color=colour)
    axes.set_ylim(len(heat.drugs), 0)
    axes.set_yticks(np.arange(len(heat.drugs)) + 0.5, heat.drugs, fontsize=8)
    axes.set_xticks(
        np.arange(len(heat.cells)) + 0.5, [labels.short_cell(*cell) for cell in heat.cells], fontsize=7.5
    )
    axes.tick_params(
        axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, length=0, rotation=40
    )
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("left")
        label.set_rotation_mode("anchor")
    axes.tick_params(axis="y", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _class_bands(axes, heat, labels)
    return mesh


def _shown(suppression: float, unsure: bool) -> str:
    number = f"{round(100 * suppression)}".replace("-", "−")
    return f"({number})" if unsure else number


def _class_bands(axes: Axes, heat: Heat, labels: Labels) -> None:
    """The class of each stretch of rows, as a coloured bar with its name on the right."""
    start = 0
    for end in range(1, len(heat.classes) + 1):
        if end < len(heat.classes) and heat.classes[end] == heat.classes[start]:
            continue
        colour = labels.family(heat.classes[start]).colour
        transform = axes.get_yaxis_transform()
        axes.plot(
            [1.012, 1.012],
            [start + 0.12, end - 0.12],
            color=colour,
            linewidth=4,
            transform=transform,
            clip_on=False,
        )
        axes.text(1.03, (start + end) / 2, heat.classes[start], transform=transform, va="center", fontsize=8)
        if start:
            axes.axhline(start, color=MUTED, linewidth=0.9)
        start = end


def heat_figure(heat: Heat, labels: Labels, words: Words) -> Figure:
    """All single drugs that move what is ranked in some cell, against all cells."""
    figure = Figure(
        figsize=(2.6 + 0.62 * len(heat.cells) + 1.0, 1.9 + 0.175 * len(heat.drugs)), layout="constrained"
    )
    axes = figure.subplots()
    mesh = draw_heat(axes, heat, labels)
    bar = figure.colorbar(
        mesh, ax=axes, orientation="horizontal", location="bottom", shrink=0.6, aspect=32, pad=0.015
    )
    name, goal = words
    text = f"{name} {goal.effect}, median over draws [% of vehicle]; negative: {name} {goal.against}"
    bar.set_label(text, fontsize=8)
    bar.set_ticks(FixedLocator([-100, -50, 0, 50, 100]))
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7.5)
    return figure


def note_figure(text: str) -> Figure:
    """A sentence where there is nothing to draw."""
    figure = Figure(figsize=(6.0, 0.8))
    figure.text(0.02, 0.5, text, va="center", fontsize=10)
    return figure
