"""A calibration problem on what of its network moves and matters in its experiments."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from screen.calibration.problem import Experiments, Problem, Values
from screen.kernel import build_model
from screen.network import read_sbml, slice_network


def cut_problem(problem: Problem, sbml: Path) -> Problem:
    """The problem on the slice of its network (an SBML file) that its measurements depend on: the same predictions.

    Parameters that are 0 in every condition stay so; it is the problem itself where that spares no species, where
    conditions set states or a parameter that the file computes, where states set off events, and where formulas name
    a species that is always 0.
    """
    tables, model = problem.tables, problem.model
    network = read_sbml(sbml)
    if network.events or network.parameters != model.parameters:
        return problem
    if any(each.sets_states for each in tables):
        return problem
    moves = np.any([np.any(_moves(each.parameters), axis=0) for each in tables], axis=0)
    zero = [name for name, moving in zip(model.parameters, moves, strict=True) if not moving]
    named = {name for each in problem.observables for name in (*each.value.names, *each.noise.names)}
    network = slice_network(network, zero, named.intersection(model.observables))
    kept = [place for place, name in enumerate(model.species) if name in network.species]
    if len(kept) == len(model.species) or not named.intersection(model.species) <= set(network.species):
        return problem

    def cut(each: Experiments) -> Experiments:
        states = each.states
        return replace(each, states=Values(states.constant[:, kept], states.source[:, kept]))

    return problem.with_tables(cut, model=build_model(network))


def _moves(values: Values) -> np.ndarray:
    """Whether each value is estimated or a number that is not 0 [rows, columns]."""
    return np.asarray((values.source >= 0) | (values.constant != 0))
