"""The cell that lines are like, run under totals of their own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from screen.errors import ScenarioError
from screen.experiments import Arm, Draws, Exposure, make_design, uncertain_totals
from screen.panel import PanelTables
from screen.scenarios import ContextTables, Setting
from screen.shapes import DRAWS_TOTALS, VECTORS, VECTORS_TIMES, VECTORS_TIMES_NAMES, VECTORS_TOTALS
from screen.simulate import Integration, Runner

TOTALS = (
    "EGFR_total", "SRC_total", "SHP2_total", "PTPN1_total", "RAF_total", "MEK_total", "PTEN_total", "S6K_total",
)  # fmt: skip
"""What is set unless one says what else: a receptor, SRC, phosphatases and what leads to pERK, pAKT and pS6."""

TOTAL_SD = 0.5
"""sd of log10 of a total around that of the start cell, where its row has none (assumed)."""


UNTREATED = Exposure()


class StartCell:
    """An arm without treatment, and some totals of its context, to be set anew; what is read are `names`.

    They start from the values of the context, or from those of the draw where it has none; `sd` [totals] are those of
    log10 around these.
    """

    def __init__(
        self,
        tables: PanelTables,
        arm: Arm,
        totals: Sequence[str],
        names: Sequence[str],
        integration: Integration,
    ):
        self.totals, self.names = tuple(totals), tuple(names)
        self.tables = replace(tables, contexts=_uncertain(tables, arm.context, totals))
        self.arm, self.integration = arm, integration
        settings = [setting for _, setting in uncertain_totals(self.tables.contexts)]
        order = [setting.parameter for setting in settings]
        self.place = np.array([order.index(name) for name in totals])
        self.value = np.array([setting.value for setting in settings])
        own = {setting.parameter for setting in tables.contexts.contexts[arm.context].totals}
        columns = [tables.model.parameters.index(name) for name in totals]
        self.column = np.array([-1 if name in own else at for name, at in zip(totals, columns, strict=True)])
        self.sd = np.array([settings[place].sd for place in self.place])
        self.runners: dict[Exposure, Runner] = {}

    def starts(self, draws: Draws) -> Float[np.ndarray, DRAWS_TOTALS]:
        """Totals [draws, totals] of the cell before anything is set."""
        here = np.repeat(self.value[None, self.place], len(draws.number), axis=0)
        return np.where(self.column < 0, here, np.asarray(draws.base)[:, self.column])

    def course(
        self,
        draws: Draws,
        factors: Float[np.ndarray, VECTORS_TOTALS],
        minutes: Float[np.ndarray, VECTORS_TIMES],
        treatment: Exposure = UNTREATED,
    ) -> Float[np.ndarray, VECTORS_TIMES_NAMES]:
        """What is read [vectors, times, names] of the arm with a treatment; NaN where a lane failed.

        Vector v has the v-th draw and totals 10**factors times those of the start cell.
        """
        if treatment not in self.runners:
            self.runners[treatment] = self._runner(treatment)
        runner = self.runners[treatment]
        values = np.repeat(self.value[None], len(factors), axis=0)
        values[:, self.place] = self.starts(draws) * 10.0**factors
        draws, every = draws._replace(totals=values), np.arange(len(factors))
        nothing = np.zeros(len(factors), int)
        resting = runner.rest(draws, np.full(len(factors), runner.design.rest[0]), every)
        return runner(draws, nothing, every, minutes, resting).values

    def _runner(self, treatment: Exposure) -> Runner:
        model, tables = self.tables.model, self.tables
        arm = replace(self.arm, treatment=treatment)
        drugs = [name for name, _ in treatment.values if name in tables.drugs.drugs]
        design = make_design([arm], tables.contexts, tables.drugs, drugs, model.parameters, tables.absent)
        return Runner(model, self.integration, design, self.names)


def usual_totals(tables: PanelTables, context: str) -> tuple[str, ...]:
    """Those of TOTALS that the context has."""
    there = _start_values(tables, context)
    return tuple(name for name in TOTALS if there.get(name))


def _start_values(tables: PanelTables, context: str) -> dict[str, float]:
    """Value of each parameter of the network in a context: its own, else that of the network."""
    nominal = dict(zip(tables.model.parameters, tables.model.values, strict=True))
    own = {each.parameter: each.value for each in tables.contexts.contexts[context].totals}
    return nominal | {name: value for name, value in own.items() if name in nominal}


def draws_at(draws: Draws, places: Int[np.ndarray, VECTORS]) -> Draws:
    """Draws at these places, each as often as it is named."""
    return Draws(draws.number[places], draws.base[places], draws.affinity[places])


def _uncertain(tables: PanelTables, context: str, totals: Sequence[str]) -> ContextTables:
    """The context alone, in which these totals, and no others, have an sd."""
    record = tables.contexts.contexts[context]
    own = {setting.parameter: setting for setting in record.totals}
    start = _start_values(tables, context)
    problems = [
        f"--totals: must be parameters of the network, found {name}" for name in totals if name not in start
    ]
    problems += [
        f"--totals: must be above 0 in {context} to be set by a factor, found {name} {start[name]:g}"
        for name in totals
        if name in start and start[name] <= 0
    ]
    problems += [
        f"--totals: must be named once, found {name} {count} times"
        for name, count in Counter(totals).items()
        if count > 1
    ]
    if problems:
        raise ScenarioError(problems)
    given = {name: own.get(name) or Setting(name, start[name], None, None, "") for name in totals}
    fixed = [replace(setting, sd=0.0) for name, setting in own.items() if name not in given]
    free = [replace(setting, sd=setting.sd or TOTAL_SD) for setting in given.values()]
    changed = replace(record, totals=(*fixed, *free))
    return replace(tables.contexts, contexts={context: changed})
