"""What decides the first place of each cell: its first two, and which numbers move their order most."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from screen.report.figures import percent, plus
from screen.report.findings import Findings
from screen.report.labels import Labels, capital
from screen.report.selection import Row, View

MOST = 3
"""Numbers that are shown for each cell, beside its other hypotheses."""


class FirstPlace(NamedTuple):
    """A cell by its place in the report; who leads by how much and what to measure next; lines of what moves that, its
    value, and the flip."""

    cell: int
    title: str
    lead: str
    lines: tuple[tuple[str, str, str], ...]


def first_places(findings: Findings) -> tuple[View, list[FirstPlace]] | None:
    """Of each cell that was asked about, under the read-out and basis of the table; None where none was."""
    table = findings.decisive
    if table is None or table.is_empty():
        return None
    units: Mapping[str, str] = (
        {}
        if findings.parameters is None
        else dict(findings.parameters.select("parameter", "unit").iter_rows())
    )
    found = []
    for place, (context, hypothesis) in enumerate(findings.cells):
        rows = table.filter(pl.col("context") == context, pl.col("hypothesis") == hypothesis)
        if rows.height:
            first = rows.row(0, named=True)
            lead = (
                f"{plus(first['leader'])} is {2.0 ** first['margin']:.3g}-fold ahead of {plus(first['runner_up'])}, "
                f"ahead in {percent(first['p_leader'])} of the draws"
            )
            other = pl.col("kind") == "hypothesis"
            widest = rows.filter(~other).sort("swing", descending=True)[:1]
            lead += "".join(f"; to measure next: {_what(row)}" for row in widest.iter_rows(named=True))
            shown = pl.concat([rows.filter(~other).head(MOST), rows.filter(other)])
            lines = tuple(_line(row, units, findings.labels) for row in shown.iter_rows(named=True))
            found.append(FirstPlace(place, capital(findings.labels.cell(context, hypothesis)), lead, lines))
    return View(*table.select("readout", "dose_basis").row(0)), found


def _line(row: Row, units: Mapping[str, str], labels: Labels) -> tuple[str, str, str]:
    if row["kind"] == "hypothesis":
        return labels.hypothesis(row["name"]), "", "there" if row["flips"] else "not there"
    unit = "nM" if row["kind"] == "affinity" else units.get(row["name"], "")
    value = f"{row['value']:.3g} {unit.removesuffix('dimensionless')}".strip()
    return _what(row), value, f"{row['flip_value']:.3g}" if row["flips"] else "not within a hundredfold"


def _what(row: Row) -> str:
    """The number that a row moves."""
    return (
        "constant of {} at {}".format(*row["name"].split(":"))
        if row["kind"] == "affinity"
        else str(row["name"])
    )
