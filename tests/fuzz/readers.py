"""Every reader of what a person hands over, with good files that it reads: where faults begin."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from screen.calibration import load_problem
from screen.courses import read_courses
from screen.network import compose_network, read_parameters, read_sbml
from screen.panel import read_arms, read_panel
from screen.potency import read_potent_drugs
from screen.report import read_labels
from screen.scenarios import read_abundances, read_context_tables, read_discrepancy
from screen.settings import load_settings
from screen.tables import DRAWS, read_table
from tests.kernel.networks import CYCLE, VARIED, sbml_of
from tests.network.conftest import HEADER, ROWS, SMALL
from tests.petab_v2 import write_version_2
from tests.tables.workbooks import workbook
from tests.toy import write_blots

ROOT = Path(__file__).resolve().parents[2]


class Reader(NamedTuple):
    """What writes good files into a folder, which of them are spoilt, and what then reads them."""

    write: Callable[[Path], object]
    files: str
    """A pattern of their names."""
    read: Callable[[Path], Any]


CALLED = """
    function mm(s, v, km) v*s/(km + s); end
    model called() compartment cell = 2; species A in cell; A = 2; v = 1; km = 0.5; x = 0; x' = v; w := log(A) + 1;
    E1: at time >= 2: v = 3; E2: at A < 0.5, priority = 2: A = 2*v; r: 2 A -> ; cell*mm(A, v, km); end
"""
"""A function, events by time and by state, and a stoichiometry."""


def _shipped(*names: str) -> Callable[[Path], None]:
    """Files of config."""

    def write(folder: Path) -> None:
        for name in names:
            for source in sorted((ROOT / "config").glob(name)):
                shutil.copyfile(source, folder / source.name)

    return write


def _models(folder: Path) -> None:
    for name, text in {"varied": VARIED, "cycle": CYCLE, "called": CALLED}.items():
        (folder / f"{name}.xml").write_text(sbml_of(text))


def _modules(folder: Path) -> None:
    for name, text in SMALL.items():
        (folder / name).write_text(text)
    rows = [HEADER, *(f"{name}\t{row}" for name, row in ROWS.items())]
    (folder / "parameters.tsv").write_text("\n".join(rows) + "\n")


def _abundances(folder: Path) -> None:
    (folder / "cells.csv").write_text("gene,copies\nJAK1,12000\nJAK2,1.5e3\nSTAT3,200000\nIL6ST,\n")


def _arms(folder: Path) -> None:
    rows = [
        "arm,context,genotype,stimulus,treatment,pretreatment,reference,readout,minutes",
        "control,hepg2,,IL6_dose=10,,,,pY705_level,0-240",
        'doses,hepg2,JAK1_total=0,context,"ruxolitinib=1,10:from=5:every=9:half_life=3 until=60",60,'
        "control,pY705_level pSTAT1,10 20",
    ]
    (folder / "arms.csv").write_text("\n".join(rows) + "\n")


def _courses(folder: Path) -> None:
    rows = [
        f"{name};{minutes};{value};A;0.1"
        for name in ("pERK", "pAKT")
        for minutes, value in ((0, 1), (5, 3.5), (9, 2))
    ]
    (folder / "egf.csv").write_text("\n".join(["readout;minutes;value;course;sd", *rows]) + "\n")


def _sheet(folder: Path) -> None:
    workbook(folder / "cells.xlsx", [(2, ["gene", "copies"]), (4, ["JAK1", 1.2e4]), (5, ["STAT3", 200_000])])


def _draws(folder: Path) -> None:
    pl.read_parquet(ROOT / "config/calibration/ensemble.parquet").head(50).write_parquet(
        folder / "draws.parquet"
    )


def _drugs(folder: Path) -> object:
    tables = (folder / "drugs.tsv", folder / "affinities.tsv", folder / "targets.tsv")
    return read_potent_drugs(*tables, folder)


READERS = {
    "settings": Reader(_shipped("config.yaml"), "*.yaml", lambda at: load_settings(at / "config.yaml")),
    "drugs": Reader(
        _shipped("drugs.tsv", "affinities.tsv", "targets.tsv", "potency/*"), "*.tsv", _drugs),
    "contexts": Reader(
        _shipped("contexts.tsv", "hypotheses.tsv"), "*.tsv",
        lambda at: read_context_tables(at / "contexts.tsv", at / "hypotheses.tsv")),
    "panel": Reader(_shipped("panel/panel.tsv"), "*.tsv", lambda at: read_panel(at / "panel.tsv")),
    "arms": Reader(_arms, "*.csv", lambda at: read_arms(at / "arms.csv")),
    "courses": Reader(_courses, "*.csv", lambda at: read_courses(at / "egf.csv", ("pERK", "pAKT"))),
    "labels": Reader(_shipped("labels.tsv"), "*.tsv", lambda at: read_labels(at / "labels.tsv")),
    "discrepancy": Reader(
        _shipped("discrepancy.tsv"), "*.tsv", lambda at: read_discrepancy(at / "discrepancy.tsv", "pY705_level")),
    "parameters": Reader(
        _shipped("network/parameters.tsv"), "*.tsv", lambda at: read_parameters(at / "parameters.tsv")),
    "abundances": Reader(_abundances, "*.csv", lambda at: read_abundances(at / "cells.csv")),
    "workbook": Reader(_sheet, "*.xlsx", lambda at: read_abundances(at / "cells.xlsx")),
    "Antimony": Reader(_modules, "m0*.ant", compose_network),
    "SBML": Reader(_models, "*.xml", lambda at: [read_sbml(path) for path in at.glob("*.xml")]),
    "PEtab": Reader(write_blots, "*.*", lambda at: load_problem(at / "problem.yaml", cache=at / "cache")),
    "PEtab 2": Reader(write_version_2, "*.*", lambda at: load_problem(at / "problem.yaml", cache=at / "cache")),
    "Parquet": Reader(_draws, "*.parquet", lambda at: read_table(at / "draws.parquet", DRAWS)),
}  # fmt: skip
