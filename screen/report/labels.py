"""Names and colours for readers: what tables call `npm1_alk_lymphoma` a page calls NPM1-ALK lymphoma.

They come from one small table (`config/labels.tsv`). A name that is not in it is shown as it is, with its
underscores as blanks, and a drug class that is not in it is drawn as `other`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import polars as pl

from screen.scenarios import DEFAULT, MIXTURE
from screen.scenarios.hypotheses import JOIN
from screen.tables import Column, Rule, Schema, read_table

MARKERS = tuple("osD^vPXph*<>d8H")
"""Shapes of Matplotlib that a class may be drawn with."""

LABELS = Schema(
    "labels",
    (
        Column(
            "kind", pl.String, "what is named", choices=("context", "hypothesis", "class", "ligand", "observable")
        ),
        Column("name", pl.String, "as in the other tables; a ligand without its `_dose`"),
        Column("title", pl.String, "as the report shows it; classes of one title are drawn alike"),
        Column("short", pl.String, "hypotheses: for the head of a column", required=False, nullable=True),
        Column("colour", pl.String, "classes: #rrggbb", required=False, nullable=True),
        Column("marker", pl.String, "classes: shape", required=False, nullable=True, choices=MARKERS),
    ),
    key=("kind", "name"),
    may_be_empty=True,
    rules=(Rule("colour", "must be #rrggbb", ~pl.col("colour").str.contains("^#[0-9a-fA-F]{6}$")),),
)  # fmt: skip


class Family(NamedTuple):
    """Drug classes that act on one arm of the network, and how they are drawn."""

    name: str
    colour: str
    marker: str


OTHER = Family("other", "#9aa5b1", "*")
"""How a class is drawn that is not in the table."""

# Okabe and Ito's colours, with a yellow and a grey that are seen on white: for classes without a colour.
PALETTE = ("#0072b2", "#d55e00", "#cc79a7", "#009e73", "#e69f00", "#56b4e9", "#a89000", "#7b4f9e", "#7a7a7a")


@dataclass(frozen=True)
class Labels:
    """The rows of the table by kind and name, in its order; empty: every name as it is."""

    rows: Mapping[str, Mapping[str, Mapping[str, str | None]]] = field(default_factory=dict)

    def _shown(self, kind: str, name: str, column: str = "title") -> str | None:
        return self.rows.get(kind, {}).get(name, {}).get(column)

    def context(self, name: str) -> str:
        """NPM1-ALK lymphoma."""
        return self._shown("context", name) or name.replace("_", " ")

    def observable(self, name: str) -> str:
        """pY705."""
        return self._shown("observable", name) or name

    def ligand(self, name: str) -> str:
        """IL-6."""
        return self._shown("ligand", name) or name

    def hypothesis(self, label: str) -> str:
        """if ALK acts on STAT3 directly; joined by `and` for options of several switches; empty for the default."""
        if label in _ALONE:
            return _ALONE[label][0]
        return " and ".join(
            self._shown("hypothesis", option) or f"if {option.replace('_', ' ')}"
            for option in label.split(JOIN)
        )

    def short(self, label: str) -> str:
        """ALK direct; joined by commas for options of several switches; empty for the default."""
        if label in _ALONE:
            return _ALONE[label][1]
        return ", ".join(
            self._shown("hypothesis", option, "short") or option.replace("_", " ")
            for option in label.split(JOIN)
        )

    def cell(self, context: str, hypothesis: str) -> str:
        """NPM1-ALK lymphoma, if ALK acts on STAT3 directly."""
        return ", ".join(filter(None, (self.context(context), self.hypothesis(hypothesis))))

    def short_cell(self, context: str, hypothesis: str) -> str:
        """Two lines for the head of a column: context, then hypothesis."""
        return "\n".join(filter(None, (self.context(context), self.short(hypothesis))))

    def place(self, kind: str, name: str) -> int:
        """Where a name stands among those of its kind; behind all of them where it is not in the table."""
        names = list(self.rows.get(kind, {}))
        return names.index(name) if name in names else len(names)

    @cached_property
    def families(self) -> dict[str, Family]:
        """Class -> family; classes of one title share the colour and marker of the first of them."""
        by_title: dict[str, Family] = {}
        found = {}
        for name, row in self.rows.get("class", {}).items():
            title, number = str(row["title"]), len(by_title)
            family = Family(
                title,
                row["colour"] or PALETTE[number % len(PALETTE)],
                row["marker"] or MARKERS[number % len(MARKERS)],
            )
            found[name] = by_title.setdefault(title, family)
        return found

    def family(self, drug_class: str) -> Family:
        """How a drug class is drawn; `other` where it is not in the table."""
        return self.families.get(drug_class, OTHER)


_ALONE: Mapping[str, tuple[str, str]] = {
    DEFAULT: ("", ""),
    MIXTURE: ("all hypotheses by their prior weight", MIXTURE),
}
"""Labels that stand for no option: in words, and short."""


NO_LABELS = Labels()
"""Every name as the tables have it."""


def read_labels(path: Path) -> Labels:
    """The labels of a table LABELS. TableError where it breaks its schema."""
    rows: dict[str, dict[str, Mapping[str, str | None]]] = {}
    for row in read_table(path, LABELS).iter_rows(named=True):
        rows.setdefault(row["kind"], {})[row["name"]] = row
    return Labels(rows)


def capital(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


def time_label(minutes: float) -> str:
    """20 min, 3 h."""
    return f"{minutes:g} min" if minutes < 60 else f"{minutes / 60:g} h"


def readout_label(from_minutes: float, to_minutes: float) -> str:
    """at 20 min; mean over 0 to 24 h."""
    if from_minutes == to_minutes:
        return f"at {time_label(to_minutes)}"
    start = "0" if from_minutes == 0 else time_label(from_minutes)
    return f"mean over {start} to {time_label(to_minutes)}"


def dose_label(dose_nM: float) -> str:
    """300 nM, 10 µM."""
    return f"{_two_digits(dose_nM / 1000)} µM" if dose_nM >= 1000 else f"{_two_digits(dose_nM)} nM"


def _two_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"
