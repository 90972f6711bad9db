"""The columns of the three tables of drugs: what each is called, its unit, its limits and what it means."""

import polars as pl

from screen.network import HOWS
from screen.scenarios.assays import ASSAYS
from screen.settings import HIGHEST_NM
from screen.tables import Column, Rule, Schema

MARKS = ("read", "measured", "assumed", "memory", "fixed")
"""Where a number comes from: `read` in a source, `assumed` without one, from `memory` and unverified."""

UNTIL = "until"
"""Word of a treatment or stimulus that says when all of it ends."""

MODES = (
    "atp_competitive",
    "allosteric",
    "covalent",
    "rapalog",
    "antibody_ligand",
    "antibody_receptor",
    "receptor_antagonist",
    "sh2_inhibitor",
    "degrader",
    "antisense",
    "indirect",
)

LEAST = 1e-12
"""Of a fraction and of a peak [nM]: their product is a dose, which must not come out as 0."""

DRUGS = Schema(
    "drugs",
    (
        Column("drug", pl.String, "name of the drug", is_name=True),
        Column(
            "class",
            pl.String,
            "what the drug is sold or used as; with constants in cells it says which targets are meant "
            "(potency/intended.tsv)",
            is_name=True,
        ),
        Column("mode", pl.String, "how it acts", choices=MODES),
        Column("species", pl.String, "organisms whose protein it binds", choices=("any", "human")),
        Column("screened", pl.Boolean, "false where its main affinity is not known; `notes` says why"),
        Column("hill", pl.Float64, "exponent of dose over constant", positive=True, maximum=20),
        Column(
            "fraction_unbound",
            pl.Float64,
            "in plasma",
            required=False,
            nullable=True,
            minimum=LEAST,
            maximum=1,
        ),
        Column(
            "cmax_nM",
            pl.Float64,
            "total plasma peak at the usual dose",
            "nM",
            required=False,
            nullable=True,
            minimum=LEAST,
            maximum=HIGHEST_NM,
        ),
        Column("status", pl.String, "approved, in trial, stopped or tool", required=False, nullable=True),
        Column("mark", pl.String, "weakest origin among the numbers it is screened with", choices=MARKS),
        Column("source", pl.String, "where the row comes from", required=False, nullable=True),
        Column("notes", pl.String, "other names, doses, cautions", required=False, nullable=True),
        Column(
            "cmax_cv",
            pl.Float64,
            "sd of Cmax over its mean between patients, a share and no percentage",
            required=False,
            nullable=True,
            positive=True,
            maximum=5,
        ),
        Column(
            "half_life_h",
            pl.Float64,
            "in plasma",
            "h",
            required=False,
            nullable=True,
            positive=True,
            maximum=1e5,
        ),
        Column(
            "exposure_mark",
            pl.String,
            "weaker origin of Cmax and binding",
            required=False,
            nullable=True,
            choices=MARKS,
        ),
        Column(
            "exposure_source",
            pl.String,
            "dose and where Cmax and binding come from, or why there are none",
            required=False,
            nullable=True,
        ),
        Column(
            "mechanism",
            pl.String,
            "`indirect`: that it acts at its target is inferred from a reporter, growth or a distant reading",
            required=False,
            nullable=True,
            choices=("direct", "indirect"),
        ),
    ),
    key=("drug",),
    rules=(Rule("drug", f"must not be {UNTIL}, which says when a treatment ends", pl.col("drug") == UNTIL),),
)

AFFINITIES = Schema(
    "affinities",
    (
        Column("drug", pl.String, "drug of drugs.tsv", is_name=True),
        Column("gene", pl.String, "gene of the protein that was measured"),
        Column(
            "construct", pl.String, "domain or variant that was measured; the gene where it was the protein"
        ),
        Column("target", pl.String, "target of targets.tsv"),
        Column("type", pl.String, "kind of number", choices=("Kd", "Kd_apparent", "Ki", "IC50", "EC50_cell")),
        Column("relation", pl.String, "`>`: no binding was seen up to the value", choices=("=", ">")),
        Column("value_nM", pl.Float64, "the number", "nM", positive=True, maximum=HIGHEST_NM),
        Column("assay", pl.String, "assay in words", required=False, nullable=True),
        Column("atp", pl.String, "ATP in the assay: decides the shift", choices=ASSAYS),
        Column("used", pl.Boolean, "whether `scenarios.constants: assay` uses this row"),
        Column("mark", pl.String, "origin of the number", choices=MARKS),
        Column("citation", pl.String, "who measured or listed it"),
        Column("note", pl.String, "caution", required=False, nullable=True),
    ),
    key=("drug", "construct", "target", "type", "citation", "value_nM"),
)

TARGETS = Schema(
    "targets",
    (
        Column("target", pl.String, "the network parameter is load_<target>", is_name=True),
        Column("genes", pl.String, "genes whose affinities act here, separated by commas"),
        Column(
            "atp_shift", pl.Float64, "1 + [ATP]/Km: constant in the cell over constant without ATP", minimum=1
        ),
        Column("mark", pl.String, "origin of the shift", choices=MARKS),
        Column("source", pl.String, "where the shift comes from", nullable=True),
        Column(
            "acts_on",
            pl.String,
            "of `network.sbml`: reactions, parameters or species on which the target acts, separated by commas",
            required=False,
            nullable=True,
        ),
        Column("how", pl.String, "what it does to them", required=False, nullable=True, choices=tuple(HOWS)),
        Column(
            "strength",
            pl.Float64,
            "scales: factor where all of the target is held; removes: rate constant there [1/time of the file]",
            required=False,
            nullable=True,
            minimum=0,
        ),
    ),
    key=("target",),
    rules=(
        Rule(
            "how",
            "must be given with `acts_on`, and only then",
            pl.col("acts_on").is_null() != pl.col("how").is_null(),
        ),
        Rule(
            "strength",
            "must be given for scales and removes, and only there",
            pl.col("strength").is_null() == pl.col("how").is_in(["scales", "removes"]).fill_null(value=False),
        ),
    ),
)
