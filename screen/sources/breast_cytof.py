"""Breast cancer lines by mass cytometry: pY705 of STAT3 over an hour of EGF, alone and with inhibitors.

Two courses a line, each a batch with a scale and an offset of its own; a value is the median arcsinh(signal/5) of the
cells, read here as the signal it is of. Lines are read for which there is a context. Inhibitors have no names or doses
in the table: each blocks its target. Every condition was measured once: the noise is estimated, with heavy tails,
around that by which effects of inhibitors differ between the two courses of the lines that are no contexts.
"""

from collections.abc import Mapping
from math import sinh
from pathlib import Path
from typing import NamedTuple

import polars as pl

from screen.sources.readings import Collector, Condition, Imported, ObservedAs, Source
from screen.tables import Column, Schema, read_table

FOLDER = "breast_cytof"

OTHERS = (
    "pSTAT1", "pSTAT5", "pERK", "pMEK", "pAKT_S473", "pAKT_T308", "pS6", "pS6K", "p4EBP1", "pSRC", "pNFkB", "pp38",
)  # fmt: skip

MEDIANS = Schema(
    "medians",
    (
        Column("cell_line", pl.String, "cell line"),
        Column("time_course", pl.String, "course of the line", choices=("A", "B")),
        Column("treatment", pl.String, "EGF, alone or with an inhibitor of what stands after the i"),
        Column("minutes", pl.Float64, "time after EGF", "min", minimum=0),
        *(
            Column(name, pl.Float64, "median arcsinh(signal/5)", nullable=True)
            for name in ("pSTAT3_Y705", *OTHERS)
        ),
    ),
    key=(),
)

CONTEXTS = {"BT20": "breast_bt20", "MCF7": "breast_mcf7", "MCF10A": "breast_mcf10a"}

TARGETS = {
    "EGF": (),
    "iEGFR": ("EGFR",),
    "iMEK": ("MEK",),
    "iPI3K": ("PI3K",),
    "imTOR": ("MTOR",),
    "iPKC": ("PKC",),
}
"""Treatment -> targets that it blocks."""

READOUTS = {"pSTAT3_Y705": "pY705_level", "pERK": "pERK", "pAKT_S473": "pAKT_S473", "pS6K": "pS6K"}
"""Column -> observable of the network."""

STIMULUS = (("EGF_dose", 16.0),)
"""100 ng/mL as nM (assumed)."""

INHIBITED_BEFORE = 15.0
"""How long before EGF the inhibitors came [min] (assumed)."""

REPLICATE_SIGMA = (0.075, 0.1)
"""Scale of the noise of a reading [log10] and the sd of its log10: of Student's t with 4 degrees of freedom, by 214
effects of inhibitors that were measured in both courses of 43 lines; those of a line are 0.18 from those of others, and
three lines are read."""

OBSERVED = ObservedAs("breast_cytof_pY705", "pY705_level", degrees=4.0)


def read_breast_cytof(folder: Path) -> Imported:
    """Readings of the lines that have a context. TableError where the file is not as expected."""
    found = Collector()
    for row in read_table(folder / FOLDER / "cytof.csv", MEDIANS).iter_rows(named=True):
        blocked = TARGETS.get(row["treatment"])
        if row["cell_line"] not in CONTEXTS:
            found.skip("a line without a context")
        elif row["pSTAT3_Y705"] is None or row["pSTAT3_Y705"] <= 0:
            found.skip("without signal")
        elif blocked is None:
            found.skip(f"{row['treatment']}: not in the network")
        else:
            batch = f"breast_cytof_{row['cell_line']}_{row['time_course']}".lower()
            found.add(
                arm=Condition(
                    CONTEXTS[row["cell_line"]],
                    STIMULUS,
                    blocked=blocked,
                    inhibited_before=INHIBITED_BEFORE if blocked else None,
                ),
                observable=OBSERVED.name,
                time=row["minutes"],
                value=sinh(row["pSTAT3_Y705"]),
                batch=batch,
                sigma="sigma_breast_cytof",
                dataset=batch,
            )
    return found.done()


class Lines(NamedTuple):
    """How lines were treated: the stimulus, when inhibitors came before it [min], what each blocks, which are judged
    together too, and what was read, the first being what is judged."""

    stimulus: tuple[tuple[str, float], ...]
    inhibited_before: float
    blocked: Mapping[str, str]
    together: tuple[str, ...]
    readouts: tuple[str, ...]


BREAST_LINES = Lines(
    STIMULUS,
    INHIBITED_BEFORE,
    {name: " ".join(targets) for name, targets in TARGETS.items() if targets},
    ("iEGFR", "iMEK", "iPKC"),
    tuple(READOUTS.values()),
)


def read_breast_lines(folder: Path) -> pl.DataFrame:
    """Readings of lines that have no context: line, treatment (empty for EGF alone), course, minutes, readout, value.

    The shipped calibration has seen the others. A value is a signal. Medium with serum is left out. TableError where
    the file is not as expected.
    """
    frame = read_table(folder / FOLDER / "cytof.csv", MEDIANS).filter(
        pl.col("treatment") != "full", ~pl.col("cell_line").is_in(list(CONTEXTS))
    )
    long = frame.unpivot(
        on=list(READOUTS),
        index=["cell_line", "treatment", "time_course", "minutes"],
        variable_name="readout",
    )
    return long.filter(pl.col("value") > 0).select(
        line="cell_line",
        treatment=pl.col("treatment").replace("EGF", ""),
        course="time_course",
        minutes="minutes",
        readout=pl.col("readout").replace_strict(READOUTS),
        value=pl.col("value").sinh(),
    )


BREAST_CYTOF = Source(
    name="breast_cytof",
    files=(f"{FOLDER}/cytof.csv",),
    citation="Tognetti 2021 Cell Syst 12:401",
    supersedes=("Tognetti 2021",),
    assumed="EGF at 100 ng/mL; inhibitors block their target from 15 min before",
    observables=(OBSERVED,),
    noise={"sigma_breast_cytof": REPLICATE_SIGMA},
    read=read_breast_cytof,
)
