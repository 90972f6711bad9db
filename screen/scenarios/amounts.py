"""Values that readings of contested biology set, held against what their parameters are.

Contexts hold no value below 0. A reading may set one: whether that can be meant is for the prior of the parameter to
say, its unit or its name.
"""

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from screen.errors import ScenarioError
from screen.scenarios.contexts import ContextTables, value_rule

AMOUNT = re.compile(r"(load|initial)_.*|.*_(total|dose|level)")
"""Names of amounts, in networks of modules as in those of others."""


def check_options(tables: ContextTables, parameters: pl.DataFrame | None = None) -> None:
    """ScenarioError where a reading sets an amount below 0, a volume to none or what is lost beside 0.

    `parameters` is the table of the network's, where it has one.
    """
    known = {} if parameters is None else {row["parameter"]: row for row in parameters.iter_rows(named=True)}
    problems = [
        f"{option.places[parameter]}, {name}: `value` of {parameter} must be {must}, found {value:g}"
        for name, option in tables.options.items()
        for parameter, value in option.settings.items()
        if (must := _must(parameter, value, known.get(parameter, {})))
    ]
    if problems:
        raise ScenarioError(problems)


def may_be_negative(row: Mapping[str, Any]) -> bool:
    """Whether a parameter of a network of modules, by its `row`, can be below 0: its prior reaches there, or it is."""
    return row["prior"] == "normal" or row["value"] < 0


def _must(parameter: str, value: float, row: Mapping[str, Any]) -> str | None:
    """What a value must be, where it is not; the `row` of a parameter is empty in a network without a table."""
    if must := value_rule(parameter, value):
        return must
    if value >= 0 or (row and may_be_negative(row)):
        return None
    measured = row and (row["prior"] == "log10_normal" or row["unit"] != "dimensionless")
    return "at least 0" if measured or AMOUNT.fullmatch(parameter) else None
