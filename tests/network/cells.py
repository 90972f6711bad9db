"""A cell under libRoadRunner: a context of the shipped network at rest, under drug and stimulus.

Independent of the project's own engines, so that what these tests say about the network does not rest on them.
"""

from collections.abc import Mapping, Sequence

import libsbml
import numpy as np
import roadrunner

LARGE = 1e3
"""A load [dimensionless] that leaves one part in a thousand of the target's activity."""
REST_MINUTES = 1e5


def ruxolitinib(nM: float) -> dict[str, float]:
    """Loads of free ruxolitinib [nM]: Kd x ATP shift of section 2.15 of the dossier."""
    return {"JAK1": nM / 88, "JAK2": nM / 9.0, "JAK3": nM / 502, "TYK2": nM / 76}


def tofacitinib(nM: float) -> dict[str, float]:
    """Loads of free tofacitinib [nM]: Kd x ATP shift of section 2.15 of the dossier."""
    return {"JAK1": nM / 42, "JAK2": nM / 146, "JAK3": nM / 40}


def with_values(sbml: str, values: Mapping[str, float]) -> str:
    """The document with parameters and compartment sizes replaced."""
    document = libsbml.readSBMLFromString(sbml)
    for name, value in values.items():
        element = document.getModel().getElementBySId(name)
        compartment = element.getTypeCode() == libsbml.SBML_COMPARTMENT
        (element.setSize if compartment else element.setValue)(value)
    return libsbml.writeSBMLToString(document)


class Cell:
    """One context at rest; every run starts from that rest."""

    def __init__(self, sbml: str, totals: Mapping[str, float], stimulus: Mapping[str, float] = {}):
        self.stimulus = dict(stimulus)
        self.runner = roadrunner.RoadRunner(with_values(sbml, totals))
        integrator = self.runner.integrator
        integrator.absolute_tolerance = 1e-10
        integrator.relative_tolerance = 1e-7
        integrator.maximum_num_steps = 100_000
        self.runner.simulate(0, REST_MINUTES, 2)
        rest = np.array(self.runner.model.getFloatingSpeciesConcentrations())
        self.rest = np.where(np.abs(rest) < 1e-30, 0.0, rest)  # CVODE cannot start from 1e-200

    def drift(self) -> np.ndarray:
        """|dy/dt| at rest over what is there (at least 1 pM) [1/min], one a species."""
        model = self.runner.model
        model.setFloatingSpeciesConcentrations(self.rest)
        rates = np.array(model.getFloatingSpeciesConcentrationRates())
        return np.abs(rates) / np.maximum(np.abs(self.rest), 1e-3)

    def run(
        self,
        minutes: Sequence[float],
        observables: Sequence[str] = ("pY705",),
        *,
        stimulus: Mapping[str, float] | None = None,
        loads: Mapping[str, float] = {},
        preincubation: float = 60.0,
    ) -> np.ndarray:
        """Observables [minutes, observables] after the stimulus at t = 0; drug from -preincubation [min] on."""
        stimulus = self.stimulus if stimulus is None else stimulus
        runner = self.runner
        runner.model.setFloatingSpeciesConcentrations(self.rest)
        changed = {f"load_{target}": value for target, value in loads.items()}
        for name, value in changed.items():
            runner[name] = value
        if changed and preincubation:
            runner.simulate(0, preincubation, 2)
        before = {name: runner[name] for name in stimulus}
        for name, value in stimulus.items():
            runner[name] = value
        runner.timeCourseSelections = ["time", *observables]
        found = np.array(runner.simulate(times=[0.0, *minutes]))[1:, 1:]
        for name, value in {**dict.fromkeys(changed, 0.0), **before}.items():
            runner[name] = value
        return found

    def at(self, minute: float, observable: str = "pY705", **how) -> float:
        """One observable at one time after the stimulus."""
        return float(self.run([minute], (observable,), **how)[0, 0])
