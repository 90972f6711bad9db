"""A cell under libRoadRunner: a context of the shipped network at rest, under drug and stimulus.

Independent of the project's own engines, so that what these tests say about the network does not rest on them.
"""

from collections.abc import Mapping, Sequence
from functools import cache

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


@cache
def compiled(sbml: str) -> roadrunner.RoadRunner:
    """The one simulator of a document: compiling takes a second, a cell milliseconds."""
    runner = roadrunner.RoadRunner(sbml)
    runner.integrator.absolute_tolerance = 1e-10
    runner.integrator.relative_tolerance = 1e-7
    runner.integrator.maximum_num_steps = 100_000
    return runner


def concentrations(runner: roadrunner.RoadRunner) -> np.ndarray:
    """What the species are at [nM], without traces: CVODE stumbles over 1e-28."""
    found = np.array(runner.model.getFloatingSpeciesConcentrations())
    return np.where(np.abs(found) < 1e-15, 0.0, found)


class Cell:
    """One context at rest; every run starts from that rest. Cells of one document share its simulator."""

    def __init__(self, sbml: str, totals: Mapping[str, float], stimulus: Mapping[str, float] = {}):
        self.sbml = sbml
        self.totals = dict(totals)
        self.stimulus = dict(stimulus)
        runner = compiled(sbml)
        runner.resetToOrigin()
        volumes = set(runner.model.getCompartmentIds()) & set(totals)
        for name, value in totals.items():
            if name not in volumes:
                runner[name] = value
        runner.reset()  # what starts as one of the totals starts as the new one
        start = runner.model.getFloatingSpeciesConcentrations()
        for name in volumes:
            runner[name] = totals[name]
        runner.model.setFloatingSpeciesConcentrations(start)
        runner.simulate(0, REST_MINUTES, 2)
        self.rest = concentrations(runner)

    @property
    def runner(self) -> roadrunner.RoadRunner:
        """The simulator with this cell's values, at its rest."""
        runner = compiled(self.sbml)
        runner.resetToOrigin()
        for name, value in self.totals.items():
            runner[name] = value
        runner.model.setFloatingSpeciesConcentrations(self.rest)
        return runner

    def drift(self) -> np.ndarray:
        """|dy/dt| at rest over what is there (at least 1 pM) [1/min], one a species."""
        model = self.runner.model
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
        for target, value in loads.items():
            runner[f"load_{target}"] = value
        if loads and preincubation:
            runner.simulate(0, preincubation, 2)
            runner.model.setFloatingSpeciesConcentrations(concentrations(runner))
        for name, value in stimulus.items():
            runner[name] = value
        runner.timeCourseSelections = ["time", *observables]
        return np.array(runner.simulate(times=[0.0, *minutes]))[1:, 1:]

    def at(self, minute: float, observable: str = "pY705", **how) -> float:
        """One observable at one time after the stimulus."""
        return float(self.run([minute], (observable,), **how)[0, 0])
