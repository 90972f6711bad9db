"""What a likelihood and a gradient of a PEtab problem cost AMICI: run by a Python that has AMICI, on one core.

    ~/amici/bin/python benchmarks/amici_gradient.py problem.yaml 1e-8 1e-12

Prints JSON: the likelihood at the nominal parameters, and the shortest time of its gradient, forward and adjoint [s].
What does not depend on the parameters is prepared beforehand; compilation is not counted.
"""

import json
import sys
import tempfile
import time
from functools import partial

sys.path.pop(0)  # the folder of this file has a module named like the package `petab`

import amici.sim.sundials as sundials
import petab.v1 as petab
from amici.importers.petab.v1 import import_petab_problem
from amici.sim.sundials.petab.v1 import create_edatas, simulate_petab
from amici.sim.sundials.petab.v1._parameter_mapping import create_parameter_mapping

REPEATS = 5
WAYS = {"forward_s": sundials.SensitivityMethod.forward, "adjoint_s": sundials.SensitivityMethod.adjoint}


def measure(path: str, rtol: float, atol: float, folder: str) -> dict[str, float]:
    """Likelihood and seconds."""
    problem = petab.Problem.from_yaml(path)
    if petab.measurement_table_has_timepoint_specific_mappings(problem.measurement_df):
        petab.flatten_timepoint_specific_output_overrides(problem)
    model = import_petab_problem(problem, output_dir=folder, verbose=False)
    solver = model.create_solver()
    solver.set_relative_tolerance(rtol)
    solver.set_absolute_tolerance(atol)
    conditions = petab.get_simulation_conditions(problem.measurement_df)
    mapping = create_parameter_mapping(
        petab_problem=problem, simulation_conditions=conditions, scaled_parameters=True, amici_model=model
    )
    data = create_edatas(amici_model=model, petab_problem=problem, simulation_conditions=conditions)
    names = problem.x_ids
    scaled = dict(zip(names, problem.x_nominal_scaled, strict=True))
    run = partial(
        simulate_petab, problem, amici_model=model, solver=solver, problem_parameters=scaled, edatas=data,
        parameter_mapping=mapping, scaled_parameters=True,
    )  # fmt: skip
    found = {"llh": float(run()["llh"])}
    solver.set_sensitivity_order(sundials.SensitivityOrder.first)
    for name, way in WAYS.items():
        solver.set_sensitivity_method(way)
        run()
        found[name] = min(_seconds(run) for _ in range(REPEATS))
    return found


def _seconds(run: partial) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as built:
        print(json.dumps(measure(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), built)))
