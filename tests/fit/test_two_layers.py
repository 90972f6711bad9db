"""Where scales, offsets and sigmas are solved, the cost of both layers is that of the whole problem there."""

import numpy as np
import pytest
import scipy.optimize

from screen.calibration import load_problem
from screen.fit import make_hierarchical, make_hierarchical_predictor, make_predictor
from tests.toy import write_problem

PARAMETERS = """
parameterId parameterScale lowerBound upperBound nominalValue estimate
k_made log10 0.001 100 0.5 1
scale log10 0.001 1000 1 1
signed lin -5 5 -1 1
offset lin -10 10 0.5 1
above lin 0 100 5 1
sd log10 0.001 100 0.3 1
"""

READ = ((1, 1.65), (2, 2.3), (4, 4.6), (8, 6.1))
FALLING = ((1, 8), (2, 6), (4, 4), (8, 3))
SECOND = "observableParameter2_o"

CASES = {
    "a factor": ("{1}*S", "0.5", "lin", "scale", "-", READ),
    "a factor, a shift and a sigma": (SECOND + " + {1}*S", "{n}", "log", "scale;above", "sd", READ),
    "noise in proportion": ("{1}*S", "0.1*{1}*S + 0.01", "lin", "scale", "-", READ),
    "a signal below 0": ("{1} - 0.1*S", "0.1", "log", "above", "-", READ),
    "a factor of a signal below 0": (SECOND + " - {1}*S", "0.1", "log", "scale;above", "-", FALLING),
    "a factor that may be below 0": ("-{1}*S", "0.1", "log", "signed", "-", READ),
    "a reading that fails": ("{1}*S", "0.5", "log", "scale", "-", ((0, 3), *READ)),
    "a steady state": ("{1}*S", "0.5", "lin", "scale", "-", (*READ, ("inf", 9))),
    "noise by the shift": ("{1} + S", "0.1 + {1}^2", "lin", "offset", "-", READ),
}  # fmt: skip
"""Formulas, scale, what stands for the placeholders, and what is read when; k_made stays in the search."""

OTHERS = ("a factor", "a factor, a shift and a sigma", "a reading that fails", "noise by the shift")
"""These are like others, and run with the slow tests."""


def problem_of(folder, value, noise, transformation, given, blur, readings):
    """The toy problem of one observable, each reading once."""
    path = write_problem(folder)
    names = {"1": "observableParameter1_o", "n": "noiseParameter1_o"}
    value, noise = (
        text.replace("{1}", names["1"]).replace("{n}", names["n"]).replace(" ", "") for text in (value, noise)
    )
    used = {"k_made", *given.split(";"), blur}
    tables = {
        "parameters": [row for place, row in enumerate(PARAMETERS.strip().splitlines())
                       if not place or row.split(" ")[0] in used],
        "observables": ["observableId observableFormula noiseFormula observableTransformation",
                        f"o {value} {noise} {transformation}", "q S 0.5 lin"],
        "measurements": ["observableId simulationConditionId measurement time observableParameters noiseParameters",
                         *(f"o dose_1 {read} {time} {given} {blur}" for time, read in readings),
                         "q dose_1 1.2 4 - -"],
    }  # fmt: skip
    for name, rows in tables.items():
        cells = ["\t".join("" if cell == "-" else cell for cell in row.split(" ")) for row in rows]
        (folder / f"{name}.tsv").write_text("\n".join(cells) + "\n")
    return load_problem(path)


def costs(problem, solver):
    """At the nominal values: that of both layers, that of the whole problem there, and the lowest near by."""
    layers, whole = make_hierarchical(problem), make_predictor(problem, solver, 1)
    outer = problem.estimated.nominal[layers.kept][None]
    found = make_hierarchical_predictor(layers, solver, 1)(outer)
    at = layers.complete(outer, found.solved)
    solved = np.setdiff1d(np.arange(len(problem.estimated.names)), layers.kept)

    def cost(numbers):
        vector = at.copy()
        vector[0, solved] = numbers
        return float(whole(vector).cost.sum())

    there = cost(at[0, solved])
    if not len(solved):
        return float(found.predicted.cost.sum()), there, there
    bounds = list(zip(problem.estimated.lower[solved], problem.estimated.upper[solved], strict=True))
    lowest = min(
        scipy.optimize.minimize(
            cost, begin, bounds=bounds, method="Nelder-Mead", options={"maxiter": 300}
        ).fun
        for begin in (at[0, solved], problem.estimated.nominal[solved])
    )
    return float(found.predicted.cost.sum()), there, lowest


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in OTHERS)) for name in CASES]
)
def test_both_layers_cost_what_the_whole_problem_costs_there_and_no_less_is_near(tmp_path, solver, name):
    both, whole, lowest = costs(problem_of(tmp_path, *CASES[name]), solver)
    assert both == pytest.approx(whole, abs=1e-6)
    assert both <= lowest + 1e-4
