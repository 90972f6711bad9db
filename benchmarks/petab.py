"""PEtab problems of any model: their likelihood beside the published one, and what an evaluation costs.

    python benchmarks/petab.py --json - Benchmark-Models/Boehm_JProteomeRes2014/*.yaml
    AMICI_PYTHON=amici/bin/python make bench-petab ARGS="Benchmark-Models/*/*.yaml"

Per problem, under the name of its folder: `llh`, the log likelihood at the nominal parameters; `reference`, that of the
simulated data that lie beside the problem; `first_s`, from the file to the first likelihood, compiler included;
`objective_s` and `gradient_s`, one likelihood and one gradient of the posterior on one core, compiled; and
`amici_gradient_s`, the same by the faster of AMICI's two ways at the same tolerances. What cannot be had is null, and
`refused`, `failed`, `no_gradient` and `no_amici` say why. Problems run one after the other, each in a process of its
own, which tells what it has found as it goes: what ends too late or is killed loses only what it was at. `load` is what
else the machine did before (its load average). What a file of results says of problems not measured again stays; the
collection (github.com/Benchmarking-Initiative/Benchmark-Models-PEtab) is not part of the project.

Where AMICI's published likelihood is ours to six digits but `reference` is another, the simulated data are to blame:
those of Zheng 2012 are the measurements again, in those of Sneyd 2002 the courses at 3 and at 10 uM calcium have
changed places, and those of Fujita 2010 lie up to 0.16 sigma from the courses at the nominal parameters.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # else `import petab` finds this file
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from benchmarks.results import read_problems, write_problems
from screen.calibration import Problem, load_problem
from screen.calibration.scale import SCALES
from screen.errors import ScreenError
from screen.fit import Predicted, choose_fit_engine, make_objective, make_predictor
from screen.fit.objective import cost_of_measurements
from screen.kernel import configure, has_gradient
from screen.simulate import Integration

TOLERANCES = {"rtol": 1e-8, "atol": 1e-12}
REPEATS, ENOUGH_S = 5, 60.0
"""Calls that are timed, and seconds after which there is no further one."""

MEASURED = ("llh", "reference", "first_s", "objective_s", "gradient_s", "amici_gradient_s", "refused")
KEYS = ("observableId", "simulationConditionId", "preequilibrationConditionId", "time")
RESULTS = Path(__file__).resolve().parent / "results" / "petab.json"


def measure(path: Path, tell: Callable[[dict[str, Any]], None] = lambda found: None) -> dict[str, Any]:
    """What is found of one problem; `tell` hears of it as it grows."""
    found: dict[str, Any] = dict.fromkeys(MEASURED)
    try:
        with tempfile.TemporaryDirectory() as cache:
            _measure(path, Path(cache), found, tell)
    except ScreenError as error:
        found["refused"] = "; ".join(error.problems)
    return found


def _measure(path: Path, cache: Path, found: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    began = time.perf_counter()
    problem = load_problem(path, cache=cache)
    engine = choose_fit_engine("auto", [problem.model])
    solver = Integration(engine=engine, threads=1, **TOLERANCES)
    predict = make_predictor(problem, solver, 1)
    at = problem.estimated.nominal[None]
    predicted = predict(at)
    found["first_s"] = time.perf_counter() - began
    if not predicted.ok.all():
        found["failed"] = f"{predicted.failed[0]} lanes, {np.sum(~predicted.ok)} measurements"
        return
    found["llh"] = float(predicted.log_likelihood[0])
    found["reference"] = published(path, problem, predicted)
    tell(found)
    found["objective_s"] = seconds(lambda: predict(at))
    tell(found)
    if has_gradient(engine, problem.model, len(problem.phases)):
        objective, scaled = make_objective(problem, solver, 1), jnp.asarray(at)
        found["gradient_s"] = seconds(lambda: jax.block_until_ready(objective(scaled)))
    else:
        found["no_gradient"] = "states decide when its events happen"


def seconds(call: Callable[[], Any]) -> float:
    """The shortest time of some calls after the first, which compiles [s]."""
    call()
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < ENOUGH_S:
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def published(path: Path, problem: Problem, predicted: Predicted) -> float | None:
    """The likelihood of the simulated data beside a problem, under its noise; None where there are none."""
    simulated = simulated_beside(path, problem.measurements.frame)
    if simulated is None:
        return None
    compared = np.zeros(len(simulated))
    for each in problem.observables:
        compared[each.rows] = SCALES[each.transformation].scaled(simulated[each.rows])
    return -float(cost_of_measurements(problem, predicted._replace(compared=compared[None])).sum())


def simulated_beside(path: Path, measurements: pd.DataFrame) -> np.ndarray | None:
    """What the table beside a problem has for each of its measurements; None where it has not for all.

    Rows belong together by what names them; under other names by their order, where all times agree.
    """
    tables = sorted([*path.parent.glob("simulatedData_*.tsv"), *path.parent.glob("simulations.tsv")])
    if not tables:
        return None
    simulated = pd.read_csv(tables[0], sep="\t")
    keys = [name for name in KEYS if name in simulated and name in measurements]
    named = simulated.set_index(_labels(simulated[keys]))["simulation"].reindex(_labels(measurements[keys]))
    if named.notna().all():
        return named.to_numpy(float)
    there, here = (table["time"].to_numpy(float) for table in (simulated, measurements))
    if there.shape == here.shape and np.allclose(there, here, rtol=1e-6):
        return simulated["simulation"].to_numpy(float)
    return None


def _labels(frame: pd.DataFrame) -> pd.Index:
    """What tells the rows of a table apart; of equal ones their number."""

    def text(cell: Any) -> str:
        number = pd.to_numeric(cell, errors="coerce")
        return str(cell) if pd.isna(number) else f"{number:.12g}"

    rows = frame.map(lambda cell: "" if pd.isna(cell) else text(cell)).agg("|".join, axis=1)
    return pd.Index(rows + " " + rows.groupby(rows).cumcount().astype(str))


def measured_within(path: Path, limit: float) -> dict[str, Any]:
    """What is found of one problem by a process of its own, in so many seconds."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measure_and_tell, args=(path, theirs))
    process.start()
    theirs.close()
    found, ended = last_word(ours, limit)
    if not ended:
        process.kill()
    process.join()
    if process.exitcode:
        missing = f"its process ended with {process.exitcode}" if ended else f"more than {limit:g} s"
        found["failed" if found["llh"] is None else "no_gradient"] = missing
    return found


def last_word(told: Connection, limit: float) -> tuple[dict[str, Any], bool]:
    """What was told last in so many seconds, and whether the teller has ended by then."""
    found, until = dict.fromkeys(MEASURED), time.monotonic() + limit
    try:
        while told.poll(max(0.0, until - time.monotonic())):
            found = told.recv()
    except EOFError:
        return found, True
    return found, False


def _measure_and_tell(path: Path, there: Connection) -> None:
    configure()
    there.send(measure(path, there.send))


def measure_amici(path: Path, python: Path | None, limit: float) -> dict[str, Any]:
    """The gradient by AMICI, or why there is none."""
    if python is None:
        return {"no_amici": "no Python with AMICI is named by $AMICI_PYTHON"}
    script = Path(__file__).with_name("amici_gradient.py")
    command = [python, script, path, *(repr(TOLERANCES[name]) for name in ("rtol", "atol"))]
    tools = {"PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]])}  # swig, cmake and ninja
    tools |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | tools, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"no_amici": f"more than {limit:g} s"}
    if done.returncode:
        return {"no_amici": (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]}
    found = json.loads(done.stdout.splitlines()[-1])
    return {"amici_gradient_s": min(found["forward_s"], found["adjoint_s"]), "amici_llh": found["llh"]}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure all problems and write what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("problems", nargs="+", type=Path, metavar="problem.yaml")
    parser.add_argument(
        "--json",
        default=RESULTS,
        help="where results go, beside those of other problems; - for the standard output",
    )
    parser.add_argument("--limit", type=float, default=600, metavar="SECONDS", help="most time for one")
    asked = parser.parse_args(argv)
    python = os.environ.get("AMICI_PYTHON")
    named = {path.resolve().parent.name: path for path in asked.problems}
    if len(named) < len(asked.problems):
        parser.error(f"problems must lie in folders of different names, found {len(named)} names")
    file = None if str(asked.json) == "-" else Path(asked.json)
    found = read_problems(file)
    for name, path in named.items():
        amici = measure_amici(path, Path(python) if python else None, asked.limit)
        load = round(os.getloadavg()[0], 1)
        found[name] = measured_within(path, asked.limit) | amici | {"load": load}
        print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
    write_problems(found, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
