"""The configuration without what it knows from certain published facts.

Contexts hold values that were read from, or sized by, the very experiments that a held-out prediction hides. Their
rows name the fact in `source`; who is to predict the experiment must do without them.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from string import ascii_lowercase

from screen.scenarios import Context, ContextTables, Setting
from screen.sources.assemble import Known


def forget(known: Known, facts: Sequence[str]) -> tuple[Known, tuple[str, ...]]:
    """Without the settings of contexts whose source names one of the facts, and which those were.

    A fact is named with the letter of a check (V28a) or without; a source that names V28 alone names all its checks.
    What is forgotten falls back on the value of the network. Priors stay: the panel as a whole was their measure.
    """
    if not facts:
        return known, ()
    named = re.compile("|".join(map(_pattern, facts)))

    def is_kept(setting: Setting) -> bool:
        return not named.search(setting.source or "")

    def without(context: Context) -> Context:
        return replace(
            context,
            totals=tuple(filter(is_kept, context.totals)),
            stimulus=tuple(filter(is_kept, context.stimulus)),
        )

    tables = known.contexts
    forgotten = tuple(
        f"{name} {setting.parameter}"
        for name, context in tables.contexts.items()
        for setting in (*context.totals, *context.stimulus)
        if not is_kept(setting)
    )
    contexts = {name: without(context) for name, context in tables.contexts.items()}
    return replace(known, contexts=ContextTables(contexts, tables.options)), forgotten


def _pattern(fact: str) -> str:
    """What a source that names this fact, or all checks of it, holds."""
    name = fact.rstrip(ascii_lowercase)
    letter = fact.removeprefix(name)
    return rf"\b{name}{letter}?\b" if letter else rf"\b{name}[a-z]?\b"
