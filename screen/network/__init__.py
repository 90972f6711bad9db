"""The signalling network: from Antimony modules to SBML, and from any SBML to expressions."""

from screen.network.network import Network
from screen.network.sbml import read_sbml

__all__ = ["Network", "read_sbml"]
