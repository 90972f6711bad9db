"""What crosses the line between a disk and the program: files read within limits, files written whole, names."""

from screen.files.names import NAME, NAME_RULE, is_utf8, name_problem, slug
from screen.files.reading import (
    MOST_TABLE,
    MOST_TEXT,
    check_cells,
    check_columns,
    check_regular,
    read_json,
    read_text,
)
from screen.files.writing import json_text, reason, replace_on_disk, restored, write_atomic, write_text_atomic
from screen.files.yaml import Document, Place, check_alike, number_of, parse_yaml, read_document, read_yaml

__all__ = [
    "MOST_TABLE",
    "MOST_TEXT",
    "NAME",
    "NAME_RULE",
    "Document",
    "Place",
    "check_alike",
    "check_cells",
    "check_columns",
    "check_regular",
    "is_utf8",
    "json_text",
    "name_problem",
    "number_of",
    "parse_yaml",
    "read_document",
    "read_json",
    "read_text",
    "read_yaml",
    "reason",
    "replace_on_disk",
    "restored",
    "slug",
    "write_atomic",
    "write_text_atomic",
]
