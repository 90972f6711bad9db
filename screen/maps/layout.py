"""Where everything stands in a map: layers from left to right (Sugiyama, by igraph), parts on shelves.

An arc that crosses layers gets a way point in each, and a second layout places those too. The rows that come
out keep their order and are then set as close as what stands on them allows. Lengths are in points.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import igraph
import numpy as np

from screen.maps.processes import ModuleMap, Process

HEIGHT, LINE, GLYPH = 15.0, 8.5, 15.0
"""Height of a box, of a line of text, and distance of a crossed circle from its process."""

LETTER, GAP, AIR, WAY = 4.7, 26.0, 7.0, 5.0
"""Width of a letter; between layers; between neighbours of a layer; the same around a way point."""

SHELF = 1000.0
"""Width at which parts start a new line."""

MOST_ARCS = 3
"""A species that acts on more processes than this is named at each instead of joined to them."""

SITES = {"Y": "pY", "S": "pS", "YS": "pY pS", "P": "P", "PP": "PP", "active": "active"}
"""Endings of species that stand on the rim of their box."""

COMPARTMENT_ENDINGS = {"c": "cytosol", "n": "nucleus"}
"""Endings that say no more than the colour of the box does."""


class Node(NamedTuple):
    """A species or quantity, or a process, with what acts on it from elsewhere; ends of a process may be open."""

    key: str
    is_species: bool
    label: str = ""
    sites: str = ""
    compartment: str = ""
    acting: tuple[tuple[str, str], ...] = ()
    from_nothing: bool = False
    to_nothing: bool = False

    @property
    def width(self) -> float:
        """Room from left to right."""
        text = max((LETTER * (len(name) + 2) for name, _ in self.acting), default=0.0)
        return max(text, self.box if self.is_species else 8.0 + 2 * (GLYPH + 6) * self.to_nothing)

    @property
    def box(self) -> float:
        """Width of the box, or of the square of a process."""
        return LETTER * len(self.label) + 12.0 if self.is_species else 8.0

    @property
    def top(self) -> float:
        """From the middle to the upper rim."""
        return HEIGHT / 2 + 2.0 * bool(self.sites) if self.is_species else 5.0

    @property
    def above(self) -> float:
        """Room above the middle."""
        return self.top + LINE * len(self.acting)

    @property
    def below(self) -> float:
        """Room below the middle."""
        return GLYPH + 5.0 if self.from_nothing else HEIGHT / 2


class Arc(NamedTuple):
    """A line between nodes; kind is consumption, reversible, production or how a species acts."""

    source: str
    target: str
    kind: str


class Diagram(NamedTuple):
    """Nodes and arcs of one connected part of a map."""

    nodes: tuple[Node, ...]
    arcs: tuple[Arc, ...]


class Placed(NamedTuple):
    """A diagram with the places of its nodes and the way points [points, 2] of its arcs."""

    diagram: Diagram
    places: dict[str, np.ndarray]
    ways: tuple[np.ndarray, ...]
    size: np.ndarray


def diagrams(module: ModuleMap) -> list[Diagram]:
    """The connected parts of a module's map, the largest first.

    A module without processes is shown by its quantities and what acts on them.
    """
    uses = Counter(name for process in module.processes for name, _ in process.modulators)
    joined = {name for name in module.compartments if uses[name] <= MOST_ARCS}
    arcs = [arc for process in module.processes for arc in _arcs(process, joined)]
    nodes = [_species(name, where) for name, where in module.compartments.items()]
    nodes += [_process(process, joined) for process in module.processes]
    if not module.processes:
        nodes = [Node(name, True, name, acting=acting) for name, acting in module.quantities]
    number = {node.key: index for index, node in enumerate(nodes)}
    graph = igraph.Graph(len(nodes), [(number[arc.source], number[arc.target]) for arc in arcs])
    found = []
    for part in sorted(graph.connected_components(), key=lambda part: (-len(part), part)):
        inside = {nodes[index].key for index in part}
        own = tuple(node for node in nodes if node.key in inside)
        found.append(Diagram(own, tuple(arc for arc in arcs if arc.source in inside)))
    return found


def _arcs(process: Process, joined: set[str]) -> list[Arc]:
    kind = "reversible" if process.reversible else "consumption"
    return [
        *(Arc(name, process.name, kind) for name in process.reactants),
        *(Arc(process.name, name, "production") for name in process.products),
        *(Arc(name, process.name, effect) for name, effect in process.modulators if name in joined),
    ]


def _process(process: Process, joined: set[str]) -> Node:
    acting = tuple(modulator for modulator in process.modulators if modulator[0] not in joined)
    return Node(
        process.name,
        False,
        acting=acting,
        from_nothing=not process.reactants,
        to_nothing=not process.products,
    )


def _species(name: str, compartment: str) -> Node:
    """STAT3_YS_c is STAT3 with pY and pS."""
    parts = name.split("_")
    if len(parts) > 1 and COMPARTMENT_ENDINGS.get(parts[-1]) == compartment:
        parts = parts[:-1]
    sites = SITES.get(parts[-1], "") if len(parts) > 1 else ""
    return Node(name, True, " ".join(parts[:-1] if sites else parts), sites, compartment)


def place(diagram: Diagram) -> Placed:
    """Places of nodes and way points."""
    nodes = diagram.nodes
    number = {node.key: index for index, node in enumerate(nodes)}
    ends = [(number[arc.source], number[arc.target]) for arc in diagram.arcs]
    first = igraph.Graph(len(nodes), ends, directed=True).layout_sugiyama()
    layer = [round(y) for _, y in first]
    edges, ways = [], []
    for start, end in ends:
        step = 1 if layer[end] >= layer[start] else -1
        between = list(range(layer[start] + step, layer[end], step))
        way = list(range(len(layer), len(layer) + len(between)))
        layer += between
        edges += list(pairwise([start, *way, end][::step]))
        ways.append(way)
    second = igraph.Graph(len(layer), edges, directed=True)
    rows = [x for x, _ in second.layout_sugiyama(layers=layer, maxiter=500)]
    above = np.array([*(node.above + AIR / 2 for node in nodes), *[WAY / 2] * (len(layer) - len(nodes))])
    below = np.array([*(node.below + AIR / 2 for node in nodes), *[WAY / 2] * (len(layer) - len(nodes))])
    heights = _tightened(np.array(rows), np.array(layer), above, below)
    widths = np.zeros(max(layer) + 1)
    for node, at in zip(nodes, layer, strict=False):
        widths[at] = max(widths[at], node.width)
    centres = np.cumsum(widths + GAP) - GAP - widths / 2
    points = np.stack([centres[layer], heights], axis=1)
    places = {node.key: points[index] for index, node in enumerate(nodes)}
    size = np.array([np.sum(widths + GAP) - GAP, np.max(heights + below)])
    return Placed(diagram, places, tuple(points[way] for way in ways), size)


def _tightened(rows: np.ndarray, layer: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Heights for rows, in the same order and equal where rows are: neighbours of a layer just keep their room."""
    levels, level = np.unique(np.round(rows, 6), return_inverse=True)
    room: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for at in np.unique(layer):
        members = np.flatnonzero(layer == at)
        members = members[np.argsort(level[members], kind="stable")]
        for upper, lower in pairwise(members):
            room[int(level[lower])].append((int(level[upper]), float(below[upper] + above[lower])))
    least = np.zeros(len(levels))
    np.maximum.at(least, level, above)
    heights = np.zeros(len(levels))
    for index in range(len(levels)):
        start = heights[index - 1] if index else 0.0
        needed = [heights[upper] + distance for upper, distance in room[index]]
        heights[index] = max([start, least[index], *needed])
    return heights[level]


def packed(sizes: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Corner of each part on shelves, and the size of the whole."""
    corners, x, y, shelf, width = [], 0.0, 0.0, 0.0, 0.0
    for size in sizes:
        if x and x + size[0] > SHELF:
            x, y, shelf = 0.0, y + shelf + AIR, 0.0
        corners.append(np.array([x, y]))
        x, shelf, width = x + size[0] + GAP, max(shelf, size[1]), max(width, x + size[0])
    return corners, np.array([max(width, 1.0), max(y + shelf, 1.0)])
