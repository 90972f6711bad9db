"""The validation panel: published facts as data, checked on the network under every parameter draw."""

from screen.panel.arms import Materials, gather
from screen.panel.fitting import check_draws, check_panel, choose_facts, facts_within
from screen.panel.run import Finding, run_checks
from screen.panel.statistics import STATISTICS, Course, Statistic
from screen.panel.table import PANEL, Arm, Check, Fact, read_panel
from screen.panel.verdict import ENOUGH, summarise, validation_table, verdict

__all__ = [
    "ENOUGH",
    "PANEL",
    "STATISTICS",
    "Arm",
    "Check",
    "Course",
    "Fact",
    "Finding",
    "Materials",
    "Statistic",
    "check_draws",
    "check_panel",
    "choose_facts",
    "facts_within",
    "gather",
    "read_panel",
    "run_checks",
    "summarise",
    "validation_table",
    "verdict",
]
