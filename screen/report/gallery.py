"""The figures beside the report, one line each in `FIGURES`; every cell in one figure.

The workflow takes the names of the figures from their captions in `workflow/report/figures`.
"""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from screen.report.figures import heat_figure, note_figure, percent, ranked_figure
from screen.report.findings import Drawn, Findings
from screen.report.selection import NOTICED
from screen.style import drawing, to_svg
from screen.tables import write_text_atomic

NOTHING = "Nothing could be ranked here."


def draw_leaders(drawn: Drawn) -> Figure:
    """The leaders of every cell with their intervals."""
    ranked = [(cell, rows) for cell, rows in drawn.ranked.items() if rows.height]
    return ranked_figure(ranked, drawn.labels, drawn.words) if ranked else note_figure(NOTHING)


def draw_heatmap(drawn: Drawn) -> Figure:
    """Every drug that moves what is ranked somewhere against every cell."""
    if not drawn.heat.drugs:
        return note_figure(f"No drug moves {drawn.words.name} by {percent(NOTICED)} anywhere.")
    return heat_figure(drawn.heat, drawn.labels, drawn.words)


FIGURES: dict[str, Callable[[Drawn], Figure]] = {
    "ranked": draw_leaders,
    "heatmap": draw_heatmap,
}
"""Name of the file without .svg -> how it is drawn."""


def write_figures(findings: Findings, folder: Path | str) -> list[Path]:
    """Write every figure of `FIGURES` as SVG."""
    paths = {Path(folder) / f"{name}.svg": draw for name, draw in FIGURES.items()}
    with drawing():
        for path, draw in paths.items():
            write_text_atomic(path, to_svg(draw(findings.drawn)))
    return list(paths)
