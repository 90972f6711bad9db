"""The published fit of Sobotta 2017 as a PEtab problem: its 2220 points, 271 parameters and 109 conditions.

The points, parameters and the SBML are read from the folder of public data; nothing of them is kept in the
project. What those tables do not say, when a stimulus was washed out and when actinomycin D was there, is
in `PULSES` and `ACTINOMYCIN`, read off the equations of each data file in the benchmark collection of
Hass et al., Bioinformatics 2019 (doi 10.1093/bioinformatics/btz020).

Time in the problem is minutes since the inhibitors were added, `BEFORE` minutes ahead of the stimulus.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import libsbml
import numpy as np
import pandas as pd
import yaml

from screen.errors import FitError

BEFORE = 60.0
"""Minutes by which Stattic and ruxolitinib come before IL-6; no measurement is earlier."""

NEVER = 1e9
"""A time that is never reached [min]."""

LEFT_OUT = 375
"""Data file that is no measurement: the pseudo-data that held the published fit at its steady state."""

POINTS, RESIDUAL_DEGREES = 2220, 2046
"""Points of the fit, and points less the parameters that are no standard deviations."""

CORRECTION = POINTS / RESIDUAL_DEGREES
"""What the published fit multiplies every squared residual by."""

PULSES = {
    7: (40, 20), 8: (40, 5), 17: (80, 12), 18: (80, 24), 19: (80, 6), 20: (80, 90), 21: (120, 10),
    22: (30, 40), 23: (60, 20), 24: (20, 20), 25: (40, 20), 26: (80, 20), 27: (40, 12), 28: (40, 120),
    29: (40, 24), 30: (40, 6),
}  # fmt: skip
"""Condition -> IL-6 [ng/mL] and the minute it was washed out, where it did not stay."""

ACTINOMYCIN = {13: (-10.0, NEVER), 14: (30.0, NEVER), 15: (0.0, 30.0), 16: (0.0, NEVER)}
"""Condition -> minutes between which transcription was blocked."""

NUCLEUS = 0.5
"""Volume of the nucleus [pL]; `total_STAT3` is the concentration all STAT3 would have in it."""

DRAWN = (-5.0, 3.0)
"""Range of log10 values that starts are drawn from: the default bounds of Data2Dynamics, the program of the
published fit. Several of its parameters have these very bounds; nearly all others have -15 and 6."""

FIXED_SCALE = "scale_socs3_qpcr_braun_hep_2013_07_08_qPCR_Socs3_Stat3"
"""The constant that fixes the unit of SOCS3 mRNA, and with it stands in the rates."""

STATES = (
    "JAK1_gp130", "pJAK1_gp130", "pJAK1_pgp130", "STAT3", "tpSTAT3", "nSTAT3", "nSOCS3RNA1", "nSOCS3RNA2",
    "nSOCS3RNA3", "nSOCS3RNA4", "nSOCS3RNA5", "SOCS3RNA", "SOCS3",
)  # fmt: skip
"""Species of the published fit; the SBML also has the target genes of a later one, on which they do not depend."""

INPUTS = {
    "IL6": "il6_dose * piecewise(1, (time >= il6_from) && (time < il6_to), 0)",
    "ActD": "piecewise(1, (time >= actd_from) && (time < actd_to), 0)",
    "Stattic": "stattic_dose",
    "Ruxolitinib": "ruxolitinib_dose * exp(-rux_degrade * time)",
}
"""Input of the model -> how it follows from the condition."""

DOSES = {"il6_dose": 0.0, "il6_from": BEFORE, "il6_to": NEVER, "actd_from": NEVER, "actd_to": 2 * NEVER,
         "stattic_dose": 0.0, "ruxolitinib_dose": 0.0}  # fmt: skip
"""What a condition may set, and its value at rest [ng/mL, min, min, min, min, uM, nM]."""

SIGNALS = {
    "pJAK1_wb": "pJAK1_gp130 + pJAK1_pgp130", "pgp130_wb": "pJAK1_pgp130", "pSTAT3_wb": "tpSTAT3 / total_STAT3",
    "pSTAT3_lumi": "tpSTAT3 / total_STAT3", "SOCS3_wb": "SOCS3", "SOCS3_qpcr": "SOCS3RNA",
    "npSTAT3_wb": "25.34 * stat3_imp * tpSTAT3 * (f_pstat3_imp + 1) / total_STAT3",
}  # fmt: skip
"""Observable read through an offset and a scale -> what it is of."""

ABSOLUTE = {
    "JAK1_gp130_abs": "JAK1_gp130 + pJAK1_gp130 + pJAK1_pgp130", "ctSTAT3_abs": "STAT3 + tpSTAT3",
    "SOCS3_abs": "SOCS3", "ntSTAT3_ratio": "nSTAT3 / (STAT3 + tpSTAT3)",
    "pSTAT3_ms": "100 * tpSTAT3 / (STAT3 + tpSTAT3)",
}  # fmt: skip
"""Observable in absolute numbers [nM, 1, %] -> what it is."""

FILES = {
    "format_version": 1, "parameter_file": "parameters.tsv",
    "problems": [{"sbml_files": ["model.xml"], "condition_files": ["conditions.tsv"],
                  "observable_files": ["observables.tsv"], "measurement_files": ["measurements.tsv"]}],
}  # fmt: skip


def write_problem(data: Path, folder: Path) -> Path:
    """The PEtab problem of the tables in `data`, written into `folder`; returns its YAML file.

    Starts of logarithmic parameters are drawn from `DRAWN`, within the published bounds. FitError where `data`
    lacks a table.
    """
    names = ("published_points.csv", "published_parameters.csv", "il6_model.xml")
    missing = [f"{data}: must hold {name}, found none" for name in names if not (data / name).is_file()]
    if missing:
        raise FitError(missing)
    points = pd.read_csv(data / names[0])
    points = points[points["datafile"] != LEFT_OUT]
    parameters = read_parameters(data / names[1])
    tables = {
        "parameters": _parameter_table(parameters),
        "conditions": _conditions(points),
        "observables": _observables(),
        "measurements": _measurements(points, parameters),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False)
    (folder / "model.xml").write_text(_model(data / names[2]))
    (folder / "problem.yaml").write_text(yaml.safe_dump(FILES, sort_keys=False))
    return folder / "problem.yaml"


def read_parameters(path: Path) -> pd.DataFrame:
    """The published parameters by name: scale, nominalValue, lower, upper (all linear) and estimate."""
    table = pd.read_csv(path)
    logarithmic = table["analysis at log-scale"] == 1
    limits = table[["value", "lower boundary", "upper boundary"]].astype(float)
    limits = limits.where(~logarithmic, 10.0**limits)
    return pd.DataFrame(
        {
            "parameterScale": logarithmic.map({True: "log10", False: "lin"}),
            "lowerBound": limits["lower boundary"],
            "upperBound": limits["upper boundary"],
            "nominalValue": limits["value"],
            "estimate": (table["estimated"] == "yes").astype(int),
        }
    ).set_axis(table["parameter"].str.replace(r"log10\((.*)\)", r"\1", regex=True), axis=0)


def _parameter_table(parameters: pd.DataFrame) -> pd.DataFrame:
    """Estimated parameters and where their starts are drawn, and the one constant that the model itself reads."""
    kept = parameters[(parameters["estimate"] == 1) | (parameters.index == FIXED_SCALE)]
    is_log = kept["parameterScale"] == "log10"
    low, high = kept["lowerBound"], kept["upperBound"]
    low = np.log10(low.where(is_log, 1.0)).clip(*DRAWN).where(is_log, low)
    high = np.log10(high.where(is_log, 1.0)).clip(*DRAWN).where(is_log, high)
    starts = {
        "initializationPriorType": "parameterScaleUniform",
        "initializationPriorParameters": low.astype(str) + ";" + high.astype(str),
    }
    return kept.assign(**starts).rename_axis("parameterId").reset_index()


def _conditions(points: pd.DataFrame) -> pd.DataFrame:
    rows = [{"conditionId": "rest", **DOSES}]
    first = points.drop_duplicates("exp_condition").sort_values("exp_condition")
    for row in first.itertuples():
        dose, removed = PULSES.get(row.exp_condition, (row.input_il6, NEVER))
        begin, end = ACTINOMYCIN.get(row.exp_condition, (NEVER, 2 * NEVER))
        own = {
            "conditionId": f"c{row.exp_condition}",
            "il6_dose": dose,
            "il6_to": removed + BEFORE,
            "actd_from": begin + BEFORE,
            "actd_to": end + BEFORE,
            "stattic_dose": row.input_stattic,
            "ruxolitinib_dose": row.input_ruxolitinib,
        }
        rows.append(rows[0] | own)
    return pd.DataFrame(rows)


def _observables() -> pd.DataFrame:
    read = {name: f"observableParameter1_{name} + observableParameter2_{name} * ({signal})"
            for name, signal in SIGNALS.items()}  # fmt: skip
    return pd.DataFrame(
        {
            "observableId": name,
            "observableFormula": formula,
            "noiseFormula": f"noiseParameter1_{name}",
            "observableTransformation": "lin" if name == "pSTAT3_ms" else "log10",
            "noiseDistribution": "normal",
        }
        for name, formula in (read | ABSOLUTE).items()
    )


def _measurements(points: pd.DataFrame, parameters: pd.DataFrame) -> pd.DataFrame:
    formulas = points["observation_function"]
    offset, scale = (formulas.str.extract(rf"\b({kind}_\w+)")[0] for kind in ("offset", "scale"))
    through = points["observable"].isin(list(SIGNALS))
    value = points["measured"].where(points["scale"] != "log10", 10.0 ** points["measured"])
    constant = {
        name: repr(float(row.nominalValue)) for name, row in parameters.iterrows() if not row.estimate
    }
    given = (
        offset.map(lambda name: constant.get(name, name))
        + ";"
        + scale.map(lambda name: constant.get(name, name))
    )
    return pd.DataFrame(
        {
            "observableId": points["observable"],
            "preequilibrationConditionId": "rest",
            "simulationConditionId": "c" + points["exp_condition"].astype(str),
            "measurement": value,
            "time": points["time_min"] + BEFORE,
            "observableParameters": given.where(through, ""),
            "noiseParameters": points["sigma_parameter"],
            "publishedModel": points["published_model"],
            "publishedSigma": points["sigma"],
        }
    )


def _model(path: Path) -> str:
    """The published SBML without the genes of the later fit, with the inputs that the conditions set."""
    document = libsbml.readSBMLFromFile(str(path))
    model = document.getModel()
    for reaction in _ids(model.getListOfReactions()):
        taken = model.getReaction(reaction)
        ends = {s.getSpecies() for s in (*taken.getListOfReactants(), *taken.getListOfProducts())}
        if not ends <= set(STATES):
            model.removeReaction(reaction)
    for species in set(_ids(model.getListOfSpecies())) - set(STATES):
        model.removeSpecies(species)
    for name, formula in INPUTS.items():
        model.getRule(name).setMath(libsbml.parseL3Formula(formula))
    for name, value in (DOSES | {"total_STAT3": 780.0}).items():
        _add_parameter(model, name, value)
    used = _symbols(model)
    for name in set(_ids(model.getListOfParameters())) - used - set(INPUTS) - set(DOSES):
        model.removeParameter(name)
    _start(model)
    return str(libsbml.writeSBMLToString(document))


def _start(model: libsbml.Model) -> None:
    """Begin with the published total of STAT3; the rest state does not depend on how it is divided."""
    share = {"STAT3": f"0.9 * total_STAT3 * {NUCLEUS} / 12.67", "tpSTAT3": f"0.05 * total_STAT3 * {NUCLEUS} / 12.67",
             "nSTAT3": "0.05 * total_STAT3"}  # fmt: skip
    for name, formula in share.items():
        assignment = model.createInitialAssignment()
        assignment.setSymbol(name)
        assignment.setMath(libsbml.parseL3Formula(formula))


def _add_parameter(model: libsbml.Model, name: str, value: float) -> None:
    parameter = model.createParameter()
    parameter.setId(name)
    parameter.setValue(value)
    parameter.setConstant(True)


def _ids(items: Iterable) -> list[str]:
    return [item.getId() for item in items]


def _symbols(model: libsbml.Model) -> set[str]:
    """Names that a rate or a rule reads."""
    laws = [reaction.getKineticLaw().getMath() for reaction in model.getListOfReactions()]
    laws += [rule.getMath() for rule in model.getListOfRules()]
    found = {name for law in laws for name in re.findall(r"\w+", libsbml.formulaToL3String(law))}
    return found | {"total_STAT3"}
