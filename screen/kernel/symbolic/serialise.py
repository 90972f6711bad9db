"""A System as JSON and back: what a later process needs, with no symbolic work left in it."""

from typing import Any

from screen.kernel.symbolic.analysis import Gradient, System
from screen.kernel.symbolic.conservation import Dependent, Law, Reduction
from screen.kernel.symbolic.elimination import Elimination, Invert, Row, Scale
from screen.kernel.symbolic.events import Events, Happening
from screen.kernel.symbolic.program import Program

PROGRAMS = ("hoist", "derivative", "linearisation", "breaks", "initial", "per_amount", "observe")
NESTED = ("elimination", "reduction")
GRADIENTS = ("pullback", "curvature", "hoist_pullback", "breaks_pullback")


def to_json(system: System) -> dict[str, Any]:
    """Plain lists and numbers; NamedTuples become lists."""
    reduction = {**system.reduction._asdict(), "elimination": system.reduction.elimination._asdict()}
    return {**system._asdict(), "elimination": system.elimination._asdict(), "reduction": reduction}


def from_json(data: dict[str, Any]) -> System:
    """The System that `to_json` wrote."""
    fields = {name: _tuples(value) for name, value in data.items() if name not in NESTED}
    fields |= {name: Program.from_json(data[name]) for name in PROGRAMS}
    fields |= {name: Gradient(Program.from_json(data[name][0]), _tuples(data[name][1])) for name in GRADIENTS}
    fields["laws"] = tuple(Law(*law) for law in fields["laws"])
    if data["events"] is not None:
        each, values, watch, times, diluted = data["events"]
        fields["events"] = Events(
            each=tuple(Happening(*_tuples(event)) for event in each),
            values=Program.from_json(values),
            watch=Program.from_json(watch),
            times=Program.from_json(times),
            diluted=_tuples(diluted),
        )
    reduction = data["reduction"]
    return System(
        **fields,
        elimination=_elimination(data["elimination"]),
        reduction=Reduction(
            dependents=tuple(Dependent(*_tuples(item)) for item in reduction["dependents"]),
            pattern=_tuples(reduction["pattern"]),
            elimination=_elimination(reduction["elimination"]),
            mix=_tuples(reduction["mix"]),
        ),
    )


def _elimination(data: dict[str, Any]) -> Elimination:
    fields = {name: _tuples(value) for name, value in data.items()}
    fields["factor"] = tuple(Scale(*step) if len(step) == 3 else Invert(*step) for step in fields["factor"])
    for name in ("forward", "backward", "forward_transposed", "backward_transposed"):
        fields[name] = tuple(Row(*row) for row in fields[name])
    return Elimination(**fields)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
