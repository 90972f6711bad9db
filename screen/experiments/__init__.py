"""Experiments: a cell, its genotype, what it is given and when; and the lanes they become under parameter draws.

The screen, the panel of published facts and the calibration all build this. Ruxolitinib in HepG2 under IL-6, on a
network of which the parameters named here are enough:

>>> from pathlib import Path
>>> import numpy as np
>>> import polars as pl
>>> from screen.scenarios import read_context_tables, read_drug_tables
>>> contexts = read_context_tables(Path("config/contexts.tsv"), Path("config/hypotheses.tsv"))
>>> drugs = read_drug_tables(*(Path("config", f"{name}.tsv") for name in ("drugs", "affinities", "targets")))
>>> arm = Arm("hepg2", stimulus=Exposure(own=True), treatment=Exposure((("ruxolitinib", 300.0),)))
>>> names = [*cell_settings(arm, contexts), "IL6_dose", *(LOAD + target for target in drugs.targets)]
>>> network = dict.fromkeys(names, 0.0)
>>> draws = read_draws(None, network, ["ruxolitinib"], drugs, seed=1)
>>> design = make_design([arm], contexts, drugs, ["ruxolitinib"], names)
"""

from screen.experiments.acting import Networks, cell_network, weigh_hypotheses
from screen.experiments.arm import LOAD_OF, Arm, Exposure, Pairs, cell_settings, written_out
from screen.experiments.design import (
    LOAD,
    Design,
    check_arms,
    lane_parameters,
    make_design,
    rest_parameters,
    scenario_arms,
)
from screen.experiments.draws import (
    SIGMA,
    SIGMA_SD,
    Draws,
    add_residuals,
    drawn_constants,
    drug_residuals,
    read_draws,
    residual_name,
    uncertain_totals,
    with_totals,
)
from screen.experiments.loads import affinities, cell_constant, cell_constants, hill_load, loads
from screen.experiments.routes import arm_routes, scenario_routes
from screen.experiments.windows import window_minutes

__all__ = [
    "LOAD",
    "LOAD_OF",
    "SIGMA",
    "SIGMA_SD",
    "Arm",
    "Design",
    "Draws",
    "Exposure",
    "Networks",
    "Pairs",
    "add_residuals",
    "affinities",
    "arm_routes",
    "cell_constant",
    "cell_constants",
    "cell_network",
    "cell_settings",
    "check_arms",
    "drawn_constants",
    "drug_residuals",
    "hill_load",
    "lane_parameters",
    "loads",
    "make_design",
    "read_draws",
    "residual_name",
    "rest_parameters",
    "scenario_arms",
    "scenario_routes",
    "uncertain_totals",
    "weigh_hypotheses",
    "window_minutes",
    "with_totals",
    "written_out",
]
