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
    """What is given: values by name, at most one series of doses, when it ends [min], whether the context's own too."""

    values: Pairs = ()
    series: tuple[str, tuple[float, ...]] | None = None
    until: float = math.inf
    own: bool = False

    def at(self, dose: float) -> "Exposure":
        """With one dose of the series in its place; the same where there is no series."""
        if self.series is None:
            return self
        added = ((self.series[0], dose),) if dose else ()
        return Exposure(tuple(sorted(self.values + added)), None, self.until, self.own)

    def names(self) -> tuple[str, ...]:
        """Everything that is set."""
        return tuple(name for name, _ in self.values) + ((self.series[0],) if self.series else ())


@dataclass(frozen=True)
class Arm:
    """One experiment: a cell, how it differs from the start, and what it is given.

    genotype: network parameters that differ at rest too. stimulus: network parameters set at minute 0. treatment:
    drugs with their free concentrations [nM], `load:<target>` with a load, or network parameters, from `pretreatment`
    [min] before the stimulus on (as the context has it where None).
    """

    context: str
    hypothesis: str = DEFAULT
    genotype: Pairs = ()
    stimulus: Exposure = Exposure()
    treatment: Exposure = Exposure()
    pretreatment: float | None = None

    @property
    def doses(self) -> tuple[float, ...]:
        """Doses of its series, the first 0; (0,) where it has none."""
        series = self.stimulus.series or self.treatment.series
        return (0.0, *series[1]) if series else (0.0,)

    @property
    def ends(self) -> tuple[float, ...]:
        """When something that is given ends [min], ascending."""
        given = {each.until for each in (self.stimulus, self.treatment) if math.isfinite(each.until)}
        return tuple(sorted(given))

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
    given = dict(arm.stimulus.values)
    if arm.stimulus.own:
        given = {setting.parameter: setting.value for setting in record.stimulus} | given
    treated = bool(arm.treatment.values)
    return replace(
        arm,
        pretreatment=minutes if treated else 0.0,
        treatment=arm.treatment if treated else Exposure(),
        stimulus=Exposure(tuple(sorted(given.items())), until=arm.stimulus.until) if given else Exposure(),
    )


def cell_settings(arm: Arm, contexts: ContextTables) -> dict[str, float]:
    """Network parameters of the cell itself, at rest: totals of the context, then hypothesis, then genotype.

    ScenarioError: a hypothesis that is not there.

    >>> cell_settings(arm, contexts)["STAT3_total"]
    200.0
    """
    settings = {setting.parameter: setting.value for setting in contexts.contexts[arm.context].totals}
    return settings | hypothesis_settings(contexts.options, arm.hypothesis) | dict(arm.genotype)
