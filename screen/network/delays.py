"""Delays of what is a function of time alone: then x(t - lag) is a formula, and exact; every other delay is refused.

A function of time alone is a rule of time and constants, or a state whose rate of change is constant. Before the
start rules and initial assignments hold as they are written, in the time before; what has neither had its first value.
"""

from collections.abc import Callable, Iterable, Mapping, Set

from screen.errors import NetworkError
from screen.network.algebra import (
    DELAY,
    ZERO,
    Expression,
    apply,
    free_symbols,
    rebuild,
    substitute,
    symbol,
    topological,
    where,
)
from screen.network.mathml import CLOCK

Formulas = Mapping[str, Expression]


def has_delays(formulas: Iterable[Expression]) -> bool:
    """Whether a formula delays something."""
    return any(node.op == DELAY for node in topological(formulas))


def courses(rules: Formulas, rates: Formulas, starts: Formulas, constants: Set[str]) -> dict[str, Expression]:
    """What is a function of time alone, as a formula of time and constants.

    `rates` and `starts` are those of what nothing but its rate of change moves.
    """
    found: dict[str, Expression] = {}
    waiting = {**rules, **rates}
    while True:
        replaced = without_delays(found, constants)
        ready = {
            name: substitute(replaced(formula), found)
            for name, formula in waiting.items()
            if free_symbols(formula) <= {CLOCK, *constants, *found}
        }
        steady = {name: formula for name, formula in ready.items() if CLOCK not in free_symbols(formula)}
        new = {name: formula for name, formula in ready.items() if name in rules}
        new |= {
            name: _straight(substitute(starts[name], found), slope)
            for name, slope in steady.items()
            if name in rates and free_symbols(starts[name]) <= {CLOCK, *constants, *found}
        }
        if not new:
            return found
        found |= new
        waiting = {name: formula for name, formula in waiting.items() if name not in new}


def _straight(start: Expression, slope: Expression) -> Expression:
    """What changes at a constant rate from the start on; before it `start` says what there was."""
    time = symbol(CLOCK)
    return where(apply("ge", time, ZERO), substitute(start, {CLOCK: ZERO}) + slope * time, start)


def without_delays(known: Formulas, constants: Set[str]) -> Callable[[Expression], Expression]:
    """A function that puts the value at the earlier time in place of each delay of a formula.

    `known` are functions of time alone, `constants` names that nothing changes. NetworkError: a delay of anything else.
    """

    def replaced(formula: Expression) -> Expression:
        new: dict[Expression, Expression] = {}
        for node in topological([formula]):
            args = [new[arg] for arg in node.args]
            if node.op == DELAY:
                new[node] = _earlier(args[0], args[1], known, constants)
            else:
                new[node] = node if args == list(node.args) else rebuild(node.op, args)
        return new[formula]

    return replaced


def _earlier(value: Expression, lag: Expression, known: Formulas, constants: Set[str]) -> Expression:
    course = substitute(value, known)
    others = sorted(free_symbols(course) - {CLOCK, *constants})
    if others:
        must = "only what is a function of time alone can be delayed"
        raise NetworkError(f"SBML: {must}, found a delay of {', '.join(others)}")
    return substitute(course, {CLOCK: symbol(CLOCK) - lag})
