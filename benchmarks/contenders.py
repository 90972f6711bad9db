"""Who is measured. A contender takes a case and returns a function of the tolerance that runs some lanes.

Every contender gets the same lanes, output times and relative tolerance, with an absolute tolerance 1e-3
times that (in the unit of the species), and is timed without its set-up: compilation for those that
compile, loading the model and setting parameters for those that interpret. Times are processor times of
this process, which is bound to one core, so that a busy machine does not count against anyone.

AMICI is measured where it is installed.
"""

import atexit
import importlib
import importlib.util
import shutil
import tempfile
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import jax
import libsbml
import numpy as np
import roadrunner

from benchmarks.cases import Case
from screen.kernel import Runs, Stepping, solve
from screen.kernel.engines.reference import diffrax_engine

ABSOLUTE = 1e-3
LANES = {"kernel": 512, "jax": 512, "diffrax": 16, "diffrax_interpolated": 16, "libroadrunner": 8,
         "amici": 64}  # fmt: skip


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
        return _timed(lambda: engine(Runs(*batch), Stepping(rtol, ABSOLUTE * rtol)))

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


def amici_contender(case: Case) -> Callable[[float], Run]:
    """AMICI's CVODES, with the code that AMICI writes and compiles for the model; one call per lane."""
    simulation, model = _amici_model(case)
    solver = model.create_solver()
    solver.set_max_steps(1_000_000)
    model.set_timepoints(case.times)
    species = [model.get_state_ids().index(name) for name in case.model.species]

    def run(rtol: float) -> Run:
        solver.set_relative_tolerance(rtol)
        solver.set_absolute_tolerance(ABSOLUTE * rtol)
        states, steps, seconds = [], [], 0.0
        for lane in range(LANES["amici"]):
            _set_amici(model, case, lane)
            start = time.process_time()
            result = simulation.run_simulation(model, solver)  # NaN where CVODES gave up
            seconds += time.process_time() - start
            states.append(np.array(result.x)[:, species])
            steps.append(result.numsteps[-1] + result.num_err_test_fails[-1])
        return Run(np.array(states), seconds, float(np.mean(steps)))

    run(1e-3)
    return run


def _amici_model(case: Case) -> tuple[ModuleType, Any]:
    """AMICI's simulation module and its model, in a folder that is removed at the end of the process."""
    amici = importlib.import_module("amici")
    folder = tempfile.mkdtemp(prefix="amici-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    document = libsbml.readSBMLFromString(case.sbml)
    document.getModel().getListOfInitialAssignments().clear()  # the lanes set what these would
    values = dict(zip(case.model.parameters, case.parameters[0], strict=True))
    for compartment in document.getModel().getListOfCompartments():
        compartment.setSize(float(values[compartment.getId()]))  # numbers in the code; all lanes share them
    importer = amici.SbmlImporter(document.getModel())
    options = {"observation_model": [], "generate_sensitivity_code": False}
    model = importer.sbml2amici(f"{case.name}_amici", folder, **options)
    return importlib.import_module("amici.sim.sundials"), model


def _set_amici(model: Any, case: Case, lane: int) -> None:
    """Parameters and initial state of a lane; AMICI counts constant species among the states."""
    parameters = dict(zip(case.model.parameters, case.parameters[lane], strict=True))
    named = parameters | dict(zip(case.model.species, case.state[lane], strict=True))
    for name in model.get_free_parameter_ids():
        if name in parameters:
            model.set_free_parameter_by_id(name, parameters[name])
    model.set_initial_state([named[name] for name in model.get_state_ids()])


CONTENDERS: dict[str, Callable[[Case], Callable[[float], Run]]] = {
    "kernel": lambda case: engine_contender("kernel", case),
    "jax": lambda case: engine_contender("jax", case),
    "libroadrunner": roadrunner_contender,
    "diffrax": lambda case: engine_contender("diffrax", case),
    "diffrax_interpolated": interpolating_diffrax,
}
if importlib.util.find_spec("amici"):
    CONTENDERS["amici"] = amici_contender
