"""Arms as tables, run under every parameter draw: the validation panel of published facts, and own experiments."""

from screen.panel.courses import CONTRASTS, DYNAMICS, TIME_COURSES, check_completed, run_planned
from screen.panel.fitting import check_panel, choose_facts, facts_within
from screen.panel.planned import (
    ARMS,
    Planned,
    Wanted,
    check_arms_fit,
    check_arms_run,
    implausible_arms,
    left_out,
    read_arms,
)
from screen.panel.potency import check_asked, find_responses
from screen.panel.run import Bench, Finding, PanelTables, courses_of, find, statistic
from screen.panel.statistics import STATISTICS, Course, Statistic
from screen.panel.table import PANEL, Check, Fact, read_panel
from screen.panel.verdict import ENOUGH, summarise, validation_table, verdict

__all__ = [
    "ARMS",
    "CONTRASTS",
    "DYNAMICS",
    "ENOUGH",
    "PANEL",
    "STATISTICS",
    "TIME_COURSES",
    "Bench",
    "Check",
    "Course",
    "Fact",
    "Finding",
    "PanelTables",
    "Planned",
    "Statistic",
    "Wanted",
    "check_arms_fit",
    "check_arms_run",
    "check_asked",
    "check_completed",
    "check_panel",
    "choose_facts",
    "courses_of",
    "facts_within",
    "find",
    "find_responses",
    "implausible_arms",
    "left_out",
    "read_arms",
    "read_panel",
    "run_planned",
    "statistic",
    "summarise",
    "validation_table",
    "verdict",
]
