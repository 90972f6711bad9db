"""How the statistic of each check depends on each unknown: one adjoint solve per arm of a check and draw.

The trajectories of an arm are known when this is asked for, so that the slope of the statistic in every value
it was computed from is a matter of small differences without any integration. These slopes are what the
adjoint of the engine pulls back to the parameters of the arm, and to those of its resting state.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from screen.constrain.demands import Demands
from screen.constrain.unknowns import Unknowns
from screen.fit.priors import LN10
from screen.kernel import Model, rest, solve
from screen.panel import (
    STATISTICS,
    Arm,
    Cell,
    Check,
    Course,
    Materials,
    Settings,
    Traces,
    arm_lanes,
    cell_of,
    course_of,
    plain,
    resting_parameters,
)
from screen.scenarios import LOAD
from screen.simulate import REST_MINUTES, Integration

DIFFERENCE = 1e-4
"""Relative difference of a value of a trajectory; the statistic is a formula, so that only rounding matters."""

LANES = 1024
"""Lanes of one adjoint solve."""

SHORT = 2
"""Checks with at most so many times run apart from those of whole time courses."""


class Wanted(NamedTuple):
    """One arm of a check in some draws: weights [draws, times] pull on its readout at the times."""

    row: int
    arm: Arm
    readout: str
    minutes: np.ndarray
    draws: np.ndarray
    weights: np.ndarray


Slopes = Callable[[Materials, np.ndarray, Mapping[Arm, Traces], np.ndarray], np.ndarray]
"""(materials, linear vectors, traces, which checks in which draws) -> d log10 statistic / d scaled vector."""


def make_slopes(
    model: Model,
    integration: Integration,
    demands: Demands,
    unknowns: Unknowns,
    phases: int,
    names: Sequence[str],
) -> Slopes:
    """A function that gives [checks, draws, unknowns], zero where not asked for; compiled as it is used.

    `phases` is that of the arm with the most of them, `names` the readouts in the order of the traces.
    """
    pull = _make_pull(model, integration)

    def slopes(
        materials: Materials, linear: np.ndarray, traces: Mapping[Arm, Traces], asked: np.ndarray
    ) -> np.ndarray:
        found = np.zeros((len(demands.checks), len(linear), len(unknowns.names)))
        wanted = [
            each
            for index in np.flatnonzero(asked.any(axis=1))
            for each in _wanted(demands, int(index), materials, traces, names, np.flatnonzero(asked[index]))
        ]
        chain = unknowns.slope(linear)
        for short in (True, False):
            some = [each for each in wanted if (len(each.minutes) <= SHORT) == short]
            for group in _grouped(some):
                _pull_group(pull, group, materials, unknowns, phases, chain, found)
        return np.where(np.isfinite(found).all(axis=2, keepdims=True), found, 0.0)

    return slopes


def _wanted(
    demands: Demands,
    index: int,
    materials: Materials,
    traces: Mapping[Arm, Traces],
    names: Sequence[str],
    draws: np.ndarray,
) -> Iterator[Wanted]:
    """The arms of a check and how its statistic pulls on each."""
    check = demands.checks[index]
    arms = [(check.arm, check.readout)]
    arms += [(check.reference, check.ref_readout)] if check.reference is not None else []
    courses = [course_of(template, name, check, traces, names, materials) for template, name in arms]
    courses = [replace(course, values=course.values[draws]) for course in courses]
    compute = partial(_log10_statistic, demands, index, check)
    for number, (template, readout) in enumerate(arms):
        values = courses[number].values
        weights = np.zeros_like(values)
        for place in np.ndindex(values.shape[1:]):
            ends = []
            for sign in (1, -1):
                moved = values.copy()
                moved[(slice(None), *place)] *= 1 + sign * DIFFERENCE
                ends.append(
                    compute(
                        [*courses[:number], replace(courses[number], values=moved), *courses[number + 1 :]]
                    )
                )
            with np.errstate(all="ignore"):
                slope = (ends[0] - ends[1]) / (2 * DIFFERENCE * values[(slice(None), *place)])
            weights[(slice(None), *place)] = np.where(np.isfinite(slope), slope, 0.0)
        for dose, column in zip(template.doses, np.moveaxis(weights, 1, 0), strict=True):
            arm = plain(template.at(dose), materials.contexts)
            if column.any():
                yield Wanted(index, arm, readout, np.array(check.minutes), draws, column)


def _log10_statistic(demands: Demands, index: int, check: Check, courses: Sequence[Course]) -> np.ndarray:
    with np.errstate(all="ignore"):
        values = STATISTICS[check.statistic].compute(courses[0], courses[1] if len(courses) > 1 else None)
    return demands.log10(index, values)


def _grouped(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    """Runs of arms that fit into one solve together."""
    group: list[Wanted] = []
    lanes = 0
    for each in wanted:
        if group and lanes + len(each.draws) > LANES:
            yield group
            group, lanes = [], 0
        group.append(each)
        lanes += len(each.draws)
    if group:
        yield group


@dataclass(frozen=True)
class _Lanes:
    """Arrays of one adjoint solve, and which check and draw each resting state and lane belongs to."""

    resting: np.ndarray
    parameters: np.ndarray
    switches: np.ndarray
    times: np.ndarray
    rest_of_lane: np.ndarray
    weights: np.ndarray
    readout: np.ndarray


def _pull_group(
    pull: Callable[..., Any],
    group: Sequence[Wanted],
    materials: Materials,
    unknowns: Unknowns,
    phases: int,
    chain: np.ndarray,
    found: np.ndarray,
) -> None:
    """Adds the pull of every arm of a group to `found` [checks, draws, unknowns]."""
    rests: dict[tuple[int, Cell, int], int] = {}
    longest = max(len(each.minutes) for each in group)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in _Lanes.__annotations__}
    for each in group:
        cell = cell_of(each.arm)
        for draw in each.draws:
            if (each.row, cell, int(draw)) not in rests:
                rests[each.row, cell, int(draw)] = len(rests)
        parameters, switches = arm_lanes(materials, each.arm, phases)
        spare = longest - len(each.minutes)
        parts["parameters"].append(parameters[each.draws])
        parts["switches"].append(switches[each.draws])
        parts["times"].append(np.tile(np.pad(each.minutes, (0, spare), mode="edge"), (len(each.draws), 1)))
        parts["weights"].append(np.pad(each.weights, ((0, 0), (0, spare))))
        parts["rest_of_lane"].append(np.array([rests[each.row, cell, int(draw)] for draw in each.draws]))
        parts["readout"].append(np.full(len(each.draws), each.readout))
    at_rest = {cell: resting_parameters(materials, cell) for _, cell, _ in rests}
    resting = np.array([at_rest[cell][draw] for _, cell, draw in rests])
    lanes = _Lanes(resting=resting, **{name: np.concatenate(part) for name, part in parts.items() if part})
    by_rest, by_lane = pull(lanes)
    free = {cell: np.isnan(resting_parameters(_unset(materials), cell)[0]) for cell in at_rest}
    place, column = unknowns.columns(materials)
    for (row, cell, draw), slope in zip(rests, by_rest, strict=True):
        found[row, draw, place] += np.where(free[cell], slope, 0.0)[column] * chain[draw, place]
    first = 0
    for each in group:
        slopes = by_lane[first : first + len(each.draws)]
        first += len(each.draws)
        own = np.isnan(arm_lanes(_unset(materials), each.arm, phases)[0][0])
        loads = _loads_by_drug(materials, each.arm, phases)
        for draw, slope in zip(each.draws, slopes, strict=True):
            pulled = np.sum(np.where(own, slope, 0.0), axis=0)
            found[each.row, draw, place] += pulled[column] * chain[draw, place]
            for drug, load in loads.items():
                hill = materials.tables.drugs[drug].hill
                found[each.row, draw, unknowns.of_drug[drug]] -= hill * LN10 * np.sum(slope * load[draw])


def _unset(materials: Materials) -> Materials:
    """Materials of one draw without numbers: what stays without one is the draw's own."""
    base = np.full((1, materials.base.shape[1]), np.nan)
    return replace(materials, draws=np.zeros(1, int), base=base, sigma=np.ones((1, len(materials.drugs))))


def _loads_by_drug(materials: Materials, arm: Arm, phases: int) -> dict[str, np.ndarray]:
    """What each drug of an arm adds to the load of each target [draws, phases, parameters]."""
    column = [place for name, place in materials.column.items() if name.startswith(LOAD)]
    found = {}
    for drug, dose in arm.treatment.values:
        if drug in materials.drugs:
            only = replace(arm, treatment=Settings(((drug, dose),), until=arm.treatment.until))
            none = replace(arm, treatment=Settings((), until=arm.treatment.until))
            added = arm_lanes(materials, only, phases)[0] - arm_lanes(materials, none, phases)[0]
            found[drug] = np.zeros_like(added)
            found[drug][..., column] = added[..., column]
    return found


def _make_pull(model: Model, integration: Integration) -> Callable[[_Lanes], tuple[np.ndarray, np.ndarray]]:
    options: dict[str, Any] = {
        "engine": integration.engine,
        "rtol": integration.rtol,
        "atol": integration.atol,
        "max_steps": integration.max_steps,
        "threads": integration.threads,
    }

    @jax.jit
    def run(
        resting: Array, parameters: Array, switches: Array, times: Array, rest_of_lane: Array
    ) -> tuple[Array, Array]:
        found = rest(model, resting, model.initial(resting), horizon_minutes=REST_MINUTES, **options)
        solution = solve(model, parameters, found.state[rest_of_lane], switches, times, **options)
        return solution.states, (solution.status == 0) & (found.status[rest_of_lane] == 0)

    @partial(jax.jit, static_argnums=0)
    def of_readout(
        name: str, times: Array, states: Array, parameters: Array, weights: Array
    ) -> tuple[Array, ...]:
        """The pull on states [lanes, times, species] and parameters [lanes, parameters] through one readout.

        Each readout is pulled apart from the others, since one that divides by nothing has no slope.
        """

        def pulled(states: Array, parameters: Array) -> Array:
            if name in model.species:
                return jnp.sum(states[..., model.species.index(name)] * weights)
            return jnp.sum(model.observe(times, states, parameters[:, None], [name])[..., 0] * weights)

        return jax.grad(pulled, argnums=(0, 1))(states, parameters)

    def pull(lanes: _Lanes) -> tuple[np.ndarray, np.ndarray]:
        count, rests = len(lanes.parameters), len(lanes.resting)
        parameters, switches, times, rest_of_lane = (
            _filled(each) for each in (lanes.parameters, lanes.switches, lanes.times, lanes.rest_of_lane)
        )
        states, back, good = jax.vjp(
            lambda resting, parameters: run(resting, parameters, switches, times, rest_of_lane),
            jnp.asarray(_filled(lanes.resting)),
            jnp.asarray(parameters),
            has_aux=True,
        )
        good = np.asarray(good)[:count]
        by_state, by_parameter = np.zeros(states.shape), np.zeros((count, parameters.shape[-1]))
        for name in sorted(set(lanes.readout)):
            own = np.flatnonzero((lanes.readout == name) & good)
            if len(own):
                rows = np.concatenate([own, np.full(len(parameters) - len(own), own[0])])
                pulled = of_readout(
                    name, times[rows], states[rows], parameters[rows, -1], _filled(lanes.weights)[rows]
                )
                by_state[own], by_parameter[own] = (np.asarray(part)[: len(own)] for part in pulled)
        by_rest, by_lane = (np.array(part) for part in back(jnp.asarray(by_state)))
        by_lane[:count, -1] += by_parameter
        return by_rest[:rests], by_lane[:count]

    return pull


def _filled(array: np.ndarray) -> np.ndarray:
    """Filled up with copies of the first row to a power of two, so that little is compiled."""
    width = 1 << max(len(array) - 1, 0).bit_length()
    return np.concatenate([array, np.repeat(array[:1], width - len(array), axis=0)])
