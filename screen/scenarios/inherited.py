"""Contexts taken from others: rows of kind `from`, and totals that are a share of what the other has.

`hepg2_low  from  hepg2` and `hepg2_low  total  JAK1_total  30  %` make a cell of its own, with its own vehicle: HepG2
in which JAK1 is knocked down to 30 % of what it has.
"""

from collections.abc import Mapping

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
    done: dict[str, list[dict]] = {}

    def resolved(name: str) -> list[dict]:
        if name not in done:
            own = [row for row in rows[name] if row["kind"] != FROM]
            parents = [row["parameter"] for row in rows[name] if row["kind"] == FROM]
            said = {_what(row, options) for row in own}
            others = [row for parent in parents for row in resolved(parent)]
            totals = {row["parameter"]: row for row in others if row["kind"] == "total"}
            taken = [row for row in others if _what(row, options) not in said]
            meant = [_of_other(row, totals) if row["unit"] == SHARE else row for row in own]
            done[name] = [row | {"context": name} for row in (*taken, *meant)]
        return done[name]

    return pl.DataFrame([row for name in rows for row in resolved(name)], schema=frame.schema)


def _of_other(row: Mapping, totals: Mapping[str, Mapping]) -> dict:
    """A row with a share, as the value that it comes to beside the totals of the other context."""
    other = totals.get(row["parameter"])
    if row["kind"] != "total" or other is None:
        raise ScenarioError(
            f"{row['where']}, {row['context']}: `unit` may be {SHARE} for a total of which the context that it is from "
            f"has a row, found {row['kind']} {row['parameter']}; write its value (`describe cell NAME --all` has it)"
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
    for name in parent:
        line = [name]
        while line[-1] in parent and parent[line[-1]] not in line:
            line.append(parent[line[-1]])
        if line[-1] in parent and parent[line[-1]] == name != line[-1]:
            problems.append(
                f"{where[name]}, {name}: must not be taken from itself, found {' from '.join([*line, name])}"
            )
    return problems


def more_than_one(rows: pl.DataFrame) -> list[str]:
    """One sentence for each context with more than one of these rows, which are of one kind."""
    counted = rows.group_by("context", maintain_order=True).agg(
        pl.last("where"), pl.last("kind"), count=pl.len()
    )
    return [
        f"{where}, {name}: at most one row of kind {kind} may be there, found {count}"
        for name, where, kind, count in counted.filter(pl.col("count") > 1).iter_rows()
    ]
