"""How a genotype is written: network parameters that differ in a cell from the start, at rest too.

    JAK1_total=0            a knock-out
    JAK1_total=30%          a knock-down to 30 % of what the cell has; 300% is overexpression
    BRAF_V600E=1            a mutant that the network knows
    JAK1_total=0 JAK2_total=0    both

Facts, own experiments and genetic interventions of a screen are written so.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from screen.errors import ScenarioError
from screen.scenarios.contexts import VOLUMES, value_rule
from screen.scenarios.drug_columns import UNTIL
from screen.tables import parse_number, parse_numbers

Units = Mapping[str, str]
"""Unit of drugs and network parameters, by name."""

NO_UNITS: Units = MappingProxyType({})
"""Where every number is in the unit of what is set."""

NONE, OWN = "none", "context"
"""Words of cells of arms: nothing; what the context itself is given."""


STAT3_CURE = "load its synthesis instead (load_STAT3_SYNTHESIS=1e6 takes STAT3 away)"
CONTEXT_CURE = "a context taken `from` the cell can have another value, and is compared with itself"
"""What to do instead of a change of what the ranked observable is counted against."""


class Genotype(NamedTuple):
    """Values of network parameters, and shares of what the cell has of others."""

    values: tuple[tuple[str, float], ...] = ()
    shares: tuple[tuple[str, float], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that it sets."""
        return tuple(name for name, _ in (*self.values, *self.shares))

    def losses_as_shares(self) -> "Genotype":
        """The same with 0 % for every 0: what it takes away is a share of whatever there would be.

        >>> Genotype((("JAK1_total", 0.0), ("BRAF_V600E", 1.0))).losses_as_shares()
        Genotype(values=(('BRAF_V600E', 1.0),), shares=(('JAK1_total', 0.0),))
        """
        gone = [(name, value) for name, value in self.values if not value]
        values = tuple((name, value) for name, value in self.values if value)
        return Genotype(values, tuple(sorted((*self.shares, *gone))))


def parse_genotype(text: str, units: Units = NO_UNITS) -> tuple[Genotype, list[str]]:
    """The genotype that a text says, and what is wrong with it. Values may have the units of a parameter.

    >>> parse_genotype("JAK1_total=0 STAT1_total=30%")
    (Genotype(values=(('JAK1_total', 0.0),), shares=(('STAT1_total', 0.3),)), [])
    """
    values: dict[str, float] = {}
    shares: dict[str, float] = {}
    problems = []
    for word in [] if text == NONE else text.split():
        name, _, given = word.partition("=")
        share = given.endswith("%")
        wanted = None if share else units.get(name)
        (number,) = parse_numbers([given.removesuffix("%")], wanted)
        if word == OWN or name == UNTIL or ":" in given:
            problems.append(f"must hold values alone, found `{UNTIL}`, `{OWN}` or a schedule")
        elif "," in given:
            problems.append("must hold single values, found a series")
        elif not name or not number >= 0:
            unit = f" in {wanted} or a unit that becomes it" if wanted else ""
            problems.append(f"must be name=value with numbers of at least 0{unit}, found {word}")
        elif name in values or name in shares:
            problems.append(f"must set {name} once, found it again")
        elif share:
            shares[name] = number / 100.0
        else:
            values[name] = number
    return Genotype(tuple(sorted(values.items())), tuple(sorted(shares.items()))), problems


def without_units(text: str, units: Units) -> str:
    """A genotype with each value that has a unit of its own as a number in that of its parameter.

    >>> without_units("STAT1_total=30% JAK1_total=0.2uM", {"JAK1_total": "nM"})
    'STAT1_total=30% JAK1_total=200'
    """
    words = []
    for word in text.split():
        name, _, given = word.partition("=")
        (number,) = parse_numbers([given], units.get(name))
        has_unit = not given.endswith("%") and math.isnan(parse_number(given)) and not math.isnan(number)
        words.append(f"{name}={number!r}".removesuffix(".0").replace("e+", "e") if has_unit else word)
    return " ".join(words)


def genetic_problems(genetic: Sequence[str], units: Units = NO_UNITS) -> list[str]:
    """What is wrong with genetic interventions as they are written. Values may have the units of a parameter."""
    problems, seen = [], set[Genotype]()
    for text in genetic:
        found, wrong = parse_genotype(text, units)
        if "+" in text:
            wrong.append("must be written without +, which joins drugs")
        if not wrong and not found.names:
            wrong.append("must be name=value, such as JAK1_total=0 or JAK1_total=30%")
        same = found.losses_as_shares()
        if not wrong and same in seen:
            wrong.append("must be named once")
        seen.add(same)
        problems += [
            f"scenarios.genetic: {rule if ', found' in rule else f'{rule}, found {text}'}" for rule in wrong
        ]
    return problems


def check_genetic(
    genetic: Iterable[str],
    parameters: Collection[str],
    ranked: Collection[str],
    lost: Callable[[Genotype], Collection[str]],
    stimuli: Collection[str] = (),
) -> None:
    """ScenarioError where genetic interventions set what is no parameter of the network, take a volume to 0, set what
    is ranked is counted against or what cells are stimulated with, or leave a read-out or a rate without a value.

    `ranked`: parameters in the own formula of what is ranked. `lost`: what has no value, such as 0/0, under a change of
    parameters that are there (`lost_values`). `stimuli`: those that the stimulus of a cell sets, whatever its genotype.

    >>> check_genetic(["JAK1_total=0"], ["JAK1_total", "STAT3_total"], ["STAT3_total"], lambda change: [])
    >>> check_genetic(["STAT3_total=50%"], ["JAK1_total", "STAT3_total"], ["STAT3_total"], lambda change: [])
    Traceback (most recent call last):
    screen.errors.ScenarioError: scenarios.genetic: must not set what the ranked observable is counted against, ...
    """
    problems = []
    for text in genetic:
        genotype, _ = parse_genotype(text)
        for name, value in (*genotype.values, *genotype.shares):
            if name not in parameters:
                problems.append(
                    f"must set parameters of the network (`describe cell NAME --all`), found {name}"
                )
            elif name in stimuli:
                problems.append(f"must not set what cells are stimulated with, found {name}")
            elif name in VOLUMES and value == 0:
                problems.append(f"must leave a volume above 0, found {name}=0")
            elif must := value_rule(name, value):
                problems.append(f"must set a value that is {must}, found {name}={value:g}")
            elif name in ranked:
                cure = STAT3_CURE if name == "STAT3_total" else CONTEXT_CURE
                problems.append(
                    f"must not set what the ranked observable is counted against, found {name}; {cure}"
                )
        if not problems:
            problems += [
                f"must leave every {what} to have none, such as 0/0, under {text}; 0.01% of what is 0 there leaves it "
                "one"
                for what in lost(genotype)
            ]
    if problems:
        raise ScenarioError(f"scenarios.genetic: {problem}" for problem in dict.fromkeys(problems))
