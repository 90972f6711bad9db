"""A calibration problem as arrays: which lanes to integrate, and what to compare with which number.

A lane is one experiment: a simulation condition, the rest condition it starts from, and perhaps a pretreatment
between them. Every parameter
of the network has, per lane, either a number or a place in the vector of estimated parameters; filling
those places in is a differentiable function, so that a gradient reaches the estimated vector through
the conditions, the rest state and the observation formulas.
"""

from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from screen.calibration.formulas import Formula
from screen.calibration.priors import Prior, precisions
from screen.calibration.scale import SCALES, rescaled
from screen.kernel import Model


@dataclass(frozen=True)
class Estimated:
    """The vector that is fitted; numbers are scaled values (`lin`, `log` or `log10`), as in PEtab."""

    names: tuple[str, ...]
    scales: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    nominal: np.ndarray
    priors: tuple[Prior | None, ...]
    starts: tuple[Prior, ...]
    """Where the starts of the optimiser are drawn from."""

    @cached_property
    def units(self) -> np.ndarray:
        """What counts as one unit of each parameter [estimated]: the standard deviation of its prior.

        Without a prior a decade, an e-fold, or a tenth of the range on a linear scale.
        """
        precision = precisions(self.priors, self.nominal)
        bare = np.where(np.array(self.scales) == "lin", (self.upper - self.lower) / 10, 1.0)
        return np.where(precision > 0, 1 / np.sqrt(np.where(precision > 0, precision, 1.0)), bare)

    def linear(self, scaled: jax.Array | np.ndarray) -> jax.Array:
        """Linear values [..., estimated] of scaled values; differentiable."""
        return rescaled(jnp.asarray(scaled), self.scales, "linear")


@dataclass(frozen=True)
class Values:
    """A table of numbers [rows, columns] of which some are places in the estimated vector."""

    constant: np.ndarray | jax.Array
    source: np.ndarray | jax.Array
    """Place in the estimated vector; -1 where the constant holds."""

    @property
    def given(self) -> np.ndarray:
        """Where there is a place or a number, and not NaN [rows, columns]."""
        return np.asarray((self.source >= 0) | np.isfinite(self.constant))

    def fill(self, linear: jax.Array, rows: np.ndarray) -> jax.Array:
        """The chosen rows [rows, columns], each with its own estimated vector: `linear` [rows, estimated]."""
        source = self.source[rows]
        taken = jnp.take_along_axis(linear, jnp.maximum(source, 0), axis=1)
        return jnp.where(source >= 0, taken, self.constant[rows])


@dataclass(frozen=True)
class Experiments:
    """One row per condition that is integrated: its network parameters and the states it sets itself."""

    names: tuple[str, ...]
    parameters: Values
    states: Values
    """NaN where the condition leaves the state alone."""


@dataclass(frozen=True)
class Observable:
    """How one observable is computed, on which scale it is compared, and which measurements are of it."""

    name: str
    value: Formula
    noise: Formula
    transformation: str
    distribution: str
    degrees: float
    """Degrees of freedom, where the noise is Student's t."""
    rows: np.ndarray
    """Measurements of this observable."""
    placeholders: tuple[str, ...]
    overrides: Values
    """What each of those measurements puts in place of each placeholder [rows, placeholders]."""


@dataclass(frozen=True)
class Measurements:
    """One entry per measurement, in the order of the file."""

    lane: np.ndarray
    time_index: np.ndarray
    frame: pd.DataFrame
    """The measurement table, further columns (citation, mark, datasetId) included."""

    @property
    def value(self) -> np.ndarray:
        """Measured values, in the unit of the observable."""
        return self.frame["measurement"].to_numpy(float)

    @property
    def censored(self) -> np.ndarray:
        """Whether each measurement says no more than `at most this`."""
        if "censoring" not in self.frame:
            return np.zeros(len(self.frame), bool)
        return (self.frame["censoring"] == "left").to_numpy()

    @property
    def shown(self) -> np.ndarray:
        """Whether a fit may look at each measurement; the others are only predicted (see `subset.hide`)."""
        if "hidden" not in self.frame:
            return np.ones(len(self.frame), bool)
        return ~self.frame["hidden"].to_numpy(bool)

    @property
    def time(self) -> np.ndarray:
        """Time of each measurement, in the unit of the model."""
        return self.frame["time"].to_numpy(float)


@dataclass(frozen=True)
class Problem:
    """Everything a fit needs of a PEtab problem."""

    name: str
    digest: str
    """SHA-256 over the files of the problem, model included."""
    model: Model
    estimated: Estimated
    fixed: dict[str, float]
    """Linear values of the parameters of the parameter table that are not estimated."""
    rests: Experiments
    pretreatments: Experiments
    """What each lane is under between its rest and time 0 [lanes]."""
    pretreated: np.ndarray
    """How long that is [lanes], in the time of the model; 0 where there is none."""
    lanes: Experiments
    rest_of_lane: np.ndarray
    """Row of `rests` a lane starts from; -1 where it starts from the initial state of the network."""
    times: np.ndarray
    """Output times [lanes, times], padded by repeats."""
    observables: tuple[Observable, ...]
    measurements: Measurements
    conditions: pd.DataFrame
    """The condition table."""
    observable_table: pd.DataFrame

    @property
    def phases(self) -> int:
        """Phases of a lane after its rest: two where some are pretreated."""
        return 2 if self.pretreated.any() else 1


def output_times(time: np.ndarray, lane: np.ndarray, lanes: int) -> tuple[np.ndarray, np.ndarray]:
    """Output times [lanes, times], padded by repeats, and where each measurement finds its own [measurements].

    time, lane [measurements]; `lanes` is how many lanes there are.
    """
    unique = [np.unique(time[lane == place]) for place in range(lanes)]
    width = max(len(each) for each in unique)
    times = np.array([np.pad(each, (0, width - len(each)), mode="edge") for each in unique])
    return times, np.array([np.searchsorted(unique[at], each) for at, each in zip(lane, time, strict=True)])


def measured_values(problem: Problem) -> np.ndarray:
    """Measured values on the scales on which they are compared [measurements]."""
    measured = problem.measurements.value.copy()
    for each in problem.observables:
        measured[each.rows] = SCALES[each.transformation].scaled(measured[each.rows])
    return measured
