"""Batches filled up with copies of a row to one of few sizes, so that little is compiled."""

import numpy as np

LARGE = 4096
"""Rows from which on a batch costs more than to compile for its size."""


def filled_size(rows: int, most: int | None = None, doublings: int = 1) -> int:
    """The size that a batch of so many rows is filled up to: the next power of two, or of what so many doublings make,
    at most `most`; of LARGE ones the next eighth of a power of two.

    >>> filled_size(5), filled_size(5, most=6), filled_size(5, doublings=2), filled_size(40_448)
    (8, 6, 16, 40960)
    """
    if rows > LARGE and doublings == 1:
        eighth = 1 << (rows - 1).bit_length() - 4
        size = -(-rows // eighth) * eighth
        return size if most is None else min(size, most)
    bits = -(-max(rows - 1, 0).bit_length() // doublings) * doublings
    return 1 << bits if most is None else min(1 << bits, most)


def filled(array: np.ndarray, size: int) -> np.ndarray:
    """The array [rows, ...] with copies of its first row added, up to so many rows.

    >>> filled(np.array([3, 4, 5]), 4)
    array([3, 4, 5, 3])
    """
    return np.concatenate([array, np.repeat(array[:1], size - len(array), axis=0)])
