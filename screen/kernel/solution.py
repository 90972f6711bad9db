"""What every engine is given and what it returns."""

from enum import IntEnum
from typing import Any, NamedTuple

from jax import Array
from jaxtyping import Float, Int

from screen.shapes import (
    LANES,
    LANES_PHASES,
    LANES_PHASES_PARAMETERS,
    LANES_SPECIES,
    LANES_TIMES,
    LANES_TIMES_SPECIES,
)

ROUNDING = 2.0**-45
"""Of the largest state: what rounding leaves of rest where species live on what others leave of a total, or on small
differences of what is exchanged. The faster they are made, the more it is: over 2^-48 was seen (Isensee 2018)."""


class Status(IntEnum):
    """How a lane ended; everything but OK leaves NaN in the outputs that were not reached."""

    OK = 0
    MAX_STEPS = 1
    STEP_UNDERFLOW = 2
    NON_FINITE = 3
    NO_REST_STATE = 4


class Runs(NamedTuple):
    """What is integrated, a lane each.

    parameters [lanes, phases, parameters]; state [lanes, species] at the first switch; switches [lanes, phases], the
    start of each phase; times [lanes, times] of the outputs.
    """

    parameters: Float[Array, LANES_PHASES_PARAMETERS] | Any
    state: Float[Array, LANES_SPECIES] | Any
    switches: Float[Array, LANES_PHASES] | Any
    times: Float[Array, LANES_TIMES] | Any


class Stepping(NamedTuple):
    """How exactly lanes are integrated, by how many threads, and what of them is kept."""

    rtol: float = 1e-6
    """Bound of the local error of a step, relative to the state; with atol, whichever is more."""
    atol: float = 1e-9
    """The same by itself [unit of the species]; less for species that stay small (`System.scale`)."""
    max_steps: int = 100_000
    """Steps after which a lane gives up."""
    threads: int | None = None
    """None: all cores, and as many as a GPU holds."""
    first_step: float | None = None
    """An upper bound of the first step of each phase, in the time of the model."""
    stored: tuple[int, ...] | None = None
    """Places of the species that the states of a solution have; None: all."""


class Solution(NamedTuple):
    """Trajectories of a batch of lanes.

    states [lanes, times, species], all species or those `stored`; status [lanes], int32 codes of Status;
    accepted and rejected [lanes], int32 step counts; reached [lanes], the last time [model time] that was
    integrated to.
    """

    states: Float[Array, LANES_TIMES_SPECIES] | Any
    status: Int[Array, LANES] | Any
    accepted: Int[Array, LANES] | Any
    rejected: Int[Array, LANES] | Any
    reached: Float[Array, LANES] | Any
