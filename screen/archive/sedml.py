"""A course as SED-ML, Level 1 Version 3: what any simulator needs to run one arm of a screen.

The cell is a set of changes of the model. Its phases are tasks inside one repeated task that is run once: rest, and a
repeated task for each later phase, whose changes of parameters come before it. No phase resets the model, so each
begins where the last one ended; the time axis is that of the stimulus. A simulator must keep its state from one such
task to the next: tellurium 2.2.13 resets there and cannot run it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from xml.etree import ElementTree

import libsbml

from screen.archive.course import Course, Phase
from screen.archive.xml import xml_text
from screen.errors import NetworkError
from screen.network import read_document

SEDML = "http://sed-ml.org/sed-ml/level1/version3"
MATHML = "http://www.w3.org/1998/Math/MathML"
LANGUAGE, TIME = "urn:sedml:language:sbml", "urn:sedml:symbol:time"

CVODE, RELATIVE, ABSOLUTE, STEPS = "KISAO:0000019", "KISAO:0000209", "KISAO:0000211", "KISAO:0000415"
"""The method of backward differences, its tolerances and its largest number of steps, in the ontology of algorithms."""

OPTIONS = {RELATIVE: "1e-07", ABSOLUTE: "1e-10", STEPS: "100000"}

MODEL, ARM = "network", "arm"

INTERVAL = 1.0
"""Minutes between outputs after rest."""


def sedml_text(course: Course, sbml: str, source: str, readouts: Sequence[str]) -> str:
    """The SED-ML of a course of the network in `sbml`, a file that is called `source`.

    NetworkError: a parameter or a read-out that the network does not have.
    """
    document = read_document(sbml)
    targets = _targets(document.getModel())
    names = {*course.cell, *readouts, *(name for phase in course.phases for name in phase.changes)}
    lost = sorted(names - targets.keys())
    if lost:
        raise NetworkError(f"{source}: must have what the arm sets and reads, found no {', '.join(lost)}")
    root = ElementTree.Element(
        "sedML",
        {"xmlns": SEDML, "xmlns:sbml": document.getSBMLNamespaces().getURI(), "level": "1", "version": "3"},
    )
    simulations = ElementTree.SubElement(root, "listOfSimulations")
    for number, phase in enumerate(course.phases):
        _add_simulation(simulations, number, phase)
    model = _add(_add(root, "listOfModels"), "model", id=MODEL, language=LANGUAGE, source=source)
    if course.cell:
        changes = _add(model, "listOfChanges")
        for name, value in course.cell.items():
            place = f"{targets[name]}/@{'size' if 'listOfCompartments' in targets[name] else 'value'}"
            _add(changes, "changeAttribute", target=place, newValue=_number(value))
    _add_tasks(_add(root, "listOfTasks"), course, targets)
    _add_outputs(root, targets, readouts)
    return xml_text(root)


def _add(parent: ElementTree.Element, tag: str, /, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, attributes)


def _number(value: float) -> str:
    """The number without an exponent, which MathML writes in another way."""
    return format(Decimal(repr(value)), "f")


def _targets(model: libsbml.Model) -> dict[str, str]:
    """Where parameters, compartments and species stand in the model, as XPath."""
    kinds = {
        "listOfParameters/sbml:parameter": model.getListOfParameters(),
        "listOfCompartments/sbml:compartment": model.getListOfCompartments(),
        "listOfSpecies/sbml:species": model.getListOfSpecies(),
    }
    return {
        each.getId(): f"/sbml:sbml/sbml:model/sbml:{place}[@id='{each.getId()}']"
        for place, elements in kinds.items()
        for each in elements
    }


def _add_simulation(parent: ElementTree.Element, number: int, phase: Phase) -> None:
    points = 1 if number == 0 else max(1, round((phase.end - phase.start) / INTERVAL))
    simulation = _add(
        parent,
        "uniformTimeCourse",
        id=f"simulation_{number}",
        initialTime=_number(phase.start),
        outputStartTime=_number(phase.start),
        outputEndTime=_number(phase.end),
        numberOfPoints=str(points),
    )
    options = _add(_add(simulation, "algorithm", kisaoID=CVODE), "listOfAlgorithmParameters")
    for option, value in OPTIONS.items():
        _add(options, "algorithmParameter", kisaoID=option, value=value)


def _add_tasks(parent: ElementTree.Element, course: Course, targets: Mapping[str, str]) -> None:
    for number, phase in enumerate(course.phases):
        _add(
            parent,
            "task",
            id=f"run_{number}",
            modelReference=MODEL,
            simulationReference=f"simulation_{number}",
        )
        if number:
            _add_once(parent, f"phase_{number}", [f"run_{number}"], phase.changes, targets)
    steps = ["run_0", *(f"phase_{number}" for number in range(1, len(course.phases)))]
    _add_once(parent, ARM, steps, {}, targets)


def _add_once(
    parent: ElementTree.Element,
    name: str,
    steps: Sequence[str],
    changes: Mapping[str, float],
    targets: Mapping[str, str],
) -> None:
    """A repeated task that changes parameters and then takes its steps, once."""
    once = f"once_{name}"
    task = _add(parent, "repeatedTask", id=name, resetModel="false", range=once)
    _add(_add(_add(task, "listOfRanges"), "vectorRange", id=once), "value").text = "1"
    if changes:
        listed = _add(task, "listOfChanges")
        for parameter, value in changes.items():
            change = _add(listed, "setValue", target=targets[parameter], modelReference=MODEL)
            _add(_add(change, "math", xmlns=MATHML), "cn").text = _number(value)
    listed = _add(task, "listOfSubTasks")
    for order, step in enumerate(steps, 1):
        _add(listed, "subTask", order=str(order), task=step)


def _add_outputs(root: ElementTree.Element, targets: Mapping[str, str], readouts: Sequence[str]) -> None:
    generators, outputs = _add(root, "listOfDataGenerators"), _add(root, "listOfOutputs")
    for name, what in {
        "time": {"symbol": TIME},
        **{name: {"target": targets[name]} for name in readouts},
    }.items():
        generator = _add(generators, "dataGenerator", id=f"data_{name}", name=name)
        _add(_add(generator, "listOfVariables"), "variable", id=name, taskReference=ARM, **what)
        _add(_add(generator, "math", xmlns=MATHML), "ci").text = name
    report = _add(_add(outputs, "report", id="table", name="time [min] and read-outs"), "listOfDataSets")
    for name in ("time", *readouts):
        _add(report, "dataSet", id=f"column_{name}", label=name, dataReference=f"data_{name}")
    curves = _add(_add(outputs, "plot2D", id="plot", name="read-outs over time [min]"), "listOfCurves")
    for name in readouts:
        _add(
            curves,
            "curve",
            id=f"curve_{name}",
            logX="false",
            logY="false",
            xDataReference="data_time",
            yDataReference=f"data_{name}",
        )
