"""The ranked table inside the page: small enough to travel, to be searched and sorted where it is read."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from screen.rank.scores import CHANGE
from screen.report.page import packed

TEXT = (
    "context",
    "hypothesis",
    "readout",
    "dose_basis",
    "intervention",
    "drug_classes",
    "route",
    "dose_flag",
    "ic50_flag",
)
DIGITS: Mapping[str, int] = {
    "dose_a_nM": 4, "dose_b_nM": 4, "rank": 4, "rank_p05": 4, "rank_p95": 4, "p_best": 3, "p_top5": 3,
    "suppression_p05": 3, "suppression_p50": 3, "suppression_p95": 3,
    "suppression_p05_bare": 3, "suppression_p95_bare": 3, "ic50_nM": 3,
    "excess_bliss_p50": 2, "draws": 6, "failed": 6,
}  # fmt: skip
"""Columns of numbers and their significant digits; fractions keep that many decimals."""

DECIMALS = ("p_", "suppression", "excess")
"""Begin the names of fractions."""

CHANGE_DIGITS = 2
"""Decimals of a change that is shown beside what is ranked."""


def packed_table(ranked: pl.DataFrame, words: Mapping[str, str]) -> str:
    """The table as base64 of gzip of JSON {text: {column: names}, columns: [...], rows: [[...]], words: {...}}.

    Text is given by its number in a list of names, numbers are rounded for reading: ranked.csv has them all.
    """
    ranked = ranked.with_columns(pl.col("route").fill_null(""))
    names = {column: sorted(ranked[column].unique()) for column in TEXT}
    shown = {**DIGITS, **dict.fromkeys((c for c in ranked.columns if c.endswith(CHANGE)), CHANGE_DIGITS)}
    coded = ranked.select(
        *(
            pl.col(column).replace_strict(
                {name: i for i, name in enumerate(names[column])}, return_dtype=pl.Int32
            )
            for column in TEXT
        ),
        *(_rounded(column, digits) for column, digits in shown.items()),
    )
    rows = [[_short(value) for value in row] for row in coded.rows()]
    content: dict[str, Any] = {"text": names, "columns": [*TEXT, *shown], "rows": rows, "words": words}
    return packed(json.dumps(content, separators=(",", ":")))


def _rounded(column: str, digits: int) -> pl.Expr:
    value = pl.col(column).cast(pl.Float64)
    if column.startswith(DECIMALS) or column.endswith(CHANGE):
        return value.round(digits)
    return value.round_sig_figs(digits)


def _short(value: float | None) -> float | None:
    return int(value) if value is not None and value == int(value) else value
