"""What is reported, and what of it the figures show."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from screen.rank import Aim, ResponseArray
from screen.report.labels import NO_LABELS, Labels
from screen.report.selection import (
    Curve,
    Heat,
    View,
    cell_names,
    dose_curves,
    headline_view,
    heat_of,
    slice_of,
)
from screen.report.words import Words, words_of

CURVES = 6
"""Dose responses shown for each cell."""

Panel = tuple[Curve, str, dict[str, Any] | None]
"""A dose response, the class of its drug, and its ranked row."""


@dataclass(frozen=True)
class Findings:
    """What is reported. `ranked` has the columns of an aim that lowers, whatever the goal. `contexts`, `parameters` and
    `affinities` are the tables of the configuration, for the stimuli and for where values come from; `fit` is the
    folder with the figures of the fit; `validation` is the verdict on published facts, `held` what holding the draws to
    them came to; `labels` are names and colours; `top` interventions of each cell are drawn."""

    ranked: pl.DataFrame
    responses: ResponseArray
    aim: Aim
    contexts: pl.DataFrame | None = None
    parameters: pl.DataFrame | None = None
    affinities: pl.DataFrame | None = None
    fit: Path | None = None
    provenance: Mapping[str, Any] | None = None
    validation: pl.DataFrame | None = None
    held: Mapping[str, Any] | None = None
    labels: Labels = NO_LABELS
    top: int = 15

    @cached_property
    def view(self) -> View:
        """The read-out and dose basis that figures and headlines show."""
        return headline_view(self.ranked)

    @cached_property
    def windows(self) -> dict[str, tuple[float, float]]:
        """First and last time of every read-out [min]."""
        return {readout.id: readout.window() for readout in self.aim.readouts}

    @cached_property
    def words(self) -> Words:
        """How what is ranked is spoken of."""
        return words_of(self.aim, self.labels)

    @cached_property
    def cells(self) -> list[tuple[str, str]]:
        """(context, hypothesis) in the order in which the report shows them."""
        return cell_names(self.ranked, self.labels)

    def slice(self, cell: tuple[str, str], view: View | None = None) -> pl.DataFrame:
        """The rows of a cell, as ranked under the headline's view or another."""
        return slice_of(self.ranked, *cell, view or self.view)

    @cached_property
    def drawn(self) -> "Drawn":
        """The first `top` interventions of each cell and the curves of the first single drugs among all."""
        curves = dose_curves(self.responses, self.view.readout, self.aim.floor)
        leaders: dict[tuple[str, str], pl.DataFrame] = {}
        panels: dict[tuple[str, str], list[Panel]] = {}
        for cell in self.cells:
            rows = self.slice(cell).filter(pl.col("rank").is_not_null())
            leaders[cell] = rows.head(self.top)
            singles = rows.filter(pl.col("intervention").is_in(list(curves[cell]))).head(CURVES)
            panels[cell] = [
                (curves[cell][row["intervention"]], row["drug_classes"], row)
                for row in singles.iter_rows(named=True)
            ]
        return Drawn(leaders, panels, heat_of(self.ranked, self.view, self.labels), self.labels, self.words)


@dataclass(frozen=True)
class Drawn:
    """What the figures show, by cell: ranked rows and dose responses of the leaders; and all drugs together."""

    ranked: dict[tuple[str, str], pl.DataFrame]
    curves: dict[tuple[str, str], list[Panel]]
    heat: Heat
    labels: Labels
    words: Words
