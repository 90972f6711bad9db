"""What an intervention leaves of the vehicle, paired by draw: treated/vehicle of one context, hypothesis and draw."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from screen.rank.responses import ResponseArray
    from screen.rank.series import Cell

LEAST = 1e-9
"""treated/vehicle that is as good as 0."""


@dataclass(frozen=True)
class PairedRatio:
    """treated/vehicle, computed where it is read: of large screens it is as large as the responses themselves.

    It is read as an array is, by rows or by rows and a read-out. values [scenarios, ..., draws]; vehicle [scenarios]:
    the row of the vehicle of each; sign: that of `falling`.
    """

    values: np.ndarray
    vehicle: np.ndarray
    floor: float
    sign: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array."""
        return self.values.shape

    def __getitem__(self, at: Any) -> np.ndarray:
        rows, *readout = at if isinstance(at, tuple) else (at,)
        found = np.maximum(self.values[rows, *readout], 0.0)
        reference = self.values[self.vehicle[rows], *readout]
        found /= np.where(reference >= self.floor, reference, np.nan)
        return falling(found, self.sign)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def of(self, readout: int) -> "PairedRatio":
        """The same in one read-out, of values [scenarios, draws]."""
        return replace(self, values=self.values[:, readout])

    def falling(self, sign: float) -> "PairedRatio":
        """The same, of which `falling` is read."""
        return replace(self, sign=sign)


def paired_ratio(responses: "ResponseArray", cells: Iterable["Cell"], vehicle_floor: float) -> PairedRatio:
    """treated/vehicle of the same context, hypothesis and draw, [scenarios, readouts, draws].

    NaN where either trajectory failed or the vehicle is below `vehicle_floor` [unit of the read-out]: there
    is nothing to suppress, and the ratio of two small numbers says nothing. Solver noise below zero is zero.

    >>> paired_ratio(gather_responses(responses, scenarios), find_cells(scenarios), 1e-4)[:, 0].round(3).tolist()
    [[1.0, 1.0], [0.75, 0.75], [0.25, 0.25]]
    """
    vehicle = np.arange(len(responses.values))
    for cell in cells:
        vehicle[cell.rows] = cell.vehicle
    return PairedRatio(responses.values, vehicle, vehicle_floor)


def falling(ratio: np.ndarray, sign: float) -> np.ndarray:
    """treated/vehicle of what is to fall; vehicle/treated of what is to rise (sign -1), so that both fall."""
    return ratio if sign > 0 else 1.0 / np.maximum(ratio, LEAST)


Ratio = np.ndarray | PairedRatio
"""What is read by rows and a read-out, [scenarios, readouts, draws]."""
