"""The text of a large network in parts that are compiled side by side: compilers use one core each.

Every part is the same text under another `PART`. A long function is in one of them, and the others are told of it;
short ones are in each that calls them. The last of what there is, which is called from outside, is in part 0.
"""

import re
from collections.abc import Iterable, Iterator

PARTS = 4

LARGE = 40_000
"""Lines from which a text is cut into parts: half a minute of compiling."""

LONG = 400
"""Lines from which a function is in one part alone."""

_BEGINS = re.compile(r"^#if PART == (\d+)$", re.MULTILINE)


def in_parts(functions: Iterable[str], rest: Iterable[str]) -> list[str]:
    """Functions and what calls them: as they are, or in parts."""
    functions, rest = list(functions), list(rest)
    if sum(text.count("\n") for text in functions) < LARGE:
        return [*functions, *rest]
    return [*_dealt(functions), "#if PART == 0", *rest, "#endif"]


def parts_of(text: str) -> range:
    """The parts that a text is to be compiled in, each with its number as `PART`."""
    return range(1 + max(map(int, _BEGINS.findall(text)), default=0))


def _dealt(functions: Iterable[str]) -> Iterator[str]:
    """Each long function in the part that has least."""
    lines = [0] * PARTS
    for text in functions:
        head, _, body = text.partition("\n")
        if not head.startswith("CODE ") or body.count("\n") < LONG:
            yield text
            continue
        part = lines.index(min(lines))
        lines[part] += body.count("\n")
        shared = head.replace("CODE", "SHARED", 1)
        yield f"#if PART == {part}\n{shared}\n{body}\n#else\n{shared};\n#endif"
