"""The lanes of a screen by network: contexts that leave out the same modules share one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from screen.errors import SimulateError
from screen.kernel import Model, load_model
from screen.network import network_name
from screen.scenarios import Assembly, ContextTables, DrugTables, prepare, smaller_networks


@dataclass(frozen=True)
class Part:
    """The lanes that share a network; `scenarios` names the rows that the assembly's lanes index."""

    model: Model
    assembly: Assembly
    scenarios: Sequence[str]


def read_parts(
    scenarios: pl.DataFrame,
    contexts: ContextTables,
    drugs: DrugTables,
    draws: pl.DataFrame | None,
    network: Callable[[str], Path],
) -> dict[Path, Part]:
    """The parts of a screen by the file of their network; `network` says where the one of a name lies.

    What the parameter tables set and a smaller network lacks is passed over if the whole one has it.
    SimulateError: a network that was not composed, a context that is not in its table; ScenarioError as of
    `prepare`.
    """
    screened = scenarios["context"].unique().sort()
    strangers = [name for name in screened if name not in contexts.contexts]
    members = smaller_networks(c for c in contexts.contexts.values() if c.name in screened)
    paths = {left_out: network(network_name(left_out)) for left_out in members}
    problems = [f"scenarios: `context` must be of contexts.tsv, found {name}" for name in strangers]
    problems += [
        f"{path}: must exist for {', '.join(members[left_out])}, found no such file; "
        "`python -m screen network` makes it"
        for left_out, path in paths.items()
        if left_out and not path.is_file()
    ]
    if problems:
        raise SimulateError(problems)
    whole = load_model(network(network_name()))
    parts = {}
    for left_out, names in members.items():
        model = load_model(paths[left_out]) if left_out else whole
        own = scenarios.filter(pl.col("context").is_in(names))
        assembly = prepare(own, contexts, drugs, draws, model.parameters, model.values, whole.parameters)
        parts[paths[left_out]] = Part(model, assembly, own["scenario"].to_list())
    return parts
