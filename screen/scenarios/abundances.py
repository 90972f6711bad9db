"""A cell of one's own: from a table of protein abundances to the rows of a context.

Totals of the network are concentrations of the whole cell's protein in its cytosol. Copies per cell become such
a concentration through the volume of the cytosol. Shares of all protein (ppm) become copies through the number
of all proteins, taken as DENSITY times the volume of the cell. For transcripts the protein is taken to have the
share of all protein that its transcript has of all transcripts. A log2 ratio multiplies the total of the cell it
is like. What a total is uncertain by (log10) is assumed from how it was measured unless the table says it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from screen.scenarios.contexts import FROM, Context

MOLECULES = 602.214076
"""Molecules of 1 nM in 1 pL."""

DENSITY = 3e9
"""Protein molecules a pL of cell: 2 to 4 million a cubic micrometre (Milo 2013 BioEssays 35:1050)."""

WHOLE_TABLE = 5000
"""Genes from which on the sum of a table of RPKM is taken as that of all transcripts."""

RATIO = "log2_ratio"
RATIO_SD = 0.15
UNKNOWN_SD = 0.5


@dataclass(frozen=True)
class Volumes:
    """Volumes [pL] of the two compartments of a cell."""

    cytosol: float
    nucleus: float

    def share(self, ppm: float) -> float:
        """Total [nM in the cytosol] of a protein that is this share [1e-6] of all."""
        return ppm * 1e-6 * DENSITY * (self.cytosol + self.nucleus) / (MOLECULES * self.cytosol)


@dataclass(frozen=True)
class Unit:
    """How abundances of one unit become nM: `factor` of the volumes and the sum of the table; sd [log10] assumed."""

    names: tuple[str, ...]
    factor: Callable[[Volumes, float], float]
    sd: float
    says: str
    mark: str = "assumed"


UNITS: Mapping[str, Unit] = {
    "copies": Unit(
        ("copies", "copies per cell", "copy number", "copies/cell", "molecules per cell"),
        lambda volumes, _: 1.0 / (MOLECULES * volumes.cytosol),
        0.2,
        "copies per cell over the cytosol of {cytosol:g} pL",
        "measured",
    ),
    "nM": Unit(("nm",), lambda *_: 1.0, 0.2, "nM as given", "measured"),
    "ppm": Unit(
        ("ppm",),
        lambda volumes, _: volumes.share(1.0),
        0.3,
        "ppm of 3e6 proteins/fL (Milo 2013) in {whole:g} pL",
    ),
    "TPM": Unit(
        ("tpm",),
        lambda volumes, _: volumes.share(1.0),
        0.7,
        "TPM taken as ppm of protein, 3e6 proteins/fL (Milo 2013) in {whole:g} pL",
    ),
    "RPKM": Unit(
        ("rpkm", "fpkm"),
        lambda volumes, total: volumes.share(1e6 / total) if total else 0.0,
        0.7,
        "RPKM over their sum taken as share of protein, 3e6 proteins/fL (Milo 2013) in {whole:g} pL",
    ),
    RATIO: Unit(
        (RATIO, "log2 ratio", "log2 fold change", "log2fc"),
        lambda *_: math.nan,
        RATIO_SD,
        "log2 ratio to {like}",
    ),
}
"""Unit of a table of abundances -> how it is read; `names` are headers of a column, in small letters."""


@dataclass(frozen=True)
class Like:
    """The cell another one is like: its name, volumes, and each total with its sd [log10]."""

    name: str
    volumes: Volumes
    totals: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Mapped:
    """What became of a table: rows for contexts.tsv, and what to tell.

    used: total -> genes; missing: total -> genes of its sum that the table lacks; unused: gene -> reason;
    kept: totals that genes stand for and that stay as in the like cell.
    """

    rows: pl.DataFrame
    used: Mapping[str, tuple[str, ...]]
    missing: Mapping[str, tuple[str, ...]]
    unused: Mapping[str, str]
    kept: tuple[str, ...]


def like_cell(context: Context, parameters: pl.DataFrame, cytosol: float | None = None) -> Like:
    """Totals and volumes of a context: its own, else those of the table of parameters, with their priors' sd.

    `cytosol` [pL] is the volume of another cytosol than that cell's.
    """
    prior = {
        row["parameter"]: (row["value"], row["prior_sd"] if row["prior"] == "log10_normal" else UNKNOWN_SD)
        for row in parameters.iter_rows(named=True)
    }
    own = {
        s.parameter: (s.value, s.sd or prior[s.parameter][1]) for s in context.totals if s.parameter in prior
    }
    totals = prior | own
    return Like(context.name, Volumes(cytosol or totals["cytosol"][0], totals["nucleus"][0]), totals)


def map_abundances(
    abundances: pl.DataFrame, unit: str, like: Like, totals: Mapping[str, tuple[str, ...]], name: str
) -> Mapped:
    """Rows of the context `name` from abundances (gene, value, sd) in a unit of UNITS.

    `totals` are the genes of each total of the network.
    """
    given = {gene: (value, sd) for gene, value, sd in abundances.select("gene", "value", "sd").iter_rows()}
    known = {gene for genes in totals.values() for gene in genes}
    unused = {gene: "no total of the network counts it" for gene in given if gene not in known}
    source = UNITS[unit].says.format(
        cytosol=like.volumes.cytosol, whole=like.volumes.cytosol + like.volumes.nucleus, like=like.name
    )
    factor = UNITS[unit].factor(like.volumes, float(abundances["value"].sum()))
    rows: list[tuple] = [(name, FROM, like.name, None, None, None, "the cell it is like", None)]
    used, missing = {}, {}
    for parameter, genes in totals.items():
        measured = [(gene, *given[gene]) for gene in genes if gene in given]
        if not measured:
            continue
        if unit == RATIO and like.totals[parameter][0] == 0:
            unused |= {gene: f"a ratio to nothing: {parameter} is 0 in {like.name}" for gene, *_ in measured}
            continue
        if unit == RATIO:
            value, sd = _ratio(measured, *like.totals[parameter])
        else:
            value, sd = _sum(measured, factor, UNITS[unit].sd)
        used[parameter] = tuple(gene for gene, *_ in measured)
        if lacking := tuple(gene for gene in genes if gene not in given):
            missing[parameter] = lacking
        spread = "as given" if all(own is not None for *_, own in measured) else "assumed"
        said = f"{'+'.join(used[parameter])}: {source}; sd {spread}"
        rows.append((name, "total", parameter, _rounded(value), "nM", UNITS[unit].mark, said, _rounded(sd)))
    kept = tuple(parameter for parameter in totals if parameter not in used)
    return Mapped(pl.DataFrame(rows, schema=ROWS, orient="row"), used, missing, unused, kept)


ROWS = {
    "context": pl.String,
    "kind": pl.String,
    "parameter": pl.String,
    "value": pl.Float64,
    "unit": pl.String,
    "mark": pl.String,
    "source": pl.String,
    "sd": pl.Float64,
}


def _sum(
    measured: Sequence[tuple[str, float, float | None]], factor: float, assumed: float
) -> tuple[float, float]:
    """Sum [nM] of the members and the sd of its log10, their errors independent."""
    values = [value * factor for _, value, _ in measured]
    total = math.fsum(values)
    if total == 0:
        return 0.0, 0.0
    spreads = [
        value / total * (assumed if sd is None else sd)
        for value, (_, _, sd) in zip(values, measured, strict=True)
    ]
    return total, math.hypot(*spreads)


def _ratio(
    measured: Sequence[tuple[str, float, float | None]], value: float, sd: float
) -> tuple[float, float]:
    """The like cell's total [nM] times the mean ratio of the members, and the sd of its log10."""
    ratios = [2.0**ratio for _, ratio, _ in measured]
    own = [RATIO_SD if spread is None else spread for *_, spread in measured]
    return value * math.fsum(ratios) / len(ratios), math.hypot(sd, math.fsum(own) / len(own))


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
