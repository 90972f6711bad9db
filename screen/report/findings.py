"""What is reported, and what of it the figures show."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from screen.errors import ReportError
from screen.rank import Aim
from screen.report.labels import NO_LABELS, Labels
from screen.report.selection import (
    Curve,
    Heat,
    View,
    cell_names,
    dose_curves,
    headline_view,
    heat_of,
    views,
)
from screen.report.words import Words, words_of


@dataclass(frozen=True)
class Findings:
    """What is reported. `ranked` has the columns of an aim that lowers, whatever the goal; `responses` is
    DOSE_RESPONSES, `endings` ENDINGS. `contexts`, `parameters` and `affinities` are the tables of the configuration,
    for the stimuli and for where values come from; `fit` is the folder with the figures of the fit; `validation` is
    the verdict on published facts, `held` what holding the draws to them came to; `labels` are names and colours;
    `top` interventions of each cell are drawn; `own` are the names of contexts and drugs of the reader's own tables;
    `measured` is CELL_POTENCIES, for marks beside dose responses; `combinations` is COMBINATIONS, `isoboles`
    ISOBOLES, `decisive` DECISIVE of this ranking, `sets` its rankings over several cells, with the columns of an aim
    that lowers."""

    ranked: pl.DataFrame
    responses: pl.DataFrame
    endings: pl.DataFrame
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
    own: frozenset[str] = frozenset()
    measured: pl.DataFrame | None = None
    combinations: pl.DataFrame | None = None
    isoboles: pl.DataFrame | None = None
    decisive: pl.DataFrame | None = None
    sets: pl.DataFrame | None = None

    @cached_property
    def view(self) -> View:
        """The read-out and dose basis that figures and headlines show."""
        return headline_view(self.ranked)

    @cached_property
    def views(self) -> list[View]:
        """All read-outs and dose bases, in the order of the table."""
        return views(self.ranked)

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
        """(context, hypothesis) in the order in which the report shows them: the reader's own first."""
        found = cell_names(self.ranked, self.labels)
        return sorted(found, key=lambda cell: cell[0] not in self.own)

    @cached_property
    def _slices(self) -> dict[tuple[Any, ...], pl.DataFrame]:
        return self.ranked.partition_by("context", "hypothesis", "readout", "dose_basis", as_dict=True)

    def slice(self, cell: tuple[str, str], view: View | None = None) -> pl.DataFrame:
        """The rows of a cell, as ranked under the headline's view or another; ReportError where there are none."""
        wanted = view or self.view
        rows = self._slices.get((*cell, *wanted))
        if rows is None:
            raise ReportError(f"ranked: {'|'.join(cell)} must have rows for {', '.join(wanted)}, found none")
        return rows

    @cached_property
    def curves(self) -> dict[tuple[str, str, str], dict[str, Curve]]:
        """The dose responses of every cell in every ranked read-out, by drug."""
        return dose_curves(self.responses)

    @cached_property
    def drawn(self) -> "Drawn":
        """The first `top` interventions of each cell, and all drugs together."""
        leaders = {
            cell: self.slice(cell).filter(pl.col("rank").is_not_null()).head(self.top) for cell in self.cells
        }
        return Drawn(leaders, heat_of(self.ranked, self.view, self.labels), self.labels, self.words)


@dataclass(frozen=True)
class Drawn:
    """What the figures in files show: ranked rows of the leaders by cell, and all drugs together."""

    ranked: dict[tuple[str, str], pl.DataFrame]
    heat: Heat
    labels: Labels
    words: Words
