"""Tables: their schemas, how they are read and written, and where they came from."""

from screen.tables.files import read_table, write_table, write_text_atomic
from screen.tables.provenance import digest_files, provenance, read_provenance
from screen.tables.schema import Column, Schema, check_table
from screen.tables.stages import DRAWS, RESPONSES, SCENARIOS, STATUSES, VALIDATION, number_column

__all__ = [
    "DRAWS",
    "RESPONSES",
    "SCENARIOS",
    "STATUSES",
    "VALIDATION",
    "Column",
    "Schema",
    "check_table",
    "digest_files",
    "number_column",
    "provenance",
    "read_provenance",
    "read_table",
    "write_table",
    "write_text_atomic",
]
