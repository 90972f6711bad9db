"""What is measured: a network, lanes that differ a little, and 20 output times."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import roadrunner

from screen.kernel import Model, load_model, rest
from screen.network import compose_without
from screen.scenarios import Context, read_context_tables

ROOT = Path(__file__).resolve().parents[1]
OUTPUTS = 20
SPREAD = 0.1
"""Standard deviation of the natural logarithm of the parameters over the lanes."""


class Case(NamedTuple):
    """A model and its lanes: parameters [lanes, parameters], state [lanes, species], times [times]."""

    name: str
    sbml: str
    model: Model
    parameters: np.ndarray
    state: np.ndarray
    times: np.ndarray

    def batch(self, lanes: int) -> tuple[np.ndarray, ...]:
        """Arguments of `solve` for the first `lanes` lanes, the lanes repeated where there are fewer."""
        rows = np.arange(lanes) % len(self.parameters)
        times = np.tile(self.times, (lanes, 1))
        return self.parameters[rows, None], self.state[rows], np.zeros((lanes, 1)), times


def shipped_case(lanes: int, left_out: Iterable[str] = ()) -> Case:
    """The shipped network, or what is left of it without some modules: a hepatocyte from rest, 4 hours of IL-6."""
    sbml = compose_without(ROOT / "config/network", None, left_out)
    model, contexts = load_model(sbml), _contexts()
    parameters, state = in_context(sbml, model, contexts["hepatocyte_mouse"], lanes)
    return Case("shipped", sbml, model, parameters, state, _times(240.0))


def every_context(lanes: int) -> dict[str, Case]:
    """The shipped network in each context, so many lanes each."""
    sbml = compose_without(ROOT / "config/network", None, ())
    model = load_model(sbml)
    return {
        name: Case(name, sbml, model, *in_context(sbml, model, context, lanes), _times(240.0))
        for name, context in _contexts().items()
    }


def in_context(sbml: str, model: Model, context: Context, lanes: int) -> tuple[np.ndarray, np.ndarray]:
    """Parameters [lanes, parameters] under the stimulus of a context, and the states of rest before it."""
    column = {name: index for index, name in enumerate(model.parameters)}
    values = model.values.copy()
    for setting in context.totals:
        if setting.parameter in column:
            values[column[setting.parameter]] = setting.value
    resting = _spread(values, _moved(sbml, model), lanes)
    parameters = resting.copy()
    for setting in context.stimulus:
        if setting.parameter in column:
            parameters[:, column[setting.parameter]] = setting.value
    state = rest(model, resting, np.asarray(model.initial(resting)), engine="kernel").state
    return parameters, np.asarray(state)


def _contexts() -> Mapping[str, Context]:
    return read_context_tables(ROOT / "config/contexts.tsv", ROOT / "config/hypotheses.tsv").contexts


def file_case(name: str, path: Path, lanes: int, end: float = 240.0) -> Case:
    """Any SBML file from its initial state to `end` [time of the model]."""
    sbml = path.read_text(encoding="utf-8")
    model = load_model(sbml)
    parameters = _spread(model.values, _moved(sbml, model), lanes)
    return Case(name, sbml, model, parameters, np.asarray(model.initial(parameters)), _times(end))


def _times(end: float) -> np.ndarray:
    return np.linspace(0.0, end, OUTPUTS + 1)[1:]


def _moved(sbml: str, model: Model) -> np.ndarray:
    """Which parameters differ between lanes: those that libRoadRunner can set, too."""
    runner = roadrunner.RoadRunner(sbml)  # a name of its own: the model dies with its runner
    known = set(runner.model.getGlobalParameterIds())
    return np.array([name in known for name in model.parameters])


def _spread(values: np.ndarray, moved: np.ndarray, lanes: int) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal((lanes, len(values)))
    return values * np.exp(SPREAD * np.where(moved, noise, 0.0))
