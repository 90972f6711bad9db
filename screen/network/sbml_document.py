"""From SBML text to one libSBML document: in one file, flat, of one piece, and nothing in it that is not read.

What is not supported is refused by name here rather than ignored; submodels (package comp) are put in
place by libSBML, which also gives parameters of a rate law names of their own.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.parsers import expat

import libsbml

from screen.errors import NetworkError
from screen.files import read_text

DEEPEST = 1_000
"""Elements inside one another that are read; libSBML would overflow the stack a little further down."""

WIDEST = 15_000
"""Elements of one formula that are read; the time that libSBML takes grows as their square."""

FLATTENED = "comp"
HARMLESS = frozenset(("layout", "render", "groups", "l3v2extendedmath"))
"""Packages that say nothing about what a model does, and the mathematics of Level 3 Version 2, which is read."""

CHECKED = (
    libsbml.LIBSBML_CAT_GENERAL_CONSISTENCY,
    libsbml.LIBSBML_CAT_IDENTIFIER_CONSISTENCY,
)
UNCHECKED = (
    libsbml.LIBSBML_CAT_MATHML_CONSISTENCY,  # puts functions into one another, which may take for ever
    libsbml.LIBSBML_CAT_UNITS_CONSISTENCY,
    libsbml.LIBSBML_CAT_MODELING_PRACTICE,
    libsbml.LIBSBML_CAT_SBO_CONSISTENCY,
    libsbml.LIBSBML_CAT_OVERDETERMINED_MODEL,
)

UNKNOWN_UNIT = 10313
"""libSBML's number of a unit that is not declared, which no number depends on."""


def sbml_text(source: Path | str) -> str:
    """The text of an SBML file (a Path), or the text itself.

    >>> from pathlib import Path
    >>> Path("network.xml").write_text(sbml) == len(sbml)
    True
    >>> sbml_text(Path("network.xml")) == sbml_text(sbml)
    True
    """
    if isinstance(source, str):
        return source
    return read_text(source, NetworkError, "SBML file")


def read_document(text: str) -> libsbml.SBMLDocument:
    """The flat document of an SBML text; NetworkError says what cannot be used.

    >>> read_document(sbml).getModel().getNumReactions() > 0
    True
    """
    _refuse_large(text)
    document = libsbml.readSBMLFromString(text)
    _refuse_errors(document, "readable")
    if document.getModel() is None:
        raise NetworkError("SBML: must hold a model, found none")
    _refuse_packages(document)
    if document.getPlugin(FLATTENED) is not None:
        _flatten(document)
    _check(document)
    _refuse_unsupported(document.getModel())
    if not document.convert(_option("promoteLocalParameters")) == libsbml.LIBSBML_OPERATION_SUCCESS:
        raise NetworkError(
            "SBML: parameters of rate laws must have names of their own, found that libSBML cannot"
        )
    return document


def has_events(text: str) -> bool:
    """Whether an SBML text has events.

    >>> has_events(sbml)
    False
    """
    model = libsbml.readSBMLFromString(text).getModel()
    return bool(model and model.getNumEvents())


def initially_assigned(text: str) -> dict[str, frozenset[str]]:
    """What an SBML text sets by an initial assignment, and all names that its value depends on.

    >>> "gp130_total" in initially_assigned(sbml)["gp130"]
    True
    """
    document = libsbml.readSBMLFromString(text)
    model = document.getModel()
    if model is None:
        return {}
    assigned = {each.getSymbol(): names_in(each.getMath()) for each in model.getListOfInitialAssignments()}
    rules = {
        each.getVariable(): names_in(each.getMath()) for each in model.getListOfRules() if each.isAssignment()
    }
    return {name: _all_names(name, {**rules, **assigned}) for name in assigned}


def names_in(math: libsbml.ASTNode | None) -> frozenset[str]:
    """The names that a formula uses.

    >>> import libsbml
    >>> sorted(names_in(libsbml.parseL3Formula("k*A + exp(-k)")))
    ['A', 'k']
    """
    if math is None:
        return frozenset()
    inside = (names_in(math.getChild(place)) for place in range(math.getNumChildren()))
    own = frozenset((math.getName(),)) if math.getType() == libsbml.AST_NAME else frozenset()
    return own.union(*inside)


def _all_names(name: str, formulas: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The names that a formula uses, and those that they stand for."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = formulas.get(waiting.pop(), frozenset()) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


def without_initial_assignments(text: str, names: Iterable[str]) -> str:
    """The SBML text without the initial assignments of some quantities: what sets those instead wins.

    >>> "gp130" in initially_assigned(without_initial_assignments(sbml, ["gp130"]))
    False
    """
    dropped = sorted(names)
    if not dropped:
        return text
    document = libsbml.readSBMLFromString(text)
    for name in dropped:
        document.getModel().removeInitialAssignment(name)
    return str(libsbml.writeSBMLToString(document))


def _refuse_large(text: str) -> None:
    """Refuse elements nested too deep and formulas of too many, before libSBML reads them."""
    depth, elements = 0, None  # type: int, int | None

    def start(name: str, _: object) -> None:
        nonlocal depth, elements
        depth += 1
        elements = 0 if is_formula(name) else None if elements is None else elements + 1
        if depth > DEEPEST:
            raise NetworkError(f"SBML: elements must be nested less than {DEEPEST} deep, found more")
        if elements is not None and elements > WIDEST:
            line = parser.CurrentLineNumber
            raise NetworkError(f"SBML line {line}: a formula must have at most {WIDEST} elements, found more")

    def end(name: str) -> None:
        nonlocal depth, elements
        depth -= 1
        elements = None if is_formula(name) else elements

    def is_formula(name: str) -> bool:
        return name.rpartition(":")[2] == "math"

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(text.encode(), True)
    except (
        expat.ExpatError,
        LookupError,
        ValueError,
    ) as error:  # ... an encoding that is none, or not of this text
        raise NetworkError(f"SBML: must be readable, found {error}") from None


def _option(name: str, **further: str) -> libsbml.ConversionProperties:
    properties = libsbml.ConversionProperties()
    properties.addOption(name, True)
    for option, value in further.items():
        properties.addOption(option, value)
    return properties


def _refuse_errors(document: libsbml.SBMLDocument, must: str) -> None:
    log = document.getErrorLog()
    for number in range(log.getNumErrors()):
        error = log.getError(number)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR and error.getErrorId() != UNKNOWN_UNIT:
            message = " ".join(error.getMessage().split()) or error.getShortMessage()
            raise NetworkError(f"SBML line {error.getLine()}: must be {must}, found {message}")


def _check(document: libsbml.SBMLDocument) -> None:
    """Identifiers that are declared, and once."""
    document.getErrorLog().clearLog()
    for category in CHECKED:
        document.setConsistencyChecks(category, True)
    for category in UNCHECKED:
        document.setConsistencyChecks(category, False)
    document.checkConsistency()
    _refuse_errors(document, "consistent")


def _refuse_packages(document: libsbml.SBMLDocument) -> None:
    for number in range(document.getNumPlugins()):
        package = document.getPlugin(number).getPackageName()
        if package not in (FLATTENED, *HARMLESS) and (
            package == "fbc" or document.getPackageRequired(package)
        ):
            raise NetworkError(f"SBML: package {package} is not supported, found that the model uses it")


def _flatten(document: libsbml.SBMLDocument) -> None:
    model = document.getPlugin(FLATTENED)
    if model.getNumExternalModelDefinitions():
        name = model.getExternalModelDefinition(0).getId()
        raise NetworkError(f"SBML: submodels must be in the same file, found external model {name}")
    document.getErrorLog().clearLog()
    flat = _option("flatten comp", performValidation="false", leavePorts="false")
    if document.convert(flat) != libsbml.LIBSBML_OPERATION_SUCCESS:
        _refuse_errors(document, "a model whose submodels libSBML can flatten")
        raise NetworkError("SBML: submodels must be such that libSBML can flatten them, found that it cannot")


def _refuse_unsupported(model: libsbml.Model) -> None:
    problems = []
    for reaction in model.getListOfReactions():
        law = reaction.getKineticLaw()
        if law is None or law.getMath() is None:
            problems.append(f"SBML: every reaction must have a rate, found none for {reaction.getId()}")
        if reaction.isSetFast() and reaction.getFast():
            problems.append(f"SBML: fast reactions are not supported, found {reaction.getId()}")
    if problems:
        raise NetworkError(problems)
