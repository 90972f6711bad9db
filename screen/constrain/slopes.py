"""How the statistic of each check depends on each unknown, by the chain rule through one `jax.vjp` each.

From the statistic to the trajectories it is computed from (a formula), from these to the parameters of the lane and
of its resting state (the adjoint of the engine), and from there to what the draw decides: `lane_parameters` and
`Unknowns.draws` are functions. Every check has its lanes and its vector to itself, so that one gradient of a sum is
the slope of each.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from screen.constrain.demands import Demands, log10_of
from screen.constrain.unknowns import Unknowns
from screen.experiments import Design, lane_parameters, rest_parameters
from screen.kernel import filled, filled_size
from screen.panel import Bench, statistic
from screen.simulate import come_to_rest, distinct_cells, follow, in_force, observe

LANES = 512
"""Lanes of one adjoint solve; its cells and vectors are filled up to as many, so that little is compiled."""

SHORT = 2
"""Checks with at most so many times run apart from those of whole time courses."""

DOUBLINGS = 3
"""From one number of lanes to the next, of which a read-out is taken: each is compiled anew."""

Back = Callable[[tuple[Array, Array]], tuple[Array]]
"""What is known of the way back from states and parameters of lanes to the vectors: a tree of arrays."""

Courses = Sequence[Sequence[np.ndarray]]
"""What each check reads of each of its arms: [draws, doses, times]."""

Slopes = Callable[[np.ndarray, Courses, np.ndarray], np.ndarray]
"""(scaled vectors, courses, which checks in which draws) -> d log10 statistic / d scaled vector."""


class Pulled(NamedTuple):
    """One arm of a check in some draws: `weights` [draws, times] are the slopes of the statistic in what is read."""

    check: int
    arm: int
    readout: int
    times: np.ndarray
    draws: np.ndarray
    weights: np.ndarray


def make_slopes(bench: Bench, demands: Demands, unknowns: Unknowns, draws: int) -> Slopes:
    """A function that gives [checks, draws, unknowns], zero where not asked for; compiled as it is used.

    At most `draws` are asked for at a time; fewer are filled up with copies, so that little is compiled.
    """
    pull, longest = _make_pull(bench, unknowns), max(len(check.minutes) for check in demands.checks)

    def slopes(scaled: np.ndarray, courses: Courses, asked: np.ndarray) -> np.ndarray:
        found = np.zeros((len(demands.checks), len(scaled), len(unknowns.names)))
        wanted: list[Pulled] = []
        for index in map(int, np.flatnonzero(asked.any(axis=1))):
            values = [filled(each, draws) for each in courses[index]]
            wanted += _weights(bench, demands, index, values, np.flatnonzero(asked[index]))
        for short, times in ((True, SHORT), (False, longest)):
            for group in _grouped([each for each in wanted if (len(each.times) <= SHORT) == short]):
                _add(pull, bench, group, times, scaled, found)
        return np.where(np.isfinite(found).all(axis=2, keepdims=True), found, 0.0)

    return slopes


class Lanes(NamedTuple):
    """Lanes of the bench's design, each with its arm and its vector, from the rests of `cell` (row, vector)."""

    vectors: np.ndarray
    cell: tuple[np.ndarray, np.ndarray]
    rest_of: np.ndarray
    arm: np.ndarray
    owner: np.ndarray
    times: np.ndarray


def _make_pull(bench: Bench, unknowns: Unknowns) -> Callable[[Lanes, np.ndarray, np.ndarray], np.ndarray]:
    """A function from lanes, the place of what each reads [lanes] and weights [lanes, times] to slopes.

    The slopes [vectors, unknowns] are those of sum(weights * what is read).
    """
    model, integration, tables = bench.tables.model, bench.integration, bench.tables
    network = dict(zip(model.parameters, model.values, strict=True))

    def run(vectors: Array, design: Design, lanes: Lanes) -> tuple[tuple[Array, Array], Array]:
        draws = unknowns.draws(vectors, network, tables.drugs)
        found = come_to_rest(model, integration, rest_parameters(design, draws, *lanes.cell))
        good = found.status[lanes.rest_of] == 0
        parameters = lane_parameters(design, draws, lanes.arm, lanes.owner)
        state = jnp.where(good[:, None], found.state[lanes.rest_of], model.initial(parameters[:, 0]))
        start = design.start[lanes.arm]
        solution = follow(model, integration.for_slopes(), parameters, state, start, lanes.times)
        return (solution.states, parameters), good & (solution.status == 0)

    @jax.jit
    def forward(design: Design, lanes: Lanes) -> tuple[tuple[Array, Array], Back, Array]:
        return jax.vjp(lambda at: run(at, design, lanes), jnp.asarray(lanes.vectors), has_aux=True)

    @jax.jit
    def backward(back: Back, by_read: tuple[Array, Array]) -> Array:
        return back(by_read)[0]

    @partial(jax.jit, static_argnums=0)
    def of_readout(
        name: str, start: Array, times: Array, states: Array, parameters: Array, weights: Array
    ) -> tuple[Array, Array]:
        """Each readout apart from the others, since one that divides by nothing has no slope."""

        def read(states: Array, parameters: Array) -> Array:
            at = in_force(parameters, start, times)
            return jnp.sum(weights * observe(model, [name], times, states, at)[..., 0])

        return jax.grad(read, argnums=(0, 1))(states, parameters)

    def pull(lanes: Lanes, readout: np.ndarray, weights: np.ndarray) -> np.ndarray:
        design = bench.runner.design
        read, back, sound = forward(design, lanes)
        states, parameters, good = (np.asarray(each) for each in (*read, sound))
        by_read = np.zeros_like(states), np.zeros_like(parameters)
        start = np.asarray(design.start)[lanes.arm]
        for place in np.unique(readout):
            own = np.flatnonzero((readout == place) & good)
            if len(own):
                rows = filled(own, filled_size(len(own), doublings=DOUBLINGS))
                arrays = (start, lanes.times, states, parameters, weights)
                found = of_readout(bench.names[place], *(each[rows] for each in arrays))
                for whole, part in zip(by_read, found, strict=True):
                    whole[own] = np.asarray(part)[: len(own)]
        return np.asarray(backward(back, by_read))

    return pull


@partial(jax.jit, static_argnums=0)
def _by_read(
    name: str, minutes: np.ndarray, doses: Sequence[np.ndarray], values: Sequence[np.ndarray]
) -> list[Array]:
    """The slope of the log10 of a statistic in all it is computed from; compiled once for checks of a shape."""
    return jax.grad(lambda each: jnp.sum(log10_of(name, statistic(name, minutes, doses, each))))(values)


def _weights(
    bench: Bench, demands: Demands, index: int, values: list[np.ndarray], draws: np.ndarray
) -> Iterator[Pulled]:
    """The slope of the log10 of a statistic in every value it is computed from, arm by arm, in some draws."""
    check = demands.checks[index]
    slopes = _by_read(check.statistic, np.array(check.minutes), check.doses, values)
    for (template, name), slope in zip(check.sides, slopes, strict=True):
        weights = np.where(np.isfinite(slope), slope, 0.0)[draws]
        for dose, arm in enumerate(bench.course_places(check, template)[0]):
            if weights[:, dose].any():
                times = np.array(check.minutes)
                yield Pulled(index, arm, bench.names.index(name), times, draws, weights[:, dose])


def _grouped(wanted: Iterable[Pulled]) -> Iterator[list[Pulled]]:
    """Runs of arms that fit into one solve together."""
    group: list[Pulled] = []
    lanes = 0
    for each in wanted:
        if group and lanes + len(each.draws) > LANES:
            yield group
            group, lanes = [], 0
        group.append(each)
        lanes += len(each.draws)
    if group:
        yield group


def _add(
    pull: Callable[[Lanes, np.ndarray, np.ndarray], np.ndarray],
    bench: Bench,
    group: Sequence[Pulled],
    longest: int,
    scaled: np.ndarray,
    found: np.ndarray,
) -> None:
    """Adds the slopes of a group of arms, of so many times at most, to `found` [checks, draws, unknowns]."""
    count = [len(each.draws) for each in group]
    arm, readout, check = (
        np.repeat([getattr(each, name) for each in group], count) for name in ("arm", "readout", "check")
    )
    pairs, owner = np.unique(
        np.stack([check, np.concatenate([each.draws for each in group])]), axis=1, return_inverse=True
    )
    spare = [longest - len(each.times) for each in group]
    times = np.repeat(
        [np.pad(each.times, (0, more), mode="edge") for each, more in zip(group, spare, strict=True)],
        count,
        axis=0,
    )
    weights = np.concatenate(
        [np.pad(each.weights, ((0, 0), (0, more))) for each, more in zip(group, spare, strict=True)]
    )
    size = max(LANES, filled_size(len(arm)))
    arm, owner, times, readout, filled_up = (
        filled(part, size) for part in (arm, owner.ravel(), times, readout, weights)
    )
    filled_up[len(weights) :] = 0.0
    row, under, rest_of = distinct_cells(bench.design.rest[arm], owner)
    cells = filled(row, size), filled(under, size)
    vectors = filled(scaled[pairs[1]], size)
    slopes = pull(Lanes(vectors, cells, rest_of, arm, owner, times), readout, filled_up)
    np.add.at(found, (pairs[0], pairs[1]), slopes[: pairs.shape[1]])
