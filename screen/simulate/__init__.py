"""Trajectories of the scenarios under every parameter draw, read out as responses."""

from screen.simulate.integrate import (
    Integration,
    Observed,
    Resting,
    Runner,
    come_to_rest,
    distinct_cells,
    follow,
    read_off,
)
from screen.simulate.observing import in_force, observe
from screen.simulate.parts import Part, ScreenTables, in_round, make_part, read_parts
from screen.simulate.readouts import Readout, check_readouts, output_times, read
from screen.simulate.shard import Shard, simulate_shard

__all__ = [
    "Integration",
    "Observed",
    "Part",
    "Readout",
    "Resting",
    "Runner",
    "ScreenTables",
    "Shard",
    "check_readouts",
    "come_to_rest",
    "distinct_cells",
    "follow",
    "in_force",
    "in_round",
    "make_part",
    "observe",
    "output_times",
    "read",
    "read_off",
    "read_parts",
    "simulate_shard",
]
