"""Networks without some of their modules, each under a name that says which: stat3-without-m07-m12.

What is left is composed as ever, so it is consistent SBML; it has fewer states and is faster by as much.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from screen.errors import NetworkError
from screen.network.compose import ALWAYS, MODEL_NAME, compose_network, list_modules

JOIN = "-"
NAME = re.compile(rf"^{MODEL_NAME}(?:-without((?:-m\d+)+))?$")


def network_name(left_out: Iterable[str] = ()) -> str:
    """Name of the network without these modules (keys such as m07); `stat3` for the whole one.

    >>> network_name(["m12", "m07"])
    'stat3-without-m07-m12'
    """
    keys = sorted(set(left_out))
    return JOIN.join([MODEL_NAME, "without", *keys]) if keys else MODEL_NAME


def left_out_of(name: str) -> tuple[str, ...]:
    """The modules that a network's name says are left out; NetworkError where it is no such name.

    >>> left_out_of("stat3-without-m07-m12")
    ('m07', 'm12')
    """
    found = NAME.match(name)
    if found is None or network_name((found[1] or "").split(JOIN)[1:]) != name:
        raise NetworkError(
            f"network: name must be {MODEL_NAME} or {network_name(['m07', 'm12'])} (modules in order), found {name}"
        )
    return tuple((found[1] or "").split(JOIN)[1:])


def removable(folder: Path | str) -> list[str]:
    """Keys of the modules of a network that can be left out, in order.

    >>> removable("config/network")[:2]
    ['m01', 'm02']
    """
    return [module.key for module in list_modules(Path(folder)) if module.key not in ALWAYS]


def compose_without(folder: Path | str, modules: Sequence[str] | None, left_out: Iterable[str]) -> str:
    """The SBML text of a network (as of `compose_network`) without the modules `left_out`, by key.

    NetworkError: a module that does not exist or is part of every network.

    >>> compose_without("config/network", ["m01", "m07"], ["m07"]) == sbml
    True
    """
    absent = set(left_out)
    every = list_modules(Path(folder))
    known = removable(folder)
    problems = [
        f"module {key}: must be one of {', '.join(known)} to be left out, found no such"
        for key in sorted(absent.difference(known))
    ]
    if problems:
        raise NetworkError(problems)
    if not absent:
        return compose_network(folder, modules)
    kept = [m for m in every if m.key not in absent]
    chosen = kept if modules is None else [m for m in kept if m.key in modules or m.stem in modules]
    return compose_network(folder, [module.key for module in chosen])
