"""From a table of scenarios to the numbers of each lane.

A lane is one scenario under one parameter draw; lanes run through the scenarios, and within a scenario
through the draws. A lane starts from the resting state of its group (context, hypothesis, draw), which
all its scenarios share, and then has two phases: with drug before the stimulus, and with drug and
stimulus from t = 0. Where a context has no pre-incubation the first phase has no length.

A parameter takes the last of: nominal value, draw, `total` of the context, hypothesis, `stimulus`
(second phase only), load of the drugs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from screen.errors import ScenarioError
from screen.scenarios.contexts import Context, ContextTables
from screen.scenarios.drugs import DrugTables
from screen.scenarios.hypotheses import hypothesis_settings
from screen.scenarios.occupancy import cell_constants

PHASES = 2
SIGMA = "sigma_"
LOAD = "load_"


@dataclass(frozen=True)
class Lanes:
    """A run of lanes.

    parameters [lanes, phases, parameters], in the units of the network; switches [lanes, phases] [min],
    when each phase starts; group, scenario [lanes] index the groups and the rows of the scenario table;
    draw [lanes] is the number of the draw.
    """

    parameters: np.ndarray
    switches: np.ndarray
    group: np.ndarray
    scenario: np.ndarray
    draw: np.ndarray


@dataclass(frozen=True)
class Assembly:
    """What all lanes of a screen are made from.

    rest, stimulated [groups, parameters]: without drug, before and after the stimulus; groups run through
    (context, hypothesis) in order of appearance and within each through the draws. base_load [scenarios, 2,
    targets]: load of each drug of a scenario where sigma is 1; drug [scenarios, 2] indexes the rows of
    residual [drugs, draws], the factor of it in each draw; load_columns [targets]: where the loads go
    among the parameters.
    """

    draws: np.ndarray
    groups: tuple[tuple[str, str], ...]
    setting: np.ndarray
    rest: np.ndarray
    stimulated: np.ndarray
    preincubation: np.ndarray
    base_load: np.ndarray
    drug: np.ndarray
    residual: np.ndarray
    load_columns: np.ndarray

    @property
    def lanes(self) -> int:
        """Lanes of the whole screen: scenarios times draws."""
        return len(self.setting) * len(self.draws)

    def group(self, lane: np.ndarray) -> np.ndarray:
        """Group of each lane: the resting state it starts from."""
        scenario, draw = np.divmod(lane, len(self.draws))
        return self.setting[scenario] * len(self.draws) + draw


def prepare(
    scenarios: pl.DataFrame,
    contexts: ContextTables,
    tables: DrugTables,
    draws: pl.DataFrame | None,
    names: Sequence[str],
    values: Sequence[float] | np.ndarray,
    whole: Sequence[str] = (),
) -> Assembly:
    """Check scenarios, contexts, drugs and draws against the network and against each other.

    `names` and `values` are the network's parameters; where modules were left out, `whole` are those of the
    whole network: what only that one has is passed over. Without `draws` there is one draw, number 0, with
    every parameter nominal and every sigma 1. ScenarioError: unknown context, hypothesis or drug, a
    parameter or load that the network lacks, draws with holes.
    """
    column = {name: index for index, name in enumerate(names)}
    absent = set(whole).difference(column)
    known = scenarios.select("drug_a", "drug_b").to_dict(as_series=False)
    used = tuple(dict.fromkeys(name for name in known["drug_a"] + known["drug_b"] if name is not None))
    settings = tuple(scenarios.select("context", "hypothesis").unique(maintain_order=True).iter_rows())
    problems = _setting_problems(settings, contexts, absent.union(column))
    problems += [
        f"scenarios: `drug` must be of drugs.tsv, found {name}" for name in used if name not in tables.drugs
    ]
    problems = problems or _load_problems(used, tables, column)
    if problems:
        raise ScenarioError(problems)
    numbers, base, sigma = draw_values(draws, column, absent, np.asarray(values, dtype=float), used, tables)
    resting = [_resting(contexts.contexts[c], hypothesis_settings(contexts.options, h)) for c, h in settings]
    rest = _overwritten(base, resting, column)
    at_stimulus = [
        resting[i] | {s.parameter: s.value for s in contexts.contexts[c].stimulus}
        for i, (c, _) in enumerate(settings)
    ]
    row = {name: index for index, name in enumerate(settings)}
    base_load, drug, targets = _loads(scenarios, contexts, tables, used)
    return Assembly(
        draws=numbers,
        groups=settings,
        setting=np.array(
            [row[pair] for pair in scenarios.select("context", "hypothesis").iter_rows()], dtype=np.int64
        ),
        rest=rest,
        stimulated=_overwritten(base, at_stimulus, column),
        preincubation=np.array([contexts.contexts[c].preincubation_minutes for c, _ in settings]),
        base_load=base_load,
        drug=drug,
        residual=_residuals(tables, used, sigma),
        load_columns=np.array([column[LOAD + name] for name in targets], dtype=np.int64),
    )


def assemble(assembly: Assembly, start: int = 0, stop: int | None = None) -> Lanes:
    """Lanes from `start` up to `stop` (the last where None); the same numbers however the lanes are cut."""
    lane = np.arange(start, assembly.lanes if stop is None else min(stop, assembly.lanes))
    scenario, draw = np.divmod(lane, len(assembly.draws))
    setting = assembly.setting[scenario]
    group = assembly.group(lane)
    parameters = np.empty((len(lane), PHASES, assembly.rest.shape[1]))
    parameters[:, 0] = assembly.rest[group]
    parameters[:, 1] = assembly.stimulated[group]
    if len(assembly.load_columns):
        load = assembly.base_load[scenario, 0] * assembly.residual[assembly.drug[scenario, 0], draw][:, None]
        load += assembly.base_load[scenario, 1] * assembly.residual[assembly.drug[scenario, 1], draw][:, None]
        parameters[:, :, assembly.load_columns] = load[:, None, :]
    switches = np.zeros((len(lane), PHASES))
    switches[:, 0] = -assembly.preincubation[setting]
    return Lanes(parameters, switches, group, scenario, assembly.draws[draw])


def _setting_problems(
    settings: Sequence[tuple[str, str]], contexts: ContextTables, known: Collection[str]
) -> list[str]:
    problems = []
    for context, hypothesis in settings:
        if context not in contexts.contexts:
            problems.append(f"scenarios: `context` must be of contexts.tsv, found {context}")
            continue
        try:
            chosen = hypothesis_settings(contexts.options, hypothesis)
        except ScenarioError as error:
            problems += [f"scenarios, {problem}" for problem in error.problems]
            continue
        record = contexts.contexts[context]
        wanted = {
            setting.parameter: "contexts.tsv, " + context for setting in (*record.totals, *record.stimulus)
        }
        wanted |= dict.fromkeys(chosen, "hypotheses.tsv, " + hypothesis)
        problems += [
            f"{where}: `parameter` must be one of the network's, found {name}"
            for name, where in wanted.items()
            if name not in known
        ]
    return list(dict.fromkeys(problems))


def _load_problems(used: Sequence[str], tables: DrugTables, column: Mapping[str, int]) -> list[str]:
    reached = {binding.target: binding.drug for binding in tables.bindings if binding.drug in used}
    return [
        f"targets.tsv, {target}: must have the parameter {LOAD}{target} in the network for {drug}, found none"
        for target, drug in reached.items()
        if LOAD + target not in column
    ]


def draw_values(
    draws: pl.DataFrame | None,
    column: Mapping[str, int],
    absent: Collection[str],
    values: np.ndarray,
    used: Sequence[str],
    tables: DrugTables,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of the draws, network parameters [draws, parameters] and sigma [draws, used drugs].

    `values` are the network's own numbers, `column` where each parameter stands; without `draws` there is one,
    number 0, with those and every sigma 1. ScenarioError: draws with holes, or of another network.
    """
    if draws is None:
        return np.zeros(1, dtype=np.int64), values[None, :].copy(), np.ones((1, len(used)))
    wide = draws.pivot(on="parameter", index="draw", values="value").sort("draw")
    sampled = [name for name in wide.columns if name != "draw"]
    residuals = {SIGMA + name for name in tables.drugs}
    problems = [
        f"draws: `parameter` must be one of the network's or {SIGMA}<drug>, found {name}"
        for name in sampled
        if name not in column and name not in absent and name not in residuals
    ]
    problems += [
        f"draws, draw {wide['draw'][index]}: must hold a value of {name}, found none"
        for name in sampled
        for index in wide[name].is_null().arg_true().to_list()
    ]
    problems += [
        f"draws: must hold {SIGMA}{name} for the drug {name}, found none; run the fit stage again"
        for name in used
        if SIGMA + name not in sampled
    ]
    if problems:
        raise ScenarioError(problems)
    base = np.repeat(values[None, :], wide.height, axis=0)
    for name in sampled:
        if name in column:
            base[:, column[name]] = wide[name].to_numpy()
    sigma = np.empty((wide.height, len(used)))
    for index, name in enumerate(used):
        sigma[:, index] = wide[SIGMA + name].to_numpy()
    return wide["draw"].to_numpy(), base, sigma


def _resting(context: Context, hypothesis: Mapping[str, float]) -> dict[str, float]:
    return {setting.parameter: setting.value for setting in context.totals} | dict(hypothesis)


def _overwritten(
    base: np.ndarray, overrides: Sequence[Mapping[str, float]], column: Mapping[str, int]
) -> np.ndarray:
    """Draws repeated for each setting, with what the network has of its values written over: [groups, parameters]."""
    blocks = np.repeat(base[None], len(overrides), axis=0)
    for block, values in zip(blocks, overrides, strict=True):
        for name, value in values.items():
            if name in column:
                block[:, column[name]] = value
    return blocks.reshape(-1, base.shape[1])


def _residuals(tables: DrugTables, used: Sequence[str], sigma: np.ndarray) -> np.ndarray:
    """Factor that sigma [draws, drugs] puts on the load of each drug: [drugs, draws]."""
    return (sigma ** -np.array([tables.drugs[name].hill for name in used])).T


def _loads(
    scenarios: pl.DataFrame, contexts: ContextTables, tables: DrugTables, used: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """base_load [scenarios, 2, targets], drug [scenarios, 2] and the targets that a drug reaches."""
    rows = {name: index for index, name in enumerate(tables.drugs)}
    constants = cell_constants(tables)[[rows[name] for name in used]]
    reached = np.isfinite(constants).any(axis=0)
    targets = [name for name, here in zip(tables.targets, reached, strict=True) if here]
    constants = constants[:, reached]
    load = np.zeros((scenarios.height, 2, len(targets)))
    drug = np.zeros((scenarios.height, 2), dtype=np.int64)
    position = {name: index for index, name in enumerate(used)}
    columns = ("context", "drug_a", "dose_a_nM", "drug_b", "dose_b_nM")
    for row, (context, *given) in enumerate(scenarios.select(columns).iter_rows()):
        organism = contexts.contexts[context].organism
        for place, (name, dose) in enumerate((given[:2], given[2:])):
            if name is not None and tables.drugs[name].acts_in(organism):
                drug[row, place] = position[name]
                load[row, place] = (dose / constants[position[name]]) ** tables.drugs[name].hill
    return load, drug, targets
