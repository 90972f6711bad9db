"""What a module says of others, in comments: which of their quantities it reads, which of its statements need them."""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from screen.errors import NetworkError

READS = re.compile(r"^//@reads\s+(\w+)\s+default\s+(\S+)\s+(\w+)\s+from\s+(m\d+)\s*$")
NEEDS = re.compile(r"^//@needs\s+(m\d+)\s*$")
END = re.compile(r"^//@end\s*$")
FORMS = "`//@reads NAME default NUMBER UNIT from m01`, `//@needs m01` or `//@end`"


class Read(NamedTuple):
    """A quantity of another module, its value and unit where that module is left out, and where that is said."""

    name: str
    value: float
    unit: str
    owner: str
    where: str

    @property
    def default(self) -> str:
        """Value and unit in words."""
        return f"{self.value:g} {self.unit} from {self.owner}"


def resolve(stem: str, text: str, present: Collection[str], known: Collection[str]) -> tuple[str, list[Read]]:
    """The text of a module among those present (keys), row for row, and what it reads of others.

    `known` are the keys of all modules. NetworkError: a directive that is none, or that names another module.
    """
    kept: list[str] = []
    reads: list[Read] = []
    problems: list[str] = []
    inside: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        directive, where = line.strip(), f"{stem}.ant row {number}"
        if found := READS.match(directive):
            reads.append(Read(found[1], _number(found[2]), found[3], found[4], where))
            if not math.isfinite(reads[-1].value):
                problems.append(f"{where}: the default must be a finite number, found {found[2]}")
        elif found := NEEDS.match(directive):
            if inside is not None:
                problems.append(
                    f"{where}: `//@needs {inside}` must be closed by `//@end` first, found {directive}"
                )
            inside = found[1]
        elif END.match(directive):
            if inside is None:
                problems.append(f"{where}: `//@end` must close a `//@needs`, found none")
            inside = None
        elif directive.startswith("//@"):
            problems.append(f"{where}: directive must be {FORMS}, found {directive}")
        if found and found[found.re.groups] not in known:
            problems.append(
                f"{where}: must name a module that is here ({', '.join(known)}), found {directive}"
            )
        kept.append("" if directive.startswith("//") or inside not in (None, *present) else line)
    if inside is not None:
        problems.append(
            f"{stem}.ant: `//@needs {inside}` must be closed by `//@end`, found the end of the file"
        )
    if problems:
        raise NetworkError(problems)
    return "\n".join(kept), reads


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def find_unfounded(reads: Iterable[Read], owned: Mapping[str, Collection[str]]) -> list[str]:
    """What is read of a module that does not have it (`owned`: key -> names), or with two defaults."""
    problems = []
    first: dict[str, Read] = {}
    for each in reads:
        if each.name not in owned[each.owner]:
            problems.append(f"{each.where}: must read what {each.owner} defines, found {each.name}")
        one = first.setdefault(each.name, each)
        if one.default != each.default:
            problems.append(
                f"{each.where}: the default of {each.name} must be that of {one.where}, {one.default}, "
                f"found {each.default}"
            )
    return problems
