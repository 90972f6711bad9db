"""The figures beside the report, one line each in `FIGURES`; every cell in one figure.

The workflow takes the names of the figures from their captions in `workflow/report/figures`.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from screen.errors import ReportError
from screen.processes import another_process
from screen.report.figures import heat_figure, note_figure, percent, ranked_figure
from screen.report.findings import Drawn, Findings
from screen.report.selection import NOTICED
from screen.style import drawing, to_svg
from screen.tables import write_text_atomic

NOTHING = "Nothing could be ranked here."

LARGE = 20_000_000
"""Bytes of a ranking from which the figures are drawn beside the page: to start Python anew takes a second or two."""


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
    return [_write(name, findings.drawn, Path(folder)) for name in FIGURES]


@contextmanager
def figures_beside(ranked: Path | str) -> Iterator[Callable[[Findings, Path | str], Any]]:
    """`write_figures`, done at the end of the block at the latest.

    Those of a large ranking are drawn in a process of their own, which starts while the tables are read; where the
    machine gives none, by this one. The files are the same. ReportError: that process was ended from outside.
    """
    large = Path(ranked).exists() and Path(ranked).stat().st_size >= LARGE
    ended = ReportError(
        "figures: the process that draws them must end by itself, found it ended from outside; does memory suffice?"
    )
    with another_process(__name__ if large else None, ended) as pool:
        if pool is None:
            yield write_figures
            return
        due: list[Future[Path]] = []

        def begin(findings: Findings, folder: Path | str) -> None:
            due.extend(pool.submit(_write, name, findings.drawn, Path(folder)) for name in FIGURES)

        yield begin
        for figure in due:
            figure.result()


def _write(name: str, drawn: Drawn, folder: Path) -> Path:
    path = folder / f"{name}.svg"
    with drawing():
        write_text_atomic(path, to_svg(FIGURES[name](drawn)))
    return path
