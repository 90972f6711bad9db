"""The experiment that would settle an open question: where the screen's predictions part most.

Every context is run under each option of a switch, with the vehicle and with every drug at a few doses, all
under the same parameter draws. What an experiment would measure is the effect of the drug, as log2 of
treated over vehicle; two options are told apart by it as far as their medians lie from each other, in units
of their spread over draws and the error of the measurement together.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Literal

import polars as pl

from screen.scenarios import ContextTables, DrugTables, Request, plan_scenarios
from screen.simulate import Integration, Readout, ScreenTables, Shard, read_parts, simulate_shard
from screen.tables import Column, Schema

ERROR = 0.3
"""sd of a measured log2 ratio (assumed: two blots of 15 % each)."""

FLOOR = 1e-3
"""Signal below which nothing is measured [fraction of the total]."""

SETTLING = Schema(
    "settling",
    (
        Column("switch", pl.String, "the open question"),
        Column("first", pl.String, "one answer"),
        Column("second", pl.String, "another answer"),
        Column("context", pl.String, "cell and stimulus of the experiment"),
        Column("intervention", pl.String, "drug to give"),
        Column("dose_nM", pl.Float64, "its free concentration", "nM", positive=True),
        Column("readout", pl.String, "what to read"),
        Column("first_log2", pl.Float64, "median log2 of treated over vehicle under the first answer"),
        Column("second_log2", pl.Float64, "the same under the second"),
        Column("separation", pl.Float64, "their distance over spread and error together", minimum=0),
    ),
    key=("switch", "first", "second", "context", "intervention"),
)


@dataclass(frozen=True)
class Screen:
    """What the predictions are made of."""

    contexts: ContextTables
    drugs: DrugTables
    draws: pl.DataFrame
    """DRAWS; every one of them is run."""
    seed: int
    """Of the residuals of drugs that the draws do not hold."""
    readouts: Sequence[Readout]
    network: Callable[[str], Path]
    """Where the network of a name lies."""
    integration: Integration
    names: Sequence[str] | Literal["all"] = "all"
    """Drugs to give; `all` that are screened."""
    doses_nM: Sequence[float] = (100.0, 1000.0)


def propose_experiments(
    screen: Screen, switch: str, most: int = 3, report: Callable[[str], None] = lambda line: None
) -> pl.DataFrame:
    """SETTLING: for each two options of a switch the experiments that part them most, best first.

    Other open questions stand as the network has them, the context's own included.
    """
    tables = screen.contexts
    bare = {name: replace(context, hypotheses={}) for name, context in tables.contexts.items()}
    contexts = replace(tables, contexts=bare)
    scenarios = plan_scenarios(
        contexts, screen.drugs, Request(doses_nM=screen.doses_nM, drugs=screen.names, switches=[switch])
    )
    screened = ScreenTables(scenarios, contexts, screen.drugs, screen.draws, screen.seed)
    parts = read_parts(screened, screen.network, screen.readouts)
    responses = pl.concat(simulate_shard(parts, screen.readouts, screen.integration, Shard(0, 1), report))
    options = [name for name, option in tables.options.items() if option.switch == switch]
    return find_settling(scenarios, responses, switch, options, most)


def find_settling(
    scenarios: pl.DataFrame, responses: pl.DataFrame, switch: str, options: Sequence[str], most: int
) -> pl.DataFrame:
    """SETTLING of responses (RESPONSES) to scenarios (SCENARIOS) whose hypotheses are options of the switch.

    Of a drug in a context the dose and read-out count that part the options most.
    """
    effects = _effects(scenarios, responses)
    what = ["context", "intervention", "dose_nM", "readout"]
    frames = []
    for first, second in combinations(options, 2):
        pair = effects.filter(pl.col("hypothesis") == first).join(
            effects.filter(pl.col("hypothesis") == second), on=what, suffix="_second"
        )
        spread = (pl.col("sd") ** 2 + pl.col("sd_second") ** 2 + 2 * ERROR**2).sqrt()
        found = (
            pair.with_columns(
                ((pl.col("median") - pl.col("median_second")).abs() / spread).alias("separation")
            )
            .sort(pl.col("separation").round_sig_figs(9), *what, descending=[True, *[False] * len(what)])
            .unique(["context", "intervention"], keep="first", maintain_order=True)
            .head(most)
        )
        frames.append(
            found.select(
                pl.lit(switch).alias("switch"),
                pl.lit(first).alias("first"),
                pl.lit(second).alias("second"),
                *what,
                pl.col("median").alias("first_log2"),
                pl.col("median_second").alias("second_log2"),
                "separation",
            )
        )
    return pl.concat(frames) if frames else pl.DataFrame(schema=SETTLING.dtypes())


def _effects(scenarios: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Median and sd over draws of log2 treated/vehicle, by context, hypothesis, drug, dose and read-out."""
    level = pl.col("value").clip(lower_bound=FLOOR).log(2.0)
    known = (
        responses.filter(pl.col("value").is_not_null())
        .with_columns(level.alias("level"))
        .join(scenarios, on="scenario")
    )
    cell = ["context", "hypothesis", "readout", "draw"]
    vehicle = known.filter(pl.col("role") == "vehicle").select(*cell, pl.col("level").alias("reference"))
    treated = known.filter(pl.col("role") == "single").join(vehicle, on=cell)
    effect = pl.col("level") - pl.col("reference")
    return treated.group_by(
        "context", "hypothesis", "intervention", pl.col("dose_a_nM").alias("dose_nM"), "readout"
    ).agg(effect.median().alias("median"), effect.std().fill_null(0.0).alias("sd"))


def describe_models(
    evidence: pl.DataFrame, facts: pl.DataFrame, settling: pl.DataFrame
) -> dict[str, list[str]]:
    """Sentences on each switch: what the measurements prefer, which facts say so, what would settle it."""
    return {
        str(switch): [
            *_on_evidence(rows),
            *_on_facts(facts.filter(pl.col("switch") == switch)),
            *_on_experiments(settling.filter(pl.col("switch") == switch)),
        ]
        for (switch,), rows in evidence.group_by("switch", maintain_order=True)
    }


def _on_evidence(rows: pl.DataFrame) -> list[str]:
    ordered = rows.sort("log_bayes_factor", descending=True, maintain_order=True)
    best, *others = ordered.iter_rows(named=True)
    told = [
        f"{row['option']} {_odds(-row['log_bayes_factor'])} (log Bayes factor {row['log_bayes_factor']:.1f})"
        for row in others
    ]
    weights = ", ".join(
        f"{row['option']} {row['prior_weight']:.2f} to {row['posterior_weight']:.2f}"
        for row in rows.iter_rows(named=True)
    )
    return [
        f"The measurements are most probable under {best['option']}; {', '.join(told)}.",
        f"Weights before and after the data: {weights}.",
    ]


def _odds(log_factor: float) -> str:
    """How much less probable, in words."""
    if log_factor < 1:
        return "is hardly told from it"
    times = f"{math.exp(log_factor):,.0f}" if log_factor < 10 else f"10^{log_factor / math.log(10):.0f}"
    return f"makes them {times} times less probable"


def _on_facts(rows: pl.DataFrame, most: int = 3, least: float = 0.5) -> list[str]:
    moved = rows.filter(pl.col("difference") > least).sort("difference", descending=True, maintain_order=True)
    if moved.is_empty():
        return ["No fact is fitted clearly worse under one answer than under another."]
    named = [
        f"{row['fact']} ({row['difference']:.1f} worse under {row['option']})"
        for row in moved.head(most).iter_rows(named=True)
    ]
    return [f"Facts that moved most, by minus log likelihood: {', '.join(named)}."]


def _on_experiments(rows: pl.DataFrame) -> list[str]:
    best = rows.group_by("first", "second", maintain_order=True).first()
    return [
        f"To tell {row['first']} from {row['second']}: {row['intervention']} {row['dose_nM']:g} nM in "
        f"{row['context']}, {row['readout']}: log2 change {row['first_log2']:+.2f} against "
        f"{row['second_log2']:+.2f}, {row['separation']:.1f} times spread and error."
        for row in best.iter_rows(named=True)
    ]
