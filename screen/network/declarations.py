"""What an Antimony module defines, and where: enough of the language to see a name defined twice.

Antimony lets the later of two definitions replace the earlier one without a word.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

LONGEST = 20_000
"""Characters of one statement; Antimony takes minutes for much more."""

COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
SPECIES = re.compile(r"^(?:(?:const|var|substanceOnly)\s+)*species\s+(.*)", re.DOTALL)
PATTERNS = {
    "reaction": re.compile(r"^(\w+)\s*:(?!=).*[-=]>", re.DOTALL),
    "rule": re.compile(r"^(\w+)\s*:="),
    "rate rule": re.compile(r"^(\w+)\s*'\s*="),
    "value": re.compile(r"^(\w+)\s*=(?![=>])"),
    "unit": re.compile(r"^unit\s+(\w+)\s*="),
}
COMPARTMENT = re.compile(r"^(?:(?:const|var)\s+)*compartment\s+(.*)", re.DOTALL)
FOREIGN = re.compile(r"^(\*?model|module|function|import|end|delete|const|var)\b", re.IGNORECASE)
"""Words that begin what is no part of one model, or change what another module has declared."""

RIVALS = {
    "reaction": {"reaction", "rule", "rate rule", "value", "species"},
    "rule": {"rule", "rate rule", "value"},
    "rate rule": {"rate rule"},
    "value": {"value"},
    "species": {"species"},
    "unit": {"unit"},
}
"""Kinds of definition a name cannot have beside one of a kind."""


class Definition(NamedTuple):
    """What defines a name, in which module file (its stem) and row."""

    name: str
    kind: str
    module: str
    row: int

    @property
    def where(self) -> str:
        """File and row."""
        return f"{self.module}.ant row {self.row}"


def statements(text: str) -> Iterator[tuple[int, str]]:
    """The statements of a module without comments, each with the row it starts in."""
    plain = COMMENTS.sub(lambda match: "\n" * match.group().count("\n"), text)
    for row, line in enumerate(plain.split("\n"), 1):
        yield from ((row, part.strip()) for part in line.split(";") if part.strip())


def definitions(text: str, module: str) -> list[Definition]:
    """Everything that a module defines, in order."""
    found = []
    for row, statement in statements(text):
        if species := SPECIES.match(statement):
            names = (re.match(r"\s*\$?(\w+)", part) for part in species.group(1).split(","))
            found += [Definition(name.group(1), "species", module, row) for name in names if name]
            continue
        if sizes := COMPARTMENT.match(statement):
            sized = (re.match(r"\s*(\w+)\s*=", part) for part in sizes.group(1).split(","))
            found += [Definition(name.group(1), "value", module, row) for name in sized if name]
            continue
        for kind, pattern in PATTERNS.items():
            if match := pattern.match(statement):
                found.append(Definition(match.group(1), kind, module, row))
                break
    return found


def find_twice(found: Iterable[Definition]) -> list[str]:
    """Names that are defined twice, one sentence each with both places."""
    problems = []
    first: dict[str, list[Definition]] = {}
    for each in found:
        rivals = [
            one
            for one in first.get(each.name, ())
            if each.kind in RIVALS[one.kind] or one.kind in RIVALS[each.kind]
        ]
        if rivals:
            one = rivals[0]
            problems.append(
                f"{each.where}: `{each.name}` must be defined once, found its {one.kind} in {one.where}"
            )
        first.setdefault(each.name, []).append(each)
    return problems


def find_unreadable(text: str, module: str) -> list[str]:
    """Statements that Antimony would not get through, one sentence each."""
    problems = []
    for row, statement in statements(text):
        odd = next((sign for sign in statement if not sign.isascii()), None)
        if odd is not None:
            problems.append(f"{module}.ant row {row}: must be ASCII outside comments, found {odd!r}")
        if not SPECIES.match(statement) and (word := FOREIGN.match(statement)):
            problems.append(
                f"{module}.ant row {row}: must be a part of one model, found a statement that begins with {word[0]}"
            )
        if len(statement) > LONGEST:
            size = f"{LONGEST} characters"
            problems.append(
                f"{module}.ant row {row}: a statement must have at most {size}, found {len(statement)}"
            )
    return problems


def find_overruled(found: Iterable[Definition], table: Container[str], name: str) -> list[str]:
    """Values of what has its value in the table called `name`, which would win without a word."""
    return [
        f"{each.where}: `{each.name}` must have its value in {name} alone, found another one here"
        for each in found
        if each.kind == "value" and each.name in table
    ]


def row_of(word: str, texts: Iterable[tuple[str, str]]) -> str | None:
    """File and row of what defines a word, rules first, else of the last statement that uses it.

    `texts` are modules by stem and text.
    """
    pattern, used = re.compile(rf"\b{re.escape(word)}\b"), None
    defined: dict[str, str] = {}
    for module, text in texts:
        defined |= {one.kind: one.where for one in definitions(text, module) if one.name == word}
        for row, statement in statements(text):
            used = f"{module}.ant row {row}" if pattern.search(statement) else used
    return next(
        (defined[kind] for kind in ("rate rule", "rule", *PATTERNS, "species") if kind in defined), used
    )


def find_lost(found: Sequence[Definition], made: dict[str, set[str]]) -> list[str]:
    """Definitions without a counterpart in what was made of them, by kind: `made` has names by kind."""
    return [
        f"{each.where}: {each.kind} `{each.name}` must be in the composed network, found it lost"
        for each in found
        if each.kind in made and each.name not in made[each.kind]
    ]
