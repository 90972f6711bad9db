"""Where things stand in a map: layers a gap apart, neighbours as close as their room allows, parts on shelves."""

from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from screen.maps import drawing
from screen.maps.layout import AIR, GAP, HEIGHT, MOST_ARCS, SHELF, WAY, Node, Placed, diagrams, packed, place
from screen.maps.page import is_drawn
from screen.maps.processes import STIMULATION, ModuleMap, Process


@pytest.fixture(scope="module")
def placed(maps) -> list[Placed]:
    """All parts of all maps."""
    return [place(diagram) for module in maps if is_drawn(module) for diagram in diagrams(module)]


def layers_of(part: Placed) -> dict[float, list[Node]]:
    """The nodes of each layer, by the middle of the layer, from left to right."""
    found: dict[float, list[Node]] = {}
    for node in part.diagram.nodes:
        found.setdefault(float(part.places[node.key][0]), []).append(node)
    return dict(sorted(found.items()))


def rooms(part: Placed) -> Iterator[tuple[float, float, float, float]]:
    """Layer, top, middle and bottom of the room of each node and each point on the way of an arc."""
    for node in part.diagram.nodes:
        x, y = part.places[node.key]
        yield x, y - node.above - AIR / 2, y, y + node.below + AIR / 2
    for x, y in np.concatenate([np.empty((0, 2)), *part.ways]):
        yield x, y - WAY / 2, y, y + WAY / 2


def test_layers_are_as_wide_as_their_widest_node_and_stand_a_gap_apart(placed):
    assert max(len(layers_of(part)) for part in placed) > 5
    for part in placed:
        right = -GAP
        for middle, nodes in layers_of(part).items():
            width = max(node.width for node in nodes)
            assert middle - width / 2 - right == pytest.approx(GAP, abs=1e-9)
            right = middle + width / 2
        assert part.size[0] == pytest.approx(right)


def test_neighbours_of_a_layer_keep_their_room_and_no_row_could_stand_higher(placed):
    """A row is where the one before it is, or touches the upper rim or what stands above it in some layer."""
    for part in placed:
        slack: dict[float, list[float]] = {}
        every = sorted(rooms(part), key=lambda room: (room[0], room[2]))
        for before, here in zip([None, *every], every, strict=False):
            above = before[3] if before is not None and before[0] == here[0] else 0.0
            slack.setdefault(round(here[2], 6), []).append(min(here[1] - above, here[1]))
        least = [min(each) for each in slack.values()]
        assert least == pytest.approx([0.0] * len(least), abs=1e-6)
        assert part.size[1] == pytest.approx(max(bottom for *_, bottom in every))


def test_the_way_of_an_arc_has_a_point_in_each_layer_between_its_ends(placed):
    crossed = 0
    for part in placed:
        middles = list(layers_of(part))
        for arc, way in zip(part.diagram.arcs, part.ways, strict=True):
            start, end = (middles.index(part.places[key][0]) for key in (arc.source, arc.target))
            between = middles[start + 1 : end] if start < end else middles[end + 1 : start][::-1]
            assert way[:, 0].tolist() == between
            crossed += len(between)
    assert crossed > 20


def test_a_chain_stands_in_one_row():
    """Three boxes and two squares, each layer a gap from the next."""
    module = ModuleMap(
        "m01", "", "",
        (Process("r", ("A",), ("BB",), False, ()), Process("s", ("BB",), ("C",), False, ())),
        dict.fromkeys(("A", "BB", "C"), "cytosol"), (),
    )  # fmt: skip
    (diagram,) = diagrams(module)
    part = place(diagram)
    one, two, square = 4.7 + 12, 2 * 4.7 + 12, 8.0
    widths = np.array([one, square, two, square, one])
    lefts = np.cumsum(widths + GAP) - widths - GAP
    at = np.array([part.places[key] for key in ("A", "r", "BB", "s", "C")])
    assert at[:, 0] == pytest.approx(lefts + widths / 2)
    assert at[:, 1] == pytest.approx(np.full(5, (HEIGHT + AIR) / 2))
    assert part.size == pytest.approx([2 * one + two + 2 * square + 4 * GAP, HEIGHT + AIR])
    assert [way.shape for way in part.ways] == [(0, 2)] * 4


@pytest.mark.parametrize(("many", "joined"), [(MOST_ARCS, True), (MOST_ARCS + 1, False)])
def test_what_acts_on_many_processes_is_named_at_each(many, joined):
    processes = tuple(
        Process(f"r{at}", ("A",), ("B",), False, (("Kinase", STIMULATION),)) for at in range(many)
    )
    module = ModuleMap("m01", "", "", processes, dict.fromkeys(("A", "B", "Kinase"), "cytosol"), ())
    parts = diagrams(module)
    acting = [arc for part in parts for arc in part.arcs if arc.kind == STIMULATION]
    named = [node for part in parts for node in part.nodes if node.acting == (("Kinase", STIMULATION),)]
    assert (len(acting), len(named)) == ((many, 0) if joined else (0, many))
    assert [len(part.nodes) for part in parts] == ([many + 3] if joined else [many + 2, 1])


def test_parts_fill_a_shelf_before_the_next_begins():
    sizes = [np.array(size) for size in ((900.0, 50.0), (200.0, 80.0), (300.0, 20.0), (600.0, 10.0))]
    corners, whole = packed(sizes)
    second, third = 50.0 + AIR, 50.0 + AIR + 80.0 + AIR
    known = [[0.0, 0.0], [0.0, second], [200.0 + GAP, second], [0.0, third]]
    assert [corner.tolist() for corner in corners] == known
    assert whole.tolist() == [900.0, third + 10.0]
    (_, beside), _ = packed([np.array([SHELF / 2 - GAP, 1.0]), np.array([SHELF / 2, 1.0])])
    assert beside.tolist() == [SHELF / 2, 0.0]
    assert packed([np.array([0.5, 0.25])])[1].tolist() == [1.0, 1.0]
    low, _ = packed([np.array([900.0, 0.5]), np.array([900.0, 0.25]), np.array([900.0, 0.25])])
    assert [corner[1] for corner in low] == [0.0, 0.5 + AIR, 0.5 + AIR + 0.25 + AIR]


def test_a_map_is_as_large_as_its_parts_and_wide_enough_for_what_its_signs_mean(maps):
    """In inches of 72 points, with a margin around and one more for the signs below."""
    sizes = {
        packed([place(diagram).size for diagram in diagrams(module)])[1].tobytes(): module
        for module in maps
        if is_drawn(module)
    }
    narrow, *_, wide = sorted(sizes, key=lambda size: np.frombuffer(size)[0])
    for size in (narrow, wide):
        width, height = np.frombuffer(size)
        assert (width > 560) == (size == wide)
        known = np.array([max(width, 560.0) + 2 * drawing.MARGIN, height + 3 * drawing.MARGIN]) / 72
        figure = drawing.draw_map(sizes[size])
        assert figure.get_size_inches() == pytest.approx(known)
        assert figure.axes[0].get_position().bounds == pytest.approx((0, 0, 1, 1))
        (left, right), (low, high) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
        assert (right - left, low - high) == pytest.approx(tuple(known * 72))  # a unit is a point


def test_what_is_drawn_of_a_node_stays_in_its_room(placed):
    """Boxes, words and crossed circles, by what matplotlib draws; a point is a unit here."""
    figure = Figure(figsize=(10, 10), dpi=72)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-360, 360)
    axes.set_ylim(360, -360)
    renderer = FigureCanvasAgg(figure).get_renderer()
    kinds = {
        (len(node.label), len(node.acting), node.sites, node.from_nothing, node.to_nothing): node
        for part in placed for node in part.diagram.nodes
    }  # fmt: skip
    assert len(kinds) > 30
    for node in kinds.values():
        (drawing._draw_species if node.is_species else drawing._draw_process)(axes, node, np.zeros(2))
        drawing._draw_acting(axes, node, np.zeros(2))
        found = []
        for artist in [*axes.patches, *axes.texts]:
            box = artist.get_window_extent(renderer)
            left, right, low, high = box.x0 - 360, box.x1 - 360, box.y0 - 360, box.y1 - 360
            found.append((right, -low))
            assert -node.width / 2 - 1 <= left <= right <= node.width / 2 + 1, node
            assert -node.below - AIR / 2 <= low <= high <= node.above + AIR / 2, node
            artist.remove()
        if not node.acting and not node.sites:  # and the room is no larger than that, to four points
            assert np.max(found, axis=0) == pytest.approx([node.width / 2, node.below], abs=4.0)
        for line in list(axes.lines):
            line.remove()
