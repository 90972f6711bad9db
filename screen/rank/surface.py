"""What two drugs do together beyond what they should: one entry in `EXCESSES` is three columns of `combinations.csv`.

A surface has the suppression by a pair at its doses under every draw, and both drugs alone; a reference says what the
pair would do if its drugs were alike (Loewe), independent (Bliss), independent in potency (ZIP) or useless to each
other (HSA). Excess is suppression less that of the reference, as a fraction: positive is synergy.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from screen.rank.curves import Curves
from screen.rank.dose_curve import DoseCurve, unsized
from screen.rank.hill import FEWEST, FLAT, fit_hill
from screen.rank.loewe import Reference, loewe_reference
from screen.rank.paired import Ratio
from screen.rank.series import Cell, Combination
from screen.threads import cached_property


class Matrix(NamedTuple):
    """A pair over a whole matrix of doses: those of each drug [nM], and its points [doses of both]."""

    pair: Combination
    doses: tuple[np.ndarray, np.ndarray]
    points: np.ndarray


@dataclass(frozen=True)
class Surface:
    """The pairs of a cell in one read-out, all points of one after those of another.

    doses [points, 2] [nM]; suppression by the pair `effect` [points, draws] and by each of its drugs alone at its dose
    there, `alone` [2, points, draws]; raises, idle, lost (of `DoseCurve`) [2, points, draws]; Loewe's reference; the
    `curves` of the drugs.
    """

    pairs: tuple[Combination, ...]
    doses: np.ndarray
    effect: np.ndarray
    alone: np.ndarray
    raises: np.ndarray
    idle: np.ndarray
    lost: np.ndarray
    loewe: Reference
    curves: Curves

    @cached_property
    def matrices(self) -> list[Matrix]:
        """Pairs with a whole matrix, of two doses or more of each drug."""
        found = []
        for _, members in groupby(range(len(self.pairs)), key=lambda at: self.pairs[at].intervention):
            points = np.array(list(members))
            if len(points) < 4:
                continue
            first, row = np.unique(self.doses[points, 0], return_inverse=True)
            second, column = np.unique(self.doses[points, 1], return_inverse=True)
            if len(points) == len(first) * len(second) and min(len(first), len(second)) > 1:
                places = np.empty((len(first), len(second)), dtype=np.int64)
                places[row, column] = points
                found.append(Matrix(self.pairs[points[0]], (first, second), places))
        return found

    def curve(self, drug: str) -> DoseCurve:
        """The curve of a drug alone."""
        return next(curve.of(drugs.index(drug)) for drugs, curve in self.curves if drug in drugs)


def surface_of(cell: Cell, ratio: Ratio, curves: Curves) -> Surface:
    """The pairs of a cell in one read-out, from treated/vehicle [scenarios, draws] and its drugs alone."""
    pairs = cell.pairs
    own = list(_of_drugs(curves, {drug for pair in pairs for drug in pair.drugs}))
    place = {drug: at for at, drug in enumerate(drug for drugs, _ in own for drug in drugs)}
    doses = np.array([pair.doses for pair in pairs])
    drugs = np.array([[place[drug] for drug in pair.drugs] for pair in pairs])
    of_drug = {
        name: np.concatenate([getattr(curve, name) for _, curve in own])
        for name in ("raises", "idle", "lost", "reach", "log10_dose")
    }
    raises, idle, lost = (of_drug[name][drugs.T] for name in ("raises", "idle", "lost"))
    rows = np.array([pair.alone for pair in pairs]).T
    effect, alone = 1.0 - ratio[[pair.row for pair in pairs]], 1.0 - ratio[rows]
    alone[rows < 0] = np.nan
    reference = loewe_reference(doses, drugs, of_drug["log10_dose"], of_drug["reach"])
    return Surface(pairs, doses, effect, alone, raises, idle, lost, reference, own)


def _of_drugs(curves: Curves, wanted: Collection[str]) -> Curves:
    """The curves of these drugs."""
    places = [[at for at, drug in enumerate(drugs) if drug in wanted] for drugs, _ in curves]
    return [
        ([drugs[at] for at in own], curve.of(own))
        for own, (drugs, curve) in zip(places, curves, strict=True)
        if own
    ]


def _hsa(surface: Surface) -> np.ndarray:
    return surface.effect - np.maximum(*surface.alone)


def _bliss(surface: Surface) -> np.ndarray:
    first, second = surface.alone
    return surface.effect - (first + second - first * second)


def _loewe(surface: Surface) -> np.ndarray:
    """Beyond `loewe_reference`; a drug that never does as much adds nothing to it.

    There is no reference where one drug raises what the other suppresses.
    """
    (first, second), (first_idle, second_idle) = surface.raises, surface.idle
    opposed = (first != second) & ~first_idle & ~second_idle
    beside_idle = np.where(first_idle, surface.alone[1], surface.alone[0])
    beside_idle = np.where(first_idle & second_idle, np.maximum(*surface.alone), beside_idle)
    alike = unsized(surface.loewe.size, np.where(first_idle, second, first))
    reference = np.where(first_idle | second_idle, beside_idle, alike)
    return np.where(opposed | surface.lost.any(axis=0), np.nan, surface.effect - reference)


def _zip(surface: Surface) -> np.ndarray:
    """Yadav 2015: what the other drug changes in the Hill curve of each, the mean of both.

    A curve begins at what the other drug does alone, as simulated and not as fitted: what is no Hill curve would
    otherwise be an excess, even with a partner that does nothing.
    """
    found = np.full_like(surface.effect, np.nan)
    for _, doses, points in surface.matrices:
        if min(points.shape) >= FEWEST:
            matrix = surface.effect[points]
            first, second = surface.alone[0, points[:, 0]], surface.alone[1, points[0]]
            along_first = _changed(matrix, first, second, doses[0])
            along_second = np.swapaxes(_changed(np.swapaxes(matrix, 0, 1), second, first, doses[1]), 0, 1)
            found[points] = (along_first + along_second) / 2.0
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
