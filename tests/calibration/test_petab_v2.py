"""What a PEtab 2 problem may say wrong, or says and is not read, is refused with its place."""

import re

import pytest

from screen.calibration import load_problem
from screen.errors import FitError
from tests.calibration.test_petab_files import spoil
from tests.petab_v2 import write_version_2


@pytest.mark.parametrize(
    ("table", "old", "new", "sentence"),
    [
        ("problem.yaml", "toy: {", "a: {location: toy.xml, language: sbml}, toy: {", r"must name one model, found 2"),
        ("problem.yaml", "language: sbml", "language: pysb", r"`location` in `language: sbml`, found .*pysb"),
        ("problem.yaml", "mapping_files", "visualization_files", r"keys must be of .*, found visualization_files"),
        ("problem.yaml", "[observables.tsv]", "[]", r"`observable_files` must name files, found none"),
        ("problem.yaml", "format", "extensions: {x: {version: 1, required: true}}\nformat", r"required, found x"),
        ("problem.yaml", "format", "extensions: [x]\nformat", r"`extensions` must be a table of names, found list"),
        ("problem.yaml", "2.0.0", "3", r"format_version must be 1 or 2, found 3"),
        ("problem.yaml", "toy.xml", "to.xml", r"the model must be a file, found nothing at .*to.xml"),
        ("problem.yaml", "toy.xml", "x" * 300, r"the model must be a file, found nothing at .*xxx"),
        ("mapping", "S\tS", "reaction_k\treaction.k", r"mapping.tsv row 3: modelEntityId .*, found reaction.k"),
        ("conditions", "targetValue", "value", r"conditions.tsv: column `targetValue` must be there"),
        ("conditions", "half_dose", "half_dose+", r"conditions.tsv row 3: (formulas|targetValue) must be"),
        ("conditions", "2*half_dose", "half_dose*S", r"row 3: targetValue must be .*, found half_dose\*S"),
        ("conditions", "k_lost/2", "k_lost/0", r"row 5: targetValue must be a finite .*, found k_lost/0"),
        ("conditions", "k_lost/2", "S/10", r"conditions.tsv row 5: targetValue must be a finite .*, found S/10"),
        ("conditions", "2*S+more", "more*S/0", r"row 4: targetValue must be a formula of .* states, found more\*S/0"),
        ("conditions", "2*S+more", "more*inf", r"row 4: targetValue must be a finite .*, found more\*inf"),
        ("conditions", "2*half_dose", "sqrt(-1)", r"conditions.tsv row 3: .*, found sqrt\(-1\)"),
        ("conditions", "S\t2*S+more", "S\t2*T+more", r"T"),
        ("conditions", "slower\tk_lost", "doubled\tS", r"row 4: conditionId and targetId must name a row alone"),
        ("conditions", "2*half_dose", "half_dose*zoo", r"conditions.tsv row 3: targetValue must use .*, found zoo"),
        ("conditions", "2*half_dose", "oo", r"conditions.tsv row 3: targetValue must use names of .*, found oo"),
        ("conditions", "2*half_dose", "10^10^10^10", r"conditions.tsv row 3: targetValue .*numbers must lie between"),
        ("conditions", "2*half_dose", "nan", r"conditions.tsv row 3: targetValue must be given, found nothing$"),
        ("experiments", "3\tdosed", "\tdosed", r"experiments.tsv row 5: time must be given, found nothing$"),
        ("measurements", "course\t3\t", "course\t\t", r"measurements.tsv row 2: time must be given, found nothing$"),
        ("measurements", "0.3\t", "\t", r"measurements.tsv row 2: measurement must be given, found nothing$"),
        ("experiments", "\tdosed", "\tdoused", r"row 5: conditionId must be empty or in .*, found doused$"),
        ("conditions", "slower\tk_lost", "slower\tk_losst", r"row 5: targetId must be a constant .*, found k_losst$"),
        ("experiments", "3\tdosed", "inf\tdosed", r"experiments.tsv row 5: time must be .*, found inf"),
        ("experiments", "3\tdosed", "-inf\trest", r"experiments.tsv row 4: experimentId and time and conditionId"),
        ("observables", "relative*obs_S", "relative*obs_T", r"obs_T"),
        ("observables", "S\trelative*obs_S+floor", "\trelative*factor", r"row 2: observableFormula must be a formula"),
        ("observables", "\t0.5\tlog-laplace", "\t\tlog-laplace", r"row 3: noiseFormula must be a formula, found noth"),
        ("observables", "\tlog-laplace", "\tlog-cauchy", r"row 3: noiseDistribution must be .*log-cauchy"),
        ("measurements", "course\t3", "curse\t3", r"measurements.tsv row 2: experimentId must be .*, found curse"),
        ("measurements", "course\t3", "course\t2", r"row 2: time must not be before .* at 3, found 2"),
        ("measurements", "0.3\t", "inf\t", r"measurements.tsv row 2: measurement must be a finite number, found inf"),
        ("measurements", "2\t1", "-2\t1", r"row 7: measurement must be positive, as its noise .*, found -2"),
        ("measurements", "2\t1", "0\t1", r"row 7: measurement must be positive, as its noise .*, found 0"),
        ("more", "scale", "scale;1", r"more.tsv row 3: observableParameters must have as many .* found 2 of 1"),
        ("more", "scale", "0/0", r"more.tsv row 3: formulas must be readable, found ZeroDivisionError"),
        ("more", "scale", "+".join(["scale"] * 5000), r"more.tsv row 3: cells must have at most 10000 .* found 29999"),
        ("parameters", "0.001", "-inf", None),
        ("parameters", "more\t0\t10", "more\t0\tinf", r"row 4: lowerBound and upperBound .*, found 0.0 and inf"),
        ("parameters", "more\t0\t10", "more\t10\t0", r"parameters.tsv row 4: .*Lower bound must be less"),
        ("parameters", "\ttrue\tgamma", "\tmaybe\tgamma", r"row 3: estimate must be .*, found maybe"),
        ("parameters", "gamma\t2;1", "gamma\t2", r"row 3: priorParameters must be two numbers .*, found 2$"),
        ("parameters", "gamma\t2;1", "gamma\t2;1;3", r"^\S*parameters.tsv row 3: .* must be two .*, found 2;1;3$"),
        ("parameters", "gamma\t2;1", "rayleigh\t2;1", r"^\S*parameters.tsv row 3: .* must be one number, found 2;1$"),
        ("parameters", "0.001\t100", "1\t1", r"^\S*parameters.tsv row 2: lowerBound must lie below .*, found 1 and 1$"),
        ("parameters", "gamma", "weibull", r"row 3: priorDistribution must be .*, found weibull"),
        ("parameters", "\t0.1\tfalse", "\t\tfalse", r"parameters.tsv row 6: .*must have a nominal value"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path, table, old, new, sentence):
    path = write_version_2(tmp_path)
    spoil(tmp_path / (table if "." in table else f"{table}.tsv"), old, new)
    if sentence is None:  # an infinite bound under a prior is none
        lower = load_problem(path).estimated.lower[0]
        assert -4 < lower < 0.5
        return
    with pytest.raises(FitError) as caught:
        load_problem(path)
    assert re.search(sentence, "\n".join(caught.value.problems))


@pytest.mark.parametrize(
    ("prior", "sentence"),
    [
        ("uniform\t20;30", "must overlap the range from lowerBound to upperBound, found 20;30 and 0 to 10"),
        (
            "log-uniform\t20;30",
            "must overlap the range from lowerBound to upperBound, found 20;30 and 0 to 10",
        ),
        ("uniform\t3;2", "must have the lower end first, found 3;2"),
        ("log-uniform\t0;2", "must have positive ends, found 0;2"),
        ("log-normal\t-0.5;0", "must have a positive width, found -0.5;0"),
        ("normal\tnan;1", "must be finite numbers, found nan;1"),
        ("exponential\tinf", "must be finite numbers, found inf"),
    ],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_numbers_of_a_prior_are_named_as_they_stand(tmp_path, prior, sentence):
    path = write_version_2(tmp_path)
    spoil(tmp_path / "parameters.tsv", "gamma\t2;1", prior)
    with pytest.raises(FitError) as caught:
        load_problem(path)
    (found,) = caught.value.problems
    assert found.endswith(f"parameters.tsv row 3: priorParameters {sentence}")


@pytest.mark.parametrize("kind", ["uniform", "log-uniform"])
def test_a_level_prior_narrows_the_bounds(tmp_path, kind):
    path = write_version_2(tmp_path)
    spoil(tmp_path / "parameters.tsv", "gamma\t2;1", f"{kind}\t1;20")
    estimated = load_problem(path).estimated
    assert (estimated.lower[1], estimated.upper[1]) == (1.0, 10.0)


def test_a_small_measurement_on_a_logarithm_and_a_long_cell_are_read(tmp_path):
    path = write_version_2(tmp_path)
    spoil(tmp_path / "measurements.tsv", "2\t1", "0.5\t1")
    spoil(tmp_path / "mapping.tsv", "signal", "x" * 10_000)
    assert load_problem(path).measurements.value[5] == 0.5
    spoil(tmp_path / "mapping.tsv", "x", "xx", 1)
    with pytest.raises(
        FitError, match=r"mapping.tsv row 3: cells must have at most 10000 characters, found 10001"
    ):
        load_problem(path)


def assign(folder, symbol, formula):
    """Give the model an initial assignment."""
    assignment = (
        f'<initialAssignment symbol="{symbol}"><math xmlns="http://www.w3.org/1998/Math/MathML">{formula}'
        "</math></initialAssignment>"
    )
    spoil(folder / "toy.xml", "<listOfReactions>",
          f"<listOfInitialAssignments>{assignment}</listOfInitialAssignments><listOfReactions>")  # fmt: skip


def test_initial_assignments_that_would_move_with_the_conditions_are_refused(tmp_path):
    path = write_version_2(tmp_path)
    assign(tmp_path, "basal", "<apply><times/><cn>0.5</cn><ci>k_lost</ci></apply>")
    with pytest.raises(
        FitError, match=r"k_lost must not change within .* initial assignment of basal .*slower"
    ):
        load_problem(path)


def test_a_state_that_starts_with_another_is_refused_where_conditions_set_that(tmp_path):
    path = write_version_2(tmp_path)
    assign(tmp_path, "basal", "<apply><times/><cn>0.5</cn><ci>S</ci></apply>")
    spoil(tmp_path / "conditions.tsv", "rest\tdose\t0", "rest\tS\t0")
    with pytest.raises(FitError, match="basal must not use a state that a condition sets, found S in rest"):
        load_problem(path)


def test_a_steady_state_of_what_moves_with_time_is_refused(tmp_path):
    path = write_version_2(tmp_path)
    spoil(tmp_path / "toy.xml", "<ci> k_lost </ci>",
          '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time"> t </csymbol>')  # fmt: skip
    with pytest.raises(FitError, match=r"measurements.tsv row 6: time must be finite, as the rates"):
        load_problem(path)


def test_an_observable_must_not_be_called_as_something_of_the_model(tmp_path):
    path = write_version_2(tmp_path)
    for name in ("measurements", "observables"):
        spoil(tmp_path / f"{name}.tsv", "obs_S", "S", 9)
    spoil(tmp_path / "observables.tsv", "*S+", "*1+")
    with pytest.raises(
        FitError, match=r"observables.tsv row 2: observableId must not be a name of .*, found S$"
    ):
        load_problem(path)


def test_a_further_column_with_a_name_of_petab_1_has_no_meaning(tmp_path):
    path = write_version_2(tmp_path)
    names = load_problem(path).measurements.frame["simulationConditionId"].tolist()
    table = tmp_path / "measurements.tsv"
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([f"{head}\tsimulationConditionId", *(f"{row}\tnone" for row in rows), ""]))
    assert load_problem(path).measurements.frame["simulationConditionId"].tolist() == names
