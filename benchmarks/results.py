"""The table and the figure of a benchmark, with the machine and the versions they were made with."""

import csv
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

INSTALLED = ("amici",) if find_spec("amici") else ()
PACKAGES = ("jax", "diffrax", "optimistix", "libroadrunner", "numpy", *INSTALLED)
COLOURS = {"kernel": "#b2182b", "lanes": "#ef8a62", "libroadrunner": "#2166ac", "diffrax": "#4d4d4d",
           "diffrax_interpolated": "#999999", "amici": "#1b7837"}  # fmt: skip


def machine() -> dict[str, str]:
    """Processor, system and versions."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    return {
        "processor": processor,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def read_problems(path: Path | None) -> dict[str, Any]:
    """What a file of results says of each problem; nothing where there is none yet."""
    return json.loads(path.read_text(encoding="utf-8"))["problems"] if path and path.is_file() else {}


def write_problems(found: dict[str, Any], path: Path | None) -> None:
    """What was found of each problem, with the machine; to the standard output without a path."""
    text = json.dumps({"problems": dict(sorted(found.items())), "machine": machine()}, indent=2) + "\n"
    if path is None:
        print(text, end="")
    else:
        path.write_text(text, encoding="utf-8")


def write_table(path: Path, points: Sequence[Any]) -> None:
    """One row per point."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["model", "contender", "rtol", "max_relative_error", "trajectories_per_s_and_core", "steps"]
        )
        writer.writerows([p.model, p.contender, p.rtol, f"{p.error:.3g}", f"{p.trajectories_per_second:.5g}",
                          f"{p.steps:.1f}"] for p in points)  # fmt: skip


def write_figure(path: Path, points: Sequence[Any], equal_error: float) -> None:
    """Throughput against achieved error, one panel a model."""
    models = list(dict.fromkeys(point.model for point in points))
    mpl.rcParams["font.size"] = 9
    figure = Figure(figsize=(5.2 * len(models), 4.4), layout="constrained")
    for axes, model in zip(figure.subplots(1, len(models), squeeze=False)[0], models, strict=True):
        for name in dict.fromkeys(point.contender for point in points):
            curve = [p for p in points if p.model == model and p.contender == name]
            axes.plot([p.error for p in curve], [p.trajectories_per_second for p in curve], "o-",
                      color=COLOURS.get(name), label=name.replace("_", " "), markersize=4)  # fmt: skip
        axes.axvline(equal_error, color="0.85", zorder=0)
        axes.set(xscale="log", yscale="log", title=model, xlabel="largest relative error of the outputs",
                 ylabel="trajectories per second on one core")  # fmt: skip
        axes.invert_xaxis()
    figure.legend(*axes.get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=5)
    facts = machine()
    note = f"{facts['processor']}; " + ", ".join(f"{name} {facts[name]}" for name in ("python", *PACKAGES))
    figure.suptitle(note, fontsize=7, color="0.4")
    figure.savefig(path, dpi=150)
