"""What is ranked: an observable of the network, whether it is to fall or to rise, and what else is shown beside it.

Columns of the ranked table speak of suppression and IC50 where an observable is to fall, and of rise and doubling
where it is to rise. Inside, an effect is always towards the goal and has the names of the former.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol


class Readout(Protocol):
    """What the ranking needs to know of a read-out: its name, its observable and when it is read."""

    @property
    def id(self) -> str: ...
    @property
    def observable(self) -> str: ...
    def window(self) -> tuple[float, float]:
        """First and last time [min], equal for a read-out at one time."""


class Goal(NamedTuple):
    """Sign of the effect 1 - treated/vehicle towards the goal, and how columns that begin so are called there."""

    sign: float
    named: dict[str, str]


GOALS: dict[str, Goal] = {
    "lower": Goal(1.0, {}),
    "raise": Goal(-1.0, {"suppression": "rise", "ic50": "doubling"}),
}


@dataclass(frozen=True)
class Aim:
    """Read-outs; the observable of those that are ranked, the goal (of `GOALS`), and observables shown beside.

    floor [unit of the observable]: a vehicle below it has nothing to suppress.
    """

    readouts: Sequence[Readout]
    observable: str
    goal: Literal["lower", "raise"] = "lower"
    side: tuple[str, ...] = ()
    floor: float = 0.0

    @property
    def sign(self) -> float:
        """1 where treated below vehicle is the goal, -1 where treated above vehicle is."""
        return GOALS[self.goal].sign

    @property
    def ranked(self) -> list[Readout]:
        """The read-outs that are ranked."""
        return [readout for readout in self.readouts if readout.observable == self.observable]

    def column(self, name: str) -> str:
        """How a column is called under the goal.

        >>> aim.column("suppression_p50"), Aim(readouts, "pY705", "raise").column("suppression_p50")
        ('suppression_p50', 'rise_p50')
        """
        for word, here in GOALS[self.goal].named.items():
            if name.startswith(word):
                return here + name.removeprefix(word)
        return name
