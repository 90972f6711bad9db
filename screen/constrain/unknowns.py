"""What may move when a draw is held to the panel: one vector, and where each of its numbers goes.

The vector holds every network parameter that has a prior, residual factors of every drug the panel uses - of all its
constants together, and of each that is less certain than these - and the scales and offsets of the calibration; each
on the scale of its prior.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl

from screen.calibration import BOUND, Problem, scaled_prior
from screen.calibration.scale import rescaled
from screen.errors import FitError
from screen.experiments import SIGMA_SD, Draws, affinities, residual_name
from screen.fit import prior_precision
from screen.scenarios import DrugTables
from screen.tables import NUMBER_OF_DRAW, draws_in_rows

Residual = tuple[str, str]
"""Drug and target of a factor on constants; no target: on all of the drug."""

NEAR = 2.0
"""log10 over the most potent constant of a drug up to which its other constants may move alone."""

LEAST_SD = 0.05
"""sd [log10] beyond that of the drug as a whole from which a constant may move alone."""

NUMBER = NUMBER_OF_DRAW
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
    of_residual: Mapping[Residual, int]
    """Place of each residual factor."""
    of_calibration: np.ndarray
    """Place of each estimated parameter of the calibration [estimated]."""
    constants: np.ndarray | None = None
    """Constants of these drugs in cells [draws, drugs, targets] [nM], which stay; with them the number of its draw,
    `NUMBER`, comes last in a vector."""

    @property
    def drugs(self) -> tuple[str, ...]:
        """Those that have a residual, in order."""
        return tuple(dict.fromkeys(drug for drug, _ in self.of_residual))

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
        drugs, targets = self.drugs, list(tables.targets)
        sigma = jnp.ones((len(linear), len(drugs), len(targets)))
        for (drug, target), at in self.of_residual.items():
            site = targets.index(target) if target else slice(None)
            factor = linear[:, at] if target else linear[:, at, None]
            sigma = sigma.at[:, drugs.index(drug), site].multiply(factor)
        base = base.at[:, column].set(linear[:, place])
        constants = None
        if self.constants is not None:
            constants = jnp.asarray(self.constants)[linear[:, -1].astype(int)]
        return Draws(np.arange(len(linear)), base, affinities(tables, drugs, sigma, constants))


def residual_sds(
    drugs: Sequence[str], tables: DrugTables, constants: np.ndarray | None
) -> dict[Residual, float]:
    """sd [log10] of each residual of these drugs, of known `constants` [draws, drugs, sites] [nM].

    What all constants of a drug share is SIGMA_SD; what one of them varies beyond that over the draws is its own.
    """
    found: dict[Residual, float] = {(drug, ""): SIGMA_SD for drug in drugs}
    if constants is None:
        return found
    for drug, drawn in zip(
        drugs, np.log10(constants[..., : len(tables.targets)]).transpose(1, 2, 0), strict=True
    ):
        middle = np.median(drawn, axis=1)
        for target, values, height in zip(tables.targets, drawn, middle, strict=True):
            spread = np.std(values[np.isfinite(values)]) if height < middle.min() + NEAR else 0.0
            own = np.sqrt(max(spread**2 - SIGMA_SD**2, 0.0))
            if own > LEAST_SD:
                found[drug, target] = float(own)
    return found


def gather_unknowns(
    problem: Problem,
    network: pl.DataFrame,
    residuals: Mapping[Residual, float],
    draws: pl.DataFrame,
    scales: pl.DataFrame,
    constants: np.ndarray | None = None,
) -> tuple[Unknowns, np.ndarray]:
    """The unknowns and their scaled values in each draw [draws, names].

    `network` is the table of network parameters, `residuals` have their sds; `draws` and `scales` are what a fit of
    `problem` left, residuals added; `constants` are those of the drugs in each draw. FitError where
    these are not of one fit.
    """
    estimated = problem.estimated
    place = {name: index for index, name in enumerate(estimated.names)}
    own_sd = 1 / np.sqrt(prior_precision(problem, estimated.within))
    rows: list[tuple[str, str, float, float, float]] = []
    for row in network.filter(pl.col("prior") != "fixed").iter_rows(named=True):
        scale, _, low, high = scaled_prior(row)
        rows.append((row["parameter"], scale, row["prior_sd"], low, high))
    rows += [
        (residual_name(*residual), "log10", sd, -BOUND * sd, BOUND * sd) for residual, sd in residuals.items()
    ]
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
        of_residual={residual: at[residual_name(*residual)] for residual in residuals},
        of_calibration=np.array([at[name] for name in estimated.names]),
        constants=constants,
    )
    wide = draws_in_rows(pl.concat([draws, scales]))
    missing = [name for name in names if name not in wide.columns]
    if missing:
        raise FitError(
            f"draws: must hold every estimated parameter, found {len(missing)} missing, e.g. {missing[0]}; "
            "run the fit stage again"
        )
    scaled = unknowns.scaled(wide.select(names).to_numpy())
    return unknowns, np.clip(scaled, unknowns.lower, unknowns.upper)
