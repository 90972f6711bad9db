"""What the page says beside the answers: what each cell is, what would decide, what failed, where values come from."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from screen.files import slug
from screen.report.answers import Answer, answers
from screen.report.figures import percent
from screen.report.findings import Findings
from screen.report.labels import capital
from screen.report.selection import NOTICED
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
class CellSummary:
    """What is said of one cell; `answers` by view, in their order."""

    context: str
    hypothesis: str
    anchor: str
    title: str
    subtitle: str
    stimulus: str
    own: bool
    answers: tuple[Answer, ...]


def summarise(findings: Findings) -> tuple[CellSummary, ...]:
    """One summary a cell, in the order in which the page shows them."""
    found = answers(findings.ranked, findings.words, findings.aim.side, findings.own)
    for cell in findings.cells:
        for view in findings.views:
            findings.slice(cell, view)  # says it where there are no rows
    return tuple(
        _cell(findings, cell, tuple(found[*cell, *view] for view in findings.views))
        for cell in findings.cells
    )


def _cell(findings: Findings, cell: tuple[str, str], answers: tuple[Answer, ...]) -> CellSummary:
    (context, hypothesis), labels = cell, findings.labels
    return CellSummary(
        context,
        hypothesis,
        slug(context, *hypothesis.split(JOIN)),
        capital(labels.context(context)),
        labels.hypothesis(hypothesis),
        " ".join(filter(None, (_stimulus(findings, context), _weight(findings, cell)))),
        context in findings.own,
        answers,
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
    context, hypothesis = cell
    own = findings.endings.filter(pl.col("context") == context).select("hypothesis", "weight").unique()
    weights = dict(own.sort("weight", "hypothesis", descending=[True, False]).rows())
    if len(weights) < 2:
        return ""
    if hypothesis != MIXTURE:
        return f"Prior weight of this hypothesis: {weights[hypothesis]:.3g}."
    parts = [f"{findings.labels.short(name) or DEFAULT} {weight:.3g}" for name, weight in weights.items()]
    return (
        f"The draws of {', '.join(parts)}, each counting by the prior weight of its hypothesis: "
        "beside the single hypotheses, not in their place."
    )


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
        found.append((context, lines))
    return found


def failures(findings: Findings) -> list[tuple[str, str, int, int]]:
    """(cell, status, trajectories, trajectories of the cell) of what failed or needed a second attempt."""
    found = []
    for context, hypothesis in findings.cells:
        own = findings.endings.filter(pl.col("context") == context, pl.col("hypothesis") == hypothesis)
        ended: dict[str, int] = dict(own.select("status", "trajectories").iter_rows())
        title, lanes = capital(findings.labels.cell(context, hypothesis)), sum(ended.values())
        found += [(title, status, number, lanes) for status, number in ended.items() if status != "ok"]
    return found


def mark_counts(table: pl.DataFrame) -> dict[str, int]:
    """How many values of a table were measured, read, remembered or assumed; what is fixed or input is left out."""
    counts = dict(table.group_by("mark").len().rows())
    return {words: counts[mark] for mark, words in MARKS.items() if mark in counts}
