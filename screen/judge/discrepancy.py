"""What the network still gets wrong about effects it has not seen, learned from them and judged on other data sets.

For each kind of route the error is normal with mean 0 (`screen.scenarios.Discrepancy`): observed less predicted, the
median of the ensemble, has the variance of the noise of the readings and of this error. The spread of the ensemble is
not taken off: draws of a refit that has not seen a data set spread more than those that rank, and what ranks adds its
own spread; where that is as large, intervals are too wide rather than too narrow. The sd is the one of greatest
posterior density, found on a line, for each data set by itself: effects of one laboratory are wrong together, and
another cell is like another data set. The sd of a kind is the root of the mean of their squares, however many effects
each has; the prior is half-normal. A drug with a direct route that by the prediction takes less than a tenth of the
signal counts with the indirect ones. A kind without any effect gets the sd of those that leave the signal alone. A data
set is judged by what the others teach.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import minimize_scalar

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
        taken=1.0 - 2.0 ** pl.col("predicted").clip(upper_bound=0.0)
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
    observed, predicted, noise, taken = (
        effects[name].to_numpy() for name in ("observed", "predicted", "noise", "taken")
    )

    def cost(sd: float) -> float:
        variance = noise**2 + base**2 + (taken * sd) ** 2
        each = np.log(variance) + (observed - predicted) ** 2 / variance
        return float(np.sum(each) + (sd / PRIOR_SD) ** 2)

    return float(minimize_scalar(cost, bounds=(0.0, MOST), method="bounded").x)


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
