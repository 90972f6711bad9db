"""Algebraic rules: 0 = formula becomes the assignment rule of the one quantity that nothing else determines."""

from collections.abc import Iterable, Sequence

import libsbml

from screen.errors import NetworkError
from screen.network.algebra import ZERO, Expression, free_symbols, substitute, symbol
from screen.network.calculus import derivative
from screen.network.mathml import Formulas, own_name


def solve_algebraic(model: libsbml.Model, formulas: Formulas, known: Iterable[str]) -> dict[str, Expression]:
    """The assignment rules that stand for the algebraic rules of a model.

    NetworkError: a rule that leaves no quantity to determine or more than one, or is not linear in it.
    """
    waiting = [
        formulas.read(rule.getMath(), "algebraic rule")
        for rule in model.getListOfRules()
        if rule.isAlgebraic() and rule.getMath() is not None
    ]
    found: dict[str, Expression] = {}
    free = _undetermined(model) - set(known) if waiting else set()
    while waiting:
        waiting.sort(key=lambda formula: len(free_symbols(formula) & free))
        formula = waiting.pop(0)
        name = _solvable(formula, free, waiting)
        slope = derivative(formula, symbol(name))
        found[name] = -(substitute(formula, {name: ZERO}) / slope)
        free.remove(name)
    return found


def _undetermined(model: libsbml.Model) -> set[str]:
    """Quantities that may change and that no reaction changes."""
    reacting = {
        reference.getSpecies()
        for reaction in model.getListOfReactions()
        for reference in (*reaction.getListOfReactants(), *reaction.getListOfProducts())
    }
    found = {
        item.getIdAttribute()
        for item in model.getListOfSpecies()
        if not item.getConstant() and (item.getBoundaryCondition() or item.getIdAttribute() not in reacting)
    }
    others: Sequence[Iterable[libsbml.SBase]] = (model.getListOfCompartments(), model.getListOfParameters())
    found |= {item.getIdAttribute() for items in others for item in items if not item.getConstant()}
    for reaction in model.getListOfReactions():
        references = (*reaction.getListOfReactants(), *reaction.getListOfProducts())
        found |= {
            each.getIdAttribute() for each in references if each.isSetIdAttribute() and not each.getConstant()
        }
    return set(map(own_name, found))


def _solvable(formula: Expression, free: set[str], others: Sequence[Expression]) -> str:
    """The quantity that a rule determines: linear in it; where there are several, one that no other rule can."""
    names = sorted(free_symbols(formula) & free)
    linear = [n for n in names if n not in free_symbols(derivative(formula, symbol(n)))]
    alone = [n for n in linear if not any(n in free_symbols(other) for other in others)]
    chosen = linear if len(linear) == 1 else alone
    if len(chosen) != 1:
        must = "an algebraic rule must be linear in one quantity that nothing else determines"
        raise NetworkError(f"SBML: {must}, found {', '.join(linear) or 'none'}")
    return chosen[0]
