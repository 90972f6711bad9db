"""Runs the SED-ML that is handed over, by what the file says alone, with libRoadRunner as the simulator.

Independent of what writes it: tasks, their changes and their order are read from the XML.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import roadrunner

SEDML = "{http://sed-ml.org/sed-ml/level1/version3}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
NAMES = {"sbml": "http://www.sbml.org/sbml/level3/version2/core"}
OPTIONS = {
    "KISAO:0000209": ("relative_tolerance", float),
    "KISAO:0000211": ("absolute_tolerance", float),
    "KISAO:0000415": ("maximum_num_steps", int),
}


class Player:
    """A document and the model it changes."""

    def __init__(self, path: Path):
        self.root = ElementTree.parse(path).getroot()
        self.by_id = {each.get("id"): each for each in self.root.iter() if each.get("id")}
        model = self._one(self.root, "model")
        document = ElementTree.parse(path.parent / model.get("source"))
        for change in model.iter(f"{SEDML}changeAttribute"):
            place, _, attribute = change.get("target").rpartition("/@")
            element = document.getroot().find(place.removeprefix("/sbml:sbml/"), NAMES)
            assert attribute in element.attrib
            element.set(attribute, change.get("newValue"))
        self.runner = roadrunner.RoadRunner(ElementTree.tostring(document.getroot(), encoding="unicode"))
        self.runner.timeCourseSelections = ["time"]

    def _one(self, parent: ElementTree.Element, tag: str) -> ElementTree.Element:
        (found,) = parent.iter(f"{SEDML}{tag}")
        return found

    def report(self) -> dict[str, np.ndarray]:
        """The columns of the report, over all that its task runs."""
        sets = list(self._one(self.root, "report").iter(f"{SEDML}dataSet"))
        variables = [self._one(self.by_id[each.get("dataReference")], "variable") for each in sets]
        self.runner.timeCourseSelections = [
            "time" if each.get("symbol") else self._name(each.get("target")) for each in variables
        ]
        (task,) = {each.get("taskReference") for each in variables}
        table = np.concatenate(list(self._run(self.by_id[task])))
        return dict(zip((each.get("label") for each in sets), table.T, strict=True))

    def _name(self, target: str) -> str:
        return target.rpartition("@id='")[2].removesuffix("']")

    def _run(self, task: ElementTree.Element) -> Iterator[np.ndarray]:
        if task.tag == f"{SEDML}task":
            yield self._simulate(self.by_id[task.get("simulationReference")])
            return
        assert task.get("resetModel") == "false"
        assert len(list(task.iter(f"{SEDML}value"))) == 1
        for change in task.iter(f"{SEDML}setValue"):
            self.runner[self._name(change.get("target"))] = float(next(change.iter(f"{MATHML}cn")).text)
        steps = sorted(task.iter(f"{SEDML}subTask"), key=lambda step: int(step.get("order")))
        for step in steps:
            yield from self._run(self.by_id[step.get("task")])

    def _simulate(self, simulation: ElementTree.Element) -> np.ndarray:
        assert self._one(simulation, "algorithm").get("kisaoID") == "KISAO:0000019"
        for each in simulation.iter(f"{SEDML}algorithmParameter"):
            name, kind = OPTIONS[each.get("kisaoID")]
            self.runner.integrator.setValue(name, kind(each.get("value")))
        start, end = float(simulation.get("outputStartTime")), float(simulation.get("outputEndTime"))
        assert float(simulation.get("initialTime")) == start
        return np.array(self.runner.simulate(start, end, int(simulation.get("numberOfPoints")) + 1))
