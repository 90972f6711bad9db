"""Contexts, drugs and doses as data, and the parameters of every trajectory of a screen."""

from screen.scenarios.assemble import PHASES, Assembly, Lanes, assemble, prepare
from screen.scenarios.contexts import (
    CONTEXTS,
    DEFAULT,
    HYPOTHESES,
    Context,
    ContextTables,
    Setting,
    check_contexts,
    read_context_tables,
)
from screen.scenarios.drugs import (
    AFFINITIES,
    DRUGS,
    TARGETS,
    Binding,
    Drug,
    DrugTables,
    Target,
    read_drug_tables,
)
from screen.scenarios.occupancy import SHIFT_RULES, cell_constant, cell_constants, loads
from screen.scenarios.plan import VEHICLE, Counts, count_trajectories, plan_scenarios, scenario_name

__all__ = [
    "AFFINITIES",
    "CONTEXTS",
    "DEFAULT",
    "DRUGS",
    "HYPOTHESES",
    "PHASES",
    "SHIFT_RULES",
    "TARGETS",
    "VEHICLE",
    "Assembly",
    "Binding",
    "Context",
    "ContextTables",
    "Counts",
    "Drug",
    "DrugTables",
    "Lanes",
    "Setting",
    "Target",
    "assemble",
    "cell_constant",
    "cell_constants",
    "check_contexts",
    "count_trajectories",
    "loads",
    "plan_scenarios",
    "prepare",
    "read_context_tables",
    "read_drug_tables",
    "scenario_name",
]
