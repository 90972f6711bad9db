"""Schemas of the tables that one stage writes and another reads."""

import polars as pl

from screen.tables.schema import Column, Rule, Schema

STATUSES = ("ok", "retried", "max_steps", "step_underflow", "non_finite", "no_rest_state")
"""How a trajectory ended: `ok`, `retried` (completed at the second, stricter attempt), or why it failed."""

SCENARIOS = Schema(
    "scenarios",
    (
        Column("scenario", pl.String, "readable identifier: context|hypothesis|intervention@dose"),
        Column("context", pl.String, "the cell and its stimulus", is_name=True),
        Column(
            "hypothesis", pl.String, "which reading of the contested biology; `default` where there is none"
        ),
        Column("weight", pl.Float64, "prior weight of the hypothesis in its context", minimum=0, maximum=1),
        Column("intervention", pl.String, "drug, pair or triple joined by +, genetic change, or vehicle"),
        Column(
            "role",
            pl.String,
            "what the row is for",
            choices=("vehicle", "single", "pair", "triple", "genetic"),
        ),
        Column("drug_a", pl.String, "first drug", nullable=True, is_name=True),
        Column(
            "dose_a_nM",
            pl.Float64,
            "free concentration of the first drug",
            "nM",
            nullable=True,
            positive=True,
        ),
        Column("drug_b", pl.String, "second drug", nullable=True, is_name=True),
        Column(
            "dose_b_nM",
            pl.Float64,
            "free concentration of the second drug",
            "nM",
            nullable=True,
            positive=True,
        ),
        Column("drug_c", pl.String, "third drug", nullable=True, is_name=True),
        Column(
            "dose_c_nM",
            pl.Float64,
            "free concentration of the third drug",
            "nM",
            nullable=True,
            positive=True,
        ),
    ),
    key=("scenario",),
)

HIGHEST_DRAW = 99_999
"""The last of as many draws as settings may ask for: what belongs to a draw is counted up to its number."""

DRAWS = Schema(
    "draws",
    (
        Column("draw", pl.Int64, "number of the parameter draw", minimum=0, maximum=HIGHEST_DRAW),
        Column("parameter", pl.String, "network parameter, sigma_<drug> or sigma_<drug>:<target>"),
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

NUMBER_OF_DRAW = "number of the draw"
"""Column of draws side by side that no parameter is called: `draw` may be one."""


def draws_in_rows(draws: pl.DataFrame) -> pl.DataFrame:
    """DRAWS with a row for each draw, by number, and a column for each parameter.

    >>> draws_in_rows(pl.DataFrame({"draw": [1, 0], "parameter": "k", "value": [2.0, 3.0]})).rows()
    [(0, 3.0), (1, 2.0)]
    """
    named = draws.rename({"draw": NUMBER_OF_DRAW})
    return named.pivot(on="parameter", index=NUMBER_OF_DRAW, values="value").sort(NUMBER_OF_DRAW)


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


def number_column(name: str, description: str, unit: str = "", **limits: float | bool) -> Column:
    """A number that is null where too few trajectories completed to say."""
    return Column(name, pl.Float64, description, unit, nullable=True, **limits)  # type: ignore[arg-type]


RACE = Schema(
    "race",
    (
        Column("context", pl.String, "the cell and its stimulus", is_name=True),
        Column("intervention", pl.String, "the pair, joined by +"),
        Column(
            "stopped", pl.Boolean, "whether it runs in no further draws: `p_adjusted` is below `race.error`"
        ),
        Column("draws", pl.Int64, "draws that this was told from", minimum=1),
        number_column(
            "p_value",
            "of being among the first in `race.share` of the draws or more, the largest of its rankings; "
            "null where it is in none, and goes on",
            minimum=0,
            maximum=1,
        ),
        number_column("p_adjusted", "for the number of pairs in the context", minimum=0, maximum=1),
        Column("hypothesis", pl.String, "the ranking in which it is nearest to the first", nullable=True),
        Column("readout", pl.String, "its read-out", nullable=True),
        Column("dose_basis", pl.String, "and its dose basis", nullable=True),
    ),
    key=("context", "intervention"),
    may_be_empty=True,
)
"""Which pairs stopped: one row a context and pair."""

VALIDATION = Schema(
    "validation",
    (
        Column("fact", pl.String, "published fact"),
        Column("check", pl.String, "check of it"),
        Column("tier", pl.String, "what the fact decides", choices=("gate", "score", "contested", "input")),
        Column("side", pl.String, "reading of a contested fact that the row belongs to", nullable=True),
        Column("statement", pl.String, "what was seen"),
        Column("context", pl.String, "the cell", is_name=True),
        Column("hypothesis", pl.String, "reading of the contested biology it is run under"),
        Column("readout", pl.String, "observable or species"),
        Column("statistic", pl.String, "what is computed from its course"),
        number_column("low", "smallest value that passes"),
        number_column("high", "largest value that passes"),
        number_column(
            "p05", "5 % quantile of the statistic over draws; null where it is beyond the doses tested"
        ),
        number_column("p50", "median over draws"),
        number_column("p95", "95 % quantile over draws"),
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

RANKING = (
    Column("context", pl.String, "the cell and its stimulus", is_name=True),
    Column("hypothesis", pl.String, "which reading of the contested biology"),
    Column("readout", pl.String, "the read-out ranked by"),
    Column("dose_basis", pl.String, "how doses were made comparable"),
)
"""What a ranking is of."""

DECISIVE = Schema(
    "decisive",
    (
        *RANKING,
        Column("leader", pl.String, "intervention of rank 1"),
        Column("runner_up", pl.String, "the next one"),
        number_column("margin", "median over draws of log2 of how far the leader is ahead"),
        number_column("p_leader", "share of draws in which the leader is ahead", minimum=0, maximum=1),
        Column(
            "kind",
            pl.String,
            "what is moved",
            choices=("parameter", "affinity", "total", "stimulus", "hypothesis"),
        ),
        Column("name", pl.String, "parameter, drug:target of a constant in cells, or the other hypothesis"),
        number_column(
            "value", "median over draws, in the unit of the parameter, nM of a constant", minimum=0
        ),
        number_column("slope", "change of the margin a tenfold of it, mean over draws"),
        number_column("sd", "sd of log10 of it over draws", "log10", minimum=0),
        number_column(
            "swing", "size of slope times sd: the number with the largest is what to measure next", minimum=0
        ),
        Column("flips", pl.Boolean, "whether the order flips within a hundredfold, or under the hypothesis"),
        number_column(
            "flip_value", "median over draws at which it does, all of them multiplied alike", minimum=0
        ),
        number_column("margin_there", "the margin at that value, or under that hypothesis"),
        Column("draws", pl.Int64, "parameter draws that count", minimum=0),
    ),
    key=("context", "hypothesis", "readout", "dose_basis", "kind", "name"),
    may_be_empty=True,
)
