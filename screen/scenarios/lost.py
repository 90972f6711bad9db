"""What a setting of a cell takes the value from: read-outs, and rates of the network, that become 0/0 or x/0.

Judged by their values when a cell starts: a total may be in a formula that needs it not, or in none that needs it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from screen.errors import ScenarioError
from screen.network import Network, slice_network
from screen.network.algebra import evaluate, evaluate_all, free_symbols
from screen.network.drugged import LOAD
from screen.scenarios.contexts import Context, ContextTables
from screen.scenarios.genotypes import Genotype
from screen.scenarios.hypotheses import DEFAULT, JOIN, Option

Values = Mapping[str, float]


class Row(NamedTuple):
    """A value that a cell has of a parameter, and where it is said."""

    value: float
    where: str


def lost_readouts(network: Network, names: Iterable[str], own: Values, change: Genotype) -> list[str]:
    """Which of these read-outs have a value when a cell starts, but none (such as 0/0) under a change of the cell.

    `own`: values of the cell in place of the network's. What the network lacks is passed over.
    """
    formulas = {name: network.formula(name) for name in names if name in network.readable}
    needed = frozenset[str]().union(*map(free_symbols, formulas.values()))
    start = {
        name: value for name, value in zip(network.species, network.initial, strict=True) if name in needed
    }

    def there(values: Values) -> dict[str, bool]:
        state = {name: evaluate(value, values) for name, value in start.items()}
        known = {**values, **state, "time": 0.0}
        return {name: bool(np.isfinite(evaluate(each, known))) for name, each in formulas.items()}

    before, after = _settings(network, own, change)
    under_change = there(after)
    if all(under_change.values()):
        return []
    return [name for name, found in there(before).items() if found and not under_change[name]]


def lost_rates(
    network: Network, names: Iterable[str], own: Values, change: Genotype, cut: Values | None = None
) -> list[str]:
    """Which rates and starts have a value when a cell starts, but none (such as 0/0) under a change of the cell.

    `own` as of `lost_readouts`. `cut`: values of the cells to whose slice, with the read-outs of these names, the
    network is cut; it runs whole where None.
    """
    before, after = _settings(network, own, change)
    gone = _undefined(network, after)
    if not gone:
        return []
    had_none = _undefined(network, before)
    gone = [name for name in gone if name not in had_none]
    if cut is None or network.events:
        return gone
    values = dict(zip(network.parameters, network.values, strict=True)) | dict(cut)
    zero = [name for name in network.parameters if not values[name] and not name.startswith(LOAD)]
    left = _undefined(slice_network(network, zero, set(names).intersection(network.readable)), after)
    return [name for name in gone if name in left]


def lost_values(
    network: Network, names: Collection[str], own: Values, change: Genotype, cut: Values | None = None
) -> list[str]:
    """What has no value under a change of a cell, as it ends `must leave every`: the read-outs, else the rates."""
    if found := lost_readouts(network, names, own, change):
        return [f"read-out a value, found {name}" for name in found]
    rates = lost_rates(network, names, own, change, cut)
    more = f" and {len(rates) - 1} more" if len(rates) > 1 else ""
    return [f"rate a value, found that of {rates[0]}{more}"] if rates else []


def shares_of_nothing(own: Values, change: Genotype) -> list[str]:
    """Shares above 0, as they are written, of what is 0 in a cell, whose parameters are `own`: they change nothing.

    >>> shares_of_nothing({"BRAF_V600E": 0.0}, Genotype(shares=(("BRAF_V600E", 0.5),)))
    ['BRAF_V600E=50%']
    """
    return [f"{name}={100 * share:g}%" for name, share in change.shares if share and own.get(name) == 0]


def check_taken_away(
    tables: ContextTables,
    cells: Mapping[str, Collection[str]],
    network_of: Callable[[str], Network],
    names: Collection[str],
    slices: bool = False,
) -> None:
    """ScenarioError where a 0 leaves one of these read-outs, or a rate, without a value, such as 0/0, as a cell starts.

    `cells`: contexts and the labels that each is run under. `slices`: networks are cut to what the read-outs need.
    """
    problems = dict.fromkeys(
        problem
        for name, labels in cells.items()
        for label in labels
        for rows in _phases(tables.contexts[name], tables.options, label)
        for problem in _taken_away(network_of(name), rows, names, slices)
    )
    if problems:
        raise ScenarioError(problems)


def _phases(context: Context, options: Mapping[str, Option], label: str) -> Iterator[dict[str, Row]]:
    """What a cell has at rest and under its stimulus; a value set again is the later one."""
    rows = {each.parameter: Row(each.value, f"{each.where}, {context.name}") for each in context.totals}
    for name in [] if label == DEFAULT else label.split(JOIN):
        option = options[name]
        rows |= {key: Row(value, f"{option.places[key]}, {name}") for key, value in option.settings.items()}
    yield rows
    if context.stimulus:
        given = {
            each.parameter: Row(each.value, f"{each.where}, {context.name}") for each in context.stimulus
        }
        yield rows | given


def _taken_away(
    network: Network, rows: Mapping[str, Row], names: Collection[str], slices: bool
) -> Iterator[str]:
    """One sentence for each row of 0 that takes a value away from what has one without it."""
    values = {name: row.value for name, row in rows.items()}
    for name, row in rows.items():
        if row.value == 0:
            others = {other: value for other, value in values.items() if other != name}
            change = Genotype(((name, 0.0),))
            for what in lost_values(network, names, others, change, values if slices else None):
                yield f"{row.where}: must leave every {what} to have none, such as 0/0, under {name}=0"


def _settings(network: Network, own: Values, change: Genotype) -> tuple[dict[str, float], dict[str, float]]:
    """The parameters of a cell before and after a change of it."""
    before = dict(zip(network.parameters, network.values, strict=True))
    before |= {name: value for name, value in own.items() if name in before}
    after = before | {name: value for name, value in change.values if name in before}
    return before, after | {name: share * before[name] for name, share in change.shares if name in before}


def _undefined(network: Network, values: Values) -> list[str]:
    """Reactions and species whose rate or start is no number as a cell starts."""
    with np.errstate(all="ignore"):
        start = dict(zip(network.species, evaluate_all(network.initial, values), strict=True))
        known = {**values, **start, "time": 0.0}
        rates = zip(network.reactions, evaluate_all(network.rates, known), strict=True)
        rules = evaluate_all([rule for _, rule in network.rate_rules], known)
        changes = evaluate_all([coefficient for *_, coefficient in network.stoichiometry], known)
    ruled = [network.species[place] for place, _ in network.rate_rules]
    changed = [network.species[place] for place, *_ in network.stoichiometry]
    found = [*rates, *start.items(), *zip(ruled, rules, strict=True), *zip(changed, changes, strict=True)]
    return list(dict.fromkeys(name for name, value in found if not np.isfinite(value)))
