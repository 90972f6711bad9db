"""A small calibration problem: a species made at a rate that a dose raises, read through a scale.

    dS/dt = k_made*(basal + dose) - k_lost*S + k_blow*S^2,    readout = S/(S + half)

With k_blow = 0 everything has a closed form; with a large k_blow the trajectory blows up in finite time,
and its solve must fail.
"""

from pathlib import Path
from types import SimpleNamespace

import antimony
import numpy as np
import pandas as pd

from screen.calibration.problem import Estimated

TRUTH = {"k_made": 0.5, "k_lost": 0.2, "scale": 30.0}
DOSES = (1.0, 2.0, 8.0)
TIMES = (0.0, 2.0, 5.0, 15.0)
OFF = 4.0
"""By how much the reading with Laplace noise is off, so that the optimum is not at its kink."""

MODEL = """
model toy
  compartment cell = 1; species S in cell;
  S = 0; k_made = 0.5; k_lost = 0.2; k_blow = 0; basal = 0.1; dose = 0; half = 5;
  making: => S; cell*k_made*(basal + dose);
  losing: S => ; cell*k_lost*S;
  blowing: => S; cell*k_blow*S*S;
  readout := S/(S + half);
end
"""

PARAMETERS = """
parameterId parameterScale lowerBound upperBound nominalValue estimate objectivePriorType objectivePriorParameters
k_made log10 0.001 100 1 1 parameterScaleNormal 0;0.7
k_lost log10 0.001 100 0.1 1 parameterScaleNormal -1;0.7
k_blow log10 1e-12 1000 1e-9 1 parameterScaleNormal -9;0.3
scale log10 0.01 10000 10 1 - -
half lin 1 10 5 0 - -
"""

BLOT_ROWS = "offset log10 1e-9 10000 0.1 1 - -\nsd log10 1e-5 10 0.1 1 - -\n"
"""Parameters of a blot that are estimated without a prior."""

OFFSET = 3.0

OBSERVABLES = """
observableId observableFormula noiseFormula observableTransformation noiseDistribution
obs_scaled observableParameter1_obs_scaled*readout noiseParameter1_obs_scaled log10 normal
obs_S S 8 lin laplace
"""

FILES = """
format_version: 1
parameter_file: parameters.tsv
problems:
  - sbml_files: [toy.xml]
    condition_files: [conditions.tsv]
    observable_files: [observables.tsv]
    measurement_files: [measurements.tsv]
"""


def amount(time: float, dose: float, k_made: float, k_lost: float) -> float:
    """S at a time after the dose, from rest; the closed form for k_blow = 0."""
    rest, end = k_made * 0.1 / k_lost, k_made * (0.1 + dose) / k_lost
    return end + (rest - end) * np.exp(-k_lost * time)


def measured(noise: float = 0.0, seed: int = 1) -> list[tuple[str, str, str, str, str, str, str]]:
    """Rows of the measurement table at the true parameters, with log10 noise."""
    rng = np.random.default_rng(seed)
    rows = []
    for dose in DOSES:
        for time in TIMES:
            S = amount(time, dose, TRUTH["k_made"], TRUTH["k_lost"])
            value = TRUTH["scale"] * S / (S + 5) * 10 ** (noise * rng.standard_normal())
            rows.append(
                ("obs_scaled", "rest", f"dose_{dose:g}", f"{value:.10g}", f"{time:g}", "scale", "0.05")
            )
    S = amount(5.0, 2.0, TRUTH["k_made"], TRUTH["k_lost"])
    rows.append(("obs_S", "rest", "dose_2", f"{S + OFF:.10g}", "5", "-", "-"))
    return rows


def write_problem(folder: Path, noise: float = 0.0, seed: int = 1, parameters: str = PARAMETERS) -> Path:
    """Write the problem into a folder and return its YAML file."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(MODEL) >= 0, antimony.getLastError()
    (folder / "toy.xml").write_text(antimony.getSBMLString("toy"))
    head = "observableId preequilibrationConditionId simulationConditionId measurement time"
    rows = [f"{head} observableParameters noiseParameters", *(" ".join(row) for row in measured(noise, seed))]
    conditions = ["conditionId dose", "rest 0", *(f"dose_{dose:g} {dose:g}" for dose in DOSES)]
    tables = {"measurements": rows, "conditions": conditions}
    tables |= {"parameters": parameters.strip().splitlines(), "observables": OBSERVABLES.strip().splitlines()}
    for name, lines in tables.items():
        cells = [["" if cell == "-" else cell for cell in line.split(" ")] for line in lines]
        (folder / f"{name}.tsv").write_text("\n".join("\t".join(row) for row in cells) + "\n")
    (folder / "problem.yaml").write_text(FILES)
    return folder / "problem.yaml"


def add_columns(folder: Path, rows: slice = slice(None), **columns: str) -> None:
    """Give some rows of the measurement table further columns; the others have them empty."""
    path = folder / "measurements.tsv"
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    for name, value in columns.items():
        table[name] = ""
        table.loc[table.index[rows], name] = value
    table.to_csv(path, sep="\t", index=False)


def write_blots(folder, parameters=PARAMETERS + BLOT_ROWS, transformation="log10"):
    """The toy problem, noisy, its readings shifted by OFFSET; offset and standard deviation are to be found."""
    path = write_problem(folder, noise=0.05, parameters=parameters)
    observables, measurements = folder / "observables.tsv", folder / "measurements.tsv"
    formula = "observableParameter1_obs_scaled*readout"
    text = observables.read_text().replace(formula, f"observableParameter2_obs_scaled + {formula}")
    observables.write_text(text.replace("log10", transformation))
    table = pd.read_csv(measurements, sep="\t", dtype=str, keep_default_na=False)
    shifted = table["observableId"] == "obs_scaled"
    table.loc[shifted, "measurement"] = (table["measurement"][shifted].astype(float) + OFFSET).astype(str)
    table.loc[shifted, ["observableParameters", "noiseParameters"]] = ["scale;offset", "sd"]
    table.to_csv(measurements, sep="\t", index=False)
    return path


def estimated_alone(*names: str):
    """As much of a problem as draws are tabulated from: parameters estimated on a log10 scale."""
    one = np.ones(len(names))
    estimated = Estimated(
        names, ("log10",) * len(names), -9 * one, 9 * one, 0 * one, (None,) * len(names), ()
    )
    return SimpleNamespace(estimated=estimated)
