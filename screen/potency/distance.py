"""How far a variant lies from its gene for a drug that was not measured on it: learned from all pairs that were.

A pair is a drug, a variant and its gene in one study and assay, so that what the assay reads too high cancels:

log10 of the variant's value - log10 of the gene's = distance(variant) + noise.

distance is N(mean, sd) over the variants of a group, mean and sd unknown; noise is N(0, sd) and holds what differs from
drug to drug, and the error of a ratio. Groups are whether drugs bind such a variant much as its gene (`binding` of
`constructs.tsv`), and whether the drug was made for the target: a variant found to resist the drugs made for a target
may well bind others more tightly.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from screen.potency.linear import Linear, estimate
from screen.potency.rows import SIDES, Estimates, Tables, gene_of
from screen.potency.tables import ENGAGEMENT

GUESSES = {"distance": 0.4, "own": 0.5}
"""First guess of each sd [log10]: an assumption that counts as `linear.PRIOR_WEIGHT` observations."""

CENTRE = (0.0, 0.5)
"""Prior mean and sd [log10] of the mean distance of a group: assumed."""

MEANING = {
    "distance": "log10 constant on such a variant less that on its gene",
    "sd": "sd of this group of errors or latents",
}


class Pair(NamedTuple):
    """log10 of a drug's value on a variant less that on its gene, and the side on which a bound lies."""

    drug: str
    variant: str
    value: float
    side: int


def read_pairs(tables: Tables) -> list[Pair]:
    """Variant and gene in one study and assay; one of the two may be a bound."""
    variants = list(tables.constructs.filter(pl.col("role") != "other")["construct"])
    studies: dict[tuple, dict[str, list[tuple[float, int]]]] = {}
    for study, construct, value, relation in _readings(tables):
        read = studies.setdefault(study, {})
        read.setdefault(construct, []).append((math.log10(value), SIDES[relation]))
    pairs = []
    for (drug, *_), read in studies.items():
        for variant in variants:
            if variant in read and gene_of(variant) in read:
                (own, side), (base, base_side) = (_mean(read[name]) for name in (variant, gene_of(variant)))
                if not (side and base_side):
                    pairs.append(Pair(drug, variant, own - base, side - base_side))
    return pairs


def _readings(tables: Tables) -> Iterator[tuple[tuple, str, float, str]]:
    """Study and assay, construct, value [nM] and relation of what was read at a target itself."""
    for row in tables.affinities.iter_rows(named=True):
        study = row["drug"], row["citation"], row["type"], row["assay"]
        yield study, row["construct"], row["value_nM"], row["relation"]
    for row in tables.cells.filter(pl.col("used") & (pl.col("readout") == ENGAGEMENT)).iter_rows(named=True):
        study = row["drug"], row["panel"], row["measured"], row["stimulus"]
        yield study, row["construct"], row["ic50_nM"], row["relation"]


def _mean(read: list[tuple[float, int]]) -> tuple[float, int]:
    """Mean of repeats; a bound where one is."""
    values, sides = zip(*read, strict=True)
    return float(np.mean(values)), max(sides, key=abs)


def distance_of(variant: str, drug: str, tables: Tables, estimates: Estimates) -> tuple[float, float]:
    """Mean and sd of log10 K(drug, variant) less that of the gene, for a drug that was not measured on it."""
    group = group_of(variant, drug, tables)
    own = estimates[f"sd|own|{group}"][0]
    if known := estimates.get(f"distance|{group}|{variant}"):
        return known[0], math.hypot(known[1], own)
    mean, sd = estimates[f"distance|{group}"]
    return mean, math.hypot(sd, estimates[f"sd|distance|{group}"][0], own)


def group_of(variant: str, drug: str, tables: Tables) -> str:
    """What a variant does to binding, and whether the drug was made for its target."""
    target, binding = tables.constructs.filter(construct=variant).select("target", "binding").row(0)
    return f"{binding}|{'intended' if (drug, target) in tables.intended else 'other'}"


def estimate_distances(tables: Tables, seed: int, sweeps: int) -> pl.DataFrame:
    """ESTIMATES: the distance of each variant that was measured, of each group, and what is left from drug to drug."""
    pairs = read_pairs(tables)
    groups = [group_of(pair.variant, pair.drug, tables) for pair in pairs]
    names = [f"distance|{group}|{pair.variant}" for group, pair in zip(groups, pairs, strict=True)]
    latents = list(dict.fromkeys(names))
    places = [latents.index(name) for name in names]
    rows, every = np.arange(len(pairs)), sorted(set(groups))
    model = Linear(
        design=csr_array((np.ones(len(pairs)), (rows, places)), shape=(len(pairs), len(latents))),
        value=np.array([pair.value for pair in pairs]),
        side=np.array([pair.side for pair in pairs]),
        scale=np.ones(len(pairs)),
        rows=np.array([f"own|{group}" for group in groups], dtype=object),
        mean=np.zeros(len(latents)),
        latents=np.array([name.rpartition("|")[0] for name in latents], dtype=object),
        guess={f"{kind}|{group}": sd for group in every for kind, sd in GUESSES.items()},
        centres={f"distance|{group}": CENTRE for group in every},
    )
    found = estimate(model, np.random.default_rng([seed, 1]), sweeps, sweeps // 3)
    known = dict(zip(latents, zip(found.mean, found.sd, strict=True), strict=True)) | found.centres
    known |= {f"sd|{name}": pair for name, pair in found.groups.items()}
    return pl.DataFrame(
        {
            "name": list(known),
            "value": [round(float(value), 4) for value, _ in known.values()],
            "sd": [round(float(sd), 4) for _, sd in known.values()],
            "meaning": [MEANING[name.partition("|")[0]] for name in known],
        }
    )
