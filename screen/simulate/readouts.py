"""Read-outs: what is read from a trajectory, and at which times it has to be stored for that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from screen.errors import SimulateError
from screen.experiments import window_minutes
from screen.shapes import LANES_READOUTS, LANES_TIMES_NAMES, TIMES


@dataclass(frozen=True)
class Readout:
    """An observable at one time, or its mean over a window (area under the curve / length) [unit of it]."""

    id: str
    observable: str
    from_minutes: float
    to_minutes: float

    @property
    def is_window(self) -> bool:
        """Whether the read-out averages over time."""
        return self.to_minutes > self.from_minutes

    def grid(self) -> Float[np.ndarray, TIMES]:
        """Times [min] that the read-out needs, ascending."""
        if not self.is_window:
            return np.array([self.to_minutes])
        return window_minutes(self.from_minutes, self.to_minutes)


def output_times(readouts: Sequence[Readout]) -> Float[np.ndarray, TIMES]:
    """All times [min] at which trajectories are stored, ascending, each once."""
    return np.unique(np.concatenate([readout.grid() for readout in readouts]))


def check_readouts(
    readouts: Sequence[Readout],
    observables: Sequence[str],
    species: Sequence[str] = (),
    where: str = "readouts",
) -> None:
    """Raise SimulateError for read-outs of what the network does not have; `where` says which."""
    problems = [
        f"{where}: observable of `{readout.id}` must be a species or one of {', '.join(observables)}, "
        f"found {readout.observable}"
        for readout in readouts
        if readout.observable not in (*observables, *species)
    ]
    if problems:
        raise SimulateError(problems)


def read(
    readouts: Sequence[Readout],
    observables: Sequence[str],
    times: Float[np.ndarray, TIMES],
    values: Float[np.ndarray, LANES_TIMES_NAMES],
) -> Float[np.ndarray, LANES_READOUTS]:
    """[lanes, readouts] from stored observables [lanes, times, observables]; NaN stays NaN."""
    columns = []
    for readout in readouts:
        wanted = np.searchsorted(times, readout.grid())
        # laid out lane by lane: the order in which NumPy adds up times must not depend on how many lanes there are
        course = np.ascontiguousarray(values[:, wanted, list(observables).index(readout.observable)])
        if readout.is_window:
            length = readout.to_minutes - readout.from_minutes
            columns.append(np.trapezoid(course, times[wanted], axis=1) / length)
        else:
            columns.append(course[:, 0])
    return np.stack(columns, axis=1)
