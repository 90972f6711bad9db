"""The stage: what drugs share is estimated from all of them, and the constants of each are told before and after."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from screen.potency.assemble import SHARED, assemble_rows
from screen.potency.linear import estimate
from screen.potency.posterior import Constants, draw_constants
from screen.potency.rows import Estimates, Silent, Tables, kind_of, read_rows
from screen.tables import Column, Schema

TABLE_DRAWS = 2000
"""Draws behind the means and sds of the table."""

MEANING: Mapping[str, str] = {
    "mean": "mean log10 constant [nM] of kinases that drugs bind, made for it or not",
    "level": "how much higher the log10 constants of a target are than the mean",
    "family": "how much too high an assay family reads for all drugs",
    "shift": "log10 ATP shift of the target",
    "growth": "how much higher an IC50 of growth is than of phosphorylation",
    "panel": "offset of a study in cells",
    "response": "share of the network's differences between such read-outs that is found in cells",
    "setting": "offset of a read-out under a stimulus, in every study",
    "binder share": "share of kinases in the panel that a drug binds at all",
    "sd": "sd of this group of errors or latents",
}

POTENCY = Schema(
    "potency",
    (
        Column("drug", pl.String, "drug of drugs.tsv"),
        Column("target", pl.String, "target of targets.tsv"),
        Column("variant", pl.String, "construct that a cell can carry; empty: the gene", nullable=True),
        Column("affinity_log10_nM", pl.Float64, "median log10 constant from affinities alone", nullable=True),
        Column("affinity_sd", pl.Float64, "its sd", nullable=True),
        Column("rows_in_cells", pl.Int64, "potencies in cells of this drug", minimum=0),
        Column("log10_nM", pl.Float64, "median log10 constant given those too", nullable=True),
        Column("sd", pl.Float64, "its sd", nullable=True),
        Column("moved", pl.Float64, "second median less the first", nullable=True),
        Column("binds", pl.Float64, "share of draws in which it binds at all", minimum=0, maximum=1),
    ),
    key=("drug", "target", "variant"),
)


def estimate_shared(tables: Tables, seed: int, sweeps: int) -> pl.DataFrame:
    """ESTIMATES: what drugs share, from every row of every drug."""
    rows, silent = read_rows(tables)
    model, names = assemble_rows(rows, tables.targets)
    found = estimate(model, np.random.default_rng([seed, 0]), sweeps, sweeps // 3)
    known = {
        name: (float(mean), float(sd))
        for name, mean, sd in zip(names, found.mean, found.sd, strict=True)
        if kind_of(name) in SHARED
    }
    known |= {f"sd|{name}": pair for name, pair in found.groups.items() if name not in model.known}
    bound = sum(row.group == "kinomescan" and not row.side for row in rows)
    known["binder share"] = (_binder_share(known, silent, bound), 0.0)
    return pl.DataFrame(
        {
            "name": list(known),
            "value": [round(value, 4) for value, _ in known.values()],
            "sd": [round(sd, 4) for _, sd in known.values()],
            "meaning": [MEANING[kind_of(name)] for name in known],
        }
    )


def _binder_share(estimates: Estimates, silent: list[Silent], bound: int) -> float:
    """Share of pairs that bind: those seen to, and of the others as many as would be missed (fixed point)."""
    tails = np.array([pair.tail(estimates) for pair in silent])
    share = 0.5
    for _ in range(200):
        missed = share * tails / (share * tails + 1 - share)
        share = (bound + missed.sum()) / (bound + len(silent))
    return float(share)


def potency_table(tables: Tables, estimates: Estimates, drugs: tuple[str, ...], seed: int) -> pl.DataFrame:
    """POTENCY: the constants of every drug from affinities alone, and with its potencies in cells."""
    bare = tables._replace(cells=tables.cells.with_columns(pl.lit(False).alias("used")))
    before = draw_constants(bare, estimates, drugs, TABLE_DRAWS, seed)
    after = draw_constants(tables, estimates, drugs, TABLE_DRAWS, seed)
    counts = dict(tables.cells.filter(pl.col("used")).group_by("drug").len().iter_rows())
    rows = []
    for index, drug in enumerate(drugs):
        for place, site in enumerate(after.sites):
            first, second = before.log10_nM[:, index, place], after.log10_nM[:, index, place]
            binds = float(np.isfinite(second).mean())
            if binds:
                (old, old_sd), (new, new_sd) = _middle(first), _middle(second)
                moved = None if old is None or new is None else round(new - old, 3)
                rows.append(
                    (
                        drug,
                        site.target,
                        site.variant or None,
                        old,
                        old_sd,
                        counts.get(drug, 0),
                        new,
                        new_sd,
                        moved,
                        binds,
                    )
                )
    return pl.DataFrame(rows, schema=POTENCY.dtypes(), orient="row")


def _middle(draws: np.ndarray) -> tuple[float | None, float | None]:
    """Median and sd of the draws that bind; nothing where none does."""
    finite = draws[np.isfinite(draws)]
    return (
        (round(float(np.median(finite)), 3), round(float(np.std(finite)), 3)) if finite.size else (None, None)
    )


def middle_constants(constants: Constants) -> np.ndarray:
    """Median log10 constant [drugs, sites]; infinite where most draws do not bind."""
    return np.median(constants.log10_nM, axis=0)
