"""Importers of public raw data: each source becomes readings, all readings one PEtab problem."""

from screen.sources.assemble import Known, Tables, assemble, read_known, write_tables
from screen.sources.breast_cytof import BREAST_LINES, Lines, read_breast_lines
from screen.sources.forget import forget
from screen.sources.import_data import Written, choose_sources, describe, find_data, import_data
from screen.sources.readings import Condition, Imported, ObservedAs, Reading, Source
from screen.sources.table import SOURCES

__all__ = [
    "BREAST_LINES",
    "SOURCES",
    "Condition",
    "Imported",
    "Known",
    "Lines",
    "ObservedAs",
    "Reading",
    "Source",
    "Tables",
    "Written",
    "assemble",
    "choose_sources",
    "describe",
    "find_data",
    "forget",
    "import_data",
    "read_breast_lines",
    "read_known",
    "write_tables",
]
