"""Which rankings the measurements decide: a ranking over draws of the fit beside one over draws of the priors.

Two interventions are in a decided order where their intervals of rank do not meet. What is decided under the
priors already owes nothing to the calibration; what neither decides is open.
"""

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.rank.scores import SURE, share_column
from screen.tables import RANKING, Column, Schema

VERDICTS = ("measurements", "prior", "open")
"""What decides the first place: the measurements, the priors and structure alone, or nothing."""


DECIDED = Schema(
    "decided",
    (
        *RANKING,
        Column("first", pl.String, "intervention most often first"),
        share_column("p_best", "share of draws in which it is first"),
        share_column("p_best_prior", "the same under the priors alone"),
        share_column("decided_pairs", "pairs of interventions whose intervals of rank do not meet"),
        share_column("decided_pairs_prior", "the same under the priors alone"),
        Column("first_decided_by", pl.String, "what decides the first place", choices=VERDICTS),
    ),
    key=tuple(column.name for column in RANKING),
)


def find_decided(ranked: pl.DataFrame, prior: pl.DataFrame) -> pl.DataFrame:
    """DECIDED of two ranked tables, over draws of the fit and over draws of the priors.

    RankError where the second lacks a ranking that the first has.

    >>> ranked = rank(responses, scenarios, drugs, aim=aim, dose_bases=[DoseBasis("equal_burden", 90.0)])
    >>> find_decided(ranked, ranked).select("context", "first", "first_decided_by").rows()
    [('liver', 'drug', 'prior')]
    """
    key = [column.name for column in RANKING]
    known = {tuple(map(str, name)): rows for name, rows in prior.group_by(key, maintain_order=True)}
    found, problems = [], []
    for name, rows in ranked.group_by(key, maintain_order=True):
        cell = tuple(map(str, name))
        if cell not in known:
            problems.append(f"ranked by the priors: must hold {' '.join(cell)}, found no such ranking")
            continue
        placed = rows.filter(pl.col("rank").is_not_null())
        if placed.height:
            found.append((*cell, *_decide(placed, known[cell])))
    if problems:
        raise RankError(problems)
    return pl.DataFrame(found, schema=DECIDED.dtypes(), orient="row")


def _decide(rows: pl.DataFrame, prior: pl.DataFrame) -> tuple:
    best = rows.sort("p_best", "intervention", descending=[True, False], nulls_last=True).row(0, named=True)
    before = prior.filter(pl.col("intervention") == best["intervention"])["p_best"]
    p_prior = before[0] if len(before) else None
    verdict = "open"
    if (best["p_best"] or 0.0) >= SURE:
        verdict = "prior" if (p_prior or 0.0) >= SURE else "measurements"
    return best["intervention"], best["p_best"], p_prior, _pairs(rows), _pairs(prior), verdict


def _pairs(rows: pl.DataFrame) -> float | None:
    """Share of the pairs whose intervals of rank do not meet; None where there is no pair."""
    placed = rows.filter(pl.col("rank_p05").is_not_null() & pl.col("rank_p95").is_not_null())
    low, high = placed["rank_p05"].to_numpy(), placed["rank_p95"].to_numpy()
    pairs = len(low) * (len(low) - 1) / 2
    apart = high[:, None] < low[None, :]
    return float(np.sum(apart) / pairs) if pairs else None
