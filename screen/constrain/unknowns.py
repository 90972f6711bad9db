"""What may move when a draw is held to the panel: one vector, and where each of its numbers goes.

The vector holds every network parameter that has a prior, the residual factor of every drug the panel uses,
and the scales and offsets of the calibration; each on the scale of its prior.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl

from screen.calibration import BOUND, Problem, scaled_prior
from screen.calibration.scale import rescaled
from screen.errors import FitError
from screen.experiments import SIGMA, SIGMA_SD, Draws, affinities
from screen.fit import prior_precision
from screen.scenarios import DrugTables

NUMBER = "draw"
"""Which draw a vector is of. Nothing depends on it smoothly, so that no step moves it."""


@dataclass(frozen=True)
class Unknowns:
    """The names of the vector; sd, lower and upper [names] on the scale of each, `lin`, `log` or `log10`."""

    names: tuple[str, ...]
    scales: tuple[str, ...]
    sd: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    of_network: Mapping[str, int]
    """Name -> place, of the network's parameters."""
    of_drug: Mapping[str, int]
    """Drug -> place of its residual factor."""
    of_calibration: np.ndarray
    """Place of each estimated parameter of the calibration [estimated]."""
    constants: np.ndarray | None = None
    """Constants of these drugs in cells [draws, drugs, targets] [nM], which stay; with them the number of its draw,
    `NUMBER`, comes last in a vector."""

    def scaled(self, linear: np.ndarray) -> np.ndarray:
        """Scaled vectors [draws, names] of linear ones."""
        return rescaled(linear, self.scales, "scaled")

    def linear(self, scaled: np.ndarray) -> np.ndarray:
        """Linear vectors [draws, names] of scaled ones."""
        return rescaled(scaled, self.scales, "linear")

    def draws(self, scaled: Any, network: Mapping[str, float], tables: DrugTables) -> Draws:
        """What scaled vectors [draws, names] say of a network with these values and of the drugs; differentiable."""
        linear = rescaled(jnp.asarray(scaled), self.scales, "linear")
        columns = {name: column for column, name in enumerate(network)}
        place, column = np.array(
            [(at, columns[name]) for name, at in self.of_network.items() if name in columns]
        ).T
        base = jnp.tile(jnp.array(list(network.values())), (len(linear), 1))
        sigma = linear[:, np.array(list(self.of_drug.values()), int)]
        base = base.at[:, column].set(linear[:, place])
        constants = None
        if self.constants is not None:
            constants = jnp.asarray(self.constants)[linear[:, -1].astype(int)]
        return Draws(np.arange(len(linear)), base, affinities(tables, tuple(self.of_drug), sigma, constants))


def gather_unknowns(
    problem: Problem,
    network: pl.DataFrame,
    drugs: tuple[str, ...],
    draws: pl.DataFrame,
    scales: pl.DataFrame,
    constants: np.ndarray | None = None,
) -> tuple[Unknowns, np.ndarray]:
    """The unknowns and their scaled values in each draw [draws, names].

    `network` is the table of network parameters, `drugs` those of the panel; `draws` and `scales` are what
    a fit of `problem` left, residuals added; `constants` are those of the drugs in each draw. FitError where
    these are not of one fit.
    """
    estimated = problem.estimated
    place = {name: index for index, name in enumerate(estimated.names)}
    own_sd = 1 / np.sqrt(prior_precision(problem, estimated.nominal))
    rows: list[tuple[str, str, float, float, float]] = []
    for row in network.filter(pl.col("prior") != "fixed").iter_rows(named=True):
        scale, _, low, high = scaled_prior(row)
        rows.append((row["parameter"], scale, row["prior_sd"], low, high))
    rows += [(SIGMA + drug, "log10", SIGMA_SD, -BOUND * SIGMA_SD, BOUND * SIGMA_SD) for drug in drugs]
    known = {row[0] for row in rows}
    rows += [
        (name, estimated.scales[at], own_sd[at], estimated.lower[at], estimated.upper[at])
        for name, at in place.items()
        if name not in known
    ]
    if constants is not None:
        rows.append((NUMBER, "lin", 1.0, 0.0, np.inf))
    at = {row[0]: index for index, row in enumerate(rows)}
    names, kinds, sd, lower, upper = zip(*rows, strict=True)
    bounds = np.array([lower, upper])
    for name, index in place.items():
        bounds[:, at[name]] = estimated.lower[index], estimated.upper[index]
    unknowns = Unknowns(
        names,
        kinds,
        np.array(sd),
        bounds[0],
        bounds[1],
        of_network={name: at[name] for name in network["parameter"] if name in at},
        of_drug={drug: at[SIGMA + drug] for drug in drugs},
        of_calibration=np.array([at[name] for name in estimated.names]),
        constants=constants,
    )
    wide = pl.concat([draws, scales]).pivot(on="parameter", index="draw", values="value").sort("draw")
    missing = [name for name in names if name not in wide.columns]
    if missing:
        raise FitError(
            f"draws: must hold every estimated parameter, found {len(missing)} missing, e.g. {missing[0]}; "
            "run the fit stage again"
        )
    scaled = unknowns.scaled(wide.select(names).to_numpy())
    return unknowns, np.clip(scaled, unknowns.lower, unknowns.upper)
