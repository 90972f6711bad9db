"""What the network still gets wrong about effects it has not seen, learned from them and judged on other data sets.

The error is one of the signal (`screen.scenarios.Discrepancy`), and is read through the offset of its batch: where half
of a reading is offset, half of a small error shows. It belongs to an arm, a cell with what inhibits it, at all its
doses and times, and is the product of two standard normal numbers in its sd: about most arms the network is nearly
right, about a few wholly wrong. What the draws disagree on is common to an arm too, as far as its effects are moved by
it; the noise of the readings is not. An arm counts by what its effects say together, so that one with fifty readings
is still one. The sds are those of greatest posterior density of ln sd, which is never at 0: that a few arms happen to
be right does not make errors nothing. Their priors are half-normal, and those of direct and indirect routes, of which
few arms are known, are drawn together by a prior on their ratio. A data set is judged by what the others teach.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import minimize
from scipy.special import iti0k0, logsumexp, ndtr

from screen.network import ROUTES
from screen.scenarios import DISCREPANCY, Discrepancy
from screen.tables import Column, Schema, number_column

PHOSPHORYLATED = "pY705_level"
"""The observable that drugs of held-out tasks act on."""

PRIOR_SD = 1.0
"""Scale of the half-normal prior of an sd [log2] (assumed): effects are rarely off by more than a factor of four."""

ALIKE = 0.5
"""sd of ln sd between kinds of routes that move the signal (assumed): they seldom differ more than threefold."""

LEAST, MOST = 0.01, 5.0
"""Ends of the sds that are looked at [log2]."""

START = (0.3, 1.0, 1.0)
"""Sds of none, direct and indirect from which the search sets out [log2]; from others it has come to the same."""

FAR = 3.0
"""Standard deviations of their noise beyond which effects are beyond doubt."""

NORMAL_90 = 1.6448536269514722
"""Half of a 90 % interval of a normal number, in its sd."""

TAIL = 0.05
"""Share of a 90 % interval that is left out on either side."""

WRONG = np.sinh(np.linspace(-1.0, 1.0, 241) * np.arcsinh(12.0))
"""Errors in their sd, closest at 0; beyond 12 lies a part in 600 000."""


def _product_masses() -> np.ndarray:
    """Log of how much of a product of two standard normal numbers, of density K0(|x|)/pi, is nearest to each WRONG."""
    middle = 0.5 * (WRONG[1:] + WRONG[:-1])
    below = 0.5 + np.sign(middle) * iti0k0(np.abs(middle))[1] / np.pi
    return np.log(np.diff(below, prepend=0.0, append=1.0))


MASSES = _product_masses()


EFFECTS = Schema(
    "effects",
    (
        Column("task", pl.String, "what was hidden"),
        Column("data_set", pl.String, "source of the readings"),
        Column("condition", pl.String, "what was done to the cells"),
        Column("arm", pl.String, "the cell and what inhibits it, at any dose and under any stimulus"),
        Column("observable", pl.String, "what was read"),
        Column("batch", pl.String, "what shares a scale"),
        Column("minutes", pl.Float64, "time after the stimulus", "min"),
        Column("route", pl.String, "kind of route from what inhibits to pY705", choices=ROUTES),
        Column("is_scored", pl.Boolean, "false where the cells read the background alone"),
        Column("observed", pl.Float64, "inhibited over vehicle", "log2"),
        Column("noise", pl.Float64, "sd that the readings give it", "log2", minimum=0),
        Column("predicted", pl.Float64, "median of the ensemble", "log2"),
        Column("low", pl.Float64, "5 % quantile with noise", "log2"),
        Column("high", pl.Float64, "95 % quantile with noise", "log2"),
        Column("signal", pl.Float64, "median of the ensemble, of what is read without the offset", "log2"),
        Column("seen", pl.Float64, "share of the inhibited reading that is no offset", minimum=0, maximum=1),
    ),
    key=("task", "condition", "observable", "batch", "minutes"),
)

INTERVALS = Schema(
    "intervals",
    (
        Column("data_set", pl.String, "judged by what the others teach"),
        Column("effects", pl.Int64, "measured effects", minimum=1),
        number_column("inside_bare", "share in the 90 % interval of ensemble and noise", "fraction"),
        number_column("inside", "share in the 90 % interval with the discrepancy", "fraction"),
        Column("beyond_noise", pl.Int64, "effects beyond three sd of their noise", minimum=0),
        number_column("beyond_noise_inside_bare", "share of these in the bare interval", "fraction"),
        number_column("beyond_noise_inside", "share of these in that with the discrepancy", "fraction"),
        Column(
            "score_bare",
            pl.Float64,
            "mean log density of effects by ensemble and noise, each side of the interval normal",
        ),
        Column("score", pl.Float64, "the same with the discrepancy"),
        Column(
            "score_arms_bare",
            pl.Float64,
            "log density of the effects of each arm together, by ensemble and noise, for each effect",
        ),
        Column("score_arms", pl.Float64, "the same with the discrepancy"),
        *(number_column(f"sd_{route}", "sd of the error that the others teach", "log2") for route in ROUTES),
    ),
    key=("data_set",),
    may_be_empty=True,
)


def tabulate_effects(found: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """EFFECTS of the results of some tasks."""
    rows = [
        {"task": task, "data_set": result["data_set"], **each}
        for task, result in found.items()
        for each in result["predictions"]
    ]
    return pl.DataFrame(rows, schema=EFFECTS.dtypes())


def learn(effects: pl.DataFrame) -> pl.DataFrame:
    """DISCREPANCY of EFFECTS: of none at all what the priors say."""
    scored = effects.filter("is_scored")
    sds = _learned(scored)
    rows = [
        {
            "route": route,
            "sd": round(sds[route], 4),
            "observable": PHOSPHORYLATED,
            "effects": (known := scored.filter(route=route)).height,
            "data_sets": _counted(known) or None,
            "note": None if known.height else _NOTES[route],
        }
        for route in ROUTES
    ]
    return pl.DataFrame(rows, schema=DISCREPANCY.dtypes())


_OF_OTHERS = "no such effect was measured: as of the other routes that move the signal"
_NOTES = dict.fromkeys(ROUTES, _OF_OTHERS) | {
    ROUTES[-1]: "no such effect was measured: what drugs with a route have at all, move the signal or not"
}
"""What is said of the sd of a kind of route without effects."""


def _learned(scored: pl.DataFrame) -> dict[str, float]:
    """sd [log2] by the kind of route, of greatest posterior density."""
    direct, indirect, none = ROUTES
    arms = _Arms(scored)

    def named(logs: np.ndarray) -> dict[str, float]:
        return dict(zip((none, direct, indirect), np.exp(logs).tolist(), strict=True))

    def cost(logs: np.ndarray) -> float:
        half_normal = np.sum(0.5 * np.exp(logs) ** 2 / PRIOR_SD**2 - logs)
        alike = (logs[1] - logs[2]) ** 2 / (2 * ALIKE) ** 2
        return float(half_normal + alike - arms.log_densities(Discrepancy(named(logs))).sum())

    bounds = [(np.log(LEAST), np.log(MOST))] * len(ROUTES)
    return named(minimize(cost, np.log(START), method="L-BFGS-B", bounds=bounds).x)


class _Effects:
    """Columns of EFFECTS as arrays, and what errors make of them."""

    def __init__(self, effects: pl.DataFrame) -> None:
        names = ("observed", "noise", "predicted", "low", "high", "seen", "signal")
        columns = (effects[name].to_numpy() for name in names)
        self.observed, self.noise, self.predicted, self.low, self.high, self.seen, signal = columns
        self.ratio, route = np.exp2(signal), effects["route"].to_numpy()
        self.rows = {kind: np.flatnonzero(route == kind) for kind in ROUTES}

    def sd(self, discrepancy: Discrepancy | None) -> np.ndarray:
        """Of the error of the signal [effects], log2; 0 without one."""
        sd = np.zeros(len(self.ratio))
        if discrepancy is not None:
            for kind, rows in self.rows.items():
                sd[rows] = discrepancy.of(kind, self.ratio[rows])
        return sd

    def off(self, discrepancy: Discrepancy | None) -> np.ndarray:
        """Observed minus what errors of WRONG in their sd make of the predicted [effects, WRONG], log2."""
        error = self.sd(discrepancy)[:, None] * WRONG
        return (self.observed - self.predicted)[:, None] - read_through(self.seen[:, None], error)

    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        """sd below and above predictions [effects, 1], of ensemble and noise."""
        below, above = self.predicted - self.low, self.high - self.predicted
        return below[:, None] / NORMAL_90, above[:, None] / NORMAL_90

    def inside(self, discrepancy: Discrepancy | None) -> np.ndarray:
        """Whether effects lie between the 5 and the 95 % quantile."""
        off, (below, above) = self.off(discrepancy), self.sides()
        share = ndtr(off / np.where(off < 0, below, above)) @ np.exp(MASSES)
        return (share >= TAIL) & (share <= 1.0 - TAIL)

    def score(self, discrepancy: Discrepancy | None) -> float:
        """Mean log density of effects."""
        off, (below, above) = self.off(discrepancy), self.sides()
        each = -0.5 * (off / np.where(off < 0, below, above)) ** 2
        return float(logsumexp(MASSES + each - np.log((below + above) * np.sqrt(np.pi / 2)), axis=1).mean())


class _Arms(_Effects):
    """The same by arm. The spread of the ensemble, what intervals have beyond the noise, is one number for an arm."""

    def __init__(self, effects: pl.DataFrame) -> None:
        ordered = effects.sort("data_set", "arm", maintain_order=True)
        super().__init__(ordered)
        number = ordered.select(pl.struct("data_set", "arm").rle_id()).to_series().to_numpy()
        self.first = np.flatnonzero(np.diff(number, prepend=-1))
        width = (self.high - self.low) / (2 * NORMAL_90)
        spread = np.sqrt(np.maximum(width**2 - self.noise**2, 0.0))
        self.alone = np.sqrt(width**2 - spread**2)
        self.share = spread / self.alone
        self.common = 1.0 + self._summed(self.share**2)
        size = self._summed(np.log(self.alone) + 0.5 * np.log(2 * np.pi))
        self.fixed = size + 0.5 * np.log(self.common)

    def log_densities(self, discrepancy: Discrepancy | None) -> np.ndarray:
        """Log density of the effects of each arm together [arms]."""
        off = self.off(discrepancy) / self.alone[:, None]
        along = self._summed(off * self.share[:, None])
        squares = self._summed(off**2) - along**2 / self.common[:, None]
        return logsumexp(MASSES - 0.5 * squares, axis=1) - self.fixed

    def _summed(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, self.first, axis=0)


def read_through(seen: np.ndarray, error: np.ndarray) -> np.ndarray:
    """What an error of the signal [log2] is of a reading of which this share is signal.

    >>> read_through(np.array([1.0, 0.5]), np.array([-1.0, -1.0])).round(3)
    array([-1.   , -0.415])
    """
    return np.log2(1.0 - seen + seen * np.exp2(error))


def _counted(effects: pl.DataFrame) -> str:
    counts = effects.group_by("data_set").len().sort("data_set").iter_rows()
    return ", ".join(f"{name} {number}" for name, number in counts)


def judge_intervals(effects: pl.DataFrame) -> pl.DataFrame:
    """INTERVALS of EFFECTS: each data set by the discrepancy learned on the others, and without; none has no others."""
    scored = effects.filter("is_scored")
    if scored["data_set"].n_unique() < 2:
        return pl.DataFrame(schema=INTERVALS.dtypes())
    rows = [
        _judged(str(name), part, _learned(scored.filter(pl.col("data_set") != name)))
        for (name,), part in scored.group_by("data_set", maintain_order=True)
    ]
    return pl.DataFrame(rows, schema=INTERVALS.dtypes())


def _judged(name: str, effects: pl.DataFrame, sds: Mapping[str, float]) -> dict[str, Any]:
    each, arms, learned = _Effects(effects), _Arms(effects), Discrepancy(sds)
    inside_bare, inside = each.inside(None), each.inside(learned)
    far = np.abs(each.observed) > FAR * each.noise
    return {
        "data_set": name,
        "effects": effects.height,
        "inside_bare": float(inside_bare.mean()),
        "inside": float(inside.mean()),
        "beyond_noise": int(far.sum()),
        "beyond_noise_inside_bare": float(inside_bare[far].mean()) if far.any() else None,
        "beyond_noise_inside": float(inside[far].mean()) if far.any() else None,
        "score_bare": each.score(None),
        "score": each.score(learned),
        "score_arms_bare": float(arms.log_densities(None).sum()) / effects.height,
        "score_arms": float(arms.log_densities(learned).sum()) / effects.height,
        **{f"sd_{route}": sds[route] for route in ROUTES},
    }
