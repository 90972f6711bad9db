"""From a network to the programs that every unrolled engine runs.

What depends on parameters alone is computed once per lane and phase (`hoist`); what is left depends on
state and time and is evaluated in every step. Follow one species: its reactions' rate laws become
instructions of `derivative`; its line there is a sum over reactions; its entries in the sparse Jacobian
come out of `linearisation`; `elimination` says where they go in the factorisation.

`linearisation` repeats the rates beside the Jacobian, because a rate law and its slopes share most of
their work. The two adjoint programs are what the gradient needs: `pullback` takes v to v' df/d(state,
hoisted), `curvature` takes weights S to the gradient of sum(S * J) + w' df/dt.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from screen.kernel.symbolic.conservation import (
    Law,
    Reduction,
    conservation_laws,
    number_and_rest,
    reduce_step,
)
from screen.kernel.symbolic.elimination import Elimination, eliminate
from screen.kernel.symbolic.events import Events, events_of
from screen.kernel.symbolic.program import Builder, Program, reverse
from screen.kernel.symbolic.scale import tolerance_scale
from screen.kernel.symbolic.translate import TIME, Translator, plain_program
from screen.network.algebra import (
    ONE,
    ZERO,
    Expression,
    constant,
    free_symbols,
    mul,
    symbol,
)
from screen.network.calculus import derivative
from screen.network.network import Network


class Gradient(NamedTuple):
    """A program whose outputs are adjoints, and which input each of them belongs to."""

    program: Program
    targets: tuple[tuple[str, int], ...]
    """("state", i), ("hoisted", i) or ("parameter", i) per output."""


class System(NamedTuple):
    """Everything an engine needs to know about a network."""

    name: str
    digest: str
    species: tuple[str, ...]
    parameters: tuple[str, ...]
    values: tuple[float, ...]
    observables: tuple[str, ...]
    scale: tuple[float, ...]
    """Factor of the absolute tolerance for each species: at most 1, less where a species stays small."""
    laws: tuple[Law, ...]
    hoist: Program
    """parameter -> hoisted values."""
    derivative: Program
    """state, hoisted, time -> d state / dt."""
    linearisation: Program
    """state, hoisted, time -> d state / dt, then the Jacobian at `pattern`, then df/dt of `driven`."""
    pattern: tuple[tuple[int, int], ...]
    driven: tuple[int, ...]
    """Species whose derivative depends on time explicitly."""
    breaks: Program
    """parameter -> times at which a rate law switches."""
    elimination: Elimination
    reduction: Reduction
    """The same without the species that conservation laws give."""
    initial: Program
    """parameter -> initial state."""
    per_amount: Program
    """parameter -> change of each species by one of its amount (1 / volume, or 1); no results if that is not one."""
    observe: Program
    """state, parameter, time -> observables."""
    pullback: Gradient
    """cotangent (species), state, hoisted, time -> adjoints of state and hoisted values."""
    curvature: Gradient
    """cotangent (reduction.pattern, then driven), state, hoisted, time -> adjoints of state and hoisted values."""
    hoist_pullback: Gradient
    """cotangent (hoisted), parameter -> adjoints of parameters."""
    breaks_pullback: Gradient
    """cotangent (breaks), parameter -> adjoints of parameters."""
    events: Events | None
    """What is set at once; None where nothing is."""

    @property
    def hoisted(self) -> int:
        """Number of hoisted values."""
        return len(self.hoist.outputs)


def analyse(network: Network) -> System:
    """All programs of a network."""
    translator = Translator(network)
    flow = [_collect(translator, terms) for terms in _terms(network)]
    pattern, slopes = _jacobian(network, translator)
    driven, pushes = _time_derivative(network, translator)
    builder = translator.builder
    breaks = plain_program(network, network.discontinuities)
    hoist = translator.hoisting.program(translator.hoisted)
    laws = conservation_laws(network)
    reduction = reduce_step(len(network.species), pattern, laws)
    needed = [slopes[k] for k in reduction.pattern]
    initial = plain_program(network, network.initial)
    linearisation = builder.program([*flow, *slopes, *pushes])
    values = np.array(network.values, float)
    return System(
        name=network.name,
        digest=network.digest,
        species=network.species,
        parameters=network.parameters,
        values=network.values,
        observables=network.observables,
        scale=tolerance_scale(values, tuple(pattern), initial, hoist, linearisation),
        laws=laws,
        hoist=hoist,
        derivative=builder.program(flow),
        linearisation=linearisation,
        pattern=tuple(pattern),
        driven=tuple(driven),
        breaks=breaks,
        elimination=eliminate(len(network.species), pattern),
        reduction=reduction,
        initial=initial,
        per_amount=plain_program(network, _per_amount(network)),
        observe=plain_program(network, network.observable_rules),
        pullback=_gradient(builder.program(flow)),
        curvature=_gradient(builder.program([*needed, *pushes])),
        hoist_pullback=_gradient(hoist),
        breaks_pullback=_gradient(breaks),
        events=events_of(network),
    )


Term = tuple[Expression, Expression]  # coefficient, value


def _terms(network: Network) -> list[list[Term]]:
    """Per species the (coefficient, rate) pairs that sum to its derivative.

    Where all species of a reaction share a factor (the volume), it goes into the rate, and from there
    into what is computed once per phase.
    """
    factors: list[set[Expression]] = [set() for _ in network.rates]
    for _, reaction, coefficient in network.stoichiometry:
        factors[reaction].add(number_and_rest(coefficient)[1])
    rates = [
        mul(*factor, rate) if len(factor) == 1 else rate
        for factor, rate in zip(factors, network.rates, strict=True)
    ]
    terms: list[list[Term]] = [[] for _ in network.species]
    for species, reaction, coefficient in network.stoichiometry:
        shared = len(factors[reaction]) == 1
        own = constant(number_and_rest(coefficient)[0]) if shared else coefficient
        terms[species].append((own, rates[reaction]))
    for species, rule in network.rate_rules:
        terms[species].append((ONE, rule))
    return terms


def _collect(translator: Translator, terms: Iterable[Term]) -> int:
    """Sum of coefficient * value; values with the same coefficient (but for a number) are summed first."""
    groups: dict[Expression, list[tuple[float, int]]] = defaultdict(list)
    for coefficient, value in terms:
        if value is not ZERO:
            number, rest = number_and_rest(coefficient)
            groups[rest].append((number, translator.translate(value)))
    b = translator.builder
    result = b.constant(0.0)
    for rest, members in groups.items():
        result = b.add(result, b.mul(translator.translate(rest), b.total(members)))
    return result


def _jacobian(network: Network, translator: Translator) -> tuple[list[tuple[int, int]], list[int]]:
    entries: dict[tuple[int, int], list[Term]] = defaultdict(list)
    column = {name: j for j, name in enumerate(network.species)}
    for i, terms in enumerate(_terms(network)):
        for coefficient, value in terms:
            for name in sorted(free_symbols(value) & column.keys(), key=column.__getitem__):
                slope = derivative(value, symbol(name))
                if slope is not ZERO:
                    entries[i, column[name]].append((coefficient, slope))
    pattern = sorted(entries, key=lambda place: place[::-1])  # by column: a slope's users come together
    return pattern, [_collect(translator, entries[place]) for place in pattern]


def _time_derivative(network: Network, translator: Translator) -> tuple[list[int], list[int]]:
    driven, values = [], []
    for i, terms in enumerate(_terms(network)):
        slopes = [(c, derivative(v, symbol(TIME))) for c, v in terms if TIME in free_symbols(v)]
        if any(slope is not ZERO for _, slope in slopes):
            driven.append(i)
            values.append(_collect(translator, slopes))
    return driven, values


def _per_amount(network: Network) -> list[Expression]:
    found: list[set[Expression]] = [set() for _ in network.species]
    for species, _, coefficient in network.stoichiometry:
        found[species].add(number_and_rest(coefficient)[1])
    single = all(len(each) < 2 for each in found)
    return [next(iter(each), ONE) for each in found] if single else []


def _gradient(program: Program) -> Gradient:
    """The program of the adjoints of a program's inputs, given those of its outputs."""
    builder = Builder()
    for instruction in program.code:  # each is there once, so that it keeps its number
        builder.emit(*instruction)
    cotangents: dict[int, int] = {}
    for position, node in enumerate(program.outputs):
        adjoint = builder.emit("cotangent", position)
        cotangents[node] = builder.add(cotangents[node], adjoint) if node in cotangents else adjoint
    adjoints = reverse(builder, cotangents)
    targets = {tuple(builder.code[node]): adjoint for node, adjoint in adjoints.items()}
    wanted = sorted(target for target in targets if target[0] in ("state", "hoisted", "parameter"))
    return Gradient(builder.program([targets[target] for target in wanted]), tuple(wanted))
