"""Contested biology as data: switches, their options, and labels that join options of different switches.

`hypotheses.tsv` has one row a value: an option of a switch sets network parameters and has a prior weight
within its switch. A label is `default` (the network as it is), one option, or options of several switches
joined by + in the order of the file; tables, panel and command line use labels only.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import polars as pl

from screen.errors import ScenarioError
from screen.scenarios.drug_columns import MARKS
from screen.tables import Column, Schema, read_placed

DEFAULT = "default"
"""Label of the network as it is."""

MIXTURE = "mixture"
"""Stands in the ranking for all hypotheses of a context, weighted by their prior; nothing is run under it."""

JOIN = "+"
"""Joins the options of a label."""

HYPOTHESES = Schema(
    "hypotheses",
    (
        Column("switch", pl.String, "the open question", is_name=True),
        Column("hypothesis", pl.String, "one answer to it: an option of the switch", is_name=True),
        Column("weight", pl.Float64, "prior weight of the option within its switch", minimum=0, maximum=1),
        Column("parameter", pl.String, "network parameter that it sets"),
        Column("value", pl.Float64, "value of the parameter"),
        Column("mark", pl.String, "origin of the value", nullable=True, choices=(*MARKS, "input")),
        Column("source", pl.String, "where it comes from", nullable=True),
    ),
    key=("hypothesis", "parameter"),
    may_be_empty=True,
)


@dataclass(frozen=True)
class Option:
    """An option of a switch: prior weight within it, and the value [unit of the parameter] of what it sets.

    places: file and row of each of these values.
    """

    switch: str
    weight: float
    settings: Mapping[str, float]
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


def read_options(paths: Path | Sequence[Path]) -> dict[str, Option]:
    """Options by name, in the order of the files. TableError, or ScenarioError where weights do not fit."""
    frame = read_placed(paths, HYPOTHESES)
    problems, options = [], {}
    for (name,), rows in frame.group_by("hypothesis", maintain_order=True):
        for column in ("switch", "weight"):
            if rows[column].n_unique() > 1:
                found = ", ".join(map(str, rows[column].unique(maintain_order=True)))
                problems.append(
                    f"{rows['where'][-1]}, {name}: `{column}` must be the same in all rows, found {found}"
                )
        options[str(name)] = Option(
            rows["switch"][0],
            rows["weight"][0],
            dict(zip(rows["parameter"], rows["value"], strict=True)),
            dict(zip(rows["parameter"], rows["where"], strict=True)),
        )
    place = dict(frame.select("hypothesis", "where").iter_rows())
    for switch in dict.fromkeys(option.switch for option in options.values()):
        weights = {name: option.weight for name, option in options.items() if option.switch == switch}
        problems += _sum_problems(f"{place[[*weights][-1]]}, {switch}", weights)
    if problems:
        raise ScenarioError(problems)
    return options


def _sum_problems(where: str, weights: Mapping[str, float]) -> list[str]:
    total = math.fsum(weights.values())
    if math.isclose(total, 1.0, abs_tol=1e-9):
        return []
    return [f"{where}: weights of {', '.join(weights)} must add up to 1, found {total:.10g}"]


def hypothesis_settings(options: Mapping[str, Option], label: str) -> dict[str, float]:
    """What a label sets: values [unit of the parameter] by network parameter; nothing for `default`.

    ScenarioError: an option that is not there, two of one switch, another order than that of the file, or
    two that set one parameter differently.
    """
    if label == DEFAULT:
        return {}
    names = label.split(JOIN)
    unknown = [name for name in names if name not in options]
    if unknown:
        raise ScenarioError(
            f"hypothesis {label}: must be {DEFAULT} or of {', '.join(options)}, found {unknown[0]}"
        )
    switches = [options[name].switch for name in names]
    if len(set(switches)) < len(switches):
        raise ScenarioError(f"hypothesis {label}: must name each switch once, found {', '.join(switches)}")
    ordered = JOIN.join(name for name in options if name in names)
    if label != ordered:
        raise ScenarioError(f"hypothesis {label}: must be in the order of the file, {ordered}, found {label}")
    settings: dict[str, float] = {}
    places: dict[str, str] = {}
    for name in names:
        for parameter, value in options[name].settings.items():
            place = options[name].places.get(parameter, name)
            if settings.setdefault(parameter, value) != value:
                raise ScenarioError(
                    f"hypothesis {label}: must set {parameter} to one value, found {settings[parameter]:g} "
                    f"({places[parameter]}) and {value:g} ({place})"
                )
            places[parameter] = place
    return settings


def hypothesis_labels(
    options: Mapping[str, Option], own: Mapping[str, float], switches: Sequence[str] = ()
) -> dict[str, float]:
    """Labels to run a context under, with the prior weight of each.

    `own` are the options that the context lists, with its weights; `switches` are crossed with all their
    options and weights, except those that the context lists itself. Weights of a product are multiplied.
    ScenarioError: unknown switch, options that contradict each other.
    """
    known = dict.fromkeys(option.switch for option in options.values())
    problems = [
        f"scenarios.hypotheses: must be switches of hypotheses.tsv ({', '.join(known)}), found {name}"
        for name in switches
        if name not in known
    ]
    if problems:
        raise ScenarioError(problems)
    listed = {options[name].switch for name in own}
    choices: list[list[tuple[str, float]]] = []
    for switch in known:
        members = [name for name, option in options.items() if option.switch == switch]
        if switch in listed:
            choices.append([(name, own[name]) for name in members if name in own])
        elif switch in switches:
            choices.append([(name, options[name].weight) for name in members])
    labels = {
        JOIN.join(name for name, _ in chosen) or DEFAULT: math.prod(weight for _, weight in chosen)
        for chosen in product(*choices)
    }
    for label in labels:
        hypothesis_settings(options, label)
    return labels


def own_weight_problems(where: str, options: Mapping[str, Option], own: Mapping[str, float]) -> list[str]:
    """One sentence for each switch of which the weights that a context gives do not add up to 1."""
    switches: Iterable[str] = dict.fromkeys(options[name].switch for name in own)
    return [
        problem
        for switch in switches
        for problem in _sum_problems(where, {k: w for k, w in own.items() if options[k].switch == switch})
    ]
