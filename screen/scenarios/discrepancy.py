"""How far effects are off although the draws agree on them: what the best network still gets wrong.

The error of log2(treated/vehicle) is its sd times two standard normal numbers: how wrong the network is about a drug in
a cell (about most nearly right, about a few wholly wrong), and where in that its error lies. It has a part that is the
same for whatever the network leaves alone, and one in proportion to how far it says that the signal moves, as a share
of the larger of vehicle and treated, by the kind of route.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from screen.errors import ScenarioError
from screen.network import ROUTES
from screen.tables import Column, Schema, read_table

LARGEST_SD = 20
"""A factor of a million: who is that wrong of a ratio knows nothing of it."""

DISCREPANCY = Schema(
    "discrepancy",
    (
        Column("route", pl.String, "kind of route from the drug to the observable", choices=ROUTES),
        Column(
            "sd",
            pl.Float64,
            "sd of the error: of none where nothing moves, of the others what is added to it where all is taken",
            "log2",
            minimum=0,
            maximum=LARGEST_SD,
        ),
        Column("observable", pl.String, "what the effects are of"),
        Column("effects", pl.Int64, "measured effects of such drugs that it was learned from", minimum=0),
        Column("data_sets", pl.String, "where these are from, each with its number", nullable=True),
        Column("note", pl.String, "what was taken for granted", nullable=True),
    ),
    key=("route",),
)


ROUTED = Schema(
    "routes",
    (
        Column("scenario", pl.String, "scenario with a drug"),
        Column(
            "route",
            pl.String,
            "kind of route from its drugs, at their doses, to what is ranked",
            choices=ROUTES,
        ),
        Column("targets", pl.String, "where these routes start, the target that is held most first"),
        Column("unmeasured", pl.String, "variants of held targets on which a drug was not measured"),
    ),
    key=("scenario",),
    may_be_empty=True,
)


@dataclass(frozen=True)
class Discrepancy:
    """sd [log2] by the kind of route."""

    sd: Mapping[str, float]

    def of(self, route: str, ratio: np.ndarray) -> np.ndarray:
        """sd [log2] of the error of predicted treated/vehicle [...].

        >>> Discrepancy({"direct": 0.4, "indirect": 0.8, "none": 0.3}).of("direct", np.array([0.0, 1.0])).round(3)
        array([0.5, 0.3])
        """
        *_, none = ROUTES
        if route == none:
            return np.full(ratio.shape, self.sd[none])
        return np.hypot(self.sd[none], self.sd[route] * share_moved(ratio))


def share_moved(ratio: np.ndarray) -> np.ndarray:
    """How far treated and vehicle are apart, as a share of the larger of them.

    >>> share_moved(np.array([0.0, 0.5, 1.0, 2.0]))
    array([1. , 0.5, 0. , 0.5])
    """
    return 1.0 - np.minimum(ratio, 1.0 / np.maximum(ratio, 1.0))


def read_discrepancy(path: Path, observable: str) -> Discrepancy:
    """The table as a record. TableError, or ScenarioError: a route is missing, or it is of another observable."""
    frame = read_table(path, DISCREPANCY)
    others = frame.filter(pl.col("observable") != observable)["observable"]
    if len(others):
        must = f"must be of what is ranked, {observable}, or `rank.discrepancy` nothing"
        raise ScenarioError(f"{path}: {must}, found {others[0]}")
    missing = [route for route in ROUTES if route not in set(frame["route"])]
    if missing:
        raise ScenarioError(f"{path}: must have a row of each kind of route, found none of {missing[0]}")
    return Discrepancy(dict(frame.select("route", "sd").iter_rows()))
