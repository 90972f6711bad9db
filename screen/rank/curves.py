"""Single drugs over their doses: what a curve says under every draw, by the names of gDR where it has one.

A value is treated/vehicle (x): 1 without effect, 0 where nothing is left. One entry in `METRICS` is three columns of
`curves.csv`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.rank.dose_curve import DoseCurve
from screen.rank.draws import IC50_FLAGS, censoring
from screen.rank.hill import FEWEST, FLAT
from screen.rank.intervals import OF_CELL, Counted, Drawn, interval_columns
from screen.tables import Column, Schema

HILL, CONSTANT, FEW = "DRC3pHillFitModelFixS0", "DRCConstantFitResult", "DRCTooFewPointsToFit"
"""How a series was fitted, as gDR calls it: a Hill curve from 1, no effect, or not at all."""


Curves = Sequence[tuple[list[str], DoseCurve]]
"""The drugs of a cell that were given the same doses, and their curves."""


@dataclass(frozen=True)
class Series:
    """Drugs in one cell and read-out; `shared` [nM]: the doses over which all drugs of the cell were tested."""

    curve: DoseCurve
    shared: tuple[float, float]


def _xc50(series: Series) -> np.ndarray:
    return series.curve.log10_xc50


def _ec50(series: Series) -> np.ndarray:
    return series.curve.hill.log10_half


def _x_inf(series: Series) -> np.ndarray:
    hill, middle = series.curve.hill, 1.0 - np.mean(series.curve.effect, axis=0)
    return np.where(hill.flat, middle, 1.0 - hill.top)


def _x_max(series: Series) -> np.ndarray:
    return 1.0 - series.curve.effect[-1]


def _h(series: Series) -> np.ndarray:
    return series.curve.hill.slope


def _r2(series: Series) -> np.ndarray:
    return series.curve.hill.r2


def _aoc(series: Series, shared: bool) -> np.ndarray:
    """Mean of 1 - x over log10 dose, by trapezoids."""
    low, high = series.shared if shared else (0.0, np.inf)
    inside = (series.curve.doses >= low) & (series.curve.doses <= high)
    at, effect = np.log10(series.curve.doses[inside]), series.curve.effect[inside]
    if len(at) < 2:
        return np.full(series.curve.effect.shape[1:], np.nan)
    return np.trapezoid(effect, at, axis=0) / (at[-1] - at[0])


class Metric(NamedTuple):
    """Name, what it is, its unit and how it is computed, [drugs, draws]; of a dose as log10, +-inf where censored."""

    name: str
    what: str
    unit: str
    value: Callable[[Series], np.ndarray]

    @property
    def is_dose(self) -> bool:
        """Whether it is a dose [nM]."""
        return self.unit == "nM"


METRICS = (
    Metric("xc50_nM", "the dose of half suppression (IC50), between doses tested", "nM", _xc50),
    Metric("ec50_nM", "the dose of half the effect of the Hill curve", "nM", _ec50),
    Metric("x_max", "treated/vehicle at the largest dose", "", _x_max),
    Metric("x_inf", "treated/vehicle of the Hill curve without end of dose (Einf)", "", _x_inf),
    Metric("h", "the slope of the Hill curve", "", _h),
    Metric(
        "x_AOC",
        "the area over the curve: mean of 1 - x over log10 dose",
        "",
        partial(_aoc, shared=False),
    ),
    Metric(
        "x_AOC_range",
        "the same over the doses that all drugs of the cell share",
        "",
        partial(_aoc, shared=True),
    ),
    Metric("r2", "the share of the variance that the Hill curve explains", "", _r2),
)

CURVES = Schema(
    "curves",
    (
        *OF_CELL,
        Column("drug", pl.String, "the drug alone", is_name=True),
        Column(
            "fit_type",
            pl.String,
            f"how most draws were fitted: by a Hill curve from 1, as no effect (at most {FLAT:g}), or not "
            f"(fewer than {FEWEST} doses)",
            choices=(HILL, CONSTANT, FEW),
        ),
        *(column for each in METRICS for column in interval_columns(each.name, each.what, each.unit)),
        Column("xc50_flag", pl.String, "where the IC50 lies against the doses tested", choices=IC50_FLAGS),
        Column("N_conc", pl.Int64, "doses", minimum=1),
        Column("minlog10Concentration", pl.Float64, "log10 of the smallest dose", "log10 nM"),
        Column("maxlog10Concentration", pl.Float64, "log10 of the largest dose", "log10 nM"),
        Column("draws", pl.Int64, "draws that count: those without a failed trajectory", minimum=0),
    ),
    key=("context", "hypothesis", "readout", "drug"),
)
"""One row a drug in a cell and a read-out."""


def score_drugs(curves: Curves) -> Drawn:
    """The drugs of a cell alone in one read-out, by name."""
    ends = [(curve.doses[0], curve.doses[-1]) for _, curve in curves]
    shared = max(low for low, _ in ends), min(high for _, high in ends)
    names = [drug for drugs, _ in curves for drug in drugs]
    given = [len(drugs) for drugs, _ in curves]
    rows = pl.DataFrame(
        {
            "drug": names,
            "N_conc": np.repeat([len(curve.doses) for _, curve in curves], given),
            "minlog10Concentration": np.repeat(np.log10([low for low, _ in ends]), given),
            "maxlog10Concentration": np.repeat(np.log10([high for _, high in ends]), given),
        }
    )
    order = np.argsort(names)
    series = [Series(curve, shared) for _, curve in curves]
    scores = {each.name: np.concatenate([each.value(one) for one in series]) for each in METRICS}
    scores["top"] = np.concatenate([curve.hill.top for _, curve in curves])
    scores["whole"] = np.concatenate([np.max(curve.effect, axis=0) for _, curve in curves])
    return Drawn(rows[order], {name: found[order] for name, found in scores.items()})


def curve_rows(found: Counted) -> pl.DataFrame:
    """Rows of CURVES but for the read-out."""
    columns: dict[str, np.ndarray] = {"fit_type": _fit_types(found)}
    for metric in METRICS:
        spread = found.columns(metric.name)
        if metric.is_dose:
            spread = {
                name: 10.0 ** np.where(np.isfinite(dose), dose, np.nan) for name, dose in spread.items()
            }
        columns |= spread
    columns["xc50_flag"] = censoring(found.drawn.scores["xc50_nM"]).astype(str)
    columns["draws"] = found.draws("whole")
    return found.table(columns)


def _fit_types(found: Counted) -> np.ndarray:
    """Of each drug the kind of fit that most draws have, by weight; what was not fitted has no top."""
    top = found.drawn.scores["top"]
    kinds = {HILL: ~np.isnan(top) & (top != 0.0), CONSTANT: top == 0.0, FEW: np.isnan(top)}
    most = np.argmax([np.sum(kind * found.weights, axis=-1) for kind in kinds.values()], axis=0)
    return np.array(list(kinds))[most]
