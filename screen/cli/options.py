"""What commands share: their options, where results lie, and a line of progress."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screen.errors import ScenarioError, ScreenError, SettingsError, printable
from screen.files import is_utf8, json_text, name_problem
from screen.settings import Settings, folder_apart, load_settings, shipped

STDOUT = "-"
"""What `--json` takes for standard output."""


@dataclass(frozen=True)
class Results:
    """Where each stage leaves what the next one reads."""

    folder: Path

    @property
    def network(self) -> Path:
        """The whole network in SBML."""
        return self.network_named("stat3")

    def network_named(self, name: str) -> Path:
        """A network in SBML, whole or without some modules."""
        return self.folder / "network" / f"{name}.xml"

    @property
    def scenarios(self) -> Path:
        """The table of scenarios."""
        return self.folder / "scenarios" / "scenarios.parquet"

    @property
    def routes(self) -> Path:
        """How the drugs of each scenario reach what is ranked."""
        return self.folder / "scenarios" / "routes.parquet"

    @property
    def fit(self) -> Path:
        """Folder of the fit."""
        return self.folder / "fit"

    @property
    def fitted(self) -> Path:
        """The parameter draws as the fit left them."""
        return self.fit / "draws.parquet"

    @property
    def scales(self) -> Path:
        """Scales and offsets of the calibration in the same draws."""
        return self.fit / "scales.parquet"

    @property
    def constrain(self) -> Path:
        """Folder of the draws held to the panel."""
        return self.folder / "constrain"

    @property
    def held(self) -> Path:
        """What holding the draws to the panel came to."""
        return self.constrain / "summary.json"

    @property
    def draws(self) -> Path:
        """The parameter draws that everything after them uses."""
        return self.constrain / "draws.parquet"

    def shard(self, index: int) -> Path:
        """Responses of one shard."""
        return self.folder / "simulate" / f"shard-{index}.parquet"

    def shards(self, count: int) -> list[Path]:
        """Responses of all shards, in their order."""
        return [self.shard(index) for index in range(count)]

    @property
    def race(self) -> Path:
        """Which pairs stopped after the first draws, and why."""
        return self.folder / "race.csv"

    @property
    def stopped(self) -> Path:
        """Folder of what ranked.csv and combinations.csv would say of pairs that stopped."""
        return self.folder / "stopped"

    @property
    def stopped_tables(self) -> tuple[Path, Path]:
        """The rows of ranked.csv there, and of combinations.csv."""
        return self.stopped / "ranked.parquet", self.stopped / "combinations.parquet"

    @property
    def of_race(self) -> list[Path]:
        """Everything that is there only where pairs can stop."""
        return [self.race, self.race.with_name(f"{self.race.name}.provenance.json"), *self.stopped_tables]

    @property
    def ranked(self) -> Path:
        """The ranked table."""
        return self.folder / "ranked.csv"

    @property
    def curves(self) -> Path:
        """Dose-response curves of single drugs."""
        return self.folder / "curves.csv"

    @property
    def combinations(self) -> Path:
        """Excesses of pairs."""
        return self.folder / "combinations.csv"

    @property
    def isoboles(self) -> Path:
        """Doses of pairs that reach an effect."""
        return self.folder / "isoboles.csv"

    @property
    def sets(self) -> Path:
        """Rankings over several contexts together."""
        return self.folder / "sets.csv"

    @property
    def failures(self) -> Path:
        """Trajectories that failed, and why."""
        return self.folder / "failures.csv"

    @property
    def responses(self) -> Path:
        """What every intervention does at every dose, over draws."""
        return self.folder / "responses.parquet"

    @property
    def endings(self) -> Path:
        """How the trajectories of each cell ended."""
        return self.folder / "endings.csv"

    @property
    def decisive(self) -> Path:
        """What the first place of each ranking hangs on."""
        return self.folder / "decisive.csv"

    @property
    def potency(self) -> Path:
        """The constants of every drug in cells."""
        return self.folder / "potency.tsv"

    @property
    def validation(self) -> Path:
        """The verdict on every fact of the panel."""
        return self.folder / "validation.csv"

    @property
    def validation_figure(self) -> Path:
        """The verdict as a figure."""
        return self.folder / "validation.svg"

    @property
    def export(self) -> Path:
        """Folder of what other tools take."""
        return self.folder / "export"

    def experiment(self, arms: Path) -> Path:
        """Folder of the experiment that a table of arms plans."""
        return self.folder / "experiment" / arms.stem

    @property
    def figures(self) -> Path:
        """Folder of the report's figures."""
        return self.folder / "figures"

    @property
    def origins(self) -> Path:
        """Where every table came from."""
        return self.folder / "provenance.json"

    @property
    def report(self) -> Path:
        """The report, one file."""
        return self.folder / "report.html"


def add_shared(parser: argparse.ArgumentParser) -> None:
    """Options that every stage has."""
    parser.add_argument(
        "--config", type=Path, default=Path("config/config.yaml"), metavar="FILE",
        help="settings (default: %(default)s); paths in them are relative to where the command runs",
    )  # fmt: skip
    parser.add_argument(
        "--results", type=_results_folder, default=None, metavar="FOLDER",
        help="where stages leave their output (default: `results` of the settings)",
    )  # fmt: skip


def add_threads(parser: argparse.ArgumentParser) -> None:
    """For stages that integrate."""
    parser.add_argument(
        "--threads", type=_at_least_one, default=None, metavar="N",
        help="threads to integrate with (default: all cores)",
    )  # fmt: skip


def add_count(parser: argparse.ArgumentParser, option: str, default: int, what: str) -> None:
    """An option that counts something, such as draws; `what` says in its help what it counts."""
    parser.add_argument(
        option, type=_at_least_one, default=default, metavar="N", help=f"{what} (default: %(default)s)"
    )


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """An option to write what a command found as JSON too; `what` says in its help what that is."""
    parser.add_argument("--json", metavar="FILE", help=f"{what} as JSON too; - for standard output")


def write_json(found: Any, wanted: str | None) -> None:
    """Write what a command found to where its `--json` says: a file, standard output, nowhere."""
    from screen.tables import write_text_atomic

    text = json_text(found)
    if wanted == STDOUT:
        sys.stdout.write(text)
    elif wanted:
        write_text_atomic(wanted, text)


def _results_folder(text: str) -> Path:
    """A folder that a run may fill, from the command line."""
    try:
        return folder_apart(Path(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _at_least_one(text: str) -> int:
    """A whole number of at least 1, from the command line."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, found {text}")
    return int(text)


def read_shared(arguments: argparse.Namespace, any_network: bool = False) -> tuple[Settings, Results]:
    """Settings and results folder of a command; `any_network`: one that knows `network.sbml` too."""
    settings = load_settings(arguments.config)
    if not any_network:
        refuse_own_network(settings)
    return settings, Results(results_folder(arguments, settings))


def results_folder(arguments: argparse.Namespace, settings: Settings) -> Path:
    """Where results lie: `--results`, else `results` of the settings; SettingsError where inputs lie there."""
    if arguments.results is None:
        return settings.results
    held = settings.input_in(arguments.results)
    if held:
        raise SettingsError(
            f"--results: must be a folder without inputs, found {arguments.results}, which holds {held}"
        )
    return arguments.results


def refuse_own_network(settings: Settings) -> None:
    """SettingsError where the settings name a network of their own: what is asked is about the modules."""
    if settings.network.sbml:
        known = "check, mine, network, scenarios, constrain, simulate, rank, report, decided, fit --petab"
        effects = "export of doses and effects"
        raise SettingsError(
            f"network.sbml: must be left out here (it is for {known} and {effects}), found {settings.network.sbml}"
        )


def prepare_folder(folder: Path) -> None:
    """Make a folder before the work, so that hours are not lost on one that cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = None if os.access(folder, os.W_OK | os.X_OK) else "no permission to write"
    except OSError as error:
        found = error.strerror
    if found:
        raise ScreenError(f"{folder}: must be a folder one can write to, found {found}")


def without(files: list[Path], own: Path) -> list[Path]:
    """The files of a table but for one's own; SettingsError where there are no others, or it would hide one."""
    others = [path for path in files if path.resolve() != own.resolve()]
    tool = shipped()
    if any(
        path.is_relative_to(tool) and path.relative_to(tool).resolve() == own.resolve() for path in others
    ):
        must = "must be a path that no file of the tool has in the settings"
        raise SettingsError(f"--to: {must}, found {own}; write to my/{own.name}")
    if not others:
        raise SettingsError(f"tables: must name a file beside {own}, found none")
    return others


def name_it(table: str, files: list[Path], own: Path) -> str:
    """How the settings are to name an own file of a table beside the others; nothing where they do."""
    if own.resolve() in [path.resolve() for path in files]:
        return ""
    tool = shipped()
    named = [path.relative_to(tool) if path.is_relative_to(tool) else path for path in files]
    return f"; the settings must name it: tables: {{{table}: [{', '.join(map(str, [*named, own]))}]}}"


def check_words(names: Mapping[str, str], texts: Mapping[str, str]) -> None:
    """Raise ScenarioError unless what options are given, by what they are called, are names and texts of a table."""
    problems = [
        f"{option}: {wrong}, found {name}" for option, name in names.items() if (wrong := name_problem(name))
    ]
    problems += [
        f"{option}: must not be empty, found nothing" for option, text in texts.items() if not text.strip()
    ]
    problems += [
        f"{option}: must be UTF-8 text, found {text}" for option, text in texts.items() if not is_utf8(text)
    ]
    if problems:
        raise ScenarioError(problems)


def say(line: str) -> None:
    """A line of progress, on standard error."""
    print(_shown(line), file=sys.stderr, flush=True)


def tell(text: str = "") -> None:
    """Lines of an answer, on standard output; what a terminal would act on is written out."""
    print(_shown(text))


def _shown(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def say_as(command: str) -> Callable[[str], None]:
    """How what a command calls says its progress."""
    return lambda line: say(f"{command}: {line}")
