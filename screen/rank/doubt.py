"""What the network gets wrong about an intervention, drawn by its name beside what the draws disagree on.

`screen.scenarios.Discrepancy` has the sd of the error of log2(treated/vehicle) by the kind of route. An error belongs
to a cell, a drug and a draw, and is a product of two standard normal numbers: in its sd it is the same at every dose,
time and basis and under every hypothesis, for whatever else is ranked, and that of a pair is made of those of its
drugs.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.network import ROUTES
from screen.rank.bases import Place
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

    def route(self, place: Place) -> str | None:
        """The kind of route at a dose, under the hypotheses the most direct one; None where no dose is known."""
        return ROUTES[int(self.code[place.upper].min())] if place.known else None

    def through(self, place: Place) -> str | None:
        """The targets where its routes start at a dose, under any of the hypotheses; None where there is none."""
        return _joined(self.targets, place)

    def not_measured_on(self, place: Place) -> str | None:
        """The variants that the cell carries at held targets and that a drug was not measured on; None for none."""
        return _joined(self.unmeasured, place)

    def widened(self, bare: Ratios, places: Sequence[Place], context: str) -> Ratios:
        """Ratios with errors: `REPEATS` draws in place of each; as they are where nothing is known to be wrong."""
        if self.discrepancy is None:
            return bare
        code = self.code[[place.upper for place in places]]
        there = bare.ratio if bare.placed is None else bare.placed
        ratio = there.reshape(*code.shape, -1)  # the draws of one hypothesis come after those of another
        sd = np.empty_like(ratio)
        for number, route in enumerate(ROUTES):
            sd[code == number] = self.discrepancy.of(route, ratio[code == number])
        normal = np.stack([self._normal(place, context) for place in places])
        wide = (ratio[..., None] * np.exp2(sd[..., None] * normal[:, None])).reshape(len(places), -1)
        weights = np.repeat(bare.weights, REPEATS)
        if bare.placed is None:
            return replace(bare, ratio=wide, weights=weights)
        lost = np.repeat(np.isnan(bare.ratio), REPEATS, axis=-1)
        return replace(bare, ratio=np.where(lost, np.nan, wide), weights=weights, placed=wide)

    def _normal(self, place: Place, context: str) -> np.ndarray:
        """Errors in their sd [draws, repeats] of an intervention, those of its drugs together."""
        drawn = [self._normal_of(f"{context}\0{drug}") for drug in place.drugs]
        return drawn[0] if len(drawn) == 1 else np.asarray(sum(drawn) / np.sqrt(len(drawn)))

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


def _joined(names: np.ndarray, place: Place) -> str | None:
    """Each of the names [rows, hypotheses] of a place once, in the order of the hypotheses."""
    found = " ".join(names[place.upper]) if place.known else ""
    return " ".join(dict.fromkeys(found.split())) or None
