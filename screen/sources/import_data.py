"""Public data to a PEtab problem: find the files, read them, write the tables, let petab validate."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from screen.calibration.petab_files import read_petab
from screen.errors import FitError
from screen.settings import FitSettings
from screen.sources.assemble import Known, Tables, assemble, write_tables
from screen.sources.readings import Source
from screen.sources.table import SOURCES


@dataclass(frozen=True)
class Written:
    """A problem on disk and the tables it was made of."""

    problem: Path
    tables: Tables


def find_data(named: Path | None) -> Path:
    """The data folder: the one named, else $SCREEN_DATA, else beside the project. FitError if it is none."""
    folder = FitSettings(data=named).data_folder()
    if not folder.is_dir():
        raise FitError(f"{folder}: must be the folder of the public data, found none there")
    return folder


def choose_sources(names: Sequence[str], folder: Path) -> tuple[Source, ...]:
    """The named sources, all that are there if none is named. FitError: unknown names, absent files."""
    unknown = [name for name in names if name not in SOURCES]
    if unknown:
        raise FitError([f"source: must be one of {', '.join(SOURCES)}, found {name}" for name in unknown])
    wanted = [SOURCES[name] for name in names or SOURCES]
    absent = {
        source.name: file for source in wanted for file in source.files if not (folder / file).is_file()
    }
    if names and absent:
        raise FitError(
            [f"{folder / file}: must be there for {name}, found no file" for name, file in absent.items()]
        )
    there = tuple(source for source in wanted if source.name not in absent)
    if not there:
        raise FitError(f"{folder}: must hold at least one of {', '.join(SOURCES)}, found none")
    return there


def import_data(
    sources: Sequence[Source],
    data: Path,
    known: Known,
    folder: Path,
    sbml: Path,
    literature: Path | None = None,
) -> Written:
    """Read the sources and write the problem they make into a folder. FitError if petab finds a fault.

    With the folder of the shipped calibration as `literature`, its other figures join.
    """
    tables = assemble([(source, source.read(data)) for source in sources], known, literature)
    problem = write_tables(tables, folder, os.path.relpath(sbml, folder))
    read_petab(problem)
    return Written(problem, tables)


def describe(tables: Tables) -> Mapping[str, Mapping[str, object]]:
    """Readings of each data set, and what each source left out."""
    kept = tables.measurements["datasetId"].value_counts(sort=True).rows()
    return {"readings": dict(kept), "left_out": dict(tables.left_out)}
