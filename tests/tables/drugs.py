"""A small table as tests of readers save it, and what must be read of it."""

import polars as pl

from screen.tables import Column, Schema

DRUGS = Schema(
    "drugs",
    (
        Column("drug", pl.String, "name", is_name=True),
        Column("kd_nM", pl.Float64, "affinity", "nM", positive=True),
        Column("used", pl.Boolean, "whether the model uses it"),
        Column("note", pl.String, "anything", required=False, nullable=True),
    ),
    key=("drug",),
)
WANTED = [("ruxolitinib", 3.4, True, 'binds JAK2, "tightly"'), ("SD-36", 1600.0, False, None)]
