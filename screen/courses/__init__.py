"""Cells known by their time courses: a few totals are set by what was measured without inhibitors."""

from screen.courses.cell import UNTREATED, StartCell, draws_at, usual_totals
from screen.courses.fit import Fitted, fit_lines
from screen.courses.table import COURSES, Courses, make_courses, read_courses

__all__ = [
    "COURSES",
    "UNTREATED",
    "Courses",
    "Fitted",
    "StartCell",
    "draws_at",
    "fit_lines",
    "make_courses",
    "read_courses",
    "usual_totals",
]
