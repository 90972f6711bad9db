"""What the SBML says of each module: its processes, what they turn into what, and what drives or holds them.

A process is a reaction; it belongs to the module whose file declares it. Whether a quantity in a rate law
stimulates or inhibits is the sign of the slope of the rate with respect to it, at the defaults (where
species count as one half, and products of a reversible reaction as none). This is what the maps in the
documentation draw.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import libsbml

from screen.network.algebra import Expression, evaluate, free_symbols, symbol
from screen.network.calculus import derivative
from screen.network.compose import Module, list_modules
from screen.network.mathml import Formulas
from screen.network.parameters import FILE_NAME, read_parameters

HALF = 0.5
"""Value of species and of parameters whose default is 0, where the sign of a slope is taken."""

Modulators = tuple[tuple[str, str], ...]

STIMULATION, INHIBITION, MODULATION = "stimulation", "inhibition", "modulation"


@dataclass(frozen=True)
class Process:
    """A reaction; `modulators` are (species, rule variable or input, how it acts), sorted."""

    name: str
    reactants: tuple[str, ...]
    products: tuple[str, ...]
    reversible: bool
    modulators: Modulators


@dataclass(frozen=True)
class ModuleMap:
    """A module: title and text at the head of its file, its processes, the compartment of every species in
    them, and the quantities it defines by rule, with what acts on each and how."""

    stem: str
    title: str
    text: str
    processes: tuple[Process, ...]
    compartments: Mapping[str, str]
    quantities: tuple[tuple[str, Modulators], ...]

    @property
    def digest(self) -> str:
        """SHA-256 of what a map of it shows."""
        shown = repr((self.processes, sorted(self.compartments.items()), self.quantities))
        return hashlib.sha256(shown.encode()).hexdigest()


def module_maps(sbml: str, folder: Path) -> tuple[ModuleMap, ...]:
    """One for each module file of the folder, in their order; `sbml` is the network composed from all of them."""
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    modules = list_modules(folder)
    table = read_parameters(Path(folder) / FILE_NAME)
    inputs = set(table.filter(mark="input")["parameter"])
    shown = {element.getId() for element in model.getListOfSpecies()} | inputs
    shown |= {rule.getVariable() for rule in model.getListOfRules()}
    values = {p.getId(): p.getValue() or HALF for p in model.getListOfParameters()}
    values |= {c.getId(): c.getSize() for c in model.getListOfCompartments()}
    values |= dict.fromkeys(shown - inputs, HALF) | {"time": 1.0}
    formulas = Formulas(model)
    processes = {r.getId(): _process(r, formulas, shown, values) for r in model.getListOfReactions()}
    rules = {
        rule.getVariable(): _modulators(formulas.read(rule.getMath(), rule.getVariable()), shown, values)
        for rule in model.getListOfRules()
    }
    return tuple(_module_map(module, model, processes, rules) for module in modules)


def _module_map(
    module: Module,
    model: libsbml.Model,
    processes: Mapping[str, Process],
    rules: Mapping[str, Modulators],
) -> ModuleMap:
    title, text = _head(module)
    own = tuple(processes[name] for name in re.findall(r"^\s*(\w+)\s*:(?!=)", module.text, re.MULTILINE))
    species = sorted({name for p in own for name in (*p.reactants, *p.products)})
    defined = re.findall(r"^\s*(\w+)\s*:=", module.text, re.MULTILINE)
    quantities = tuple((name, rules[name]) for name in defined)
    compartments = {name: model.getSpecies(name).getCompartment() for name in species}
    return ModuleMap(module.stem, title, text, own, compartments, quantities)


def _head(module: Module) -> tuple[str, str]:
    """First sentence of the comment at the head of a module, and what follows it."""
    lines = []
    for line in map(str.strip, module.text.splitlines()):
        if not line.startswith("//") or line.startswith("//@"):
            break
        lines.append(line.removeprefix("//").strip())
    title, _, text = " ".join(" ".join(lines).split()).partition(". ")
    return title.rstrip("."), text.strip()


def _process(
    reaction: libsbml.Reaction, formulas: Formulas, shown: set[str], values: Mapping[str, float]
) -> Process:
    reactants = tuple(sorted(s.getSpecies() for s in reaction.getListOfReactants()))
    products = tuple(sorted(s.getSpecies() for s in reaction.getListOfProducts()))
    law = formulas.read(reaction.getKineticLaw().getMath(), reaction.getId())
    taking_part = {*reactants, *products} if reaction.getReversible() else set(reactants)
    forward = dict.fromkeys(products, 0.0) if reaction.getReversible() else {}
    modulators = _modulators(law, shown - taking_part, {**values, **forward})
    return Process(reaction.getId(), reactants, products, reaction.getReversible(), modulators)


def _modulators(law: Expression, shown: set[str], values: Mapping[str, float]) -> Modulators:
    acting = sorted(free_symbols(law) & shown)
    slopes = [derivative(law, symbol(name)) for name in acting]
    return tuple(
        (name, _effect(float(evaluate(slope, values)))) for name, slope in zip(acting, slopes, strict=True)
    )


def _effect(slope: float) -> str:
    if math.isnan(slope) or slope == 0:
        return MODULATION
    return STIMULATION if slope > 0 else INHIBITION
