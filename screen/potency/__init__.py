"""Potency of every drug at every target, as it is in cells: one model of all that was measured."""

from screen.potency.checks import left_unsaid
from screen.potency.distance import estimate_distances
from screen.potency.leave_out import leave_studies_out
from screen.potency.posterior import Constants, Potency, Site, draw_constants, sites_of
from screen.potency.reading import read_estimates, read_potency_tables, read_potent_drugs
from screen.potency.rows import Tables
from screen.potency.stage import POTENCY, estimate_shared, middle_constants, potency_table
from screen.potency.tables import (
    CELL_KEY,
    CELL_POTENCIES,
    CONSTRUCTS,
    ENGAGEMENT,
    ESTIMATES,
    INTENDED,
    RESPONSES,
)

__all__ = [
    "CELL_KEY",
    "CELL_POTENCIES",
    "CONSTRUCTS",
    "ENGAGEMENT",
    "ESTIMATES",
    "INTENDED",
    "POTENCY",
    "RESPONSES",
    "Constants",
    "Potency",
    "Site",
    "Tables",
    "draw_constants",
    "estimate_distances",
    "estimate_shared",
    "leave_studies_out",
    "left_unsaid",
    "middle_constants",
    "potency_table",
    "read_estimates",
    "read_potency_tables",
    "read_potent_drugs",
    "sites_of",
]
