"""MCF10A by reverse-phase protein arrays, 0 to 48 h after EGF, HGF, OSM, IFN-gamma, TGF-beta or BMP2.

One row an antibody, one column a stimulus and its hours, log2 of the normalised intensity. Read are pY705
of STAT3 and, for the same cells, pERK and pAKT. One scale and one offset an antibody; the table has one
value a condition, so that the noise is estimated. Log2 values have no floor: nothing is censored.
"""

from pathlib import Path

import polars as pl

from screen.sources.readings import Collector, Condition, Imported, ObservedAs, Settings, Source
from screen.tables import Column, Schema, read_table

FOLDER = "mcf10a_rppa"
CONTEXT = "breast_mcf10a"

STIMULI: dict[str, Settings] = {
    "ctrl": (),
    "PBS": (),
    "EGF": (("EGF_dose", 1.6),),
    "HGF": (("HGF_dose", 0.5),),
    "OSM": (("OSM_dose", 0.4),),
    "IFNG": (("IFNG_dose", 1.2),),
}
"""Stimulus -> network parameters; 10, 40, 10 and 20 ng/mL as nM (doses of the study from memory)."""

UNMAPPED = ("TGFB", "BMP2")
HOURS = {"ctrl": (0,)} | dict.fromkeys(("PBS", "EGF", "HGF", "OSM", "IFNG", *UNMAPPED), (1, 4, 8, 24, 48))
COLUMNS = tuple(f"{stimulus}_{hour}" for stimulus, hours in HOURS.items() for hour in hours)

ARRAYS = Schema(
    "arrays",
    (
        Column("antibody", pl.String, "what the array was stained for"),
        *(Column(name, pl.Float64, "stimulus and hours", "log2", nullable=True) for name in COLUMNS),
    ),
    key=("antibody",),
)

OBSERVED = {
    "Stat3_pY705": ObservedAs("mcf10a_pY705", "pY705_level", degrees=4.0),
    "MAPK_pT202_Y204": ObservedAs("mcf10a_pERK", "pERK", degrees=4.0),
    "Akt_pS473": ObservedAs("mcf10a_pAKT", "pAKT", degrees=4.0),
}


def read_mcf10a(folder: Path) -> Imported:
    """Readings of the arrays. TableError where the file is not as expected."""
    found = Collector()
    for row in read_table(folder / FOLDER / "level4_selected.csv", ARRAYS).iter_rows(named=True):
        reading = OBSERVED.get(row["antibody"])
        for column in COLUMNS:
            stimulus, hours = column.split("_")
            if row[column] is None:
                found.skip("without reading")
            elif reading is None:
                found.skip(f"{row['antibody']}: not read out of the network")
            elif stimulus in UNMAPPED:
                found.skip(f"{stimulus}: not in the network")
            else:
                found.add(
                    arm=Condition(CONTEXT, STIMULI[stimulus]),
                    observable=reading.name,
                    time=60.0 * float(hours),
                    value=2.0 ** row[column],
                    batch=reading.name,
                    sigma="sigma_mcf10a",
                    dataset=reading.name,
                )
    return found.done()


MCF10A = Source(
    name="mcf10a_rppa",
    files=(f"{FOLDER}/level4_selected.csv",),
    citation="Gross 2022 Commun Biol 5:1066",
    supersedes=("Gross 2022",),
    assumed="doses",
    observables=tuple(OBSERVED.values()),
    noise={"sigma_mcf10a": (0.1, 0.2)},
    read=read_mcf10a,
)
