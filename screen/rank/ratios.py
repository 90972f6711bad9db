"""treated/vehicle of interventions under draws, and where that places them."""

from dataclasses import dataclass

import numpy as np

from screen.rank.draws import LEVEL, count, spread, tied_ranks
from screen.threads import cached_property

RESOLUTION = 1e-4
"""Difference of suppression below which two interventions are level: the solver is no better [fraction]."""


@dataclass(frozen=True)
class Ratios:
    """treated/vehicle of the read-out that is ranked, [interventions, draws]; NaN where a draw does not count.

    weights [draws]: what each draw counts. sign: -1 where the read-out is to rise. placed: what places are taken from,
    where that is more than `ratio`: a pair that stopped stands in later draws where it is expected.
    """

    ratio: np.ndarray
    weights: np.ndarray
    sign: float = 1.0
    placed: np.ndarray | None = None

    @cached_property
    def suppression(self) -> np.ndarray:
        """1 - treated/vehicle; treated/vehicle - 1 of what is to rise."""
        return self.sign * (1.0 - self.ratio)

    @cached_property
    def standing(self) -> np.ndarray:
        """The suppression that an intervention is placed by."""
        return self.suppression if self.placed is None else self.sign * (1.0 - self.placed)

    @cached_property
    def spread(self) -> dict[float, np.ndarray]:
        """Quantiles of the suppression, [interventions], by the share of draws below them."""
        return spread(self.suppression, self.weights)

    @cached_property
    def draws(self) -> np.ndarray:
        """Draws that count, [interventions]."""
        return count(self.ratio)

    @cached_property
    def eligible(self) -> np.ndarray:
        """Interventions that are ranked: those with at least half of the draws, by weight."""
        counted = np.sum(~np.isnan(self.standing) * self.weights, axis=-1)
        return counted >= (0.5 - LEVEL) * np.sum(self.weights)

    @cached_property
    def regret(self) -> np.ndarray:
        """How much more the best of each draw does, among those that are ranked; NaN for others."""
        placed = np.where(self.eligible[:, None], self.standing, np.nan)
        return np.fmax.reduce(placed, axis=0) - placed

    @cached_property
    def ranks(self) -> tuple[np.ndarray, np.ndarray]:
        """First and last rank in each draw among those that are ranked; they differ where some are level."""
        return tied_ranks(np.where(self.eligible[:, None], self.standing, np.nan), RESOLUTION)
