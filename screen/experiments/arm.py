"""The arm of an experiment: one record, whoever asks for it.

    Arm("hepg2", stimulus=Exposure((("IL6_dose", 1.0),)), treatment=Exposure((("ruxolitinib", 300.0),)))

A screen, a fact of the panel, a row of the calibration and an importer of data all write this down, and
`screen.experiments.design` makes lanes of it.
"""

import math
from dataclasses import dataclass, replace

from screen.scenarios import DEFAULT, ContextTables, hypothesis_settings

LOAD_OF = "load:"
"""Starts a treatment that names a target and not a drug."""

Pairs = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Exposure:
    """What is given: values by name, at most one series of doses, when it ends [min], whether the context's own too.

    What is given later takes the place of the values from its minute on. Where there is a series, the value of its
    name is a share of the dose.
    """

    values: Pairs = ()
    series: tuple[str, tuple[float, ...]] | None = None
    until: float = math.inf
    own: bool = False
    later: tuple[tuple[float, Pairs], ...] = ()
    """(minute, values), rising."""

    def at(self, dose: float) -> "Exposure":
        """With one dose of the series in its place; the same where there is no series."""
        if self.series is None:
            return self
        name = self.series[0]
        later = tuple((minute, _times(pairs, name, dose)) for minute, pairs in self.later)
        return Exposure(_times(self.values, name, dose), None, self.until, self.own, later)

    def when(self, minute: float) -> Pairs:
        """What is there from a minute on."""
        if minute >= self.until:
            return ()
        return next((pairs for begin, pairs in reversed(self.later) if begin <= minute), self.values)

    @property
    def given(self) -> tuple[Pairs, ...]:
        """The values, and all that take their place."""
        return (self.values, *(pairs for _, pairs in self.later))

    @property
    def amounts(self) -> Pairs:
        """Every value that is ever there, those of a series at each of its doses."""
        doses = self.series[1] if self.series else (1.0,)
        return tuple(dict.fromkeys(pair for dose in doses for pairs in self.at(dose).given for pair in pairs))

    def names(self) -> tuple[str, ...]:
        """Everything that is set."""
        return tuple(dict.fromkeys(name for pairs in self.given for name, _ in pairs))


def _times(pairs: Pairs, name: str, dose: float) -> Pairs:
    """With one value multiplied by a dose, and left out where that makes it 0."""
    found = ((each, value * dose if each == name else value) for each, value in pairs)
    return tuple((each, value) for each, value in found if each != name or value)


@dataclass(frozen=True)
class Arm:
    """One experiment: a cell, how it differs from the start, and what it is given.

    genotype: network parameters that differ at rest too; shares: how much of what the cell has of them is there.
    stimulus: network parameters set at minute 0. treatment: drugs with their free concentrations [nM], `load:<target>`
    with a load, or network parameters, from `pretreatment` [min] before the stimulus on (as the context has it where
    None).
    """

    context: str
    hypothesis: str = DEFAULT
    genotype: Pairs = ()
    stimulus: Exposure = Exposure()
    treatment: Exposure = Exposure()
    pretreatment: float | None = None
    shares: Pairs = ()

    @property
    def doses(self) -> tuple[float, ...]:
        """Doses of its series, the first 0; (0,) where it has none."""
        series = self.stimulus.series or self.treatment.series
        return (0.0, *series[1]) if series else (0.0,)

    @property
    def changes(self) -> tuple[float, ...]:
        """When something that is given ends or changes [min], ascending."""
        given = (self.stimulus, self.treatment)
        found = {each.until for each in given if math.isfinite(each.until)}
        return tuple(
            sorted(found | {minute for each in given for minute, _ in each.later if minute < each.until})
        )

    def at(self, dose: float) -> "Arm":
        """The arm at one dose of its series."""
        return replace(self, stimulus=self.stimulus.at(dose), treatment=self.treatment.at(dose))


def written_out(arm: Arm, contexts: ContextTables) -> Arm:
    """The arm with nothing left to its context, so that equal experiments are equal.

    Without treatment, when it starts says nothing.

    >>> full = written_out(arm, contexts)
    >>> full.pretreatment, full.stimulus.values
    (60.0, (('IL6_dose', 10.0),))
    """
    record = contexts.contexts[arm.context]
    minutes = record.preincubation_minutes if arm.pretreatment is None else arm.pretreatment
    own = {setting.parameter: setting.value for setting in record.stimulus} if arm.stimulus.own else {}
    given = [tuple(sorted((own | dict(pairs)).items())) for pairs in arm.stimulus.given]
    later = tuple((minute, pairs) for (minute, _), pairs in zip(arm.stimulus.later, given[1:], strict=True))
    treated = any(arm.treatment.given)
    return replace(
        arm,
        pretreatment=minutes if treated else 0.0,
        treatment=arm.treatment if treated else Exposure(),
        stimulus=Exposure(given[0], until=arm.stimulus.until, later=later) if any(given) else Exposure(),
    )


def cell_settings(arm: Arm, contexts: ContextTables) -> dict[str, float]:
    """Network parameters of the cell itself, at rest: totals of the context, then hypothesis, then genotype.

    ScenarioError: a hypothesis that is not there.

    >>> cell_settings(arm, contexts)["STAT3_total"]
    200.0
    """
    settings = {setting.parameter: setting.value for setting in contexts.contexts[arm.context].totals}
    return settings | hypothesis_settings(contexts.options, arm.hypothesis) | dict(arm.genotype)
