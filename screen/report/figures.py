"""The figures in files: what leads in each cell, and every drug against every cell.

Those of the page are drawn where it is read, by its scripts.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import ScaledTranslation, Transform

from screen.report.labels import OTHER, Family, Labels, capital
from screen.report.selection import Heat
from screen.report.words import Words
from screen.style import GRID, MUTED

PALE, DARK = "#fefefe", "#1b2027"
"""Numbers on coloured cells; not themed, since the cells are not."""

PAGE, LETTERS = 8.6, 7.2
"""Width of the heat figure [inch] and size of its letters [points]: 826 pixels as README shows it, letters 9.6."""

ROW = 0.215
"""Height of one row of a ranked or heat figure [inch]."""

NAME, NAME_AT = 8.5, -4
"""Size of the names beside a ranked panel, and their right ends [points]."""

RANK_AT, SPREAD_AT, BEST_AT = 18, 56, 94
"""Right ends of the columns of numbers beside a ranked panel [points]."""

FAMILIES = 5
"""Entries of the legend in a line below one panel."""

PANEL, ABOVE, BELOW, LEGEND, EDGE = 425, 37, 33, 15, 8
"""Of a ranked panel: its width with what lies beside it, room above, below, a line of the legend, the edges [points].

A layout engine would measure every word of forty panels first, which takes longer than to draw them.
"""

RAMP = ["#b35806", "#f1a340", "#fdfdfb", "#67a9cf", "#053061"]
RISE_AND_FALL = LinearSegmentedColormap.from_list("rise_and_fall", RAMP)
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
    """Median effect with its 5-95 % interval, one intervention a line, name, rank interval, P(best) beside it."""
    low, middle, high = (100 * rows[f"suppression_{part}"].to_numpy() for part in ("p05", "p50", "p95"))
    families = [families_of(names, labels) for names in rows["drug_classes"]]
    colours = [own[0].colour for own in families]
    axes.hlines(
        np.arange(rows.height), low, high, colors=colours, linewidth=2.2, alpha=0.55, capstyle="round"
    )
    for own in dict.fromkeys(families):
        here = np.array([place for place, each in enumerate(families) if each == own])
        axes.plot(middle[here], here, linestyle="none", **_marker(own))
    column = partial(_column, axes)
    column(0, NAME_AT, [plus(name) for name in rows["intervention"]], fontsize=NAME)
    spread = [f"{low:.0f}–{high:.0f}" for low, high in rows.select("rank_p05", "rank_p95").iter_rows()]
    best = [percent(share) for share in rows["p_best"]]
    for at, head, words_beside in (
        (RANK_AT, "rank", map(str, rows["rank"])), (SPREAD_AT, "5–95 %", spread), (BEST_AT, "P(best)", best)
    ):  # fmt: skip
        column(1, at, words_beside, fontsize=8)
        column(1, at, [head], first=-0.95, fontsize=7, color=MUTED)
    axes.set_xlim(max(-100.0, min(0.0, low.min(initial=0.0))) - 3, 1.03 * max(100.0, high.max(initial=0.0)))
    axes.set_ylim(rows.height - 0.4, -0.7)
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.grid(axis="x")
    axes.set_xlabel(f"{words.name} {words.goal.effect} [% of vehicle]")


def _column(
    axes: Axes, side: float, points: float, texts: Iterable[str], first: float = 0, **style: Any
) -> None:
    """Words beside the lines from `first` on, right-aligned some points to the right of a side of the axes."""
    place = _shifted(axes, axes.get_yaxis_transform(), points, 0)
    for line, text in enumerate(texts):
        # `axes.text` would cut each at the axes
        axes.figure.text(side, first + line, text, transform=place, ha="right", va="center", **style)


def plus(name: str) -> str:
    """A pair with blanks: a + b."""
    return name.replace("+", " + ")


def _marker(families: tuple[Family, ...]) -> dict[str, Any]:
    """How a median looks: the marker of its family, half a disc of each of two."""
    first, last = families[0], families[-1]
    if first == last:
        return {"marker": first.marker, "color": first.colour, "markersize": 6.5, "markeredgecolor": "none"}
    return {
        "marker": "o",
        "markersize": 7,
        "fillstyle": "left",
        "markerfacecolor": first.colour,
        "markerfacecoloralt": last.colour,
        "markeredgecolor": "none",
    }


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


def _shifted(axes: Axes, base: Transform, right: float, up: float) -> Transform:
    """Coordinates of the axes, shifted by some points."""
    return base + ScaledTranslation(right / 72, up / 72, axes.figure.dpi_scale_trans)


def ranked_figure(
    slices: Sequence[tuple[tuple[str, str], pl.DataFrame]],
    labels: Labels,
    words: Words,
) -> Figure:
    """One panel a cell, two beside each other: ((context, hypothesis), ranked rows), the legend of families below."""
    columns = min(2, len(slices))
    lines = -(-len(slices) // columns)
    families = {
        family for _, rows in slices for name in rows["drug_classes"] for family in families_of(name, labels)
    }
    below = LEGEND * (1 + -(-len(families) // (FAMILIES * columns)))
    names = {name for _, rows in slices for name in rows["intervention"]}
    left, right = EDGE + max(map(_width, names)) - NAME_AT, EDGE + BEST_AT
    tall = 72 * ROW * max(rows.height for _, rows in slices)
    wide = PANEL - left - right
    whole = PANEL * columns, (ABOVE + tall + BELOW) * lines + below
    figure = Figure(figsize=(whole[0] / 72, whole[1] / 72))
    for number, ((context, hypothesis), rows) in enumerate(slices):
        line, column = divmod(number, columns)
        at = PANEL * column + left, whole[1] - (ABOVE + tall + BELOW) * line - ABOVE - tall
        panel = figure.add_axes((at[0] / whole[0], at[1] / whole[1], wide / whole[0], tall / whole[1]))
        draw_ranked(panel, rows, labels, words)
        panel.set_title(capital(labels.context(context)), pad=24)
        above = _shifted(panel, panel.transAxes, 0, 12)
        panel.text(0, 1, labels.hypothesis(hypothesis), transform=above, fontsize=8.5, color=MUTED)
    figure.legend(
        handles=family_handles(families, labels),
        loc="lower center",
        ncols=FAMILIES * columns,
        fontsize=8,
        handletextpad=0.2,
    )
    return figure


def _width(name: str) -> float:
    """Of a name beside a panel [points]."""
    return text_to_path.get_text_width_height_descent(plus(name), FontProperties(size=NAME), ismath=False)[0]


def draw_heat(axes: Axes, heat: Heat, labels: Labels) -> mpl.collections.QuadMesh:
    """Median effect [%]: a number where the interval excludes no change, – where not ranked."""
    axes.set_facecolor(GRID)
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(100 * heat.suppression), cmap=RISE_AND_FALL, norm=TwoSlopeNorm(0.0, -100.0, 100.0),
        edgecolors="white", linewidth=0.6,
    )  # fmt: skip
    for (line, column), value in np.ndenumerate(heat.suppression):
        text = (
            "–"
            if np.isnan(value)
            else ""
            if heat.unsure[line, column]
            else signed(100 * value).removeprefix("+")
        )
        if not text:
            continue
        colour = PALE if abs(value) > 0.62 else DARK
        number = axes.text(column + 0.5, line + 0.52, text, fontsize=LETTERS, color=colour)
        number.set(ha="center", va="center", in_layout=False)  # what lies inside moves no edge
    axes.set_ylim(len(heat.drugs), 0)
    axes.set_yticks(np.arange(len(heat.drugs)) + 0.5, heat.drugs, fontsize=LETTERS)
    names = [labels.short_cell(*cell).replace("\n", ", ") for cell in heat.cells]
    axes.set_xticks(np.arange(len(heat.cells)) + 0.5, names, fontsize=LETTERS, rotation=90)
    axes.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, length=0, pad=2)
    axes.tick_params(axis="y", length=0, pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _class_bands(axes, heat, labels)
    return mesh


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
        place = (start + end) / 2
        axes.text(1.03, place, heat.classes[start], transform=transform, va="center", fontsize=LETTERS)
        if start:
            axes.axhline(start, color=MUTED, linewidth=0.9)
        start = end


def heat_figure(heat: Heat, labels: Labels, words: Words) -> Figure:
    """All single drugs that move what is ranked in some cell, against all cells."""
    longest = max(len(labels.short_cell(*cell)) for cell in heat.cells)
    figure = Figure(figsize=(PAGE, 1.0 + 0.055 * longest + 0.15 * len(heat.drugs)), layout="constrained")
    axes = figure.subplots()
    mesh = draw_heat(axes, heat, labels)
    bar = figure.colorbar(
        mesh, ax=axes, orientation="horizontal", location="bottom", shrink=0.6, aspect=32, pad=0.015
    )
    name, goal = words
    text = f"{name} {goal.effect}, median over draws [% of vehicle]; negative: {name} {goal.against}"
    bar.set_label(text, fontsize=LETTERS)
    bar.set_ticks(FixedLocator([-100, -50, 0, 50, 100]))
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=LETTERS)
    return figure


def note_figure(text: str) -> Figure:
    """A sentence where there is nothing to draw."""
    figure = Figure(figsize=(6.0, 0.8))
    figure.text(0.02, 0.5, text, va="center", fontsize=10)
    return figure
