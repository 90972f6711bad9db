"""Kinds of values that settings are made of, each with what must hold of it."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from screen.errors import printable
from screen.files import NAME, name_problem, number_of

MOST_DRAWS = 100_000
"""Parameter draws of a screen."""

MOST_DOSES = 1000
"""Doses of a list."""

LONGEST_MINUTES = 1e7
"""Nineteen years."""

SHORTEST_UNIT = 1e-17
"""Minutes of half a femtosecond: no network counts its time in less."""

HIGHEST_NM = 1e9
"""One mole in a litre: no drug is dissolved beyond it, and a number beyond it was meant in another unit."""

HEAVIEST = 1e6
"""Weight of one context beside those of others."""

MOST_NAMES = 10_000
"""Names, pairs or read-outs of a list."""

LONGEST_PATH, LONGEST_PART = 4096, 255
"""Bytes of a path, and of a name between two strokes: no longer one can be opened."""


def _is_name(value: str) -> str:
    problem = name_problem(value)
    if problem:
        raise ValueError(f"{problem}, found {printable(value[:60])}")
    return value


Layout = Literal["ray", "matrix"]
"""`ray`: the smallest dose of one drug with the smallest of the other and so on; `matrix`: each with each."""

Classes = Literal["any", "within", "across"]
"""Which drugs are paired: any two, two of one class, two of different classes."""

Name = Annotated[str, Field(min_length=1, pattern=NAME), AfterValidator(_is_name)]
"""A name of a context, drug, class, module or read-out."""


def _numbers_are_no_text(value: Any) -> Any:
    """YAML 1.1 reads 1e-6 as text (1.0e-6 is a number); it is plain what was meant."""
    if isinstance(value, str):
        number = number_of(value)
        if number is None:
            raise ValueError(f"must be a number, found {printable(value[:60])}")
        return number
    if isinstance(value, bool):
        raise ValueError(f"must be a number, found {value}")
    return value


def _is_path(value: Any) -> Any:
    if isinstance(value, str) and not (value and value.isprintable()):
        raise ValueError(f"must be a path, found {printable(value[:60]) or 'nothing'}")
    if isinstance(value, str):
        whole, *parts = (len(part.encode()) for part in (value, *value.split("/")))
        if whole > LONGEST_PATH or max(parts) > LONGEST_PART:
            most = f"at most {LONGEST_PATH} bytes, and {LONGEST_PART} between two `/`"
            raise ValueError(f"must be a path of {most}, found {value[:60]}... of {whole}")
    return value


def _at_home(path: Path) -> Path:
    """The path; `~` is the home folder, as in a shell."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"must begin with a home folder that is there, found {path}") from None


FilePath = Annotated[Path, BeforeValidator(_is_path), AfterValidator(_at_home)]
"""Where a file or folder is; `~` is the home folder."""


def folder_apart(path: Path) -> Path:
    """The path as it is; ValueError where it is, or holds, the folder that this runs in."""
    if Path.cwd().is_relative_to(path.resolve()):
        raise ValueError(f"must be a folder apart, found {path}, which holds the folder that this runs in")
    return path


OwnFolder = Annotated[FilePath, AfterValidator(folder_apart)]
"""A folder that a run fills, beside its inputs or below them."""


def twice(values: Iterable[Any]) -> str:
    """The values that are there more than once, in words; empty where all differ."""
    return ", ".join(sorted(str(value) for value, count in Counter(values).items() if count > 1))


def all_different(values: list[Any]) -> list[Any]:
    again = twice(values)
    if again:
        raise ValueError(f"entries must differ, found {again} more than once")
    return values


def _not_zero(value: float) -> float:
    if value == 0:
        raise ValueError("must not be 0, found 0")
    return value


NUMBER = BeforeValidator(_numbers_are_no_text)
Truth = Annotated[bool, Field(strict=True)]
"""true or false; not what YAML 1.1 and others take for one: yes, on, 1."""
Weight = Annotated[
    float, Field(ge=-HEAVIEST, le=HEAVIEST, allow_inf_nan=False), NUMBER, AfterValidator(_not_zero)
]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), NUMBER]
Time = Annotated[float, Field(ge=0, le=LONGEST_MINUTES, allow_inf_nan=False), NUMBER]
UnitTime = Annotated[float, Field(ge=SHORTEST_UNIT, le=LONGEST_MINUTES, allow_inf_nan=False), NUMBER]
EndTime = Annotated[float, Field(gt=0, le=LONGEST_MINUTES, allow_inf_nan=False), NUMBER]
Dose = Annotated[float, Field(gt=0, le=HIGHEST_NM, allow_inf_nan=False), NUMBER]
Steps = Annotated[int, Field(ge=0, le=1_000_000), NUMBER]
Doses = Annotated[list[Dose], Field(min_length=1, max_length=MOST_DOSES), AfterValidator(all_different)]
CellWeights = Annotated[dict[Name, Weight], Field(min_length=1, max_length=MOST_NAMES)]
Genotypes = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=MOST_NAMES)]
"""Genetic changes as they are written; what they say is read with the plan of a screen."""

Names = Annotated[list[Name], Field(min_length=1, max_length=MOST_NAMES), AfterValidator(all_different)]


def _all_or_a_list(value: Any) -> Any:
    if value != "all" and not isinstance(value, list):
        raise ValueError(f"must be `all` or a list of names, found {value}")
    return value


AllOrNames = Annotated[Literal["all"] | Names, BeforeValidator(_all_or_a_list)]


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str | Path) else value


Files = Annotated[
    list[FilePath],
    Field(min_length=1),
    AfterValidator(all_different),
    BeforeValidator(_one_or_several),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "path"},
                {"type": "array", "items": {"type": "string", "format": "path"}, "minItems": 1},
            ]
        }
    ),
]
"""A table: one file, or several whose rows are read as one table, such as the project's and one's own."""


class Section(BaseModel):
    """A frozen section in which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
