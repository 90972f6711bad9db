"""From checks to facts: how probable each is under the draws, and what the panel says of the model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from screen.panel.run import Finding
from screen.panel.statistics import quantiles
from screen.panel.table import Fact, sides_of
from screen.tables import VALIDATION

ENOUGH = 0.8
"""Share of draws in which a fact must hold to pass; for a contested fact, each reading under its hypothesis."""

PLURALS = {"gate": "gates", "score": "scores", "contested": "contested", "input": "inputs"}
COUNTED = ("gate", "score", "contested")


def validation_table(facts: Sequence[Fact], findings: Sequence[Finding]) -> pl.DataFrame:
    """VALIDATION of the facts: one row a check, with the verdict on its fact. Findings in the order of the checks."""
    by_check = {(finding.check.fact, finding.check.name): finding for finding in findings}
    rows = []
    for fact in facts:
        found = [by_check[fact.id, check.name] for check in fact.checks]
        probability = {
            side: float(np.mean(np.all([f.passed for f in found if f.check.side == side], axis=0)))
            for side in sides_of(fact)
        }
        passes = min(probability.values()) >= ENOUGH
        rows += [_row(fact, finding, probability[finding.check.side], passes) for finding in found]
    return pl.DataFrame(rows, schema=VALIDATION.dtypes(), orient="row")


def _row(fact: Fact, finding: Finding, probability: float, passes: bool) -> tuple:
    check = finding.check
    return (
        fact.id,
        check.name,
        fact.tier,
        check.side or None,
        check.statement,
        check.arm.context,
        check.arm.hypothesis,
        check.readout,
        check.statistic,
        *(bound if np.isfinite(bound) else None for bound in (check.low, check.high)),
        *(float(value) if np.isfinite(value) else None for value in quantiles(finding.values)),
        float(finding.passed.mean()),
        probability,
        passes,
        len(finding.passed),
        int(finding.failed.sum()),
        fact.citation,
        fact.mark,
    )


def summarise(table: pl.DataFrame) -> dict[str, Any]:
    """How many facts of each tier pass, and the probability of each that does not."""
    facts = _facts(table)
    return {PLURALS[tier]: _tier(facts.filter(pl.col("tier") == tier)) for tier in COUNTED}


def _facts(table: pl.DataFrame) -> pl.DataFrame:
    return table.group_by("fact", maintain_order=True).agg(
        pl.col("tier").first(), pl.col("fact_passes").first(), pl.col("fact_probability").min()
    )


def _tier(facts: pl.DataFrame) -> dict[str, Any]:
    failing = facts.filter(~pl.col("fact_passes")).select("fact", "fact_probability")
    return {
        "passed": int(facts["fact_passes"].sum()),
        "of": facts.height,
        "failing": {name: round(probability, 3) for name, probability in failing.iter_rows()},
    }


def verdict(table: pl.DataFrame) -> str:
    """One line: how many of each tier pass, and which gates do not."""
    facts = _facts(table)
    parts = []
    for tier, plural in PLURALS.items():
        found = _tier(facts.filter(pl.col("tier") == tier))
        if found["of"]:
            parts.append(f"{found['passed']} of {found['of']} {plural}")
    failing = facts.filter((pl.col("tier") == "gate") & ~pl.col("fact_passes"))["fact"].to_list()
    draws, lost = table["draws"][0], int(table["failed"].sum())
    return (
        f"{', '.join(parts)} hold with probability {ENOUGH:g} or more under {draws} draws"
        f"{'; gates that do not: ' + ', '.join(failing) if failing else ''}"
        f"{f'; {lost} checks lost to trajectories that failed' if lost else ''}"
    )
