"""The effect of one drug over its dose, as a curve: what Loewe's reference reads doses off.

Through every simulated point; between two of them it follows the Hill curve of the series, and monotone cubics carry
what that leaves over. Beyond the doses tested there is only the Hill curve. Where an effect falls with dose, it is
held.
"""

from dataclasses import dataclass

import numpy as np

from screen.rank.hill import FLAT, Hill
from screen.threads import cached_property

LEVELS = np.linspace(0.0, 1.0, 2001)
"""Sizes of an effect at which equivalent doses are tabulated."""

GRID, BEYOND = 40, 3.0
"""Points a decade of a curve, and decades that it goes beyond the doses tested."""


@dataclass(frozen=True)
class DoseCurve:
    """Suppression by a drug in one cell and read-out: doses [doses] [nM], ascending, effect [doses, draws], the log10
    dose of half suppression and the Hill curve of each draw; of several drugs [drugs, draws] for [draws]."""

    doses: np.ndarray
    effect: np.ndarray
    log10_xc50: np.ndarray
    hill: Hill

    def of(self, place: int | list[int]) -> "DoseCurve":
        """The curve of one of several drugs, or of some."""
        return DoseCurve(self.doses, self.effect[:, place], self.log10_xc50[place], self.hill.of(place))

    @cached_property
    def raises(self) -> np.ndarray:
        """Where the drug raises what it should suppress, [draws]: by its largest effect."""
        known = np.nan_to_num(self.effect)
        return np.max(-known, axis=0) > np.max(known, axis=0)

    @cached_property
    def idle(self) -> np.ndarray:
        """Where the drug does nothing, [draws]."""
        return np.max(np.abs(np.nan_to_num(self.effect)), axis=0) <= FLAT

    @cached_property
    def lost(self) -> np.ndarray:
        """Where a dose was lost, [draws]."""
        return np.isnan(self.effect).any(axis=0)

    @cached_property
    def reach(self) -> np.ndarray:
        """Largest size of an effect at the doses tested, [draws]."""
        return np.max(sized(np.nan_to_num(self.effect), self.raises), axis=0)

    @cached_property
    def log10_dose(self) -> np.ndarray:
        """The dose that has an effect of LEVELS by `sized`, log10 nM [draws, levels]; infinite where none has it."""
        at, effect = self._drawn()
        size = np.maximum.accumulate(np.moveaxis(sized(effect, self.raises), 0, -1), axis=-1)
        curves = size.reshape(-1, len(at))
        dose = np.stack([np.interp(LEVELS, each, at, right=np.inf) for each in curves])
        dose = dose.reshape(*size.shape[:-1], len(LEVELS))
        dose[self.idle] = np.inf
        return dose

    def _drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """The curve: log10 doses [points], effect [points, draws]; 0 in a draw of which a dose was lost."""
        from scipy.interpolate import PchipInterpolator  # half a second, which a dry run need not wait for

        known = np.log10(self.doses)
        low, high = known[0] - BEYOND, known[-1] + BEYOND
        at = np.union1d(known, np.linspace(low, high, round(GRID * (high - low)) + 1))
        effect, hill = np.nan_to_num(self.effect), np.nan_to_num(self.hill.at(at))
        rest = effect - np.nan_to_num(self.hill.at(known))
        inside = np.clip(at, known[0], known[-1])
        found = hill + (PchipInterpolator(known, rest)(inside) if len(known) > 1 else rest)
        steepness = np.where(np.isnan(self.hill.slope), 1.0, self.hill.slope)
        below = at < known[0]
        away = np.reshape(at[below] - known[0], (-1,) + (1,) * steepness.ndim)
        found[below] = effect[0] * 10.0 ** (steepness * away)
        return at, np.minimum(found, 1.0)


def sized(effect: np.ndarray, raises: np.ndarray) -> np.ndarray:
    """An effect by its size from 0 to 1: suppression, or where a drug raises 1 - vehicle/treated; not below 0."""
    return np.maximum(np.where(raises, -effect / (1.0 - np.minimum(effect, 0.0)), effect), 0.0)


def unsized(size: np.ndarray, raises: np.ndarray) -> np.ndarray:
    """The effect of a size."""
    return np.where(raises, -size / np.maximum(1.0 - size, LEVELS[1]), size)
