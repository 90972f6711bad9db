"""The course of an arm, and the SED-ML of it: phases that follow on one another, and what each of them changes."""

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from screen.archive import plan_course, sedml_text, write_archive
from screen.archive.course import Course, Phase
from screen.archive.sedml import SEDML
from screen.errors import NetworkError
from screen.experiments import Arm, Exposure
from screen.network import Network, read_sbml
from screen.scenarios import read_context_tables, read_drug_tables
from screen.simulate import Integration

REST = Integration().rest_minutes
IL6 = Exposure((("IL6_dose", 7.0),))


@pytest.fixture(scope="module")
def whole(network: Path) -> Network:
    """The shipped network."""
    return read_sbml(network.read_text())


@pytest.fixture(scope="module")
def planned(whole, root):
    """A function from an arm to its course over 90 min, under the shipped tables."""
    contexts = read_context_tables(root / "config/contexts.tsv", root / "config/hypotheses.tsv")
    names = ("drugs", "affinities", "targets")
    drugs = read_drug_tables(*(root / f"config/{name}.tsv" for name in names))
    return lambda arm: plan_course(arm, 90.0, whole, contexts, drugs)


def test_a_treatment_before_the_stimulus_is_a_phase_of_its_own(planned, whole):
    """It begins where rest ends, and sets loads of targets alone; the stimulus sets itself alone."""
    course = planned(
        Arm("hepg2", stimulus=IL6, treatment=Exposure((("ruxolitinib", 300.0),)), pretreatment=60.0)
    )
    assert [(phase.start, phase.end) for phase in course.phases] == [(-60 - REST, -60), (-60, 0), (0, 90)]
    rest, treated, stimulated = (phase.changes for phase in course.phases)
    assert (rest, stimulated) == ({}, {"IL6_dose": 7.0})
    assert {"load_JAK1", "load_JAK2"} <= set(treated) and all(name.startswith("load_") for name in treated)
    assert min(treated.values()) > 0
    default = dict(zip(whole.parameters, whole.values, strict=True))
    assert course.cell and all(value != default[name] for name, value in course.cell.items())


def test_a_phase_that_takes_no_time_is_none(planned):
    """What is given at the stimulus is given with it."""
    given = Exposure((("ruxolitinib", 300.0),))
    course = planned(Arm("hepg2", stimulus=IL6, treatment=given, pretreatment=0.0))
    assert [(phase.start, phase.end) for phase in course.phases] == [(-REST, 0), (0, 90)]
    assert {"IL6_dose", "load_JAK1"} <= set(course.phases[1].changes)
    assert planned(Arm("hepg2", stimulus=IL6, pretreatment=0.0)).phases[1].changes == {"IL6_dose": 7.0}


SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="small">
<listOfCompartments><compartment id="cell" size="1" spatialDimensions="3" constant="true"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="cell" initialConcentration="1" hasOnlySubstanceUnits="false"
boundaryCondition="false" constant="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="1" constant="false"/><parameter id="dose" value="0" constant="false"/>
</listOfParameters></model></sbml>"""
COURSE = Course(
    {"k": 2.5, "cell": 3.0},
    (Phase(-1060.0, -60.0, {}), Phase(-60.0, 0.0, {"dose": 1e-7}), Phase(0.0, 0.25, {"k": 4.0})),
)


@pytest.fixture(scope="module")
def written() -> ElementTree.Element:
    """The SED-ML of that course."""
    return ElementTree.fromstring(sedml_text(COURSE, SMALL, "small.xml", ["A"]))


def every(root: ElementTree.Element, tag: str, *names: str) -> list[tuple]:
    """These attributes of each element of a kind."""
    return [tuple(each.get(name) for name in names) for each in root.iter(f"{{{SEDML}}}{tag}")]


def test_rest_is_two_points_and_what_follows_is_told_by_the_minute(written):
    """And at its end, where it takes less than half of one."""
    times = ("initialTime", "outputStartTime", "outputEndTime", "numberOfPoints")
    assert every(written, "uniformTimeCourse", *times) == [
        ("-1060.0", "-1060.0", "-60.0", "1"), ("-60.0", "-60.0", "0.0", "60"), ("0.0", "0.0", "0.25", "1"),
    ]  # fmt: skip


def test_the_cell_is_changed_before_all_and_each_phase_before_it_runs(written):
    changed = [
        (re.findall(r"'(\w+)'", target), target.rpartition("/@")[2], value)
        for target, value in every(written, "changeAttribute", "target", "newValue")
    ]
    assert changed == [(["k"], "value", "2.5"), (["cell"], "size", "3.0")]
    once = {
        task.get("id"): (
            re.findall(r"'(\w+)'", " ".join(name for (name,) in every(task, "setValue", "target"))),
            [cn.text for cn in task.iter() if cn.tag.endswith("}cn")],
            every(task, "subTask", "order", "task"),
            [each.text for each in task.iter(f"{{{SEDML}}}value")],
        )
        for task in written.iter(f"{{{SEDML}}}repeatedTask")
    }
    assert once == {
        "phase_1": (["dose"], ["0.0000001"], [("1", "run_1")], ["1"]),
        "phase_2": (["k"], ["4.0"], [("1", "run_2")], ["1"]),
        "arm": ([], [], [("1", "run_0"), ("2", "phase_1"), ("3", "phase_2")], ["1"]),
    }


def test_what_the_network_lacks_is_named():
    with pytest.raises(
        NetworkError, match=r"small.xml: must have what the arm sets and reads, found no B, x$"
    ):
        sedml_text(Course({"x": 1.0}, COURSE.phases), SMALL, "small.xml", ["A", "B"])


def test_entries_of_an_archive_have_the_earliest_time_there_is_and_the_arm_is_opened_first(tmp_path):
    """MS-DOS counts years from 1980."""
    write_archive(tmp_path / "a.omex", {"a.xml": "<a/>", "b.sedml": "<b/>"}, "title", "words")
    with zipfile.ZipFile(tmp_path / "a.omex") as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        manifest = ElementTree.fromstring(archive.read("manifest.xml"))
    assert [each.get("location") for each in manifest if each.get("master")] == ["./b.sedml"]
