"""Contexts, drugs and doses as data, and the parameters of every trajectory of a screen."""

from screen.scenarios.assemble import LOAD, PHASES, SIGMA, Assembly, Lanes, assemble, draw_values, prepare
from screen.scenarios.contexts import (
    CONTEXTS,
    Context,
    ContextTables,
    Setting,
    check_contexts,
    read_context_tables,
    smaller_networks,
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
from screen.scenarios.hypotheses import (
    DEFAULT,
    HYPOTHESES,
    MIXTURE,
    Option,
    hypothesis_labels,
    hypothesis_settings,
)
from screen.scenarios.occupancy import SHIFT_RULES, cell_constant, cell_constants, loads
from screen.scenarios.plan import VEHICLE, Counts, count_trajectories, plan_scenarios, scenario_name

__all__ = [
    "AFFINITIES",
    "CONTEXTS",
    "DEFAULT",
    "DRUGS",
    "HYPOTHESES",
    "LOAD",
    "MIXTURE",
    "PHASES",
    "SHIFT_RULES",
    "SIGMA",
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
    "Option",
    "Setting",
    "Target",
    "assemble",
    "cell_constant",
    "cell_constants",
    "check_contexts",
    "count_trajectories",
    "draw_values",
    "hypothesis_labels",
    "hypothesis_settings",
    "loads",
    "plan_scenarios",
    "prepare",
    "read_context_tables",
    "read_drug_tables",
    "scenario_name",
    "smaller_networks",
]
