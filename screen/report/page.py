"""The page: words, data and scripts put into one HTML file that needs nothing but itself."""

import base64
import gzip
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

SCRIPTS = ("page.js", "map.js", "pairs.js", "times.js", "figures.js", "table.js", "start.js")
"""Parts of the one script of the page, in their order."""


def render(content: Mapping[str, Any]) -> str:
    """HTML of the page; `content` has every name that assets/page.html asks for."""
    assets = files("screen.report") / "assets"
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string((assets / "page.html").read_text(encoding="utf-8"))
    style = Markup((assets / "page.css").read_text(encoding="utf-8"))
    script = "".join((assets / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return template.render(**content, css=style, script=f"(async () => {{\n{script}}})();")


def packed(text: str) -> str:
    """Text as base64 of gzip, for the page's scripts to unpack; equal for equal text."""
    return base64.b64encode(gzip.compress(text.encode(), 7, mtime=0)).decode()


def origin_rows(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Provenance as lines of a table; what is nested is joined."""
    rows = []
    for name, value in provenance.items():
        if isinstance(value, Mapping):
            rows += [(f"{name}: {key}", str(found)) for key, found in value.items()]
        else:
            rows.append((name, str(value)))
    return rows
