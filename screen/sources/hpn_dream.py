"""HPN-DREAM: pY705 of STAT3 in four breast cancer lines by reverse-phase protein arrays.

Eight stimuli, three inhibitors or their vehicle, seven times. Values are linear and normalised, one scale
and one offset a cell line; replicates are readings of their own. Doses are not in the table: stimuli have
the sizes that `STIMULI` assumes, an inhibitor blocks its target from two hours before. The noise is
estimated around the spread of the replicates, with heavy tails. Arrays have no floor that the table would
state, so nothing is censored.
"""

from pathlib import Path

import polars as pl

from screen.sources.readings import Collector, Condition, Imported, ObservedAs, Settings, Source
from screen.tables import Column, Schema, read_table

FOLDER = "hpn_dream"

SPOTS = Schema(
    "spots",
    (
        Column("cell", pl.String, "cell line"),
        Column("inhibitor", pl.String, "inhibitors, joined by _; DMSO"),
        Column("stimulus", pl.String, "stimulus; none(t0) before it"),
        Column("t", pl.Float64, "time after the stimulus", "min", minimum=0),
        Column("STAT3_pY705", pl.Float64, "normalised intensity", nullable=True, positive=True),
    ),
    key=(),
)

CONTEXTS = {
    "BT20": "breast_bt20",
    "BT549": "breast_bt549",
    "MCF7": "breast_mcf7",
    "UACC812": "breast_uacc812",
}

STIMULI: dict[str, Settings] = {
    "none(t0)": (),
    "PBS": (),
    "Serum": (("EGF_dose", 0.3), ("IGF1_dose", 1.0)),
    "EGF": (("EGF_dose", 10.0),),
    "FGF1": (("FGF1_dose", 1.0),),
    "IGF1": (("IGF1_dose", 10.0),),
    "Insulin": (("IGF1_dose", 1.0),),
    "HGF": (("HGF_dose", 1.0),),
    "NRG1": (("NRG1_dose", 10.0),),
}
"""Stimulus -> network parameters; all sizes assumed, insulin taken as IGF-1, serum as without IL-6 (a few pg/mL)."""

TARGETS = {"DMSO": (), "GSK690693": ("AKT",), "GSK1120212": ("MEK",), "PD173074": ("FGFR",)}
"""Compound -> targets that it blocks."""

INHIBITED_BEFORE = 120.0
"""How long before the stimulus the inhibitors came [min]; from memory (Hill 2016)."""

OBSERVED = ObservedAs("hpn_dream_pY705", "pY705_level", degrees=4.0)


def read_hpn_dream(folder: Path) -> Imported:
    """Readings of the arrays. TableError where the file is not as expected."""
    found = Collector()
    for row in read_table(folder / FOLDER / "stat3_pY705.csv", SPOTS).iter_rows(named=True):
        compounds = row["inhibitor"].split("_")
        unknown = [name for name in compounds if name not in TARGETS]
        if row["cell"] not in CONTEXTS:
            unknown.append(row["cell"])
        if row["stimulus"] not in STIMULI:
            unknown.append(row["stimulus"])
        if row["STAT3_pY705"] is None:
            found.skip("without reading")
        elif unknown:
            found.skip(f"{unknown[0]}: not in the network")
        else:
            blocked = sorted({target for name in compounds for target in TARGETS[name]})
            batch = f"hpn_dream_{row['cell'].lower()}"
            found.add(
                arm=Condition(
                    CONTEXTS[row["cell"]],
                    STIMULI[row["stimulus"]],
                    blocked=tuple(blocked),
                    inhibited_before=INHIBITED_BEFORE if blocked else None,
                ),
                observable=OBSERVED.name,
                time=row["t"],
                value=row["STAT3_pY705"],
                batch=batch,
                sigma="sigma_hpn_dream",
                dataset=batch,
            )
    return found.done()


HPN_DREAM = Source(
    name="hpn_dream",
    files=(f"{FOLDER}/stat3_pY705.csv",),
    citation="Hill 2016 Nat Methods 13:310",
    supersedes=("Hill 2016",),
    assumed="doses; insulin as IGF-1, serum as EGF and IGF-1; inhibitors block their target from 2 h before",
    observables=(OBSERVED,),
    noise={"sigma_hpn_dream": (0.1, 0.15)},
    read=read_hpn_dream,
)
