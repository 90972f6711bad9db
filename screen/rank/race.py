"""The race: which pairs stop after the first draws, since they cannot be among the first of any ranking.

A pair stops in a context as a whole: where it is out (`screen.rank.elimination`) under every hypothesis, in every
ranked read-out and on every dose basis that it stands on. Single drugs, triples and pairs in triples run in all
draws, and count among the first.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.rank.aim import Aim
from screen.rank.bases import BASES, DoseBasis, Footing, Standing
from screen.rank.elimination import adjusted, chance
from screen.rank.paired import Ratio, paired_ratio
from screen.rank.responses import ResponseArray
from screen.rank.series import Cell
from screen.tables import RACE


class Rules(NamedTuple):
    """Who stops: not among the first `keep` in `share` of the draws or more, with this `error` over a context."""

    keep: int
    share: float
    error: float


class Nearest(NamedTuple):
    """The ranking in which a pair is nearest to the first."""

    p_value: float
    hypothesis: str
    readout: str
    basis: str


def run_race(found: ResponseArray, aim: Aim, dose_bases: Sequence[DoseBasis], rules: Rules) -> pl.DataFrame:
    """RACE, from the responses under the first draws; the same for any order and sharding of them.

    RankError where a cell has no vehicle.

    >>> found = gather_responses(responses, scenarios)
    >>> run_race(found, aim, [DoseBasis("equal_burden", 90.0)], Rules(keep=1, share=0.01, error=0.05)).height
    0
    """
    cells = found.cells
    ratio = paired_ratio(found, cells, aim.floor)
    rows: list[tuple] = []
    for context, members in groupby(cells, key=attrgetter("context")):
        own = list(members)
        nearest: dict[str, Nearest] = {}
        for pair, near in (
            each for cell in own for each in _judged(cell, ratio, found, aim, dose_bases, rules)
        ):
            if pair not in nearest or near.p_value > nearest[pair].p_value:
                nearest[pair] = near
        named = sorted(nearest)
        of_all = adjusted(np.array([nearest[pair].p_value for pair in named]))
        for pair, after in zip(named, of_all.tolist(), strict=True):
            p_value, *where = nearest[pair]
            rows.append((context, pair, after <= rules.error, len(found.draws), p_value, after, *where))
        unranked = sorted({pair.intervention for cell in own for pair in cell.pairs} - set(nearest))
        rows += [(context, pair, False, len(found.draws), *[None] * 5) for pair in unranked]
    return pl.DataFrame(rows, schema=RACE.dtypes(), orient="row").sort(RACE.key)


def _judged(
    cell: Cell,
    ratio: Ratio,
    found: ResponseArray,
    aim: Aim,
    dose_bases: Sequence[DoseBasis],
    rules: Rules,
) -> Iterator[tuple[str, Nearest]]:
    """Each pair in each of its rankings in a cell."""
    rows = {row for each in cell.combinations for row in each.within}
    may_stop = {pair.intervention for pair in cell.pairs} - {
        pair.intervention for pair in cell.pairs if pair.row in rows
    }
    for basis in dose_bases:
        kind = BASES[basis.kind]
        places = kind.places(Footing(cell, {}, {}), float(basis.value or 0.0)) if kind.must_be_tested else []
        known = tuple(place for place in places if place.known)
        pairs = [number for number, place in enumerate(known) if place.intervention in may_stop]
        if not pairs:
            continue
        for readout in aim.ranked:
            which = found.readouts.index(readout.id)
            effect = aim.sign * (1.0 - Standing(known).read(ratio, which))
            p_value = chance(effect, rules.keep, rules.share)
            for number in pairs:
                near = Nearest(float(p_value[number]), cell.hypothesis, readout.id, basis.name)
                yield known[number].intervention, near
