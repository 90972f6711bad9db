"""An SBML text before its mathematics is read: what is refused, in which words, and what start values depend on."""

import antimony
import libsbml
import pytest

from screen.errors import NetworkError
from screen.network import read_sbml, sbml_document
from screen.network.sbml_document import (
    has_events,
    initially_assigned,
    read_document,
    without_initial_assignments,
)

DECAY = "species A; A = 1; k = 0.1; away: A -> ; k*A;"
HEAD = '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"'


def sbml_of(text: str) -> str:
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return antimony.getSBMLString(antimony.getModuleNames()[-1])


def test_a_text_has_events_or_none():
    assert not has_events(sbml_of(DECAY)) and has_events(sbml_of(DECAY + "at time > 2: A = 3;"))
    assert not has_events(f"{HEAD}/>")


START = f"""{DECAY}
    species B, C; B = share*A0 + time; share := 2*part; part := whole/3; whole = 1; A0 = 4; C = A0;
"""


def test_what_a_start_value_depends_on_is_followed_through_rules_and_other_start_values():
    """Names of numbers and rules; time is none."""
    found = initially_assigned(sbml_of(START))
    assert found == {"B": frozenset(("share", "part", "whole", "A0")), "C": frozenset(("A0",))}
    assert initially_assigned(f"{HEAD}/>") == {}


def test_start_values_that_need_one_another_are_followed_once():
    text = sbml_of("species A, B; p = 1; A = 2*p; B = 3*A; away: A -> ; A;")
    found = initially_assigned(text.replace("<ci> p </ci>", "<ci> B </ci>"))
    assert found == {"A": frozenset(("A", "B")), "B": frozenset(("A", "B"))}


def test_start_values_are_taken_out_by_name():
    text = sbml_of(START)
    assert without_initial_assignments(text, []) is text
    assert set(initially_assigned(without_initial_assignments(text, ["B"]))) == {"C"}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(sbml_document, "DEEPEST", 4)
    monkeypatch.setattr(sbml_document, "WIDEST", 3)


def test_elements_may_be_nested_so_deep_and_no_deeper(small):
    """One inside another; those beside it do not add up."""
    sbml_document._refuse_large("<a><b><c><d/><d/></c></b><b><c><d/></c></b></a>")
    with pytest.raises(NetworkError, match="elements must be nested less than 4 deep, found more"):
        sbml_document._refuse_large("<a><b><c><d><e/></d></c></b></a>")


def test_a_formula_may_have_so_many_elements_and_no_more(small):
    """Its own element is not counted, nor what stands between formulas."""
    three = "<math><x/><x/><x/></math>"
    sbml_document._refuse_large(f"<a>{three}<b/><b/><b/><b/>{three}</a>")
    with pytest.raises(NetworkError, match="SBML line 2: a formula must have at most 3 elements, found more"):
        sbml_document._refuse_large("<a>\n<math><x/><x/><x/><x/></math></a>")


def test_a_refusal_has_the_words_and_the_line_of_libsbml():
    text = sbml_of(DECAY).replace('<speciesReference species="A"', '<speciesReference species="nobody"')
    with pytest.raises(NetworkError, match=r"SBML line \d+: must be consistent, found All .* 'A' is not"):
        read_document(text)


def test_a_unit_that_is_not_declared_is_no_fault():
    document = libsbml.readSBMLFromString(sbml_of(DECAY))
    document.getModel().getParameter("k").setUnits("bogus")
    assert "k" in read_sbml(libsbml.writeSBMLToString(document)).parameters


@pytest.mark.parametrize(("package", "required"), [("fbc", "false"), ("qual", "true")])
def test_a_package_that_says_what_a_model_does_is_refused_by_name(package, required):
    version = {"fbc": "2", "qual": "1"}[package]
    space = f"http://www.sbml.org/sbml/level3/version1/{package}/version{version}"
    strict = ' fbc:strict="false"' if package == "fbc" else ""
    text = f'{HEAD} xmlns:{package}="{space}" {package}:required="{required}"><model id="m"{strict}/></sbml>'
    with pytest.raises(
        NetworkError, match=f"package {package} is not supported, found that the model uses it"
    ):
        read_document(text)


def test_a_package_that_only_draws_is_passed_over():
    space = "http://www.sbml.org/sbml/level3/version1/layout/version1"
    text = sbml_of(DECAY).replace("<sbml ", f'<sbml xmlns:layout="{space}" layout:required="false" ', 1)
    assert read_sbml(text).species == ("A",)


def test_a_model_in_another_file_is_refused_by_its_name():
    space = "http://www.sbml.org/sbml/level3/version1/comp/version1"
    text = (
        f'{HEAD} xmlns:comp="{space}" comp:required="true"><model id="m"/><comp:listOfExternalModelDefinitions>'
        '<comp:externalModelDefinition comp:id="first" comp:source="one.xml"/>'
        '<comp:externalModelDefinition comp:id="second" comp:source="two.xml"/>'
        "</comp:listOfExternalModelDefinitions></sbml>"
    )
    with pytest.raises(NetworkError, match="submodels must be in the same file, found external model first"):
        read_document(text)
