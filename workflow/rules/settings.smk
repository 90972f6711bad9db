# Before Snakemake reads the configuration: its reader hangs on a bomb of aliases, and runs code where a file asks it to.
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.sourcecache import LocalGitFile, LocalSourceFile


def project_root(source):
    """The folder of the project; where the workflow is a module from a repository, its files at the same commit."""
    if isinstance(source, LocalSourceFile):
        return Path(source.get_path_or_uri(secret_free=True)).parents[1]
    local = isinstance(source, LocalGitFile)
    clone = source.repo_path if local else source.hosted_repo.repo_clone
    git = ["git", "-C", str(clone)]
    commit = subprocess.check_output(
        [*git, "rev-parse", f"{source.ref}^{{commit}}"], text=True
    ).strip()
    folder = Path(".snakemake/stat3-screen").resolve() / commit
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as making:
            packed = Path(making, "packed.tar")
            subprocess.run([*git, "archive", f"--output={packed}", commit], check=True)
            with tarfile.open(packed) as files:
                files.extractall(Path(making, "whole"), filter="data")
            Path(making, "whole").rename(folder)
    return folder


ROOT = project_root(workflow.current_basedir)
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
