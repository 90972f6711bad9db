"""The report stage: the ranked table and the responses become figures and one page."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from screen.errors import ReportError
from screen.files import read_json
from screen.rank import ResponseArray
from screen.rank.ratios import RESOLUTION
from screen.report.figures import curves_figure, percent, ranked_figure
from screen.report.findings import Drawn, Findings
from screen.report.gallery import draw_heatmap
from screen.report.labels import capital
from screen.report.page import origin_rows, packed_picture, render
from screen.report.selection import NOTICED
from screen.report.summary import (
    MARKS,
    decisive,
    failures,
    list_names,
    mark_counts,
    summarise,
    view_label,
)
from screen.report.table import packed_table
from screen.report.validation import held_line, panel_summary
from screen.scenarios import DEFAULT
from screen.style import drawing, inline_svg, to_svg
from screen.tables import write_text_atomic

LARGEST_PAGE = 1_500_000
"""Bytes above which a page stays blank inside the report that Snakemake makes."""

LARGEST_FIT = 200_000
"""Bytes of a figure of the fit that is still taken into the page."""


def write_report(findings: Findings, path: Path | str, *, title: str = "STAT3 screen") -> Path:
    """Write the page, one file that asks the network for nothing and fits into Snakemake's report.

    Where it would become too large, its figures travel compressed; where that is not enough, the page holds
    the rows of the headline's dose basis alone and says so.
    """
    content = _content(findings, title)
    every = _table(findings, findings.ranked, "Every row of ranked.csv.")
    first = _table(
        findings,
        findings.ranked.filter(pl.col("dose_basis") == findings.view.basis),
        "Rows of the first dose basis; ranked.csv has the others.",
    )
    small = _with_packed_pictures(content)
    for form in ({**content, **every}, {**small, **every}, {**small, **first}):
        page = render(form)
        if len(page.encode()) <= LARGEST_PAGE:
            write_text_atomic(path, page)
            return Path(path)
    raise ReportError(f"{path}: must stay below {LARGEST_PAGE} bytes to be shown, found {len(page.encode())}")


def _with_packed_pictures(content: Mapping[str, Any]) -> dict[str, Any]:
    pictures = {
        anchor: [picture | {"svg": packed_picture(picture["svg"])} for picture in own]
        for anchor, own in content["pictures"].items()
    }
    return {**content, "heat": packed_picture(content["heat"]), "pictures": pictures}


def _content(findings: Findings, title: str) -> dict[str, Any]:
    view, responses = findings.view, findings.responses
    drawn = findings.drawn
    cells = summarise(findings)
    name, goal = findings.words
    words = view_label(view, findings.windows)
    with drawing():
        heat = inline_svg(
            to_svg(draw_heatmap(drawn), paper=False),
            "heat",
            f"{capital(goal.effect)} of {name}, {words}",
            least=0.7,
        )
        pictures = {
            cell.anchor: _pictures(drawn, (cell.context, cell.hypothesis), cell.anchor, words)
            for cell in cells
        }
    first = cells[0]
    return {
        "title": title,
        "facts": _facts(responses),
        "view": words,
        "resolution": f"{100 * RESOLUTION:g} %",
        "floor": f"{findings.aim.floor:g}",
        "name": name,
        "goal": goal,
        "noticed": percent(NOTICED),
        "cells": cells,
        "pictures": pictures,
        "heat": heat,
        "still": list_names(drawn.heat.still),
        "decisive": decisive(findings),
        "models": _models(findings.fit),
        "panel": panel_summary(findings.validation) if findings.validation is not None else None,
        "held": held_line(findings.held) if findings.held and findings.held["demands"] else None,
        "fits": _fits(findings.fit),
        "failures": failures(findings),
        "caveats": _caveats(findings),
        "marks": _marks(findings),
        "mark_words": list(MARKS.values()),
        "first": {
            "context": first.context,
            "hypothesis": first.hypothesis,
            "readout": view.readout,
            "basis": view.basis,
        },
        "origin": [
            ("ranked rows", findings.ranked["provenance"][0]),
            *origin_rows(findings.provenance or {}),
        ],
    }


def _table(findings: Findings, rows: pl.DataFrame, note: str) -> dict[str, str]:
    goal = findings.words.goal
    return {
        "packed": packed_table(rows, {"effect": capital(goal.effect), "dose": goal.dose}),
        "table_note": note,
    }


def _facts(responses: ResponseArray) -> list[tuple[str, str]]:
    singles = responses.scenarios.filter(pl.col("role") == "single")["drug_a"].n_unique()
    pairs = responses.scenarios.filter(pl.col("role") == "pair")["intervention"].n_unique()
    lanes = responses.scenarios.height * len(responses.draws)
    failed = responses.remarks.filter(pl.col("status") != "retried").height
    cells = responses.scenarios.select("context", "hypothesis").unique()
    numbers = (
        (cells["context"].n_unique(), "contexts"),
        (cells.height, "cells: context and hypothesis"),
        (singles, "drugs"),
        (pairs, "pairs"),
        (len(responses.draws), "parameter draws"),
        (lanes, "trajectories"),
        (failed, "failed"),
    )
    return [(f"{number:,}".replace(",", "\u202f"), words) for number, words in numbers]


def _pictures(drawn: Drawn, cell: tuple[str, str], anchor: str, words: str) -> list[dict[str, str]]:
    found = []
    label = drawn.labels.cell(*cell)
    if drawn.ranked[cell].height:
        svg = to_svg(
            ranked_figure([(cell, drawn.ranked[cell])], drawn.labels, drawn.words, titles=False), paper=False
        )
        number = drawn.ranked[cell].height
        caption = f"The first {number}: median and 5–95 %, {words}. Two colours: a pair."
        found.append(
            {"svg": inline_svg(svg, f"r-{anchor}", f"Ranked interventions, {label}"), "caption": caption}
        )
    if drawn.curves[cell]:
        svg = to_svg(
            curves_figure([("", drawn.curves[cell])], drawn.labels, drawn.words, columns=3, row_titles=False),
            paper=False,
        )
        caption = (
            "Dose responses of the leading single drugs: median and 5–95 % band over free concentration; "
            f"cross: {drawn.words.goal.dose} and its interval."
        )
        found.append({"svg": inline_svg(svg, f"d-{anchor}", f"Dose responses, {label}"), "caption": caption})
    return found


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
    return [(name, dict(mark_counts(table))) for name, table in tables if table is not None]


def _caveats(findings: Findings) -> list[str]:
    draws, (name, goal) = len(findings.responses.draws), findings.words
    wrong = findings.ranked["route"].is_not_null().any()
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
        f"{goal.dose} is that of {name} under the stated stimulus and time; other amounts of ligand move it.",
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
