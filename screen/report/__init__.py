"""Report: figures of the ranking and one page for the reader."""

from screen.report.courses import write_courses_figure
from screen.report.findings import Findings
from screen.report.gallery import FIGURES, figures_beside, write_figures
from screen.report.labels import LABELS, NO_LABELS, Labels, read_labels
from screen.report.potency import write_potency_figure
from screen.report.validation import HELD, write_validation_figure
from screen.report.writing import write_report

__all__ = [
    "FIGURES",
    "HELD",
    "LABELS",
    "NO_LABELS",
    "Findings",
    "Labels",
    "figures_beside",
    "read_labels",
    "write_courses_figure",
    "write_figures",
    "write_potency_figure",
    "write_report",
    "write_validation_figure",
]
