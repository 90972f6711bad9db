"""What the page's scripts read: the ranked table, answers and dose responses, small enough to travel in the page.

The figures are drawn where they are read, by own SVG and some 500 lines of JavaScript: what is shown has to follow
the chosen cell, its width and the printer, which an SVG from Matplotlib cannot, and it made the page take minutes.
Vega-Lite would bring 800 kB of code to draw intervals, lines and a table; uPlot draws on a canvas, which is not
read out, not selected and not sharp in print.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from screen.rank import basis_in_words
from screen.rank.scores import CHANGE
from screen.report.figures import RAMP
from screen.report.findings import Findings
from screen.report.labels import capital, readout_label
from screen.report.page import packed
from screen.report.pairs import pair_isoboles, pair_matrices
from screen.report.selection import NOTICED, Curve, View
from screen.report.summary import CellSummary

NAMES = (
    "intervention", "drug_classes", "acts_through", "unmeasured_variants", "route", "mechanism", "dose_flag",
    "ic50_flag",
)  # fmt: skip
FRACTIONS: Mapping[str, int] = {
    "p_best": 4, "p_top5": 4, "expected_regret": 4, "suppression_p05": 4, "suppression_p50": 4, "suppression_p95": 4,
    "suppression_p05_bare": 4, "suppression_p95_bare": 4, "excess_bliss_p50": 2,
}  # fmt: skip
"""Columns and the decimals that travel."""

CHANGE_DIGITS = 2
"""Decimals of a change that is shown beside what is ranked."""

NUMBERS: Mapping[str, int] = {
    "dose_a_nM": 4, "dose_b_nM": 4, "dose_c_nM": 4, "rank": 4, "rank_p05": 4, "rank_p95": 4,
    "ic50_nM": 3, "ic50_p05_nM": 3, "ic50_p95_nM": 3, "draws": 6, "failed": 6,
}  # fmt: skip
"""Columns and the significant digits that travel."""


def packed_content(
    findings: Findings, cells: Sequence[CellSummary], *, whole: bool = True, pairs: int | None = None
) -> str:
    """Everything that the scripts read, as base64 of gzip of JSON; not `whole`: of the headline's dose basis alone.

    `pairs`: how many places of a ranking are shown where pairs hold them; None: all.
    """
    wanted = [view for view in findings.views if whole or view.basis == findings.view.basis]
    readouts = list(dict.fromkeys(view.readout for view in wanted))
    content = {
        "cells": [_cell(findings, cell) for cell in cells],
        "views": [_view(findings, view) for view in wanted],
        "words": {"name": findings.words.name, **findings.words.goal._asdict()},
        "first": wanted.index(findings.view),
        "classes": _classes(findings),
        "own": sorted(findings.own),
        "top": findings.top,
        "noticed": NOTICED,
        "ramp": RAMP,
        "answers": [[cell.answers[findings.views.index(view)] for cell in cells] for view in wanted],
        "table": _columns(_shown(_numbered(findings, wanted), pairs)),
        "curves": {readout: _curves(findings, readout) for readout in readouts},
        "measured": _measured(findings),
        "pairs": pair_matrices(findings, readouts),
        "isoboles": pair_isoboles(findings, readouts),
    }
    return packed(json.dumps(content, separators=(",", ":")))


def _view(findings: Findings, view: View) -> list[str | float | None]:
    """Read-out and basis, both in words, and the time [min] of a read-out that is a point."""
    first, last = findings.windows[view.readout]
    label = capital(readout_label(first, last))
    return [*view, label, basis_in_words(view.basis), first if first == last else None]


def _cell(findings: Findings, cell: CellSummary) -> dict[str, Any]:
    return {
        "context": cell.context,
        "hypothesis": cell.hypothesis,
        "title": cell.title,
        "short": findings.labels.short(cell.hypothesis),
        "anchor": cell.anchor,
        "own": cell.own,
    }


def _classes(findings: Findings) -> dict[str, tuple[str, str]]:
    """Title and colour of each class, in the order of the labels, those without one last."""
    found = findings.ranked["drug_classes"].str.split("+").explode().unique().sort()
    ordered = sorted(found, key=lambda name: findings.labels.place("class", name))
    return {name: findings.labels.family(name)[:2] for name in ordered}


def _numbered(findings: Findings, wanted: Sequence[View]) -> pl.DataFrame:
    """The rows of these views with the number of their cell and of their view."""
    return pl.concat(
        findings.slice(cell, view).with_columns(pl.lit(at).alias("cell"), pl.lit(place).alias("view"))
        for place, view in enumerate(wanted)
        for at, cell in enumerate(findings.cells)
    )


def _shown(rows: pl.DataFrame, pairs: int | None) -> pl.DataFrame:
    """The rows of single drugs, and of the pairs that are among the first `pairs` of a ranking."""
    alone = ~pl.col("intervention").str.contains("+", literal=True)
    return rows if pairs is None else rows.filter(alone | (pl.col("rank") <= pairs))


def _columns(rows: pl.DataFrame) -> dict[str, Any]:
    """{names: {column: names}, columns: {column: values}}: text by its number in a list, numbers as short as read."""
    text = {name: rows[name].fill_null("") for name in NAMES}
    names = {name: found.unique().sort().to_list() for name, found in text.items()}
    coded = {
        name: found.replace_strict({each: i for i, each in enumerate(names[name])}, return_dtype=pl.Int32)
        for name, found in text.items()
    }
    rounded = {**FRACTIONS, **{name: CHANGE_DIGITS for name in rows.columns if name.endswith(CHANGE)}}
    fractions = {name: rows[name].cast(pl.Float64).round(digits) for name, digits in rounded.items()}
    numbers = {name: rows[name].cast(pl.Float64).round_sig_figs(digits) for name, digits in NUMBERS.items()}
    placed = {name: rows[name].to_list() for name in ("view", "cell")}
    whole = {name: column.to_list() for name, column in coded.items()}
    short = {name: _short(column.to_list()) for name, column in (fractions | numbers).items()}
    return {"names": names, "columns": placed | whole | short}


def _short(values: Iterable[float | None]) -> list[float | None]:
    return [int(value) if value is not None and value.is_integer() else value for value in values]


def _curves(findings: Findings, readout: str) -> list[dict[str, list[list[float | None]]]]:
    """For each cell the drugs of several doses that move what is ranked: doses, quantiles of treated/vehicle [%]."""
    return [
        {
            drug: [_short(curve.doses), *(_percents(part) for part in (curve.low, curve.median, curve.high))]
            for drug, curve in findings.curves.get((*cell, readout), {}).items()
            if _moves(curve)
        }
        for cell in findings.cells
    ]


def _moves(curve: Curve) -> bool:
    there = [value for value in curve.median if value is not None]
    return len(there) > 1 and any(abs(1.0 - value) >= NOTICED for value in there)


def _percents(values: Iterable[float | None]) -> list[float | None]:
    return [None if value is None else round(100 * value) for value in values]


def _measured(findings: Findings) -> list[list[dict[str, Any]]]:
    """For each cell the IC50s of what is ranked that were measured in its context, as free concentrations."""
    table, aim = findings.measured, findings.aim
    if table is None or aim.goal != "lower":
        return [[] for _ in findings.cells]
    mine = table.filter(pl.col("used") & (pl.col("readout") == aim.observable))
    return [
        [
            {
                "drug": row["drug"],
                "nM": float(f"{row['ic50_nM'] * row['free_fraction']:.3g}"),
                "relation": row["relation"],
                "words": f"{row['cells']}, {row['stimulus']}: {row['citation']}",
            }
            for row in mine.filter(pl.col("context") == context).iter_rows(named=True)
        ]
        for context, _ in findings.cells
    ]
