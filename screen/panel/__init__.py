"""The validation panel: published facts as data, checked on the network under every parameter draw."""

from screen.panel.arms import Cell, Materials, arm_lanes, cell_of, gather, plain, resting_parameters
from screen.panel.fitting import check_draws, check_panel, choose_facts, facts_within
from screen.panel.run import Bench, Finding, Traces, course_of, find, readouts_of, run_checks
from screen.panel.statistics import STATISTICS, Course, Statistic
from screen.panel.table import PANEL, Arm, Check, Fact, Settings, read_panel
from screen.panel.verdict import ENOUGH, summarise, validation_table, verdict

__all__ = [
    "ENOUGH",
    "PANEL",
    "STATISTICS",
    "Arm",
    "Bench",
    "Cell",
    "Check",
    "Course",
    "Fact",
    "Finding",
    "Materials",
    "Settings",
    "Statistic",
    "Traces",
    "arm_lanes",
    "cell_of",
    "check_draws",
    "check_panel",
    "choose_facts",
    "course_of",
    "facts_within",
    "find",
    "gather",
    "plain",
    "read_panel",
    "readouts_of",
    "resting_parameters",
    "run_checks",
    "summarise",
    "validation_table",
    "verdict",
]
