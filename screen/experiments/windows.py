"""The time grid of a window: what is averaged, or looked at for its peak."""

import numpy as np
from jaxtyping import Float

from screen.shapes import TIMES

INTERVALS = 48
"""Intervals of a window; they lengthen quadratically, since pY705 moves most at the start."""


def window_minutes(start: float, end: float) -> Float[np.ndarray, TIMES]:
    """Times [INTERVALS + 1] [min] from start to end, ascending.

    >>> window_minutes(0.0, 48.0)[[0, 24, 48]]
    array([ 0., 12., 48.])
    """
    share = (np.arange(INTERVALS + 1) / INTERVALS) ** 2
    return start + (end - start) * share
