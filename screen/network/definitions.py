"""What stands for what in a model: rules, reactions and rates of change, put into one another."""

from collections.abc import Callable, Collection, Iterable, Mapping

from screen.errors import NetworkError
from screen.network.algebra import (
    ZERO,
    Expression,
    add,
    apply,
    free_symbols,
    substitute,
    substitute_all,
    symbol,
    topological,
)
from screen.network.calculus import derivative
from screen.network.mathml import CLOCK, rate_of

COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
JUMPS = frozenset((*COMPARISONS, "floor", "ceil"))


def resolve(rules: Mapping[str, Expression]) -> dict[str, Expression]:
    """Put rules into one another until none names another; NetworkError where they go in a circle."""
    done: dict[str, Expression] = {}
    waiting = dict(rules)
    while waiting:
        ready = [name for name, rule in waiting.items() if not free_symbols(rule) & (waiting.keys() - {name})]
        if not ready:
            circle = ", ".join(sorted(waiting))
            raise NetworkError(f"SBML: rules must not depend on each other in a circle, found {circle}")
        for name in ready:
            if name in free_symbols(waiting[name]):
                raise NetworkError(f"SBML: a rule must not depend on itself, found {name}")
            done[name] = waiting.pop(name)
        for name, rule in zip(list(waiting), substitute_all(waiting.values(), done), strict=True):
            waiting[name] = rule
    return {name: done[name] for name in rules}


def with_rates(
    wanted: Iterable[str], rules: Mapping[str, Expression], slopes: Callable[[str], Expression]
) -> dict[str, Expression]:
    """The rates of change that `wanted` names, and those they need: symbol name -> formula.

    `slopes` gives the rate of a quantity that no rule sets; that of a rule follows by the chain rule.
    """
    found: dict[str, Expression] = {}
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        key = rate_of(name).name
        if key in found:
            continue
        if name in rules:
            inside = sorted(free_symbols(rules[name]))
            found[key] = add(
                ZERO,
                *(
                    derivative(rules[name], symbol(each)) * (1.0 if each == CLOCK else rate_of(each))
                    for each in inside
                ),
            )
        else:
            found[key] = slopes(name)
        waiting.extend(rates_in([found[key]]))
    return found


def rates_in(formulas: Iterable[Expression]) -> set[str]:
    """The quantities whose rate of change formulas name."""
    start = rate_of("").name
    return {
        name.removeprefix(start) for each in formulas for name in free_symbols(each) if name.startswith(start)
    }


def jumps(formula: Expression) -> bool:
    """Whether a formula has jumps."""
    return any(node.op in JUMPS for node in topological([formula]))


def switch_times(formulas: Iterable[Expression], states: Collection[str]) -> list[Expression]:
    """Times at which a comparison that is linear or quadratic in time changes its answer, whatever the states."""
    time = symbol(CLOCK)
    found: dict[Expression, None] = {}
    for node in topological(formulas):
        if node.op not in COMPARISONS or CLOCK not in free_symbols(node):
            continue
        difference = add(node.args[0], -node.args[1])
        slope = derivative(difference, time)
        bend = derivative(slope, time)
        if CLOCK in free_symbols(bend):
            continue
        start, rise = (substitute(each, {CLOCK: ZERO}) for each in (difference, slope))
        for when in _roots(start, rise, bend):
            if not free_symbols(when) & set(states):
                found[when] = None
    return list(found)


def _roots(start: Expression, rise: Expression, bend: Expression) -> list[Expression]:
    """Where start + rise*t + bend*t^2/2 is 0; without a root where it comes nearest, which does no harm."""
    if bend is ZERO:
        return [-(start / rise)]
    spread = apply("sqrt", rise * rise - 2.0 * start * bend)
    return [(-rise - spread) / bend, (spread - rise) / bend]
