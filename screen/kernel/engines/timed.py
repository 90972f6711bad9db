"""Events at times that states do not move: solves of the network without its events, and what is set between them.

So every engine has such events, and their gradient is that of the solves; the compiled kernel, which knows all events,
takes its gradient from here. Where such a time depends on a parameter, the solve before it ends later or earlier with
the slope of the states there, and the one after it begins so.
"""

from collections.abc import Callable
from functools import cache

import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient

from screen.errors import KernelError
from screen.kernel.cache import digest_of
from screen.kernel.model import Model
from screen.kernel.solution import Runs, Solution, Status
from screen.kernel.symbolic.evaluate import run
from screen.kernel.symbolic.events import Events


@cache
def without_events(model: Model) -> Model:
    """The same network where nothing happens at once; itself where nothing does."""
    if model.system.events is None:
        return model
    digest = digest_of(model.digest, "without events")
    return Model(model.system._replace(digest=digest, events=None), model.cache)


def timed_solve(solve: Callable[[Runs], Solution], model: Model, what: str, runs: Runs) -> Solution:
    """A solve with events; `solve` is one of the network without them.

    KernelError says that `what` cannot be had where an event has no time of its own.
    """
    parameters, state, switches, times = runs
    events = model.system.events
    if events is None or not events.times.outputs or switches.shape[1] > 1:
        rule = "events must have times that no state moves, in lanes of one phase"
        raise KernelError(f"{what}: {rule}, found others in {model.name}")
    constants, start, end = parameters[:, 0], switches[:, 0], times[:, -1]
    due, sound = _due(events, constants, start)
    order = jnp.argsort(stop_gradient(due), axis=1)
    states, before, parts = jnp.broadcast_to(state[:, None], (*times.shape, state.shape[1])), state, []
    for number in range(len(events.each) + 1):
        last = number == len(events.each)
        wanted = jnp.inf if last else jnp.take_along_axis(due, order[:, [number]], axis=1)[:, 0]
        stop = jnp.where(wanted < end, wanted, end)
        part = solve(_between(model, runs._replace(state=state), start, stop))
        parts.append(part)
        here = times >= start[:, None]  # what lies behind the stop is written again
        states = jnp.where(here[..., None], part.states[:, :-1], states)
        state = part.states[:, -1] + _slope(model, stop, part.states[:, -1], constants)
        if not last:
            before = jnp.where((stop > start)[:, None], state, before)
            after = _after(events, order[:, number], (before, state), constants, stop)
            state, start = jnp.where((wanted <= end)[:, None], after, state), stop
    found = _joined(states, parts)
    return found._replace(
        states=jnp.where(sound[:, None, None], found.states, jnp.nan),
        status=jnp.where(sound, found.status, jnp.int32(Status.MAX_STEPS)),
    )


def _due(events: Events, constants: Array, start: Array) -> tuple[Array, Array]:
    """When each event sets its states [lanes, events], and whether it may [lanes]: no delay is negative.

    Never where it does not fire after the start.
    """
    found, due, sound = run(events.times, {"parameter": constants.T}), [], jnp.ones(start.shape, bool)
    for number, event in enumerate(events.each):
        places = number, len(events.each) + number
        when, delay = (jnp.broadcast_to(found[place], start.shape) for place in places)
        sound &= ~(delay < 0)
        late = when >= start if event.strict else when > start
        fires = late | (not event.before)
        when = jnp.where(late, when, start) + delay
        if event.strict:
            when = when + stop_gradient(jnp.where(delay > 0, 0.0, jnp.nextafter(when, jnp.inf) - when))
        due.append(jnp.where(fires, when, jnp.inf))
    return jnp.stack(due, axis=1), sound


def _between(model: Model, runs: Runs, start: Array, stop: Array) -> Runs:
    """From start to stop [lanes]; the outputs are those wanted, as far as they lie there, and the stop."""
    low, high = (stop_gradient(each)[:, None] for each in (start, stop))
    asked = jnp.concatenate([jnp.clip(runs.times, low, high), high], axis=1)
    state = runs.state - _slope(model, start, runs.state, runs.parameters[:, 0])
    return Runs(runs.parameters, state, low, asked)


def _slope(model: Model, time: Array, state: Array, constants: Array) -> Array:
    """0 [lanes, species], with the derivative of the state by what moves the time."""
    rate = jnp.asarray(model.derivative(*(stop_gradient(each) for each in (time, state, constants))))
    return rate * (time - stop_gradient(time))[:, None]


def _after(
    events: Events, chosen: Array, states: tuple[Array, Array], constants: Array, time: Array
) -> Array:
    """States after the chosen event of each lane; `states` are before the first event of that time, and now."""
    _, state = states
    early, now = (
        run(events.values, {"state": each.T, "parameter": constants.T, "time": time}) for each in states
    )
    result = state
    first = 3 * len(events.each)
    for number, event in enumerate(events.each):
        values, after = early if event.at_trigger else now, state
        for place, target in enumerate(event.targets, first):
            after = after.at[:, target].set(values[place])
        for species, volume in events.diluted:
            if volume in event.targets:
                after = after.at[:, species].multiply(state[:, volume] / after[:, volume])
        result = jnp.where((chosen == number)[:, None], after, result)
        first += len(event.targets)
    return result


def _joined(states: Array, parts: list[Solution]) -> Solution:
    status, reached = parts[0].status, parts[0].reached
    for part in parts[1:]:
        good = status == Status.OK
        status, reached = jnp.where(good, part.status, status), jnp.where(good, part.reached, reached)
    accepted, rejected = (sum(getattr(part, name) for part in parts) for name in ("accepted", "rejected"))
    return Solution(states, status, accepted, rejected, reached)
