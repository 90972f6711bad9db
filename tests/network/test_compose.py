"""Composing: what comes out is valid, unit-consistent and always the same; what cannot be composed says why."""

import re

import libsbml
import pytest

from screen.errors import NetworkError
from screen.network import check_network, compose_network, read_sbml
from screen.network.compose import list_modules
from screen.network.consistency import find_objections
from tests.network.conftest import HEADER, ROWS


def model_of(sbml: str) -> libsbml.Model:
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    model.document = document  # keeps it alive
    return model


def test_shipped_network_is_valid_and_consistent_in_units(shipped):
    assert check_network(shipped) == []
    assert 'level="3" version="2"' in shipped


def test_shipped_network_has_its_size(shipped):
    model = model_of(shipped)
    assert model.getNumSpecies() >= 60
    assert {species.getCompartment() for species in model.getListOfSpecies()} == {
        "cytosol",
        "nucleus",
        "medium",
    }


def test_same_folder_same_text(shipped, network_folder):
    assert compose_network(network_folder) == shipped
    assert not re.search(r"20\d\d-\d\d-\d\d", shipped)


def test_the_reader_takes_the_shipped_network(whole):
    wanted = "pY705 pS727 pERK pAKT pS6K pSTAT1 pJAK1 pALK STAT3_amount SOCS3_protein SOCS3_mRNA STAT3_nuclear_ratio"
    assert set(wanted.split()) - {"SOCS3_mRNA"} <= set(whole.observables)
    assert "SOCS3_mRNA" in whole.species
    assert [time.name for time in whole.discontinuities] == ["IL6_washout"]


QUICK = ["m03", "m06", "m09"]
MODULES = ["m01", "m02", "m04", "m05", "m07", "m08", "m10", "m11", "m12", "m14", "m15", "m16"]


@pytest.mark.parametrize(
    "left_out", [*QUICK, *(pytest.param(key, marks=pytest.mark.slow) for key in MODULES)]
)
def test_any_module_can_be_left_out(network_folder, whole, left_out):
    kept = [module.key for module in list_modules(network_folder) if module.key != left_out]
    smaller = compose_network(network_folder, kept)
    assert len(read_sbml(smaller).reactions) < len(whole.reactions)


@pytest.mark.slow
def test_a_module_of_rules_alone_can_be_left_out(network_folder, whole):
    kept = [module.key for module in list_modules(network_folder) if module.key != "m17"]
    smaller = read_sbml(compose_network(network_folder, kept))
    assert "PKC_activity" in whole.observables and "PKC_activity" not in smaller.observables
    assert len(smaller.reactions) == len(whole.reactions)


def test_reading_an_absent_module_takes_the_declared_default(small):
    folder = small()
    whole, part = model_of(compose_network(folder)), model_of(compose_network(folder, ["m01"]))
    assert whole.getAssignmentRule("brake") is not None
    assert part.getParameter("brake").getValue() == 0.5
    assert whole.getReaction("back") is not None
    assert part.getReaction("back") is None


def test_a_wrong_unit_is_found(small):
    folder = small({"k_forward": "m01_source\t0.1\tnM\tlog10_normal\t0.3\tassumed\tassumed\tforward"})
    with pytest.raises(
        NetworkError, match=r"m01_source.ant row \d+: The units of the kinetic law are not 'substance'/'time'"
    ):
        compose_network(folder)


@pytest.mark.parametrize(
    ("rows", "extra", "message"),
    [
        (
            {"k_back": None},
            "",
            "module m02_brake: parameter `k_back` must be in parameters.tsv, found no such row",
        ),
        ({"k_free": ROWS["k_back"]}, "", "parameters.tsv: `k_free` must be used by m02_brake, found no use"),
        (
            {},
            f"k_back\t{ROWS['k_back']}\n",
            r"parameters.tsv row 7: \(parameter\) must be unique, found \(k_back\) again",
        ),
        (
            {"k_back": ROWS["k_back"].replace("per_min", "per_year")},
            "",
            "parameters.tsv: unit of `k_back` must be declared in m00_base, found per_year",
        ),
        (
            {"k_back": ROWS["k_back"].replace("m02_brake", "m09_brake")},
            "",
            "parameters.tsv: module of `k_back` must be a file here, found m09_brake",
        ),
        (
            {"k_back": ROWS["k_back"].replace("\t0.2\t", "\t-1\t")},
            "",
            "parameters.tsv: `k_back` value must be positive under a log10_normal prior, found -1",
        ),
        (
            {"k_back": ROWS["k_back"].replace("\t0.3\t", "\t\t")},
            "",
            "parameters.tsv: `k_back` prior_sd must be given unless the prior is fixed, found nothing",
        ),
        (
            {"k_back": ROWS["k_back"].replace("\tassumed\tassumed", "\tguessed\tassumed")},
            "",
            "parameters.tsv row 6: `mark` must be one of .*, found guessed",
        ),
    ],
)
def test_unusable_parameters_are_named(small, rows, extra, message):
    with pytest.raises(NetworkError, match=message):
        compose_network(small(rows, extra=extra))


def test_a_volume_is_above_0(small):
    must = r"parameters\.tsv: value of `cell` must be above 0, as it is a volume, found -5$"
    with pytest.raises(NetworkError, match=must):
        compose_network(small({"cell": ROWS["cell"].replace("\t2\t", "\t-5\t")}))


def test_an_empty_table_is_refused(small):
    folder = small()
    (folder / "parameters.tsv").write_text(HEADER + "\n")
    with pytest.raises(NetworkError, match=r"parameters\.tsv: must hold at least one row, found none"):
        compose_network(folder)


@pytest.mark.parametrize(
    ("planted", "message"),
    [
        ("k_forward = 9;", "`k_forward` must have its value in parameters.tsv alone, found another one here"),
        (
            "\nunit nM = 1e-3 mole / litre;",
            "row 2: `nM` must be defined once, found its unit in m00_base.ant row",
        ),
        ("const A;", "row 1: must be a part of one model, found a statement that begins with const"),
        ("end\nmodel other()\nx = 1;", "row 1: must be a part of one model, found .* begins with end"),
        ("A' = 1;", "row 1: a species must be changed by reactions or by a rule, found both for A"),
        ("x := gamma*A;", "row 1: formulas must use names that Antimony takes for quantities, found gamma"),
    ],
)
def test_a_module_cannot_change_what_others_declare(small, planted, message):
    gamma = "m03_late\t1\tdimensionless\tfixed\t\tfixed\tassumed\tplanted"
    with pytest.raises(NetworkError, match=f"m03_late.ant {message}" if message[0] == "r" else message):
        compose_network(small({"gamma": gamma}, {"m03_late.ant": planted}))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            "species A in cell; r: A => C; cell*k_forward*A; A = A_total;",
            "species `C` must be declared in a compartment",
        ),
        ("species A in cell; A = = 3;", "m01_source.ant row 1: must be valid Antimony, found syntax error"),
        (
            "species A in cell; A = A_total;\nr: A => ; cell*k_forward*A;\nA = 2;",
            "m01_source.ant row 3: `A` must be defined once, found its value in m01_source.ant row 1",
        ),
        (
            "species A in cell; A = A_total;\nbrake := 1;",
            "m02_brake.ant row 3: `brake` must be defined once, found its rule in m01_source.ant row 2",
        ),
        (
            "species A in cell, A in cell; A = A_total;",
            "row 1: `A` must be defined once, found its species in m01",
        ),
        (
            "brake: => B; 1;",
            "m02_brake.ant row 3: `brake` must be defined once, found its reaction in m01_source",
        ),
        (
            "species A in cell;\nr: A => ; k \u2212 2;",
            r"row 2: must be ASCII outside comments, found '.'",
        ),
        (
            "species A in cell;\nr: A => ; k +* 2;",
            "m01_source.ant row 2: must be valid Antimony, found In the",
        ),
        (
            "//@reads x default abc nM from m09",
            "m01_source.ant row 1: the default must be a finite number, found abc",
        ),
        (
            "x := " + "+".join(["A"] * 100_000) + ";",
            "a statement must have at most 20000 characters, found 200004",
        ),
        ("//@need m02", "m01_source.ant row 1: directive must be `//@reads NAME .*, found //@need m02"),
        (
            "//@needs m02_brake",
            "m01_source.ant row 1: directive must be `//@reads .*, found //@needs m02_brake",
        ),
        ("//@reads x default 1e400 nM from m02", "row 1: the default must be a finite number, found 1e400"),
        (
            "//@reads x default nan nM from m02",
            "m01_source.ant row 1: the default must be a finite number, found nan",
        ),
        ("//@reads x default 1 nM from m02", "m01_source.ant row 1: must read what m02 defines, found x"),
        (
            "//@reads x default 1 nM from m77",
            "row 1: must name a module that is here .m00, m01, m02., found //@reads x",
        ),
        (
            "//@needs m77\n//@end",
            "row 1: must name a module that is here .m00, m01, m02., found //@needs m77",
        ),
        ("//@end", "m01_source.ant row 1: `//@end` must close a `//@needs`, found none"),
        (
            "//@needs m02\n//@needs m00\n//@end",
            "row 2: `//@needs m02` must be closed by `//@end` first, found",
        ),
        ("//@needs m02\nspecies A in cell;", "m01_source.ant: `//@needs m02` must be closed by `//@end`"),
    ],
)
def test_unusable_modules_are_named(small, module, message):
    with pytest.raises(NetworkError, match=message):
        compose_network(small(modules={"m01_source.ant": module}))


def test_two_modules_read_a_quantity_with_one_default(small):
    """The later of two would hold for both where its owner is left out."""
    other = "//@reads brake default 0.9 dimensionless from m02\nslow := brake*k_forward; slow has per_min;"
    with pytest.raises(NetworkError) as caught:
        compose_network(small(modules={"m03_other.ant": other}))
    assert caught.value.problems == (
        "m03_other.ant row 1: the default of brake must be that of m01_source.ant row 4, "
        "0.5 dimensionless from m02, found 0.9 dimensionless from m02",
    )
    folder = small(modules={"m03_other.ant": other.replace("0.9", "0.5")})
    assert model_of(compose_network(folder, ["m01", "m03"])).getParameter("brake").getValue() == 0.5


def append(folder, module, statement):
    """Write a statement at the end of a module, and give its row."""
    path = folder / f"{module}.ant"
    text = path.read_text()
    path.write_text(f"{text}{statement}\n")
    return text.count("\n") + 1


@pytest.mark.parametrize(
    ("module", "statement", "message"),
    [
        ("m01_source", "odd: n A => B; cell*k_forward;", "stoichiometry of `A` must be a number, found n"),
        ("m01_source", "odd: A => n B; cell*k_forward;", "stoichiometry of `B` must be a number, found n"),
        ("m00_base", "compartment nuc = 7;", "`nuc` must have its value in parameters.tsv alone, found another one"),
        ("m00_base", "compartment one, cell = 7;", "`cell` must have its value in parameters.tsv alone, found another"),
    ],
)  # fmt: skip
def test_numbers_stand_in_the_table_and_nowhere_else(small, module, statement, message):
    folder = small({"nuc": "m00_base\t2\tpL\tfixed\t\tfixed\tassumed\tvolume"})
    row = append(folder, module, statement)
    with pytest.raises(NetworkError) as caught:
        compose_network(folder)
    assert any(problem.startswith(f"{module}.ant row {row}: {message}") for problem in caught.value.problems)


@pytest.mark.parametrize("statement", ["A' = 1;", "B := A;"])
def test_a_fault_is_told_of_the_row_that_defines_and_not_of_one_that_uses(small, statement):
    folder = small()
    row = append(folder, "m01_source", statement)
    with pytest.raises(NetworkError) as caught:
        compose_network(folder)
    (problem,) = caught.value.problems
    assert problem.startswith(
        f"m01_source.ant row {row}: a species must be changed by reactions or by a rule"
    )


@pytest.mark.parametrize("word", ["time", "pi", "exponentiale", "avogadro", "inf"])
def test_a_parameter_may_not_be_called_as_antimony_calls_something_else(small, word):
    folder = small({"k_back": None, word: ROWS["k_back"]})
    module = folder / "m02_brake.ant"
    module.write_text(module.read_text().replace("k_back", word))
    with pytest.raises(NetworkError) as caught:
        compose_network(folder)
    assert (
        f"parameters.tsv: `{word}` must have another name, found a word of Antimony" in caught.value.problems
    )


def test_the_product_has_what_was_written(shipped, network_folder):
    text = "\n".join(re.sub(r"//.*", "", module.text) for module in list_modules(network_folder))
    model = model_of(shipped)
    assert model.getNumReactions() == len(re.findall(r"^\s*\w+:[^=].*[-=]>", text, re.MULTILINE))
    assert model.getNumRules() == text.count(":=")
    species = re.findall(r"^\s*species ([^;]*);", text, re.MULTILINE)
    assert model.getNumSpecies() == sum(line.count(",") + 1 for line in species)


def test_text_in_another_encoding_is_named_and_a_byte_order_mark_is_not_in_the_way(small):
    folder = small()
    path = folder / "m02_brake.ant"
    plain = compose_network(folder)
    path.write_bytes(b"\xef\xbb\xbf// H\xc3\xa4mmung \n" + path.read_bytes())
    assert compose_network(folder) == plain
    path.write_bytes(b"// H\xe4mmung\n")
    with pytest.raises(
        NetworkError, match=r"m02_brake\.ant: must be a readable Antimony module, found bytes"
    ):
        compose_network(folder)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("zz := 1;", "No units defined for the parameter: "),
        ("zz := 1; zz has nM;", "Mismatched units in assignment rule for parameter: "),
        ("species zz in cell; zz = 0;", "Dangling reference to a unit"),
    ],
)
def test_what_libsbml_has_against_a_module_is_said_once_of_its_row(small, statement, said):
    folder = small()
    row = append(folder, "m02_brake", statement)
    with pytest.raises(NetworkError) as caught:
        compose_network(folder)
    (problem,) = caught.value.problems
    assert problem.startswith(f"m02_brake.ant row {row}: {said}")


def test_without_an_element_an_objection_names_the_line():
    (broken,) = find_objections("<sbml")[:1]
    assert broken.element == "" and broken.at(None).startswith(f"SBML line {broken.line}: ")


@pytest.mark.parametrize("value", ["5e-324", "2e-308", "-1e-310"])
def test_a_value_too_small_for_all_its_digits_is_refused_by_its_name(small, value):
    prior = "fixed\t" if value.startswith("-") else "log10_normal\t0.3"
    folder = small({"k_back": f"m02_brake\t{value}\tper_min\t{prior}\tassumed\tassumed\tback"})
    with pytest.raises(
        NetworkError, match=r"`k_back` value must be 0 or at least 2\.22507e-308 away from it"
    ):
        compose_network(folder)


def test_an_unknown_module_is_named(small):
    with pytest.raises(
        NetworkError, match=r"network\.modules: must be of m00_base, m01_source, m02_brake, found m77"
    ):
        compose_network(small(), ["m01", "m77"])


def test_a_folder_without_modules_is_refused(tmp_path):
    with pytest.raises(NetworkError, match="must hold Antimony modules named"):
        compose_network(tmp_path)


def test_broken_sbml_is_a_list_of_problems():
    assert check_network("<sbml") != []
