"""Sobotta 2017: IL-6, ruxolitinib and Stattic on mouse hepatocytes; blots, Luminex, qPCR, mass spectrometry.

Taken are the points of the published fit, each with its sigma. Their table says neither that some IL-6
was washed out after minutes nor how strong those pulses were: `PULSES` adds it. Scale and offset are those
of a blot or plate, as in the published observation functions. Readings are positive, and the offset stands
for background, so none is censored.
"""

import re
from pathlib import Path

import polars as pl

from screen.sources.readings import Collector, Condition, Imported, ObservedAs, Source
from screen.tables import Column, Schema, read_table

FOLDER = "sobotta2017"

POINTS = Schema(
    "points",
    (
        Column("datafile", pl.Int64, "number of the data file in the published fit"),
        Column("exp_condition", pl.Int64, "number of the condition"),
        Column("input_actd", pl.Float64, "1 with actinomycin D"),
        Column("input_il6", pl.Float64, "IL-6", "ng/mL", minimum=0),
        Column("input_ruxolitinib", pl.Float64, "ruxolitinib", "nM", minimum=0),
        Column("input_stattic", pl.Float64, "Stattic", "uM", minimum=0),
        Column("observable", pl.String, "what was read"),
        Column("observation_function", pl.String, "how the published model observes it", nullable=True),
        Column("sigma_parameter", pl.String, "noise parameter of the published fit", nullable=True),
        Column("time_min", pl.Float64, "time after IL-6", "min"),
        Column("scale", pl.String, "scale of measured and sigma", choices=("log10", "lin")),
        Column("measured", pl.Float64, "the reading", nullable=True),
        Column("sigma", pl.Float64, "standard deviation", nullable=True, positive=True),
        Column("published_model", pl.Float64, "prediction of the published model", nullable=True),
    ),
    key=(),
)

NUCLEAR_pY705 = "STAT3_Y_n + STAT3_YS_n + 2*STAT3_dimer_n + STAT3_STAT1_n"

OBSERVED = {
    "pSTAT3_wb": ObservedAs("sobotta_pSTAT3_wb", "pY705_level"),
    "pSTAT3_lumi": ObservedAs("sobotta_pSTAT3_lumi", "pY705_level"),
    "pSTAT3_ms": ObservedAs("sobotta_pSTAT3_ms", "100*pY705", "lin", scaled=False),
    "npSTAT3_wb": ObservedAs("sobotta_npSTAT3_wb", NUCLEAR_pY705),
    "ntSTAT3_ratio": ObservedAs("sobotta_ntSTAT3_ratio", "STAT3_nuclear_ratio", scaled=False),
    "pJAK1_wb": ObservedAs("sobotta_pJAK1_wb", "pJAK1"),
    "pgp130_wb": ObservedAs("sobotta_pgp130_wb", "pJAK1"),
    "SOCS3_qpcr": ObservedAs("sobotta_SOCS3_qpcr", "SOCS3_mRNA"),
    "SOCS3_wb": ObservedAs("sobotta_SOCS3_wb", "SOCS3_protein"),
    "SOCS3_abs": ObservedAs("sobotta_SOCS3_abs", "SOCS3_protein", scaled=False),
}
"""Readout of the source -> how the network shows it. Phosphorylated gp130 and JAK1 are one species here."""

PULSES: dict[int, tuple[float, float | None]] = {
    8: (40, 20), 10: (40, 5), 25: (80, 12), 26: (80, 24), 27: (80, 6), 28: (80, None), 29: (160, 10),
    30: (40, 40), 31: (80, 20), 32: (20, 20), 33: (40, 20), 34: (80, 20), 35: (40, 12), 36: (40, None),
    37: (40, 24), 38: (40, 6),
}  # fmt: skip
"""Data file -> IL-6 [ng/mL] and when it was washed out [min].

Found by solving the published equations for the input under which they give the published predictions.
"""

ACTINOMYCIN = {24: float("inf"), 23: 30.0}
"""Data file -> until when [min] its cells saw actinomycin D although `input_actd` says 0; found likewise."""

UM_TO_NM = 1000.0
BATCH = re.compile(r"\bscale_(\w+)")


def read_sobotta(folder: Path) -> Imported:
    """Readings of the published fit. TableError where the file is not as expected."""
    found = Collector()
    for row in read_table(folder / FOLDER / "published_points.csv", POINTS).iter_rows(named=True):
        reading = OBSERVED.get(row["observable"])
        until = ACTINOMYCIN.get(row["datafile"], float("inf") if row["input_actd"] else 0.0)
        if reading is None:
            found.skip(f"{row['observable']}: amounts that the context is set by")
        elif row["measured"] is None or row["sigma"] is None:
            found.skip("without reading or sigma")
        elif row["time_min"] < 0:
            found.skip("before the stimulus")
        elif 0 < until < row["time_min"]:
            found.skip("after actinomycin D was washed out")
        else:
            batch = BATCH.search(row["observation_function"] or "")
            found.add(
                arm=_arm(row, until > 0),
                observable=reading.name,
                time=row["time_min"],
                value=10.0 ** row["measured"] if row["scale"] == "log10" else row["measured"],
                batch=batch.group(1) if batch and reading.scaled else "",
                sigma=row["sigma"],
                dataset=f"sobotta2017_{row['observable']}",
            )
    return found.done()


def _arm(row: dict, is_actinomycin: bool) -> Condition:
    dose, washout = PULSES.get(row["datafile"], (row["input_il6"], None))
    stimulus = [("IL6_dose", float(dose))] if dose else []
    if washout is not None:
        stimulus.append(("IL6_washout", float(washout)))
    if is_actinomycin:
        stimulus.append(("SOCS3_gene", 0.0))
    doses = {"ruxolitinib": row["input_ruxolitinib"], "Stattic": UM_TO_NM * row["input_stattic"]}
    drugs = tuple((name, dose) for name, dose in doses.items() if dose)
    return Condition("hepatocyte_mouse", tuple(stimulus), drugs)


SOBOTTA = Source(
    name="sobotta2017",
    files=(f"{FOLDER}/published_points.csv",),
    citation="Sobotta 2017 Front Physiol 8:775; points of Hass 2019 Bioinformatics 35:3073",
    supersedes=("Sobotta 2017 Front Physiol 8:775",),
    assumed="drugs hold from rest on (60 min before IL-6 in the experiment); actinomycin D stops the SOCS3 gene",
    observables=tuple(OBSERVED.values()),
    noise={},
    read=read_sobotta,
)
