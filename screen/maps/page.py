"""The page of the network: every module with its map, its numbers and the quantities it defines."""

from collections.abc import Sequence
from pathlib import Path

from screen.maps.drawing import map_svg
from screen.maps.processes import INHIBITION, STIMULATION, ModuleMap
from screen.tables import write_text_atomic

INTRODUCTION = """\
# The network

Drawn from the SBML by `make maps`. Boxes are species, coloured by compartment, mRNAs with square corners;
phosphorylated sites stand on the rim. Squares are processes, a crossed circle is where something comes from or goes
to. Green stimulates, red inhibits, grey does either; what acts from another module is named above the process.
Every gene of the source documents has its place in [genes.md](genes.md).
"""

SIGNS = {STIMULATION: "", INHIBITION: "⊣ "}


def write_maps(maps: Sequence[ModuleMap], folder: Path) -> Path:
    """Write a map for each module that has something to show to `folder`, and the page beside the folder."""
    for module in maps:
        if is_drawn(module):
            write_text_atomic(folder / f"{module.stem}.svg", map_svg(module))
    page = folder.with_suffix(".md")
    write_text_atomic(page, network_page(maps, folder.name))
    return page


def is_drawn(module: ModuleMap) -> bool:
    """Whether there is anything to draw: units and compartments alone make no map."""
    return bool(module.processes or module.quantities)


def network_page(maps: Sequence[ModuleMap], folder: str) -> str:
    """The page as Markdown; maps lie in `folder` beside it."""
    return "\n".join([INTRODUCTION, *(_section(module, folder) for module in maps)])


def _section(module: ModuleMap, folder: str) -> str:
    lines = [f"## {module.title}", "", f"`{module.stem}`. {module.text}", ""]
    if is_drawn(module):
        lines += [f"![{module.title}]({folder}/{module.stem}.svg)", ""]
    if module.processes:
        lines += [f"{len(module.compartments)} species take part in {len(module.processes)} processes.", ""]
    if module.quantities:
        lines += ["<details><summary>Quantities</summary>", "", "| quantity | depends on |", "|---|---|"]
        lines += [f"| `{name}` | {_listed(acting)} |" for name, acting in module.quantities]
        lines += ["", "</details>", ""]
    return "\n".join(lines)


def _listed(acting: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{SIGNS.get(effect, '◇ ')}`{name}`" for name, effect in acting) or "constants alone"
