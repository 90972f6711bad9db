"""How the statistic of each check depends on each unknown: one adjoint solve per arm of a check and draw.

The pull of a statistic on its trajectories goes back through the engine to the parameters of the arm and of its
resting state, and from there to what the draw decides: parameters no condition sets, and the loads of its drugs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from screen.calibration.priors import LN10
from screen.constrain.adjoint import Lanes, make_adjoint
from screen.constrain.demands import Demands
from screen.constrain.pulls import Pull, pulls_of
from screen.constrain.unknowns import Unknowns
from screen.kernel import Model
from screen.panel import Arm, Cell, Materials, Settings, Traces, arm_lanes, cell_of, resting_parameters
from screen.simulate import Integration

LANES = 1024
"""Lanes of one adjoint solve."""

SHORT = 2
"""Checks with at most so many times run apart from those of whole time courses."""


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
    pull = make_adjoint(model, integration)

    def slopes(
        materials: Materials, linear: np.ndarray, traces: Mapping[Arm, Traces], asked: np.ndarray
    ) -> np.ndarray:
        found = np.zeros((len(demands.checks), len(linear), len(unknowns.names)))
        wanted = [
            each
            for index in np.flatnonzero(asked.any(axis=1))
            for each in pulls_of(demands, int(index), materials, traces, names, np.flatnonzero(asked[index]))
        ]
        chain = unknowns.slope(linear)
        for short in (True, False):
            some = [each for each in wanted if (len(each.minutes) <= SHORT) == short]
            for group in _grouped(some):
                _pull_group(pull, group, materials, unknowns, phases, chain, found)
        return np.where(np.isfinite(found).all(axis=2, keepdims=True), found, 0.0)

    return slopes


def _grouped(wanted: Iterable[Pull]) -> Iterator[list[Pull]]:
    """Runs of arms that fit into one solve together."""
    group: list[Pull] = []
    lanes = 0
    for each in wanted:
        if group and lanes + len(each.draws) > LANES:
            yield group
            group, lanes = [], 0
        group.append(each)
        lanes += len(each.draws)
    if group:
        yield group


def _pull_group(
    pull: Callable[[Lanes], tuple[np.ndarray, np.ndarray]],
    group: Sequence[Pull],
    materials: Materials,
    unknowns: Unknowns,
    phases: int,
    chain: np.ndarray,
    found: np.ndarray,
) -> None:
    """Adds the pull of every arm of a group to `found` [checks, draws, unknowns]."""
    rests: dict[tuple[int, Cell, int], int] = {}
    longest = max(len(each.minutes) for each in group)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in Lanes.__annotations__ if name != "resting"}
    for each in group:
        cell = cell_of(each.arm)
        for draw in each.draws:
            rests.setdefault((each.check, cell, int(draw)), len(rests))
        parameters, switches = arm_lanes(materials, each.arm, phases)
        spare = longest - len(each.minutes)
        parts["parameters"].append(parameters[each.draws])
        parts["switches"].append(switches[each.draws])
        parts["times"].append(np.tile(np.pad(each.minutes, (0, spare), mode="edge"), (len(each.draws), 1)))
        parts["weights"].append(np.pad(each.weights, ((0, 0), (0, spare))))
        parts["rest_of_lane"].append(np.array([rests[each.check, cell, int(draw)] for draw in each.draws]))
        parts["readout"].append(np.full(len(each.draws), each.readout))
    at_rest = {cell: resting_parameters(materials, cell) for _, cell, _ in rests}
    resting = np.array([at_rest[cell][draw] for _, cell, draw in rests])
    lanes = Lanes(resting=resting, **{name: np.concatenate(part) for name, part in parts.items()})
    by_rest, by_lane = pull(lanes)
    unset = _unset(materials)
    free = {cell: np.isnan(resting_parameters(unset, cell)[0]) for cell in at_rest}
    place, column = unknowns.columns(materials)
    for (row, cell, draw), slope in zip(rests, by_rest, strict=True):
        found[row, draw, place] += np.where(free[cell], slope, 0.0)[column] * chain[draw, place]
    first = 0
    for each in group:
        slopes = by_lane[first : first + len(each.draws)]
        first += len(each.draws)
        own = np.isnan(arm_lanes(unset, each.arm, phases)[0][0])
        loads = _loads_by_drug(materials, each.arm, phases)
        for draw, slope in zip(each.draws, slopes, strict=True):
            pulled = np.sum(np.where(own, slope, 0.0), axis=0)
            found[each.check, draw, place] += pulled[column] * chain[draw, place]
            for drug, load in loads.items():
                hill = materials.tables.drugs[drug].hill
                found[each.check, draw, unknowns.of_drug[drug]] -= hill * LN10 * np.sum(slope * load[draw])


def _unset(materials: Materials) -> Materials:
    """Materials of one draw without numbers: what stays without one is the draw's own."""
    base = np.full((1, materials.base.shape[1]), np.nan)
    return replace(materials, draws=np.zeros(1, int), base=base, sigma=np.ones((1, len(materials.drugs))))


def _loads_by_drug(materials: Materials, arm: Arm, phases: int) -> dict[str, np.ndarray]:
    """What each drug of an arm adds to the load of each target [draws, phases, parameters]."""

    def given(*values: tuple[str, float]) -> np.ndarray:
        treatment = Settings(values, until=arm.treatment.until)
        return arm_lanes(materials, replace(arm, treatment=treatment), phases)[0]

    doses = [pair for pair in arm.treatment.values if pair[0] in materials.drugs]
    untreated = given() if doses else None
    return {drug: given((drug, dose)) - untreated for drug, dose in doses}
