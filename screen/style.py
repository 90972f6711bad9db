"""How figures look: one palette, safe for colour-blind readers, and SVG files that are equal when the data are.

The colours of drug classes are in the table of labels.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1a1f27", "#5b6470", "#d9dde3", "#ffffff"


STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "screen",
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
}


@contextmanager
def drawing(*, math: bool = False) -> Iterator[None]:
    """Matplotlib in the style of this project, and as it was afterwards.

    `math`: what stands between two `$` is a formula; otherwise it is text like any other.
    """
    with mpl.rc_context(STYLE | {"text.parse_math": math}):
        yield


FONTS = "'DejaVu Sans',Verdana,Arial,sans-serif"
ROOT_RULE = "*{stroke-linejoin: round; stroke-linecap: butt}"


def to_svg(figure: Figure, *, paper: bool = True) -> str:
    """The figure as SVG text, equal for equal figures: no date, fixed identifiers, coordinates to 0.01 point.

    Styles that repeat become classes and identifiers that nothing refers to go, which halves the file.
    """
    buffer = io.StringIO()
    facecolor = PAPER if paper else "none"
    # `savefig` would draw the figure twice, once only to lay it out
    figure.set_facecolor(facecolor)
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"(?<![#\w-])(-?\d+\.\d{3,})", lambda found: f"{float(found[1]):.2f}", text)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    text = re.sub(r"font-family: [^;\"]*", f"font-family: {FONTS}", text)
    text = re.sub(r' d="([^"]*)"', lambda found: f' d="{" ".join(found[1].split())}"', text)
    used = set(re.findall(r"#([\w.-]+)", text))
    text = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", text)
    text = re.sub(r">\s+<", "><", text).strip()
    while (shorter := re.sub(r"<g/>|<g></g>", "", text)) != text:
        text = shorter
    return _with_classes(text) + "\n"


def _with_classes(text: str) -> str:
    """Every style that is there more than twice as a class s0, s1, ... in the order of first use."""
    styles = re.findall(r' style="([^"]*)"', text)
    repeated = [style for style in dict.fromkeys(styles) if styles.count(style) > 2]
    names = {style: f"s{number}" for number, style in enumerate(repeated)}
    text = re.sub(
        r' style="([^"]*)"',
        lambda found: f' class="{names[found[1]]}"' if found[1] in names else found[0],
        text,
    )
    rules = "".join(f".{name}{{{style}}}" for style, name in names.items())
    return text.replace(ROOT_RULE, ROOT_RULE + rules)
