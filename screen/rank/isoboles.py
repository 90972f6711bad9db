"""Isoboles: beside a dose of the first drug of a pair, the dose of the second with which they reach an effect.

Read off the simulated matrix of doses under every draw. Between two doses the share of what the first drug leaves that
the second takes away follows a Hill curve (its logit is linear in log dose), below the smallest dose it is
proportional to dose; no dose beyond those simulated is named. By Loewe additivity the doses lie on a straight line:
over those that reach the effect alone they add up to 1, and to less with synergy.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from screen.rank.combinations import OF_PAIR
from screen.rank.dose_curve import DoseCurve
from screen.rank.draws import quantile
from screen.rank.intervals import Counted, Drawn, interval_columns
from screen.rank.surface import Matrix, Surface
from screen.tables import Column, Schema, number_column

EFFECTS = (0.25, 0.5, 0.75)
"""Effects [fraction] whose isoboles are traced."""

EDGE = 1e-12
"""Share that is as good as none, or all."""

ISOBOLES = Schema(
    "isoboles",
    (
        *OF_PAIR,
        Column("effect", pl.Float64, "suppression that is reached", "fraction", positive=True, maximum=1),
        Column("dose_a_nM", pl.Float64, "free concentration of the first drug", "nM", positive=True),
        *interval_columns("dose_b_nM", "the dose of the second drug that reaches it beside that", "nM"),
        *(
            number_column(
                f"alone_{which}_p50_nM", f"median of the dose of the {word} drug that reaches it alone", "nM"
            )
            for which, word in (("a", "first"), ("b", "second"))
        ),
        *interval_columns(
            "index", "both doses over those that reach it alone, added up: 1 is additive, less is synergy"
        ),
        Column("draws", pl.Int64, "draws that have an index", minimum=0),
    ),
    key=("context", "hypothesis", "readout", "intervention", "effect", "dose_a_nM"),
    may_be_empty=True,
)
"""One row a pair with a whole matrix of doses, an effect, and a dose of its first drug."""


def trace_isoboles(surface: Surface) -> Drawn:
    """The isoboles of the pairs of a cell in one read-out that have a whole matrix of doses.

    Scores are log10 doses, infinite where none of those simulated is enough (or none is needed), and the index.
    """
    rows, parts = [], []
    for matrix in surface.matrices:
        curves = [surface.curve(drug) for drug in matrix.pair.drugs]
        for effect in EFFECTS:
            named = (matrix.pair.intervention, *matrix.pair.drugs, effect)
            rows += [(*named, dose) for dose in matrix.doses[0].tolist()]
            parts.append(_traced(surface, matrix, curves, effect))
    kinds = ISOBOLES.dtypes()
    columns = ("intervention", "drug_a", "drug_b", "effect", "dose_a_nM")
    table = pl.DataFrame(rows, schema={name: kinds[name] for name in columns}, orient="row")
    return Drawn(table, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _traced(
    surface: Surface, matrix: Matrix, curves: Sequence[DoseCurve], effect: float
) -> dict[str, np.ndarray]:
    """Scores [doses of the first, draws] of one pair and effect."""
    first, second = matrix.doses
    left = surface.alone[0, matrix.points[:, 0]]
    beside = np.moveaxis(surface.effect[matrix.points], 1, -1)
    dose = log10_dose_reaching(beside, second, effect, left)
    alone = [
        np.broadcast_to(log10_dose_reaching(curve.effect.T, curve.doses, effect), dose.shape)
        for curve in curves
    ]
    given = np.broadcast_to(np.log10(first)[:, None], dose.shape), dose
    known = np.isfinite([dose, *alone]).all(axis=0)
    index = np.full(dose.shape, np.nan)
    index[known] = sum(10.0 ** (each[known] - own[known]) for each, own in zip(given, alone, strict=True))
    return {"dose_b_nM": dose, "alone_a_nM": alone[0], "alone_b_nM": alone[1], "index": index}


def log10_dose_reaching(
    effect: np.ndarray, doses: np.ndarray, wanted: float, before: np.ndarray | float = 0.0
) -> np.ndarray:
    """log10 of the dose at which an effect[..., doses] that begins with `before`[...] is as wanted, [...].

    +inf where no dose is enough, -inf where none is needed, NaN where a draw was lost. An effect that falls with dose
    is held.
    """
    before = np.broadcast_to(before, effect.shape[:-1])
    rest = np.where(before < wanted, 1.0 - before, 1.0)
    share = np.maximum.accumulate((effect - before[..., None]) / rest[..., None], axis=-1)
    height = _logit(share)
    goal = _logit((wanted - before) / rest)[..., None]
    at = np.log10(doses)
    enough = height >= goal
    above = np.argmax(enough, axis=-1)[..., None]
    below = np.maximum(above - 1, 0)
    high, low = (np.take_along_axis(height, place, axis=-1) for place in (above, below))
    step = np.where(
        above > 0, (at[above] - at[below]) / np.where(high > low, high - low, 1.0), 1.0 / np.log(10.0)
    )
    found = (at[above] - (high - goal) * step)[..., 0]
    found = np.where(enough.any(axis=-1), found, np.inf)
    found = np.where(before >= wanted, -np.inf, found)
    return np.where(np.isnan(effect).any(axis=-1) | np.isnan(before), np.nan, found)


def _logit(share: np.ndarray) -> np.ndarray:
    inside = np.clip(share, EDGE, 1.0 - EDGE)
    return np.log(inside / (1.0 - inside))


def isobole_rows(found: Counted) -> pl.DataFrame:
    """Rows of ISOBOLES but for the read-out."""
    doses = found.columns("dose_b_nM")
    doses |= {
        f"{alone}_p50_nM": quantile(found.drawn.scores[f"{alone}_nM"], 0.5, found.weights)
        for alone in ("alone_a", "alone_b")
    }
    columns = {name: 10.0 ** np.where(np.isfinite(dose), dose, np.nan) for name, dose in doses.items()}
    columns |= found.columns("index")
    columns["draws"] = found.draws("index")
    return found.table(columns)
