"""The lanes of a screen by network: contexts that leave out the same modules share one, cells alike a slice of it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import jax
import numpy as np
import polars as pl
from jaxtyping import Int

from screen.errors import SimulateError
from screen.experiments import Design, Draws, check_arms, make_design, read_draws, scenario_arms, with_totals
from screen.kernel import Model, build_model, load_model
from screen.network import Network, network_name, read_sbml, slice_network
from screen.scenarios import ContextTables, DrugTables, smaller_networks
from screen.shapes import ARMS, LANES
from screen.simulate.cells import cells_alike
from screen.simulate.readouts import Readout, check_readouts


@dataclass(frozen=True)
class Part:
    """The lanes that share a model: some arms of the design, whose scenarios have names, under every draw.

    Lanes run through the arms, and within an arm through the draws.
    """

    build: Callable[[], Model]
    """Builds the model when it is first asked for: a shard needs those of its own lanes."""
    design: Design
    draws: Draws
    scenarios: Sequence[str]
    """Of every arm of the design."""
    arms: Int[np.ndarray, ARMS]

    @property
    def model(self) -> Model:
        """What the lanes run on."""
        return self.build()

    @property
    def lanes(self) -> int:
        """Lanes of the part: arms times draws."""
        return len(self.arms) * len(self.draws.number)

    def arm_and_draw(
        self, lane: Int[np.ndarray, LANES]
    ) -> tuple[Int[np.ndarray, LANES], Int[np.ndarray, LANES]]:
        """Places of the arm and the draw of each lane."""
        place, draw = np.divmod(lane, len(self.draws.number))
        return self.arms[place], draw


@dataclass(frozen=True)
class ScreenTables:
    """What a screen is made from: SCENARIOS, contexts, drugs, DRAWS (None: one, nominal), and the seed of the run."""

    scenarios: pl.DataFrame
    contexts: ContextTables
    drugs: DrugTables
    draws: pl.DataFrame | None
    seed: int


def make_part(tables: ScreenTables, model: Model, whole: Sequence[str] = ()) -> Part:
    """The lanes of all scenarios on one network; what of parameters only the `whole` network has is passed over.

    ScenarioError: something that is not in its table or not in the network, draws with holes.
    """
    arms = scenario_arms(tables.scenarios)
    absent = set(whole).difference(model.parameters)
    check_arms(arms, tables.contexts, tables.drugs, model.parameters, absent)
    used = list(dict.fromkeys(name for arm in arms for name, _ in arm.treatment.values))
    network = dict(zip(model.parameters, model.values, strict=True))
    draws = read_draws(tables.draws, network, used, tables.drugs, tables.seed, absent)
    if tables.draws is not None:
        draws = with_totals(draws, tables.contexts, tables.seed)
    return Part(
        lambda: model,
        make_design(arms, tables.contexts, tables.drugs, used, model.parameters, absent),
        draws,
        tables.scenarios["scenario"].to_list(),
        np.arange(len(arms)),
    )


def read_parts(
    tables: ScreenTables, network: Callable[[str], Path], readouts: Sequence[Readout], slices: bool = False
) -> list[Part]:
    """The parts of a screen; `network` says where the one of a name lies.

    With `slices` each is cut to what moves and matters to the read-outs in its cells. SimulateError: a network that
    was not composed, a context that is not in its table, a read-out that a network does not have; ScenarioError as
    of `make_part`.
    """
    screened = tables.scenarios["context"].unique().sort()
    known = tables.contexts.contexts
    strangers = [name for name in screened if name not in known]
    members = smaller_networks(context for context in known.values() if context.name in screened)
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
    parts = []
    for left_out, names in members.items():
        model = load_model(paths[left_out]) if left_out else whole
        check_readouts(readouts, model.observables, model.species, f"readouts in {', '.join(names)}")
        own = replace(tables, scenarios=tables.scenarios.filter(pl.col("context").is_in(names)))
        part = make_part(own, model, whole.parameters)
        wanted = {readout.observable for readout in readouts}
        parts += cut_part(part, read_sbml(paths[left_out]), wanted) if slices else [part]
    return parts


def in_round(parts: Sequence[Part], draws: slice, stopped: Collection[str] = ()) -> list[Part]:
    """The lanes of some draws, by their place; without those of scenarios that have `stopped`.

    Each part keeps its model: what a lane gives does not depend on its round.
    """
    limited = []
    for part in parts:
        arms = [arm for arm in part.arms if part.scenarios[arm] not in stopped]
        if arms:
            chosen = jax.tree.map(lambda values: values[draws], part.draws)
            limited.append(replace(part, draws=chosen, arms=np.array(arms)))
    return limited


def cut_part(part: Part, network: Network, observables: Collection[str]) -> list[Part]:
    """The part by slices of its network, one for cells alike, so that no cell depends on which others there are.

    A network with events stays whole.
    """
    if network.events:
        return [part]
    alike = cells_alike(part.design, part.draws, network.parameters)
    return [
        replace(
            part,
            build=cache(lambda zero=zero: build_model(slice_network(network, zero, observables))),
            arms=arms,
        )
        for zero, arms in alike.items()
    ]
