"""How small each species is: what the absolute tolerance is multiplied with.

A tolerance of 1e-9 is fine for concentrations in nM and hides everything in a model in mol/L. So for a species
that stays below `RESOLVED` it is relative to the size of the species. How large a species gets comes from its
initial value and a first pass: a walk of linearly implicit Euler steps, each ten times as long as the one
before, from far below to far above any time scale of a cell. Its numbers are rough and only their size is used.
What stays below every initial value that is given counts as large as the smallest of these.
"""

from collections.abc import Sequence

import numpy as np

from screen.kernel.symbolic.evaluate import run
from screen.kernel.symbolic.program import Program

Pattern = Sequence[tuple[int, int]]

RESOLVED = 1e-3
"""Size from which the tolerance holds as it is: at the default rtol of 1e-6, atol 1e-9 is the smaller from here."""

NOTHING = 1e-24
"""About one molecule in mol; initial values below stand for 0."""

NO_START = 1e-2
"""Of the middle size, where every species starts at 0: what stays below counts as that large."""

STEPS = 10.0 ** np.arange(-6, 7)
"""Of the walk, in the time of the model."""


def tolerance_scale(
    values: np.ndarray, pattern: Pattern, initial: Program, hoist: Program, linearisation: Program
) -> tuple[float, ...]:
    """Factor of atol for each species, at most 1."""
    with np.errstate(all="ignore"):
        start = np.array(run(initial, {"parameter": values}, np), float)
        sizes = _sizes(start, values, pattern, hoist, linearisation)
    given, reached = (each[(each > NOTHING) & np.isfinite(each)] for each in (np.abs(start), sizes))
    if not reached.size:
        return (1.0,) * len(sizes)
    if given.size:
        least = float(np.min(given))
    else:
        least = NO_START * float(np.median(reached))
    sizes = np.maximum(np.where(np.isfinite(sizes), sizes, least), least)
    return tuple(np.where(sizes < RESOLVED, sizes, 1.0).tolist())


def _sizes(
    start: np.ndarray, values: np.ndarray, pattern: Pattern, hoist: Program, linearisation: Program
) -> np.ndarray:
    """The largest |state| of the walk [species], as far as it goes; what starts at 0 or above stays there."""
    species, state, sizes, time = len(start), start, np.abs(start), 0.0
    hoisted = run(hoist, {"parameter": values}, np)
    rows, columns = (np.array(side, int) for side in zip(*pattern, strict=True)) if pattern else ([], [])
    for step in STEPS:
        found = run(linearisation, {"state": state, "hoisted": hoisted, "time": time}, np)
        matrix = np.eye(species) / step
        matrix[rows, columns] -= np.array(found[species : species + len(pattern)], float)
        try:
            state = state + np.linalg.solve(matrix, np.array(found[:species], float))
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(state).all():
            break
        state = np.where(start >= 0, np.maximum(state, 0.0), state)
        sizes, time = np.maximum(sizes, np.abs(state)), time + step
    return sizes
