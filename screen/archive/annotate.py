"""The network with what its parts stand for: identifiers of databases (MIRIAM), terms of the Systems Biology Ontology.

What runs is the network without them: an annotation changes no number, so nothing is compiled or run again for it.
The term of a reaction follows from what it turns into what, that of a parameter from its unit and name.
"""

from collections.abc import Mapping
from pathlib import Path

import libsbml

from screen.archive.annotations import KINDS, Annotation, read_annotations
from screen.errors import NetworkError
from screen.network import check_network, read_document

MODEL, COMPARTMENT = 293, 290
"""Non-spatial continuous framework, physical compartment."""

PROCESS, REACTION = 375, 176
"""Process, biochemical reaction."""

TRANSCRIPTION, PRODUCTION, DEGRADATION, TRANSLOCATION, BINDING, DISSOCIATION = 183, 393, 179, 185, 177, 180

PARAMETER, CONSTANT, CONCENTRATION = 2, 9, 196
"""Quantitative systems description parameter, kinetic constant, concentration of an entity pool."""

RATES = ("per_min", "nM_per_min", "per_nM_per_min")
"""Units of kinetic constants."""

TOTAL = "_total"
"""Ends the names of amounts that a cell has of something."""


Side = tuple[tuple[str, float], ...]
"""The species on one side of a reaction that stand for something, and how many molecules of each."""


def annotate(sbml: str, folder: Path) -> str:
    """The SBML text of a network with annotations of the tables in its folder; libSBML must find it consistent.

    NetworkError: tables that do not fit together or the network, what libSBML has to say against the outcome.

    >>> from pathlib import Path
    >>> from screen.network import compose_network
    >>> "uniprot:P40763" in annotate(compose_network("config/network", None), Path("config/network"))
    True
    """
    document = read_document(sbml)
    model, annotations = document.getModel(), read_annotations(folder)
    model.setSBOTerm(MODEL)
    for compartment in model.getListOfCompartments():
        compartment.setSBOTerm(COMPARTMENT)
    for species in model.getListOfSpecies():
        if not (species.isSetInitialConcentration() or species.isSetInitialAmount()):
            species.setInitialConcentration(0.0)  # where it starts unless an initial assignment says more
        if species.getId() in annotations:
            _annotate_species(species, annotations[species.getId()])
    for parameter in model.getListOfParameters():
        parameter.setSBOTerm(_parameter_term(parameter))
    turned = {reaction.getId(): _turned(reaction, annotations) for reaction in model.getListOfReactions()}
    bindings = {each for each in turned.values() if _binds(*each, annotations)}
    for reaction in model.getListOfReactions():
        before, after = turned[reaction.getId()]
        if (before, after) in bindings:
            term = BINDING
        elif (after, before) in bindings:
            term = DISSOCIATION
        elif reaction.getReversible() and not before:
            term = PROCESS
        else:
            term = _reaction_term(before, after, model, annotations)
        reaction.setSBOTerm(term)
    text = str(libsbml.writeSBMLToString(document))
    problems = check_network(text)
    if problems:
        raise NetworkError(problems)
    return text


def _annotate_species(species: libsbml.Species, annotation: Annotation) -> None:
    species.setSBOTerm(annotation.kind.term)
    species.setMetaId(f"meta_{species.getId()}")
    found = annotation.identifiers
    for qualifier, addresses in (
        (annotation.kind.qualifier, (*found["uniprot"], *found["chebi"])),
        (libsbml.BQB_IS_ENCODED_BY, found["hgnc"]),
    ):
        term = libsbml.CVTerm(libsbml.BIOLOGICAL_QUALIFIER)
        term.setBiologicalQualifierType(qualifier)
        for address in addresses:
            term.addResource(address)
        if addresses:
            species.addCVTerm(term)


def _parameter_term(parameter: libsbml.Parameter) -> int:
    if parameter.getConstant() and parameter.getUnits() in RATES:
        return CONSTANT
    return CONCENTRATION if parameter.getId().endswith(TOTAL) else PARAMETER


def _turned(reaction: libsbml.Reaction, annotations: Mapping[str, Annotation]) -> tuple[Side, Side]:
    """Both sides of a reaction."""

    def side(references: libsbml.ListOfSpeciesReferences) -> Side:
        found = ((each.getSpecies(), each.getStoichiometry()) for each in references)
        return tuple(sorted((name, number) for name, number in found if name in annotations))

    return side(reaction.getListOfReactants()), side(reaction.getListOfProducts())


def _binds(before: Side, after: Side, annotations: Mapping[str, Annotation]) -> bool:
    """Whether several molecules become one complex."""
    one = len(after) == 1 and after[0][1] == 1 and annotations[after[0][0]].kind is KINDS["complex"]
    return one and sum(number for _, number in before) > 1


def _reaction_term(
    before: Side, after: Side, model: libsbml.Model, annotations: Mapping[str, Annotation]
) -> int:
    """The term of a reaction that neither binds nor parts."""
    if not before and not after:
        return PROCESS
    if not before:
        return TRANSCRIPTION if annotations[after[0][0]].kind is KINDS["mRNA"] else PRODUCTION
    if not after:
        return DEGRADATION
    ends = [
        (annotations[name].kind, annotations[name].made_of, model.getSpecies(name).getCompartment())
        for name, _ in (*before, *after)
    ]
    moved = len(before) == len(after) == 1 and ends[0][:2] == ends[1][:2] and ends[0][2] != ends[1][2]
    return TRANSLOCATION if moved else REACTION
