"""A small PEtab 2 problem with closed forms: from rest through three periods to a steady state, and the model as it is.

dS/dt = k_made*(basal + dose) - k_lost*S
"""

from pathlib import Path

import antimony

MODEL = """
model toy
  compartment cell = 1; species S in cell;
  S = 1.5; k_made = 0.5; k_lost = 0.2; basal = 0.1; dose = 0;
  making: => S; cell*k_made*(basal + dose);
  losing: S => ; cell*k_lost*S;
end
"""

TABLES = {
    "conditions": """
conditionId targetId targetValue
rest dose 0
dosed dose 2*half_dose
doubled S 2*S+more
slower k_lost k_lost/2
""",
    "experiments": """
experimentId time conditionId
course 7 doubled
course 7 slower
course -inf rest
course 3 dosed
""",
    "observables": """
observableId observableFormula noiseFormula noiseDistribution observablePlaceholders noisePlaceholders
obs_S S relative*obs_S+floor normal - floor
obs_log factor*S 0.5 log-laplace factor -
""",
    "measurements": """
observableId experimentId time measurement observableParameters noiseParameters
obs_S course 3 0.3 - 0.5
obs_S course 5 1 - 0.5
obs_S course 7 4 - 0.25*2
obs_S course 10 5 - 0.5
obs_S course inf 5 - 0.5
obs_log - 0 2 1 -
""",
    "more": """
observableId experimentId time measurement observableParameters noiseParameters
# a second file, and a line that says nothing
obs_log - 0 2 scale -
""",
    "parameters": """
parameterId lowerBound upperBound nominalValue estimate priorDistribution priorParameters
k_made 0.001 100 0.5 true log-normal -0.5;1
half_dose 0 10 0.5 true gamma 2;1
more 0 10 1 true - -
scale 0.1 100 1 true - -
relative - - 0.1 false - -
""",
    "mapping": """
petabEntityId modelEntityId name
dosed - with_dose
S S signal
""",
}

PROBLEM = """
format_version: 2.0.0
model_files: {toy: {location: toy.xml, language: sbml}}
condition_files: [conditions.tsv]
experiment_files: [experiments.tsv]
observable_files: [observables.tsv]
measurement_files: [measurements.tsv, more.tsv]
parameter_files: [parameters.tsv]
mapping_files: [mapping.tsv]
"""


def write_version_2(folder: Path) -> Path:
    """Write the problem into a folder and return its YAML file."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(MODEL) >= 0, antimony.getLastError()
    (folder / "toy.xml").write_text(antimony.getSBMLString("toy"))
    for name, text in TABLES.items():
        lines = [line if line.startswith("#") else "\t".join("" if cell == "-" else cell for cell in line.split(" "))
                 for line in text.strip().splitlines()]  # fmt: skip
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    (folder / "problem.yaml").write_text(PROBLEM)
    return folder / "problem.yaml"
