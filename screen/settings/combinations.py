"""What drugs are combined: pairs, listed or among some drugs, and triples."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from screen.settings.kinds import MOST_NAMES, AllOrNames, Classes, Name, Names, Section, all_different


class PairsAmong(Section):
    """Pairs of drugs with each other, not listed one by one."""

    among: AllOrNames = "all"
    """Drugs to pair, or `all` that are screened (`scenarios.drugs`)."""
    classes: Classes = "any"
    """`within`: both drugs of one class; `across`: of two classes."""
    of_classes: Names | None = None
    """Classes of drugs (column `class`) that are paired; nothing: all of them."""


def _pairs_kind(value: Any) -> str:
    if isinstance(value, list):
        return "list[pair]"
    return "all[pairs]" if value == "all" else "among[pairs]"


def _some_pairs(value: Any) -> Any:
    if value != "all" and not isinstance(value, list | dict | PairsAmong):
        raise ValueError(
            f"must be `all`, a list of pairs or what to pair (`among`, `classes`, `of_classes`), found {value}"
        )
    return value


Pairs = Annotated[
    Annotated[
        list[Annotated[list[Name], Field(min_length=2, max_length=2)]],
        Field(max_length=MOST_NAMES),
        Tag("list[pair]"),
    ]
    | Annotated[PairsAmong, Tag("among[pairs]")]
    | Annotated[Literal["all"], Tag("all[pairs]")],
    Discriminator(_pairs_kind),
    BeforeValidator(_some_pairs),
]
"""Pairs: a list of them, or what to pair; `all` is short for the pairs among all drugs."""


Triples = Annotated[
    list[Annotated[list[Name], Field(min_length=3, max_length=3), AfterValidator(all_different)]],
    Field(max_length=MOST_NAMES),
]
