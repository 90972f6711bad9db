"""Events of a network as programs: when something is set at once, and to what."""

from typing import NamedTuple

from screen.kernel.symbolic.program import Program
from screen.kernel.symbolic.translate import TIME, plain_program
from screen.network.algebra import ZERO, Expression, free_symbols, topological
from screen.network.definitions import COMPARISONS
from screen.network.events import LOWEST, fires_at
from screen.network.network import Network


class Happening(NamedTuple):
    """An event without its formulas (see `screen.network.events.Event`)."""

    before: bool
    persistent: bool
    at_trigger: bool
    strict: bool
    """Whether it fires right behind the time of its trigger, not at it."""
    targets: tuple[int, ...]
    """States that it sets."""


class Events(NamedTuple):
    """All events of a network."""

    each: tuple[Happening, ...]
    values: Program
    """state, parameter, time -> triggers, delays, priorities, and what each event sets, event by event."""
    watch: Program
    """state, parameter, time -> every comparison in a trigger, and the triggers: an event is where one changes."""
    times: Program
    """parameter -> times of triggers, then delays; no results if not every event has a time that states do not move."""
    diluted: tuple[tuple[int, int], ...]
    """Concentrations whose volume events set: (species, volume)."""


def events_of(network: Network) -> Events | None:
    """The events of a network as programs; None where it has none."""
    place, events = {name: i for i, name in enumerate(network.species)}, network.events
    if not events:
        return None
    triggers = [event.trigger for event in events]
    comparisons = (node for node in topological(triggers) if node.op in COMPARISONS)
    formulas = [
        *triggers,
        *(event.delay for event in events),
        *(event.priority for event in events),
        *(value for event in events for _, value in event.assignments),
    ]
    return Events(
        each=tuple(
            Happening(
                event.before,
                event.persistent,
                event.at_trigger,
                event.trigger.op in ("gt", "lt"),
                tuple(place[name] for name, _ in event.assignments),
            )
            for event in events
        ),
        values=plain_program(network, formulas),
        watch=plain_program(network, dict.fromkeys((*comparisons, *triggers))),
        times=plain_program(network, _times(network)),
        diluted=tuple((place[name], place[volume]) for name, volume in network.diluted),
    )


def _times(network: Network) -> list[Expression]:
    """Times of the triggers and delays of all events, where none depends on states, on time or on other events."""
    moving, events = {*network.species, TIME}, network.events
    when = [at for at in map(fires_at, events) if at is not None]
    found = [*when, *(event.delay for event in events)]
    ranked = any(event.priority is not LOWEST for event in events)
    early = any(
        event.at_trigger and event.delay is not ZERO and free_symbols(value) & moving
        for event in events
        for _, value in event.assignments
    )
    moved = any(free_symbols(each) & moving for each in found)
    return [] if len(when) < len(events) or ranked or early or moved else found
