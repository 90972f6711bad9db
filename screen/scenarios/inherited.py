"""Contexts taken from others: rows of kind `from`, and totals that are a share of what the other has.

`hepg2_low  from  hepg2` and `hepg2_low  total  JAK1_total  30  %` make a cell of its own, with its own vehicle: HepG2
in which JAK1 is knocked down to 30 % of what it has.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from screen.errors import ScenarioError
from screen.scenarios.hypotheses import Option

FROM = "from"
CONSTRUCT = "construct"

SHARE = "%"
"""Unit of a total that is a share of what the other context has."""


def inherit(frame: pl.DataFrame, options: Mapping[str, Option]) -> pl.DataFrame:
    """Each context's rows after those it has from another, in place of the rows of kind `from`.

    An own row replaces that of the same kind and parameter; own options of a switch replace all of that switch,
    an own organism the other's, an own construct that of the same gene. An own share is of the other's row, which it
    replaces, and as uncertain unless it says so itself.
    """
    rows: dict[str, list[dict]] = {}
    for row in frame.iter_rows(named=True):
        rows.setdefault(row["context"], []).append(row)
    taken_from = frame.filter(kind=FROM)
    parent = dict(zip(taken_from["context"], taken_from["parameter"], strict=True))
    done: dict[str, list[dict]] = {}
    for name in rows:
        line: list[str] = []
        other: str | None = name
        while other is not None and other not in done:
            line.append(other)
            other = parent.get(other)
        for each in reversed(line):
            done[each] = _with_others(each, rows[each], done.get(parent.get(each, ""), []), options)
    return pl.DataFrame([row for name in rows for row in done[name]], schema=frame.schema)


def _with_others(
    name: str, rows: Sequence[dict], others: Sequence[dict], options: Mapping[str, Option]
) -> list[dict]:
    """All rows of a context, from its own and those of the context that it is from."""
    own = [row for row in rows if row["kind"] != FROM]
    if problems := _not_carried(own, others):
        raise ScenarioError(problems)
    said = {_what(row, options) for row in own}
    totals = {row["parameter"]: row for row in others if row["kind"] == "total"}
    taken = [row for row in others if _what(row, options) not in said]
    meant = [_of_other(row, totals) if row["unit"] == SHARE else row for row in own]
    return [row | {"context": name} for row in (*taken, *meant)]


def _not_carried(own: Sequence[Mapping], others: Sequence[Mapping]) -> list[str]:
    """One sentence for each row that takes away a construct that the other context has not, by its exact name."""
    there = [row["parameter"] for row in others if row["kind"] == CONSTRUCT and row["value"]]
    return [
        f"{row['where']}, {row['context']}: `parameter` of a row of kind {CONSTRUCT} with the value 0 must be what the "
        f"context that it is from carries ({', '.join(there) or 'nothing'}), found {row['parameter']}"
        for row in own
        if row["kind"] == CONSTRUCT and row["value"] == 0 and row["parameter"] not in there
    ]


def _of_other(row: Mapping, totals: Mapping[str, Mapping]) -> dict:
    """A row with a share, as the value that it comes to beside the totals of the other context."""
    other = totals.get(row["parameter"])
    if row["kind"] != "total" or other is None:
        raise ScenarioError(
            f"{row['where']}, {row['context']}: `unit` may be {SHARE} for a total of which the context that it is from "
            f"has a row, found {row['kind']} {row['parameter']}; write its value (`describe cell NAME --all` has it)"
        )
    if row["value"] and not other["value"]:
        raise ScenarioError(
            f"{row['where']}, {row['context']}: `value` must be a share of what the context that it is from has, found "
            f"{row['value']:g} % of {row['parameter']}, which is 0 there; write its value"
        )
    sd = other["sd"] if row["sd"] is None else row["sd"]
    return {**row, "value": row["value"] / 100.0 * other["value"], "unit": other["unit"], "sd": sd}


def _what(row: Mapping, options: Mapping[str, Option]) -> tuple[str, str]:
    """What a row speaks of: a context says it once, itself or through the one it is taken from."""
    kind, parameter = row["kind"], row["parameter"]
    if kind == "hypothesis":
        return kind, options[parameter].switch
    if kind == CONSTRUCT:
        return kind, parameter.partition("_")[0]
    return kind, "" if kind == "organism" else parameter


def parent_problems(frame: pl.DataFrame) -> list[str]:
    """What is wrong with rows of kind `from`."""
    taken = frame.filter(pl.col("kind") == FROM)
    parent = dict(zip(taken["context"], taken["parameter"], strict=True))
    where = dict(zip(taken["context"], taken["where"], strict=True))
    known = set(frame["context"])
    problems = more_than_one(taken)
    problems += [
        f"{where[name]}, {name}: `parameter` of a row of kind {FROM} must be another context of the table, "
        f"found {other}"
        for name, other in parent.items()
        if other not in known or other == name
    ]
    circles = _circles(parent)
    problems += [
        f"{where[name]}, {name}: must not be taken from itself, found {' from '.join([*circles[name], name])}"
        for name in parent
        if len(circles.get(name, ())) > 1
    ]
    return problems


def _circles(parent: Mapping[str, str]) -> dict[str, list[str]]:
    """For each context that is taken from itself, the contexts that it goes through, itself the first."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for first in parent:
        line: dict[str, None] = {}
        name = first
        while name in parent and name not in seen:
            seen.add(name)
            line[name] = None
            name = parent[name]
        if name in line:
            names = list(line)
            circle = names[names.index(name) :]
            found |= {each: circle[at:] + circle[:at] for at, each in enumerate(circle)}
    return found


def more_than_one(rows: pl.DataFrame) -> list[str]:
    """One sentence for each context with more than one of these rows, which are of one kind."""
    counted = rows.group_by("context", maintain_order=True).agg(
        pl.last("where"), pl.last("kind"), count=pl.len()
    )
    return [
        f"{where}, {name}: at most one row of kind {kind} may be there, found {count}"
        for name, where, kind, count in counted.filter(pl.col("count") > 1).iter_rows()
    ]
