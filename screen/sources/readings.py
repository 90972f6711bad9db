"""What every importer produces: readings, each with what was done to the cells, and how they are observed.

An importer knows one file format and one experiment; what it returns has no trace of either. A reading
belongs to a batch (a blot, a plate, an array): readings of a batch share a scale and an offset, so that
arbitrary units and background need no correction by hand. A reading below what its instrument can tell
from background is stored at that limit and marked `censored`: the model is then asked for "at most this".
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

Settings = tuple[tuple[str, float], ...]
"""Names and values, in a fixed order."""


@dataclass(frozen=True)
class Condition:
    """What was done to the cells: an inhibitor from some time before t = 0 on, the stimulus from t = 0."""

    context: str
    stimulus: Settings = ()
    """Network parameters and what they are set to."""
    drugs: Settings = ()
    """Drugs and their free concentrations [nM]."""
    blocked: tuple[str, ...] = ()
    """Targets blocked by an inhibitor whose name or dose is not given."""
    inhibited_before: float | None = None
    """How long before t = 0 the inhibitor came [min]; None: so long that the cells are at rest under it."""

    @property
    def name(self) -> str:
        """Identifier of the PEtab condition."""
        parts = [self.context]
        parts += [f"{name}_{_plain(value)}" for name, value in (*self.stimulus, *self.drugs)]
        parts += [f"{target}_blocked" for target in self.blocked]
        return "__".join(parts)

    @property
    def words(self) -> str:
        """The condition for a reader."""
        parts = [f"{name}={value:g}" for name, value in (*self.stimulus, *self.drugs)]
        return ", ".join([self.context, *parts, *(f"{target} blocked" for target in self.blocked)])

    @property
    def inhibition(self) -> str:
        """The cell and what inhibits it, whatever the dose, for a reader."""
        return ", ".join(
            [self.context, *(name for name, _ in self.drugs), *(f"{each} blocked" for each in self.blocked)]
        )

    def without_stimulus(self) -> "Condition":
        """What the cells are under before the stimulus."""
        return replace(self, stimulus=())

    def at_rest(self) -> "Condition":
        """The rest that the arm starts from."""
        return self.without_stimulus() if self.inhibited_before is None else Condition(self.context)

    def stages(self) -> tuple["Condition", "Condition", "Condition"]:
        """What the cells go through: rest, what comes before the stimulus, and the arm itself."""
        return self.at_rest(), self.without_stimulus(), self

    def without_inhibitor(self) -> "Condition":
        """The same stimulus without drug or block: what its effect is measured against."""
        return Condition(self.context, self.stimulus)

    @property
    def is_inhibited(self) -> bool:
        """Whether anything inhibits."""
        return bool(self.drugs or self.blocked)


def _plain(value: float) -> str:
    return format(value, "g").replace(".", "p").replace("-", "m").replace("+", "")


@dataclass(frozen=True)
class Reading:
    """One number that was read off an instrument. time [min]; value in the unit of its observable."""

    arm: Condition
    observable: str
    time: float
    value: float
    batch: str
    """What shares scale and offset; empty where the unit is that of the network."""
    sigma: float | str
    """Standard deviation on the compared scale, or the noise parameter that is estimated for it."""
    dataset: str
    censored: bool = False
    """Whether the reading says no more than `at most value`."""


@dataclass(frozen=True)
class ObservedAs:
    """How a source sees a quantity of the network."""

    name: str
    """PEtab observable."""
    quantity: str
    """Formula over species, parameters and observables of the network."""
    transformation: str = "log10"
    """Scale on which reading and prediction are compared."""
    scaled: bool = True
    """Whether each batch has a scale and an offset of its own."""
    degrees: float | None = None
    """Degrees of freedom of Student's t; normal noise without."""


@dataclass(frozen=True)
class Imported:
    """What a source holds, and what of it could not be used: reason -> readings."""

    readings: tuple[Reading, ...]
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class Source:
    """A public data set: where it lies under the data folder, how it is read and what it observes."""

    name: str
    files: tuple[str, ...]
    citation: str
    supersedes: tuple[str, ...]
    """Beginnings of citations of the shipped calibration whose figures are from the same readings."""
    assumed: str
    """What the importer had to assume, in a sentence."""
    observables: tuple[ObservedAs, ...]
    noise: Mapping[str, tuple[float, float]]
    """Noise parameters that are estimated -> expected value and sd of its log10."""
    read: Callable[[Path], Imported]
    """From the data folder to readings. TableError where a file is not as its source wrote it."""


class Collector:
    """Gathers readings and counts what is left out, by reason."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.left_out: Counter[str] = Counter()

    def add(self, **fields: Any) -> None:
        """Keep a reading; the fields are those of `Reading`."""
        self.readings.append(Reading(**fields))

    def skip(self, reason: str) -> None:
        """Count a reading that cannot be used."""
        self.left_out[reason] += 1

    def done(self) -> Imported:
        """What was gathered."""
        return Imported(tuple(self.readings), dict(self.left_out))
