"""Events of a model: what is set at once when a condition becomes true, at once or after a delay.

Where the condition is a comparison of time with a constant and what is set is a parameter, to a constant, the event
is a formula of time (`by_time`): every engine stops there and every gradient is right. The others stay events.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from functools import reduce

import libsbml

from screen.network.algebra import (
    ONE,
    ZERO,
    Expression,
    add,
    apply,
    constant,
    free_symbols,
    substitute,
    symbol,
    where,
)
from screen.network.mathml import CLOCK, Formulas, own_name

MIRRORED = {"le": "ge", "lt": "gt"}
"""How a comparison reads from the other side."""

MOST_BY_TIME = 30
"""Events of one parameter that become a formula; it has their square as terms."""

LOWEST = constant(-float("inf"))


@dataclass(frozen=True)
class Event:
    """One event; formulas are in the symbols of the model, at the end in those of its states and constants."""

    name: str
    trigger: Expression
    """1 or 0."""
    delay: Expression
    priority: Expression
    """Among what is due at once the highest comes first."""
    before: bool
    """Whether the trigger counts as true before the start, so that it cannot be what fires at the start."""
    persistent: bool
    """Whether it goes on after the trigger has become false again during the delay."""
    at_trigger: bool
    """Whether what is set is computed when the trigger fires, not after the delay."""
    assignments: tuple[tuple[str, Expression], ...]

    @property
    def formulas(self) -> list[Expression]:
        """Trigger, delay, priority, what is set."""
        return [self.trigger, self.delay, self.priority, *(value for _, value in self.assignments)]

    def substituted(self, values: dict[str, Expression]) -> "Event":
        """With symbols of its formulas replaced."""
        return self.mapped(lambda formula: substitute(formula, values))

    def mapped(self, change: Callable[[Expression], Expression]) -> "Event":
        """With each of its formulas changed."""
        return replace(
            self,
            trigger=change(self.trigger),
            delay=change(self.delay),
            priority=change(self.priority),
            assignments=tuple((name, change(value)) for name, value in self.assignments),
        )


def read_events(model: libsbml.Model, formulas: Formulas) -> list[Event]:
    """The events of a model that can fire; NetworkError for a formula that cannot be read."""
    found = []
    for number, item in enumerate(model.getListOfEvents()):
        name, trigger = item.getIdAttribute() or f"number {number + 1}", item.getTrigger()
        if trigger is None or trigger.getMath() is None:
            continue
        parts = [
            part.getMath() if part is not None else None for part in (item.getDelay(), item.getPriority())
        ]
        delay, priority = (
            default if math is None else formulas.read(math, f"event {name}")
            for math, default in zip(parts, (ZERO, LOWEST), strict=True)
        )
        assignments = tuple(
            (own_name(each.getVariable()), formulas.read(each.getMath(), f"event {name}"))
            for each in item.getListOfEventAssignments()
            if each.getMath() is not None
        )
        said = model.getLevel() > 2
        found.append(
            Event(
                name=name,
                trigger=formulas.read(trigger.getMath(), f"event {name}"),
                delay=delay,
                priority=priority,
                before=trigger.getInitialValue() if said else True,
                persistent=trigger.getPersistent() if said else True,
                at_trigger=item.getUseValuesFromTriggerTime()
                if item.isSetUseValuesFromTriggerTime()
                else True,
                assignments=assignments,
            )
        )
    return found


def set_by(events: Iterable[Event]) -> frozenset[str]:
    """What events set."""
    return frozenset(name for event in events for name, _ in event.assignments)


def by_time(
    events: Sequence[Event], settable: Set[str], constants: Set[str]
) -> tuple[dict[str, Expression], list[Event]]:
    """Formulas of the parameters that events set at fixed times alone, and the events that are left.

    `settable` are parameters that nothing else changes, `constants` names that nothing changes. In its formula a
    parameter's own name is its value before the first of its events.
    """
    fixed = [event for event in events if _is_fixed(event, settable, constants)]
    often = Counter(name for event in fixed for name, _ in event.assignments)
    fixed = [event for event in fixed if all(often[name] <= MOST_BY_TIME for name, _ in event.assignments)]
    while True:
        moving = set_by(event for event in events if event not in fixed)
        kept = [event for event in fixed if not moving & set_by([event])]
        if len(kept) == len(fixed):
            break
        fixed = kept
    found = {name: _of_time(name, fixed) for name in sorted(set_by(fixed))}
    return found, [event for event in events if event not in fixed]


def _is_fixed(event: Event, settable: Set[str], constants: Set[str]) -> bool:
    when = fires_at(event)
    if when is None or event.priority is not LOWEST:
        return False
    inside = free_symbols(when) | free_symbols(event.delay)
    values = set().union(*(free_symbols(value) for _, value in event.assignments))
    return inside <= constants and values <= {*constants, CLOCK} and set_by([event]) <= settable


def fires_at(event: Event) -> Expression | None:
    """When a trigger becomes true that says that time has come to something; None for any other trigger."""
    op, args = event.trigger.op, event.trigger.args
    if op in MIRRORED:
        op, args = MIRRORED[op], args[::-1]
    return args[1] if op in ("ge", "gt") and args[0] is symbol(CLOCK) else None


def _of_time(name: str, events: Iterable[Event]) -> Expression:
    """The value of a parameter: what the latest of its events that has been set it to."""
    been = []
    for event in events:
        when = fires_at(event)
        value = dict(event.assignments).get(name)
        if when is None or value is None:
            continue
        done = add(when, event.delay)
        on = event.trigger if event.delay is ZERO else apply("ge", symbol(CLOCK), done)
        if event.before:
            on = _both(on, apply("not", substitute(event.trigger, {CLOCK: ZERO})))
        been.append((on, done, substitute(value, {CLOCK: when if event.at_trigger else done})))
    latest = symbol(name)
    for place, (on, done, value) in enumerate(been):
        for other, (rival, then, _) in enumerate(been):
            if other != place:
                earlier = apply("lt" if other > place else "le", then, done)
                on = _both(on, apply("or", apply("not", rival), earlier))
        latest = where(on, value, latest)
    return latest


def _both(first: Expression, second: Expression) -> Expression:
    conditions = [each for each in (first, second) if each is not ONE]
    return reduce(lambda a, b: apply("and", a, b), conditions) if conditions else ONE
