"""Trajectories: to rest, through the phases of an arm, and what becomes of a lane that fails.

`come_to_rest` and `follow` are what everything integrates with, under one record of options: the fit and the panel
differentiate through them, the screen runs them in batches. Batches have one width (a few lanes: the next power of
two), so that little is compiled; the last is filled up with copies of its first lane. A lane of a batch that fails
is tried once more with tighter tolerances and more steps. Whatever then fails stays a row with its status.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int

from screen.experiments import Design, Draws, lane_parameters, rest_parameters
from screen.kernel import (
    ENGINES,
    Model,
    Rest,
    Runs,
    Solution,
    Status,
    Until,
    choose_engine,
    filled,
    filled_size,
    rest,
    solve,
    solve_readings,
)
from screen.shapes import (
    CELLS,
    CELLS_SPECIES,
    LANES,
    LANES_PARAMETERS,
    LANES_PHASES,
    LANES_PHASES_PARAMETERS,
    LANES_SPECIES,
    LANES_TIMES,
    LANES_TIMES_NAMES,
    AnyArray,
)
from screen.simulate.compiled import Compiled
from screen.simulate.observing import in_force, observe

STATUS_NAMES = {
    Status.OK: "ok",
    Status.MAX_STEPS: "max_steps",
    Status.STEP_UNDERFLOW: "step_underflow",
    Status.NON_FINITE: "non_finite",
    Status.NO_REST_STATE: "no_rest_state",
}
NAMES = np.array([STATUS_NAMES[each] for each in Status])
"""The names by code: one array for all, wide enough for the longest."""

SLOPE_RTOL = 1e-4
"""Relative tolerance of trajectories that are there for what they depend on: rows of the Jacobian of the shipped fit
move by 2e-6 of their length (1e-4 at most), and it takes 0.43 of the time of 1e-6."""
SLOPE_SHARE = 100
"""How much looser than asked for they may be: who asks for more gets more."""

RETRIED = "retried"
COMPLETED = (STATUS_NAMES[Status.OK], RETRIED)


@dataclass(frozen=True)
class Integration:
    """How to integrate; times in those of the network, minutes for the shipped one."""

    engine: str = "kernel"
    rtol: float = 1e-6
    atol: float = 1e-9
    """Absolute tolerance [unit of the species]."""
    max_steps: int = 100_000
    threads: int | None = None
    batch: int | None = None
    """Lanes at a time, where lanes run in batches; None: as many as suit the engine (`width`)."""
    rest_minutes: float = 1e6
    """How long a cell is left alone to come to rest, and again to see that it is. Between two stable states it may
    take months."""
    rest_tolerance: float = 1e-3
    """Largest relative change in the second of these that still counts as rest."""

    from_rest: bool = True
    """Whether cells of a screen start from rest; else from the initial state of the network."""
    unit_minutes: float = 1.0
    """Minutes of one unit of time of the network; what a `Runner` is given is in minutes."""

    @property
    def width(self) -> int:
        """Lanes at a time."""
        engine = self.engine if self.engine in ENGINES else choose_engine(self.engine)[0]
        return self.batch or ENGINES[engine].batch

    @property
    def options(self) -> dict[str, Any]:
        """What the engine is told."""
        return {
            "engine": self.engine, "rtol": self.rtol, "atol": self.atol,
            "max_steps": self.max_steps, "threads": self.threads,
        }  # fmt: skip

    def for_slopes(self) -> "Integration":
        """For trajectories that are there for what they depend on: no more exact than that needs.

        >>> [round(Integration(rtol=asked).for_slopes().rtol, 9) for asked in (1e-8, 1e-6, 1e-3)]
        [1e-06, 0.0001, 0.001]
        """
        rtol = max(self.rtol, min(SLOPE_RTOL, self.rtol * SLOPE_SHARE))
        return replace(self, rtol=rtol, atol=self.atol * rtol / self.rtol)

    def stricter(self) -> "Integration":
        """For the second attempt."""
        return replace(
            self, rtol=self.rtol / 10, atol=self.atol / 10, max_steps=self.max_steps * 10,
            rest_minutes=self.rest_minutes * 10,
        )  # fmt: skip


def come_to_rest(
    model: Model,
    integration: Integration,
    parameters: Float[AnyArray, LANES_PARAMETERS],
    start: Float[AnyArray, LANES_SPECIES] | None = None,
    copy_of: Int[np.ndarray, LANES] | None = None,
) -> Rest:
    """Resting states under parameters [lanes, parameters], from `start` [lanes, species] or the initial state.

    Lanes with equal `copy_of` [lanes] must be equal; they come to rest once.
    """
    state = model.initial(parameters) if start is None else start
    until = Until(integration.rest_minutes, integration.rest_tolerance)
    return rest(model, parameters, state, copy_of, until=until, **integration.options)


def follow(
    model: Model,
    integration: Integration,
    parameters: Float[AnyArray, LANES_PHASES_PARAMETERS],
    state: Float[AnyArray, LANES_SPECIES],
    switches: Float[AnyArray, LANES_PHASES],
    times: Float[AnyArray, LANES_TIMES],
) -> Solution:
    """Trajectories from a state [lanes, species] through phases: parameters [lanes, phases, parameters], which begin
    at switches [lanes, phases], stored at times [lanes, times]."""
    return solve(model, parameters, state, switches, times, **integration.options)


def read_off(
    model: Model, integration: Integration, runs: Runs, output: np.ndarray, copy_of: np.ndarray
) -> tuple[Array, Array]:
    """The state [rows, species] of each row at one of its times, and its status [rows]; copies are followed once.

    `output` and `copy_of` [rows] are as of `screen.kernel.solve_readings`.
    """
    return solve_readings(model, runs, output, copy_of, **integration.options)


class Resting(NamedTuple):
    """Resting states [cells, species], names of the statuses and step counts."""

    states: Float[np.ndarray, CELLS_SPECIES]
    status: np.ndarray
    steps: Int[np.ndarray, CELLS]

    def of(self, cells: Int[np.ndarray, LANES]) -> "Resting":
        """The chosen ones."""
        return Resting(*(part[cells] for part in self))


class Observed(NamedTuple):
    """Observables over time [lanes, times, names] (NaN where a lane failed), names of the statuses, step counts."""

    values: Float[np.ndarray, LANES_TIMES_NAMES]
    status: np.ndarray
    steps: Int[np.ndarray, LANES]

    @property
    def failed(self) -> Bool[np.ndarray, LANES]:
        """Whether a lane failed."""
        return ~np.isin(self.status, COMPLETED)


class Runner:
    """Runs lanes of a design; compiled at the first batch and kept. `names` are observables or species."""

    def __init__(self, model: Model, integration: Integration, design: Design, names: Sequence[str]):
        self.model, self.integration, self.names = model, integration, tuple(names)
        self.design = jax.device_put(design)
        self.start = np.asarray(design.start) / integration.unit_minutes
        strict = integration.stricter()
        # a cell that has not come to rest in so many steps oscillates: more of them would not help
        patient = replace(strict, max_steps=integration.max_steps)
        self.rests = [self._rest(options) for options in (integration, patient)]
        self.lanes = [Compiled(partial(self._integrate, options)) for options in (integration, strict)]

    def prepare(self, lanes: int, times: int) -> None:
        """Compile now what a batch of so many lanes with so many times needs."""
        width, phases = filled_size(lanes, self.integration.width), self.start.shape[-1]
        own = len(self.model.parameters), len(self.model.species)
        sizes = (phases, own[0]), (times,), (own[1],), (phases,)
        self.lanes[0].for_kind(*(jax.ShapeDtypeStruct((width, *size), jnp.float64) for size in sizes))

    def _rest(self, options: Integration) -> Callable[..., tuple[Array, ...]]:
        settle = Compiled(lambda parameters: tuple(self._start(options, parameters)))
        return lambda draws, row, draw: settle(rest_parameters(self.design, draws, row, draw))

    def _start(self, options: Integration, parameters: Array) -> Rest:
        if options.from_rest:
            return come_to_rest(self.model, options, parameters)
        state = jnp.asarray(self.model.initial(parameters))
        none = jnp.zeros(state.shape[0], dtype=int)
        return Rest(state, none + Status.OK, none)

    def _integrate(
        self, options: Integration, parameters: Array, times: Array, state: Array, start: Array
    ) -> tuple[Array, ...]:
        stored = self.model.needed(self.names)
        solution = solve(self.model, parameters, state, start, times, stored=stored, **options.options)
        at = in_force(parameters, start, times)
        values = observe(self.model, self.names, times, solution.states, at, stored)
        return values, solution.status, solution.accepted + solution.rejected

    def _follow(
        self, integrate: Compiled, draws: Draws, arm: np.ndarray, draw: np.ndarray, times: np.ndarray,
        state: np.ndarray,
    ) -> tuple[Array, ...]:  # fmt: skip
        parameters = lane_parameters(self.design, draws, arm, draw)
        return integrate(parameters, times / self.integration.unit_minutes, state, self.start[arm])

    def rest(self, draws: Draws, row: Int[np.ndarray, CELLS], draw: Int[np.ndarray, CELLS]) -> Resting:
        """Resting states of cells: rows of the settings under draws (as places), without stimulus and drug."""
        return Resting(*self._begin(self.rests, draws, (row, draw))())

    def __call__(
        self,
        draws: Draws,
        arm: Int[np.ndarray, LANES],
        draw: Int[np.ndarray, LANES],
        times: Float[np.ndarray, LANES_TIMES],
        resting: Resting,
    ) -> Observed:
        """Lanes: arm [lanes] under draw [lanes] (as places), at times [lanes, times] [min], from rest [lanes]."""
        return self.begin(draws, arm, draw, times, resting)()

    def begin(
        self,
        draws: Draws,
        arm: Int[np.ndarray, LANES],
        draw: Int[np.ndarray, LANES],
        times: Float[np.ndarray, LANES_TIMES],
        resting: Resting,
    ) -> Callable[[], Observed]:
        """The same lanes, under way when this returns; what it returns waits for them, from any thread."""
        attempts = [partial(self._follow, integrate) for integrate in self.lanes]
        end = self._begin(attempts, draws, (arm, draw, times, resting.states))

        def wait() -> Observed:
            values, status, steps = end()
            unrested = ~np.isin(resting.status, COMPLETED)
            status = np.where(unrested, resting.status, status)
            late = (status == STATUS_NAMES[Status.OK]) & (resting.status == RETRIED)
            status = np.where(late, RETRIED, status)
            failed = ~np.isin(status, COMPLETED)
            return Observed(np.where(failed[:, None, None], np.nan, values), status, steps)

        return wait

    def _begin(
        self,
        attempts: Sequence[Callable[..., tuple[Array, ...]]],
        draws: Draws,
        arrays: tuple[np.ndarray, ...],
    ) -> Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(result, names of the statuses, steps) once they are there; the lanes that fail are run again, stricter."""
        first, second = attempts
        begun = self._in_batches(first, draws, arrays)

        def end() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            result, codes, steps = _joined(begun)
            status = NAMES[codes]
            again = np.flatnonzero(codes != Status.OK)
            if again.size:
                repeated = _joined(self._in_batches(second, draws, tuple(array[again] for array in arrays)))
                result, steps = result.copy(), steps.copy()
                result[again] = repeated[0]
                steps[again] += repeated[2]
                status[again] = np.where(repeated[1] == Status.OK, RETRIED, NAMES[repeated[1]])
            return result, status, steps

        return end

    def _in_batches(
        self, run: Callable[..., tuple[Array, ...]], draws: Draws, arrays: tuple[np.ndarray, ...]
    ) -> list[tuple[int, tuple[Array, ...]]]:
        """The function applied to batches of one width, which are under way: how many lanes of each count, results."""
        lanes = len(arrays[0])
        width = filled_size(lanes, self.integration.width)
        begun = []
        for start in range(0, lanes, width):
            lane = filled(np.arange(start, min(start + width, lanes)), width)
            begun.append((lanes - start, run(draws, *(array[lane] for array in arrays))))
        return begun


def _joined(begun: list[tuple[int, tuple[Array, ...]]]) -> tuple[np.ndarray, ...]:
    """Results of batches, waited for and joined."""
    parts = [[np.asarray(item)[:count] for item in found] for count, found in begun]
    return tuple(np.concatenate(items) for items in zip(*parts, strict=True))


def distinct_cells(
    row: Int[AnyArray, LANES], draw: Int[np.ndarray, LANES]
) -> tuple[Int[np.ndarray, CELLS], Int[np.ndarray, CELLS], Int[np.ndarray, LANES]]:
    """The different pairs of a row of the settings and a draw: row, draw [cells], and which of them each pair is."""
    cells, place = np.unique(np.stack([row, draw]), axis=1, return_inverse=True)
    return cells[0], cells[1], place.ravel()
