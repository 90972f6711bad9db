"""What may move when a draw is held to the panel: one vector, and where each of its numbers goes.

The vector holds every network parameter that has a prior, the residual factor of every drug the panel uses,
and the scales and offsets of the calibration; each on the scale of its prior.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from screen.calibration import BOUND, Problem, scaled_prior
from screen.calibration.priors import FROM_SCALE, LN10, TO_SCALE
from screen.errors import FitError
from screen.fit import SIGMA_SD, prior_precision
from screen.panel import Materials
from screen.scenarios import SIGMA


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

    def scaled(self, linear: np.ndarray) -> np.ndarray:
        """Scaled vectors [draws, names] of linear ones."""
        return self._each(linear, TO_SCALE)

    def linear(self, scaled: np.ndarray) -> np.ndarray:
        """Linear vectors [draws, names] of scaled ones."""
        return self._each(scaled, FROM_SCALE)

    def slope(self, linear: np.ndarray) -> np.ndarray:
        """d linear / d scaled [draws, names] at linear vectors."""
        factors: dict[str, Callable[[Any], Any]] = {
            "lin": np.ones_like,
            "log": lambda value: value,
            "log10": lambda value: value * LN10,
        }
        return self._each(linear, factors)

    def _each(self, values: np.ndarray, functions: Mapping[str, Callable[[Any], Any]]) -> np.ndarray:
        columns = [np.asarray(functions[scale](values[:, place])) for place, scale in enumerate(self.scales)]
        return np.stack(columns, axis=1)

    def columns(self, materials: Materials) -> tuple[np.ndarray, np.ndarray]:
        """Places in the vector and columns in the network of the network's parameters."""
        column = materials.column
        place, at = np.array([(p, column[name]) for name, p in self.of_network.items() if name in column]).T
        return place, at

    def materials(self, materials: Materials, linear: np.ndarray) -> Materials:
        """The materials of the panel under linear vectors."""
        base = np.repeat(materials.base[:1], len(linear), axis=0)
        place, column = self.columns(materials)
        base[:, column] = linear[:, place]
        sigma = np.stack([linear[:, self.of_drug[drug]] for drug in materials.drugs], axis=1)
        return replace(materials, draws=np.arange(len(linear)), base=base, sigma=sigma)


def gather_unknowns(
    problem: Problem, network: pl.DataFrame, drugs: tuple[str, ...], draws: pl.DataFrame, scales: pl.DataFrame
) -> tuple[Unknowns, np.ndarray]:
    """The unknowns and their scaled values in each draw [draws, names].

    `network` is the table of network parameters, `drugs` those of the panel; `draws` and `scales` are what
    a fit of `problem` left. FitError where these are not of one fit.
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
