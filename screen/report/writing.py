"""The report stage: the ranked table and the responses become figures and one page."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from screen.errors import ReportError
from screen.files import read_json
from screen.rank import basis_in_words
from screen.rank.ratios import RESOLUTION
from screen.rank.responses import COMPLETED
from screen.report.figures import percent
from screen.report.findings import Findings
from screen.report.labels import capital, readout_label
from screen.report.margins import first_places
from screen.report.page import origin_rows, render
from screen.report.selection import NOTICED, View
from screen.report.sets import first_of_sets
from screen.report.summary import MARKS, CellSummary, decisive, failures, mark_counts, summarise
from screen.report.table import packed_content
from screen.report.validation import held_line, panel_summary
from screen.scenarios import DEFAULT
from screen.tables import write_text_atomic

LARGEST_PAGE = 1_500_000
"""Bytes above which a page stays blank inside the report that Snakemake makes."""

MOST_ROWS = 100_000
"""Rows of a ranking beyond which it is not tried to show all."""

PAIRS = 2
"""Where not all pairs are shown, those among the first of a ranking are: so many times what its figure shows."""

LARGEST_FIT = 200_000
"""Bytes of a figure of the fit that is still taken into the page."""


def write_report(findings: Findings, path: Path | str, *, title: str = "STAT3 screen") -> Path:
    """Write the page, one file that asks the network for nothing and fits into Snakemake's report.

    Where it would become too large it holds of the pairs those that are among the first of a ranking, and then the rows
    of the headline's dose basis alone, and says so.
    """
    cells = summarise(findings)
    content = _content(findings, cells, title)
    first = PAIRS * findings.top
    some = f"single drugs, and pairs among the first {first} of a ranking"
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("Every row of ranked.csv.", {}),
        (f"Rows of {some}; ranked.csv has the others.", {"pairs": first}),
        (
            f"Rows of the first dose basis, {some}; ranked.csv has the others.",
            {"pairs": first, "whole": False},
        ),
    )
    for note, part in steps[findings.ranked.height > MOST_ROWS :]:
        page = render({**content, "packed": packed_content(findings, cells, **part), "table_note": note})
        size = len(page.encode())
        if size <= LARGEST_PAGE:
            break
    else:
        raise ReportError(f"{path}: must stay below {LARGEST_PAGE} bytes to be shown, found {size}")
    write_text_atomic(path, page)
    return Path(path)


def _content(findings: Findings, cells: Sequence[CellSummary], title: str) -> dict[str, Any]:
    contexts = [cell.context for cell in cells]
    first = first_places(findings)
    return {
        "title": title,
        "facts": _facts(findings),
        "view": _in_words(findings, findings.view),
        "headline": findings.views.index(findings.view),
        "resolution": f"{100 * RESOLUTION:g} %",
        "floor": f"{findings.aim.floor:g}",
        "name": findings.words.name,
        "goal": findings.words.goal,
        "noticed": percent(NOTICED),
        "cells": cells,
        "decisive": [
            (
                capital(findings.labels.context(context)),
                lines,
                [i for i, c in enumerate(contexts) if c == context],
            )
            for context, lines in decisive(findings)
        ],
        "sets": first_of_sets(findings),
        "first": first and (_in_words(findings, first[0]), first[1]),
        "models": _models(findings.fit),
        "panel": panel_summary(findings.validation) if findings.validation is not None else None,
        "held": held_line(findings.held) if findings.held and findings.held["demands"] else None,
        "fits": _fits(findings.fit),
        "failures": failures(findings),
        "caveats": _caveats(findings),
        "marks": _marks(findings),
        "mark_words": list(MARKS.values()),
        "origin": [
            ("ranked rows", findings.ranked["provenance"][0]),
            *origin_rows(findings.provenance or {}),
        ],
    }


def _in_words(findings: Findings, view: View) -> str:
    return f"{readout_label(*findings.windows[view.readout])}, {basis_in_words(view.basis)}"


def _facts(findings: Findings) -> list[tuple[str, str]]:
    given, endings = findings.responses, findings.endings
    size = pl.sum_horizontal(pl.col("drug_a", "drug_b", "drug_c").is_not_null())
    cells = endings.select("context", "hypothesis").unique()
    failed = endings.filter(~pl.col("status").is_in(COMPLETED))["trajectories"].sum()
    numbers = (
        (cells["context"].n_unique(), "contexts"),
        (cells.height, "cells: context and hypothesis"),
        *(
            (given.filter(size == number)["intervention"].n_unique(), words)
            for number, words in enumerate(("drugs", "pairs", "triples"), 1)
        ),
        (endings["draws"][0], "parameter draws"),
        (endings["trajectories"].sum(), "trajectories"),
        (failed, "failed"),
    )
    return [(f"{number:,}".replace(",", "\u202f"), words) for number, words in numbers]


def _fits(folder: Path | None) -> list[dict[str, str]]:
    """The figures of the fit, as they are; one that is too large is named."""
    found = []
    for path in sorted(folder.glob("*.svg")) if folder is not None else []:
        content = path.read_bytes()
        if len(content) > LARGEST_FIT:
            caption = f"{path.name} is too large for this page; it lies in the folder of the fit."
            found.append({"image": "", "caption": caption})
        else:
            name = capital(path.stem.replace("_", " "))
            found.append({"image": base64.b64encode(content).decode(), "caption": f"{name}."})
    return found


def _models(folder: Path | None) -> list[tuple[str, list[str]]]:
    """What `compare-models` said of each open question, where it was run."""
    path = None if folder is None else folder / "models.json"
    if path is None or not path.is_file():
        return []
    return list(read_json(path, ReportError, "run `python -m screen compare-models` again").items())


def _marks(findings: Findings) -> list[tuple[str, dict[str, int]]]:
    tables = (("network parameters", findings.parameters), ("affinities", findings.affinities))
    return [(name, mark_counts(table)) for name, table in tables if table is not None]


def _caveats(findings: Findings) -> list[str]:
    draws, (name, goal) = findings.endings["draws"][0], findings.words
    bounds = [findings.ranked[f"suppression_p95{of}"] for of in ("", "_bare")]
    wrong = bounds[0].ne_missing(bounds[1]).any()
    found = [
        *(f"Left out: {what}." for what in (findings.provenance or {}).get("left_out", [])),
        "These are predictions of a model. A drug whose target the network does not hold cannot do anything here.",
        f"Intervals of {goal.effect} and rank, and shares of first places, are those of {draws} parameter draws"
        + (
            " and of what the network gets wrong about effects it has not seen, by the route of the drug; curves and "
            f"{goal.dose} are those of the draws alone."
            if wrong
            else " alone: what the network gets wrong is not counted."
        ),
        "Doses are free concentrations that stay as they are: no uptake, binding, metabolism or dosing interval.",
        f"{capital(goal.dose)} is that of {name} under the stated stimulus and time; other amounts of ligand move it.",
    ]
    if any(hypothesis != DEFAULT for _, hypothesis in findings.cells):
        found.append(
            "Hypotheses in dispute are run apart; where a mixture stands beside them, its weights are prior opinion."
        )
    if findings.parameters is not None:
        counts = dict(findings.parameters.group_by("mark").len().rows())
        assumed = counts.get("assumed", 0) + counts.get("memory", 0)
        total = sum(counts.get(mark, 0) for mark in MARKS)
        if total:
            found.append(f"{assumed} of {total} network parameters are assumed or from memory.")
    unknown = findings.ranked.filter(pl.col("dose_flag") == "unknown")
    unplaced = unknown.group_by("dose_basis").agg(pl.col("intervention").n_unique())
    for basis, number in unplaced.sort("dose_basis").rows():
        found.append(f"On the basis {basis}, {number} drugs have no known dose and no rank.")
    return found
