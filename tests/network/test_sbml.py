"""Reading SBML: every construct against libRoadRunner's rates of change, and refusals by name."""

import math
import re
from pathlib import Path

import antimony
import libsbml
import pytest
import roadrunner

from screen.errors import NetworkError
from screen.network import read_sbml
from screen.network.algebra import evaluate, evaluate_all, symbol, topological
from screen.network.calculus import derivative

MODELS = {
    "volumes": """
        compartment cell = 5; compartment nucleus = 2; species A in cell, B in nucleus, $C in cell;
        A = 3; B = 1; C = 4; k = 0.3;
        r1: A -> B; cell*k*A; r2: 2 B + C -> A; nucleus*k*B^2*C;
        """,
    "rules": """
        compartment cell = 1; species A in cell; A = 2; k = 0.5; K = 3; n = 1.7;
        total := A + 1; brake := 1/(1 + (total/K)^n); X' = k*A*brake; X = 0.1;
        r: A -> ; cell*k*brake*A;
        """,
    "initial_assignments": """
        compartment cell = 2; species A in cell, B in cell; k = 0.4; total = 7;
        A = total/2; B = A + k; m = 3*total; r: A -> B; cell*k*m*A;
        """,
    "amounts": """
        compartment cell = 4; substanceOnly species A in cell; species B in cell; A = 8; B = 1; k = 0.1;
        r: A -> 3 B; k*A;
        """,
    "functions_and_piecewise": """
        function mm(s, v, km) v*s/(km + s); end
        model m() compartment cell = 1; species A in cell; A = 2; v = 1; km = 0.5;
        pulse := piecewise(0, time < 5, 1, time < 7, 0);
        r: A -> ; cell*mm(A, v, km)*(1 + pulse) + cell*piecewise(A, A > 1, 0.5*A); end
        """,
}


def sbml_of(text: str) -> str:
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return antimony.getSBMLString(antimony.getModuleNames()[-1])


def assert_same_rates(text: str) -> None:
    network = read_sbml(text)
    values = dict(zip(network.parameters, network.values, strict=True))
    state = dict(zip(network.species, evaluate_all(network.initial, values), strict=True))
    slopes = evaluate_all(network.derivatives(), {**values, **state, "time": 0.0})
    peer = roadrunner.RoadRunner(text)
    model = libsbml.readSBMLFromString(text).getModel()
    for name, slope in zip(network.species, slopes, strict=True):
        species = model.getSpecies(name)
        volume = (
            1.0 if species is None or species.getHasOnlySubstanceUnits() else values[species.getCompartment()]
        )
        assert slope * volume == pytest.approx(peer.getValue(f"{name}'"), rel=1e-12, abs=1e-14), name


@pytest.mark.parametrize(
    ("given", "value", "is_amount", "start"),
    [
        ("Amount", 8.0, False, 2.0),
        ("Amount", 8.0, True, 8.0),
        ("Concentration", 8.0, False, 8.0),
        ("Concentration", 8.0, True, 32.0),
        (None, None, False, 0.0),
        (None, None, True, 0.0),
    ],
)
def test_a_species_starts_in_the_quantity_of_its_symbol(given, value, is_amount, start):
    """In a volume of 4, amount = 4 concentration."""
    document = libsbml.readSBMLFromString(
        sbml_of("model m() compartment cell = 4; species A in cell; k = 1; r: A -> ; cell*k*A; end")
    )
    species = document.getModel().getSpecies("A")
    for unset in ("unsetInitialAmount", "unsetInitialConcentration"):
        getattr(species, unset)()
    species.setHasOnlySubstanceUnits(is_amount)
    if given:
        getattr(species, f"setInitial{given}")(value)
    network = read_sbml(libsbml.writeSBMLToString(document))
    values = dict(zip(network.parameters, network.values, strict=True))
    assert network.species == ("A",)
    assert evaluate_all(network.initial, values) == [start]


@pytest.mark.parametrize("name", MODELS)
def test_rates_of_change_agree_with_libroadrunner(name):
    assert_same_rates(sbml_of(MODELS[name]))


def test_a_stoichiometry_of_level_1_has_its_denominator():
    """3/2 of A for each turnover of 0.1 A: A falls by 0.15 A."""
    network = read_sbml("""<?xml version="1.0" encoding="UTF-8"?>
        <sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model name="m">
        <listOfCompartments><compartment name="c" volume="1"/></listOfCompartments>
        <listOfSpecies><species name="A" compartment="c" initialAmount="2"/></listOfSpecies>
        <listOfReactions><reaction name="r" reversible="false">
        <listOfReactants><speciesReference species="A" stoichiometry="3" denominator="2"/></listOfReactants>
        <kineticLaw formula="0.1 * A"/></reaction></listOfReactions></model></sbml>""")
    values = dict(zip(network.parameters, network.values, strict=True))
    (slope,) = evaluate_all(network.derivatives(), {**values, "A": 2.0, "time": 0.0})
    assert slope == pytest.approx(-1.5 * 0.1 * 2.0, rel=1e-14)


def test_time_switches_are_found():
    network = read_sbml(sbml_of(MODELS["functions_and_piecewise"]))
    assert sorted(evaluate(switch, {}) for switch in network.discontinuities) == [5.0, 7.0]


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("time > 3*k", [6.0]),
        ("(time - 5)^2 < k^2", [3.0, 7.0]),
        ("k*time < time^2 - 8", [-2.0, 4.0]),
        ("time^2 < k*time", [0.0, 2.0]),
        ("time^3 > 8", []),
        ("x*time > 1", []),
    ],
)
def test_a_comparison_changes_its_answer_at_the_roots_of_its_time(comparison, expected):
    network = read_sbml(sbml_of(f"x' = piecewise(1, {comparison}, 0); x = 0; k = 2;"))
    found = [float(evaluate(switch, {"k": 2.0})) for switch in network.discontinuities]
    assert sorted(found) == pytest.approx(expected)


def test_observables_are_rules_in_place():
    network = read_sbml(sbml_of(MODELS["rules"]))
    values = dict(zip(network.parameters, network.values, strict=True))
    found = dict(zip(network.observables, network.observable_rules, strict=True))
    assert evaluate(found["total"], {**values, "A": 2.0}) == 3.0
    assert network.species == ("A", "X")


def rates_at_start(text: str) -> dict[str, float]:
    """Rates of change of the states at time 0, by name."""
    network = read_sbml(text)
    values = dict(zip(network.parameters, network.values, strict=True))
    state = dict(zip(network.species, evaluate_all(network.initial, values), strict=True))
    slopes = evaluate_all(network.derivatives(), {**values, **state, "time": 0.0})
    return dict(zip(network.species, slopes, strict=True))


def edited(text: str, *changes: tuple[str, str]) -> str:
    """The text with other contents; a number is found whatever attributes Antimony gives it."""
    for old, new in changes:
        pattern = rf"<cn[^>]*{re.escape(old)}" if old.startswith(">") else re.escape(old)
        text, found = re.subn(pattern, lambda _, new=new: new, text)
        assert found, old
    return text


def test_a_growing_compartment_dilutes_what_is_in_it():
    growing = "compartment cell = 2; cell' = 0.5*cell; species A in cell; A = 3; k = 0.7; r: -> A; cell*k;"
    assert rates_at_start(sbml_of(growing)) == pytest.approx({"A": 0.7 - 0.5 * 3, "cell": 1.0})
    ruled = "compartment cell; v = 2; cell := v^2; v' = 0.5; species A in cell, $B in cell; A = 3; B = 1; r: A -> ; 0;"
    found = rates_at_start(sbml_of(ruled))  # volume 4, growing at 2 v v' = 2
    assert found == pytest.approx({"A": -3 * 2 / 4, "B": -1 * 2 / 4, "v": 0.5})


def test_a_compartment_that_jumps_is_refused():
    jumping = "compartment cell; cell := piecewise(1, time < 5, 2); species A in cell; A = 3; r: A -> ; A;"
    with pytest.raises(NetworkError, match="must change without jumps, found a jump of cell"):
        read_sbml(sbml_of(jumping))


def test_conversion_factors_scale_what_reactions_do():
    text = sbml_of(
        "compartment c = 2; species A in c, B in c; A = 6; B = 0; k = 3; f = 10; g = 100; r: A -> B; k*A;"
    )
    text = edited(
        text, ("<model ", '<model conversionFactor="f" '), ('id="B"', 'id="B" conversionFactor="g"')
    )
    assert rates_at_start(text) == pytest.approx({"A": -10 * 18 / 2, "B": 100 * 18 / 2})


def test_reactions_rates_and_stoichiometries_have_values_in_formulas():
    text = """
        compartment c = 1; species A in c; A = 4; k = 0.5; n' = 1; n = 3; m := n + r; p' = rateOf(A); p = 0;
        r: A -> n A; k*A; u: -> A; m;
        """
    # r = 2, m = 5, A' = (3 - 1)*2 + 5
    assert rates_at_start(sbml_of(text)) == pytest.approx({"A": 9.0, "n": 1.0, "p": 9.0})


def test_a_quantity_named_time_is_not_the_clock():
    text = edited(sbml_of("clock = 7; x' = clock; x = 0; y' = 2*time; y = 0;"), ("clock", "time"))
    network = read_sbml(text)
    assert network.parameters == ("time_",) and network.values == (7.0,)
    assert evaluate_all(network.derivatives(), {"time_": 7.0, "time": 5.0}) == [7.0, 10.0]


def test_submodels_are_put_in_place():
    text = """
        model inner() compartment c = 1; species A in c; A = 2; k = 3; r: A -> ; k*A; end
        model outer() M: inner(); x' = 2; x = 0; end
        """
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    assert rates_at_start(antimony.getCompSBMLString("outer")) == pytest.approx({"M__A": -6.0, "x": 2.0})


FORMULAS = {
    "<or/>": 0, "<xor/>": 0, "<and/>": 1, "<implies/><true/><false/>": 0, "<quotient/><cn>-7</cn><cn>2</cn>": -3,
    "<rem/><cn>7</cn><cn>2</cn>": 1, "<factorial/><cn>5</cn>": 120, "<sec/><cn>1</cn>": 1 / math.cos(1),
    "<arccoth/><cn>2</cn>": math.atanh(0.5), "<arcsinh/><cn>-3</cn>": math.asinh(-3), "<xor/><cn>3</cn><false/>": 1,
    "<arccosh/><cn>2</cn>": math.acosh(2), "<arctanh/><cn>0.5</cn>": math.atanh(0.5), "<minus/><cn>3</cn>": -3,
    "<minus/><cn>3</cn><cn>5</cn>": -2, "<arcsinh/><cn>3</cn>": math.asinh(3), "<quotient/><cn>7</cn><cn>2</cn>": 3,
    "<log/><logbase><cn>2</cn></logbase><cn>8</cn>": 3, "<log/><cn>1000</cn>": 3, "<root/><cn>9</cn>": 3,
    "<root/><degree><cn>3</cn></degree><cn>8</cn>": 2, "<arcsec/><cn>2</cn>": math.acos(0.5),
    "<csc/><cn>1</cn>": 1 / math.sin(1),
    "<lt/><cn>1</cn><cn>2</cn><cn>2</cn>": 0, "<leq/><cn>1</cn><cn>2</cn><cn>2</cn>": 1,
    "<power/><cn>10</cn><cn>400</cn>": math.inf,
}  # fmt: skip


@pytest.mark.parametrize("content", FORMULAS)
def test_mathematics_has_the_values_that_its_standard_gives(content):
    text = edited(sbml_of("x' = 31415; x = 0;"), ("> 31415 </cn>", f"<apply>{content}</apply>"))
    assert rates_at_start(text)["x"] == pytest.approx(FORMULAS[content], rel=1e-12)


def test_factorial_is_that_of_whole_numbers():
    text = sbml_of("x' = factorial(n); x = 0; n = 3;")
    found = [float(evaluate(read_sbml(text).derivatives()[0], {"n": n})) for n in (0, 3, 170, 171, 3.5, -1)]
    assert found == pytest.approx([1, 6, math.factorial(170), math.inf, math.nan, math.nan], nan_ok=True)


def test_a_formula_without_a_value_has_none():
    assert math.isnan(rates_at_start(sbml_of("x' = piecewise(1, x > 5); x = 0;"))["x"])


def nested(depth: int) -> str:
    return edited(
        sbml_of("x' = 31415; x = 2;"),
        ("> 31415 </cn>", "<apply><sin/>" * depth + "<ci>x</ci>" + "</apply>" * depth),
    )


def test_deep_formulas_are_read_or_refused():
    network = read_sbml(nested(500))
    assert derivative(network.derivatives()[0], symbol("x")).depth > 500
    with pytest.raises(NetworkError, match="elements must be nested less than 1000 deep"):
        read_sbml(nested(100_000))


def test_a_formula_of_more_elements_than_libsbml_takes_is_refused():
    wide = "<apply><plus/>" + "<ci>x</ci>" * 200_000 + "</apply>"
    with pytest.raises(NetworkError, match=r"SBML line \d+: a formula must have at most 15000 elements"):
        read_sbml(edited(sbml_of("x' = 31415; x = 2;"), ("> 31415 </cn>", wide)))


def test_repeated_squares_stay_small():
    document = libsbml.readSBMLFromString(sbml_of("x' = r60; x = 1; r0 := x; r60 = 2;"))
    for i in range(1, 61):
        if i < 60:
            parameter = document.getModel().createParameter()
            parameter.setId(f"r{i}")
            parameter.setConstant(False)
        rule = document.getModel().createAssignmentRule()
        rule.setVariable(f"r{i}")
        rule.setMath(libsbml.parseL3Formula(f"r{i - 1}*r{i - 1}"))
    document.getModel().getParameter("r60").setConstant(False)
    network = read_sbml(libsbml.writeSBMLToString(document))
    assert len(topological(network.derivatives())) < 2000
    assert evaluate_all(network.derivatives(), {"x": 1.0}) == [1.0]


def functions(count: int) -> str:
    first = "function f0(x) x*x + 1 end "
    return first + "".join(f"function f{i}(x) f{i - 1}(f{i - 1}(x) + {i}) end " for i in range(1, count))


def test_functions_that_double_are_refused_at_a_limit():
    with pytest.raises(NetworkError, match="must have at most 100000 terms, found more"):
        read_sbml(sbml_of(functions(30) + "model m() x' = f29(x); x = 0; end"))


def test_a_function_that_calls_itself_is_refused():
    text = sbml_of("function f(x) 31415*x end model m() x' = f(x); x = 1; end")
    call = "<apply><ci>f</ci><ci>x</ci></apply>"
    with pytest.raises(NetworkError, match="f"):
        read_sbml(edited(text, ("> 31415 </cn>", call)))


REFUSED = {
    "jumps of a volume by a rule": (
        "compartment c; c := 1 + k; k = 1; species A in c; A = 1; at A > 2: k = 3; r: -> A; 1;",
        "must change without jumps, found a jump of c",
    ),
    "missing rates": (
        "compartment c = 1; species A in c; r: A -> ;",
        "every reaction must have a rate, found none for r",
    ),
    "stoichiometry": (
        "compartment c = 1; species A in c; n = NaN; r: -> n A; 1;",
        "finite number, found nan for A in r",
    ),
    "delay": ("compartment c = 1; species A in c; A = 1; r: A -> ; delay(A, 3);", "delay"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_named(name):
    text, word = REFUSED[name]
    with pytest.raises(NetworkError, match=word):
        read_sbml(sbml_of(text))


SIZES = {
    "none": ("c = 0", "0"),
    "less": ("c = -1", "-1"),
    "infinite": ("c = inf", "inf"),
    "no number": ("c = nan", "nan"),
    "growing": ("c = 0; c' = 1", "0"),
    "set by an event": ("c = -2; at S > 5: c = 3", "-2"),
}


@pytest.mark.parametrize("species", ["S in c", "substanceOnly species S in c", "$S in c"])
@pytest.mark.parametrize("name", SIZES)
def test_a_size_that_no_volume_has_is_refused(name, species):
    text, found = SIZES[name]
    kind = "" if "species" in species else "species "
    with pytest.raises(NetworkError, match=f"must have a finite size above 0, found {found} for c$"):
        read_sbml(sbml_of(f"compartment c; {text}; {kind}{species}; S = 1; r: S -> ; 2*S;"))


def test_a_size_by_an_initial_assignment_is_what_counts():
    model = "compartment c = {}; species S in c; S = 1; r: S -> ; S; {}"
    with pytest.raises(NetworkError, match=r"must have a finite size above 0, found -1 for c$"):
        read_sbml(sbml_of(model.format("k - 3", "k = 2;")))
    assert read_sbml(sbml_of(model.format("k - 3", "k = 4;"))).species == ("S",)


def test_a_size_by_a_parameter_without_a_value_may_yet_be_one():
    model = "compartment c = k; substanceOnly species S in c; S = 1; r: S -> ; S;"
    assert read_sbml(sbml_of(model)).species == ("S",)


@pytest.mark.parametrize("text", ["c := 2 + k", "c' = 1; c = 2", "c = 1"])
def test_sizes_that_a_rule_sets_and_of_what_is_empty_are_no_matter(text):
    model = f"compartment c, empty; k = 1; empty = -1; {text}; species S in c; S = 1; r: S -> ; S;"
    assert "S" in read_sbml(sbml_of(model)).species


def test_unreadable_files_are_named(tmp_path: Path):
    with pytest.raises(NetworkError, match=r"missing\.xml: must be a readable SBML file"):
        read_sbml(tmp_path / "missing.xml")
    broken = tmp_path / "broken.xml"
    broken.write_text("<sbml><model>")
    with pytest.raises(NetworkError, match=r"^broken\.xml: SBML: must be readable"):
        read_sbml(broken)


def test_what_libsbml_only_warns_of_is_read():
    """A package that nobody knows and the model does not require."""
    text = sbml_of(MODELS["volumes"])
    unknown = 'xmlns:no="http://www.sbml.org/sbml/level3/version1/no/version1" no:required="{}" level="3"'
    found = read_sbml(text.replace('level="3"', unknown.format("false"), 1))
    assert found.species == read_sbml(text).species
    with pytest.raises(NetworkError, match="SBML line 3: must be"):
        read_sbml(text.replace('level="3"', unknown.format("true"), 1))


@pytest.mark.parametrize(("x", "value"), [(6, 1.0), (4, 2.0), (2, 3.0), (0, 7.0)])
def test_a_piecewise_has_its_last_value_where_no_condition_holds(x, value):
    """The last is none of the conditions, which are 0 there."""
    text = sbml_of(f"y' = piecewise(1, x > 5, 2, x > 3, 3, x > 1, 7); x = {x}; y = 0;")
    assert rates_at_start(text)["y"] == value


@pytest.mark.parametrize("encoding", ["UTF-99", "base64_codec", "punycode", "a b", "ascii", "x" * 500])
def test_an_encoding_that_is_none_is_refused_in_one_line(encoding):
    text = sbml_of(MODELS["volumes"])
    assert 'encoding="UTF-8"' in text
    with pytest.raises(NetworkError, match=r"^SBML( line 1)?: must be readable, found ") as caught:
        read_sbml(text.replace('encoding="UTF-8"', f'encoding="{encoding}"', 1))
    (problem,) = caught.value.problems
    assert problem.isprintable()
