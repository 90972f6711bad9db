"""Which cells of a part share a slice of its network: those in which the same species move and matter."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from screen.experiments import Design, Draws
from screen.shapes import ARMS


class Support(NamedTuple):
    """Arms of cells with one support: the parameters that are 0 in all of them, and how many species matter."""

    arms: Int[np.ndarray, ARMS]
    zero: frozenset[str]
    species: int


def supports(
    design: Design,
    draws: Draws,
    parameters: Sequence[str],
    species: Callable[[Collection[str]], Sequence[str]],
) -> list[Support]:
    """The arms of a design by what moves and matters; `species` says what does where given parameters are 0."""
    cells: dict[frozenset[str], list[int]] = {}
    for arms, zero in _zero_parameters(design, draws, parameters):
        cells.setdefault(zero, []).extend(arms.tolist())
    alike: dict[tuple[str, ...], list[frozenset[str]]] = {}
    for zero in cells:
        alike.setdefault(tuple(species(zero)), []).append(zero)
    return [
        Support(
            np.sort([arm for zero in zeros for arm in cells[zero]]),
            frozenset.intersection(*zeros),
            len(names),
        )
        for names, zeros in alike.items()
    ]


def _zero_parameters(
    design: Design, draws: Draws, parameters: Sequence[str]
) -> list[tuple[np.ndarray, frozenset[str]]]:
    """Arms of each cell, and the parameters that are 0 in all of their phases and at rest under every draw.

    Loads never count as 0, so that what else is screened does not matter.
    """
    moves = np.where(np.isnan(design.settings), np.any(draws.base != 0, axis=0), design.settings != 0)
    moves[:, design.load_column] = True
    names, found = np.asarray(parameters), []
    for cell in np.unique(design.rest):
        arms = np.flatnonzero(design.rest == cell)
        somewhere = moves[cell] | moves[np.unique(design.phase[arms])].any(axis=0)
        found.append((arms, frozenset(names[~somewhere].tolist())))
    return found
