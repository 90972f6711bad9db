"""Read-outs: what is read from a trajectory, and at which times it has to be stored for that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from screen.errors import SimulateError
from screen.experiments import window_minutes
from screen.shapes import LANES_READOUTS, LANES_TIMES_NAMES, TIMES

COUNTS = 1e-3
"""Share of the largest mean of a batch: what is less is read as nothing."""


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
        at, course = _course(readout, observables, times, values)
        columns.append(_mean(at, course) if readout.is_window else course[:, 0])
    return np.stack(columns, axis=1)


def window_doubts(
    readouts: Sequence[Readout],
    observables: Sequence[str],
    times: Float[np.ndarray, TIMES],
    values: Float[np.ndarray, LANES_TIMES_NAMES],
) -> dict[str, float]:
    """By how large a share the mean of each window may be off: a third of what it moves by with every other time.

    That is the error of trapezia on a smooth course (Richardson); the largest of the lanes whose mean counts beside the
    largest. A course that moves between two times and back is not seen.
    """
    found = {}
    for readout in readouts:
        if readout.is_window:
            at, course = _course(readout, observables, times, values)
            fine, coarse = np.abs(_mean(at, course)), _mean(at[::2], course[:, ::2])
            counts = fine > COUNTS * np.nanmax(fine, initial=0.0)
            off = np.abs(np.abs(coarse) - fine)[counts] / (3.0 * fine[counts])
            found[readout.id] = float(np.max(off, initial=0.0))
    return found


def _course(
    readout: Readout, observables: Sequence[str], times: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The times of a read-out, and its observable then [lanes, times]."""
    wanted = np.searchsorted(times, readout.grid())
    # laid out lane by lane: the order in which NumPy adds up times must not depend on how many lanes there are
    return times[wanted], np.ascontiguousarray(values[:, wanted, list(observables).index(readout.observable)])


def _mean(times: np.ndarray, course: np.ndarray) -> np.ndarray:
    return np.trapezoid(course, times, axis=1) / (times[-1] - times[0])
