"""The signalling network: from Antimony modules to SBML, and from any SBML to expressions.

>>> sbml = compose_network("config/network", ["m01"])
"""

from screen.network.compose import compose_network
from screen.network.consistency import check_network
from screen.network.drugged import HOWS, Site, with_drugs
from screen.network.genes import read_genes
from screen.network.network import Network
from screen.network.observables import read_observables
from screen.network.parameters import check_draws, drawn_of, read_parameters
from screen.network.routes import ROUTES, find_routes
from screen.network.sbml import read_sbml
from screen.network.sbml_document import (
    has_events,
    initially_assigned,
    read_document,
    sbml_text,
    without_initial_assignments,
)
from screen.network.slices import depends_on, slice_network
from screen.network.smaller import compose_without, left_out_of, network_name, removable
from screen.network.totals import read_totals

__all__ = [
    "HOWS",
    "ROUTES",
    "Network",
    "Site",
    "check_draws",
    "check_network",
    "compose_network",
    "compose_without",
    "depends_on",
    "drawn_of",
    "find_routes",
    "has_events",
    "initially_assigned",
    "left_out_of",
    "network_name",
    "read_document",
    "read_genes",
    "read_observables",
    "read_parameters",
    "read_sbml",
    "read_totals",
    "removable",
    "sbml_text",
    "slice_network",
    "with_drugs",
    "without_initial_assignments",
]
