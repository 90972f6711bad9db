"""YAML as plain data, read within limits: what settings and PEtab problems need of it, and no more.

A plain scalar means what it means in YAML 1.2: `1e-6` is a number; `010`, `1:30`, `yes` and dates are text.
Tags are refused, and so is a file whose aliases stand for more than a file may hold. Events are read one after
the other, so that no depth of nesting can exhaust the stack.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from screen.errors import ScreenError
from screen.files.reading import read_text

MOST_BYTES = 2**20
"""Bytes of a YAML file."""

MOST_VALUES = 100_000
"""Values of a YAML file, those included that aliases stand for."""

MOST_LEVELS = 64
"""Levels of nesting."""

Place = tuple[str | int, ...]
"""Keys and positions that lead to a value."""

_HALF = re.compile("[\ud800-\udfff]")
"""Half of a letter that UTF-16 writes in two: an escape such as `\\ud800` makes one, and no file can hold it."""

_DIGITS = r"[-+]?(?:0|[1-9][0-9]{0,307})"
_INTEGER = re.compile(_DIGITS)
_FLOAT = re.compile(rf"(?:{_DIGITS}(?:\.[0-9]*)?|[-+]?\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile("|~|null|Null|NULL"), lambda text: None),
    (re.compile("true|True|TRUE"), lambda text: True),
    (re.compile("false|False|FALSE"), lambda text: False),
    (_INTEGER, int),
    (_FLOAT, float),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)
"""What a scalar without quotes looks like, and the value it then has; anything else is text."""


class Document(NamedTuple):
    """A YAML file: its value, the line of every key and entry, and the keys that are set again with their line."""

    value: Any
    lines: dict[Place, int]
    repeated: tuple[tuple[str, int], ...]


def number_of(text: str) -> float | None:
    """The number that a text is written as; nothing for `010`, `1:30`, `0x10`, `1_000` or words."""
    return float(text) if _FLOAT.fullmatch(text) else None


def read_yaml(path: Path, error: type[ScreenError], what: str = "YAML file") -> Any:
    """The value of a YAML file; `error` names file and line of what is wrong, a key that is set twice included."""
    found = parse_yaml(read_text(path, error, what, MOST_BYTES), str(path), error)
    if found.repeated:
        raise error(
            f"{path} line {line}: `{key}` must be set once, found it again" for key, line in found.repeated
        )
    return found.value


def read_document(path: Path, error: type[ScreenError]) -> Document:
    """The document of a YAML file, keys that are set twice left to the caller."""
    return parse_yaml(read_text(path, error, "YAML file", MOST_BYTES), path.name, error)


def check_alike(path: Path, other: Any, error: type[ScreenError]) -> None:
    """Raise `error` where another reader of a YAML file takes something in it for another value than this one."""
    found = read_document(path, error)
    place = _difference(found.value, other, ())
    if place is not None:
        line = found.lines.get(place, 1)
        raise error(
            f"{path.name} line {line}: `{place[-1] if place else 'it'}` must be read alike by every YAML reader, found "
            "what YAML 1.1 takes for another value; put it in quotes if it is text"
        )


def _difference(value: Any, other: Any, place: Place) -> Place | None:
    if isinstance(value, dict) and isinstance(other, Mapping):
        pairs = [(key, value.get(key), other.get(key)) for key in {**value, **other}]
    elif isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        pairs = [(at, *both) for at, both in enumerate(zip(value, other, strict=True))]
    else:
        alike = value == (number_of(other) if isinstance(other, str) and isinstance(value, float) else other)
        return None if alike and isinstance(value, bool) == isinstance(other, bool) else place
    inner = (_difference(one, two, (*place, key)) for key, one, two in pairs)
    return next((found for found in inner if found is not None), None)


@dataclass
class _Open:
    """A mapping or sequence that has begun: its place, what it holds so far, and the key that waits for a value."""

    place: Place
    holds: dict[str, Any] | list[Any]
    anchor: str | None
    before: int
    key: str | None = None


@dataclass
class _Reader:
    """What has been read of a document so far; `values` counts them, aliases at what they stand for."""

    where: str
    error: type[ScreenError]
    values: int = 0
    root: Any = None
    stack: list[_Open] = field(default_factory=list)
    lines: dict[Place, int] = field(default_factory=dict)
    repeated: list[tuple[str, int]] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)

    def refuse(self, event: yaml.Event, rule: str, found: str) -> ScreenError:
        return self.error(f"{self.where} line {event.start_mark.line + 1}: {rule}, found {found}")

    def place(self) -> Place:
        """Where the next value goes."""
        if not self.stack:
            return ()
        top = self.stack[-1]
        return (*top.place, len(top.holds) if isinstance(top.holds, list) else top.key or "")

    def take(self, event: yaml.Event, value: Any, size: int) -> None:
        """Put a value where it belongs."""
        self.values += size
        if self.values > MOST_VALUES:
            raise self.refuse(event, f"must hold at most {MOST_VALUES:,} values, aliases counted", "more")
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if isinstance(top.holds, list):
            self.lines[self.place()] = event.start_mark.line + 1
            top.holds.append(value)
        else:
            top.holds[top.key or ""] = value
            top.key = None

    def take_key(self, event: yaml.Event, top: _Open) -> None:
        key = event.value if isinstance(event, yaml.ScalarEvent) else None
        if isinstance(event, yaml.AliasEvent):
            key = self.anchored(event)[0]
        elif isinstance(event, yaml.ScalarEvent) and event.anchor:
            self.anchors[event.anchor] = (_scalar(event), 1)
        if not isinstance(key, str):
            raise self.refuse(event, "a key must be text", "something else")
        line = event.start_mark.line + 1
        if key in top.holds:
            self.repeated.append((key, line))
        top.key = key
        self.lines[self.place()] = line

    def anchored(self, event: yaml.AliasEvent) -> tuple[Any, int]:
        """The value that an alias stands for, and how many values it holds."""
        if event.anchor not in self.anchors:
            raise self.refuse(event, "an alias must stand for a value above it", f"*{event.anchor}")
        return self.anchors[event.anchor]

    def begin(self, event: yaml.Event) -> None:
        place = self.place()
        holds: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.take(event, holds, 1)
        self.stack.append(_Open(place, holds, event.anchor, self.values - 1))
        if len(self.stack) > MOST_LEVELS:
            raise self.refuse(event, f"must be nested at most {MOST_LEVELS} levels deep", "more")

    def end(self) -> None:
        done = self.stack.pop()
        if done.anchor:
            self.anchors[done.anchor] = (done.holds, self.values - done.before)

    def read(self, event: yaml.Event) -> None:
        if getattr(event, "tag", None) is not None:
            raise self.refuse(event, "must be plain data without tags", str(event.tag))
        if isinstance(event, yaml.ScalarEvent) and (half := _HALF.search(event.value)):
            raise self.refuse(event, "must be text that UTF-8 can hold", f"\\u{ord(half[0]):x}")
        top = self.stack[-1] if self.stack else None
        if isinstance(event, yaml.CollectionEndEvent):
            self.end()
        elif top is not None and isinstance(top.holds, dict) and top.key is None:
            self.take_key(event, top)
        elif isinstance(event, yaml.AliasEvent):
            self.take(event, *self.anchored(event))
        elif isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
            if event.anchor:
                self.anchors[event.anchor] = (value, 1)
            self.take(event, value, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.begin(event)


def parse_yaml(text: str, where: str, error: type[ScreenError]) -> Document:
    """The one document of a text; `where` names it in what `error` says."""
    reader, documents = _Reader(where, error), 0
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise reader.refuse(event, "must be one document", "another")
            reader.read(event)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        reason = str(getattr(problem, "problem", None) or problem).splitlines()[0]
        raise error(f"{where}{line}: must be YAML, found {reason.removeprefix('found ')}") from None
    return Document(reader.root, reader.lines, tuple(reader.repeated))


def _scalar(event: yaml.ScalarEvent) -> Any:
    text = event.value
    if event.style:
        return text
    return next((make(text) for pattern, make in _PLAIN if pattern.fullmatch(text)), text)
