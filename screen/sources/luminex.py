"""Phospho-STAT3 of HepG2 and primary human hepatocytes by Luminex: cytokines crossed with inhibitors.

Compounds and doses are not in the tables: an inhibitor blocks its target, a cytokine has the dose that
`STIMULI` assumes. One scale and one offset a plate and cell; the noise is estimated, with heavy tails,
because there is one well a condition. What reads at most `BACKGROUND` is censored there: beads without
any sample read about as much.
"""

from pathlib import Path

import polars as pl

from screen.sources.readings import Collector, Condition, Imported, ObservedAs, Settings, Source
from screen.tables import Column, Schema, read_table

FOLDER = "hepatocyte_luminex"

WELLS = Schema(
    "wells",
    (
        Column("source", pl.String, "file of the data set the well is from"),
        Column("cell", pl.String, "HepG2 or primary human hepatocytes", choices=("HepG2", "PriHu")),
        Column("stim", pl.String, "cytokines, joined by +; none"),
        Column("inh", pl.String, "inhibitors, joined by +; none"),
        Column("time_min", pl.Float64, "time after the stimulus", "min", minimum=0),
        Column("STAT3_MFI", pl.Float64, "median fluorescence", nullable=True),
    ),
    key=(),
)

CONTEXTS = {"HepG2": "hepg2", "PriHu": "hepatocyte_human"}

STIMULI: dict[str, Settings] = {
    "none": (),
    "IL6": (("IL6_dose", 100.0),),
    "IL1a": (("IL1_dose", 1.0),),
    "TGFa": (("EGF_dose", 10.0),),
    "IGF1": (("IGF1_dose", 10.0),),
    "INS": (("IGF1_dose", 1.0),),
    "TNFa": (("TNF_dose", 1.0),),
    "LPS": (("LPS_dose", 10.0),),
    "IFNg": (("IFNG_dose", 1.0),),
    "HGF": (("HGF_dose", 1.0),),
}
"""Stimulus -> network parameters; all sizes assumed, TGFa taken as EGF, insulin as IGF-1."""

TARGETS = {
    "MEKi": "MEK",
    "MEK12i": "MEK",
    "PI3Ki": "PI3K",
    "IKKi": "IKK",
    "mTORi": "MTOR",
    "p38i": "P38",
    "JNK12i": "JNK",
    "EGFRi": "EGFR",
}
"""Inhibitor -> target that it blocks."""

BACKGROUND = 30.0
"""Fluorescence of beads without sample (assumed: 10 to 50 is usual)."""

PLATES = {
    "MD-HepG2CancerRes2011.csv": "2011",
    "MD-LiverMSB2009.csv": "2009",
    "MD-LGA-11111-CytoInh17phFI-BLK.csv": "2010",
}
DEAD = ("2011", "IKKi")
"""Plate and inhibitor whose wells read background at rest too: no signal of the cells."""

OBSERVED = ObservedAs("luminex_pSTAT3", "pY705_level", degrees=4.0)


def read_luminex(folder: Path) -> Imported:
    """Readings of the wells. TableError where the file is not as expected."""
    found = Collector()
    for row in read_table(folder / FOLDER / "stat3.csv", WELLS).iter_rows(named=True):
        plate = PLATES.get(row["source"], row["source"].removesuffix(".csv"))
        stimuli = row["stim"].split("+")
        inhibitors = [name for name in row["inh"].split("+") if name != "none"]
        unknown = [name for name in stimuli if name not in STIMULI]
        unknown += [name for name in inhibitors if name not in TARGETS]
        if row["STAT3_MFI"] is None:
            found.skip("without reading")
        elif unknown:
            found.skip(f"{unknown[0]}: not in the network")
        elif plate == DEAD[0] and DEAD[1] in inhibitors:
            found.skip("IKK inhibitor of 2011: reads background at rest too")
        else:
            batch = f"luminex_{plate}_{row['cell']}".lower().replace("-", "_")
            found.add(
                arm=Condition(
                    CONTEXTS[row["cell"]],
                    tuple(setting for name in stimuli for setting in STIMULI[name]),
                    blocked=tuple(sorted({TARGETS[name] for name in inhibitors})),
                ),
                observable=OBSERVED.name,
                time=row["time_min"],
                value=max(row["STAT3_MFI"], BACKGROUND),
                batch=batch,
                sigma="sigma_luminex",
                dataset=batch,
                censored=row["STAT3_MFI"] <= BACKGROUND,
            )
    return found.done()


LUMINEX = Source(
    name="hepatocyte_luminex",
    files=(f"{FOLDER}/stat3.csv",),
    citation="Alexopoulos 2010 MCP 9:1849; Saez-Rodriguez 2009 MSB 5:331; Saez-Rodriguez 2011 Cancer Res 71:5400",
    supersedes=("Alexopoulos 2010", "Saez-Rodriguez 2009"),
    assumed="doses; TGFa as EGF, insulin as IGF-1; an inhibitor without name blocks its target from rest on",
    observables=(OBSERVED,),
    noise={"sigma_luminex": (0.12, 0.15)},
    read=read_luminex,
)
