"""Own experiments as a table: a row an arm, written as in the panel, with what is read of it and what it is held
against."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from screen.errors import ScenarioError
from screen.experiments import Arm
from screen.experiments.arm import cell_settings
from screen.network import Network
from screen.panel.fitting import arm_problems
from screen.panel.grammar import ARM_COLUMNS, NO_UNITS, Units, parse_arm, parse_minutes
from screen.panel.run import PanelTables
from screen.scenarios import (
    ContextTables,
    Genotype,
    check_taken_away,
    genotype_amounts,
    implausible_amounts,
    lost_rates,
    lost_readouts,
    shares_of_nothing,
)
from screen.tables import Column, Schema, read_placed
from screen.tables.several import WHERE

ARMS = Schema(
    "arms",
    (
        Column("arm", pl.String, "name of the arm", is_name=True),
        *(replace(column, required=not column.nullable) for column in ARM_COLUMNS),
        Column(
            "reference",
            pl.String,
            "arm of this table that it is compared with",
            nullable=True,
            required=False,
        ),
        Column("readout", pl.String, "observables or species of the network, separated by blanks"),
        Column("minutes", pl.String, "times after the stimulus: one, several by blanks, or a window from-to"),
    ),
    key=("arm",),
)


@dataclass(frozen=True)
class Wanted:
    """An arm, what is read of it, and when [min]."""

    arm: Arm
    readouts: tuple[str, ...]
    minutes: tuple[float, ...]

    @property
    def sides(self) -> tuple[tuple[Arm, str], ...]:
        """The arm with each of its read-outs."""
        return tuple((self.arm, name) for name in self.readouts)


@dataclass(frozen=True)
class Planned:
    """A row of ARMS; `reference` is read as the arm is, `where` is file and row."""

    name: str
    where: str
    arm: Wanted
    reference_name: str | None
    reference: Wanted | None = None

    @property
    def asked(self) -> tuple[Wanted, ...]:
        """What has to be run for it."""
        return (self.arm,) if self.reference is None else (self.arm, self.reference)


def read_arms(path: Path, units: Units = NO_UNITS) -> tuple[Planned, ...]:
    """Read and parse the table. TableError for the table, ScenarioError for what its cells say.

    `units` are those of drugs and network parameters, whose numbers may then be given in others.
    """
    planned, problems = [], []
    for row in read_placed(path, ARMS).iter_rows(named=True):
        minutes, wrong = parse_minutes(row["minutes"])
        arm, found = parse_arm(row, minutes[-1], units=units)
        readouts = tuple(row["readout"].split())
        found += [f"`minutes` {problem}" for problem in wrong]
        if len(set(readouts)) < len(readouts):
            found.append(f"`readout` must name each once, found {row['readout']}")
        planned.append(Planned(row["arm"], row[WHERE], Wanted(arm, readouts, minutes), row["reference"]))
        problems += [f"{row[WHERE]}: {problem}" for problem in found]
    arms = {each.name: each.arm.arm for each in planned}
    for each in planned:
        if each.reference_name is None:
            continue
        if each.reference_name not in arms or each.reference_name == each.name:
            problems.append(
                f"{each.where}: `reference` must be another arm of this table, found {each.reference_name}"
            )
        elif len(arms[each.reference_name].doses) > 1:
            problems.append(
                f"{each.where}: `reference` must be an arm of single doses, found {each.reference_name} with a series"
            )
    if problems:
        raise ScenarioError(problems)
    return tuple(
        replace(each, reference=replace(each.arm, arm=arms[each.reference_name]))
        if each.reference_name
        else each
        for each in planned
    )


def left_out(arm: Arm, contexts: ContextTables) -> tuple[str, ...]:
    """The modules that the cell of an arm runs without; none where there is no such cell."""
    found = contexts.contexts.get(arm.context)
    return found.left_out if found else ()


def check_arms_fit(planned: tuple[Planned, ...], tables: Mapping[tuple[str, ...], PanelTables]) -> None:
    """Raise ScenarioError with every cell that names what the network of its arm or the tables do not have.

    `tables` are those of each set of modules that a cell runs without.
    """
    problems = []
    for each in planned:
        contexts = next(iter(tables.values())).contexts
        there = tables[left_out(each.arm.arm, contexts)]
        found = arm_problems("", each.arm.arm, contexts, there.drugs, set(there.model.parameters))
        for wanted in each.asked:
            model = tables[left_out(wanted.arm, contexts)].model
            found += [
                f"`readout` must be an observable or a species of the network of {wanted.arm.context}, found {name}"
                for name in wanted.readouts
                if name not in model.observables and name not in model.species
            ]
        problems += [f"{each.where}: {problem}" for problem in dict.fromkeys(found)]
    if problems:
        raise ScenarioError(problems)


def check_arms_run(
    planned: Sequence[Planned], contexts: ContextTables, network_of: Callable[[tuple[str, ...]], Network]
) -> None:
    """Raise ScenarioError with every arm, all of which fit, whose genotype leaves a rate or all its read-outs no value,
    or is a share of 0; before that with what leaves the cell of an arm as it is no value.

    `network_of` gives the network without some modules.
    """
    cells: dict[tuple[str, str], dict[str, None]] = {}
    for wanted in (wanted for each in planned for wanted in each.asked):
        if not Genotype(wanted.arm.genotype, wanted.arm.shares).names:
            read = cells.setdefault((wanted.arm.context, wanted.arm.hypothesis), {})
            read.update(dict.fromkeys(wanted.readouts))
    for (name, label), read in cells.items():
        network = network_of(contexts.contexts[name].left_out)
        check_taken_away(contexts, {name: [label]}, {name: network}.__getitem__, read)
    problems = []
    for each in planned:
        arm = each.arm.arm
        change = Genotype(arm.genotype, arm.shares)
        if not change.names:
            continue
        network, own = network_of(left_out(arm, contexts)), cell_settings(replace(arm, genotype=()), contexts)
        found = [f"rate a value, found that of {name}" for name in lost_rates(network, (), own, change)[:1]]
        lost = lost_readouts(network, each.arm.readouts, own, change)
        if len(lost) == len(each.arm.readouts):
            found += [f"read-out a value, found {name}" for name in lost]
        problems += [
            f"{each.where}: `genotype` must leave every {what} to have none, such as 0/0" for what in found
        ]
        there = dict(zip(network.parameters, network.values, strict=True)) | own
        problems += [
            f"{each.where}: `genotype` must be a share of what {arm.context} has, found {text} of 0; write its value"
            for text in shares_of_nothing(there, change)
        ]
    if problems:
        raise ScenarioError(problems)


def implausible_arms(
    planned: Iterable[Planned], contexts: ContextTables, parameters: pl.DataFrame
) -> list[str]:
    """One sentence for each amount of arms, which fit, that is out of reach; `parameters` is the network's table."""
    found = []
    for each in planned:
        arm = each.arm.arm
        cell = contexts.contexts[arm.context]
        set_there = genotype_amounts(cell, Genotype(arm.genotype, arm.shares), parameters)
        found += [
            f"{each.where}: `{column}` of {warning}"
            for column, amounts in (
                ("genotype", set_there),
                ("stimulus", arm.stimulus.amounts),
                ("treatment", arm.treatment.amounts),
            )
            for warning in implausible_amounts(cell, amounts, parameters)
        ]
    return found
