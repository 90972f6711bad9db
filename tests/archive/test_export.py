"""What `export` writes, read back: the archive, and its arm under libRoadRunner against our own engine."""

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import roadrunner

from screen.archive import write_archive
from screen.archive.omex import COMBINE, DUBLIN, RDF
from screen.cli import main
from screen.cli.plan import read_plan
from screen.cli.standards import SHIPPED_ARM
from screen.experiments import scenario_arms
from screen.kernel import choose_engine, load_model
from screen.network import compose_network
from screen.panel import Bench, PanelTables
from screen.panel.planned import Wanted
from screen.settings import load_settings
from screen.simulate import Integration
from tests.archive.player import Player

SPURIOUS = "ignore:Simulation requested end time point:UserWarning"
"""libRoadRunner says so of every end before time 0, whether it was reached or not."""

TIMES = (0.0, 5.0, 20.0, 60.0, 180.0, 720.0, 1440.0)


@pytest.fixture(scope="module")
def results(root, tmp_path_factory) -> Path:
    """The archive of the shipped settings."""
    folder = tmp_path_factory.mktemp("results")
    assert main(["export", "--to", "combine", "--results", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def inside(results) -> Path:
    """What is in the archive, unpacked."""
    with zipfile.ZipFile(results / "stat3.omex") as archive:
        archive.extractall(results / "inside")
    return results / "inside"


def test_the_manifest_names_every_file_and_what_it_is(results, inside):
    root = ElementTree.parse(inside / "manifest.xml").getroot()
    contents = {each.get("location"): each for each in root}
    assert root.tag == f"{{{COMBINE}omex-manifest}}omexManifest"
    with zipfile.ZipFile(results / "stat3.omex") as archive:
        assert {".", *(f"./{name}" for name in archive.namelist())} == set(contents)
    formats = {location: each.get("format").rpartition("/")[2] for location, each in contents.items()}
    assert formats["."] == "omex"
    assert formats["./stat3.xml"] == "sbml.level-3.version-2"
    assert formats["./arm.sedml"] == "sed-ml.level-1.version-3"
    assert [location for location, each in contents.items() if each.get("master")] == ["./arm.sedml"]


def test_the_metadata_say_what_the_archive_is(inside):
    (about,) = ElementTree.parse(inside / "metadata.rdf").getroot()
    assert about.get(f"{{{RDF}}}about") == "."
    assert SHIPPED_ARM in about.find(f"{{{DUBLIN}}}description").text
    assert about.find(f"{{{DUBLIN}}}creator") is not None


def test_the_same_files_give_the_same_archive(tmp_path):
    for name in ("one", "two"):
        write_archive(tmp_path / name, {"a.xml": "<a/>", "b.tsv": "b"}, "title", "words")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_libroadrunner_runs_the_network_inside(inside):
    runner = roadrunner.RoadRunner(str(inside / "stat3.xml"))
    assert len(runner.model.getFloatingSpeciesIds()) == 182
    runner.timeCourseSelections = ["time", "pY705"]
    assert 0 < runner.simulate(0, 1000, 2)[-1, 1] < 1


def test_the_arm_is_a_cell_and_phases_that_go_on_from_one_another(inside, root):
    """What the slow test runs, as it is written: the amounts of the cell, and no phase that begins afresh."""
    text = (inside / "arm.sedml").read_text()
    assert set(re.findall(r'resetModel="(\w+)"', text)) == {"false"}
    changes = dict(re.findall(r"\[@id='(\w+)'\]/@value\" newValue=\"([^\"]+)\"", text))
    contexts = read_plan(load_settings(root / "config/config.yaml")).contexts
    (total,) = [each for each in contexts.contexts["hepg2"].totals if each.parameter == "gp130_total"]
    assert float(changes["gp130_total"]) == total.value


@pytest.mark.slow
@pytest.mark.filterwarnings(SPURIOUS)
def test_the_arm_inside_is_that_of_the_screen(inside, root):
    """Every read-out of the settings, within 1e-4 of its value from the stimulus on."""
    found = Player(inside / "arm.sedml").report()
    settings = load_settings(root / "config/config.yaml")
    plan = read_plan(settings)
    model = load_model(compose_network(root / "config/network"))
    (arm,) = scenario_arms(plan.scenarios.filter(scenario=SHIPPED_ARM))
    names = tuple(name for name in found if name != "time")
    assert "pY705_level" in names
    bench = Bench(
        [Wanted(arm, names, TIMES)],
        PanelTables(model, plan.contexts, plan.drugs),
        Integration(choose_engine()[0], 1e-8, 1e-11),
    )
    (ours,) = bench(bench.draws(None, seed=1))
    at = [np.flatnonzero(found["time"] == time)[-1] for time in TIMES]
    for place, name in enumerate(names):
        np.testing.assert_allclose(found[name][at], ours[0, :, place], rtol=1e-4, err_msg=name)
    assert ours[0, 2, names.index("pY705_level")] > 1.1 * ours[0, 0, names.index("pY705_level")]


def test_libsedml_finds_no_fault(inside):
    libsedml = pytest.importorskip("libsedml", reason="python-libsedml must be installed to validate SED-ML")
    document = libsedml.readSedMLFromFile(str(inside / "arm.sedml"))
    assert document.getNumErrors() == 0, document.getErrorLog().toString()


def test_libcombine_reads_the_archive(results):
    libcombine = pytest.importorskip(
        "libcombine", reason="python-libcombine must be installed to read it back"
    )
    archive = libcombine.CombineArchive()
    assert archive.initializeFromArchive(str(results / "stat3.omex"))
    assert archive.getMasterFile().getLocation() == "./arm.sedml"
    archive.cleanUp()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "sedml", "--arm", "hepg2|default|nonib@1"), "--arm: must be a scenario of the settings .*nonib@1"),
        (("--to", "sedml", "--readout", "P"), r"--readout: must be left out for sedml \(.*thunor\), found P$"),
        (("--to", "anndata", "--readout", "P"), r"--readout: must be left out for anndata \(.*thunor\), found P$"),
        (("--to", "petab", "--arm", "nonib"), r"--arm: must be left out for petab \(.*sedml, combine\), found nonib$"),
        (("--to", "gdr", "--arm", "nonib"), "--arm: must be left out for gdr .*, found nonib$"),
        (("--to", "word"), "--to: must be one of sbml, petab, sedml, combine, synergyfinder, .*anndata, found word"),
    ],
)  # fmt: skip
def test_what_cannot_be_handed_over_is_named(tmp_path, capsys, arguments, message):
    assert main(["export", *arguments, "--results", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)
