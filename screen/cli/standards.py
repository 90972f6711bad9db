"""What `export` writes for tools that take models: each a function of the settings, and a line in the table."""

from collections.abc import Callable
from pathlib import Path

from screen.cli.network import write_network
from screen.cli.options import say
from screen.settings import Settings


def write_sbml(settings: Settings, folder: Path) -> Path:
    """The network with annotations and terms of ontologies."""
    from screen.archive import annotate
    from screen.network import network_name
    from screen.tables import write_text_atomic

    path = folder / f"{network_name()}.xml"
    write_text_atomic(path, annotate(write_network(settings), settings.network.folder))
    return path


def write_petab(settings: Settings, folder: Path) -> Path:
    """The calibration problem in the columns of PEtab v1, and its model."""
    from screen.archive import PROBLEM, standard_problem
    from screen.tables import write_text_atomic

    found = standard_problem(settings.fit.problem, write_sbml(settings, folder))
    for name, text in found.files.items():
        write_text_atomic(folder / name, text)
    for reason, count in found.left_out.items():
        say(f"export: {count} measurements left out that PEtab v1 cannot say: {reason}")
    return folder / PROBLEM


STANDARDS: dict[str, Callable[[Settings, Path], Path]] = {"sbml": write_sbml, "petab": write_petab}
"""Name after `--to` -> what writes it into a folder and says where it lies."""
