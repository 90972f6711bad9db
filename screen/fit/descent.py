"""Many vectors go downhill at once by damped Gauss-Newton steps, each with a cost of its own.

One engine call looks at the proposals of all of them. No vector waits for another or knows of it, so that it goes
the same way alone and in company; the state of all goes into the checkpoint.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np

from screen.fit.boxed import damped_step
from screen.fit.checkpoint import read_checkpoint, write_checkpoint
from screen.fit.progress import Progress

UNSOUND_COST = 1e6
"""What a vector costs that cannot be integrated."""

FIRST, EASED, TIGHTENED, LEAST, MOST = 1.0, 0.2, 6.0, 1e-3, 1e6
"""The first damping, what it is multiplied by after a step that was taken, or not, and its bounds."""


@dataclass(frozen=True)
class Pace:
    """How far vectors are followed."""

    steps: int = 12
    """Most steps of a vector."""
    tolerance: float = 0.5
    """A vector has arrived when a step promises, or `patience` in a row bring, less than this."""
    patience: int = 3
    reach: float = 1.5
    """Furthest that an unknown moves in one step, in units."""


class Trail(Protocol):
    """What was found on the way to some vectors, one entry a vector."""

    def take(self, chosen: np.ndarray) -> Self:
        """Of these vectors only."""
        ...

    def put(self, chosen: np.ndarray, other: Any) -> Self:
        """With the entries of these vectors replaced."""
        ...


class Seen(Trail, Protocol):
    """What is seen at some vectors: what they cost, and whatever `Linearise` needs besides."""

    @property
    def cost(self) -> np.ndarray:
        """Cost [vectors]; `UNSOUND_COST` for one that cannot be integrated."""
        ...


class Costs(NamedTuple):
    """The least that is `Seen`: what each vector costs."""

    cost: np.ndarray

    def take(self, chosen: np.ndarray) -> "Costs":
        """Of these vectors only."""
        return Costs(self.cost[chosen])

    def put(self, chosen: np.ndarray, other: "Costs") -> "Costs":
        """With these vectors replaced."""
        cost = self.cost.copy()
        cost[chosen] = other.cost
        return Costs(cost)


S = TypeVar("S", bound=Seen)

Look = Callable[[np.ndarray, np.ndarray], S]
"""(places, scaled vectors [vectors, unknowns]) of some -> what is seen there."""

Linearise = Callable[[np.ndarray, np.ndarray, S], tuple[np.ndarray, np.ndarray]]
"""(places, vectors, what is seen there) of some -> gradients [vectors, unknowns] and Gauss-Newton matrices
[vectors, unknowns, unknowns] of their costs."""


class Descent(NamedTuple):
    """Where the vectors are: scaled, their costs, dampings, idle steps and whether each has arrived."""

    step: np.ndarray
    scaled: np.ndarray
    cost: np.ndarray
    damping: np.ndarray
    idle: np.ndarray
    arrived: np.ndarray


def descend(
    look: Look[S],
    linearise: Linearise[S],
    starts: Sequence[np.ndarray],
    unit: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    pace: Pace,
    name: str,
    key: str = "",
    checkpoint: Path | None = None,
    describe: Callable[[S], str] = lambda seen: "",
    report: Callable[[str], None] = lambda line: None,
) -> tuple[Descent, S]:
    """From scaled vectors [vectors, unknowns] to where they end, and what is seen there.

    Each vector begins at that of its `starts` which costs least. `unit` [unknowns] is what the damping and the
    reach count in. With `checkpoint`, goes on from that file if it is of this very descent (`key` says what is
    looked at). `describe` adds to the lines of progress, which begin with `name`.
    """
    what = key, [start.tobytes() for start in starts], unit.tobytes(), asdict(pace)
    digest = hashlib.sha256(repr(what).encode()).hexdigest()
    state = _initial(starts[0], np.full(len(starts[0]), np.inf))
    stored = None if checkpoint is None else read_checkpoint(checkpoint, digest, state)
    if stored is not None:
        state = Descent(*(np.asarray(part) for part in stored))
        report(f"{name}: resumed at step {int(state.step)} from {checkpoint}")
        seen = look(np.arange(len(state.scaled)), state.scaled)
    else:
        scaled, seen = _cheapest(look, starts)
        state = _initial(scaled, seen.cost)
        report(f"{name}: {_describe(state)}{describe(seen)}")
    progress = Progress(pace.steps, int(state.step))
    vectors, unknowns = state.scaled.shape
    gradient, matrix = np.zeros((vectors, unknowns)), np.zeros((vectors, unknowns, unknowns))
    moved = np.ones(vectors, bool)
    while (step := int(state.step)) < pace.steps and not state.arrived.all():
        if len(chosen := np.flatnonzero(moved & ~state.arrived)):
            gradient[chosen], matrix[chosen] = linearise(chosen, state.scaled[chosen], seen.take(chosen))
        state, proposed = _propose(gradient, matrix, state, unit, bounds, pace)
        if not len(chosen := np.flatnonzero(~state.arrived)):
            break
        found = look(chosen, proposed[chosen])
        state, moved = _absorb(state, chosen, proposed[chosen], found.cost, pace)
        seen = seen.put(np.flatnonzero(moved), found.take(np.flatnonzero(moved[chosen])))
        if checkpoint is not None:
            write_checkpoint(checkpoint, digest, state)
        report(
            f"{name}: step {step + 1}/{pace.steps}, {_describe(state)}{describe(seen)}, "
            f"{progress.line(step + 1)}"
        )
    return state, seen


def _initial(scaled: np.ndarray, cost: np.ndarray) -> Descent:
    count = len(scaled)
    return Descent(
        np.array(0), scaled, cost, np.full(count, FIRST), np.zeros(count, int), np.zeros(count, bool)
    )


def _cheapest(look: Look[S], starts: Sequence[np.ndarray]) -> tuple[np.ndarray, S]:
    """Each vector at that of its starts which costs least, the first of several."""
    every = np.arange(len(starts[0]))
    scaled, seen = starts[0].copy(), look(every, starts[0])
    for start in starts[1:]:
        found = look(every, start)
        better = np.flatnonzero(found.cost < seen.cost)
        scaled[better] = start[better]
        seen = seen.put(better, found.take(better))
    return scaled, seen


def _propose(
    gradient: np.ndarray,
    matrix: np.ndarray,
    state: Descent,
    unit: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    pace: Pace,
) -> tuple[Descent, np.ndarray]:
    """The next place of each vector; one has arrived where little is promised that damping does not hold back."""
    proposed, promised = state.scaled.copy(), np.full(len(state.scaled), np.inf)
    for at in np.flatnonzero(~state.arrived):
        slope, bend = gradient[at], matrix[at]
        proposed[at] = damped_step(
            state.scaled[at], slope, bend, bounds, unit, float(state.damping[at]), pace.reach
        )
        move = proposed[at] - state.scaled[at]
        promised[at] = -(slope @ move) - 0.5 * move @ bend @ move
    ended = (promised < pace.tolerance) & (state.damping <= FIRST) | (state.damping > MOST)
    return state._replace(arrived=state.arrived | ended), proposed


def _absorb(
    state: Descent, chosen: np.ndarray, proposed: np.ndarray, cost: np.ndarray, pace: Pace
) -> tuple[Descent, np.ndarray]:
    """The state after a look at the proposals of the chosen ones, and which vectors have moved."""
    gain = state.cost[chosen] - cost
    better = gain > 0
    taken = chosen[better]
    after = state._replace(step=state.step + 1, **{name: getattr(state, name).copy() for name in _MOVES})
    after.scaled[taken], after.cost[taken] = proposed[better], cost[better]
    after.damping[chosen] *= np.where(better, EASED, TIGHTENED)
    after.damping[taken] = np.maximum(after.damping[taken], LEAST)
    after.idle[taken] = np.where(gain[better] >= pace.tolerance, 0, after.idle[taken] + 1)
    after.arrived[chosen] = after.idle[chosen] >= pace.patience
    moved = np.zeros(len(state.cost), bool)
    moved[taken] = True
    return after, moved


_MOVES = ("scaled", "cost", "damping", "idle", "arrived")


def _describe(state: Descent) -> str:
    return f"median cost {np.median(state.cost):.1f}, {int(state.arrived.sum())} of {len(state.cost)} arrived"
