"""The draws behind one ranking: every intervention of one cell, read-out and dose basis, paired by draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from screen.rank.bases import Place, place_series
from screen.rank.draws import LEVEL, count, mean, quantile, tied_ranks
from screen.rank.series import Pool, Potency

LOWEST_RATIO = 2.0**-10
"""Changes are shown down to log2 = -10: below that, treated/vehicle is solver noise."""


@dataclass(frozen=True)
class Comparison:
    """Arrays are [interventions, draws]; NaN where a draw does not count.

    ratio: treated/vehicle of the read-out that is ranked; side: the same for pS727, pERK and pAKT;
    single_ratios [interventions, 2, draws]: each drug of a pair alone at its dose in the pair (NaN for
    single drugs); log10_ic50: half-maximal doses, +-inf where censored; weights [draws]: what each draw counts;
    resolution: difference of suppression below which two interventions are level.
    """

    places: tuple[Place, ...]
    ratio: np.ndarray
    side: Mapping[str, np.ndarray]
    single_ratios: np.ndarray
    log10_ic50: np.ndarray
    weights: np.ndarray
    resolution: float

    @cached_property
    def suppression(self) -> np.ndarray:
        """1 - treated/vehicle."""
        return 1.0 - self.ratio

    @cached_property
    def draws(self) -> np.ndarray:
        """Draws that count, [interventions]."""
        return count(self.ratio)

    @cached_property
    def eligible(self) -> np.ndarray:
        """Interventions that are ranked: those with at least half of the draws, by weight."""
        counted = np.sum(~np.isnan(self.ratio) * self.weights, axis=-1)
        return counted >= (0.5 - LEVEL) * np.sum(self.weights)

    @property
    def total(self) -> int:
        """Draws there could be."""
        return len(self.weights)

    @cached_property
    def ranks(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last rank in each draw among those that are ranked; they differ where some are level."""
        return tied_ranks(np.where(self.eligible[:, None], self.suppression, np.nan), self.resolution)

    @cached_property
    def order(self) -> np.ndarray:
        """Rank by median rank within draws, then median and mean suppression, then name; 1-based, 0 where not ranked.

        Ordered by what its interval is taken from: over a mixture of hypotheses the largest median suppression may
        be of an intervention that no draw has near its place.
        """
        first, last = self.ranks
        middle = quantile((first + last) / 2.0, 0.5, self.weights)
        median = np.round(quantile(self.suppression, 0.5, self.weights) / self.resolution)
        average = np.round(mean(self.suppression, self.weights) / self.resolution)
        ranked = [i for i in range(len(self.places)) if self.eligible[i]]
        ranked.sort(key=lambda i: (middle[i], -median[i], -average[i], self.places[i].intervention))
        order = np.zeros(len(self.places), dtype=np.int64)
        order[ranked] = np.arange(1, len(ranked) + 1)
        return order

    @cached_property
    def excess_over_single(self) -> np.ndarray:
        """Suppression by the pair less that of its better drug alone, in the same draw."""
        return np.min(self.single_ratios, axis=1) - self.ratio

    @cached_property
    def excess_over_bliss(self) -> np.ndarray:
        """Suppression by the pair less 1 - product of the ratios of its drugs (Bliss); positive is synergy."""
        return np.prod(self.single_ratios, axis=1) - self.ratio


def log2_change(ratio: np.ndarray) -> np.ndarray:
    """log2 of treated/vehicle, not below log2 `LOWEST_RATIO`."""
    return np.log2(np.maximum(ratio, LOWEST_RATIO))


def compare(
    pool: Pool,
    places: Sequence[Place],
    readout: int,
    side: Mapping[str, int | None],
    potency: Mapping[str, Potency],
    resolution: float,
) -> Comparison:
    """The draws of `places` in a pool; `side` names read-outs by their index."""
    ordered = tuple(sorted(places, key=lambda place: place.intervention))
    ratio = pool.ratio
    lost = np.full(ratio.shape[-1], np.nan)
    series = {member.drug: member for member in pool.cell.series}

    def read(place: Place, which: int | None) -> np.ndarray:
        if which is None or not place.known:
            return lost
        low, high = ratio[place.lower, which], ratio[place.upper, which]
        return low if place.weight == 0.0 else (1.0 - place.weight) * low + place.weight * high

    def alone(place: Place) -> np.ndarray:
        if len(place.drugs) == 1:
            return np.stack([lost, lost])
        known = [
            place_series(series[drug], dose) if drug in series else None
            for drug, dose in zip(place.drugs, place.doses, strict=True)
        ]
        return np.stack([lost if single is None else read(single, readout) for single in known])

    def half(place: Place) -> np.ndarray:
        return potency[place.drugs[0]].draws[readout] if len(place.drugs) == 1 else lost

    return Comparison(
        places=ordered,
        ratio=np.stack([read(place, readout) for place in ordered]),
        side={name: np.stack([read(place, which) for place in ordered]) for name, which in side.items()},
        single_ratios=np.stack([alone(place) for place in ordered]),
        log10_ic50=np.stack([half(place) for place in ordered]),
        weights=pool.weights,
        resolution=resolution,
    )
