"""When what is given is there: from a minute on, until another, again and again, with a half-life.

A schedule becomes steps, each of which holds until the next: a share of the dose. With a half-life a step is an eighth
of it long and holds the mean over it, so that the sum of what a cell is given is exact.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

WORDS = ("from", "until", "every", "half_life")
A_HALF_LIFE = 8
"""Steps of a half-life."""
MOST_STEPS = 400
"""A lane holds parameters of each: more take memory that nobody expects."""


class Schedule(NamedTuple):
    """When a dose is there [min], from the stimulus on; `start` is -inf where it is there with all else."""

    start: float = -math.inf
    until: float = math.inf
    every: float = math.inf
    half_life: float = math.inf

    @property
    def problems(self) -> list[str]:
        """What does not fit together."""
        found = []
        if self.until <= self.start:
            found.append(f"must end after its start, found until={self.until:g}")
        found += [
            f"must have {name} above 0, found {value:g}"
            for name, value in (("every", self.every), ("half_life", self.half_life))
            if value <= 0
        ]
        if self.start == -math.inf and min(self.every, self.half_life) < math.inf:
            found.append("must say `from` which minute beside `every` and `half_life`, found none")
        pulse = self.until - self.start
        if self.every < math.inf and self.half_life == math.inf and not pulse <= self.every:
            found.append("must end (`until`) before it is given again, or have a `half_life`, found neither")
        return found

    def most_steps(self, last: float) -> float:
        """How many steps it has at most up to the last minute that matters, which may be infinitely many."""
        if self == Schedule():
            return 0.0
        span = max(last - self.start, 0.0)
        times = 1.0 if self.every == math.inf else span / self.every + 1.0
        if self.half_life == math.inf:
            return 2.0 * times
        return times * (min(self.every, span) / self.half_life * A_HALF_LIFE + 2.0)

    def steps(self, last: float) -> list[tuple[float, float]]:
        """(minute, share of the dose from then on), rising, up to the last minute that matters."""
        if self.half_life == math.inf:
            return self._pulses(last)
        given = self._given(last)
        cut = min(last, self.until)
        begins = [
            begin + step * self.half_life / A_HALF_LIFE
            for begin, end in zip(given, [*given[1:], cut], strict=True)
            for step in range(max(1, math.ceil((end - begin) / self.half_life * A_HALF_LIFE - 1e-9)))
        ]
        ends = [*begins[1:], max(cut, begins[-1] + self.half_life / A_HALF_LIFE)]
        found = [(begin, self._mean(given, begin, end)) for begin, end in zip(begins, ends, strict=True)]
        return [*found, (self.until, 0.0)] if self.until < math.inf else found

    def _given(self, last: float) -> list[float]:
        if self.every == math.inf:
            return [self.start]
        times = math.floor((min(last, self.until) - self.start) / self.every) + 1
        return [self.start + time * self.every for time in range(max(1, times))]

    def _pulses(self, last: float) -> list[tuple[float, float]]:
        if self.every == math.inf:
            return [(self.start, 1.0), *([(self.until, 0.0)] if self.until < math.inf else [])]
        times = max(1, math.floor((last - self.start) / self.every) + 1)
        pulse = self.until - self.start
        begins = [self.start + time * self.every for time in range(times)]
        return [step for begin in begins for step in ((begin, 1.0), (begin + pulse, 0.0))]

    def _mean(self, given: list[float], begin: float, end: float) -> float:
        """Of what is left of all doses given by then."""
        left = sum(math.exp(-self._decays(dose, begin)) for dose in given if dose <= begin)
        decays = self._decays(begin, end)
        return left * -math.expm1(-decays) / decays if decays else left

    def _decays(self, begin: float, end: float) -> float:
        """The logarithm of what is there at one minute over what is left of it at another."""
        return math.log(2.0) * ((end - begin) / self.half_life)


def parse_schedule(words: Mapping[str, float]) -> tuple[Schedule, list[str]]:
    """The schedule that words such as from=60 make, each with its number (NaN for none), and what is wrong with it."""
    values = {word.partition("=")[0]: number for word, number in words.items()}
    wrong = [
        word for word, number in words.items() if word.partition("=")[0] not in WORDS or math.isnan(number)
    ]
    if wrong or len(values) < len(words):
        which = f"{', '.join(WORDS)}, each once and with a minute"
        return Schedule(), [f"must say when by {which}, found {(wrong or list(words))[0]}"]
    found = Schedule(values.get("from", -math.inf), *(values.get(name, math.inf) for name in WORDS[1:]))
    return found, found.problems
