"""Names of drugs, contexts, hypotheses, targets, classes and read-outs: one pattern wherever they are read.

A name goes into tables, labels, file formats of spreadsheets and a page, so it holds nothing that any of them
would act on.
"""

import hashlib
import re

_LETTER = "A-Za-z0-9À-ÖØ-öø-ÿα-ω"
_INSIDE = rf"[{_LETTER}_\-.()/]"

NAME = rf"^[{_LETTER}(]{_INSIDE}*(?: {_INSIDE}+)*$"
"""What a name must match: as a regular expression that Python, Rust and JSON schemas read alike."""

NAME_RULE = "must be a name: letters, digits and _-.()/ with single blanks between, first a letter or digit"

LONGEST = 80
"""Letters of a name."""

RESERVED = ("vehicle", "default", "mixture")
"""Words with a meaning of their own in tables: no treatment, the network as it is, all hypotheses together."""

_NAME = re.compile(NAME)


def name_problem(text: str) -> str | None:
    """What must hold and does not, in words; nothing where the text is a name."""
    if len(text) > LONGEST:
        return f"must be a name of at most {LONGEST} letters"
    if not _NAME.fullmatch(text):
        return NAME_RULE
    if text.casefold() in RESERVED:
        return f"must not be {', '.join(RESERVED)}, which have a meaning of their own"
    return None


def is_utf8(text: str) -> bool:
    """Whether a text, of a file's name or the command line, has no byte that is none of UTF-8."""
    return text == text.encode(errors="replace").decode()


def slug(*parts: str) -> str:
    """A name for anchors and identifiers: letters, digits, `_` and `-`; different parts have different slugs."""
    plain = "-".join(re.sub(r"[^A-Za-z0-9_-]+", "-", part) for part in parts)
    if plain == "-".join(parts):
        return plain
    return f"{plain.strip('-')}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:6]}"
