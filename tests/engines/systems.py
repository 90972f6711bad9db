"""Systems with known answers: what every engine has to reproduce, and a peer that integrates anything."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import antimony
import libsbml
import numpy as np
import roadrunner

from screen.kernel import Model, load_model


class System(NamedTuple):
    """A network in Antimony, output times, and states [times, species] in order of the Antimony text."""

    antimony: str
    species: tuple[str, ...]
    times: tuple[float, ...]
    states: tuple[tuple[float, ...], ...]
    source: str
    atol: float = 1e-9


def _chain(times: Sequence[float], first: float = 0.7, second: float = 1.3) -> tuple[tuple[float, ...], ...]:
    t = np.array(times)
    a = np.exp(-first * t)
    b = first / (second - first) * (np.exp(-first * t) - np.exp(-second * t))
    return tuple(map(tuple, np.stack([a, b, 1 - a - b], axis=1)))


CHAIN_TIMES = (0.0, 0.1, 1.0, 1.0, 3.0, 10.0)

SYSTEMS = {
    "linear_chain": System(
        """compartment cell = 1; species A in cell, B in cell, C in cell; A = 1; first = 0.7; second = 1.3;
        r1: A -> B; cell*first*A; r2: B -> C; cell*second*B;""",
        ("A", "B", "C"), CHAIN_TIMES, _chain(CHAIN_TIMES), "closed form",
    ),
    "robertson": System(
        """compartment cell = 1; species A in cell, B in cell, C in cell; A = 1;
        r1: A -> B; cell*0.04*A; r2: 2 B -> B + C; cell*3e7*B^2; r3: B + C -> A + C; cell*1e4*B*C;""",
        ("A", "B", "C"), (40.0, 1e11),
        ((0.7158270687, 9.185534765e-6, 0.2841637457),
         (2.083340149701255e-8, 8.333360770334713e-14, 0.9999999791665050)),
        "Hairer and Wanner, Solving Ordinary Differential Equations II; test set for IVP solvers", 1e-14,
    ),
    "hires": System(
        """y1' = -1.71*y1 + 0.43*y2 + 8.32*y3 + 0.0007; y2' = 1.71*y1 - 8.75*y2;
        y3' = -10.03*y3 + 0.43*y4 + 0.035*y5; y4' = 8.32*y2 + 1.71*y3 - 1.12*y4;
        y5' = -1.745*y5 + 0.43*y6 + 0.43*y7; y6' = -280*y6*y8 + 0.69*y4 + 1.71*y5 - 0.43*y6 + 0.69*y7;
        y7' = 280*y6*y8 - 1.81*y7; y8' = -280*y6*y8 + 1.81*y7; y1 = 1; y2 = 0; y3 = 0; y4 = 0; y5 = 0; y6 = 0;
        y7 = 0; y8 = 0.0057;""",
        tuple(f"y{i}" for i in range(1, 9)), (321.8122,),
        ((0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
          0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2),),
        "test set for IVP solvers, problem HIRES",
    ),
    "piecewise": System(
        """compartment cell = 1; species A in cell; A = 0; from = 5; until = 7.5;
        r: -> A; cell*piecewise(0, time < from, 2, time < until, 0);""",
        ("A",), (4.0, 5.0, 6.0, 7.5, 9.0), ((0.0,), (0.0,), (2.0,), (5.0,), (5.0,)), "closed form",
    ),
}  # fmt: skip

BLOW_UP = "x' = x^2; x = 1;"
PHASES = """compartment cell = 1; species A in cell; A = 0; input = 0; decay = 0.5;
    r1: -> A; cell*input; r2: A -> ; cell*decay*A;"""


def to_sbml(text: str) -> str:
    """SBML of Antimony."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return antimony.getSBMLString(antimony.getModuleNames()[-1])


def model_of(text: str) -> Model:
    """A model from Antimony."""
    return load_model(to_sbml(text))


def peer_states(
    sbml: Path | str, species: Sequence[str], times: Sequence[float], rtol: float = 1e-10, atol: float = 1e-14
) -> np.ndarray:
    """States [times, species] by libRoadRunner, at tight tolerance, in the units of the project's networks.

    `times` starts with the time at which the initial state holds; it is not among the results.
    """
    text = sbml.read_text(encoding="utf-8") if isinstance(sbml, Path) else sbml
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = rtol, atol
    runner.integrator.maximum_num_steps = 1_000_000
    model = libsbml.readSBMLFromString(text).getModel()

    def concentration(name: str) -> bool:
        element = model.getSpecies(name)
        return element is not None and not element.getHasOnlySubstanceUnits()

    runner.timeCourseSelections = [f"[{name}]" if concentration(name) else name for name in species]
    return np.array(runner.simulate(times=list(times)))[1:]
