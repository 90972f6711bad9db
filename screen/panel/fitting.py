"""Whether the panel fits the network and the tables: every cell names something that is there."""

from collections.abc import Iterable, Sequence

from screen.errors import PanelError, ScenarioError
from screen.experiments import LOAD, LOAD_OF, Arm, written_out
from screen.panel.table import Check, Fact
from screen.scenarios import VOLUMES, ContextTables, DrugTables, hypothesis_settings, parameter_names
from screen.settings import HIGHEST_NM


def choose_facts(facts: Sequence[Fact], wanted: Sequence[str]) -> tuple[Fact, ...]:
    """The facts named, all where none is. PanelError for a name that is not in the panel."""
    known = {fact.id for fact in facts}
    problems = [
        f"--facts: must be of the panel ({facts[0].id} to {facts[-1].id}), found {name}"
        for name in wanted
        if name not in known
    ]
    if problems:
        raise PanelError(problems)
    return tuple(fact for fact in facts if not wanted or fact.id in wanted)


def check_panel(
    facts: Iterable[Fact],
    contexts: ContextTables,
    tables: DrugTables,
    parameters: Iterable[str],
    readouts: Iterable[str],
    where: str,
) -> None:
    """Raise PanelError with every cell that names what the network or the tables do not have.

    `parameters` are those of the network, `readouts` its observables and species.
    """
    known, read = set(parameters), set(readouts)
    problems = [
        f"{where}, {check.fact} {check.name}: {problem}"
        for fact in facts
        for check in fact.checks
        for problem in _problems(check, contexts, tables, known, read)
    ]
    if problems:
        raise PanelError(problems)


def facts_within(
    facts: Iterable[Fact],
    contexts: ContextTables,
    tables: DrugTables,
    parameters: Iterable[str],
    readouts: Iterable[str],
) -> tuple[Fact, ...]:
    """The facts that can be checked where modules were left out: their cells name only what is still there.

    PanelError where there is none.
    """
    known, read = set(parameters), set(readouts)
    found = tuple(
        fact
        for fact in facts
        if not any(_problems(check, contexts, tables, known, read) for check in fact.checks)
    )
    if not found:
        raise PanelError("network.modules: must leave at least one fact to check, found none that can be")
    return found


def _problems(
    check: Check, contexts: ContextTables, tables: DrugTables, known: set[str], read: set[str]
) -> list[str]:
    problems = [
        f"`{column}` must be an observable or a species of the network, found {name}"
        for column, name in (("readout", check.readout), ("ref_readout", check.ref_readout))
        if name not in read and (column == "readout" or check.ref_readout != check.readout)
    ]
    problems += arm_problems("", check.arm, contexts, tables, known)
    if check.reference is not None:
        found = arm_problems("ref_", check.reference, contexts, tables, known)
        same = {problem.replace("`ref_", "`") for problem in found} & set(problems)
        problems += [problem for problem in found if problem.replace("`ref_", "`") not in same]
    return problems


def arm_problems(
    prefix: str, arm: Arm, contexts: ContextTables, tables: DrugTables, known: set[str]
) -> list[str]:
    """What an arm names that the tables or the network (its parameters) do not have; columns begin with `prefix`."""
    problems = []
    if arm.context not in contexts.contexts:
        problems.append(f"`{prefix}context` must be of contexts.tsv, found {arm.context}")
    try:
        set_by_label = hypothesis_settings(contexts.options, arm.hypothesis)
    except ScenarioError as error:
        problems += [f"`{prefix}hypothesis`: {problem}" for problem in error.problems]
        set_by_label = {}
    named = [
        ("hypothesis", set_by_label), ("genotype", tuple(dict((*arm.genotype, *arm.shares)))),
        ("stimulus", arm.stimulus.names()),
    ]  # fmt: skip
    problems += [
        f"`{prefix}{column}` must set parameters of the network, found {name}"
        for column, names in named
        for name in names
        if name not in known
    ]
    stimulated = set(arm.stimulus.names())
    if arm.stimulus.own and arm.context in contexts.contexts:
        stimulated |= {setting.parameter for setting in contexts.contexts[arm.context].stimulus}
    problems += [
        f"`{prefix}{column}` must not set what cells are stimulated with, found {name}"
        for column, names in named[:2]
        for name in names
        if name in stimulated
    ]
    given = {
        "genotype": (arm.genotype, arm.shares),
        "stimulus": arm.stimulus.given,
        "treatment": arm.treatment.given,
    }
    problems += [
        f"`{prefix}{column}` must leave a volume above 0, found {name}=0"
        for column, parts in given.items()
        for name, value in dict.fromkeys(pair for part in parts for pair in part)
        if name in VOLUMES and value == 0
    ]
    problems += [
        f"`{prefix}treatment` must give at most {HIGHEST_NM:g} nM of {name}, found {value:g}"
        for name, value in arm.treatment.amounts
        if name in tables.drugs and value > HIGHEST_NM
    ]
    problems += parameter_names(arm.treatment.names(), tables, known)
    for name in arm.treatment.names():
        target = name.removeprefix(LOAD_OF)
        if name.startswith(LOAD_OF) and LOAD + target not in known:
            problems.append(f"`{prefix}treatment` must load a target of the network, found {target}")
        elif not name.startswith(LOAD_OF) and name not in tables.drugs and name not in known:
            problems.append(
                f"`{prefix}treatment` must be a drug of drugs.tsv, load:<target> or a parameter of the network, "
                f"found {name}"
            )
    if arm.context in contexts.contexts and arm.treatment.later:
        begin = 0.0 - float(written_out(arm, contexts).pretreatment or 0.0)  # never -0
        if arm.treatment.later[0][0] < begin:
            problems.append(
                f"`{prefix}treatment` must be given from the pretreatment on (minute {begin:g}), found a change at "
                f"minute {arm.treatment.later[0][0]:g}"
            )
    return problems
