"""What the network gets wrong about an intervention, drawn by its name beside what the draws disagree on.

`screen.scenarios.Discrepancy` has the sd of the error of log2(treated/vehicle) by the kind of route. An error belongs
to a cell, a drug and a draw, and is a product of two standard normal numbers: in its sd it is the same at every dose,
time and basis and under every hypothesis, for whatever else is ranked, and that of a pair is made of those of its
drugs. What a genetic change sets counts as a drug, how much of it is left as its dose.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.network import ROUTES
from screen.rank.bases import Standing
from screen.rank.mixture import pools
from screen.rank.ratios import Ratios
from screen.rank.responses import ResponseArray
from screen.rank.series import Cell
from screen.scenarios import Discrepancy, normal_stream
from screen.threads import cached_property

REPEATS = 8
"""Errors drawn for each draw: as many draws as there are would leave the ends of intervals to chance."""


@dataclass(frozen=True)
class Doubt:
    """The routes of the scenarios (ROUTED), what is wrong by route (None: nothing known), and the seed of the run."""

    routes: pl.DataFrame
    discrepancy: Discrepancy | None
    seed: int

    def digest(self, found: ResponseArray) -> str:
        """SHA-256 of these responses and all that is here, for any order of rows."""
        routes = self.routes.sort("scenario").write_csv()
        wrong = sorted(self.discrepancy.sd.items()) if self.discrepancy else None
        return hashlib.sha256(repr((found.digest(), routes, wrong, self.seed)).encode()).hexdigest()

    def pooled(self, found: ResponseArray, cells: Sequence[Cell]) -> Iterator["PoolDoubt"]:
        """For each of the `pools` of these cells, in their order. RankError where a scenario has no route."""
        kinds = found.scenarios.select("scenario", "role").join(
            self.routes, on="scenario", how="left", maintain_order="left"
        )
        lost = kinds.filter(pl.col("route").is_null() & (pl.col("role") != "vehicle"))
        if lost.height:
            raise RankError(
                f"routes: must be there for every scenario, found none for {lost.height}, e.g. {lost['scenario'][0]}"
            )
        codes = (
            kinds["route"]
            .fill_null(ROUTES[-1])
            .replace_strict(dict(zip(ROUTES, range(len(ROUTES)), strict=True)))
        )
        code, number = codes.to_numpy(), np.asarray(found.draws)
        targets, unmeasured = (
            kinds[name].fill_null("").to_numpy().astype(object) for name in ("targets", "unmeasured")
        )
        for pool in pools(cells, np.arange(len(code))[:, None, None]):
            scenario = pool.ratio[:, 0]
            yield PoolDoubt(
                code[scenario], targets[scenario], unmeasured[scenario], number, self.discrepancy, self.seed
            )


@dataclass(frozen=True)
class PoolDoubt:
    """The same for one pool: place in `ROUTES`, targets, unmeasured variants [rows, hypotheses]; numbers of draws."""

    code: np.ndarray
    targets: np.ndarray
    unmeasured: np.ndarray
    number: np.ndarray
    discrepancy: Discrepancy | None
    seed: int

    def of(self, standing: Standing, context: str) -> "Doubted":
        """What is said, and wrong, of interventions where they stand."""
        through, unmeasured = (
            np.array([once(*names[row]) if row >= 0 else None for row in standing.upper], dtype=object)
            for names, once in ((self.targets, cache(_once)), (self.unmeasured, cache(_once)))
        )
        code = self.code[standing.upper]
        route = np.array(ROUTES, dtype=object)[code.min(axis=1)]
        route[standing.lower < 0] = None
        normal = None if self.discrepancy is None else self._normal(standing, context)
        return Doubted(route, through, unmeasured, code, normal, self.discrepancy)

    def _normal(self, standing: Standing, context: str) -> np.ndarray:
        """Errors in their sd [interventions, draws, repeats], those of the drugs of each together."""
        names, given = standing.drugs
        drawn = np.stack([self._normal_of(f"{context}\0{name}") for name in names])
        found = np.zeros((len(given), *drawn.shape[1:]))
        for drug in given.T:
            found[drug >= 0] += drawn[drug[drug >= 0]]
        return found / np.sqrt(np.sum(given >= 0, axis=1))[:, None, None]

    def _normal_of(self, name: str) -> np.ndarray:
        """Those of one drug, drawn once for all read-outs and bases."""
        if name not in self._drawn:
            number = self.number[:, None] * REPEATS + np.arange(REPEATS)
            wrong, where = (normal_stream(self.seed, kind, name, number) for kind in ("wrong", "discrepancy"))
            self._drawn[name] = wrong * where
        return self._drawn[name]

    @cached_property
    def _drawn(self) -> dict[str, np.ndarray]:
        return {}


@dataclass(frozen=True)
class Doubted:
    """What is said of interventions where they stand [interventions], None where there is nothing to say or no dose.

    route: its kind, under the hypotheses the most direct one; through: the targets where its routes start, under any
    of them; unmeasured: the variants that the cell carries at held targets and a drug was not measured on. code
    [interventions, hypotheses]: place of the route in `ROUTES`; normal [interventions, draws, repeats]: errors in their
    sd.
    """

    route: np.ndarray
    through: np.ndarray
    unmeasured: np.ndarray
    code: np.ndarray
    normal: np.ndarray | None
    discrepancy: Discrepancy | None

    def widened(self, bare: Ratios) -> Ratios:
        """Ratios with errors: `REPEATS` draws in place of each; as they are where nothing is known to be wrong."""
        if self.discrepancy is None or self.normal is None:
            return bare
        there = bare.ratio if bare.placed is None else bare.placed
        ratio = there.reshape(*self.code.shape, -1)  # the draws of one hypothesis come after those of another
        sd = np.empty_like(ratio)
        for number, route in enumerate(ROUTES):
            sd[self.code == number] = self.discrepancy.of(route, ratio[self.code == number])
        wide = (ratio[..., None] * np.exp2(sd[..., None] * self.normal[:, None])).reshape(len(ratio), -1)
        weights = np.repeat(bare.weights, REPEATS)
        if bare.placed is None:
            return replace(bare, ratio=wide, weights=weights)
        lost = np.repeat(np.isnan(bare.ratio), REPEATS, axis=-1)
        return replace(bare, ratio=np.where(lost, np.nan, wide), weights=weights, placed=wide)


def _once(*names: str) -> str | None:
    """Each of the names, under each hypothesis, once, in their order."""
    return " ".join(dict.fromkeys(" ".join(names).split())) or None
