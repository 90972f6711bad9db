"""What every engine returns, and the stretches of time that every engine integrates."""

from enum import IntEnum
from typing import Any, NamedTuple

from jax import Array
from jaxtyping import Float, Int

from screen.shapes import LANES, LANES_TIMES_SPECIES


class Status(IntEnum):
    """How a lane ended; everything but OK leaves NaN in the outputs that were not reached."""

    OK = 0
    MAX_STEPS = 1
    STEP_UNDERFLOW = 2
    NON_FINITE = 3
    NO_REST_STATE = 4


class Solution(NamedTuple):
    """Trajectories of a batch of lanes.

    states [lanes, times, species]; status [lanes], int32 codes of Status; accepted and rejected
    [lanes], int32 step counts; reached [lanes], the last time [model time] that was integrated to.
    """

    states: Float[Array, LANES_TIMES_SPECIES] | Any
    status: Int[Array, LANES] | Any
    accepted: Int[Array, LANES] | Any
    rejected: Int[Array, LANES] | Any
    reached: Float[Array, LANES] | Any
