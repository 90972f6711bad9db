# What the rules share: checked settings, the command, and what decides that a stage has to run again.
import hashlib
import re
import shlex
import time

from snakemake.common.configfile import load_configfile

from screen.cli.identity import (
    SIMULATED,
    settings_digest,
    stage_code,
)
from screen.cli.network import wanted_networks
from screen.cli.options import Results
from screen.cli.plan import read_rankable_plan
from screen.cli.rounds import count_shards
from screen.cli.scenarios import announce
from screen.network import network_name
from screen.tables import digest_files, write_text_atomic

# Settings of a preset go over those of config/config.yaml and under those of the command line.
PRESET = config.pop("preset", None)
if PRESET is not None:

    configfile: preset_file(PRESET)

    config.pop("preset")


def read_settings():
    """The settings Snakemake merged from files and --config; a mistake is named with its line if it can be."""
    files = [Path(file) for file in workflow.configfiles if Path(file).exists()]
    try:
        for file in files:
            check_alike(file, load_configfile(file), SettingsError)
        alone = len(files) == 1 and load_configfile(files[0]) == config
        return (
            load_settings(files[0])
            if alone
            else check_settings(config, "configuration")
        )
    except SettingsError as error:
        raise WorkflowError("\n".join(error.problems))


SETTINGS = read_settings()
if SETTINGS.network.sbml:
    raise WorkflowError(
        "network.sbml: must be left out of a workflow, which fits the modules to their measurements; "
        "`python -m screen mine --config FILE` screens another network"
    )

# Snakemake reads braces as wildcards, a command a dash as an option.
if re.search(r"[{}<>]|^-", str(SETTINGS.results)):
    raise WorkflowError(
        "results: must be a folder without { } < > in its name that begins with no -, "
        f"found {SETTINGS.results}"
    )

# Whether a fit is part of the screen.
FITTED = SETTINGS.fit.draws_from == "measurements"

# Each rule's `python` is the one that runs Snakemake, unless a conda environment is asked for.
shell.prefix(
    f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH PYTHONPATH={shlex.quote(str(ROOT))}; "
    "set -euo pipefail; "
)

# What the jobs read: the settings as merged and checked here. Written when a run starts, never by a dry run.
OUT = str(SETTINGS.results)
CONFIG = f"{OUT}/settings.json"
RESULTS = Results(SETTINGS.results)
SHARDS = range(SETTINGS.simulate.shards)

# Shards of the second round, where pairs can stop after the first.
try:
    LATER = range(len(SHARDS), count_shards(SETTINGS))
except ScreenError as error:
    raise WorkflowError("\n".join(error.problems))

# Settings that say what is ranked.
AIMED = ("rank.observable", "rank.goal", "rank.side", "rank.floor")

# A date decides nothing: a stage runs again where its code, a setting that it reads or the content of a file that it
# reads is another one than when it ran. Files that people edit are `ancient` to Snakemake, which compares dates.


def chosen(*names):
    """Digest of the settings that a stage reads: a section, or one key of it as `section.key`; files are inputs."""
    return settings_digest(SETTINGS, names)


def contents(files):
    """Digest of what files hold, whatever their dates; of those that are there when it is asked for."""
    if not workflow.is_main_process:
        return ""
    found = {str(file): digest_files([file]) for file in files}
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:16]


def forget_params():
    """Let Snakemake record the params of a job as they are when it runs: it keeps those from before the run."""
    getattr(workflow.persistence._params, "cache_clear", lambda: None)()


def redate():
    """Dates in the future (a clock that was wrong) become now: a job fails if an input is newer than its output."""
    for file in {
        file for rule in workflow.rules for file in (*rule.input, *rule.output)
    }:
        try:
            if os.path.exists(file) and os.path.getmtime(file) > time.time():
                os.utime(file)
        except OSError as error:
            raise WorkflowError(
                f"{file}: must not be dated in the future, found a date that cannot be changed: {error.strerror}"
            )


def sources(paths):
    """Files that people edit: what they hold counts, not their dates."""
    return [ancient(str(path)) for path in paths]


def network_files():
    """The Antimony modules and their parameters."""
    folder = SETTINGS.network.folder
    return sources([folder / "parameters.tsv", *sorted(folder.glob("*.ant"))])


def parameter_table():
    """The parameters of the network."""
    return sources([SETTINGS.network.folder / "parameters.tsv"])


def screened_networks():
    """The whole network, and those without the modules that contexts of the screen leave out."""
    try:
        names = [network_name(left_out) for left_out in wanted_networks(SETTINGS)]
    except ScreenError as error:
        raise WorkflowError("\n".join(error.problems))
    return [str(RESULTS.network_named(name)) for name in names]


def table_files():
    """The tables of contexts, hypotheses, drugs, affinities and targets."""
    return sources(SETTINGS.tables.files())


def lane_tables():
    """Those tables, and where drugs have their constants in cells those of potencies."""
    return sources(SETTINGS.lane_tables())


def potency_files():
    """The tables of drugs, affinities and targets, and those of potencies in cells."""
    tables = SETTINGS.tables
    named = [*tables.drugs, *tables.affinities, *tables.targets]
    return sources([*named, *tables.potency_files()])


def drug_table():
    """The table of drugs."""
    return sources(SETTINGS.tables.drugs)


def panel_table():
    """The table of the panel's facts."""
    return sources([SETTINGS.panel.table])


def calibration_files():
    """The PEtab problem, all that lies beside it, and what it names elsewhere."""
    try:
        return sources(SETTINGS.fit.problem_files())
    except SettingsError as error:
        raise WorkflowError("\n".join(error.problems))


def shipped_draws():
    """The shipped ensemble and its scales, where there are any: where held draws may begin."""
    ensemble = SETTINGS.panel.ensemble
    shipped = (ensemble, ensemble.with_suffix(".scales.parquet"))
    return sources(path for path in shipped if path.is_file())


def data_files():
    """Public raw data, where there are any."""
    return sources(sorted(SETTINGS.fit.data_folder().glob("*/*.csv")))


def share_of_cores(wildcards):
    """Cores of one shard: all shards run at once where there are cores enough."""
    return max(1, (workflow.cores or 1) // len(SHARDS))


def rankable_plan():
    """The plan of the screen; what ranking would refuse at the end is refused before anything runs."""
    try:
        return read_rankable_plan(SETTINGS)
    except ScreenError as error:
        raise WorkflowError("\n".join(error.problems))


def tell_plan():
    """Say how many trajectories the screen is, and how long each stage of it should take."""
    print(*announce(rankable_plan(), SETTINGS), sep="\n", file=sys.stderr)


# Snakemake knows that a run is a dry one only after it has read this file.
DRY = any(re.fullmatch(r"--dry-?run|-\w*n\w*", argument) for argument in sys.argv[1:])
if workflow.is_main_process and DRY:
    tell_plan()


def begin():
    """Say what will run, or refuse it, and write the settings that jobs read."""
    tell_plan()
    write_text_atomic(CONFIG, SETTINGS.model_dump_json(indent=1) + "\n")


onstart:
    redate()
    forget_params()
    begin()


# Snakemake starts no handler of a module.
if workflow.is_main_process and not DRY and not workflow.modifier.is_main_snakefile():
    begin()
