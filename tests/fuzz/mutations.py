"""How a file goes wrong: one to three small faults in its text or bytes, drawn from a seed."""

import random
from collections.abc import Callable

NUMBERS = (
    "", "0", "-0", "-1", "nan", "NaN", "inf", "-inf", "1e400", "-1e308", "1e308", "5e-324", "1e-30", "1e20", "9" * 400,
    "010", "0x10", "1_000", "1,5", "1:30", "true", "TRUE", "null", "~", "1/0", "1e", "--1", "½", "\u0661", " 1", "1 2",
)  # fmt: skip
"""What may stand where a number is expected."""

WORDS = (
    "=1+1", '=HYPERLINK("http://x","y")', "@SUM(1)", "'", '"', '"""', "a+b", "a;b", "a|b", "|", ";;", "vehicle",
    "default", "time", "nosuch", "x\"><script>", "{x}", "%s", "\\", "a\\q", "$x$", "\u200b", "\u202e", "\x1b[31m", "\0",
    "é", "\ufeff", "\u2028", "__import__('os')", "lambda: 0", "a" * 100, "A" * 70_000, "(" * 300, ")", "#",
    "# x", "None",
)  # fmt: skip
"""What may stand where a name, a formula or any text is expected."""

TAGS = (
    "<cn>1e400</cn>", "<ci>time</ci>", "<apply/>", "<piecewise/>", "<times/>",
    "<apply><divide/><cn>1</cn><cn>0</cn></apply>", "<listOfEvents/>", "<lambda/>", "<annotation/>", "</model>", "&#0;",
    "&x;", "<!DOCTYPE x [<!ENTITY y 'z'>]>", "<![CDATA[",
)  # fmt: skip
SYNTAX = (
    "&a [*a]",
    "*a",
    "!!int x",
    "[" * 100,
    "{",
    "}",
    "- ",
    ": ",
    "---",
    "<<: *a",
    "? ",
    "%YAML 9",
    "| ",
    ":=",
    "->",
    "=>",
)

Fault = Callable[[random.Random, str], str]


def _token(rng: random.Random) -> str:
    return rng.choice(rng.choice((NUMBERS, WORDS, TAGS, SYNTAX)))


def cell(rng: random.Random, text: str) -> str:
    """Another value in one cell of a table."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    cells = lines[at].split("\t")
    cells[rng.randrange(len(cells))] = rng.choice(rng.choice((NUMBERS, WORDS)))
    lines[at] = "\t".join(cells)
    return "\n".join(lines)


def column(rng: random.Random, text: str) -> str:
    """A column that is gone, twice, or has the values of its neighbour."""
    rows = [line.split("\t") for line in text.split("\n")]
    at, how = rng.randrange(max(map(len, rows))), rng.randrange(3)
    for row in rows:
        if at < len(row):
            row[at : at + 1] = ([], [row[at], row[at]], [row[at - 1]])[how]
    return "\n".join(map("\t".join, rows))


def line(rng: random.Random, text: str) -> str:
    """A line that is gone, twice, or elsewhere."""
    lines = text.split("\n")
    at, how = rng.randrange(len(lines)), rng.randrange(3)
    taken = lines[at] if how == 1 else lines.pop(at)
    if how:
        lines.insert(rng.randrange(len(lines) + 1), taken)
    return "\n".join(lines)


def word(rng: random.Random, text: str) -> str:
    """Another word or number in place of one between blanks, commas or brackets."""
    start = rng.randrange(len(text) + 1)
    marks = " \t\n,;:=<>[](){}\"'"
    stop = start
    while start and text[start - 1] not in marks:
        start -= 1
    while stop < len(text) and text[stop] not in marks:
        stop += 1
    return text[:start] + _token(rng) + text[stop:]


def insert(rng: random.Random, text: str) -> str:
    """Something put between two letters."""
    at = rng.randrange(len(text) + 1)
    return text[:at] + _token(rng) + text[at:]


def cut(rng: random.Random, text: str) -> str:
    """A file that ends too early, or lacks a stretch."""
    start = rng.randrange(len(text) + 1)
    return text[:start] + text[start + rng.choice((1, 5, 50, len(text))) :]


def repeat(rng: random.Random, text: str) -> str:
    """A stretch many times over."""
    start = rng.randrange(len(text) + 1)
    stretch = text[start : start + rng.choice((1, 10, 200))]
    return text[:start] + stretch * rng.choice((2, 50)) + text[start:]


TEXT: tuple[Fault, ...] = (line, word, word, word, insert, cut, repeat)
TABLE: tuple[Fault, ...] = (cell, cell, cell, cell, cell, column, line, insert, cut)


def spoil(rng: random.Random, content: bytes, name: str) -> bytes:
    """The content of a file with one to three faults."""
    faults = TABLE if name.endswith((".tsv", ".csv")) else TEXT
    text = content.decode("utf-8", "surrogateescape")
    if not name.endswith(".parquet"):
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            text = rng.choice(faults)(rng, text)
        content = text.encode("utf-8", "surrogateescape")
    if name.endswith(".parquet") or rng.random() < 0.05:
        content = _bytes(rng, content)
    return content


def _bytes(rng: random.Random, content: bytes) -> bytes:
    """A bit, a byte or a block that is another, or an end that is missing."""
    at, how = rng.randrange(len(content) + 1), rng.randrange(3)
    if how == 0:
        return content[:at]
    changed = bytearray(content or b"\0")
    for place in range(at, min(at + (1 if how == 1 else 64), len(changed))):
        changed[place] = changed[place] ^ 1 << rng.randrange(8) if how == 1 else rng.randrange(256)
    return bytes(changed)
