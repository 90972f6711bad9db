"""The route of an arm: how what it is treated with reaches an observable in its cell, at its doses.

Targets that a drug hardly holds at a dose give it no route there. `screen.network.find_routes` says what the kinds are.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import polars as pl

from screen.experiments.acting import Networks, cell_network
from screen.experiments.arm import LOAD_OF, Arm, Exposure, cell_settings, written_out
from screen.experiments.design import LOAD, scenario_arms
from screen.experiments.loads import loads
from screen.network import ROUTES, find_routes
from screen.scenarios import ContextTables, DrugTables, carried, unmeasured

HELD = 0.1
"""Share of a target that a drug must hold for the target to count (assumed): the effect of less is small by itself."""


class Route(NamedTuple):
    """The kind of a route, the targets it starts from, the most held first, and variants the drugs were not read on."""

    kind: str
    targets: tuple[str, ...]
    unmeasured: tuple[str, ...] = ()


def arm_routes(
    arms: Sequence[Arm], contexts: ContextTables, tables: DrugTables, networks: Networks, observable: str
) -> list[Route]:
    """The route of each arm: of several targets the kind is the most direct one. Without a treatment that of what
    differs in the genotype: a knock-out has the route of an inhibitor that leaves nothing.

    >>> from screen.network import compose_network, read_sbml
    >>> gp130 = read_sbml(compose_network("config/network", ["m01", "m02"]))
    >>> alk = Arm("hepg2", stimulus=Exposure(own=True), treatment=Exposure((("load:ALK", 1000.0),)))
    >>> found = arm_routes([arm, alk], contexts, drugs, lambda name: gp130, "pY705_level")
    >>> [route.kind for route in found]
    ['direct', 'none']
    """

    @cache
    def variants(context: str) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The variant at each target where the cell carries one, and the drugs that were not measured on it."""
        record = contexts.contexts[context]
        missing = unmeasured(record, tables)
        return {target: (name, missing[name]) for target, name in carried(record, tables).items()}

    @cache
    def held(treatment: Exposure, context: str) -> list[str]:
        doses = {name: value for name, value in treatment.values if not name.startswith(LOAD_OF)}
        there = {target: name for target, (name, _) in variants(context).items()}
        found = dict(loads(doses, tables, organism=contexts.contexts[context].organism, variants=there))
        for name, value in treatment.values:
            if name.startswith(LOAD_OF):
                found[name.removeprefix(LOAD_OF)] += value
        enough = [target for target, load in found.items() if load / (1.0 + load) >= HELD]
        return sorted(enough, key=found.__getitem__, reverse=True)

    @cache
    def reached(cell: Arm) -> Mapping[str, str]:
        """By load, and by parameter that the genotype changes."""
        part = cell_network(networks(cell.context), cell, contexts, observable)
        values = cell_settings(cell, contexts) | dict(written_out(cell, contexts).stimulus.values)
        known = [LOAD + target for target in tables.targets if LOAD + target in part.parameters]
        amounts = [name for name, _ in (*cell.genotype, *cell.shares) if name not in known]
        return find_routes(part, [observable], known, values, amounts)

    found = []
    for arm in arms:
        cell = Arm(arm.context, arm.hypothesis, arm.genotype, arm.stimulus, shares=arm.shares)
        routes = reached(cell)
        targets = held(arm.treatment, arm.context)
        kinds = {target: routes.get(LOAD + target, ROUTES[-1]) for target in targets}
        if not arm.treatment.values:
            kinds = {name: routes.get(name, ROUTES[-1]) for name, _ in (*arm.genotype, *arm.shares)}
        through = tuple(target for target, kind in kinds.items() if kind != ROUTES[-1])
        given = {name for name, _ in arm.treatment.values}
        missing = tuple(
            name
            for target, (name, drugs) in variants(arm.context).items()
            if target in targets and not given.isdisjoint(drugs)
        )
        found.append(Route(min(kinds.values(), key=ROUTES.index, default=ROUTES[-1]), through, missing))
    return found


def scenario_routes(
    scenarios: pl.DataFrame, contexts: ContextTables, tables: DrugTables, networks: Networks, observable: str
) -> pl.DataFrame:
    """ROUTED of SCENARIOS.

    >>> row = {"scenario": "a", "context": "hepg2", "hypothesis": "default", "role": "vehicle"}
    >>> row["intervention"] = "vehicle"
    >>> none = dict.fromkeys(f"{what}" for which in "abc" for what in (f"drug_{which}", f"dose_{which}_nM"))
    >>> scenario_routes(pl.DataFrame([row | none]), contexts, drugs, lambda name: None, "pY705_level").height
    0
    """
    treated = scenarios.filter(pl.col("role") != "vehicle")
    routes = arm_routes(scenario_arms(treated), contexts, tables, networks, observable)
    return treated.select("scenario").with_columns(
        pl.Series("route", [route.kind for route in routes], pl.String),
        pl.Series("targets", [" ".join(route.targets) for route in routes], pl.String),
        pl.Series("unmeasured", [" ".join(route.unmeasured) for route in routes], pl.String),
    )
