"""Report: figures of the ranking and one page for the reader."""

from screen.report.validation import write_validation_figure
from screen.report.writing import Findings, write_figures, write_report

__all__ = ["Findings", "write_figures", "write_report", "write_validation_figure"]
