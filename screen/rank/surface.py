"""What two drugs do together beyond what they should: one entry in `EXCESSES` is three columns of `combinations.csv`.

A surface has the suppression by a pair at its doses under every draw, and both drugs alone; a reference says what the
pair would do if its drugs were alike (Loewe), independent (Bliss), independent in potency (ZIP) or useless to each
other (HSA). Excess is suppression less that of the reference, as a fraction: positive is synergy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from screen.rank.dose_curve import DoseCurve, unsized
from screen.rank.hill import FEWEST, FLAT, fit_hill
from screen.rank.loewe import Reference, loewe_reference
from screen.rank.series import Cell
from screen.threads import cached_property


@dataclass(frozen=True)
class Surface:
    """A pair in one cell and read-out: doses [points, 2] [nM], suppression [points, draws], its drugs alone, and
    Loewe's reference."""

    intervention: str
    drugs: tuple[str, str]
    doses: np.ndarray
    effect: np.ndarray
    first: DoseCurve
    second: DoseCurve
    loewe: Reference

    @cached_property
    def alone(self) -> tuple[np.ndarray, np.ndarray]:
        """Suppression by each drug alone at its dose in the pair, each [points, draws]."""
        return self.first.at(self.doses[:, 0]), self.second.at(self.doses[:, 1])

    @cached_property
    def places(self) -> np.ndarray | None:
        """The points of a matrix [doses of the first, doses of the second]; None where the pair has no whole one."""
        first, row = np.unique(self.doses[:, 0], return_inverse=True)
        second, column = np.unique(self.doses[:, 1], return_inverse=True)
        if len(self.doses) != len(first) * len(second):
            return None
        found = np.empty((len(first), len(second)), dtype=np.int64)
        found[row, column] = np.arange(len(self.doses))
        return found

    @property
    def is_matrix(self) -> bool:
        """Whether it has a whole matrix, of two doses or more of each drug."""
        return self.places is not None and min(self.places.shape) > 1


def surfaces_of(cell: Cell, ratio: np.ndarray, curves: Mapping[str, DoseCurve]) -> list[Surface]:
    """The pairs of a cell in one read-out, from treated/vehicle [scenarios, draws] and its drugs alone."""
    names = sorted({drug for pair in cell.pairs for drug in pair.drugs})
    doses = np.array([pair.doses for pair in cell.pairs])
    places = np.array([[names.index(drug) for drug in pair.drugs] for pair in cell.pairs])
    reference = loewe_reference(doses, places, [curves[name] for name in names])
    effect = 1.0 - ratio[[pair.row for pair in cell.pairs]]
    found, start = [], 0
    for intervention, members in groupby(cell.pairs, key=attrgetter("intervention")):
        pairs = list(members)
        points = slice(start, start := start + len(pairs))
        first, second = (curves[drug] for drug in pairs[0].drugs)
        found.append(
            Surface(
                intervention,
                pairs[0].drugs,
                doses[points],
                effect[points],
                first,
                second,
                reference.of(points),
            )
        )
    return found


def _hsa(surface: Surface) -> np.ndarray:
    return surface.effect - np.maximum(*surface.alone)


def _bliss(surface: Surface) -> np.ndarray:
    first, second = surface.alone
    return surface.effect - (first + second - first * second)


def _loewe(surface: Surface) -> np.ndarray:
    """Beyond `loewe_reference`; a drug that never does as much adds nothing to it.

    There is no reference where one drug raises what the other suppresses.
    """
    first, second = surface.first, surface.second
    raises = np.where(first.idle, second.raises, first.raises)
    opposed = (first.raises != second.raises) & ~first.idle & ~second.idle
    beside_idle = np.where(first.idle, surface.alone[1], surface.alone[0])
    beside_idle = np.where(first.idle & second.idle, np.maximum(*surface.alone), beside_idle)
    reference = np.where(first.idle | second.idle, beside_idle, unsized(surface.loewe.size, raises))
    lost = opposed | np.isnan(first.effect).any(axis=0) | np.isnan(second.effect).any(axis=0)
    return np.where(lost, np.nan, surface.effect - reference)


def _zip(surface: Surface) -> np.ndarray:
    """Yadav 2015: what the other drug changes in the Hill curve of each, the mean of both.

    A curve begins at what the other drug does alone, as simulated and not as fitted: what is no Hill curve would
    otherwise be an excess, even with a partner that does nothing.
    """
    places = surface.places
    if places is None or min(places.shape) < FEWEST:
        return np.full_like(surface.effect, np.nan)
    matrix = surface.effect[places]
    doses = [np.unique(surface.doses[:, which]) for which in (0, 1)]
    first, second = surface.first.at(doses[0]), surface.second.at(doses[1])
    along_first = _changed(matrix, first, second, doses[0])
    along_second = np.swapaxes(_changed(np.swapaxes(matrix, 0, 1), second, first, doses[1]), 0, 1)
    found = np.empty_like(surface.effect)
    found[places] = (along_first + along_second) / 2.0
    return np.where(np.isnan(surface.effect), np.nan, found)


def _changed(matrix: np.ndarray, own: np.ndarray, other: np.ndarray, doses: np.ndarray) -> np.ndarray:
    """Hill curves of a drug [doses, others, draws] beside doses of another, less its own from there on.

    own [doses, draws], other [others, draws]: what each does alone.
    """
    left = np.maximum(1.0 - other, FLAT)
    beside = fit_hill(np.moveaxis((matrix - other) / left, 0, -1), doses)
    alone = fit_hill(own.T, doses)
    at = np.log10(doses)
    return left * (beside.at(at) - alone.at(at)[:, None])


class Excess(NamedTuple):
    """Name, what it is beyond, and how it is computed: [points, draws]."""

    name: str
    beyond: str
    value: Callable[[Surface], np.ndarray]


EXCESSES = (
    Excess("hsa", "its better drug alone (highest single agent)", _hsa),
    Excess("bliss", "Bliss independence", _bliss),
    Excess("loewe", "Loewe additivity, by the simulated doses of each drug that do as much alone", _loewe),
    Excess(
        "zip", "zero interaction of potencies (ZIP), by Hill curves; matrices of 4 x 4 doses or more", _zip
    ),
)
