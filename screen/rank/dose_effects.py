"""Effects by dose: the tables of single drugs and of pairs, cell by cell from the same draws that are ranked."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.rank.aim import Aim
from screen.rank.combinations import COMBINATIONS, combined_rows, score_pairs
from screen.rank.curves import CURVES, curve_rows, score_drugs
from screen.rank.dose_curve import DoseCurve
from screen.rank.draws import log10_half_dose
from screen.rank.hill import Hill, fit_hill
from screen.rank.intervals import with_mixture
from screen.rank.isoboles import ISOBOLES, isobole_rows, trace_isoboles
from screen.rank.ranking import rounded
from screen.rank.responses import ResponseArray
from screen.rank.series import Cell, falling, find_cells, paired_ratio
from screen.rank.surface import surfaces_of
from screen.tables import Schema
from screen.threads import side_by_side


class DoseEffects(NamedTuple):
    """The tables CURVES, COMBINATIONS and ISOBOLES."""

    curves: pl.DataFrame
    combinations: pl.DataFrame
    isoboles: pl.DataFrame


def score_doses(found: ResponseArray, aim: Aim) -> DoseEffects:
    """Curves of single drugs, excesses and isoboles of pairs in every ranked read-out; also over the hypotheses.

    Of treated/vehicle; of vehicle/treated where that is to rise.

    RankError where a drug of a pair was not run alone.

    >>> curves, pairs, isoboles = score_doses(gather_responses(responses, scenarios), aim)
    >>> curves.select("drug", "fit_type", "xc50_p50_nM", "x_max_p50").rows(), pairs.height
    ([('drug', 'DRCTooFewPointsToFit', 30.0, 0.25)], 0)
    """
    cells = find_cells(found.scenarios)
    _check_alone(cells)
    ratio = falling(paired_ratio(found, cells, aim.floor), aim.sign)
    places = {readout.id: found.readouts.index(readout.id) for readout in aim.ranked}
    contexts = (list(members) for _, members in groupby(cells, key=attrgetter("context")))
    found_in = list(side_by_side(lambda own: _of_context(own, ratio, places), contexts))
    tables = ([frame for frames in parts for frame in frames] for parts in zip(*found_in, strict=True))
    return DoseEffects(*map(_joined, tables, (CURVES, COMBINATIONS, ISOBOLES)))


def _of_context(
    own: Sequence[Cell], ratio: np.ndarray, places: Mapping[str, int]
) -> tuple[list[pl.DataFrame], list[pl.DataFrame], list[pl.DataFrame]]:
    """Curves, excesses and isoboles in the cells of a context, by read-out, whose `places` in the ratio are given."""
    singles, pairs, isoboles = [], [], []
    for readout, place in places.items():
        here = ratio[:, place]
        curves = [dose_curves(cell, here) for cell in own]
        name = pl.lit(readout).alias("readout")
        if own[0].series:
            for each in with_mixture(own, [score_drugs(drugs) for drugs in curves]):
                singles.append(curve_rows(each).with_columns(name))
        if own[0].pairs:
            surfaces = [surfaces_of(cell, here, drugs) for cell, drugs in zip(own, curves, strict=True)]
            drawn = [score_pairs(each) for each in surfaces]
            pairs += [combined_rows(each).with_columns(name) for each in with_mixture(own, drawn)]
            matrices = [[surface for surface in each if surface.is_matrix] for each in surfaces]
            if matrices[0]:
                traced = with_mixture(own, [trace_isoboles(each) for each in matrices])
                isoboles += [isobole_rows(each).with_columns(name) for each in traced]
    return singles, pairs, isoboles


def dose_curves(cell: Cell, ratio: np.ndarray) -> Mapping[str, DoseCurve]:
    """The curve of each drug of a cell, from treated/vehicle [scenarios, draws]; drugs with the same doses together."""
    found = {}
    for doses, members in cell.by_doses():
        effect = 1.0 - ratio[np.stack([series.rows for series in members])]
        curves = np.moveaxis(effect, 1, -1)
        fit, xc50 = fit_hill(curves, doses), log10_half_dose(1.0 - curves, doses)
        for place, series in enumerate(members):
            hill = Hill(fit.top[place], fit.log10_half[place], fit.slope[place], fit.r2[place])
            found[series.drug] = DoseCurve(series.doses, effect[place], xc50[place], hill)
    return {series.drug: found[series.drug] for series in cell.series}


def _check_alone(cells: Sequence[Cell]) -> None:
    problems = {
        f"scenarios: a drug of a pair must be run alone too, found {drug} of {pair.intervention} only in pairs"
        for cell in cells
        for pair in cell.pairs
        for drug in set(pair.drugs) - {series.drug for series in cell.series}
    }
    if problems:
        raise RankError(sorted(problems))


def _joined(frames: Sequence[pl.DataFrame], schema: Schema) -> pl.DataFrame:
    return rounded(pl.concat(frames) if frames else pl.DataFrame(schema=schema.dtypes()), schema)
