"""What `export` writes for tools that take models: each a function of the settings, and a line in the table."""

from collections.abc import Callable
from pathlib import Path

from screen.cli.network import write_network
from screen.cli.options import Results
from screen.settings import Settings


def write_sbml(settings: Settings, results: Results) -> Path:
    """The network with annotations and terms of ontologies."""
    from screen.archive import annotate
    from screen.network import network_name
    from screen.tables import write_text_atomic

    path = results.export / f"{network_name()}.xml"
    write_text_atomic(path, annotate(write_network(settings), settings.network.folder))
    return path


STANDARDS: dict[str, Callable[[Settings, Results], Path]] = {"sbml": write_sbml}
"""Name after `--to` -> what writes it and says where."""
