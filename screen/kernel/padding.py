"""Batches filled up with copies of a row to one of few sizes, so that little is compiled."""

import numpy as np


def filled_size(rows: int, most: int | None = None, doublings: int = 1) -> int:
    """The size that a batch of so many rows is filled up to: the next power of two, or of what so many doublings make,
    at most `most`.

    >>> filled_size(5), filled_size(5, most=6), filled_size(5, doublings=2)
    (8, 6, 16)
    """
    bits = -(-max(rows - 1, 0).bit_length() // doublings) * doublings
    return 1 << bits if most is None else min(1 << bits, most)


def filled(array: np.ndarray, size: int) -> np.ndarray:
    """The array [rows, ...] with copies of its first row added, up to so many rows.

    >>> filled(np.array([3, 4, 5]), 4)
    array([3, 4, 5, 3])
    """
    return np.concatenate([array, np.repeat(array[:1], size - len(array), axis=0)])
