"""How well potencies in cells are foretold: each study left out in turn, everything estimated from the others.

What is foretold is log10 IC50 in a study never seen, so with no offset of its own, but with that of its read-out where
another study has it; and ratios between drugs of one read-out of one study, which need neither. `responses.tsv` is
taken as it is: weights and the log10 load at half effect are the network's, found near constants that did know the
study.
"""

from collections.abc import Callable, Collection
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from screen.potency.assemble import assemble_rows
from screen.potency.linear import numbers_needed, sample
from screen.potency.posterior import stream
from screen.potency.reading import known_estimates
from screen.potency.rows import Estimates, Row, Tables, read_rows
from screen.potency.stage import estimate_shared

FORETELL_DRAWS = 1000

UNSEEN = 1e12
"""Variance factor of a row that is asked for: it tells nothing of its own value."""

HALF_WIDTH = 1.645
"""Half the width of a 90 % interval in sds."""


def foretell(
    row: Row, own: list[Row], targets: pl.DataFrame, estimates: Estimates, seed: int
) -> tuple[float, float]:
    """Mean and sd of the log10 value of a row as it would be read, given the other rows of its drug."""
    model, _ = assemble_rows([*own, row._replace(scale=UNSEEN)], targets, estimates)
    uniform = stream(seed, row.drug).random((FORETELL_DRAWS, numbers_needed(model)))
    drawn = model.design[[-1]] @ sample(model, uniform).T
    noise = row.scale**0.5 * estimates[f"sd|{row.group}"][0]
    return float(drawn.mean()), float(np.hypot(drawn.std(), noise))


def leave_studies_out(
    tables: Tables,
    groups: Collection[tuple[str, frozenset[str]]],
    seed: int,
    sweeps: int,
    report: Callable[[str], None],
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Foretold and measured log10 IC50 of every row that is no bound, and errors by group of drugs.

    `groups` are names and drugs. The frame has columns drug, panel, setting, kind, read, measured, foretold, sd.
    """
    used = tables.cells.filter(pl.col("used"))
    found = []
    for panel in used["panel"].unique(maintain_order=True):
        rest = tables._replace(cells=tables.cells.filter(pl.col("panel") != panel))
        only = tables._replace(cells=used.filter(pl.col("panel") == panel))
        estimates = known_estimates(estimate_shared(rest, seed, sweeps))
        rows, _ = read_rows(rest)
        hidden = [row for row in read_rows(only)[0] if any(name == f"panel|{panel}" for name, _ in row.terms)]
        for row in hidden:
            if row.side:
                continue
            own = [other for other in rows if other.drug == row.drug]
            setting = next(name for name, _ in row.terms if name.startswith("setting|"))
            told = foretell(row, own, tables.targets, estimates, seed)
            found.append((row.drug, panel, setting, row.group, row.scale == 1.0, row.value, *told))
        report(f"leave out: {panel}, {len(hidden)} rows")
    columns = ["drug", "panel", "setting", "kind", "read", "measured", "foretold", "sd"]
    frame = pl.DataFrame(found, schema=columns, orient="row")
    return frame, {name: errors(frame.filter(pl.col("drug").is_in(list(drugs)))) for name, drugs in groups}


def errors(frame: pl.DataFrame) -> dict[str, Any]:
    """Median absolute error of log10 IC50 and of log10 ratios between drugs; rows from memory count a third."""
    off = (frame["foretold"] - frame["measured"]).to_numpy()
    weight = np.where(frame["read"].to_numpy(), 1.0, 1 / 3)
    ratios, ratio_weight = [], []
    for _, rows in frame.with_columns(pl.Series("off", off), pl.Series("weight", weight)).group_by(
        "panel", "setting"
    ):
        for first, second in combinations(rows.iter_rows(named=True), 2):
            if first["drug"] != second["drug"]:
                ratios.append(first["off"] - second["off"])
                ratio_weight.append(min(first["weight"], second["weight"]))
    read = frame["read"].to_numpy()
    inside = np.abs(off) < HALF_WIDTH * frame["sd"].to_numpy()
    return {
        "rows": frame.height,
        "read": int(read.sum()),
        "ic50": weighted_median(np.abs(off), weight),
        "ic50_read": weighted_median(np.abs(off[read]), np.ones(int(read.sum()))),
        "in_90": round(float(inside.mean()), 3) if frame.height else None,
        "ratios": len(ratios),
        "ratio": weighted_median(np.abs(np.array(ratios)), np.array(ratio_weight)),
    }


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float | None:
    """Smallest value at which at least half of the weight is reached; nothing of nothing."""
    if not len(values):
        return None
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) >= weights.sum() / 2
    return round(float(values[order][np.argmax(reached)]), 3)
