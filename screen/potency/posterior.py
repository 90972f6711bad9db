"""What is known of the constants of each drug, and draws of them by the drug's name.

What drugs share (`estimates.tsv`) is an input here, so that the posterior of a drug follows from its own rows alone.
Its draws take a random stream of their own, seeded by the digest of its name: whatever else stands in the tables,
they are the same to the last bit.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from screen.potency.linear import Linear, numbers_needed, sample
from screen.potency.rows import Row, Silent, Tables, assemble_rows, read_rows

Estimates = Mapping[str, tuple[float, float]]

OUTSIDE = "_CAPTURE"
"""Ends the targets outside a cell, which a drug meets as it is."""

MIDDLE_DRAWS = 1000
"""Draws behind the medians that a run without draws takes."""


class Site(NamedTuple):
    """Where a constant acts: the target, and the variant of its gene that a context carries, or `` for the gene."""

    target: str
    variant: str = ""


@dataclass(frozen=True)
class Constants:
    """log10 constants [nM] in the cell, log10_nM [draws, drugs, sites]; infinite: no binding."""

    drugs: tuple[str, ...]
    sites: tuple[Site, ...]
    log10_nM: np.ndarray

    def at(self, context: str, targets: Sequence[str], constructs: pl.DataFrame) -> np.ndarray:
        """log10 constants [draws, drugs, targets] of the proteins that a context carries."""
        carried = {
            row["target"]: row["construct"]
            for row in constructs.iter_rows(named=True)
            if context in (row["contexts"] or "").split(",")
        }
        place = {site: index for index, site in enumerate(self.sites)}
        columns = [place[Site(target, carried.get(target, ""))] for target in targets]
        return self.log10_nM[:, :, columns]


def stream(seed: int, drug: str) -> np.random.Generator:
    """The random stream of a drug."""
    digest = hashlib.sha256(drug.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:16], "big")])


def sites_of(tables: Tables) -> tuple[Site, ...]:
    """Every target, then every variant that some context carries."""
    carried = tables.constructs.filter(pl.col("contexts").is_not_null())
    return (
        *(Site(name) for name in tables.targets["target"]),
        *(Site(row["target"], row["construct"]) for row in carried.iter_rows(named=True)),
    )


def draw_constants(
    tables: Tables, estimates: Estimates, drugs: Iterable[str], draws: int, seed: int
) -> Constants:
    """Constants of some drugs; a drug without a single row binds nothing."""
    rows, silent = read_rows(tables)
    drugs, sites = tuple(drugs), sites_of(tables)
    own: dict[str, list[Row]] = {name: [] for name in drugs}
    mute: dict[str, list[Silent]] = {name: [] for name in drugs}
    for row in rows:
        own.get(row.drug, []).append(row)
    for pair in silent:
        mute.get(pair.drug, []).append(pair)
    found = [draw_drug(name, (own[name], mute[name]), tables, estimates, draws, seed) for name in drugs]
    values = np.full((draws, len(drugs), len(sites)), np.inf)
    for index, constants in enumerate(found):
        for place, site in enumerate(sites):
            values[:, index, place] = constants.get(site, np.inf)
    return Constants(drugs, sites, values)


def draw_drug(
    drug: str,
    known: tuple[Sequence[Row], Sequence[Silent]],
    tables: Tables,
    estimates: Estimates,
    draws: int,
    seed: int,
) -> dict[Site, np.ndarray]:
    """log10 constants [nM] of one drug [draws] at the sites of which something is known, by rows and bounds.

    At a target of several genes the most potent one counts, in each draw. A draw's uniform numbers are one row of the
    drug's stream: it is the same however many draws there are.
    """
    rows, silent = known
    others = set(
        tables.constructs.filter(pl.col("role") == "other").select("construct", "target").iter_rows()
    )
    variants = dict(
        tables.constructs.filter(pl.col("role") == "variant").select("construct", "target").iter_rows()
    )
    latents: dict[str, np.ndarray] = {}
    carried = [site for site in sites_of(tables) if site.variant]
    model: Linear | None = None
    names: list[str] = []
    needed = 0
    if rows:
        model, names = assemble_rows(rows, tables.targets, estimates)
        needed = numbers_needed(model)
    uniform = np.split(
        stream(seed, drug).random((draws, needed + 1 + len(carried) + 2 * len(silent))),
        [needed, needed + 1, needed + 1 + len(carried)],
        axis=1,
    )
    if model is not None:
        latents = dict(zip(names, sample(model, uniform[0]).T, strict=True))
    cell = latents.get(f"cell|{drug}")
    if cell is None:
        cell = estimates["sd|cell"][0] * ndtri(uniform[1][:, 0])
    genes: dict[Site, list[np.ndarray]] = {}
    free = set(tables.targets.filter(pl.col("mark") == "fixed")["target"])
    for name, values in latents.items():
        kind, *rest = name.split("|")
        if kind != "K" or (rest[2], rest[1]) in others:
            continue
        height = (
            values
            + (0.0 if rest[1].endswith(OUTSIDE) else cell)
            + (0.0 if rest[1] in free else estimates[f"mean|{rest[3]}"][0])
        )
        genes.setdefault(Site(rest[1]), []).append(height)
    for pair, numbers in zip(sorted(silent), np.split(uniform[3].T, max(len(silent), 1)), strict=False):
        if (pair.construct, pair.target) not in others and pair.construct not in variants:
            values = _beyond(pair, estimates, *numbers) + cell
            genes.setdefault(Site(pair.target), []).append(values)
    found = {site: np.min(values, axis=0) for site, values in genes.items()}
    for site, numbers in zip(carried, uniform[2].T, strict=True):
        if Site(site.target) in found:
            found[site] = found[Site(site.target)] + _distance(site, drug, latents, estimates, numbers)
    return found


def _distance(
    site: Site,
    drug: str,
    latents: Mapping[str, np.ndarray],
    estimates: Estimates,
    numbers: np.ndarray,
) -> np.ndarray:
    """log10 of the constant of a variant over that of the target [draws]; unmeasured, any distance of a variant."""
    measured = latents.get(f"variant|{drug}|{site.variant}")
    if measured is None:
        return estimates["sd|variant"][0] * ndtri(numbers)
    genes = {
        name.split("|")[3]: values
        for name, values in latents.items()
        if name.startswith(f"K|{drug}|{site.target}|")
    }
    return measured + genes[site.variant.split("_")[0]] - np.min(list(genes.values()), axis=0)


def _beyond(pair: Silent, estimates: Estimates, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """log10 K [nM] of a pair that no assay saw bind [draws]: beyond the bound, or infinite where it does not bind."""
    mean, sd = estimates["mean|other"][0], math.hypot(estimates["sd|K"][0], estimates["sd|kinomescan"][0])
    tail = ndtr((mean - pair.bound(estimates)) / sd)
    share = estimates["binder share"][0]
    binds = first < share * tail / (share * tail + 1 - share)
    height = mean - sd * ndtri(np.clip(second * tail, 1e-300, 1))
    return np.where(binds, height, np.inf)


@dataclass(frozen=True)
class Potency:
    """The constants of drugs in cells as lanes take them; `digest` stands for all they follow from."""

    tables: Tables = field(repr=False)
    estimates: Estimates = field(repr=False)
    digest: str
    _middles: dict[str, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Medians that were asked for, by drug: loads of many doses ask for the same."""

    def drawn(self, drugs: Sequence[str], draws: int, seed: int) -> np.ndarray:
        """Constants of draws 0 and on [draws, drugs, targets] [nM], infinite where a drug does not bind."""
        found = draw_constants(self.tables, self.estimates, drugs, draws, seed)
        return 10.0 ** found.log10_nM[:, :, : self.tables.targets.height]

    def middle(self, drugs: Sequence[str]) -> np.ndarray:
        """Their medians [drugs, targets] [nM]."""
        if new := [name for name in dict.fromkeys(drugs) if name not in self._middles]:
            found = np.median(self.drawn(new, MIDDLE_DRAWS, 0), axis=0)
            self._middles.update(zip(new, found, strict=True))
        return np.stack([self._middles[name] for name in drugs])
