"""From Antimony modules and a table of parameters to one SBML document.

A network is a folder: one `.ant` file a module, and `parameters.tsv`. Composing takes the chosen modules,
drops what needs a module that was left out, puts in values and units, and writes SBML L3V2 that libSBML
finds consistent. The same folder gives the same text, byte for byte.

Two directives, inside Antimony comments, say how modules depend on each other:

    //@reads ERK_activity default 0 nM from m09    a quantity of another module; a constant where that is out
    //@needs m09 ... //@end                        reactions that exist only together with that module
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import antimony
import libsbml
import polars as pl

from screen.errors import NetworkError
from screen.files import read_text
from screen.network.consistency import find_objections
from screen.network.declarations import (
    Definition,
    definitions,
    find_lost,
    find_overruled,
    find_twice,
    find_unreadable,
    row_of,
)
from screen.network.directives import find_unfounded, resolve
from screen.network.parameters import FILE_NAME, read_parameters

MODEL_NAME = "stat3"
ALWAYS = ("m00", "m13")
"""Modules that are part of every network: units and compartments, drugs."""

COMPOSED = 32
"""Texts that a process remembers: commands compose the same modules again and again, which takes a second."""

WORDS = frozenset(
    ("avogadro", "exponentiale", "false", "inf", "infinity", "nan", "notanumber", "pi", "time", "true")
)
"""What Antimony takes for a number or the clock, in small letters."""

NOWHERE = "default_compartment"
"""Where Antimony puts a species that no module declares."""

LINE = re.compile(r"Error in model string, line (\d+):\s*")
UNKNOWN = re.compile(r"uses '(\w+)' that is not the id of")
TWO_WAYS = re.compile(r"species '(\w+)' occurs in both a rule and reaction")


@dataclass(frozen=True)
class Module:
    """One Antimony file: its key (m01), its file stem and its text."""

    key: str
    stem: str
    text: str


def list_modules(folder: Path) -> tuple[Module, ...]:
    """The modules of a folder, in order of their names; NetworkError where there is none."""
    files = sorted(Path(folder).glob("m[0-9]*.ant"))
    if not files:
        raise NetworkError(f"{folder}: must hold Antimony modules named m<number>_<name>.ant, found none")
    return tuple(
        Module(file.stem.split("_")[0], file.stem, read_text(file, NetworkError, "Antimony module"))
        for file in files
    )


def compose_network(folder: Path | str, modules: Sequence[str] | None = None) -> str:
    """The SBML text of a folder's network.

    `modules` names those to take, by key (`m01`) or file stem; all by default, and `m00` and `m13` always.
    NetworkError names unknown modules, parameters that are used and not in the table or the other way
    round, units that do not fit and whatever Antimony or libSBML reject.

    >>> compose_network("config/network", ["m99"])
    Traceback (most recent call last):
    screen.errors.NetworkError: network.modules: must be of m00_base, ... found m99
    """
    folder = Path(folder)
    every = list_modules(folder)
    chosen = _choose(every, modules)
    table = read_parameters(folder / FILE_NAME)
    present = [module.key for module in chosen]
    resolved = [resolve(m.stem, m.text, present, [each.key for each in every]) for m in chosen]
    texts, reads = [text for text, _ in resolved], [read for _, found in resolved for read in found]
    if problems := find_unfounded(reads, _owned(every, table)):
        raise NetworkError(problems)
    defaults = {each.name: (each.value, each.unit) for each in reads if each.owner not in present}
    written = _checked(chosen, texts)
    overruled = find_overruled(written, frozenset(table["parameter"]), FILE_NAME)
    if overruled:
        raise NetworkError(overruled)
    document = _convert(chosen, texts, defaults)
    _refuse_lost(written, document.getModel())
    _insert_parameters(document.getModel(), table, every, chosen, defaults)
    text = libsbml.writeSBMLToString(document)
    named = list(zip((module.stem for module in chosen), texts, strict=True))
    problems = [
        each.at(row_of(each.element, named) if each.element else None) for each in find_objections(text)
    ]
    if problems:
        raise NetworkError(problems)
    return text


def _choose(every: Sequence[Module], names: Sequence[str] | None) -> tuple[Module, ...]:
    if names is None:
        return tuple(every)
    known = {module.key for module in every} | {module.stem for module in every}
    unknown = [name for name in names if name not in known]
    if unknown:
        keys = ", ".join(module.stem for module in every)
        raise NetworkError([f"network.modules: must be of {keys}, found {name}" for name in unknown])
    return tuple(m for m in every if m.key in ALWAYS or m.key in names or m.stem in names)


def _owned(every: Sequence[Module], table: pl.DataFrame) -> dict[str, set[str]]:
    """What each module (by key) defines, in its text or in the table."""
    named = table.group_by("module").agg("parameter")
    rows = dict(zip(named["module"], named["parameter"].to_list(), strict=True))
    return {
        each.key: {one.name for one in definitions(each.text, each.stem)} | set(rows.get(each.stem, ()))
        for each in every
    }


def _checked(modules: Sequence[Module], texts: Sequence[str]) -> list[Definition]:
    """What the modules define; NetworkError for what Antimony cannot read or would silently replace."""
    named = list(zip(modules, texts, strict=True))
    found = [each for module, text in named for each in definitions(text, module.stem)]
    problems = [problem for module, text in named for problem in find_unreadable(text, module.stem)]
    problems += find_twice(found)
    if problems:
        raise NetworkError(problems)
    return found


def _refuse_lost(written: Sequence[Definition], model: libsbml.Model) -> None:
    """The document must have every reaction, species and rule that was written."""
    rules = list(model.getListOfRules())
    lost = find_lost(
        written,
        {
            "reaction": {each.getId() for each in model.getListOfReactions()},
            "species": {each.getId() for each in model.getListOfSpecies()},
            "rule": {rule.getVariable() for rule in rules if rule.isAssignment()},
            "rate rule": {rule.getVariable() for rule in rules if rule.isRate()},
        },
    )
    if lost:
        raise NetworkError(lost)


def _convert(
    modules: Sequence[Module], texts: Sequence[str], defaults: dict[str, tuple[float, str]]
) -> libsbml.SBMLDocument:
    constants = "\n".join(
        f"{name} = {value!r}; {name} has {unit};" for name, (value, unit) in sorted(defaults.items())
    )
    joined = "\n".join(texts)
    sbml, error = _translated(f"model {MODEL_NAME}()\n{joined}\n{constants}\nend\n")
    if error:
        raise NetworkError(_antimony_problem(error, modules, texts))
    document = libsbml.readSBMLFromString(sbml)
    if not document.setLevelAndVersion(3, 2, True) or document.getModel() is None:
        raise NetworkError(
            "Antimony modules: must convert to SBML Level 3 Version 2, found that libSBML cannot"
        )
    return document


@lru_cache(maxsize=COMPOSED)
def _translated(text: str) -> tuple[str, str]:
    """The SBML of an Antimony model, or what Antimony has to say against it."""
    antimony.clearPreviousLoads()
    antimony.setBareNumbersAreDimensionless(True)
    if antimony.loadAntimonyString(text) < 0:
        return "", " ".join(antimony.getLastError().split())
    return antimony.getSBMLString(MODEL_NAME), ""


def _antimony_problem(message: str, modules: Sequence[Module], texts: Sequence[str]) -> str:
    """What Antimony has to say, with the module file and row; of what it has from libSBML, the point alone."""
    named = [(module.stem, text) for module, text in zip(modules, texts, strict=True)]
    for pattern, rule in (
        (UNKNOWN, "formulas must use names that Antimony takes for quantities, found {}"),
        (TWO_WAYS, "a species must be changed by reactions or by a rule, found both for {}"),
    ):
        if match := pattern.search(message):
            return f"{row_of(match[1], named) or 'Antimony modules'}: {rule.format(match[1])}"
    return f"{_where(message, modules, texts)}: must be valid Antimony, found {LINE.sub('', message)}"


def _where(message: str, modules: Sequence[Module], texts: Sequence[str]) -> str:
    """The module file and row of an error of Antimony, which counts the lines of the joined text."""
    named = LINE.search(message)
    row = int(named.group(1)) - 1 if named else 0  # the first line is the head of the model
    for module, text in zip(modules, texts, strict=True):
        length = text.count("\n") + 1
        if 0 < row <= length:
            return f"{module.stem}.ant row {row}"
        row -= length
    return "Antimony modules"


def _insert_parameters(
    model: libsbml.Model,
    table: pl.DataFrame,
    every: Sequence[Module],
    chosen: Sequence[Module],
    defaults: dict[str, tuple[float, str]],
) -> None:
    """Give every constant its value and unit, or say which cannot have one."""
    rows = {row["parameter"]: row for row in table.iter_rows(named=True)}
    ruled = {rule.getVariable() for rule in model.getListOfRules()}
    units = {unit.getId() for unit in model.getListOfUnitDefinitions()} | {"dimensionless"}
    settled = ruled | set(defaults) | {NOWHERE}
    constants = [
        element
        for element in [*model.getListOfParameters(), *model.getListOfCompartments()]
        if element.getId() not in settled
    ]
    used = {element.getId() for element in constants}
    problems = _species_problems(model, chosen) + _stoichiometry_problems(model, chosen)
    problems += _row_problems(rows, used, every, len(chosen) == len(every))
    for element in constants:
        name = element.getId()
        if name not in rows:
            user = _user_of(name, chosen)
            problems.append(f"module {user}: parameter `{name}` must be in {FILE_NAME}, found no such row")
        elif (unit := rows[name]["unit"]) not in units:
            problems.append(
                f"{FILE_NAME}: unit of `{name}` must be declared in {every[0].stem}, found {unit}"
            )
        elif element.getTypeCode() == libsbml.SBML_COMPARTMENT and (size := rows[name]["value"]) <= 0:
            problems.append(
                f"{FILE_NAME}: value of `{name}` must be above 0, as it is a volume, found {size:g}"
            )
        else:
            _set_value(element, rows[name]["value"], unit)
    if problems:
        raise NetworkError(problems)


def _set_value(element: libsbml.Parameter | libsbml.Compartment, value: float, unit: str) -> None:
    if element.getTypeCode() == libsbml.SBML_COMPARTMENT:
        element.setSize(value)
    else:
        element.setValue(value)
        element.setConstant(True)
    element.setUnits(unit)


def _species_problems(model: libsbml.Model, chosen: Sequence[Module]) -> list[str]:
    lost = [species.getId() for species in model.getListOfSpecies() if species.getCompartment() == NOWHERE]
    return [
        f"module {_user_of(name, chosen)}: species `{name}` must be declared in a compartment, found none"
        for name in lost
    ]


def _stoichiometry_problems(model: libsbml.Model, chosen: Sequence[Module]) -> list[str]:
    """A name in the place of a number of molecules, which would count 1."""
    texts = [(module.stem, module.text) for module in chosen]
    return [
        f"{row_of(reaction.getId(), texts)}: stoichiometry of `{each.getSpecies()}` must be a number, "
        f"found {each.getId()}"
        for reaction in model.getListOfReactions()
        for each in [*reaction.getListOfReactants(), *reaction.getListOfProducts()]
        if each.isSetIdAttribute()
    ]


def _row_problems(rows: dict[str, dict], used: set[str], every: Sequence[Module], whole: bool) -> list[str]:
    stems = {module.stem for module in every}
    problems = []
    for name, row in rows.items():
        if row["module"] not in stems:
            problems.append(f"{FILE_NAME}: module of `{name}` must be a file here, found {row['module']}")
        elif name.lower() in WORDS:
            problems.append(f"{FILE_NAME}: `{name}` must have another name, found a word of Antimony")
        elif whole and name not in used:
            problems.append(f"{FILE_NAME}: `{name}` must be used by {row['module']}, found no use")
    return problems


def _user_of(name: str, modules: Sequence[Module]) -> str:
    word = re.compile(rf"\b{re.escape(name)}\b")
    return next((module.stem for module in modules if word.search(module.text)), "unknown")
