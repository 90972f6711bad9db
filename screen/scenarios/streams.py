"""Random numbers that belong to a name: further names, and more numbers of one, change nothing of what was there."""

import hashlib

import numpy as np


def normal_stream(seed: int, kind: str, name: str, number: np.ndarray) -> np.ndarray:
    """A standard normal number [draws] for each numbered draw, from the stream of a name.

    >>> first = normal_stream(1, "drug", "ruxolitinib", np.arange(3))
    >>> bool((normal_stream(1, "drug", "ruxolitinib", np.arange(9))[:3] == first).all())
    True
    """
    digest = hashlib.sha256(f"{kind}\0{name}".encode()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
    return rng.standard_normal(int(number.max(initial=-1)) + 1)[number]
