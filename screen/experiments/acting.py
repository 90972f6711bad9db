"""What can act in a cell, decided on the expressions of the network and not by trying numbers.

A protein that the cell lacks, a ligand that is not given and a switch that is off are parameters that are 0; what
what is ranked follows from without them is the network of that cell. A reading of contested biology acts through
the parameters that it sets to other than 0. Where the network of the cell has none of them any more (JAK3 at STAT3
where there is no JAK3), the cell cannot be run under that reading: its weight goes to the others. A reading that sets
nothing but zeros says that something is absent, which it can be anywhere.
"""

from collections.abc import Callable
from functools import cache

import polars as pl

from screen.experiments.arm import Arm, Exposure, cell_settings, written_out
from screen.experiments.design import LOAD
from screen.network import Network, depends_on, slice_network
from screen.scenarios import DEFAULT, ContextTables
from screen.scenarios.hypotheses import JOIN

Networks = Callable[[str], Network]
"""The network that a context of this name runs on."""


def cell_network(network: Network, arm: Arm, contexts: ContextTables, observable: str) -> Network:
    """What an observable follows from in the cell and under the stimulus of an arm, if all targets had drugs.

    Without it (a network without its module), nothing; a network with events is whole.

    >>> from screen.network import compose_network, read_sbml
    >>> gp130 = read_sbml(compose_network("config/network", ["m01", "m02"]))
    >>> len(cell_network(gp130, arm, contexts, "pY705_level").species) < len(gp130.species)
    True
    """
    if network.events:
        return network
    values = dict(zip(network.parameters, network.values, strict=True)) | cell_settings(arm, contexts)
    given = dict(written_out(arm, contexts).stimulus.values)
    zero = [
        name
        for name in network.parameters
        if not values[name] and not given.get(name) and not name.startswith(LOAD)
    ]
    return slice_network(network, zero, {observable}.intersection(network.readable))


def weigh_hypotheses(
    scenarios: pl.DataFrame, contexts: ContextTables, networks: Networks, observable: str
) -> pl.DataFrame:
    """SCENARIOS in which hypotheses that cannot act in their context have weight 0, and the others theirs.

    >>> row = {"context": "hepg2", "hypothesis": "default", "weight": 1.0}
    >>> weigh_hypotheses(pl.DataFrame([row]), contexts, lambda name: None, "pY705_level")["weight"].to_list()
    [1.0]
    """

    @cache
    def idle(context: str, hypothesis: str) -> int:
        """How many options of a label cannot act; where every label of a context has as many, none is at fault."""
        if hypothesis == DEFAULT:
            return 0
        arm = Arm(context, hypothesis, stimulus=Exposure(own=True))
        there = depends_on(cell_network(networks(context), arm, contexts, observable))
        sets = [contexts.options[name].settings for name in hypothesis.split(JOIN)]
        live = [[name for name, value in each.items() if value] for each in sets]
        return sum(bool(names) and there.isdisjoint(names) for names in live)

    cells = scenarios.select("context", "hypothesis", "weight").unique(maintain_order=True)
    counted = [idle(context, hypothesis) for context, hypothesis, _ in cells.iter_rows()]
    least = pl.when(pl.col("weight") > 0).then("idle").min().over("context")
    kept = pl.col("weight") * (pl.col("idle") == least)
    weighed = cells.with_columns(pl.Series("idle", counted, pl.Int64)).select(
        "context", "hypothesis", weight=kept / kept.sum().over("context")
    )
    return (
        scenarios.drop("weight")
        .join(weighed, on=["context", "hypothesis"], how="left", maintain_order="left")
        .select(scenarios.columns)
    )
