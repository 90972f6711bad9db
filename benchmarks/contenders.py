"""Who is measured. A contender takes a case and returns a function of the tolerance that runs some lanes.

Every contender gets the same lanes, output times and relative tolerance, with an absolute tolerance 1e-3
times that (in the unit of the species), and is timed without its set-up: compilation for those that
compile, loading the model and setting parameters for those that interpret. Times are processor times of
this process, which is bound to one core, so that a busy machine does not count against anyone.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import roadrunner

from benchmarks.cases import Case
from screen.kernel import solve
from screen.kernel.reference import diffrax_engine

ABSOLUTE = 1e-3
LANES = {"kernel": 512, "lanes": 512, "diffrax": 16, "diffrax_interpolated": 16, "libroadrunner": 8}


class Run(NamedTuple):
    """states [lanes, times, species], seconds of processor time for all of them, steps per lane (NaN where unknown)."""

    states: np.ndarray
    seconds: float
    steps: float


def engine_contender(name: str, case: Case) -> Callable[[float], Run]:
    """An engine of the project, on one thread."""
    batch = case.batch(LANES[name])

    def run(rtol: float) -> Run:
        return _timed(
            lambda: solve(case.model, *batch, engine=name, rtol=rtol, atol=ABSOLUTE * rtol, threads=1)
        )

    run(1e-3)
    return run


def interpolating_diffrax(case: Case) -> Callable[[float], Run]:
    """The reference engine without steps onto the outputs: faster, and less accurate there."""
    engine = diffrax_engine(case.model.system, onto_outputs=False)
    batch = case.batch(LANES["diffrax_interpolated"])

    def run(rtol: float) -> Run:
        return _timed(lambda: engine(*batch, rtol=rtol, atol=ABSOLUTE * rtol))

    run(1e-3)
    return run


def _timed(work: Callable[[], Any]) -> Run:
    start = time.process_time()
    solution = jax.block_until_ready(work())
    seconds = time.process_time() - start
    return Run(np.asarray(solution.states), seconds, float(np.mean(solution.accepted + solution.rejected)))


def roadrunner_contender(case: Case, lanes: int = LANES["libroadrunner"]) -> Callable[[float], Run]:
    """libRoadRunner's CVODE; one model per lane, its parameters already set."""
    runners = [_runner(case, lane) for lane in range(lanes)]

    def run(rtol: float) -> Run:
        states, seconds = [], 0.0
        for lane, runner in enumerate(runners):
            runner.integrator.relative_tolerance = rtol
            runner.integrator.absolute_tolerance = ABSOLUTE * rtol
            _place(runner, case, lane)
            start = time.process_time()
            try:
                result = np.array(runner.simulate(times=[0.0, *case.times]))[1:]
            except RuntimeError:  # CVODE gave up: no point on the curve at this tolerance
                result = np.full((len(case.times), len(case.model.species)), np.nan)
            seconds += time.process_time() - start
            states.append(result)
        return Run(np.array(states), seconds, float("nan"))

    run(1e-3)
    return run


def _runner(case: Case, lane: int) -> roadrunner.RoadRunner:
    runner = roadrunner.RoadRunner(case.sbml)
    model = runner.model
    known = {*model.getGlobalParameterIds(), *model.getCompartmentIds(), *model.getBoundarySpeciesIds()}
    for name, value in zip(case.model.parameters, case.parameters[lane], strict=True):
        if name in known:
            runner.setValue(name, float(value))
    runner.integrator.maximum_num_steps = 1_000_000
    floating = set(runner.model.getFloatingSpeciesIds())
    runner.timeCourseSelections = [f"[{name}]" if name in floating else name for name in case.model.species]
    return runner


def _place(runner: roadrunner.RoadRunner, case: Case, lane: int) -> None:
    state = dict(zip(case.model.species, case.state[lane], strict=True))
    floating = runner.model.getFloatingSpeciesIds()
    clean = [value if abs(value) > 1e-30 else 0.0 for value in (state[name] for name in floating)]
    runner.model.setFloatingSpeciesConcentrations(np.array(clean))
    for name in state.keys() - set(floating):
        runner.setValue(name, float(state[name]))


CONTENDERS: dict[str, Callable[[Case], Callable[[float], Run]]] = {
    "kernel": lambda case: engine_contender("kernel", case),
    "lanes": lambda case: engine_contender("lanes", case),
    "libroadrunner": roadrunner_contender,
    "diffrax": lambda case: engine_contender("diffrax", case),
    "diffrax_interpolated": interpolating_diffrax,
}
