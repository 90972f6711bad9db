"""The figure of potencies: the constants of each drug that cells were asked about, before and after."""

from pathlib import Path

import polars as pl
from matplotlib.figure import Figure

from screen.style import GRID, INK, MUTED, drawing, to_svg
from screen.tables import write_text_atomic

LINE, WIDTH, MARGIN = 0.17, 7.0, 1.0
"""Height of a line, width of the figure and room for headings [inch]."""

MOST = 3
"""Targets of a drug that are shown: those it binds most tightly."""


def write_potency_figure(table: pl.DataFrame, path: Path) -> None:
    """Write the figure of a POTENCY table as SVG: log10 constants [nM] with sd, from affinities and with cells."""
    shown = (
        table.filter(
            (pl.col("rows_in_cells") > 0) & pl.col("variant").is_null() & pl.col("log10_nM").is_not_null()
        )
        .sort("log10_nM")
        .group_by("drug", maintain_order=True)
        .head(MOST)
        .join(table.select("drug").unique(maintain_order=True).with_row_index("place"), on="drug")
        .sort("place", "log10_nM")
    )
    with drawing():
        figure = Figure(figsize=(WIDTH, LINE * shown.height + MARGIN))
        axes = figure.add_axes((0.32, 0.5 * MARGIN / (LINE * shown.height + MARGIN), 0.64, 0.94))
        for line, row in enumerate(shown.iter_rows(named=True)):
            if row["affinity_log10_nM"] is not None:
                first = (row["affinity_log10_nM"], row["affinity_sd"])
                axes.errorbar(first[0], line - 0.15, xerr=first[1], fmt="o", color=MUTED, ms=3, lw=0.8)
            axes.errorbar(row["log10_nM"], line + 0.15, xerr=row["sd"], fmt="o", color=INK, ms=3, lw=1.2)
        axes.set_yticks(
            range(shown.height), [f"{row[0]}  {row[1]}" for row in shown.select("drug", "target").iter_rows()]
        )
        axes.set_ylim(shown.height - 0.4, -0.6)
        axes.set_xlabel(
            "log10 constant in the cell [nM]: from affinities (grey), with potencies in cells (dark)"
        )
        axes.grid(axis="x", color=GRID)
        write_text_atomic(path, to_svg(figure))
