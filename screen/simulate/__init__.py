"""Trajectories of the scenarios under every parameter draw, read out as responses."""

from screen.simulate.batch import (
    REST_MINUTES,
    Courses,
    Integration,
    Observed,
    Responses,
    Resting,
    Trajectories,
    rest_states,
)
from screen.simulate.parts import Part, read_parts
from screen.simulate.readouts import Readout, check_readouts, output_times, read
from screen.simulate.shard import Shard, simulate_shard

__all__ = [
    "REST_MINUTES",
    "Courses",
    "Integration",
    "Observed",
    "Part",
    "Readout",
    "Responses",
    "Resting",
    "Shard",
    "Trajectories",
    "check_readouts",
    "output_times",
    "read",
    "read_parts",
    "rest_states",
    "simulate_shard",
]
