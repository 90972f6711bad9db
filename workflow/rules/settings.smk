# Before Snakemake reads the configuration: its reader hangs on a bomb of aliases, and runs code where a file asks it to.
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT))

from screen.errors import ScreenError, SettingsError
from screen.files import check_alike
from screen.settings import check_settings, load_settings, located

for folder in {str(ROOT), os.getcwd()}:
    if (
        "{" in folder or "}" in folder
    ):  # Snakemake would fill in what stands between them
        raise WorkflowError(
            f"the folder must be free of braces in its name, found {folder}"
        )


def check_files(files):
    """Each file by itself, all of whose keys may be left out; a mistake is named with its line."""
    problems = []
    for file in filter(Path.exists, map(Path, files)):
        try:
            load_settings(file)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise WorkflowError("\n".join(problems))


check_files(["config/config.yaml", *workflow.configfiles])


def preset_file(name):
    """The file of settings that `--config preset=<name>` means."""
    folder = located(Path("config/presets"))
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if name not in files:
        raise WorkflowError(f"preset: must be one of {', '.join(files)}, found {name}")
    check_files([files[name]])
    return str(files[name])
