"""Begin a project of your own: a folder with settings, tables for your rows and a workflow, all of them short.

Cells, drugs and the network that come with the tool are used from where it is installed; nothing of them is copied.
Example: python -m screen init mine
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.options import prepare_folder
from screen.errors import ScreenError

if TYPE_CHECKING:
    from screen.tables import Schema

SETTINGS = """\
# What is screened. A key that is not here has its default; paths that begin with config/ are files of the tool.
tables:
  contexts: [config/contexts.tsv, my/contexts.tsv]
  drugs: [config/drugs.tsv, my/drugs.tsv]
  affinities: [config/affinities.tsv, my/affinities.tsv]
scenarios:
  contexts: [hepg2]
  drugs: all
  pairs: []
results: results/mine
"""

WORKFLOW = """\
# The whole workflow, with a fit of its own: snakemake --cores 2
from screen.settings import shipped


configfile: "mine.yaml"


include: str(shipped("workflow", "Snakefile"))


workflow.default_target = "all"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "folder", type=Path, help="the new folder; one that is there must not hold these files"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the folder and say what to do next."""
    from screen.scenarios import AFFINITIES, CONTEXTS, DRUGS
    from screen.tables import write_text_atomic

    folder = arguments.folder
    files = {
        "mine.yaml": SETTINGS,
        "Snakefile": WORKFLOW,
        "my/contexts.tsv": _empty(CONTEXTS),
        "my/drugs.tsv": _empty(DRUGS),
        "my/affinities.tsv": _empty(AFFINITIES),
    }
    there = [
        f"{folder / name}: must not be there yet, found it" for name in files if (folder / name).exists()
    ]
    if there:
        raise ScreenError(there)
    prepare_folder(folder / "my")
    for name, text in files.items():
        write_text_atomic(folder / name, text)
        print(folder / name)
    print(
        f"\nin {folder}: `cell` and `drug` write your rows, name them in mine.yaml, then "
        "`mine --config mine.yaml` ranks; `describe cell` lists what is there"
    )
    return 0


def _empty(schema: "Schema") -> str:
    """A table without rows, each column explained in a comment."""
    lines = [
        f"# {column.name}: {column.description}"
        + (f" [{column.unit}]" if column.unit else "")
        + (f"; one of {', '.join(column.choices)}" if column.choices else "")
        + ("; may be empty" if column.nullable else "")
        for column in schema.columns
    ]
    header = "\t".join(column.name for column in schema.columns)
    return "\n".join([*lines, header]) + "\n"
