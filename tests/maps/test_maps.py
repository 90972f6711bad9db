"""The maps of the network: every module has one, it shows what the SBML says, and nothing lies on anything."""

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np

from screen.cli import main
from screen.maps.drawing import drawn_digest, map_svg
from screen.maps.layout import Diagram, diagrams, packed, place
from screen.maps.page import is_drawn, network_page
from screen.maps.processes import STIMULATION, ModuleMap, Process

TOY = ModuleMap(
    "m01_toy",
    "M1: a toy",
    "",
    (
        Process("make", (), ("A_c",), False, (("dose", STIMULATION),)),
        Process("turn", ("A_c",), ("A_Y_c",), False, (("B_mRNA", STIMULATION), ("elsewhere", "inhibition"))),
        Process("back", ("A_Y_c",), ("A_c",), True, ()),
        Process("lose", ("C_n",), (), False, ()),
    ),
    {"A_c": "cytosol", "A_Y_c": "cytosol", "B_mRNA": "cytosol", "C_n": "nucleus"},
    (),
)


def test_parts_nodes_and_arcs_of_a_toy():
    first, second = diagrams(TOY)
    assert [node.key for node in first.nodes] == ["A_c", "A_Y_c", "B_mRNA", "make", "turn", "back"]
    assert {(arc.source, arc.target, arc.kind) for arc in first.arcs} == {
        ("make", "A_c", "production"),
        ("A_c", "turn", "consumption"),
        ("turn", "A_Y_c", "production"),
        ("B_mRNA", "turn", "stimulation"),
        ("A_Y_c", "back", "reversible"),
        ("back", "A_c", "production"),
    }
    nodes = {node.key: node for node in (*first.nodes, *second.nodes)}
    assert (nodes["A_Y_c"].label, nodes["A_Y_c"].sites, nodes["B_mRNA"].label) == ("A", "pY", "B mRNA")
    assert nodes["turn"].acting == (("elsewhere", "inhibition"),)
    assert (nodes["make"].from_nothing, nodes["lose"].to_nothing) == (True, True)


def test_the_last_word_of_a_name_is_a_site_or_the_compartment_only_where_it_says_so():
    """`c` and `n` where the box has that colour; sites before them; a name of one word is that word."""
    known = {
        ("STAT3_YS_c", "cytosol"): ("STAT3", "pY pS"), ("STAT3_c", "cytosol"): ("STAT3", ""),
        ("STAT3_c", "nucleus"): ("STAT3 c", ""), ("STAT3_Y_n", "nucleus"): ("STAT3", "pY"),
        ("ERK_PP", "cytosol"): ("ERK", "PP"), ("c", "cytosol"): ("c", ""), ("P", "cytosol"): ("P", ""),
        ("STAT3_dimer_YS_n", "nucleus"): ("STAT3 dimer", "pY pS"), ("P_c", "cytosol"): ("P", ""),
        ("SOCS3_mRNA", "cytosol"): ("SOCS3 mRNA", ""),
    }  # fmt: skip
    for (name, compartment), told in known.items():
        module = replace(
            TOY, processes=(Process("lose", (name,), (), False, ()),), compartments={name: compartment}
        )
        (diagram,) = diagrams(module)
        node = next(node for node in diagram.nodes if node.is_species)
        assert (node.label, node.sites) == told, name


def overlaps(diagram: Diagram) -> list[tuple[str, str]]:
    """Pairs of nodes whose room overlaps."""
    placed = place(diagram)
    boxes = {
        node.key: (at[0] - node.width / 2, at[0] + node.width / 2, at[1] - node.above, at[1] + node.below)
        for node, at in ((node, placed.places[node.key]) for node in diagram.nodes)
    }
    keys = list(boxes)
    return [
        (a, b)
        for i, a in enumerate(keys)
        for b in keys[i + 1 :]
        if boxes[a][0] < boxes[b][1]
        and boxes[b][0] < boxes[a][1]
        and boxes[a][2] < boxes[b][3]
        and boxes[b][2] < boxes[a][3]
    ]


def test_nothing_lies_on_anything(maps):
    assert [
        overlaps(diagram) for module in (TOY, *maps) for diagram in diagrams(module) if overlaps(diagram)
    ] == []


def test_parts_on_shelves_do_not_touch():
    sizes = [np.array(size) for size in ((900.0, 50.0), (200.0, 80.0), (300.0, 20.0), (600.0, 10.0))]
    corners, whole = packed(sizes)
    for i, (corner, size) in enumerate(zip(corners, sizes, strict=True)):
        assert (corner + size <= whole).all()
        for other, extent in zip(corners[:i], sizes[:i], strict=True):
            apart = (corner >= other + extent) | (other >= corner + size)
            assert apart.any()


def test_a_map_names_its_species_and_is_always_the_same():
    svg = map_svg(TOY)
    words = [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")]
    assert {"A", "B mRNA", "C", "pY", "dose ▷", "elsewhere ⊣"} <= set(words)
    assert drawn_digest(svg) == TOY.digest
    assert map_svg(TOY) == svg
    assert drawn_digest("<svg/>") == ""


def test_every_module_has_its_map_and_no_map_is_old(root, maps):
    folder = root / "docs/network"
    wanted = {f"{module.stem}.svg": module.digest for module in maps if is_drawn(module)}
    assert len(wanted) == len(maps) - 1
    found = {path.name: drawn_digest(path.read_text()) for path in folder.iterdir()}
    assert found == wanted, "run `make maps`"


def test_the_page_shows_every_map(root, maps):
    page = (root / "docs/network.md").read_text()
    assert page == network_page(maps, "network"), "run `make maps`"
    assert page.count("](network/") == len(maps) - 1


def test_the_command_draws_and_says_what_it_needs(root, tmp_path, monkeypatch, capsys):
    arguments = ["pages", "--maps", str(tmp_path / "maps")]
    monkeypatch.chdir(root)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "igraph", None)
        for name in ("", ".layout", ".drawing", ".page"):
            without.delitem(sys.modules, f"screen.maps{name}", raising=False)
        assert main(arguments) == 2
    assert "pages: the package igraph must be installed" in capsys.readouterr().err
    assert main(arguments) == 0
    assert (tmp_path / "maps.md").read_text().startswith("# The network")
    assert (tmp_path / "maps/m07_alk.svg").exists()
