"""Drugs are data: what each one binds, how tightly, and which load of the network that moves.

Three tables say it. `targets.tsv` names the places of the network where a drug can act, the genes
measured there and the ATP shift (how sure that is: the prior of shift_<target>, a network parameter).
`drugs.tsv` has one row a drug. `affinities.tsv` has one row a measurement; the rows marked `used` are
those that the screen believes, at most one for a drug and gene.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl

from screen.errors import ScenarioError
from screen.network import Site
from screen.network.drugged import LOAD
from screen.scenarios.drug_columns import AFFINITIES, DRUGS, TARGETS
from screen.tables import read_placed


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
    where: str = field(default="targets.tsv", repr=False, compare=False)
    """File and row."""


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
    where: str = field(default="drugs.tsv", repr=False, compare=False)
    """File and row."""

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
            row["where"],
        )
        for row in read_placed(targets, TARGETS).iter_rows(named=True)
    }


def parameter_names(drugs: Iterable[str], tables: DrugTables, parameters: Collection[str]) -> list[str]:
    """One sentence for each of these drugs that is called as a parameter, which a treatment would set in its place."""
    return [
        f"{tables.drugs[name].where}: `drug` must not be the name of a parameter of the network, found {name}"
        for name in drugs
        if name in tables.drugs and name in parameters
    ]


def lacking_loads(drugs: Collection[str], tables: DrugTables, parameters: Collection[str]) -> list[str]:
    """One sentence for each target of these drugs that a network with these parameters has no load of."""
    reached = {binding.target: binding.drug for binding in tables.bindings if binding.drug in drugs}
    return [
        f"{tables.targets[target].where}, {target}: must have the parameter {LOAD}{target} in the network for {drug}, "
        "found none"
        for target, drug in reached.items()
        if LOAD + target not in parameters
    ]


def _site(row: Mapping) -> Site | None:
    if row.get("acts_on") is None:
        return None
    acts_on = tuple(dict.fromkeys(name.strip() for name in row["acts_on"].split(",")))
    return Site(row["target"], acts_on, row["how"], row["strength"], row["where"])


def _drug(row: Mapping) -> Drug:
    return Drug(
        row["drug"],
        row["class"],
        row["mode"],
        row["species"],
        row["screened"],
        row["hill"],
        row["notes"] or "",
        row["where"],
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
    classes: dict[str, str] = {}
    problems = [
        f"{where}, {name}: `class` must be written as elsewhere, {other}, found {drug_class}"
        for name, drug_class, where in frame.select("drug", "class", "where").iter_rows()
        if (other := classes.setdefault(drug_class.casefold(), drug_class)) != drug_class
    ]
    return problems + [
        f"{where}, {name}: a screened drug must have a used affinity with relation =, found none"
        for name, where in frame.filter("screened").select("drug", "where").iter_rows()
        if name not in bound
    ]
