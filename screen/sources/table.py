"""The sources there are: one line adds one."""

from screen.sources.breast_cytof import BREAST_CYTOF
from screen.sources.hpn_dream import HPN_DREAM
from screen.sources.luminex import LUMINEX
from screen.sources.mcf10a import MCF10A
from screen.sources.readings import Source
from screen.sources.sobotta import SOBOTTA

SOURCES: dict[str, Source] = {
    source.name: source for source in (SOBOTTA, LUMINEX, HPN_DREAM, MCF10A, BREAST_CYTOF)
}
"""Name -> source, in the order in which they are imported."""
