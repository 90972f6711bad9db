"""Schemas of the tables that one stage writes and another reads."""

import polars as pl

from screen.tables.schema import Column, Rule, Schema

STATUSES = ("ok", "retried", "max_steps", "step_underflow", "non_finite", "no_rest_state")
"""How a trajectory ended: `ok`, `retried` (completed at the second, stricter attempt), or why it failed."""

IC50_FLAGS = ("inside", "above_tested", "below_tested", "mixed", "none")
"""Where a half-maximal dose lies: among the tested doses, beyond them, differently by draw, or nowhere."""

DOSE_FLAGS = ("tested", "interpolated", "above_tested", "below_tested", "unknown")
"""Where the dose of a ranked row lies: at a tested dose, between two, beyond them, or not known."""

SCENARIOS = Schema(
    "scenarios",
    (
        Column("scenario", pl.String, "readable identifier: context|hypothesis|intervention@dose"),
        Column("context", pl.String, "the cell and its stimulus"),
        Column(
            "hypothesis", pl.String, "which reading of the contested biology; `default` where there is none"
        ),
        Column("weight", pl.Float64, "prior weight of the hypothesis in its context", minimum=0, maximum=1),
        Column("intervention", pl.String, "drug, pair joined by +, or vehicle"),
        Column("role", pl.String, "what the row is for", choices=("vehicle", "single", "pair")),
        Column("drug_a", pl.String, "first drug", nullable=True),
        Column(
            "dose_a_nM",
            pl.Float64,
            "free concentration of the first drug",
            "nM",
            nullable=True,
            positive=True,
        ),
        Column("drug_b", pl.String, "second drug", nullable=True),
        Column(
            "dose_b_nM",
            pl.Float64,
            "free concentration of the second drug",
            "nM",
            nullable=True,
            positive=True,
        ),
    ),
    key=("scenario",),
)

DRAWS = Schema(
    "draws",
    (
        Column("draw", pl.Int64, "number of the parameter draw", minimum=0),
        Column("parameter", pl.String, "network parameter, or sigma_<drug>"),
        Column("value", pl.Float64, "value on the linear scale, in the unit of the parameter"),
    ),
    key=("draw", "parameter"),
    rules=(
        Rule(
            "value",
            "of a sigma must be positive",
            pl.col("parameter").str.starts_with("sigma_") & (pl.col("value") <= 0),
        ),
    ),
)

RESPONSES = Schema(
    "responses",
    (
        Column("scenario", pl.String, "scenario of the trajectory"),
        Column("draw", pl.Int64, "parameter draw of the trajectory", minimum=0),
        Column("readout", pl.String, "read-out, as named in the configuration"),
        Column("value", pl.Float64, "value of the read-out; null where the trajectory failed", nullable=True),
        Column("status", pl.String, "how the trajectory ended", choices=STATUSES),
        Column("steps", pl.Int64, "steps the integrator took, accepted and rejected", minimum=0),
    ),
    key=("scenario", "draw", "readout"),
)


def _number(name: str, description: str, unit: str = "", **limits: float | bool) -> Column:
    """A number that is null where too few trajectories completed to say."""
    return Column(name, pl.Float64, description, unit, nullable=True, **limits)  # type: ignore[arg-type]


def _share(name: str, description: str) -> Column:
    return _number(name, description, "fraction", minimum=0, maximum=1)


def _suppression(name: str, description: str) -> Column:
    return _number(name, description, "fraction", maximum=1)


RANKED = Schema(
    "ranked",
    (
        Column("context", pl.String, "the cell and its stimulus"),
        Column(
            "hypothesis",
            pl.String,
            "which reading of the contested biology; `mixture`: all of the context, by prior weight",
        ),
        Column("readout", pl.String, "the pY705 read-out ranked by"),
        Column("dose_basis", pl.String, "how doses were made comparable"),
        Column("intervention", pl.String, "drug, or pair joined by +"),
        Column("drug_classes", pl.String, "class of each drug, joined by +"),
        _number("dose_a_nM", "free concentration of the first drug", "nM", positive=True),
        _number("dose_b_nM", "free concentration of the second drug", "nM", positive=True),
        Column(
            "dose_flag",
            pl.String,
            "the dose against those tested; there is no rank where it lies outside or is unknown",
            choices=DOSE_FLAGS,
        ),
        Column(
            "rank",
            pl.Int64,
            "1 is the largest median suppression; null with too few draws",
            nullable=True,
            minimum=1,
        ),
        _number("rank_p05", "5 % quantile over draws of the best rank among those level with it", minimum=1),
        _number(
            "rank_p95", "95 % quantile over draws of the worst rank among those level with it", minimum=1
        ),
        _share("p_best", "share of draws in which it ranks first"),
        _share("p_top5", "share of draws in which it is among the first five"),
        _suppression("suppression_mean", "mean over draws of 1 - treated/vehicle"),
        _suppression("suppression_p05", "5 % quantile over draws"),
        _suppression("suppression_p50", "median over draws"),
        _suppression("suppression_p95", "95 % quantile over draws"),
        _number("log2_ratio_p50", "median log2 of treated/vehicle", "log2"),
        _number("ic50_nM", "median concentration of half suppression", "nM", positive=True),
        _number("ic50_p05_nM", "5 % quantile over draws", "nM", positive=True),
        _number("ic50_p95_nM", "95 % quantile over draws", "nM", positive=True),
        Column("ic50_flag", pl.String, "where the half-maximal dose lies", choices=IC50_FLAGS),
        _number("pS727_change_p50", "median log2 treated/vehicle of pS727", "log2"),
        _number("pERK_change_p50", "median log2 treated/vehicle of pERK", "log2"),
        _number("pAKT_change_p50", "median log2 treated/vehicle of pAKT", "log2"),
        _suppression("excess_single_p50", "pairs: median suppression beyond its better drug alone"),
        _suppression("excess_bliss_p05", "pairs: 5 % quantile of the excess over Bliss"),
        _suppression(
            "excess_bliss_p50", "pairs: median suppression beyond Bliss independence; positive is synergy"
        ),
        _suppression("excess_bliss_p95", "pairs: 95 % quantile of the excess over Bliss"),
        Column("draws", pl.Int64, "parameter draws that count", minimum=0),
        Column(
            "failed",
            pl.Int64,
            "draws lost: a trajectory failed, or the vehicle had nothing to suppress",
            minimum=0,
        ),
        Column("provenance", pl.String, "digest of the scenarios and responses that were ranked"),
    ),
    key=("context", "hypothesis", "readout", "dose_basis", "intervention"),
)

VALIDATION = Schema(
    "validation",
    (
        Column("fact", pl.String, "published fact"),
        Column("check", pl.String, "check of it"),
        Column("tier", pl.String, "what the fact decides", choices=("gate", "score", "contested", "input")),
        Column("side", pl.String, "reading of a contested fact that the row belongs to", nullable=True),
        Column("statement", pl.String, "what was seen"),
        Column("context", pl.String, "the cell"),
        Column("hypothesis", pl.String, "reading of the contested biology it is run under"),
        Column("readout", pl.String, "observable or species"),
        Column("statistic", pl.String, "what is computed from its course"),
        _number("low", "smallest value that passes"),
        _number("high", "largest value that passes"),
        _number("p05", "5 % quantile of the statistic over draws; null where it is beyond the doses tested"),
        _number("p50", "median over draws"),
        _number("p95", "95 % quantile over draws"),
        Column("probability", pl.Float64, "share of draws in which the check passes", minimum=0, maximum=1),
        Column(
            "fact_probability",
            pl.Float64,
            "share of draws in which all checks of the fact (of its reading) pass",
            minimum=0,
            maximum=1,
        ),
        Column("fact_passes", pl.Boolean, "whether that is enough, for both readings if there are two"),
        Column("draws", pl.Int64, "parameter draws", minimum=1),
        Column("failed", pl.Int64, "draws in which a trajectory failed; they count as not passed", minimum=0),
        Column("citation", pl.String, "who found it"),
        Column("mark", pl.String, "how it was read"),
    ),
    key=("fact", "check"),
)
