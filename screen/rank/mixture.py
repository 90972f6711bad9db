"""Pools of draws: each cell by itself, and after the cells of a context their mixture.

A context run under several hypotheses is ranked under each. Its mixture is ranked beside them: the draws of
all its hypotheses together, each counting by the prior weight of its hypothesis, and within every draw
ranked as ever. What the hypotheses disagree on is then part of the spread instead of being averaged away.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from screen.errors import RankError
from screen.rank.paired import Ratio
from screen.rank.series import Cell, Pool, Series
from screen.scenarios import MIXTURE


def pools(cells: Sequence[Cell], ratio: Ratio, run: np.ndarray | None = None) -> Iterator[Pool]:
    """Every cell with its draws, and the mixture of each context with several; cells sorted by context.

    ratio[scenarios, readouts, draws]: treated/vehicle; run [scenarios]: under how many draws each was simulated, None:
    under all. RankError where the hypotheses of a context were not given the same drugs and doses.

    >>> ratio = paired_ratio(gather_responses(responses, scenarios), find_cells(scenarios), 1e-4)
    >>> [(pool.cell.name, pool.weights.tolist()) for pool in pools(find_cells(scenarios), ratio)]
    [('liver|default', [1.0, 1.0])]
    """
    for _, members in groupby(cells, key=lambda cell: cell.context):
        own = list(members)
        for cell in own:
            yield Pool(cell, ratio, np.ones(ratio.shape[-1]), ratio.shape[-1], run)
        if len(own) > 1:
            yield _mixture(own, ratio, run)


def _mixture(cells: Sequence[Cell], ratio: Ratio, run: np.ndarray | None) -> Pool:
    """The draws of all cells one after the other; a hypothesis without weight is not among them."""
    weighty = [cell for cell in cells if cell.weight > 0]
    first = weighty[0]
    for cell in weighty[1:]:
        if _design(cell) != _design(first):
            raise RankError(
                f"scenarios of {cell.context}: all hypotheses must be given the same drugs and doses, "
                f"found {cell.hypothesis} and {first.hypothesis} to differ"
            )
    draws = ratio.shape[-1]
    pooled = np.concatenate([ratio[cell.rows] for cell in weighty], axis=-1)
    weights = np.repeat([cell.weight for cell in weighty], draws)
    return Pool(_renumbered(first), pooled, weights, draws, None if run is None else run[first.rows])


def _design(cell: Cell) -> tuple:
    return (
        [(series.drug, series.doses.tolist()) for series in cell.series],
        [(each.intervention, each.doses) for each in cell.combinations],
        [name for name, _ in cell.genetic],
    )


def _renumbered(cell: Cell) -> Cell:
    """The cell of the mixture, whose rows are those of this one in their order."""
    place = {int(row): at for at, row in enumerate(cell.rows)} | {-1: -1}
    return Cell(
        cell.context,
        MIXTURE,
        1.0,
        0,
        tuple(Series(s.drug, s.doses, np.array([place[int(row)] for row in s.rows])) for s in cell.series),
        tuple(
            each._replace(
                row=place[each.row],
                alone=tuple(place[row] for row in each.alone),
                within=tuple(place[row] for row in each.within),
            )
            for each in cell.combinations
        ),
        tuple((name, place[row]) for name, row in cell.genetic),
    )
