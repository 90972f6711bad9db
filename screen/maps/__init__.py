"""Maps: the drawings of the network, module by module, and the pages that show them and its genes."""

from screen.maps.genes import genes_page
from screen.maps.page import write_maps
from screen.maps.processes import module_maps

__all__ = ["genes_page", "module_maps", "write_maps"]
