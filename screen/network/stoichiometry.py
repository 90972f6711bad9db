"""What each reaction of a model adds to each species, as it is written: in the quantity of the species."""

from collections.abc import Collection, Mapping

import libsbml

from screen.network.algebra import ONE, ZERO, Expression, constant, substitute, symbol
from screen.network.mathml import Formulas, own_name

Terms = list[tuple[str, str, Expression]]
"""(species, reaction, net coefficient)"""


def read_terms(
    model: libsbml.Model, formulas: Formulas, now: Mapping[str, Expression], changed: Collection[str]
) -> Terms:
    """The terms of the species in `changed` that are not on a boundary; `now` is what stands for parameters."""
    terms = []
    for reaction in model.getListOfReactions():
        net: dict[str, Expression] = {}
        for sign, references in ((-1, reaction.getListOfReactants()), (1, reaction.getListOfProducts())):
            for reference in references:
                name = own_name(reference.getSpecies())
                net[name] = net.get(name, ZERO) + sign * _coefficient(reference, formulas, now)
        for name, coefficient in net.items():
            item = model.getSpecies(name)
            item = item if item is not None else model.getSpecies(name.removesuffix("_"))
            if name in changed and not item.getBoundaryCondition():
                terms.append((name, own_name(reaction.getIdAttribute()), coefficient * _scale(model, item)))
    return terms


def number_of(reference: libsbml.SpeciesReference) -> float:
    """The stoichiometry that is written; 1 where none is."""
    number = reference.getStoichiometry() if reference.isSetStoichiometry() else 1.0
    return number / (reference.getDenominator() if reference.getLevel() < 3 else 1)


def _scale(model: libsbml.Model, item: libsbml.Species) -> Expression:
    """What the extent of a reaction is multiplied with, besides the stoichiometry."""
    factor = item.getConversionFactor() or model.getConversionFactor()
    amount = symbol(own_name(factor)) if factor else ONE
    return (
        amount
        if item.getHasOnlySubstanceUnits()
        else amount * (1.0 / symbol(own_name(item.getCompartment())))
    )


def _coefficient(
    reference: libsbml.SpeciesReference, formulas: Formulas, now: Mapping[str, Expression]
) -> Expression:
    if reference.isSetStoichiometryMath():
        written = formulas.read(reference.getStoichiometryMath().getMath(), "stoichiometry")
        return substitute(written, now)
    if reference.isSetIdAttribute():
        return symbol(own_name(reference.getIdAttribute()))
    return constant(number_of(reference))
