"""The figure of time courses: a panel for each cell and read-out, a line an arm, the band over draws behind it."""

from pathlib import Path

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screen.style import GRID, drawing, to_svg
from screen.tables import write_text_atomic

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#8a6d00")
DASHES = ("-", "--", ":", "-.")
"""Lines beyond as many as there are colours differ by these."""

WIDTH, HEIGHT, LEGEND = 5.2, 3.2, 0.19
"""Of a panel, and of a line of its legend [inch]."""

MOST_LINES, MOST_PANELS = 64, 24
"""Lines of a panel, and panels; there is no room for more."""

BAND, NUMBER = 0.15, "number"
"""Strength of a band; column that numbers arms and their doses, which look alike in every panel."""


def write_courses_figure(table: pl.DataFrame, path: Path) -> int:
    """Write the figure of a table of time courses as SVG; how many of them, the last ones, have no line in it.

    An arm that is read once is a point with a bar.
    """
    numbered = table.with_columns(pl.struct("arm", "dose").rle_id().alias(NUMBER))
    every = numbered.partition_by("context", "readout", maintain_order=True)
    panels = [
        panel.filter(pl.col(NUMBER).is_in(panel[NUMBER].unique(maintain_order=True)[:MOST_LINES].implode()))
        for panel in every[:MOST_PANELS]
    ]
    longest = max(panel.select("arm", "dose").n_unique() for panel in panels)
    height = HEIGHT + LEGEND * longest
    with drawing():
        figure = Figure(
            figsize=(WIDTH * min(len(panels), 2), height * -(-len(panels) // 2)), layout="constrained"
        )
        for place, panel in enumerate(panels):
            axes = figure.add_subplot(-(-len(panels) // 2), min(len(panels), 2), place + 1)
            _panel(axes, panel)
        write_text_atomic(path, to_svg(figure))
    return sum(panel[NUMBER].n_unique() for panel in every) - sum(
        panel[NUMBER].n_unique() for panel in panels
    )


def _panel(axes: Axes, panel: pl.DataFrame) -> None:
    for course in panel.partition_by("arm", "dose", maintain_order=True):
        number = course[NUMBER][0]
        colour = COLOURS[number % len(COLOURS)]
        dash = DASHES[number // len(COLOURS) % len(DASHES)]
        arm, dose = course.row(0, named=True)["arm"], course["dose"][0]
        label = arm if dose is None else f"{arm}, {dose:g}"
        minutes, low, middle, high = (
            course[name].cast(pl.Float64).to_numpy() for name in ("minutes", "p05", "p50", "p95")
        )
        if course.height == 1:
            axes.plot([minutes[0]] * 2, [low[0], high[0]], color=colour, alpha=0.55, linewidth=2.2)
        else:
            axes.fill_between(minutes, low, high, color=colour, alpha=BAND, linewidth=0)
        marker = "o" if course.height <= 12 else ""
        axes.plot(
            minutes, middle, dash, marker=marker, markersize=4, color=colour, linewidth=1.6, label=label
        )
    axes.set_title(f"{panel['readout'][0]}, {panel['context'][0]}")
    axes.set_xlabel("minutes after the stimulus")
    if (panel["p05"].drop_nulls() >= 0).all():
        axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=GRID)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.18), fontsize=8)
