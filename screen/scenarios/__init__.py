"""Contexts, drugs, hypotheses and doses as data, and the table of scenarios to run."""

from screen.scenarios.assays import ASSAYS, SHIFT_RULES
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
    CellConstants,
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
from screen.scenarios.plan import VEHICLE, Counts, Request, count_trajectories, plan_scenarios, scenario_name
from screen.scenarios.reach import out_of_reach

__all__ = [
    "AFFINITIES",
    "ASSAYS",
    "CONTEXTS",
    "DEFAULT",
    "DRUGS",
    "HYPOTHESES",
    "MIXTURE",
    "SHIFT_RULES",
    "TARGETS",
    "VEHICLE",
    "Binding",
    "CellConstants",
    "Context",
    "ContextTables",
    "Counts",
    "Drug",
    "DrugTables",
    "Option",
    "Request",
    "Setting",
    "Target",
    "check_contexts",
    "count_trajectories",
    "hypothesis_labels",
    "hypothesis_settings",
    "out_of_reach",
    "plan_scenarios",
    "read_context_tables",
    "read_drug_tables",
    "scenario_name",
    "smaller_networks",
]
