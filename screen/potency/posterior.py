"""What is known of the constants of each drug, and draws of them by the drug's name.

What drugs share (`estimates.tsv`) is an input here, so that the posterior of a drug follows from its own rows alone.
Its draws take a random stream of their own, seeded by the digest of its name: whatever else stands in the tables,
they are the same to the last bit. What a variant needs beyond that has a stream by the name of the variant too: one
more variant changes no other constant.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import ndtri

from screen.potency.assemble import assemble_rows
from screen.potency.distance import distance_of
from screen.potency.linear import ABOVE, TINY, Linear, numbers_needed, sample, truncated
from screen.potency.rows import (
    Estimates,
    Measured,
    Row,
    Silent,
    Tables,
    gene_of,
    kind_of,
    read_measured,
    site_of,
    sites_in,
)

OUTSIDE = "_CAPTURE"
"""Ends the targets outside a cell, which a drug meets as it is."""

MIDDLE_DRAWS = 1000
"""Draws behind the medians that a run without draws takes."""

SPARE = 2
"""Numbers of a drug's stream that nothing takes: with them, draws are the same as those that facts were held to."""


class Site(NamedTuple):
    """Where a constant acts: the target, and the variant of its gene that a cell carries, or `` for the gene."""

    target: str
    variant: str = ""


@dataclass(frozen=True)
class Constants:
    """log10 constants [nM] in the cell, log10_nM [draws, drugs, sites]; infinite: no binding."""

    drugs: tuple[str, ...]
    sites: tuple[Site, ...]
    log10_nM: np.ndarray

    def at(self, targets: Sequence[str], carried: Mapping[str, str]) -> np.ndarray:
        """log10 constants [draws, drugs, targets] in a cell that carries these variants, by target."""
        place = {site: index for index, site in enumerate(self.sites)}
        columns = [place[Site(target, carried.get(target, ""))] for target in targets]
        return self.log10_nM[:, :, columns]


class Known(NamedTuple):
    """What was measured of one drug: rows, pairs with nothing but bounds, rows of variants apart from their gene.

    `bounds`: of the constructs with nothing but bounds, those apart too.
    """

    rows: list[Row]
    silent: list[Silent]
    apart: list[Row]
    bounds: dict[str, Silent]


def stream(seed: int, *names: str) -> np.random.Generator:
    """The random stream of a drug, or of a part of what is not known of it."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:16], "big")])


def sites_of(tables: Tables) -> tuple[Site, ...]:
    """Every target, then every variant that a cell can carry."""
    variants = tables.constructs.filter(pl.col("role") != "other").select("target", "construct")
    return (*(Site(name) for name in tables.targets["target"]), *(Site(*row) for row in variants.iter_rows()))


def draw_constants(
    tables: Tables, estimates: Estimates, drugs: Iterable[str], draws: int, seed: int,
    measured: Measured | None = None,
) -> Constants:  # fmt: skip
    """Constants of some drugs; a drug without a single row binds nothing. `measured`: what the tables say, if read."""
    drugs, sites = tuple(drugs), sites_of(tables)
    rows, silent, apart, bounds = measured or read_measured(tables)
    found = []
    for name in drugs:
        known = Known(
            [row for row in rows if row.drug == name],
            [pair for pair in silent if pair.drug == name],
            [row for row in apart if row.drug == name],
            {pair.construct: pair for pair in (*silent, *bounds) if pair.drug == name},
        )
        found.append(draw_drug(name, known, tables, estimates, draws, seed))
    values = np.full((draws, len(drugs), len(sites)), np.inf)
    for index, constants in enumerate(found):
        for place, site in enumerate(sites):
            values[:, index, place] = constants.get(site, np.inf)
    return Constants(drugs, sites, values)


def draw_drug(
    drug: str, known: Known, tables: Tables, estimates: Estimates, draws: int, seed: int
) -> dict[Site, np.ndarray]:
    """log10 constants [nM] of one drug [draws] at the sites of which something is known.

    At a target of several genes the most potent one counts, in each draw. A draw's uniform numbers are one row of the
    drug's stream: it is the same however many draws there are. A variant that was not measured lies as far from its
    target as it does for other drugs, or as such variants do; beyond the bound, where one is all that is known. To
    antibodies variants, which are of kinase domains, make no difference.
    """
    others = set(tables.constructs.filter(role="other").select("target", "construct").iter_rows())
    variants = [site for site in sites_of(tables) if site.variant]
    latents: dict[str, np.ndarray] = {}
    model: Linear | None = None
    names: list[str] = []
    needed = 0
    if known.rows:
        model, names = assemble_rows(known.rows, tables.targets, estimates)
        needed = numbers_needed(model)
    taken = needed + 1 + SPARE
    uniform = stream(seed, drug).random((draws, taken + 2 * len(known.silent)))
    if model is not None:
        latents = dict(zip(names, sample(model, uniform[:, :needed]).T, strict=True))
    cell = latents.setdefault(f"cell|{drug}", estimates["sd|cell"][0] * ndtri(uniform[:, needed]))
    free = set(tables.targets.filter(mark="fixed")["target"])

    def height(name: str, values: np.ndarray) -> np.ndarray:
        """log10 constant in the cell of a latent K."""
        (target, _), made = site_of(name), name.rpartition("|")[2]
        return (
            values
            + (0.0 if target.endswith(OUTSIDE) else cell)
            + (0.0 if target in free else estimates[f"mean|{made}"][0])
        )

    genes = {site_of(name): height(name, values) for name, values in latents.items() if kind_of(name) == "K"}
    heights: dict[Site, list[np.ndarray]] = {}
    for (target, _), values in genes.items():
        heights.setdefault(Site(target), []).append(values)
    parts = np.split(uniform[:, taken:].T, max(len(known.silent), 1))
    for pair, numbers in zip(sorted(known.silent), parts, strict=False):
        if others.union(variants).isdisjoint([(pair.target, pair.construct)]):
            heights.setdefault(Site(pair.target), []).append(_beyond(pair, estimates, *numbers) + cell)
    found = {site: np.min(values, axis=0) for site, values in heights.items()}
    for site in variants:
        own = stream(seed, drug, *site)
        distance = latents.get(f"variant|{drug}|{site.variant}")
        if rows := [row for row in known.apart if site in sites_in(row)]:
            given = _given(*assemble_rows(rows, tables.targets, estimates), latents, own)
            (name,) = (name for name in given if kind_of(name) == "K" and site_of(name) == site)
            found[site] = height(name, given[name])
        elif distance is not None:
            found[site] = genes[site.target, gene_of(site.variant)] + distance
        elif drug in tables.antibodies and Site(site.target) in found:
            found[site] = found[Site(site.target)]
        elif Site(site.target) in found:
            shift, sd = distance_of(site.variant, drug, tables, estimates)
            u = np.maximum(own.random(draws), TINY)
            if seen := known.bounds.get(site.variant):
                bound = seen.bound(estimates) + cell
                found[site] = truncated(found[Site(site.target)] + shift, sd, bound, ABOVE, u)
            else:
                found[site] = found[Site(site.target)] + shift + sd * ndtri(u)
    return found


def _given(
    model: Linear, names: Sequence[str], known: Mapping[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The latents of a model that are not known yet [draws], given those that are."""
    told = np.array([name in known for name in names])
    before = np.array([known[name] for name in names if name in known])
    left = replace(model, design=model.design[:, ~told], mean=model.mean[~told], latents=model.latents[~told])
    uniform = rng.random((before.shape[1], numbers_needed(left)))
    drawn = sample(left, uniform, (model.design[:, told] @ before).T)
    return dict(zip(np.array(names)[~told], drawn.T, strict=True))


def _beyond(pair: Silent, estimates: Estimates, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """log10 K [nM] of a pair that no assay saw bind [draws]: beyond the bound, or infinite where it does not bind."""
    (mean, sd), tail = pair.prior(estimates), pair.tail(estimates)
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

    @cached_property
    def _measured(self) -> Measured:
        """What the tables say, read once."""
        return read_measured(self.tables)

    def drawn(self, drugs: Sequence[str], draws: int, seed: int) -> np.ndarray:
        """Constants of draws 0 and on [draws, drugs, sites] [nM], infinite where a drug does not bind."""
        constants = draw_constants(self.tables, self.estimates, drugs, draws, seed, self._measured)
        return 10.0**constants.log10_nM

    def middle(self, drugs: Sequence[str]) -> np.ndarray:
        """Their medians [drugs, sites] [nM]."""
        if new := [name for name in dict.fromkeys(drugs) if name not in self._middles]:
            found = np.median(self.drawn(new, MIDDLE_DRAWS, 0), axis=0)
            self._middles.update(zip(new, found, strict=True))
        return np.stack([self._middles[name] for name in drugs])

    def unmeasured(self, target: str, variant: str) -> tuple[str, ...]:
        """Drugs that were seen to bind a target, but of which nothing but bounds is known on a variant of it."""
        rows, _, apart, _ = self._measured
        measured = {row.drug for row in apart if (target, variant) in sites_in(row)}
        measured |= {row.drug for row in rows if f"variant|{row.drug}|{variant}" in dict(row.terms)}
        bound = {row.drug for row in rows if any(site[0] == target for site in sites_in(row))}
        return tuple(sorted(bound - measured - self.tables.antibodies))
