"""Drugs are data: what each one binds, how tightly, and which load of the network that moves.

Three tables say it. `targets.tsv` names the places of the network where a drug can act, the genes
measured there and the ATP shift (how sure that is: the prior of shift_<target>, a network parameter).
`drugs.tsv` has one row a drug. `affinities.tsv` has one row a measurement; the rows marked `used` are
those that the screen believes, at most one for a drug and gene.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl

from screen.errors import ScenarioError
from screen.network import HOWS, Site
from screen.scenarios.assays import ASSAYS
from screen.settings import HIGHEST_NM
from screen.tables import Column, Rule, Schema, read_placed, read_tables

MARKS = ("read", "measured", "assumed", "memory", "fixed")
"""Where a number comes from: `read` in a source, `assumed` without one, from `memory` and unverified."""

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
            positive=True,
            maximum=1,
        ),
        Column(
            "cmax_nM",
            pl.Float64,
            "total plasma peak at the usual dose",
            "nM",
            required=False,
            nullable=True,
            positive=True,
            maximum=HIGHEST_NM,
        ),
        Column("status", pl.String, "approved, in trial, stopped or tool", required=False, nullable=True),
        Column("mark", pl.String, "weakest origin among the numbers it is screened with", choices=MARKS),
        Column("source", pl.String, "where the row comes from", required=False, nullable=True),
        Column("notes", pl.String, "other names, doses, cautions", required=False, nullable=True),
        Column(
            "cmax_cv",
            pl.Float64,
            "sd of Cmax over its mean between patients",
            required=False,
            nullable=True,
            positive=True,
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


class Binding(NamedTuple):
    """A measured affinity that the screen uses. constant [nM] as measured, before any shift."""

    drug: str
    gene: str
    target: str
    constant: float
    atp: str


@dataclass(frozen=True)
class Target:
    """A place of the network where drugs act, through the parameter load_<name>."""

    name: str
    genes: tuple[str, ...]
    atp_shift: float
    site: Site | None = None
    """Where it acts in `network.sbml`; the modules say it themselves."""


@dataclass(frozen=True)
class Drug:
    """One drug."""

    name: str
    drug_class: str
    mode: str
    species: str
    screened: bool
    hill: float
    notes: str

    def acts_in(self, organism: str) -> bool:
        """Whether the drug binds the protein of this organism."""
        return self.species in ("any", organism)


class CellConstants(Protocol):
    """Constants of drugs in cells, from all that was measured: `screen.potency`."""

    def drawn(self, drugs: Sequence[str], draws: int, seed: int) -> np.ndarray:
        """Of draws 0 and on [draws, drugs, sites] [nM], infinite where a drug does not bind."""
        ...

    def middle(self, drugs: Sequence[str]) -> np.ndarray:
        """Their medians [drugs, sites] [nM]."""
        ...

    def unmeasured(self, target: str, variant: str) -> tuple[str, ...]:
        """Drugs that bind a target, but were not measured on a variant of it."""
        ...


@dataclass(frozen=True)
class DrugTables:
    """The three tables, checked against each other; order is that of the files.

    `potency` says what drugs do in cells; without it, the rows of affinities that are marked `used` stand as they are.
    `variants` are the constructs that a cell can carry, with their targets; none without `potency`.
    """

    drugs: Mapping[str, Drug]
    targets: Mapping[str, Target]
    bindings: tuple[Binding, ...]
    measurements: int
    potency: CellConstants | None = None
    variants: Mapping[str, str] = field(default_factory=dict)

    @property
    def site_targets(self) -> tuple[str, ...]:
        """The target of each site where constants are known: every target, then every variant."""
        return (*self.targets, *self.variants.values())

    def of_classes(self, names: Sequence[str], classes: Sequence[str] | None) -> list[str]:
        """The drugs among these that are of some classes, None: of any; what is not in the table stays, to be named.

        ScenarioError: a class that no drug of the table has.
        """
        if classes is None:
            return list(names)
        known = {drug.drug_class for drug in self.drugs.values()}
        unknown = [name for name in classes if name not in known]
        if unknown:
            raise ScenarioError(
                f"scenarios.pairs.of_classes: must be classes of drugs.tsv, found {name}" for name in unknown
            )
        return [name for name in names if name not in self.drugs or self.drugs[name].drug_class in classes]

    def screened(self) -> tuple[str, ...]:
        """Names of the drugs that can be screened."""
        return tuple(name for name, drug in self.drugs.items() if drug.screened)


def read_drug_tables(
    drugs: Path | Sequence[Path], affinities: Path | Sequence[Path], targets: Path | Sequence[Path]
) -> DrugTables:
    """Read and check the three tables, each of one file or several.

    TableError for one table, ScenarioError where they disagree.
    """
    drug_frame = read_placed(drugs, DRUGS)
    affinity_frame = read_placed(affinities, AFFINITIES)
    known_targets = read_targets(targets)
    known_drugs = {row["drug"]: _drug(row) for row in drug_frame.iter_rows(named=True)}
    bindings = tuple(
        Binding(row["drug"], row["gene"], row["target"], row["value_nM"], row["atp"])
        for row in affinity_frame.filter(pl.col("used") & (pl.col("relation") == "=")).iter_rows(named=True)
    )
    tables = DrugTables(known_drugs, known_targets, bindings, affinity_frame.height)
    problems = _affinity_problems(affinity_frame, tables) + _drug_problems(drug_frame, tables)
    if problems:
        raise ScenarioError(problems)
    return tables


def read_targets(targets: Path | Sequence[Path]) -> dict[str, Target]:
    """The targets by name, in the order of the files. TableError."""
    return {
        row["target"]: Target(
            row["target"],
            tuple(gene.strip() for gene in row["genes"].split(",")),
            row["atp_shift"],
            _site(row),
        )
        for row in read_tables(targets, TARGETS).iter_rows(named=True)
    }


def _site(row: Mapping) -> Site | None:
    if row.get("acts_on") is None:
        return None
    acts_on = tuple(dict.fromkeys(name.strip() for name in row["acts_on"].split(",")))
    return Site(row["target"], acts_on, row["how"], row["strength"])


def _drug(row: Mapping) -> Drug:
    return Drug(
        row["drug"],
        row["class"],
        row["mode"],
        row["species"],
        row["screened"],
        row["hill"],
        row["notes"] or "",
    )


def _affinity_problems(frame: pl.DataFrame, tables: DrugTables) -> list[str]:
    problems = []
    acts = ("drug", "gene", "target")
    first = frame.select(*acts, "where").unique(acts, keep="first", maintain_order=True)
    for drug, gene, target, where in first.iter_rows():
        row = f"{where}, {drug} on {gene}"
        if drug not in tables.drugs:
            problems.append(f"{row}: `drug` must be in the table of drugs, found {drug}")
        if target not in tables.targets:
            problems.append(f"{row}: `target` must be one of {', '.join(tables.targets)}, found {target}")
        elif gene not in tables.targets[target].genes:
            genes = ", ".join(tables.targets[target].genes)
            problems.append(f"{row}: `gene` must be one of {genes} for the target {target}, found {gene}")
    used = frame.filter("used").group_by(acts, maintain_order=True).agg(pl.last("where"), count=pl.len())
    problems += [
        f"{where}, {drug} on {gene}: at most one row of {target} may be `used`, found {count}"
        for drug, gene, target, where, count in used.filter(pl.col("count") > 1).iter_rows()
    ]
    return problems


def _drug_problems(frame: pl.DataFrame, tables: DrugTables) -> list[str]:
    bound = {binding.drug for binding in tables.bindings}
    return [
        f"{where}, {name}: a screened drug must have a used affinity with relation =, found none"
        for name, where in frame.filter("screened").select("drug", "where").iter_rows()
        if name not in bound
    ]
