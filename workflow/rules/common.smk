# What the rules share: checked settings, the command, and what decides that a stage has to run again.
import hashlib
import os
import shlex
import sys
from functools import reduce
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT))

from screen.cli.network import wanted_networks
from screen.errors import ScreenError, SettingsError
from screen.network import network_name
from screen.settings import check_settings, load_settings
from screen.tables import digest_files, write_text_atomic


def read_settings():
    """The settings Snakemake merged from files and --config; a mistake is named with its line if it can be."""
    files = [Path(file) for file in workflow.configfiles]
    try:
        alone = len(files) == 1 and yaml.safe_load(files[0].read_text()) == config
        return (
            load_settings(files[0])
            if alone
            else check_settings(config, "configuration")
        )
    except SettingsError as error:
        raise WorkflowError("\n".join(error.problems))


SETTINGS = read_settings()

# Each rule's `python` is the one that runs Snakemake, unless a conda environment is asked for.
shell.prefix(
    f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH PYTHONPATH={shlex.quote(str(ROOT))}; "
    "set -euo pipefail; "
)

# What the jobs read: the settings as merged and checked here. Written when a run starts, never by a dry run.
CONFIG = "results/settings.json"
SHARDS = range(SETTINGS.simulate.shards)

LAYERS = {
    "network": ("network",),
    "scenarios": ("scenarios",),
    "fit": (
        "network",
        "kernel",
        "scenarios",
        "experiments",
        "simulate",
        "calibration",
        "fit",
    ),
    "constrain": (
        "network",
        "kernel",
        "scenarios",
        "experiments",
        "simulate",
        "calibration",
        "fit",
        "panel",
        "constrain",
    ),
    "simulate": ("network", "kernel", "scenarios", "experiments", "simulate"),
    "predict_heldout": (
        "network",
        "kernel",
        "scenarios",
        "experiments",
        "simulate",
        "calibration",
        "sources",
        "fit",
        "judge",
    ),
    "validate": (
        "network",
        "kernel",
        "scenarios",
        "experiments",
        "simulate",
        "panel",
        "style.py",
        "report",
    ),
    "rank": ("scenarios", "rank"),
    "report": ("scenarios", "rank", "style.py", "report"),
}


def code(stage):
    """Digest of the code a stage executes: Snakemake does not see that an imported package changed."""
    package = ROOT / "screen"
    folders = [package / layer for layer in ("tables", *LAYERS[stage])]
    return digest_files([*folders, package / "cli" / f"{stage}.py"])[:16]


def chosen(*names):
    """Digest of the settings that a stage depends on: a section, or one key of it as `section.key`."""
    found = {name: reduce(getattr, name.split("."), SETTINGS) for name in names}
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def network_files():
    """The Antimony modules and their parameters."""
    folder = SETTINGS.network.folder
    return [str(folder / "parameters.tsv"), *sorted(map(str, folder.glob("*.ant")))]


def screened_networks():
    """The whole network, and those without the modules that contexts of the screen leave out."""
    try:
        names = [network_name(left_out) for left_out in wanted_networks(SETTINGS)]
    except ScreenError as error:
        raise WorkflowError("\n".join(error.problems))
    return [f"results/network/{name}.xml" for name in names]


def table_files():
    """The tables of contexts, hypotheses, drugs, affinities and targets."""
    return [str(path) for path in SETTINGS.tables.model_dump().values()]


def calibration_files():
    """The PEtab problem and all that lies beside it."""
    folder = SETTINGS.fit.problem.parent
    return sorted(
        str(path) for pattern in ("*.yaml", "*.tsv") for path in folder.glob(pattern)
    )


def shipped_draws():
    """The shipped ensemble and its scales, where there are any: where held draws may begin."""
    ensemble = SETTINGS.panel.ensemble
    shipped = (ensemble, ensemble.with_suffix(".scales.parquet"))
    return [str(path) for path in shipped if path.is_file()]


def data_files():
    """Public raw data, where there are any."""
    beside = os.environ.get("SCREEN_DATA") or "../shared/data"
    return sorted(map(str, Path(SETTINGS.fit.data or beside).glob("*/*.csv")))


def share_of_cores(wildcards):
    """Cores of one shard: all shards run at once where there are cores enough."""
    return max(1, (workflow.cores or 1) // len(SHARDS))
