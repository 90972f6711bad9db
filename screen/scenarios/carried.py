"""Variants that a cell carries in place of a gene, the rows of kind `construct`: which constants act there."""

from collections.abc import Iterable, Mapping, Sequence

from screen.errors import ScenarioError
from screen.scenarios.contexts import CONSTRUCT, Context, Setting
from screen.scenarios.drugs import DrugTables


def carried(context: Context, tables: DrugTables) -> dict[str, str]:
    """The variant at each target where a cell carries one; none where the tables know no constants in cells.

    ScenarioError: a construct that is no variant, or two of one target.
    """
    if problems := carried_problems([context], tables):
        raise ScenarioError(problems)
    return {tables.variants[row.parameter]: row.parameter for row in _rows(context, tables)}


def carried_problems(contexts: Iterable[Context], tables: DrugTables) -> list[str]:
    """One sentence for each row that names no variant, or a second one of a target."""
    problems = []
    for context in contexts:
        first: dict[str, str] = {}
        for row in _rows(context, tables):
            place, target = f"{row.where}, {context.name}", tables.variants.get(row.parameter)
            if target is None:
                problems.append(
                    f"{place}: `parameter` of a row of kind {CONSTRUCT} must be a variant of constructs.tsv, one of "
                    f"{', '.join(tables.variants)}, found {row.parameter}"
                )
            elif first.setdefault(target, row.parameter) != row.parameter:
                problems.append(
                    f"{place}: at most one variant of the target {target} may be carried, "
                    f"found {first[target]} and {row.parameter}"
                )
    return problems


def unmeasured(context: Context, tables: DrugTables) -> dict[str, tuple[str, ...]]:
    """Drugs of the target of each variant that a cell carries for which the wild type's constant stands in there."""
    known = tables.potency
    if known is None:
        return {}
    return {name: known.unmeasured(target, name) for target, name in carried(context, tables).items()}


def wild_type_constants(contexts: Iterable[Context], tables: DrugTables) -> list[str]:
    """One sentence for each carried variant on which some drugs of its target were not measured."""
    return [
        f"{context.name}: {variant} was not measured with {', '.join(drugs)}; the wild type's constant stands in, "
        "with the spread of variants"
        for context in contexts
        for variant, drugs in unmeasured(context, tables).items()
        if drugs
    ]


def sites_in(tables: DrugTables, variants: Mapping[str, str]) -> list[int]:
    """The site whose constants act at each target where a cell carries these variants, by target."""
    every = [*tables.targets, *tables.variants]
    return [every.index(variants.get(target, target)) for target in tables.targets]


def _rows(context: Context, tables: DrugTables) -> Sequence[Setting]:
    return context.variants if tables.potency is not None else ()
