"""What must hold between the tables of potencies and those of drugs, and of what was estimated from them."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import polars as pl

from screen.files import number_of
from screen.potency.assemble import FAMILIES, GUESSES
from screen.potency.posterior import OUTSIDE
from screen.potency.rows import Tables, gene_of, kind_of, read_rows
from screen.potency.tables import CELL_KEY, ENGAGEMENT

ASK = "`potency --responses` asks the network anew where that file is not there"

WEIGHT = re.compile(r"([^/=]+)/([^/=]+)=([^=]+)")

MADE = ("intended", "other")

NEEDED = (
    "mean|intended",
    "mean|other",
    "family|kinomescan",
    "binder share",
    *(f"sd|{name}" for name in GUESSES),
)
"""Estimates without which no drug has a constant."""

WHOLE = {*NEEDED, "growth", *(f"family|{name}" for name in FAMILIES)}
STARTS = ("response|", "panel|", "setting|", "distance|", "sd|distance|", "sd|own|")
"""Names of estimates that are read, beside those of targets."""

OF_ALL = ("mean", "level", "family", "shift", "growth", "response")
"""Kinds of estimates that rows of any study tell of; an offset of a new one is not known."""


class Placed(NamedTuple):
    """The tables, each with one more column `where`: file and row."""

    drugs: pl.DataFrame
    affinities: pl.DataFrame
    targets: pl.DataFrame
    constructs: pl.DataFrame
    cells: pl.DataFrame
    responses: pl.DataFrame
    intended: pl.DataFrame


def table_problems(placed: Placed) -> list[str]:
    """One sentence for each row that names what another table does not have, or has as something else."""
    genes = {
        target: [gene.strip() for gene in text.split(",")]
        for target, text in placed.targets.select("target", "genes").iter_rows()
    }
    problems = [
        f"{where}: `target` must be one of targets.tsv, found {target}"
        for frame in (placed.constructs, placed.cells, placed.intended)
        for target, where in frame.select("target", "where").drop_nulls().iter_rows()
        if target not in genes
    ]
    drugs = set(placed.drugs["drug"])
    problems += [
        f"{where}: `drug` must be in the table of drugs, found {drug}"
        for drug, where in placed.cells.select("drug", "where").iter_rows()
        if drug not in drugs
    ]
    proteins = {target: set(names) for target, names in genes.items()}
    for construct, target in placed.constructs.select("construct", "target").iter_rows():
        proteins.setdefault(target, set()).add(construct)
    return [
        *problems,
        *_construct_problems(placed.constructs, genes),
        *_affinity_problems(placed.affinities, placed.constructs),
        *_engagement_problems(placed.cells, proteins),
        *_weight_problems(placed.responses, proteins),
        *_class_problems(placed.intended, placed.drugs),
        *_idle_drugs(placed),
    ]


def _construct_problems(constructs: pl.DataFrame, genes: Mapping[str, list[str]]) -> Iterator[str]:
    others = set(constructs.filter(role="other").select("construct", "target").iter_rows())
    for construct, target, role, where in constructs.select(
        "construct", "target", "role", "where"
    ).iter_rows():
        own = genes.get(target, [])
        if role == "other" and construct in own and all((gene, target) in others for gene in own):
            yield f"{where}: `construct` must leave {target} a gene that drugs bind, found {construct}, its last"
        elif role != "other" and own and not _is_variant(construct, own):
            yield (
                f"{where}: `construct` must be a gene of {target} ({', '.join(own)}) and, after `_`, what differs, "
                f"found {construct}"
            )


def _is_variant(construct: str, genes: list[str]) -> bool:
    gene, _, change = construct.partition("_")
    return gene in genes and bool(re.fullmatch(r"[^\s|/=]+", change))


def _affinity_problems(affinities: pl.DataFrame, constructs: pl.DataFrame) -> Iterator[str]:
    """Outside of a cell it may be a complex with the gene first, IL1R1|IL1RAP: variants are of kinase domains."""
    known = {(*row, gene_of(row[0])) for row in constructs.select("construct", "target").iter_rows()}
    rows = affinities.select("gene", "construct", "target", "where").filter(
        pl.col("construct") != pl.col("gene")
    )
    for gene, construct, target, where in rows.iter_rows():
        complex_of_it = target.endswith(OUTSIDE) and construct.startswith(f"{gene}|")
        if not complex_of_it and (construct, target, gene) not in known:
            yield (
                f"{where}: `construct` must be the gene, {gene}, or one of it that constructs.tsv has at {target}, "
                f"found {construct}"
            )


def _engagement_problems(cells: pl.DataFrame, proteins: Mapping[str, set[str]]) -> Iterator[str]:
    rows = cells.filter(pl.col("used") & (pl.col("readout") == ENGAGEMENT))
    for target, construct, where in rows.select("target", "construct", "where").iter_rows():
        if target in proteins and construct not in proteins[target]:
            yield (
                f"{where}: `construct` must be a gene of {target} or one that constructs.tsv has there, "
                f"found {construct}"
            )


def _weight_problems(responses: pl.DataFrame, proteins: Mapping[str, set[str]]) -> Iterator[str]:
    for text, where in responses.select("weights", "where").iter_rows():
        seen = set()
        for item in text.split():
            found = WEIGHT.fullmatch(item)
            weight = number_of(found[3]) if found else None
            if found is None or weight is None or not 0 < weight <= 1:
                yield f"{where}: `weights` must be target/construct=weight, above 0 and at most 1, found {item}"
            elif found[1] not in proteins:
                yield f"{where}: `weights` must be at targets of targets.tsv, found {found[1]}; {ASK}"
            elif found[2] not in proteins[found[1]]:
                yield (
                    f"{where}: `weights` must be of genes of {found[1]} or of what constructs.tsv has there, "
                    f"found {found[2]}; {ASK}"
                )
            elif found.group(1, 2) in seen:
                yield f"{where}: `weights` must name a construct once, found {found[1]}/{found[2]} again"
            seen.add(found.group(1, 2) if found else None)


def _class_problems(intended: pl.DataFrame, drugs: pl.DataFrame) -> Iterator[str]:
    known = {name.casefold(): name for name in drugs["class"]}
    for name, where in intended.select("class", "where").iter_rows():
        if (other := known.setdefault(name.casefold(), name)) != name:
            yield f"{where}: `class` must be written as elsewhere, {other}, found {name}"


def _idle_drugs(placed: Placed) -> Iterator[str]:
    """Screened drugs of which nothing is known but how they bind other sites and isoforms than targets."""
    others = placed.constructs.filter(role="other")
    used = placed.cells.filter("used")
    frames = (
        placed.affinities.filter(relation="=").join(others, on=["construct", "target"], how="anti"),
        used.filter(readout=ENGAGEMENT).join(others, on=["construct", "target"], how="anti"),
        used.join(placed.responses, on=CELL_KEY, how="semi"),
    )
    acting = {drug for frame in frames for drug in frame["drug"]}
    for drug, where in placed.drugs.filter("screened").select("drug", "where").iter_rows():
        if drug not in acting:
            yield (
                f"{where}, {drug}: a screened drug must have an affinity with relation = at a construct that "
                "constructs.tsv does not call other, or a potency in cells, found none"
            )


def estimate_problems(placed: pl.DataFrame, tables: Tables) -> list[str]:
    """What is wrong with the names of ESTIMATES: rows that nothing reads, and names that must be there."""
    targets = set(tables.targets["target"])
    of_targets = {f"level|{target}|{made}" for target in targets for made in MADE}
    of_targets |= {f"shift|{target}" for target in targets}
    problems = []
    for name, where in placed.select("name", "where").iter_rows():
        if name.startswith(("level|", "shift|")):
            if name not in of_targets:
                problems.append(f"{where}: `name` must be of a target of targets.tsv, found {name}")
        elif name not in WHOLE and not name.startswith(STARTS):
            problems.append(f"{where}: `name` must be one that constants are made from, found {name}")
    names = set(placed["name"])
    missing = [name for name in (*NEEDED, *_distances_needed(tables)) if name not in names]
    if missing:
        file = placed["where"][0].rpartition(" row ")[0]
        problems.append(
            f"{file}: must have rows {', '.join(missing)}, found none; `potency --estimate` makes them"
        )
    return problems


def _distances_needed(tables: Tables) -> list[str]:
    """Estimates of the groups of variants that a drug may bind without being measured on them."""
    drugs: dict[str, set[str]] = {}
    for drug, target in tables.affinities.select("drug", "target").iter_rows():
        drugs.setdefault(target, set()).add(drug)
    groups = {
        f"{binding}|{'intended' if (drug, target) in tables.intended else 'other'}"
        for target, role, binding in tables.constructs.select("target", "role", "binding").iter_rows()
        if role != "other"
        for drug in drugs.get(target, set()) - tables.antibodies
    }
    return [f"{kind}|{group}" for group in sorted(groups) for kind in ("distance", "sd|distance", "sd|own")]


def left_unsaid(tables: Tables, estimates: Mapping[str, object]) -> list[str]:
    """What is in the tables and counts for nothing, or counts without its estimate, one line a kind."""
    used = tables.cells.filter(pl.col("used") & (pl.col("readout") != ENGAGEMENT)).select(CELL_KEY)
    unanswered = used.join(tables.responses, on=CELL_KEY, how="anti")
    unasked = tables.responses.join(used, on=CELL_KEY, how="anti").select(CELL_KEY)
    named = dict.fromkeys(name for row in read_rows(tables)[0] for name, _ in row.terms)
    unknown = [name for name in named if kind_of(name) in OF_ALL and name not in estimates]
    lines = []
    if unanswered.height:
        lines.append(
            "cell_potencies.tsv: rows in use that responses.tsv has no row of count for nothing, found "
            f"{unanswered.height}, such as {', '.join(unanswered.row(0))}; `potency --responses` asks the network "
            "for them"
        )
    if unasked.height:
        lines.append(
            "responses.tsv: rows of no row in use of cell_potencies.tsv count for nothing, found "
            f"{unasked.height}, such as {', '.join(unasked.row(0))}"
        )
    if unknown:
        lines.append(
            f"estimates.tsv: should have a row {unknown[0]}"
            f"{f' and {len(unknown) - 1} more' * (len(unknown) > 1)}, found none: what is assumed before any "
            "measurement stands in; `potency --estimate` makes them"
        )
    return lines
