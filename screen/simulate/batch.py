"""A batch of lanes through an engine: trajectories, read-outs and how each lane ended.

Batches have one width (a few lanes: the next power of two), so that little is compiled; the last is filled
up with copies of its first lane. A lane that fails is tried once more with tighter tolerances and more steps. Whatever
then fails stays a row with its status.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array

from screen.kernel import Model, Status, filled, filled_size, rest, solve
from screen.simulate.readouts import Readout, output_times, read

STATUS_NAMES = {
    Status.OK: "ok",
    Status.MAX_STEPS: "max_steps",
    Status.STEP_UNDERFLOW: "step_underflow",
    Status.NON_FINITE: "non_finite",
    Status.NO_REST_STATE: "no_rest_state",
}
RETRIED = "retried"
REST_MINUTES = 1e6
"""How long a cell is left alone to come to rest [min], and again to see that it is; ten times that at the second
attempt. Between two stable states a cell may take months."""

COMPLETED = (STATUS_NAMES[Status.OK], RETRIED)


@dataclass(frozen=True)
class Integration:
    """How to integrate: engine, relative and absolute [nM] tolerance, most steps, lanes at a time."""

    engine: str
    rtol: float
    atol: float
    max_steps: int
    threads: int | None
    batch: int

    @property
    def options(self) -> dict[str, Any]:
        """What `solve` and `rest` are told."""
        return {
            "engine": self.engine, "rtol": self.rtol, "atol": self.atol,
            "max_steps": self.max_steps, "threads": self.threads,
        }  # fmt: skip

    def stricter(self) -> "Integration":
        """For the second attempt."""
        return Integration(
            self.engine, self.rtol / 10, self.atol / 10, self.max_steps * 10, self.threads, self.batch
        )


class Responses(NamedTuple):
    """Read-outs [lanes, readouts] (NaN where a lane failed), names of the statuses and step counts."""

    values: np.ndarray
    status: np.ndarray
    steps: np.ndarray


class Resting(NamedTuple):
    """Resting states [lanes, species], names of the statuses and step counts."""

    states: np.ndarray
    status: np.ndarray
    steps: np.ndarray


def rest_states(model: Model, integration: Integration, parameters: np.ndarray) -> Resting:
    """Resting state of each lane, without stimulus and drug; parameters [lanes, parameters]."""

    def attempt(options: Integration) -> Callable[..., tuple[Array, ...]]:
        @jax.jit
        def run(parameters: Array) -> tuple[Array, ...]:
            start = model.initial(parameters)
            minutes = REST_MINUTES if options == integration else 10 * REST_MINUTES
            found = rest(model, parameters, start, horizon_minutes=minutes, **options.options)
            return found.state, found.status, found.steps

        return run

    return Resting(*_with_retry(attempt, integration, (parameters,)))


class Observed(NamedTuple):
    """Observables over time [lanes, times, names] (NaN where a lane failed), names of the statuses, step counts."""

    values: np.ndarray
    status: np.ndarray
    steps: np.ndarray


class Courses:
    """Trajectories of a model observed at times of each lane; compiled at the first batch and kept.

    `names` are observables or species of the model.
    """

    def __init__(self, model: Model, integration: Integration, names: Sequence[str]):
        self.model, self.integration, self.names = model, integration, tuple(names)
        self.attempts = {options: self._attempt(options) for options in (integration, integration.stricter())}

    def _attempt(self, options: Integration) -> Callable[..., tuple[Array, ...]]:
        @jax.jit
        def run(parameters: Array, switches: Array, times: Array, state: Array) -> tuple[Array, ...]:
            solution = solve(self.model, parameters, state, switches, times, **options.options)
            wanted = [name for name in self.names if name in self.model.observables]
            observed = self.model.observe(times, solution.states, parameters[:, None, -1], wanted)
            columns = {name: observed[..., place] for place, name in enumerate(wanted)}
            columns |= {
                name: solution.states[..., self.model.species.index(name)]
                for name in set(self.names) - set(wanted)
            }
            values = jax.numpy.stack([columns[name] for name in self.names], axis=-1)
            return values, solution.status, solution.accepted + solution.rejected

        return run

    def __call__(
        self, parameters: np.ndarray, switches: np.ndarray, times: np.ndarray, resting: Resting
    ) -> Observed:
        """Lanes: parameters [lanes, phases, parameters], switches [lanes, phases] [min], times [lanes, times]."""
        values, status, steps = _with_retry(
            self.attempts.__getitem__, self.integration, (parameters, switches, times, resting.states)
        )
        unrested = ~np.isin(resting.status, COMPLETED)
        status = np.where(unrested, resting.status, status)
        status = np.where((status == STATUS_NAMES[Status.OK]) & (resting.status == RETRIED), RETRIED, status)
        failed = ~np.isin(status, COMPLETED)
        return Observed(np.where(failed[:, None, None], np.nan, values), status, steps)


class Trajectories:
    """Trajectories of a model read out as asked, all at the same times."""

    def __init__(self, model: Model, integration: Integration, readouts: Sequence[Readout]):
        self.readouts = tuple(readouts)
        self.times = output_times(readouts)
        self.observables = tuple(dict.fromkeys(readout.observable for readout in readouts))
        self.courses = Courses(model, integration, self.observables)

    def __call__(self, parameters: np.ndarray, switches: np.ndarray, resting: Resting) -> Responses:
        """Responses of lanes: parameters [lanes, phases, parameters], switches [lanes, phases] [min]."""
        times = np.broadcast_to(self.times, (len(parameters), len(self.times)))
        found = self.courses(parameters, switches, times, resting)
        values = read(self.readouts, self.observables, self.times, found.values)
        lost = ~np.isfinite(values).all(axis=1)
        status = np.where(
            lost & np.isin(found.status, COMPLETED), STATUS_NAMES[Status.NON_FINITE], found.status
        )
        return Responses(np.where(lost[:, None], np.nan, values), status, found.steps)


def _with_retry(
    attempt: Callable[[Integration], Callable[..., tuple[Array, ...]]],
    integration: Integration,
    arrays: tuple[np.ndarray, ...],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(result, names of the statuses, steps); the lanes that fail are run again, stricter."""
    result, codes, steps = _in_batches(attempt(integration), integration.batch, arrays)
    status = np.array([STATUS_NAMES[Status(code)] for code in codes])
    again = np.flatnonzero(codes != Status.OK)
    if again.size:
        repeated = _in_batches(
            attempt(integration.stricter()), integration.batch, tuple(array[again] for array in arrays)
        )
        result, steps = result.copy(), steps.copy()
        result[again] = repeated[0]
        steps[again] += repeated[2]
        status[again] = [RETRIED if code == Status.OK else STATUS_NAMES[Status(code)] for code in repeated[1]]
    return result, status, steps


def _in_batches(
    run: Callable[..., tuple[Array, ...]], width: int, arrays: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, ...]:
    """The function applied to batches of one width, results joined again."""
    lanes = len(arrays[0])
    width = filled_size(lanes, width)
    parts = []
    for start in range(0, lanes, width):
        lane = filled(np.arange(start, min(start + width, lanes)), width)
        parts.append([np.asarray(item)[: lanes - start] for item in run(*(array[lane] for array in arrays))])
    return tuple(np.concatenate(items) for items in zip(*parts, strict=True))
