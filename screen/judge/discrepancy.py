"""What the network still gets wrong about effects it has not seen, learned from them and judged on other data sets.

For each kind of route the error is normal with mean 0 (`screen.scenarios.Discrepancy`): observed less predicted has the
variance of the ensemble, of the noise of the readings and of this error. Its sd is the one of greatest posterior
density, found on a line: with one number a kind, and many effects a number, nothing is gained by sampling. Every data
set counts alike, however many effects it has, because effects of one laboratory and its cells are wrong together and
another cell is like another data set; the prior is half-normal. A kind without any effect gets the widest sd of the
kinds that leave the signal alone. A data set is judged by what the others teach.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import minimize_scalar

from screen.network import ROUTES
from screen.scenarios import DISCREPANCY, Discrepancy
from screen.tables import Column, Schema, number_column

PRIOR_SD = 1.0
"""Scale of the half-normal prior of an sd [log2] (assumed): effects are rarely off by more than a factor of four."""

MOST = 5.0
"""Largest sd that is looked at [log2]."""

FAR = 3.0
"""Standard deviations of their noise beyond which effects are beyond doubt."""

NORMAL_90 = 1.6448536269514722
"""Half of a 90 % interval of a normal number, in its sd."""

EFFECTS = Schema(
    "effects",
    (
        Column("task", pl.String, "what was hidden"),
        Column("data_set", pl.String, "source of the readings"),
        Column("condition", pl.String, "what was done to the cells"),
        Column("observable", pl.String, "what was read"),
        Column("batch", pl.String, "what shares a scale"),
        Column("minutes", pl.Float64, "time after the stimulus", "min"),
        Column("route", pl.String, "kind of route from what inhibits to pY705", choices=ROUTES),
        Column("is_scored", pl.Boolean, "false where the cells read the background alone"),
        Column("observed", pl.Float64, "inhibited over vehicle", "log2"),
        Column("noise", pl.Float64, "sd that the readings give it", "log2", minimum=0),
        Column("predicted", pl.Float64, "median of the ensemble", "log2"),
        Column("spread", pl.Float64, "sd of the ensemble, as its 90 % interval has it", "log2", minimum=0),
        Column("error", pl.Float64, "sd of the noise of readings, likewise", "log2", minimum=0),
        Column("low", pl.Float64, "5 % quantile with noise", "log2"),
        Column("high", pl.Float64, "95 % quantile with noise", "log2"),
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
        *(number_column(f"sd_{route}", "sd of the error that the others teach", "log2") for route in ROUTES),
    ),
    key=("data_set",),
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
    scored = effects.filter("is_scored")
    parts = {route: scored.filter(pl.col("route") == route) for route in ROUTES}
    alone = {route: _sd(parts[route], 0.0, 1.0) for route in (indirect, none) if not parts[route].is_empty()}
    widest = max(alone.values(), default=PRIOR_SD)
    base = alone.get(indirect, widest)
    taken = 1.0 - np.exp2(np.minimum(parts[direct]["predicted"].to_numpy(), 0.0))
    sd = {
        direct: widest if parts[direct].is_empty() else _sd(parts[direct], base, taken),
        indirect: base,
        none: alone.get(none, widest),
    }
    rows = [
        {
            "route": route,
            "sd": round(sd[route], 4),
            "effects": parts[route].height,
            "data_sets": _counted(parts[route]) or None,
            "note": None if parts[route].height else "no such effect was measured: as wide as the widest",
        }
        for route in ROUTES
    ]
    return pl.DataFrame(rows, schema=DISCREPANCY.dtypes())


def _sd(effects: pl.DataFrame, base: float, share: np.ndarray | float) -> float:
    """The sd of greatest posterior density where the error of an effect has the sd hypot(base, share * sd)."""
    off, spread, error = (effects[name].to_numpy() for name in ("observed", "spread", "error"))
    off = off - effects["predicted"].to_numpy()
    counts = effects.select(pl.len().over("data_set")).to_series().to_numpy()
    weight = effects.height / (effects["data_set"].n_unique() * counts)

    def cost(sd: float) -> float:
        variance = spread**2 + error**2 + base**2 + (share * sd) ** 2
        each = np.log(variance) + off**2 / variance
        return float(np.sum(weight * each) + (sd / PRIOR_SD) ** 2)

    return float(minimize_scalar(cost, bounds=(0.0, MOST), method="bounded").x)


def _counted(effects: pl.DataFrame) -> str:
    counts = effects.group_by("data_set").len().sort("data_set").iter_rows()
    return ", ".join(f"{name} {number}" for name, number in counts)


def judge_intervals(effects: pl.DataFrame) -> pl.DataFrame:
    """INTERVALS of EFFECTS: each data set by the discrepancy learned on the others, and without."""
    scored = effects.filter("is_scored")
    rows = [
        _judged(str(name), part, learn(scored.filter(pl.col("data_set") != name)))
        for (name,), part in scored.group_by("data_set", maintain_order=True)
    ]
    return pl.DataFrame(rows, schema=INTERVALS.dtypes())


def _judged(name: str, effects: pl.DataFrame, learned: pl.DataFrame) -> dict[str, Any]:
    sds = dict(learned.select("route", "sd").iter_rows())
    observed, noise = effects["observed"].to_numpy(), effects["noise"].to_numpy()
    inside_bare = _inside(effects, np.zeros(effects.height))
    inside = _inside(effects, _errors(effects, Discrepancy(sds)))
    far = np.abs(observed) > FAR * noise
    return {
        "data_set": name,
        "effects": effects.height,
        "inside_bare": float(inside_bare.mean()),
        "inside": float(inside.mean()),
        "beyond_noise": int(far.sum()),
        "beyond_noise_inside_bare": float(inside_bare[far].mean()) if far.any() else None,
        "beyond_noise_inside": float(inside[far].mean()) if far.any() else None,
        **{f"sd_{route}": sds[route] for route in ROUTES},
    }


def _errors(effects: pl.DataFrame, discrepancy: Discrepancy) -> np.ndarray:
    ratios = np.exp2(effects["predicted"].to_numpy())
    return np.array(
        [discrepancy.of(route, ratio) for route, ratio in zip(effects["route"], ratios, strict=True)]
    )


def _inside(effects: pl.DataFrame, sd: np.ndarray) -> np.ndarray:
    """Whether effects lie in their intervals, each side of which is widened by independent errors of this sd."""
    observed, predicted, low, high = (
        effects[name].to_numpy() for name in ("observed", "predicted", "low", "high")
    )
    below, above = (np.hypot(side, NORMAL_90 * sd) for side in (predicted - low, high - predicted))
    return (predicted - below <= observed) & (observed <= predicted + above)
