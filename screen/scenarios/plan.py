"""Which trajectories to run: each context and hypothesis under the vehicle, drugs, pairs, triples, genetic changes."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, NamedTuple

import polars as pl

from screen.errors import ScenarioError
from screen.scenarios.carried import carried_problems
from screen.scenarios.contexts import ContextTables, screened
from screen.scenarios.drugs import DrugTables
from screen.scenarios.genotypes import genetic_problems
from screen.scenarios.hypotheses import JOIN, hypothesis_labels
from screen.scenarios.pairs import Pair, Triple, count_together, doses_alone, doses_together, layout_problems
from screen.settings import Layout
from screen.tables import SCENARIOS, check_table

VEHICLE, GENETIC = "vehicle", "genetic"
"""Roles of scenarios without a drug."""

MOST_SCENARIOS = 2_000_000
"""Rows of the table of scenarios; more would fill the memory before anything is simulated."""


class Dosed(NamedTuple):
    """A drug and its free concentration, the dose [nM]."""

    drug: str
    dose: float


@dataclass(frozen=True)
class Request:
    """What is given where: doses [nM] of single drugs, pairs and their doses (those of single drugs where None).

    "all" drugs are the screened ones; `switches` are crossed in every context beside its own hypotheses.
    `own_pair_doses_nM` [nM] are doses in pairs of the drugs that have others there. `triples` are given doses in pairs
    on a ray. `genetic` are genotypes (`parse_genotype`) in place of a drug.
    """

    doses_nM: Sequence[float]
    drugs: Sequence[str] | Literal["all"] = "all"
    pairs: Sequence[Pair] = ()
    pair_doses_nM: Sequence[float] | None = None
    own_pair_doses_nM: Mapping[str, Sequence[float]] = field(default_factory=dict)
    pair_layout: Layout = "ray"
    contexts: Sequence[str] | Literal["all"] = "all"
    switches: Sequence[str] = ()
    triples: Sequence[Triple] = ()
    genetic: Sequence[str] = ()

    @property
    def within(self) -> list[Pair]:
        """Pairs in triples that are not listed as pairs: those that are have these doses already."""
        listed = {frozenset(pair) for pair in self.pairs}
        every = (pair for triple in self.triples for pair in combinations(triple, 2))
        first = {frozenset(pair): pair for pair in reversed(list(every)) if frozenset(pair) not in listed}
        return sorted(first.values())

    @property
    def combined(self) -> dict[str, None]:
        """Drugs of pairs and triples."""
        return dict.fromkeys(name for drugs in (*self.pairs, *self.triples) for name in drugs)

    def in_pairs(self, drug: str) -> list[float]:
        """Doses of a drug in its pairs [nM], ascending."""
        usual = self.doses_nM if self.pair_doses_nM is None else self.pair_doses_nM
        return sorted(map(float, self.own_pair_doses_nM.get(drug, usual)))


class Counts(NamedTuple):
    """What a screen costs: trajectories to integrate, and resting states to find before them."""

    scenarios: int
    trajectories: int
    resting_states: int


def scenario_name(context: str, hypothesis: str, given: Sequence[Dosed]) -> str:
    """Identifier that says what it is: `hepg2|default|ruxolitinib@1000+trametinib@100`, doses in nM."""
    drugs = "+".join(f"{drug}@{_written(dose)}" for drug, dose in given)
    return f"{context}|{hypothesis}|{drugs or VEHICLE}"


def _written(dose: float) -> str:
    """A dose as the names of scenarios have it."""
    return f"{dose:.10g}"


def plan_scenarios(
    contexts: ContextTables,
    tables: DrugTables,
    request: Request,
) -> pl.DataFrame:
    """The table of scenarios, in an order and with names that depend on the request alone.

    Every context, under each of its hypotheses crossed with the options of the switches, is run with the
    vehicle, with each drug at each dose, and with the drugs of each pair and triple. Those are run alone at their doses
    there too, and at what two of these add up to: where a drug meets its like, that is what it is given, so that
    synergy is never read off an interpolated single. Pairs in a triple are run too. A genetic change is run without a
    drug. ScenarioError: unknown or unscreened drug, unknown context or switch, a dose that is not positive, a genotype
    that is none, the same thing asked for twice, too much of it.
    """
    names = tables.screened() if request.drugs == "all" else tuple(request.drugs)
    pairs, own = request.pairs, request.own_pair_doses_nM
    problems: list[str] = []
    try:
        contexts = screened(contexts, request.contexts)
    except ScenarioError as error:
        problems += error.problems
    problems += carried_problems(contexts.contexts.values(), tables)
    problems += (
        _drug_problems("drugs", names, tables)
        + _together_problems("pairs", pairs, 2, tables)
        + _together_problems("triples", request.triples, 3, tables)
        + genetic_problems(request.genetic)
        + [
            f"scenarios.own_pair_doses_nM: must be of drugs in pairs, found {name}"
            for name in own
            if name not in request.combined
        ]
        + _dose_problems("doses_nM", request.doses_nM, needed=bool(names))
        + _dose_problems("pair_doses_nM", request.pair_doses_nM or (), needed=False)
        + [
            each
            for drug, doses in own.items()
            for each in _dose_problems(f"own_pair_doses_nM of {drug}", doses)
        ]
    )
    if not problems:
        problems = layout_problems(pairs, request.in_pairs, request.pair_layout)
        problems += layout_problems(request.within, request.in_pairs, "ray")
    if problems:
        raise ScenarioError(problems)
    labels = {
        name: hypothesis_labels(contexts.options, context.hypotheses, request.switches)
        for name, context in contexts.contexts.items()
    }
    if problems := _overridden(contexts, labels):
        raise ScenarioError(problems)
    _check_size(sum(map(len, labels.values())), names, request)
    _check_doses_alone(names, request)
    frame = pl.DataFrame(
        list(_rows(labels, _given(names, request), request.genetic)),
        schema=SCENARIOS.dtypes(),
        orient="row",
    )
    check_table(frame, SCENARIOS, "scenarios")
    return frame


def _overridden(contexts: ContextTables, labels: Mapping[str, Iterable[str]]) -> list[str]:
    """One sentence for each row of a reading that says what a cell under it is given at minute 0."""
    return list(
        dict.fromkeys(
            f"{option.places[setting.parameter]}, {name}: must not set what cells are stimulated with, found "
            f"{setting.parameter}, the stimulus of {context}"
            for context, those in labels.items()
            for name in dict.fromkeys(each for label in those for each in label.split(JOIN))
            if (option := contexts.options.get(name))
            for setting in contexts.contexts[context].stimulus
            if setting.parameter in option.settings
        )
    )


def count_trajectories(scenarios: pl.DataFrame, draws: int) -> Counts:
    """How many trajectories a table of scenarios means under a number of parameter draws."""
    cells = scenarios.select("context", "hypothesis").n_unique() + scenarios.filter(role=GENETIC).height
    return Counts(scenarios.height, scenarios.height * draws, cells * draws)


def _check_size(cells: int, names: Sequence[str], request: Request) -> None:
    """ScenarioError where the table would be too large: counted before it is laid out, and no further than needed."""
    doses = {name: request.in_pairs(name) for name in request.combined}
    each = 1 + len(request.genetic)
    each += sum(count_together(doses[a], doses[b], request.pair_layout) for a, b in request.pairs)
    each += sum(len(doses[first]) for first, *_ in (*request.within, *request.triples))
    for _, alone in _alone(names, request):
        if cells * each > MOST_SCENARIOS:
            break
        each += len(alone)
    if cells * each > MOST_SCENARIOS:
        raise ScenarioError(
            f"scenarios: must be at most {MOST_SCENARIOS:,}, found at least {cells * each:,}; "
            "name fewer contexts, pairs or doses"
        )


def _check_doses_alone(names: Sequence[str], request: Request) -> None:
    """ScenarioError where doses of several settings, or their sums, are different but written alike."""
    found: dict[tuple[float, float], str] = {}
    for name, doses in _alone(names, request):
        for alike in _alike(sorted(doses)):
            found.setdefault(alike, name)
    if found:
        raise ScenarioError(
            f"scenarios.doses_nM: must be the doses in pairs and their sums, or differ from them in the first 10 "
            f"digits, found {one} and {other} of {name}"
            for (one, other), name in found.items()
        )


def _alone(names: Sequence[str], request: Request) -> Iterator[tuple[str, set[float]]]:
    """Each drug and every dose [nM] that it needs alone: those of single drugs, and what its pairs rest on."""
    paired = request.combined
    for name in dict.fromkeys((*names, *paired)):
        doses = set(map(float, request.doses_nM)) if name in names else set[float]()
        if name in paired:
            doses |= doses_alone(request.in_pairs(name), request.pair_layout)
        yield name, doses


def _given(names: Sequence[str], request: Request) -> list[tuple[Dosed, ...]]:
    """The vehicle, each drug alone at every dose that it needs, the pairs, the triples."""
    singles = [(Dosed(name, dose),) for name, doses in _alone(names, request) for dose in sorted(doses)]
    together = [
        (Dosed(a, dose_a), Dosed(b, dose_b))
        for a, b in request.pairs
        for dose_a, dose_b in doses_together(request.in_pairs(a), request.in_pairs(b), request.pair_layout)
    ]
    on_a_ray = [
        tuple(map(Dosed, drugs, doses))
        for drugs in (*request.within, *request.triples)
        for doses in zip(*map(request.in_pairs, drugs), strict=True)
    ]
    return [(), *singles, *together, *on_a_ray]


def _rows(
    labels: Mapping[str, Mapping[str, float]], given: Sequence[tuple[Dosed, ...]], genetic: Sequence[str]
) -> Iterator[tuple]:
    roles = (VEHICLE, "single", "pair", "triple")
    for context, weights in labels.items():
        for hypothesis, weight in weights.items():
            for drugs in given:
                doses = [*drugs, *[(None, None)] * 3][:3]
                yield (
                    scenario_name(context, hypothesis, drugs),
                    context,
                    hypothesis,
                    weight,
                    "+".join(drug for drug, _ in drugs) or VEHICLE,
                    roles[len(drugs)],
                    *doses[0],
                    *doses[1],
                    *doses[2],
                )
            for genotype in (" ".join(text.split()) for text in genetic):
                name = f"{context}|{hypothesis}|{genotype}"
                yield (name, context, hypothesis, weight, genotype, GENETIC, *[None] * 6)


def _drug_problems(what: str, names: Sequence[str], tables: DrugTables) -> list[str]:
    section = f"scenarios.{what}"
    problems = [
        f"{section}: must be of drugs.tsv, found {name}" for name in names if name not in tables.drugs
    ]
    problems += [f"{section}: must be named once, found {name} again" for name in _repeated(names)]
    problems += [
        f"{section}: must be screened, found {name} ({tables.drugs[name].notes or 'no note'})"
        for name in names
        if name in tables.drugs and not tables.drugs[name].screened
    ]
    return problems


def _together_problems(
    what: str, given: Sequence[tuple[str, ...]], size: int, tables: DrugTables
) -> list[str]:
    """A triple is of different drugs; a pair may be of one."""
    rule = "two drugs" if size == 2 else "three different drugs"
    wrong = [
        f"scenarios.{what}: must be {rule} each, found {list(drugs)}"
        for drugs in given
        if len(drugs) != size or (size == 3 and len(set(drugs)) < size)
    ]
    if wrong:
        return wrong
    named = tuple(dict.fromkeys(name for drugs in given for name in drugs))
    again = _repeated(["+".join(sorted(drugs)) for drugs in given])
    return _drug_problems(what, named, tables) + [
        f"scenarios.{what}: must be named once, found {drugs} again" for drugs in again
    ]


def _dose_problems(what: str, doses: Sequence[float], needed: bool = True) -> list[str]:
    problems = [
        f"scenarios.{what}: must be positive numbers in nM, found {dose}"
        for dose in doses
        if isinstance(dose, bool) or not isinstance(dose, int | float) or not math.isfinite(dose) or dose <= 0
    ]
    problems += [f"scenarios.{what}: must be named once, found {dose} again" for dose in _repeated(doses)]
    problems = problems or [
        f"scenarios.{what}: must differ in the first 10 digits, found {one} and {other}"
        for one, other in _alike(doses)
    ]
    none = [f"scenarios.{what}: must hold at least one dose, found none"] if needed and not doses else []
    return problems or none


def _alike(doses: Iterable[float]) -> list[tuple[float, float]]:
    """Different doses that are written alike."""
    seen: dict[str, float] = {}
    pairs = ((seen.setdefault(_written(dose), dose), dose) for dose in doses)
    return [(one, other) for one, other in pairs if one != other]


def _repeated(values: Sequence) -> list:
    seen, again = set(), []
    for value in values:
        if value in seen:
            again.append(value)
        seen.add(value)
    return again
