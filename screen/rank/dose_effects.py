"""Effects by dose: the tables of single drugs and of pairs, cell by cell from the same draws that are ranked."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.processes import another_process
from screen.rank.aim import Aim
from screen.rank.combinations import COMBINATIONS, combined_rows, score_pairs, score_triples
from screen.rank.curves import CURVES, Curves, curve_rows, score_drugs
from screen.rank.dose_curve import DoseCurve
from screen.rank.dose_responses import DOSE_RESPONSES, respond, responded_rows
from screen.rank.draws import log10_half_dose
from screen.rank.hill import fit_hill
from screen.rank.intervals import with_mixture
from screen.rank.isoboles import ISOBOLES, isobole_rows, trace_isoboles
from screen.rank.paired import Ratio, falling, paired_ratio
from screen.rank.ranking import rounded
from screen.rank.responses import ResponseArray
from screen.rank.series import Cell
from screen.rank.surface import surface_of
from screen.tables import Schema
from screen.threads import side_by_side

MANY = 20_000
"""Scenarios from which on effects are scored beside the ranking: to start Python anew takes a second or two."""

Parts = tuple[list[pl.DataFrame], ...]
"""Frames of each table."""


class DoseEffects(NamedTuple):
    """The tables CURVES, COMBINATIONS, ISOBOLES and DOSE_RESPONSES."""

    curves: pl.DataFrame
    combinations: pl.DataFrame
    isoboles: pl.DataFrame
    responses: pl.DataFrame


def score_doses(found: ResponseArray, aim: Aim) -> DoseEffects:
    """Curves of single drugs, excesses of pairs and triples, isoboles in each ranked read-out; also over hypotheses.

    Of treated/vehicle; of vehicle/treated where that is to rise. Beside them treated/vehicle itself at every dose.

    RankError where a drug of a pair was not run alone.

    >>> found = score_doses(gather_responses(responses, scenarios), aim)
    >>> found.curves.select("drug", "fit_type", "xc50_p50_nM", "x_max_p50").rows(), found.combinations.height
    ([('drug', 'DRCTooFewPointsToFit', 30.0, 0.25)], 0)
    >>> found.responses.select("intervention", "dose_a_nM", "x_p50").rows()
    [('drug', 10.0, 0.75), ('drug', 90.0, 0.25)]
    """
    cells = found.cells
    _check_alone(cells)
    places = {readout.id: place for place, readout in enumerate(aim.ranked)}
    ratio = paired_ratio(found.read(tuple(places)), cells, aim.floor)

    def score(own: Sequence[Cell]) -> Parts:
        parts: Parts = ([], [], [], [])
        every = [dose_curves(cell, ratio, list(places.values()), aim.sign) for cell in own]
        for number, (readout, place) in enumerate(places.items()):
            here = ratio.of(place)
            curves = [[(drugs, curve.of(number)) for drugs, curve in of_cell] for of_cell in every]
            answers = with_mixture(own, [respond(cell, found.scenarios, here) for cell in own])
            tables = (*_effects(own, here.falling(aim.sign), curves), map(responded_rows, answers))
            for part, table in zip(parts, tables, strict=True):
                part += [frame.with_columns(pl.lit(readout).alias("readout")) for frame in table]
        return parts

    contexts = (list(members) for _, members in groupby(cells, key=attrgetter("context")))
    tables = zip(*side_by_side(score, contexts), strict=True)
    joined = (chain.from_iterable(parts) for parts in tables)
    return DoseEffects(*map(_joined, joined, (CURVES, COMBINATIONS, ISOBOLES, DOSE_RESPONSES)))


@contextmanager
def effects_beside(
    scenarios: pl.DataFrame,
) -> Iterator[Callable[[ResponseArray, Aim], Callable[[], DoseEffects]]]:
    """`score_doses` that begins when it is called, and whose tables are had by calling what it gives.

    For many scenarios it is done in a process of its own, which starts with the block; where the machine gives none, or
    one core, when the tables are asked for. They are the same. RankError: that process was ended from outside.

    >>> found = gather_responses(responses, scenarios)
    >>> with effects_beside(scenarios) as begin:
    ...     effects = begin(found, aim)
    ...     effects().curves["drug"].to_list()
    ['drug']
    """
    many = scenarios.height >= MANY and pl.thread_pool_size() > 1
    ended = RankError(
        "effects: the process that scores them must end by itself, found it ended from outside; does memory suffice?"
    )
    with another_process(__name__ if many else None, ended) as pool:

        def begin(found: ResponseArray, aim: Aim) -> Callable[[], DoseEffects]:
            if pool is None:
                return partial(score_doses, found, aim)
            wanted = found.read(tuple(readout.id for readout in aim.ranked))
            return pool.submit(score_doses, wanted, aim).result

        yield begin


def _effects(
    own: Sequence[Cell], ratio: Ratio, curves: Sequence[Curves]
) -> tuple[Iterable[pl.DataFrame], ...]:
    """Curves, excesses and isoboles in the cells of a context in one read-out."""
    singles, pairs, isoboles = [], [], []
    if own[0].series:
        singles = [curve_rows(each) for each in with_mixture(own, [score_drugs(drugs) for drugs in curves])]
    if own[0].pairs:
        surfaces = [surface_of(cell, ratio, drugs) for cell, drugs in zip(own, curves, strict=True)]
        drawn = [score_pairs(each) for each in surfaces]
        pairs = [combined_rows(each) for each in with_mixture(own, drawn)]
        if surfaces[0].matrices:
            traced = with_mixture(own, [trace_isoboles(each) for each in surfaces])
            isoboles = [isobole_rows(each) for each in traced]
    if any(len(each.drugs) == 3 for each in own[0].combinations):
        together = with_mixture(own, [score_triples(cell, ratio) for cell in own])
        pairs += [combined_rows(each) for each in together]
    return singles, pairs, isoboles


def dose_curves(cell: Cell, ratio: Ratio, readouts: Sequence[int], sign: float) -> Curves:
    """The curves of the drugs of a cell in some read-outs, [readouts, drugs, draws]; those given alike together.

    ratio [scenarios, readouts, draws]: treated/vehicle.
    """
    found = []
    for doses, members in cell.by_doses():
        rows = np.stack([series.rows for series in members], axis=1)  # [doses, drugs]
        effect = 1.0 - falling(ratio[rows[:, None], np.reshape(readouts, (-1, 1))], sign)
        by_dose = np.moveaxis(effect, 0, -1)
        xc50, hill = log10_half_dose(1.0 - by_dose, doses), fit_hill(by_dose, doses)
        found.append(([series.drug for series in members], DoseCurve(doses, effect, xc50, hill)))
    return found


def _check_alone(cells: Sequence[Cell]) -> None:
    problems = {
        f"scenarios: a drug of a pair must be run alone too, found {drug} of {name} only together with others"
        for cell in cells
        for name, drugs in {(each.intervention, each.drugs) for each in cell.combinations}
        for drug in set(drugs) - {series.drug for series in cell.series}
    }
    if problems:
        raise RankError(sorted(problems))


def _joined(frames: Iterable[pl.DataFrame], schema: Schema) -> pl.DataFrame:
    """The rows of all frames by a schema; NaN is null."""
    found = list(frames)
    table = pl.concat(found).fill_nan(None) if found else pl.DataFrame(schema=schema.dtypes())
    return rounded(table, schema)
