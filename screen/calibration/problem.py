"""A calibration problem as arrays: which lanes to integrate, and what to compare with which number.

A lane is one experiment: phases with a condition each, one after another, and perhaps a rest condition before them.
Every parameter of the network has, per lane and phase, either a number or a place in the vector of estimated
parameters and what follows from them; filling those places in is a differentiable function, so that a gradient reaches
the estimated vector through the conditions, the rest state and the observation formulas.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

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
    def within(self) -> np.ndarray:
        """The nominal values, or the bound that is next to them [estimated]: where a search begins."""
        return np.clip(self.nominal, self.lower, self.upper)

    @cached_property
    def units(self) -> np.ndarray:
        """What counts as one unit of each parameter [estimated]: the standard deviation of its prior.

        Without a prior a decade, an e-fold, or a tenth of the range on a linear scale.
        """
        precision = precisions(self.priors, self.within)
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
    """Place in the vector (see `Problem.vector`); -1 where the constant holds."""

    @property
    def given(self) -> np.ndarray:
        """Where there is a place or a number, and not NaN [rows, columns]."""
        return np.asarray((self.source >= 0) | np.isfinite(self.constant))

    def row(self, number: int) -> list[tuple[float, int]]:
        """Number and place of each column of a row."""
        return list(zip(self.constant[number].tolist(), self.source[number].tolist(), strict=True))

    def fill(self, linear: jax.Array, rows: np.ndarray) -> jax.Array:
        """The chosen rows [rows, columns], each with its own vector: `linear` [rows, vector]."""
        source = self.source[rows]
        taken = jnp.take_along_axis(linear, jnp.maximum(source, 0), axis=1)
        return jnp.where(source >= 0, taken, self.constant[rows])


@dataclass(frozen=True)
class Computed:
    """A state that conditions set by a formula of the states just before, and of estimated and fixed parameters."""

    state: int
    rows: np.ndarray
    """Conditions that set it so."""
    formula: Formula


@dataclass(frozen=True)
class Experiments:
    """One row per condition that is integrated: its network parameters and the states it sets itself."""

    names: tuple[str, ...]
    parameters: Values
    states: Values
    """NaN where the condition leaves the state alone."""
    computed: tuple[Computed, ...] = ()

    @property
    def sets_states(self) -> bool:
        """Whether any condition sets a state."""
        return bool(self.computed) or bool(self.states.given.any())

    def chosen(self, rows: np.ndarray) -> "Experiments":
        """Some of the rows, in that order."""
        parameters, states = (
            Values(table.constant[rows], table.source[rows]) for table in (self.parameters, self.states)
        )
        computed = tuple(
            replace(each, rows=np.flatnonzero(np.isin(rows, each.rows))) for each in self.computed
        )
        return Experiments(tuple(self.names[row] for row in rows), parameters, states, computed)


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
    where: tuple[str, ...] = ()
    """File and row of each, where it was read from files."""
    hidden: np.ndarray | None = None
    """Whether each is kept from the fit (see `subset.hide`); None: none is."""

    def taken(self, rows: np.ndarray, lane: np.ndarray, time_index: np.ndarray) -> "Measurements":
        """Some of them, in the order of `rows`, with lanes and times numbered anew."""
        return Measurements(
            lane,
            time_index,
            self.frame.iloc[rows].reset_index(drop=True),
            tuple(self.where[row] for row in rows) if self.where else (),
            None if self.hidden is None else self.hidden[rows],
        )

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
        """Whether a fit may look at each measurement; the others are only predicted."""
        return np.ones(len(self.frame), bool) if self.hidden is None else ~self.hidden

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
    derived: tuple[Formula, ...]
    """What conditions and measurements compute from the parameters of the table."""
    rests: Experiments
    phases: tuple[Experiments, ...]
    """What each lane is under, phase after phase [lanes]."""
    begins: np.ndarray
    """When that is [lanes, phases], in the time of the model; infinite where a lane has no further phase."""
    rest_of_lane: np.ndarray
    """Row of `rests` a lane starts from; -1 where it starts from the initial state of the network."""
    times: np.ndarray
    """Output times [lanes, times], padded by repeats; measurements of steady states have the last one."""
    observables: tuple[Observable, ...]
    measurements: Measurements
    conditions: pd.DataFrame
    """The condition table."""
    observable_table: pd.DataFrame

    @property
    def tables(self) -> tuple[Experiments, ...]:
        """Rests, and the phases of lanes."""
        return (self.rests, *self.phases)

    @property
    def lanes(self) -> int:
        """How many lanes there are."""
        return len(self.rest_of_lane)

    def with_tables(self, change: Callable[[Experiments], Experiments], **others: Any) -> Self:
        """With every table of conditions changed."""
        return replace(self, rests=change(self.rests), phases=tuple(map(change, self.phases)), **others)

    @cached_property
    def legs(self) -> tuple[int, ...]:
        """The first phase of each leg: phases that are integrated in one go, as no lane sets states between them."""
        later = (place for place, each in enumerate(self.phases) if place and each.sets_states)
        return (0, *later)

    def phase_of(self, lane: np.ndarray, time: np.ndarray) -> np.ndarray:
        """The phase in which a lane is at a time [rows]; one begins at its first time."""
        return np.sum(self.begins[lane] <= np.asarray(time)[:, None], axis=1) - 1

    def vector(self, scaled: jax.Array) -> jax.Array:
        """Linear values of estimated parameters and what follows from them [..., vector]; differentiable."""
        linear = self.estimated.linear(scaled)
        if not self.derived:
            return linear
        known = dict(zip(self.estimated.names, jnp.moveaxis(linear, -1, 0), strict=True))
        further = [each(known) for each in self.derived]
        return jnp.concatenate([linear, jnp.stack(further, axis=-1)], axis=-1)


def output_times(time: np.ndarray, lane: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Output times [lanes, times], padded by repeats, and where each measurement finds its own [measurements].

    time, lane [measurements]; begins [lanes, phases]. A steady state is found from the last of the times, which then
    is not before the last phase.
    """
    unique = []
    for place, begin in enumerate(begins):
        own = np.unique(time[lane == place])
        steady = begin[np.isfinite(begin)][-1:] if np.isinf(own[-1]) else []
        finite = own[np.isfinite(own)]
        unique.append(np.unique([*finite, *(each for each in steady if not np.any(finite >= each))]))
    width = max(len(each) for each in unique)
    times = np.array([np.pad(each, (0, width - len(each)), mode="edge") for each in unique])
    found = [
        np.searchsorted(unique[at], each) if np.isfinite(each) else width - 1
        for at, each in zip(lane, time, strict=True)
    ]
    return times, np.array(found)


def measured_values(problem: Problem) -> np.ndarray:
    """Measured values on the scales on which they are compared [measurements]."""
    measured = problem.measurements.value.copy()
    for each in problem.observables:
        measured[each.rows] = SCALES[each.transformation].scaled(measured[each.rows])
    return measured
