"""The linear model that some rows make: its latents, what is known of them before, and which hang together."""

import math
from collections.abc import Collection, Mapping

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from screen.potency.linear import Linear
from screen.potency.rows import ELSEWHERE, SHIFT_SD, Estimates, Row, kind_of, middle_of
from screen.potency.tables import CERTAIN

FAMILIES = ("kinomescan", "binding", "ki", "ic50", "kinobeads")

GUESSES: Mapping[str, float] = {
    "K": 1.2, "K intended": 1.0, "level other": 0.4, "level intended": 0.4, "variant": 0.4,
    "cell": 0.3, "panel": 0.3, "setting": 0.3,
    **{f"study|{family}": 0.4 for family in FAMILIES[1:]},
    "kinomescan": 0.25, "binding": 0.3, "ki": 0.3, "ic50": 0.3, "kinobeads": 0.6, "site": 0.3,
    "phospho": 0.3, "growth": 0.4,
}  # fmt: skip
"""First guess of each estimated sd [log10]: an assumption that counts as `linear.PRIOR_WEIGHT` observations."""

PRIORS: Mapping[str, tuple[float, float]] = {
    "mean": (3.0, 2.0), "family": (0.0, 0.5), "growth": (0.0, 0.5), "response": (1.0, 1.0), "K other": (2.0, 3.0),
}  # fmt: skip
"""Mean and sd [log10] of what all drugs share; K of a target that is no kinase hangs on nothing."""

SHARED = ("mean", "level", "family", "shift", "growth", "response", "panel", "setting")
"""Kinds of latents that drugs share; the others belong to one drug."""


def assemble_rows(
    rows: Collection[Row], targets: pl.DataFrame, estimates: Estimates | None = None
) -> tuple[Linear, list[str]]:
    """The model of some rows and the names of its latents.

    With `estimates` what drugs share is known as well as stated there (a panel or setting that is not, as any), and
    so are all sds: a drug's own latents are then independent of every other drug. K holds its level then.
    """
    left_out = () if estimates is None else ("level",)
    names = list(
        dict.fromkeys(name for row in rows for name, _ in row.terms if kind_of(name) not in left_out)
    )
    place = {name: index for index, name in enumerate(names)}
    fixed = {row["target"] for row in targets.iter_rows(named=True) if row["mark"] == "fixed"}
    shifts = {row["target"]: row for row in targets.iter_rows(named=True)}
    guess = dict(GUESSES) if estimates is None else {name: estimates[f"sd|{name}"][0] for name in GUESSES}
    mean, groups = np.zeros(len(names)), []
    for index, name in enumerate(names):
        kind, _, which = name.partition("|")
        group = f"study|{which.partition('|')[0]}" if kind == "study" else kind
        if estimates is not None and kind in SHARED and name in estimates:
            group = name
            mean[index], sd = estimates[name]
            guess[name] = max(sd, CERTAIN) if kind in ("panel", "setting") else CERTAIN
        elif kind == "shift":
            group, row = name, shifts[which]
            mean[index], guess[name] = math.log10(row["atp_shift"]), SHIFT_SD[row["mark"]]
        elif kind == ELSEWHERE or (kind == "K" and which.split("|")[1] in fixed):
            group = "K other"
            mean[index], guess[group] = PRIORS[group]
        elif kind == "K":
            _, target, *_, made = which.split("|")
            group = "K intended" if made == "intended" else "K"
            if estimates is not None:
                mean[index] = middle_of(estimates, f"level|{target}|{made}", 0.0)
        elif kind == "level":
            group = f"level {which.rpartition('|')[2]}"
        elif kind in PRIORS:
            mean[index], guess[kind] = PRIORS[kind]
        groups.append(group)
    entries = [
        (value, index, place[name])
        for index, row in enumerate(rows)
        for name, value in row.terms
        if name in place
    ]
    values, first, second = (np.array(part) for part in zip(*entries, strict=True))
    return (
        Linear(
            csr_array((values, (first, second)), shape=(len(rows), len(names))),
            np.array([row.value for row in rows]),
            np.array([row.side for row in rows]),
            np.array([row.scale for row in rows]),
            np.array([row.group for row in rows], dtype=object),
            mean,
            np.array(groups, dtype=object),
            guess,
            frozenset(guess).difference(GUESSES) if estimates is None else frozenset(guess),
        ),
        names,
    )
