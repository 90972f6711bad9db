"""From arms to the parameters of every lane.

A lane is one arm under one parameter draw. It starts from the resting state of its cell and goes through phases:
before the stimulus, with it, and after each change of what is given. A parameter takes the last of: value of the
network, draw, total of the context, hypothesis, genotype, stimulus, treatment; a share of the genotype is of what these
give; loads of all drugs of a treatment add up.

A design holds what arms set, as arrays; with draws it gives the parameters of any lanes, however they are cut, and
is differentiable in the draws.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
from jax import Array
from jaxtyping import Float, Int

from screen.errors import ScenarioError
from screen.experiments.arm import LOAD_OF, Arm, Exposure, Pairs, cell_settings, written_out
from screen.experiments.draws import Draws, uncertain_totals
from screen.experiments.loads import hill_load
from screen.scenarios import (
    GENETIC,
    ContextTables,
    DrugTables,
    Genotype,
    carried,
    hypothesis_settings,
    lacking_loads,
    parameter_names,
    parse_genotype,
    sites_in,
)
from screen.shapes import (
    ANY,
    ARMS,
    ARMS_PHASES,
    ARMS_PHASES_TARGETS,
    ARMS_PHASES_TERMS,
    ARMS_TARGETS,
    ARMS_TERMS,
    LANES,
    LANES_PARAMETERS,
    LANES_PHASES_PARAMETERS,
    SETTINGS_PARAMETERS,
    TARGETS,
    AnyArray,
)

LOAD = "load_"

Drawn = tuple[tuple[int, int], ...]
"""Column of a parameter and place of its value among the totals of the draws."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Design:
    """What arms set.

    settings [settings, parameters], NaN where the draw's own value holds; rest [arms] and phase [arms, phases] are
    rows of it; start [arms, phases] [min]. dose [arms, phases, terms] [nM] of the drug [arms, terms] (a place among
    the drugs of the draws, the last for none); hill [drugs + 1]; direct [arms, phases, targets], loads given without a
    drug; load_column [targets], where loads go among the parameters; site [arms, targets], whose constants act there
    in the cell of the arm.
    """

    settings: Float[AnyArray, SETTINGS_PARAMETERS]
    rest: Int[AnyArray, ARMS]
    phase: Int[AnyArray, ARMS_PHASES]
    start: Float[AnyArray, ARMS_PHASES]
    dose: Float[AnyArray, ARMS_PHASES_TERMS]
    drug: Int[AnyArray, ARMS_TERMS]
    hill: Float[AnyArray, ANY]
    direct: Float[AnyArray, ARMS_PHASES_TARGETS]
    load_column: Int[AnyArray, TARGETS]
    site: Int[AnyArray, ARMS_TARGETS]
    drawn: AnyArray = field(default_factory=lambda: np.zeros((1, 0, 2), int))
    """[settings, terms, 2]: column of a parameter and place of its value among the totals of the draws, -1 for none."""
    share: AnyArray | None = None
    """[settings, parameters]: how much of its value a parameter has there; None where all of each."""

    @property
    def arms(self) -> int:
        """How many arms there are."""
        return len(self.rest)


def scenario_arms(scenarios: pl.DataFrame) -> list[Arm]:
    """The arm of each row of SCENARIOS: the context with its own stimulus, and its drugs; one with itself is one dose.

    What a genetic change takes away is a share of 0, so that it runs on the network of its cell.

    >>> row = {"context": "hepg2", "hypothesis": "default", "drug_a": "ruxolitinib", "dose_a_nM": 300.0}
    >>> none = dict.fromkeys(["drug_b", "dose_b_nM", "drug_c", "dose_c_nM"])
    >>> row |= {"role": "single", "intervention": "ruxolitinib"}
    >>> scenario_arms(pl.DataFrame([row | none])) == [arm]
    True
    """
    drugs = [name for which in "abc" for name in (f"drug_{which}", f"dose_{which}_nM")]
    own, arms = Exposure(own=True), []
    columns = ("context", "hypothesis", "role", "intervention", *drugs)
    for context, hypothesis, role, intervention, *given in scenarios.select(columns).iter_rows():
        genotype = parse_genotype(intervention)[0].losses_as_shares() if role == GENETIC else Genotype()
        arms.append(
            Arm(
                context,
                hypothesis,
                genotype.values,
                own,
                Exposure(_treatment(*zip(given[::2], given[1::2], strict=True))),
                shares=genotype.shares,
            )
        )
    return arms


def _treatment(*given: tuple[str | None, float | None]) -> tuple[tuple[str, float], ...]:
    doses: dict[str, float] = {}
    for name, dose in given:
        if name is not None and dose is not None:
            doses[name] = doses.get(name, 0.0) + dose
    return tuple(doses.items())


def make_design(
    arms: Sequence[Arm],
    contexts: ContextTables,
    tables: DrugTables,
    drugs: Sequence[str],
    parameters: Sequence[str],
    absent: Collection[str] = (),
) -> Design:
    """The design of arms (with no series left) on a network with these parameters; `drugs` are those of the draws.

    Parameters in `absent`, of modules that were left out, may be set to no effect. ScenarioError: a hypothesis or a
    parameter that is not there.

    >>> make_design([arm], contexts, drugs, ["ruxolitinib"], names).start
    array([[-60.,   0.]])
    """
    column = {name: place for place, name in enumerate(parameters)}
    place_of = {name: place for place, name in enumerate(drugs)}
    targets = [name for name in tables.targets if LOAD + name in column]
    target_of = {name: place for place, name in enumerate(targets)}
    plain = [written_out(arm, contexts) for arm in arms]
    minutes = [_minutes(arm) for arm in plain]
    phases = max(map(len, minutes), default=2)
    terms = max((len(_drugs(arm, column)) for arm in plain), default=0) or 1
    rows: dict[tuple[Pairs, Drawn, Pairs], int] = {}
    uncertain = {(name, total.parameter): at for at, (name, total) in enumerate(uncertain_totals(contexts))}
    cells: dict[tuple, dict[str, float]] = {}

    @cache
    def row_of(cell: tuple, *given: tuple[tuple[str, float], ...]) -> int:
        settings = cells[cell] | {name: value for each in given for name, value in each}
        key = tuple(sorted((name, value) for name, value in settings.items() if name not in absent))
        context, hypothesis, genotype, shares = cell
        set_again = {
            *hypothesis_settings(contexts.options, hypothesis),
            *(n for each in (genotype, *given) for n, _ in each),
        }
        drawn = tuple(
            (column[name], at)
            for (owner, name), at in uncertain.items()
            if owner == context and name in column and name not in set_again
        )
        return rows.setdefault((key, drawn, shares), len(rows))

    shape = (len(plain), phases)
    rest, phase = np.zeros(len(plain), int), np.zeros(shape, int)
    start = np.zeros(shape)
    dose, drug = np.zeros((*shape, terms)), np.full((len(plain), terms), len(drugs))
    direct = np.zeros((*shape, len(targets)))
    for number, (arm, begins) in enumerate(zip(plain, minutes, strict=True)):
        cell = arm.context, arm.hypothesis, arm.genotype, arm.shares
        if cell not in cells:
            cells[cell] = cell_settings(arm, contexts)
        rest[number] = row_of(cell)
        start[number] = begins + begins[-1:] * (phases - len(begins))
        organism = contexts.contexts[arm.context].organism
        term_of = {}
        for term, name in enumerate(_drugs(arm, column)):
            if tables.drugs[name].acts_in(organism):
                drug[number, term], term_of[name] = place_of[name], term
        for at, minute in enumerate(start[number]):
            treatment = arm.treatment.when(minute)
            stimulus = arm.stimulus.when(minute) if at > 0 and minute >= 0 else ()
            phase[number, at] = row_of(cell, stimulus, tuple(each for each in treatment if each[0] in column))
            for name, value in treatment:
                if name in term_of:
                    dose[number, at, term_of[name]] = value
                elif name.startswith(LOAD_OF):
                    direct[number, at, target_of[name.removeprefix(LOAD_OF)]] += value
    table = np.full((len(rows), len(parameters)), np.nan)
    totals = np.full((len(rows), max((len(drawn) for _, drawn, _ in rows), default=0), 2), -1)
    share = np.ones_like(table) if any(shares for *_, shares in rows) else None
    for (settings, drawn, shares), row in rows.items():
        for name, value in settings:
            table[row, column[name]] = value
        totals[row, : len(drawn)] = np.array(drawn, int).reshape(-1, 2)
        if share is not None:
            there = {column[name]: value for name, value in shares if name not in absent}
            share[row, list(there)] = list(there.values())
    known = [name in target_of for name in tables.targets]
    sites = {
        name: np.array(sites_in(tables, carried(contexts.contexts[name], tables)), int)[known]
        for name in {arm.context for arm in plain}
    }
    return Design(
        table, rest, phase, start, dose, drug,
        np.array([*(tables.drugs[name].hill for name in drugs), 1.0]),
        direct,
        np.array([column[LOAD + name] for name in targets], int),
        np.array([sites[arm.context] for arm in plain], int).reshape(len(plain), len(targets)),
        totals,
        share,
    )  # fmt: skip


def _minutes(arm: Arm) -> list[float]:
    """When the phases of an arm begin: the treatment, the stimulus, each change."""
    begin = -float(arm.pretreatment or 0.0)
    return [begin, *sorted({0.0, *(minute for minute in arm.changes if minute > begin)})]


def _drugs(arm: Arm, parameters: Collection[str]) -> list[str]:
    """The drugs of an arm."""
    return [name for name in arm.treatment.names() if name not in parameters and not name.startswith(LOAD_OF)]


@jax.jit
def lane_parameters(
    design: Design, draws: Draws, arm: Int[AnyArray, LANES], draw: Int[AnyArray, LANES]
) -> Float[Array, LANES_PHASES_PARAMETERS]:
    """Parameters [lanes, phases, parameters] of lanes: arm [lanes] under draw [lanes], both as places.

    >>> lanes = lane_parameters(design, draws, np.array([0]), np.array([0]))
    >>> lanes[0, :, names.index("IL6_dose")].tolist()
    [0.0, 10.0]
    """
    set_to = design.settings[design.phase[arm]]
    parameters = jnp.where(jnp.isnan(set_to), draws.base[draw][:, None, :], set_to)
    parameters = _with_totals(design, draws, design.phase[arm], draw, parameters)
    drug = design.drug[arm]
    affinity = draws.affinity[draw[:, None, None], drug[..., None], design.site[arm][:, None]]
    hill = design.hill[drug][:, None, :, None]
    load = jnp.sum(hill_load(design.dose[arm][..., None], affinity[:, None], hill), axis=2)
    return parameters.at[..., design.load_column].add(load + design.direct[arm])


@jax.jit
def rest_parameters(
    design: Design, draws: Draws, row: Int[AnyArray, LANES], draw: Int[AnyArray, LANES]
) -> Float[Array, LANES_PARAMETERS]:
    """Parameters [lanes, parameters] of cells without stimulus and treatment: rows of the settings under draws.

    >>> cells = rest_parameters(design, draws, design.rest, np.array([0]))
    >>> cells[0, names.index("STAT3_total")].item()
    200.0
    """
    set_to = design.settings[row]
    parameters = jnp.where(jnp.isnan(set_to), draws.base[draw], set_to)
    return _with_totals(design, draws, row, draw, parameters)


def _with_totals(design: Design, draws: Draws, row: AnyArray, draw: AnyArray, parameters: Array) -> Array:
    """Parameters [..., parameters] of rows of the settings [...], the uncertain totals as the draws have them and each
    in its share."""
    if draws.totals is None or not design.drawn.shape[1]:
        return _in_shares(design, row, parameters)
    drawn = design.drawn[row]
    owner = jnp.expand_dims(draw, tuple(range(1, drawn.ndim - 1)))
    values = draws.totals[owner, drawn[..., 1]]
    place = jnp.where(drawn[..., 0] < 0, parameters.shape[-1], drawn[..., 0])
    at = jnp.ogrid[tuple(slice(size) for size in place.shape)][:-1]
    return _in_shares(design, row, parameters.at[(*at, place)].set(values, mode="drop"))


def _in_shares(design: Design, row: AnyArray, parameters: Array) -> Array:
    return parameters if design.share is None else parameters * design.share[row]


def check_arms(
    arms: Sequence[Arm],
    contexts: ContextTables,
    tables: DrugTables,
    parameters: Collection[str],
    absent: Collection[str] = (),
) -> None:
    """Raise ScenarioError unless contexts, hypotheses, drugs and all that they set are there.

    `parameters` are those of the network, `absent` those that only a larger one has.

    >>> check_arms([arm], contexts, drugs, names)
    """
    known = {*parameters, *absent}
    problems: dict[str, None] = {}
    for context, hypothesis in dict.fromkeys((arm.context, arm.hypothesis) for arm in arms):
        if context not in contexts.contexts:
            problems[f"scenarios: `context` must be of contexts.tsv, found {context}"] = None
            continue
        try:
            chosen = hypothesis_settings(contexts.options, hypothesis)
        except ScenarioError as error:
            problems |= {f"scenarios, {problem}": None for problem in error.problems}
            continue
        record = contexts.contexts[context]
        wanted = {each.parameter: f"contexts.tsv, {context}" for each in (*record.totals, *record.stimulus)}
        wanted |= dict.fromkeys(chosen, f"hypotheses.tsv, {hypothesis}")
        problems |= {
            f"{where}: `parameter` must be one of the network's, found {name}": None
            for name, where in wanted.items()
            if name not in known
        }
    problems |= {
        f"scenarios.genetic: must set parameters of the network, found {name}": None
        for arm in arms
        for name, _ in (*arm.genotype, *arm.shares)
        if name not in known
    }
    used = dict.fromkeys(name for arm in arms for name in arm.treatment.names())
    problems |= {
        f"scenarios: `drug` must be of drugs.tsv, found {name}": None
        for name in used
        if name not in tables.drugs
    }
    problems |= dict.fromkeys(parameter_names(used, tables, known))
    if not problems:
        problems |= dict.fromkeys(lacking_loads(used, tables, parameters))
    if problems:
        raise ScenarioError(list(problems))
