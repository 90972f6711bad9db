"""Contexts, drugs, hypotheses and doses as data, and the table of scenarios to run."""

from screen.scenarios.abundance_table import Abundances, read_abundances
from screen.scenarios.abundances import UNITS, Mapped, like_cell, map_abundances
from screen.scenarios.amounts import check_options
from screen.scenarios.assays import SHIFT_RULES
from screen.scenarios.carried import carried, sites_in, unmeasured, wild_type_constants
from screen.scenarios.contexts import (
    CONTEXTS,
    VOLUMES,
    Context,
    ContextTables,
    Setting,
    check_contexts,
    check_left_out,
    read_context_tables,
    read_contexts,
    screened,
    smaller_networks,
)
from screen.scenarios.discrepancy import DISCREPANCY, ROUTED, Discrepancy, read_discrepancy
from screen.scenarios.drug_columns import AFFINITIES, DRUGS, MODES, TARGETS
from screen.scenarios.drugs import (
    Binding,
    Drug,
    DrugTables,
    Target,
    lacking_loads,
    parameter_names,
    read_drug_tables,
    read_targets,
)
from screen.scenarios.genotypes import (
    Genotype,
    check_genetic,
    genetic_problems,
    parse_genotype,
    without_units,
)
from screen.scenarios.hypotheses import (
    DEFAULT,
    HYPOTHESES,
    MIXTURE,
    Option,
    hypothesis_labels,
    hypothesis_settings,
    read_options,
)
from screen.scenarios.lost import check_taken_away, lost_rates, lost_readouts, lost_values, shares_of_nothing
from screen.scenarios.pairs import pairs_among
from screen.scenarios.plan import GENETIC, Counts, Request, count_trajectories, plan_scenarios
from screen.scenarios.plausible import (
    genotype_amounts,
    implausible,
    implausible_affinities,
    implausible_amounts,
    implausible_exposures,
)
from screen.scenarios.streams import normal_stream

__all__ = [
    "AFFINITIES",
    "CONTEXTS",
    "DEFAULT",
    "DISCREPANCY",
    "DRUGS",
    "GENETIC",
    "HYPOTHESES",
    "MIXTURE",
    "MODES",
    "ROUTED",
    "SHIFT_RULES",
    "TARGETS",
    "UNITS",
    "VOLUMES",
    "Abundances",
    "Binding",
    "Context",
    "ContextTables",
    "Counts",
    "Discrepancy",
    "Drug",
    "DrugTables",
    "Genotype",
    "Mapped",
    "Option",
    "Request",
    "Setting",
    "Target",
    "carried",
    "check_contexts",
    "check_genetic",
    "check_left_out",
    "check_options",
    "check_taken_away",
    "count_trajectories",
    "genetic_problems",
    "genotype_amounts",
    "hypothesis_labels",
    "hypothesis_settings",
    "implausible",
    "implausible_affinities",
    "implausible_amounts",
    "implausible_exposures",
    "lacking_loads",
    "like_cell",
    "lost_rates",
    "lost_readouts",
    "lost_values",
    "map_abundances",
    "normal_stream",
    "pairs_among",
    "parameter_names",
    "parse_genotype",
    "plan_scenarios",
    "read_abundances",
    "read_context_tables",
    "read_contexts",
    "read_discrepancy",
    "read_drug_tables",
    "read_options",
    "read_targets",
    "screened",
    "shares_of_nothing",
    "sites_in",
    "smaller_networks",
    "unmeasured",
    "wild_type_constants",
    "without_units",
]
