"""Tables: their schemas, how they are read and written, and where they came from."""

from screen.files import write_text_atomic
from screen.tables.code import code_digest, code_files, executed_modules
from screen.tables.files import read_blocks, read_provenance, read_table, write_table
from screen.tables.provenance import digest_files, digest_table, provenance
from screen.tables.schema import Column, Rule, Schema, check_table, spelled_out
from screen.tables.several import WHERE, files_of, read_placed, read_tables, replace_rows
from screen.tables.stages import (
    DECISIVE,
    DRAWS,
    NUMBER_OF_DRAW,
    RACE,
    RANKING,
    RESPONSES,
    SCENARIOS,
    STATUSES,
    VALIDATION,
    draws_in_rows,
    number_column,
)
from screen.tables.text import plain_name, read_cells
from screen.tables.units import NANOMOLAR, QUANTITY, in_standard_units, parse_number, parse_numbers

__all__ = [
    "DECISIVE",
    "DRAWS",
    "NANOMOLAR",
    "NUMBER_OF_DRAW",
    "QUANTITY",
    "RACE",
    "RANKING",
    "RESPONSES",
    "SCENARIOS",
    "STATUSES",
    "VALIDATION",
    "WHERE",
    "Column",
    "Rule",
    "Schema",
    "check_table",
    "code_digest",
    "code_files",
    "digest_files",
    "digest_table",
    "draws_in_rows",
    "executed_modules",
    "files_of",
    "in_standard_units",
    "number_column",
    "parse_number",
    "parse_numbers",
    "plain_name",
    "provenance",
    "read_blocks",
    "read_cells",
    "read_placed",
    "read_provenance",
    "read_table",
    "read_tables",
    "replace_rows",
    "spelled_out",
    "write_table",
    "write_text_atomic",
]
