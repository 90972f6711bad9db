"""The validation panel: published facts as data, checked on the network under every parameter draw."""

from screen.panel.fitting import check_panel, choose_facts, facts_within
from screen.panel.potency import find_responses
from screen.panel.run import Bench, Finding, PanelTables, courses_of, find, sides, statistic_of
from screen.panel.statistics import STATISTICS, Course, Statistic
from screen.panel.table import PANEL, Check, Fact, read_panel
from screen.panel.verdict import ENOUGH, summarise, validation_table, verdict

__all__ = [
    "ENOUGH",
    "PANEL",
    "STATISTICS",
    "Bench",
    "Check",
    "Course",
    "Fact",
    "Finding",
    "PanelTables",
    "Statistic",
    "check_panel",
    "choose_facts",
    "courses_of",
    "facts_within",
    "find",
    "find_responses",
    "read_panel",
    "sides",
    "statistic_of",
    "summarise",
    "validation_table",
    "verdict",
]
