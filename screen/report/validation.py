"""The figure of the validation panel: one line a fact, its probability and its weakest check against the bounds.

A fact is shown by the check that passes in the fewest draws. Its statistic is drawn so that what passes is
the same band in every line; where one bound is open the other one's size is the unit.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screen.report.figures import percent
from screen.report.labels import capital
from screen.style import GRID, INK, MUTED, drawing, to_svg
from screen.tables import write_text_atomic

HOLDS, FAILS = "#0072b2", "#d55e00"
TITLES = {"gate": "Gates", "score": "Scores", "contested": "Contested, both readings", "input": "Inputs"}
ORDER = {tier: place for place, tier in enumerate(TITLES)}
LINE, WIDTH, MARGIN = 0.19, 12.0, 0.9
"""Height of a line, width of the figure and room for headings [inch]."""

EDGE = 1.0
"""How far beyond the band a statistic is drawn; what lies further is drawn there."""

HELD = ("demands", "met_before", "met", "cost_of_moving", "cost_to_measurements")
"""What `held_line` needs of the summary of that stage."""

LONGEST = 62
"""Letters of a statement that are shown."""


def write_validation_figure(table: pl.DataFrame, path: Path, enough: float) -> None:
    """Write the figure of a VALIDATION table as SVG; a fact holds in a share of draws of at least `enough`."""
    weakest = (
        table.with_columns(side=pl.col("side").fill_null(""))
        .sort("probability", maintain_order=True)
        .group_by("fact", "side", maintain_order=True)
        .first()
        .join(table.select("fact").unique(maintain_order=True).with_row_index("place"), on="fact")
        .sort("place", "side")
    )
    groups = [(tier, weakest.filter(pl.col("tier") == tier)) for tier in TITLES]
    groups = [(tier, rows) for tier, rows in groups if rows.height]
    heights = [LINE * rows.height + MARGIN for _, rows in groups]
    with drawing():
        figure = Figure(figsize=(WIDTH, sum(heights)))
        top = sum(heights)
        for (tier, rows), height in zip(groups, heights, strict=True):
            bottom, size = (top - height) / sum(heights), (height - MARGIN) / sum(heights)
            low = bottom + 0.5 * MARGIN / sum(heights)
            _probabilities(figure.add_axes((0.42, low, 0.13, size)), rows, TITLES[tier], enough)
            _statistics(figure.add_axes((0.58, low, 0.17, size)), rows, enough)
            top -= height
        write_text_atomic(path, to_svg(figure))


def panel_summary(table: pl.DataFrame) -> dict[str, Any]:
    """For the page: a line of how many facts of each tier are kept, and a row for each that is not."""
    facts = table.sort("probability", maintain_order=True).group_by("fact").first()
    parts = []
    for tier, title in TITLES.items():
        rows = facts.filter(pl.col("tier") == tier)
        if rows.height:
            parts.append(f"{title.lower()}: {int(rows['fact_passes'].sum())} of {rows.height}")
    missed = facts.filter(~pl.col("fact_passes")).sort(pl.col("tier").replace_strict(ORDER), "fact")
    columns = missed.select("fact", "tier", "statement", "fact_probability")
    return {
        "line": capital("; ".join(parts)),
        "missed": [(fact, tier, text, percent(share)) for fact, tier, text, share in columns.iter_rows()],
    }


def held_line(held: Mapping[str, Any]) -> str:
    """For the page: what holding the draws to the facts changed, from the summary of that stage."""
    return (
        f"The draws were held to these facts, so that a fact that is kept says that the model can agree with it, not "
        f"that it foretold it. As fitted they kept {percent(held['met_before'])} of {held['demands']} checks, now "
        f"{percent(held['met'])}; for that the median draw gave up {held['cost_of_moving']:.1f} in log prior and "
        f"{held['cost_to_measurements']:.1f} in log likelihood."
    )


def _lines(axes: Axes, count: int) -> None:
    axes.set_ylim(count - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _probabilities(axes: Axes, rows: pl.DataFrame, title: str, enough: float) -> None:
    for place, row in enumerate(rows.iter_rows(named=True)):
        holds = row["fact_probability"] >= enough
        colour = HOLDS if holds else FAILS
        axes.plot([0, row["fact_probability"]], [place, place], color=colour, linewidth=2.2, alpha=0.55)
        axes.plot([row["fact_probability"]], [place], "o" if holds else "X", color=colour, markersize=5)
    _lines(axes, rows.height)
    axes.set_xlim(0, 1.04)
    axes.set_yticks(range(rows.height), [_label(row) for row in rows.iter_rows(named=True)], fontsize=7.5)
    axes.axvline(enough, color=MUTED, linewidth=0.8, linestyle=":")
    axes.set_xlabel("share of draws", fontsize=7.5)
    axes.set_title(title)


def _label(row: dict[str, Any]) -> str:
    text = row["statement"]
    text = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    return f"{text}   {row['fact']}"


def _statistics(axes: Axes, rows: pl.DataFrame, enough: float) -> None:
    axes.axvspan(0, 1, color=GRID, alpha=0.6, linewidth=0)
    for place, row in enumerate(rows.iter_rows(named=True)):
        colour = HOLDS if row["probability"] >= enough else FAILS
        low, middle, high = (_position(row, row[name]) for name in ("p05", "p50", "p95"))
        if middle is not None:
            axes.plot([low or middle, high or middle], [place, place], color=colour, linewidth=2, alpha=0.5)
            axes.plot([middle], [place], "o", color=colour, markersize=4.5)
        axes.annotate(
            _numbers(row), (1, place), (6, 0), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", va="center", fontsize=7, color=INK, annotation_clip=False,
        )  # fmt: skip
    _lines(axes, rows.height)
    axes.set_xlim(-EDGE - 0.1, 1 + EDGE + 0.1)
    axes.set_yticks([])
    axes.set_xticks([0, 1], ["low", "high"], fontsize=7.5)
    axes.set_xlabel("weakest check against its bounds", fontsize=7.5)


def _position(row: dict[str, Any], value: float | None) -> float | None:
    """Where a value is drawn: 0 at the lower bound, 1 at the upper."""
    if value is None:
        return None
    low, high = row["low"], row["high"]
    if low is not None and high is not None:
        found = (value - low) / (high - low) if high > low else 0.5
    elif low is not None:
        found = (value - low) / (abs(low) or 1.0)
    else:
        found = 1 + (value - high) / (abs(high) or 1.0)
    return min(max(found, -EDGE), 1 + EDGE)


def _numbers(row: dict[str, Any]) -> str:
    """Statistic, its median and interval, and what passes."""
    low, high = row["low"], row["high"]
    if low is not None and high is not None:
        bounds = f"{low:.3g} to {high:.3g}"
    else:
        bounds = f"≥ {low:.3g}" if low is not None else f"≤ {high:.3g}"
    found = [math.nan if row[name] is None else row[name] for name in ("p50", "p05", "p95")]
    shown = ["–" if math.isnan(value) else f"{value:.3g}" for value in found]
    return f"{row['statistic']} {shown[0]} [{shown[1]}, {shown[2]}]; {bounds}"
