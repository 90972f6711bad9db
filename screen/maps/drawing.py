"""Maps of the network, one a module, in the manner of SBGN process description, drawn from the SBML.

Species are boxes coloured by compartment, mRNAs with square corners, with their phosphorylated sites on the
rim; processes are small squares, and a crossed circle is where something comes from or goes to. What acts
on a process is an arc from a species of the map, or, from elsewhere, its name above the process. `layout`
says where everything stands.
"""

import re
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyBboxPatch, Patch, PathPatch, Rectangle
from matplotlib.path import Path

from screen.maps.layout import GLYPH, HEIGHT, LINE, Arc, Node, Placed, diagrams, packed, place
from screen.maps.processes import INHIBITION, MODULATION, STIMULATION, ModuleMap
from screen.style import INK, MUTED, PAPER, drawing, to_svg

FONT, MARGIN = 7.5, 16.0
FILLS = {"cytosol": "#dbe9f6", "nucleus": "#fde6c8", "medium": "#d9f0e1", "": "#efefef"}
SITE_COLOUR = "#b34700"
ACTING = {STIMULATION: ("▷", "#00704f"), INHIBITION: ("⊣", "#b0003a"), MODULATION: ("◇", MUTED)}
"""Sign and colour of what acts on a process."""


def map_svg(module: ModuleMap) -> str:
    """The map of a module as SVG text, which names the digest of what it shows; equal for equal modules."""
    with drawing(math=True):
        svg = to_svg(draw_map(module))
    return svg.replace(">", f"><desc>{module.digest}</desc>", 1)


def drawn_digest(svg: str) -> str:
    """The digest of what a drawn map shows; empty where it names none."""
    found = re.search(r"<desc>([0-9a-f]{64})</desc>", svg)
    return found[1] if found else ""


def draw_map(module: ModuleMap) -> Figure:
    """The figure of a module: its connected parts, the largest first, and what the signs mean."""
    parts = [place(diagram) for diagram in diagrams(module)]
    offsets, (width, height) = packed([part.size for part in parts])
    width = max(width, 560.0)
    figure = Figure(figsize=((width + 2 * MARGIN) / 72, (height + 3 * MARGIN) / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-MARGIN, width + MARGIN)
    axes.set_ylim(height + 2 * MARGIN, -MARGIN)
    axes.axis("off")
    for part, offset in zip(parts, offsets, strict=True):
        _draw_part(axes, part, offset)
    _legend(axes)
    return figure


def _legend(axes: Axes) -> None:
    boxes = [Patch(facecolor=fill, edgecolor=INK, label=name) for name, fill in FILLS.items() if name]
    signs = [
        Line2D([], [], linestyle="none", marker=f"${sign}$", color=colour, label=name)
        for name, (sign, colour) in ACTING.items()
    ]
    axes.legend(
        handles=[*boxes, *signs], loc="lower left", ncols=6, fontsize=FONT, handletextpad=0.4, columnspacing=1.4,
        borderaxespad=0.2,
    )  # fmt: skip


def _draw_part(axes: Axes, part: Placed, offset: np.ndarray) -> None:
    nodes = {node.key: node for node in part.diagram.nodes}
    places = {key: at + offset for key, at in part.places.items()}
    for arc, way in zip(part.diagram.arcs, part.ways, strict=True):
        _draw_arc(axes, arc, nodes, places, way + offset)
    for key, node in nodes.items():
        (_draw_species if node.is_species else _draw_process)(axes, node, places[key])
        _draw_acting(axes, node, places[key])


def _draw_process(axes: Axes, node: Node, at: np.ndarray) -> None:
    x, y = at
    axes.add_patch(Rectangle((x - 4, y - 4), 8, 8, facecolor=PAPER, edgecolor=INK, linewidth=0.8))
    if node.from_nothing:
        _draw_nothing(axes, np.array([x, y + GLYPH]))
        axes.plot([x, x], [y + 4, y + GLYPH - 4.5], color=INK, linewidth=0.8)
    if node.to_nothing:
        _draw_nothing(axes, np.array([x + GLYPH + 5, y]))
        axes.plot([x + 4, x + GLYPH], [y, y], color=INK, linewidth=0.8)
        _draw_head(axes, np.array([x + GLYPH + 0.5, y]), 1.0, "production", INK)


def _draw_nothing(axes: Axes, at: np.ndarray) -> None:
    """SBGN's source and sink."""
    x, y = at
    axes.add_patch(Circle((x, y), 4.5, facecolor=PAPER, edgecolor=MUTED, linewidth=0.8))
    axes.plot([x - 4.5, x + 4.5], [y + 4.5, y - 4.5], color=MUTED, linewidth=0.8)


def _draw_acting(axes: Axes, node: Node, at: np.ndarray) -> None:
    """The names of what acts from elsewhere, one above the other."""
    x, y = at
    for line, (name, effect) in enumerate(reversed(node.acting)):
        sign, colour = ACTING[effect]
        axes.text(
            x, y - node.top - LINE * (line + 0.5), f"{name} {sign}", ha="center", va="center", fontsize=FONT - 1.0,
            color=colour, bbox={"boxstyle": "square,pad=0", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.8},
        )  # fmt: skip


def _draw_species(axes: Axes, node: Node, at: np.ndarray) -> None:
    (x, y), width = at, node.box
    rounding = 1.0 if node.label.endswith("mRNA") else 4.5
    box = FancyBboxPatch(
        (x - width / 2 + rounding, y - HEIGHT / 2 + rounding), width - 2 * rounding, HEIGHT - 2 * rounding,
        boxstyle=f"round,pad={rounding}", facecolor=FILLS.get(node.compartment, FILLS[""]), edgecolor=INK,
        linewidth=0.9,
    )  # fmt: skip
    axes.add_patch(box)
    axes.text(x, y, node.label, ha="center", va="center", fontsize=FONT, color=INK)
    if node.sites:
        rim: dict[str, Any] = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": SITE_COLOUR}
        axes.text(
            x + width / 2 - 2, y - HEIGHT / 2, node.sites, ha="right", va="center", fontsize=FONT - 2,
            color=SITE_COLOUR, bbox={**rim, "linewidth": 0.6},
        )  # fmt: skip


def _draw_arc(
    axes: Axes, arc: Arc, nodes: dict[str, Node], places: dict[str, np.ndarray], way: np.ndarray
) -> None:
    """A smooth line from side to side of the nodes, level where it meets them and at every way point."""
    start, end = places[arc.source], places[arc.target]
    side = 1.0 if end[0] >= start[0] else -1.0
    start = np.array([start[0] + side * nodes[arc.source].box / 2, start[1]])
    end = np.array([end[0] - side * nodes[arc.target].box / 2, end[1]])
    colour = ACTING[arc.kind][1] if arc.kind in ACTING else INK
    vertices, codes = [start], [Path.MOVETO]
    for a, b in pairwise([start, *way, end]):
        reach = side * max(0.5 * abs(b[0] - a[0]), 10.0)
        vertices += [np.array([a[0] + reach, a[1]]), np.array([b[0] - reach, b[1]]), b]
        codes += [Path.CURVE4] * 3
    path = Path(np.array(vertices), codes)
    axes.add_patch(PathPatch(path, facecolor="none", edgecolor=colour, linewidth=0.8))
    _draw_head(axes, end, side, arc.kind, colour)
    if arc.kind == "reversible":
        _draw_head(axes, start, -side, "production", colour)


def _draw_head(axes: Axes, tip: np.ndarray, side: float, kind: str, colour: str) -> None:
    """Production: full triangle; stimulation: open one; inhibition: bar; modulation: diamond."""
    if kind in ("consumption", "reversible"):
        return
    if kind == INHIBITION:
        shape, fill = [(0.0, -4.0), (0.0, 4.0)], "none"
    elif kind == MODULATION:
        shape, fill = [(0.0, 0.0), (-4.0, -2.5), (-8.0, 0.0), (-4.0, 2.5), (0.0, 0.0)], PAPER
    else:
        shape = [(0.0, 0.0), (-6.0, -2.8), (-6.0, 2.8), (0.0, 0.0)]
        fill = colour if kind == "production" else PAPER
    corners = np.array([[tip[0] + side * dx, tip[1] + dy] for dx, dy in shape])
    axes.add_patch(PathPatch(Path(corners), facecolor=fill, edgecolor=colour, linewidth=0.9))
