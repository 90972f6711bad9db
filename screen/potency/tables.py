"""The tables of this package: potencies in cells, constructs, answers of the network, and what was estimated."""

import polars as pl

from screen.scenarios.drug_columns import LEAST, MARKS
from screen.settings import HIGHEST_NM
from screen.tables import Column, Rule, Schema


def _text(name: str, description: str) -> Column:
    return Column(name, pl.String, description, required=False, nullable=True)


CERTAIN = 1e-6
"""sd [log10] of what counts as known; no sd is less."""

DECADES = 20
"""Nothing here lies further from 0 [log10]: no constant in nM, no bias, no sd."""

ENGAGEMENT = "engagement"
"""A read-out that is the target itself: half of it is left at a dose of one constant, whatever the network."""

_AT_TARGET = pl.col("used") & (pl.col("readout") == ENGAGEMENT)
_IN_NETWORK = pl.col("used") & (pl.col("readout") != ENGAGEMENT)

CELL_KEY = ("drug", "panel", "measured", "stimulus", "cells")

CELL_POTENCIES = Schema(
    "cell_potencies",
    (
        Column("drug", pl.String, "drug of drugs.tsv"),
        Column("measured", pl.String, "read-out as the source names it"),
        Column("stimulus", pl.String, "stimulus as the source names it"),
        Column("cells", pl.String, "cells as the source names them"),
        Column("matrix", pl.String, "medium or blood"),
        Column(
            "kind", pl.String, "phospho-read-out, or growth: second choice", choices=("phospho", "growth")
        ),
        Column(
            "ic50_nM",
            pl.Float64,
            "total concentration that leaves half",
            "nM",
            minimum=LEAST,
            maximum=HIGHEST_NM,
        ),
        Column("relation", pl.String, "`>` and `<` are bounds", choices=("=", ">", "<")),
        Column(
            "free_fraction",
            pl.Float64,
            "free share of it in blood or plasma; 1 in medium, where a correction for 10 % serum made things worse",
            minimum=LEAST,
            maximum=1,
        ),
        Column("minutes_of_drug", pl.Float64, "how long", "min", required=False, nullable=True, minimum=0),
        Column(
            "mark", pl.String, "origin of the number; `memory` has three times the variance", choices=MARKS
        ),
        Column("citation", pl.String, "who measured it"),
        Column("panel", pl.String, "study: rows of one share an offset"),
        Column("used", pl.Boolean, "false where the network has nothing to compare; `reason` says why"),
        _text("target", "engagement: target of targets.tsv"),
        _text("construct", "engagement: gene or construct of it"),
        _text("context", "network: nearest context of contexts.tsv"),
        _text("network_stimulus", "network: parameters set at minute 0, as in the panel; empty: none"),
        _text("readout", "observable of the network, or `engagement`"),
        Column(
            "minutes", pl.Float64, "network: when it is read", "min", required=False, nullable=True, minimum=0
        ),
        Column("reason", pl.String, "why it is compared like this, or not at all"),
    ),
    key=CELL_KEY,
    rules=(
        Rule("readout", "must be given in a row in use", pl.col("used") & pl.col("readout").is_null()),
        *(
            Rule(name, "must be given for engagement in use", _AT_TARGET & pl.col(name).is_null())
            for name in ("target", "construct")
        ),
        *(
            Rule(
                name,
                "must be given for a read-out of the network in use",
                _IN_NETWORK & pl.col(name).is_null(),
            )
            for name in ("context", "minutes")
        ),
    ),
)

CONSTRUCTS = Schema(
    "constructs",
    (
        Column("construct", pl.String, "construct of affinities.tsv"),
        Column("target", pl.String, "target of targets.tsv"),
        Column(
            "role",
            pl.String,
            "cells can carry a `variant`, near its gene and measured with it, and one `apart`, whose rows tell of it "
            "alone; `other` site or isoform: informs the assay alone",
            choices=("variant", "apart", "other"),
        ),
        Column(
            "binding",
            pl.String,
            "a variant that drugs bind much as its gene (`kept`: activating, in frame, another state), or one found "
            "or made to resist some (`changed`: gatekeeper, solvent front); empty: `other`",
            nullable=True,
            choices=("kept", "changed"),
        ),
        Column("source", pl.String, "why"),
    ),
    key=("construct",),
    rules=(
        Rule(
            "binding",
            "must say of a variant what it does to binding, kept or changed",
            (pl.col("role") != "other") & pl.col("binding").is_null(),
        ),
    ),
)

INTENDED = Schema(
    "intended",
    (
        Column("class", pl.String, "class of drugs.tsv"),
        Column("target", pl.String, "target that drugs of this class were made for"),
    ),
    key=("class", "target"),
)

RESPONSES = Schema(
    "responses",
    (
        *(Column(name, pl.String, "as in cell_potencies.tsv") for name in CELL_KEY),
        Column(
            "constant",
            pl.Float64,
            "log10 IC50 less the weighted log10 constants: log10 load at half effect",
            minimum=-DECADES,
            maximum=DECADES,
        ),
        Column(
            "spread", pl.Float64, "sd of `constant` over the draws of the network", minimum=0, maximum=DECADES
        ),
        Column("weights", pl.String, "target/construct=weight: slope of log10 IC50 over each log10 constant"),
    ),
    key=CELL_KEY,
    may_be_empty=True,
)

ESTIMATES = Schema(
    "estimates",
    (
        Column("name", pl.String, "what was estimated, as kind|which"),
        Column("value", pl.Float64, "posterior mean; log10 units", minimum=-DECADES, maximum=DECADES),
        Column("sd", pl.Float64, "posterior sd; log10 units", minimum=0, maximum=DECADES),
        Column("meaning", pl.String, "in words"),
    ),
    key=("name",),
    rules=(
        Rule(
            "value",
            f"must be at least {CERTAIN:g} where it is an sd",
            pl.col("name").str.starts_with("sd|") & (pl.col("value") < CERTAIN),
        ),
        Rule(
            "value",
            "must be above 0 and at most 1 where it is a share",
            (pl.col("name") == "binder share") & ~pl.col("value").is_between(0, 1, closed="right"),
        ),
    ),
)
