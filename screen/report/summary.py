"""What the page says in words: who leads in each cell, by how much, and what is not known.

Every sentence is computed from the tables, so that it cannot say more than they do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from screen.files import slug
from screen.rank import basis_in_words
from screen.rank.scores import CHANGE
from screen.report.figures import percent, signed
from screen.report.findings import Findings
from screen.report.labels import capital, dose_label, readout_label
from screen.report.selection import NOTICED, View, candidates, views
from screen.report.words import Words
from screen.scenarios import DEFAULT, MIXTURE
from screen.scenarios.hypotheses import JOIN

MARKS: Mapping[str, str] = {
    "measured": "measured",
    "read": "read in a publication or a published model",
    "memory": "from memory, source not read",
    "assumed": "assumed",
}


DECISIVE = 3
"""Drugs shown for each hypothesis as the ones that would tell it from the others."""


@dataclass(frozen=True)
class Leader:
    """One line of the table at the top: the leader of a cell."""

    anchor: str
    cell: str
    name: str
    suppression: str
    first: str
    among: str
    half_dose: str


@dataclass(frozen=True)
class CellSummary:
    """What is said of one cell; `others` are (view, leaders) for the other read-outs and bases."""

    context: str
    hypothesis: str
    anchor: str
    title: str
    subtitle: str
    stimulus: str
    sentences: tuple[str, ...]
    leader: Leader
    others: tuple[tuple[str, str, str], ...]


def view_label(view: View, windows: Mapping[str, tuple[float, float]]) -> str:
    """at 20 min, 1000 nM free drug in all."""
    return f"{readout_label(*windows[view.readout])}, {basis_in_words(view.basis)}"


def summarise(findings: Findings) -> tuple[CellSummary, ...]:
    """One summary a cell, in the order in which the page shows them."""
    return tuple(_cell(findings, cell) for cell in findings.cells)


def _cell(findings: Findings, cell: tuple[str, str]) -> CellSummary:
    (context, hypothesis), labels, windows = cell, findings.labels, findings.windows
    rows = findings.slice(cell)
    anchor = slug(context, *hypothesis.split(JOIN))
    others = []
    for other in views(findings.ranked):
        found = findings.slice(cell, other).filter(pl.col("rank").is_not_null()).head(3)
        names = ", ".join(
            f"{_plus(row['intervention'])} ({percent(row['suppression_p50'])})"
            for row in found.iter_rows(named=True)
        )
        others.append(
            (
                readout_label(*windows[other.readout]),
                basis_in_words(other.basis),
                names or "nothing could be ranked",
            )
        )
    return CellSummary(
        context,
        hypothesis,
        anchor,
        capital(labels.context(context)),
        labels.hypothesis(hypothesis),
        " ".join(filter(None, (_stimulus(findings, context), _weight(findings, cell)))),
        tuple(_sentences(rows, findings.words, findings.aim.side)),
        _leader(rows, anchor, capital(labels.cell(*cell))),
        tuple(others),
    )


def _stimulus(findings: Findings, context: str) -> str:
    if findings.contexts is None:
        return ""
    own = findings.contexts.filter(pl.col("context") == context)
    doses = [
        f"{findings.labels.ligand(name.removesuffix('_dose'))} {value:g} {unit.replace('_per_', '/')}"
        for name, value, unit in own.filter(pl.col("kind") == "stimulus")
        .select("parameter", "value", "unit")
        .iter_rows()
    ]
    words = (
        "Stimulus: " + ", ".join(doses) if doses else "No stimulus; time runs from the addition of the drug"
    )
    before = own.filter(
        (pl.col("kind") == "timing") & (pl.col("parameter") == "preincubation_min") & (pl.col("value") > 0)
    )
    if before.height:
        words += f"; drug {before['value'][0]:g} min before"
    return words + "."


def _weight(findings: Findings, cell: tuple[str, str]) -> str:
    """What the hypothesis weighs, or what the mixture is of; nothing where there is but one."""
    (context, hypothesis), scenarios = cell, findings.responses.scenarios
    own = scenarios.filter(pl.col("context") == context).select("hypothesis", "weight").unique()
    weights = dict(own.sort("weight", "hypothesis", descending=[True, False]).rows())
    if len(weights) < 2:
        return ""
    if hypothesis != MIXTURE:
        return f"Prior weight of this hypothesis: {weights[hypothesis]:.3g}."
    parts = [f"{findings.labels.short(name) or DEFAULT} {weight:.3g}" for name, weight in weights.items()]
    return (
        f"The draws of {list_names(parts, 12)}, each counting by the prior weight of its hypothesis: "
        "beside the single hypotheses, not in their place."
    )


def _leader(rows: pl.DataFrame, anchor: str, cell: str) -> Leader:
    first = rows.row(0, named=True)
    if first["rank"] is None:
        return Leader(anchor, cell, "nothing could be ranked", "", "", "", "")
    spread = f"{percent(first['suppression_p50'])} ({_span(first, 'suppression')})"
    number = candidates(rows).height
    return Leader(
        anchor, cell, _plus(first["intervention"]), spread, percent(first["p_best"]),
        str(number), _half_dose(first),
    )  # fmt: skip


def _span(row: Mapping[str, Any], column: str) -> str:
    return " to ".join(percent(row[f"{column}_{part}"]).removesuffix("\u00a0%") for part in ("p05", "p95"))


def _plus(name: str) -> str:
    return name.replace("+", " + ")


def _half_dose(row: Mapping[str, Any]) -> str:
    words = {"above_tested": "above the tested doses", "below_tested": "below the tested doses", "none": "–"}
    if row["ic50_nM"] is None:
        return words.get(row["ic50_flag"], "outside the tested doses in most draws")
    if row["ic50_p05_nM"] is None or row["ic50_p95_nM"] is None:
        return f"{dose_label(row['ic50_nM'])} (interval leaves the tested doses)"
    return (
        f"{dose_label(row['ic50_nM'])} ({dose_label(row['ic50_p05_nM'])} – {dose_label(row['ic50_p95_nM'])})"
    )


def _sentences(rows: pl.DataFrame, words: Words, side: Sequence[str]) -> list[str]:
    name, goal = words
    ranked = rows.filter(pl.col("rank").is_not_null())
    if ranked.is_empty():
        return [
            f"Nothing could be ranked here: too few trajectories completed, or the vehicle had too little {name}."
        ]
    first = ranked.row(0, named=True)
    if first["suppression_p50"] < NOTICED:
        return [
            f"Nothing tested takes {name} {goal.way} by more than {percent(max(first['suppression_p50'], 0.0))} here; "
            "the order below is that of small numbers."
        ]
    found = [_lead(ranked, words), _doubt(ranked)]
    if first["ic50_flag"] != "none":
        found.append(f"{goal.dose_reached} by {first['intervention']}: {_half_dose(first)}.")
    changes = [
        f"{other} {row_change:+.1f}".replace("-", "−")
        for other in side
        if (row_change := first[other + CHANGE]) is not None
    ]
    if changes:
        found.append(f"What else {_plus(first['intervention'])} does, log2 of vehicle: {', '.join(changes)}.")
    return found + _pair(ranked) + _lost(rows)


def _lead(ranked: pl.DataFrame, words: Words) -> str:
    first, *next_ones = ranked.head(4).iter_rows(named=True)
    then = ", ".join(f"{_plus(row['intervention'])} {percent(row['suppression_p50'])}" for row in next_ones)
    return (
        f"{_plus(first['intervention'])} leads: {words.name} {words.goal.way} by {percent(first['suppression_p50'])} "
        f"({_span(first, 'suppression')} in 5–95 % of draws), first in {percent(first['p_best'])} of them"
        + (f"; then {then}." if then else ".")
    )


def _doubt(ranked: pl.DataFrame) -> str:
    likely = candidates(ranked)
    names = [_plus(name) for name in likely["intervention"]]
    if len(names) == 1:
        return f"The order at the top is settled: {names[0]} holds the first place in at least nine draws of ten."
    listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"Not settled: nine draws in ten put one of these {len(names)} first: {listed}."


def _pair(ranked: pl.DataFrame) -> list[str]:
    pairs = ranked.filter(pl.col("excess_single_p50").is_not_null())
    if pairs.is_empty():
        return []
    best = pairs.row(0, named=True)
    gain, bliss = 100 * best["excess_single_p50"], 100 * best["excess_bliss_p50"]
    return [
        f"Best pair: {_plus(best['intervention'])}, {percent(best['suppression_p50'])}, rank {best['rank']}; "
        f"{signed(gain)} points against its better drug alone at the dose in the pair, {signed(bliss)} against Bliss "
        f"({signed(100 * best['excess_bliss_p05'])} to {signed(100 * best['excess_bliss_p95'])})."
    ]


def _lost(rows: pl.DataFrame) -> list[str]:
    outside = rows.filter(pl.col("dose_flag").is_in(["above_tested", "below_tested", "unknown"])).height
    few = rows.filter(pl.col("rank").is_null()).height - outside
    found = []
    if outside:
        found.append(f"Without a rank, since their dose is unknown or was not tested: {outside}.")
    if few:
        found.append(f"Without a rank, since more than half of their draws were lost: {few}.")
    return found


def decisive(findings: Findings) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """For each context under several hypotheses: the single drugs that each hypothesis lets work and the others do not.

    (context, [(drug, effects by hypothesis, difference in points)]): the experiment that would decide.
    """
    found = []
    contexts = list(dict.fromkeys(context for context, _ in findings.cells))
    for context in contexts:
        hypotheses = [h for c, h in findings.cells if c == context and h != MIXTURE]
        if len(hypotheses) < 2:
            continue
        wide = pl.concat(
            findings.slice((context, h)).filter(pl.col("rank").is_not_null() & pl.col("dose_b_nM").is_null())
            for h in hypotheses
        ).pivot("hypothesis", index="intervention", values="suppression_p50")
        lines = []
        for h in hypotheses:
            rest = pl.max_horizontal(other for other in hypotheses if other != h)
            top = (
                wide.drop_nulls()
                .with_columns((pl.col(h) - rest).alias("gap"))
                .filter(pl.col("gap") >= NOTICED)
            )
            for row in (
                top.sort("gap", "intervention", descending=[True, False]).head(DECISIVE).iter_rows(named=True)
            ):
                effects = "; ".join(
                    f"{percent(row[name])} {findings.labels.hypothesis(name)}" for name in hypotheses
                )
                lines.append((row["intervention"], effects, f"{100 * row['gap']:.0f}"))
        found.append((capital(findings.labels.context(context)), lines))
    return found


def failures(findings: Findings) -> list[tuple[str, str, int, int]]:
    """(cell, status, trajectories, trajectories of the cell) of what failed or needed a second attempt."""
    responses = findings.responses
    scenarios = responses.scenarios.select("scenario", "context", "hypothesis")
    told = responses.remarks.join(scenarios, on="scenario").group_by("context", "hypothesis", "status").len()
    found = []
    for context, hypothesis in findings.cells:
        own = (pl.col("context") == context) & (pl.col("hypothesis") == hypothesis)
        lanes = scenarios.filter(own).height * len(responses.draws)
        for row in told.filter(own).sort("status").iter_rows(named=True):
            found.append(
                (capital(findings.labels.cell(context, hypothesis)), row["status"], row["len"], lanes)
            )
    return found


def mark_counts(table: pl.DataFrame | None) -> list[tuple[str, int]]:
    """How many values of a table were measured, read, remembered or assumed; what is fixed or input is left out."""
    if table is None:
        return []
    counts = dict(table.group_by("mark").len().rows())
    return [(words, counts[mark]) for mark, words in MARKS.items() if mark in counts]


def list_names(names: Sequence[str], most: int = 40) -> str:
    """The names joined by commas, the rest counted."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
