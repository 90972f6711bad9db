"""Reading config.yaml: every problem in one go, each with file, line, what must hold and what was found."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from screen.errors import SettingsError, printable
from screen.files import NAME_RULE, Place, read_document
from screen.settings.model import Settings
from screen.settings.shipped import located

LIMITS = {
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "missing": "must be given",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "string_pattern_mismatch": NAME_RULE,
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} letters",
}
"""Kind of mistake -> what must hold."""

KINDS = {
    "float": "must be a number",
    "finite": "must be a finite number",
    "int": "must be a whole number",
    "string": "must be text",
    "path": "must be a path",
    "list": "must be a list",
    "dict": "must be names, each with its value",
    "model": "must be a section of keys",
    "bool": "must be true or false",
}
"""First word of a pydantic error type -> what must hold."""


def load_settings(path: Path | str) -> Settings:
    """The settings of a YAML or JSON file, defaults filled in.

    SettingsError names file, line and key of everything that is wrong.
    """
    path = located(Path(path))
    found = read_document(path, SettingsError)
    if found.value is None:
        raise SettingsError(f"{path.name}: must hold settings, found an empty file")
    repeated = [
        f"{path.name} line {line}: `{key}` must be set once, found it again" for key, line in found.repeated
    ]
    try:
        settings = check_settings(found.value, path.name, found.lines)
    except SettingsError as error:
        raise SettingsError((*repeated, *error.problems)) from error
    if repeated:
        raise SettingsError(repeated)
    return settings


def check_settings(values: Any, where: str, lines: Mapping[Place, int] | None = None) -> Settings:
    """The settings a mapping stands for; `lines` says in which line of `where` each key is."""
    if not isinstance(values, Mapping):
        raise SettingsError(f"{where}: must be a mapping of settings, found {_shown(values)}")
    try:
        return _with_files(Settings.model_validate(values))
    except ValidationError as error:
        problems = [
            _sentence(found, where, lines or {}) for found in error.errors() if not _beside_the_point(found)
        ]
        raise SettingsError(dict.fromkeys(problems)) from error


def _with_files(settings: Settings) -> Settings:
    """The settings with each input that begins with config/ and is not there taken from the files of the tool."""

    def moved(section: BaseModel) -> BaseModel:
        values = {name: getattr(section, name) for name in type(section).model_fields}
        found: dict[str, Any] = {}
        for name, value in values.items():
            if isinstance(value, Path):
                found[name] = located(value)
            elif isinstance(value, list) and value and isinstance(value[0], Path):
                found[name] = [located(path) for path in value]
            elif isinstance(value, BaseModel):
                found[name] = moved(value)
        return section.model_copy(update={name: new for name, new in found.items() if new != values[name]})

    return cast(Settings, moved(settings))


def _sentence(found: ErrorDetails, where: str, lines: Mapping[Place, int]) -> str:
    unknown = found["type"] == "extra_forbidden"
    place = (*_place(found["loc"][:-1]), found["loc"][-1]) if unknown else _place(found["loc"])
    line = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), None)
    head = f"{where} line {line}" if line else where
    name = _dotted(place)
    if unknown:
        section, dot, key = str(place[-1]).partition(".")
        if dot:
            hint = f"write `{section}: {{{key}: ...}}`, on a command line --config '{section}={{{key}: ...}}'"
            return f"{head}: `{name}` is not a setting; {hint}"
        valid = _valid_keys(place[:-1])
        near = get_close_matches(str(place[-1]), valid, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"settings here are {', '.join(valid)}"
        return f"{head}: `{name}` is not a setting; {hint}"
    if found["type"] == "value_error":
        message = str(found["ctx"]["error"])
        return f"{head}: {message}" if message.startswith("`") else f"{head}: `{name}` {message}"
    rule = LIMITS.get(found["type"]) or KINDS.get(found["type"].split("_")[0]) or found["msg"]
    rule = rule.format(**found.get("ctx", {}))
    return f"{head}: `{name}` {rule}" + (
        "" if found["type"] == "missing" else f", found {_shown(found['input'])}"
    )


def _beside_the_point(found: ErrorDetails) -> bool:
    """Whether this is the other half of `all` or a list: a list with a wrong entry is not meant to be `all`."""
    return found["type"] == "literal_error" and isinstance(found["input"], list)


def _place(loc: Sequence[str | int]) -> Place:
    """The location without the names pydantic gives to the members of a union."""
    place: list[str | int] = []
    for step in loc:
        if isinstance(step, int) or step in _valid_keys(tuple(place)) or not _inside_union(step):
            place.append(step)
    return tuple(place)


def _inside_union(step: str) -> bool:
    return "[" in step or step in ("float", "int", "str")


def _valid_keys(place: Place) -> list[str]:
    """The keys of the section at a place; none where there is no section."""
    model: type[BaseModel] | None = Settings
    for step in place:
        if isinstance(step, int) or model is None:
            continue
        field = model.model_fields.get(step)
        model = next(_models(field.annotation), None) if field else None
    return list(model.model_fields) if model else []


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def _dotted(place: Place) -> str:
    name = ""
    for step in place:
        name += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if name else step
    return name


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = printable(str(value))
    return text if len(text) <= 60 else f"{text[:57]}..."
