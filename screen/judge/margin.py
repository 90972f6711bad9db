"""The margin of one arm over another: log2 of what it leaves less, under draws of which single numbers are multiplied.

What can be multiplied is a column of the parameters of a lane, at rest too, and a constant of a drug at a target;
so one function serves parameters, amounts of a cell, what it is given, and affinities, and gives its slope in all.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
from jax import Array

from screen.experiments import Arm, Design, Draws, lane_parameters, rest_parameters, with_totals
from screen.kernel import Model, filled
from screen.panel import Bench, PanelTables, Wanted
from screen.simulate import Integration, Readout, come_to_rest, follow, in_force, observe

ROWS = 256
"""Pairs of lanes that run at once."""


class Moved(NamedTuple):
    """log10 of the factors of parameters [rows, parameters] and of constants in cells [rows, drugs, targets]."""

    parameters: np.ndarray
    constants: np.ndarray


class Margins:
    """The margins of any two arms of a cell in one read-out on one network, compiled once for arms of one form."""

    def __init__(self, model: Model, integration: Integration, readout: Readout):
        self.model, self.integration, self.readout = model, integration, readout
        self.grid = readout.grid()
        self.forward = jax.jit(self._margins)
        self.summed = jax.jit(jax.value_and_grad(self._sum, has_aux=True))

    def _sum(self, moved: Moved, design: Design, draws: Draws) -> tuple[Array, Array]:
        """The sum over rows, and how many rows have a number."""
        margins = self._margins(moved, design, draws)
        good = jnp.isfinite(margins)
        return jnp.sum(jnp.where(good, margins, 0.0)), jnp.sum(good)

    def _margins(self, moved: Moved, design: Design, draws: Draws) -> Array:
        """The margin [rows] of the first arm of the design over the second, each row its own draw and factors."""
        rows = jnp.arange(len(draws.base))
        factor = 10.0 ** jnp.asarray(moved.parameters)
        bound = jnp.pad(10.0 ** -jnp.asarray(moved.constants), ((0, 0), (0, 1), (0, 0)), constant_values=1.0)
        draws = draws._replace(affinity=draws.affinity * bound)
        cell = jnp.broadcast_to(jnp.asarray(design.rest)[0], rows.shape)
        rested = rest_parameters(design, draws, cell, rows) * factor
        rest = come_to_rest(self.model, self.integration, rested)
        arm, owner = jnp.repeat(jnp.arange(2), len(rows)), jnp.tile(rows, 2)
        parameters = lane_parameters(design, draws, arm, owner) * factor[owner][:, None]
        times = jnp.broadcast_to(jnp.asarray(self.grid), (len(owner), len(self.grid)))
        start = jnp.asarray(design.start)[arm]
        solution = follow(self.model, self.integration, parameters, rest.state[owner], start, times)
        names = [self.readout.observable]
        read = observe(self.model, names, times, solution.states, in_force(parameters, start, times))[..., 0]
        left = read[:, 0]
        if self.readout.is_window:
            left = jnp.trapezoid(read, times, axis=1) / (self.grid[-1] - self.grid[0])
        good = (rest.status[owner] == 0) & (solution.status == 0) & (left > 0)
        log2 = jnp.where(good, jnp.log2(jnp.where(good, left, 1.0)), jnp.nan).reshape(2, -1)
        return log2[1] - log2[0]


class Margin:
    """Of the first of two arms of one cell over the second, under every draw.

    `values` [parameters] are medians over draws under the stimulus, `constants` [drugs, sites] [nM] those of the
    drugs in cells, infinite where one does not bind; `spread` is the sd of log10 of both over draws, 0 of what is 0.
    """

    def __init__(
        self, margins: Margins, arms: tuple[Arm, Arm], tables: PanelTables, draws: pl.DataFrame, seed: int
    ):
        self.margins, minutes = margins, tuple(margins.grid.tolist())
        wanted = [Wanted(arm, (margins.readout.observable,), minutes) for arm in arms]
        bench = Bench(wanted, tables, margins.integration)
        self.design, self.drugs, self.sites = (
            bench.design,
            bench.drugs,
            (*tables.drugs.targets, *tables.drugs.variants),
        )
        self.drawn = with_totals(bench.draws(draws, seed), tables.contexts, seed)
        first = np.zeros(self.draws, int)
        lanes = lane_parameters(self.design, self.drawn, first, np.arange(self.draws))
        given, bound = np.asarray(lanes)[:, 1], np.asarray(self.drawn.affinity)[:, :-1]
        self.values = np.median(given, axis=0)
        with np.errstate(divide="ignore"):
            self.constants = 1.0 / np.median(bound, axis=0)
        self.spread = Moved(_log10_sd(given), _log10_sd(bound))

    @property
    def draws(self) -> int:
        """How many draws there are."""
        return len(self.drawn.number)

    def still(self, rows: int = 1) -> Moved:
        """Factors of 1."""
        return Moved(np.zeros((rows, len(self.values))), np.zeros((rows, *self.constants.shape)))

    def under(self, moved: Sequence[Moved]) -> np.ndarray:
        """The margin [moves, draws] under each of some moves, one row each for all draws; NaN where a lane failed."""
        own = np.tile(np.arange(self.draws), len(moved))
        move = np.repeat(np.arange(len(moved)), self.draws)
        factors = Moved(*(np.concatenate(part) for part in zip(*moved, strict=True)))
        found = []
        for start in range(0, len(own), ROWS):
            some = filled(np.arange(start, min(start + ROWS, len(own))), ROWS)
            rows = Moved(*(part[move[some]] for part in factors))
            values = self.margins.forward(rows, self.design, self._drawn(own[some]))
            found.append(np.asarray(values)[: len(own) - start])
        return np.concatenate(found).reshape(len(moved), self.draws)

    def slopes(self) -> Moved:
        """Mean over draws of the slope of the margin in log10 of each factor."""
        every = self._drawn(np.arange(self.draws))
        (_, counted), slopes = self.margins.summed(self.still(self.draws), self.design, every)
        return Moved(*(np.asarray(part).sum(axis=0) / max(int(counted), 1) for part in slopes))

    def _drawn(self, own: np.ndarray) -> Draws:
        return jax.tree.map(lambda part: np.asarray(part)[own], self.drawn)


def _log10_sd(values: np.ndarray) -> np.ndarray:
    """sd of log10 over the first axis; 0 where a value is not positive."""
    positive = (values > 0).all(axis=0)
    return np.where(positive, np.std(np.log10(np.where(positive, values, 1.0)), axis=0), 0.0)
