"""What `export` writes for tools that take models: each a function of the settings, and a line in the table."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from screen.cli.network import write_network
from screen.cli.options import say
from screen.errors import ScenarioError
from screen.settings import Settings

ARM = "arm.sedml"

SHIPPED_ARM = "hepg2|default|ruxolitinib@300"
"""The arm that is written where none is named."""

TITLE = "The STAT3 network: model, calibration and one arm of the screen"

DESCRIPTION = (
    "STAT3 pY705 signalling: the network with annotations (SBML), its calibration (PEtab v1), "
    "and {scenario}, from rest over the treatment to the stimulus at time 0 (SED-ML)."
)


class Wanted(NamedTuple):
    """What is handed over, where it goes, and which scenario is its arm."""

    settings: Settings
    folder: Path
    scenario: str


def write_sbml(wanted: Wanted) -> Path:
    """The network with annotations and terms of ontologies."""
    from screen.archive import annotate
    from screen.network import network_name
    from screen.tables import write_text_atomic

    path = wanted.folder / f"{network_name()}.xml"
    network = wanted.settings.network
    write_text_atomic(path, annotate(write_network(wanted.settings), network.folder))
    return path


def write_petab(wanted: Wanted) -> Path:
    """The calibration problem in the columns of PEtab v1, and its model."""
    from screen.archive import PROBLEM, standard_problem
    from screen.tables import write_text_atomic

    found = standard_problem(wanted.settings.fit.problem, write_sbml(wanted))
    for name, text in found.files.items():
        write_text_atomic(wanted.folder / name, text)
    for reason, count in found.left_out.items():
        say(f"export: {count} measurements left out that PEtab v1 cannot say: {reason}")
    return wanted.folder / PROBLEM


def write_sedml(wanted: Wanted) -> Path:
    """One arm of the screen, read as the settings read it, and its model."""
    from screen.archive import plan_course, sedml_text
    from screen.cli.plan import read_plan
    from screen.experiments import scenario_arms
    from screen.kernel import configure
    from screen.network import read_sbml
    from screen.scenarios import GENETIC
    from screen.tables import write_text_atomic

    configure()
    settings, plan = wanted.settings, read_plan(wanted.settings)
    row = plan.scenarios.filter(scenario=wanted.scenario)
    if row.is_empty():
        must = f"must be a scenario of the settings (such as {plan.scenarios['scenario'][-1]})"
        raise ScenarioError(f"--arm: {must}, found {wanted.scenario}")
    if row["role"][0] == GENETIC:
        raise ScenarioError(f"--arm: must be given drugs or none, found the genetic change {wanted.scenario}")
    (arm,) = scenario_arms(row)
    if left_out := plan.contexts.contexts[arm.context].left_out:
        raise ScenarioError(
            f"--arm: {arm.context} must run on the whole network, found it without {', '.join(left_out)}"
        )
    model = write_sbml(wanted)
    minutes = max(max(readout.window()) for readout in settings.readouts)
    names = tuple(dict.fromkeys(readout.observable for readout in settings.readouts))
    course = plan_course(arm, minutes, read_sbml(model), plan.contexts, plan.drugs)
    path = wanted.folder / ARM
    write_text_atomic(path, sedml_text(course, model.read_text(encoding="utf-8"), model.name, names))
    return path


def write_combine(wanted: Wanted) -> Path:
    """All of it as one COMBINE archive."""
    from screen.archive import write_archive
    from screen.network import network_name

    with TemporaryDirectory() as temporary:
        inside = wanted._replace(folder=Path(temporary))
        write_sedml(inside)  # first: the arm may be refused
        write_petab(inside)
        files = {path.name: path.read_text(encoding="utf-8") for path in sorted(inside.folder.iterdir())}
    path = wanted.folder / f"{network_name()}.omex"
    write_archive(path, files, TITLE, DESCRIPTION.format(scenario=wanted.scenario))
    return path


ARCHIVE = "combine"

STANDARDS: dict[str, Callable[[Wanted], Path]] = {
    "sbml": write_sbml,
    "petab": write_petab,
    "sedml": write_sedml,
    ARCHIVE: write_combine,
}
"""Name after `--to` -> what writes it and says where it lies."""

WITH_ARM = ("sedml", ARCHIVE)
"""Those that hold an arm."""
