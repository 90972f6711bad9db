"""A System as JSON and back: what a later process needs, with no symbolic work left in it."""

from typing import Any

from screen.kernel.analysis import Gradient, System
from screen.kernel.conservation import Law
from screen.kernel.elimination import Elimination, Invert, Row, Scale
from screen.kernel.program import Program

PROGRAMS = ("hoist", "derivative", "linearisation", "breaks", "initial", "observe")
GRADIENTS = ("pullback", "curvature", "hoist_pullback")


def to_json(system: System) -> dict[str, Any]:
    """Plain lists and numbers; NamedTuples become lists."""
    return {**system._asdict(), "elimination": system.elimination._asdict()}


def from_json(data: dict[str, Any]) -> System:
    """The System that `to_json` wrote."""
    fields = {name: _tuples(value) for name, value in data.items() if name != "elimination"}
    fields |= {name: Program.from_json(data[name]) for name in PROGRAMS}
    fields |= {name: Gradient(Program.from_json(data[name][0]), _tuples(data[name][1])) for name in GRADIENTS}
    fields["laws"] = tuple(Law(*law) for law in fields["laws"])
    return System(**fields, elimination=_elimination(data["elimination"]))


def _elimination(data: dict[str, Any]) -> Elimination:
    fields = {name: _tuples(value) for name, value in data.items()}
    fields["factor"] = tuple(Scale(*step) if len(step) == 3 else Invert(*step) for step in fields["factor"])
    for name in ("forward", "backward", "forward_transposed", "backward_transposed"):
        fields[name] = tuple(Row(*row) for row in fields[name])
    return Elimination(**fields)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
