"""What libSBML has to say against a document: units that do not fit, names that are not there, broken rules."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import libsbml

REMEMBERED = 32
"""Documents whose objections a process remembers: commands check the same networks again and again."""

NAMED = re.compile(r"(?:with id|with variable|<parameter>) '(\w+)'")
HELD = re.compile(r'\b(?:id|variable)="(\w+)"')
REFERENCE = re.compile(r"^.*Reference: \S+ Sections? [\d., AND]+")


class Objection(NamedTuple):
    """What is wrong and with which element; where libSBML names none, that which is nearest above its line."""

    element: str
    line: int
    message: str

    def at(self, place: str | None) -> str:
        """The sentence, with a better place than the element or line of the document where there is one."""
        here = f"SBML `{self.element}`" if self.element else f"SBML line {self.line}"
        return f"{place or here}: {self.message}"


def check_network(sbml: str) -> list[str]:
    """What libSBML has to say against a document, one sentence each, units included; empty if nothing.

    >>> check_network(sbml)
    []
    """
    return [each.at(None) for each in find_objections(sbml)]


@lru_cache(maxsize=REMEMBERED)
def find_objections(sbml: str) -> tuple[Objection, ...]:
    """The same as records: of one element the shortest, as the others follow from it."""
    document = libsbml.readSBMLFromString(sbml)
    if not document.getNumErrors(libsbml.LIBSBML_SEV_ERROR):
        document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
        document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
        document.checkConsistency()
    errors = [document.getError(index) for index in range(document.getNumErrors())]
    lines = sbml.split("\n")
    found: dict[str | int, Objection] = {}
    for place, error in enumerate(errors):
        if error.getSeverity() < libsbml.LIBSBML_SEV_WARNING:
            continue
        objection = _objection(error, lines)
        key = objection.element or place
        if key not in found or len(objection.message) < len(found[key].message):
            found[key] = objection
    return tuple(found.values())


def _objection(error: libsbml.SBMLError, lines: Sequence[str]) -> Objection:
    """Where, what must hold, what was found: out of libSBML's paragraphs."""
    message = " ".join(error.getMessage().split())
    named = NAMED.search(message)
    above = reversed(lines[: error.getLine()])
    held = named or next((found for line in above if (found := HELD.search(line))), None)
    short = " ".join(error.getShortMessage().split())
    return Objection(held[1] if held else "", error.getLine(), f"{short}: {REFERENCE.sub('', message)}")
