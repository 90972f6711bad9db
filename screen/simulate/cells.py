"""Which cells of a part are alike: those in which the same parameters are 0."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from screen.experiments import Design, Draws
from screen.shapes import ARMS


def cells_alike(
    design: Design, draws: Draws, parameters: Sequence[str]
) -> dict[frozenset[str], Int[np.ndarray, ARMS]]:
    """Arms by the parameters that are 0 in all phases of their cell and at rest, under every draw.

    Loads never count as 0, so that what else is screened does not matter.
    """
    moves = np.where(np.isnan(design.settings), np.any(draws.base != 0, axis=0), design.settings != 0)
    moves[:, design.load_column] = True
    names, found = np.asarray(parameters), dict[frozenset[str], list[int]]()
    for cell in np.unique(design.rest):
        arms = np.flatnonzero(design.rest == cell)
        somewhere = moves[cell] | moves[np.unique(design.phase[arms])].any(axis=0)
        found.setdefault(frozenset(names[~somewhere].tolist()), []).extend(arms.tolist())
    return {zero: np.sort(arms) for zero, arms in found.items()}
