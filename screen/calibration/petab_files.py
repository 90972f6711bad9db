"""PEtab files in, checked tables out; every fault as a sentence with file and row."""

from pathlib import Path
from typing import Any

from screen.calibration.formulas import bounded
from screen.calibration.petab_tables import PetabFiles
from screen.calibration.petab_v1 import read_version_1
from screen.calibration.petab_v2 import read_version_2
from screen.errors import FitError
from screen.files import read_yaml

READERS = {"1": read_version_1, "2": read_version_2}
"""Format -> what reads it."""


def read_petab(path: Path, sbml: Path | None = None) -> PetabFiles:
    """The PEtab problem of a YAML file; `sbml` stands in for the model file it names. FitError if unsound."""
    path = Path(path)
    layout = read_yaml(path, FitError, "PEtab file")
    if not isinstance(layout, dict):
        raise FitError(f"{path}: must name the files of a problem, found something else")
    version = layout.get("format_version", "1")
    number = str(version).split(".")[0] if isinstance(version, str | int | float) else ""
    if number not in READERS:
        raise FitError(f"{path}: format_version must be {' or '.join(READERS)}, found {str(version)[:40]}")
    _refuse_extensions(path, layout.get("extensions"))
    with bounded():
        return READERS[number](path, layout, sbml)


def _refuse_extensions(path: Path, extensions: Any) -> None:
    if extensions and not isinstance(extensions, dict):
        raise FitError(f"{path}: `extensions` must be a table of names, found {type(extensions).__name__}")
    needed = [
        str(name)
        for name, entry in (extensions or {}).items()
        if not isinstance(entry, dict) or entry.get("required", True)
    ]
    if needed:
        raise FitError(f"{path}: extensions must not be required, found {', '.join(needed)}")
