"""One arm of a screen as what a simulator has to do: set up a cell, leave it alone until it rests, change it, watch it.

The numbers are those that the screen itself runs the arm with, at the values of the tables (no draws).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from screen.experiments import Arm, lane_parameters, make_design, read_draws, rest_parameters
from screen.network import Network
from screen.scenarios import ContextTables, DrugTables
from screen.simulate import Integration


@dataclass(frozen=True)
class Phase:
    """A stretch of time [min], and the parameters that change as it begins."""

    start: float
    end: float
    changes: Mapping[str, float]


@dataclass(frozen=True)
class Course:
    """A cell, by the parameters in which it differs from the network, and its phases, of which the first is rest."""

    cell: Mapping[str, float]
    phases: tuple[Phase, ...]


def plan_course(
    arm: Arm, minutes: float, network: Network, contexts: ContextTables, drugs: DrugTables
) -> Course:
    """The course of an arm without series, followed for so many minutes after its stimulus."""
    names = [name for name, _ in arm.treatment.values if name in drugs.drugs]
    default = dict(zip(network.parameters, network.values, strict=True))
    design = make_design([arm], contexts, drugs, names, network.parameters)
    draws, one = read_draws(None, default, names, drugs, seed=0), np.array([0])
    resting = np.asarray(rest_parameters(design, draws, design.rest, one))
    phases = np.asarray(lane_parameters(design, draws, one, one))[0]
    values = [dict(zip(network.parameters, row.tolist(), strict=True)) for row in (*resting, *phases)]
    begins = design.start[0].tolist()
    starts = [begins[0] - Integration().rest_minutes, *begins]
    stretches = [
        each for each in zip(starts, [*starts[1:], minutes], values, strict=True) if each[0] < each[1]
    ]
    before = [values[0], *(now for _, _, now in stretches)]
    return Course(
        _changes(default, values[0]),
        tuple(
            Phase(start, end, _changes(then, now))
            for (start, end, now), then in zip(stretches, before, strict=False)
        ),
    )


def _changes(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in now.items() if value != before[name]}
