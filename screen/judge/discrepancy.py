"""What the network still gets wrong about effects it has not seen, learned from them and judged on other data sets.

The error is one of the signal (`screen.scenarios.Discrepancy`), and is read through the offset of its batch: where half
of a reading is offset, half of a small error shows. Arms, each a cell with what inhibits it, are wrong to different
degrees: most are nearly right, a few wholly wrong. The error of an effect is therefore normal with mean 0 in an sd that
is that of its kind of route times how wrong its arm is, |n| of a standard normal n. The noise of the readings comes on
top. The spread of the ensemble is not taken off: draws of a refit that has not seen a data set spread more than those
that rank, and what ranks adds its own spread; where that is as large, intervals are too wide rather than too narrow.
The sd of a kind is the one of greatest posterior density, found on a line, for each data set by itself: effects of one
laboratory are wrong together, and another cell is like another data set. That of all is the root of the mean of their
squares, however many effects each has; the prior is half-normal. A drug with a direct route that by the prediction
takes less than a tenth of the signal counts with the indirect ones. A kind without any effect gets the sd of those that
leave the signal alone. A data set is judged by what the others teach.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from screen.network import ROUTES
from screen.scenarios import DISCREPANCY, Discrepancy
from screen.tables import Column, Schema, number_column

PHOSPHORYLATED = "pY705_level"
"""The observable that drugs of held-out tasks act on."""

PRIOR_SD = 1.0
"""Scale of the half-normal prior of an sd [log2] (assumed): effects are rarely off by more than a factor of four."""

TAKEN = 0.1
"""Share of the signal from which a drug with a direct route says something of the error of taking it (assumed)."""

FEWEST = 5
"""Effects of a kind from which a data set says how large their error is (assumed)."""

MOST = 5.0
"""Largest sd that is looked at [log2]."""

FAR = 3.0
"""Standard deviations of their noise beyond which effects are beyond doubt."""

NORMAL_90 = 1.6448536269514722
"""Half of a 90 % interval of a normal number, in its sd."""

PRODUCT_90 = 1.5951037007203912
"""The same of the product of two standard normal numbers, whose density is K0(|x|)/pi."""

WRONG = np.linspace(0.025, 3.5, 60)
"""How wrong an arm may be, in the sd of its kind, and how likely (half-normal)."""
WRONG_LOG = -0.5 * WRONG**2 - np.log(np.exp(-0.5 * WRONG**2).sum())

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
            "mean log density of effects by ensemble and noise, both taken as normal",
        ),
        Column("score", pl.Float64, "the same with the discrepancy"),
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
    """DISCREPANCY of EFFECTS."""
    direct, indirect, none = ROUTES
    scored = effects.filter("is_scored").with_columns(
        taken=1.0 - 2.0 ** pl.col("signal").clip(upper_bound=0.0)
    )
    takes = pl.col("taken") >= TAKEN
    kind = pl.when((pl.col("route") == direct) & ~takes).then(pl.lit(indirect)).otherwise("route")
    enough = pl.len().over("data_set") >= FEWEST
    parts = {route: scored.filter(kind == route).filter(enough) for route in ROUTES}
    one = pl.lit(1.0)
    alone = {route: _sd(parts[route].with_columns(taken=one), 0.0) for route in (indirect, none)}
    widest = max((sd for sd in alone.values() if sd is not None), default=PRIOR_SD)
    known = {route: widest if sd is None else sd for route, sd in alone.items()}
    beyond = _sd(parts[direct], known[indirect])
    known[direct] = widest if beyond is None else beyond
    rows = [
        {
            "route": route,
            "sd": round(known[route], 4),
            "observable": PHOSPHORYLATED,
            "effects": parts[route].height,
            "data_sets": _counted(parts[route]) or None,
            "note": None if parts[route].height else "no such effect was measured: as wide as the widest",
        }
        for route in ROUTES
    ]
    return pl.DataFrame(rows, schema=DISCREPANCY.dtypes())


def _sd(effects: pl.DataFrame, base: float) -> float | None:
    """The sd of a kind where the error of an effect has the sd hypot(base, taken * sd); None without effects."""
    sets = (part for _, part in effects.group_by("data_set", maintain_order=True))
    found = [_sd_of_one(part, base) for part in sets]
    return float(np.sqrt(np.mean(np.square(found)))) if found else None


def _sd_of_one(effects: pl.DataFrame, base: float) -> float:
    noise, taken = effects["noise"].to_numpy(), effects["taken"].to_numpy()
    arm = effects["arm"].rank("dense").to_numpy() - 1

    def cost(sd: float) -> float:
        each = _log_densities(effects, noise, np.hypot(base, taken * sd))
        of_arms = np.zeros((arm.max() + 1, len(WRONG)))
        np.add.at(of_arms, arm, each)
        return float(-logsumexp(of_arms + WRONG_LOG, axis=1).sum() + 0.5 * (sd / PRIOR_SD) ** 2)

    return float(minimize_scalar(cost, bounds=(0.0, MOST), method="bounded").x)


def _log_densities(effects: pl.DataFrame, noise: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Log density of what was observed [effects, WRONG] if errors of the signal have these sds [effects] times WRONG.

    What is read of them falls less than it rises: each side has a normal density of its own.
    """
    off, seen = (
        (effects["observed"] - effects["predicted"]).to_numpy()[:, None],
        effects["seen"].to_numpy()[:, None],
    )
    fall, rise = (
        np.hypot(noise[:, None], read_through(seen, sign * sd[:, None] * WRONG)) for sign in (-1.0, 1.0)
    )
    return -0.5 * (off / np.where(off < 0, fall, rise)) ** 2 - np.log((fall + rise) * np.sqrt(np.pi / 2))


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
        _judged(str(name), part, learn(scored.filter(pl.col("data_set") != name)))
        for (name,), part in scored.group_by("data_set", maintain_order=True)
    ]
    return pl.DataFrame(rows, schema=INTERVALS.dtypes())


def _judged(name: str, effects: pl.DataFrame, learned: pl.DataFrame) -> dict[str, Any]:
    sds = dict(learned.select("route", "sd").iter_rows())
    observed, noise = effects["observed"].to_numpy(), effects["noise"].to_numpy()
    nothing, sd = np.zeros(effects.height), _errors(effects, Discrepancy(sds))
    inside_bare, inside = _inside(effects, nothing), _inside(effects, sd)
    far = np.abs(observed) > FAR * noise
    return {
        "data_set": name,
        "effects": effects.height,
        "inside_bare": float(inside_bare.mean()),
        "inside": float(inside.mean()),
        "beyond_noise": int(far.sum()),
        "beyond_noise_inside_bare": float(inside_bare[far].mean()) if far.any() else None,
        "beyond_noise_inside": float(inside[far].mean()) if far.any() else None,
        "score_bare": _score(effects, nothing),
        "score": _score(effects, sd),
        **{f"sd_{route}": sds[route] for route in ROUTES},
    }


def _errors(effects: pl.DataFrame, discrepancy: Discrepancy) -> np.ndarray:
    ratios = np.exp2(effects["signal"].to_numpy())
    return np.array(
        [discrepancy.of(route, ratio) for route, ratio in zip(effects["route"], ratios, strict=True)]
    )


def _inside(effects: pl.DataFrame, sd: np.ndarray) -> np.ndarray:
    """Whether effects lie in their intervals, each side of which is widened by independent errors of this sd."""
    observed, predicted, low, high, seen = (
        effects[name].to_numpy() for name in ("observed", "predicted", "low", "high", "seen")
    )
    fall, rise = (read_through(seen, sign * PRODUCT_90 * sd) for sign in (-1.0, 1.0))
    below, above = np.hypot(predicted - low, fall), np.hypot(high - predicted, rise)
    return (predicted - below <= observed) & (observed <= predicted + above)


def _score(effects: pl.DataFrame, sd: np.ndarray) -> float:
    """Mean log density of effects whose 90 % intervals, without errors of this sd, are those of a normal number."""
    width = (effects["high"] - effects["low"]).to_numpy() / (2 * NORMAL_90)
    return float(logsumexp(_log_densities(effects, width, sd) + WRONG_LOG, axis=1).mean())
