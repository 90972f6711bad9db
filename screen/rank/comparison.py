"""The draws behind one ranking: every intervention of one cell, read-out and dose basis, paired by draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from screen.rank.bases import Place, Standing
from screen.rank.doubt import Doubted
from screen.rank.draws import mean, quantile, spread
from screen.rank.placed import placed
from screen.rank.ratios import RESOLUTION, Ratios
from screen.rank.series import Pool, Potency
from screen.threads import cached_property

LOWEST_RATIO = 2.0**-10
"""Changes are shown down to log2 = -10: below that, treated/vehicle is solver noise."""


@dataclass(frozen=True)
class Comparison:
    """What scores are made of, [interventions, draws] unless said otherwise; NaN where a draw does not count.

    bare: the ratio that is ranked, in the draws as they are; wide: with what the network gets wrong. side: the same
    for observables shown beside; single_ratios [interventions, drugs, draws]: each drug of several alone at its dose
    there (NaN for single drugs, and where that dose was not tested: synergy is never read off an interpolated one);
    of_each [interventions, drugs]: whether there is such a drug; pair_ratios [interventions, pairs, draws]: the pairs
    in a triple (NaN for others);
    log10_ic50: half-maximal doses, +-inf where censored; route, through, unmeasured [interventions]: its kind, where
    it starts and the variants there that were not measured, None where the dose is not known. run [interventions]: in
    how many draws each was simulated.
    """

    places: tuple[Place, ...]
    bare: Ratios
    wide: Ratios
    side: Mapping[str, np.ndarray]
    single_ratios: np.ndarray
    of_each: np.ndarray
    pair_ratios: np.ndarray
    log10_ic50: np.ndarray
    route: np.ndarray
    through: np.ndarray
    unmeasured: np.ndarray
    run: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """What each draw counts, [draws]."""
        return self.bare.weights

    @cached_property
    def order(self) -> np.ndarray:
        """Rank by median rank within draws, then median and mean suppression, then name; 1-based, 0 where not ranked.

        Ordered by what its interval is taken from: over a mixture of hypotheses the largest median suppression may
        be of an intervention that no draw has near its place. By the draws as they are, since what the network gets
        wrong is as often too much as too little.
        """
        bare = self.bare
        first, last = bare.ranks
        middle = quantile((first + last) / 2.0, 0.5, bare.weights)
        median = np.round(bare.spread[0.5] / RESOLUTION)
        average = np.round(mean(bare.suppression, bare.weights) / RESOLUTION)
        ranked = np.flatnonzero(bare.eligible)  # by name
        best = np.lexsort((-average[ranked], -median[ranked], middle[ranked]))
        order = np.zeros(len(self.places), dtype=np.int64)
        order[ranked[best]] = np.arange(1, len(ranked) + 1)
        return order

    @cached_property
    def excess_over_single(self) -> np.ndarray:
        """Effect of the pair or triple less that of its best drug alone, in the same draw."""
        sign = self.bare.sign
        best = np.min(sign * self.single_ratios, axis=1, where=self.of_each[..., None], initial=np.inf)
        return best - sign * self.bare.ratio

    @cached_property
    def excess_over_pair(self) -> np.ndarray:
        """Effect of the triple less that of the best pair in it, in the same draw."""
        sign = self.bare.sign
        return np.min(sign * self.pair_ratios, axis=1) - sign * self.bare.ratio

    @cached_property
    def spread_over_bliss(self) -> dict[float, np.ndarray]:
        """Effect of several drugs less that of the product of their ratios (Bliss), by share of the draws."""
        independent = np.prod(self.single_ratios, axis=1, where=self.of_each[..., None])
        excess = self.bare.sign * (independent - self.bare.ratio)
        return spread(excess, self.weights)

    @cached_property
    def spread_of_ic50(self) -> dict[float, np.ndarray]:
        """Half-maximal doses, log10 nM, by share of the draws."""
        return spread(self.log10_ic50, self.weights)


def log2_change(ratio: np.ndarray) -> np.ndarray:
    """log2 of treated/vehicle, not below log2 `LOWEST_RATIO`."""
    return np.log2(np.maximum(ratio, LOWEST_RATIO))


class Compared(NamedTuple):
    """The read-out that is ranked and those beside it, by their index; sign: -1 where it is to rise."""

    readout: int
    side: Mapping[str, int | None]
    sign: float


def compare(
    pool: Pool,
    standing: Standing,
    wanted: Compared,
    potency: Mapping[str, Potency],
    doubted: Doubted | None = None,
) -> Comparison:
    """The draws of interventions where they stand in a pool. Without doubt they are all there is."""
    simulated = standing.read(pool.ratio, wanted.readout)
    single_ratios = standing.read_rows(standing.alone, pool.ratio, wanted.readout)
    run = np.full(len(simulated), pool.each)
    if pool.run is not None:
        run = np.where(standing.lower < 0, run, pool.run[standing.upper])
    stand = placed(simulated, single_ratios[:, :2], run, pool.each) if np.any(run < pool.each) else None
    bare = Ratios(simulated, pool.weights, wanted.sign, stand)
    half, none = np.full(simulated.shape, np.nan), np.full(len(simulated), None)
    for at, place in enumerate(standing.places):
        if len(place.drugs) == 1 and place.drugs[0] in potency:
            half[at] = potency[place.drugs[0]].draws
    return Comparison(
        places=standing.places,
        bare=bare,
        wide=doubted.widened(bare) if doubted else bare,
        side={
            name: np.full(simulated.shape, np.nan) if which is None else standing.read(pool.ratio, which)
            for name, which in wanted.side.items()
        },
        single_ratios=single_ratios,
        of_each=standing.drugs[1][:, : standing.alone.shape[1]] >= 0,
        pair_ratios=standing.read_rows(standing.within, pool.ratio, wanted.readout),
        run=run * (len(pool.weights) // pool.each),
        log10_ic50=half,
        route=doubted.route if doubted else none,
        through=doubted.through if doubted else none,
        unmeasured=doubted.unmeasured if doubted else none,
    )
