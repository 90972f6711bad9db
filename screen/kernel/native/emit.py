"""Write a network as C or CUDA: its programs unrolled, around the handwritten step in native/.

Both are one text in two dialects: W lanes side by side in the registers of a processor, or one lane a thread of a GPU.
The dialect defines what the text does not say twice: what a quantity is in a register (V) and in memory (Stored).

The text is meant to be read (the cache keeps it beside the compiled library): one function per program
of screen.kernel.symbolic.analysis, every result with the name of its species or reaction behind it.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from typing import NamedTuple

from screen.kernel import tableau
from screen.kernel.native.emit_algebra import CHAINED, algebra, stage_sums
from screen.kernel.native.emit_program import PIECE, Kernel, Scratch, function
from screen.kernel.native.parts import in_parts
from screen.kernel.solution import ROUNDING
from screen.kernel.symbolic.analysis import Gradient, System
from screen.kernel.symbolic.events import Events

CONTROL = {"SAFETY": 0.9, "GROWTH": 8.0, "INTEGRAL": 0.2, "PROPORTIONAL": 0.05}
"""Step control: h' = h SAFETY error^-INTEGRAL (last error)^PROPORTIONAL, at most GROWTH h."""

EVENT_STEPS = "event_steps.h"

CROWDED = 256
"""So many entries of the factors, of eight lanes, fill half of the nearest cache; each stage reads them."""


class Widths(NamedTuple):
    """How many lanes go side by side."""

    lanes: int
    of_large: int
    """Where a network of `CROWDED` factors is solved; its adjoints, which wait for code to be read, keep `lanes`."""


class Dialect(NamedTuple):
    """How the text is read: files of native/ before and behind what is generated."""

    widths: Widths
    prefix: str
    """Of functions of a V."""
    head: tuple[str, ...]
    tail: tuple[str, ...]
    adjoint: tuple[str, ...]
    """Behind these, for adjoints."""
    solve: tuple[str, ...]
    """In place of those for adjoints where `ADJOINT` is not defined; empty where one compilation has both."""


def vector(widths: Widths) -> Dialect:
    """C for a processor."""
    tail = ("step.h", "lanes.h", "forward.h", EVENT_STEPS, "rest.h", "calls.h")
    adjoint = ("adjoint.h", "rest_adjoint.h", "adjoint_calls.c")
    return Dialect(widths, "v", ("vector.h", "scalar.h"), tail, adjoint, ("solve_calls.c",))


THREAD = Dialect(
    Widths(1, 1), "s", ("thread.cuh", "scalar.h"), ("step.h", "lanes.h", "forward.h", "rest.h"),
    ("adjoint.h", "rest_adjoint.h", "kernels.cuh"), (),
)  # fmt: skip
"""CUDA for a GPU, one lane a thread."""

ADJOINT = "ADJOINT"
"""Macro of the C compiler: with it the text has the functions for adjoints, in place of those that solve."""


def emit(system: System, dialect: Dialect) -> str:
    """The source of the kernel for one network."""
    scratch = Scratch()
    functions = [
        *_tables(system),
        *_programs(system, dialect.prefix, scratch),
        *algebra(system.reduction, PIECE),
        *stage_sums(),
    ]
    adjoints = list(_adjoint_programs(system, dialect.prefix, scratch))
    head = [
        f"/* {system.name}: generated, do not edit. SBML digest {system.digest} */",
        *_width(system, dialect.widths),
        *_sizes(system),
        f"#define SCRATCH {scratch.size}",
        *map(_native, dialect.head),
    ]
    if system.events:
        functions += [*_events(system.events, scratch), _native("events.h")]
    tail = [_native(name) for name in dialect.tail if system.events or name != EVENT_STEPS]
    behind, instead = (list(map(_native, names)) for names in (dialect.adjoint, dialect.solve))
    if not instead:
        return "\n".join([*head, *functions, *adjoints, *tail, *behind])
    functions += [f"#ifdef {ADJOINT}", *adjoints, "#endif"]
    tail += [f"#ifdef {ADJOINT}", *behind, "#else", *instead, "#endif"]
    return "\n".join([*head, *in_parts(functions, tail)])


def _width(system: System, widths: Widths) -> list[str]:
    own = f"#define W {widths.lanes}"
    if widths.of_large == widths.lanes or len(system.reduction.elimination.slots) < CROWDED:
        return [own]
    return [f"#ifdef {ADJOINT}", own, "#else", f"#define W {widths.of_large}", "#endif"]


def _native(name: str) -> str:
    return files("screen.kernel").joinpath("native", name).read_text(encoding="utf-8")


def _sizes(system: System) -> Iterator[str]:
    sizes = {
        "N": len(system.species), "PARAMETERS": len(system.parameters), "HOISTED": system.hoisted,
        "NONZEROS": len(system.reduction.pattern), "DRIVEN": len(system.driven), "BREAKS": len(system.breaks.outputs),
        "SLOTS": len(system.reduction.elimination.slots), "STAGES": tableau.STAGES, "ORDER": tableau.ORDER,
        "GAMMA": tableau.GAMMA, "PIVOTS": len(system.reduction.elimination.diagonal), "CHAINED": CHAINED,
        "DEPENDENTS": len(system.reduction.dependents), "ROUNDING": ROUNDING, **CONTROL,
    }  # fmt: skip
    yield from (f"#define {name} {value!r}" for name, value in sizes.items())


def _tables(system: System) -> Iterator[str]:
    pattern = [system.pattern[k] for k in system.reduction.pattern]
    yield _table("int", "PATTERN_ROW", [i for i, _ in pattern])
    yield _table("int", "PATTERN_COLUMN", [j for _, j in pattern])
    yield _table("int", "DRIVEN_ROW", system.driven)
    yield _table("double", "SCALE", system.scale)
    yield _table("int", "PIVOT", system.reduction.elimination.diagonal)
    yield _table("int", "SOLVED", sorted(system.reduction.elimination.order))
    yield _table("int", "DEPENDENT", [dependent.species for dependent in system.reduction.dependents])
    yield _table("double", "NODES", tableau.NODES)
    yield _table("double", "TIME", tableau.TIME)
    yield _table("double", "LAST", [*tableau.A[-1], 1.0])
    rows = ", ".join("{" + ", ".join(map(repr, row)) + "}" for row in tableau.DENSE)
    yield f"static const double DENSE[3][STAGES] = {{{rows}}};"


def _table(kind: str, name: str, values: Sequence[float]) -> str:
    return f"static const {kind} {name}[] = {{{', '.join(map(repr, values or [0]))}}};"


def _programs(system: System, prefix: str, scratch: Scratch) -> Iterator[str]:
    species = system.species
    given = {dependent.species for dependent in system.reduction.dependents}
    solved = [i for i in range(len(species)) if i not in given]
    entries = [system.pattern[k] for k in system.reduction.pattern]
    slopes = [f"d {species[i]}' / d {species[j]}" for i, j in entries]
    flow = [(f"f[{i}] =", f"{species[i]}'") for i in solved]
    after_flow = len(species)
    wanted = [*solved, *(after_flow + k for k in system.reduction.pattern)]
    wanted += [after_flow + len(system.pattern) + d for d in range(len(system.driven))]
    jacobian = [(f"AT(jacobian, {k}) =", label) for k, label in enumerate(slopes)]
    push = [(f"push[{k}] =", f"d {species[i]}' / d time") for k, i in enumerate(system.driven)]
    moving = {"state": "y[{}]", "hoisted": "c[{}]", "time": "time"}
    state = "IN y, IN c, V time, "
    yield from function(
        Kernel("derivative", state + "OUT x, OUT f", "y, c, time, x, f", moving, prefix, hoisted=system.hoisted),
        system.derivative.only(solved), flow, scratch,
    )  # fmt: skip
    yield from function(
        Kernel(
            "linearise", state + "OUT x, OUT f, Entries *restrict jacobian, OUT push",
            "y, c, time, x, f, jacobian, push", moving, prefix, hoisted=system.hoisted,
        ),
        system.linearisation.only(wanted), [*flow, *jacobian, *push], scratch,
    )  # fmt: skip
    plain = {"parameter": "p[{}]"}
    yield from function(
        Kernel("hoist", "const double *p, double *c", "p, c", plain, vector=False),
        system.hoist, [(f"c[{k} * STRIDE] =", "") for k in range(system.hoisted)], scratch,
    )  # fmt: skip
    yield from function(
        Kernel("breaks", "const double *p, double *at", "p, at", plain, vector=False),
        system.breaks, [(f"at[{k}] =", "") for k in range(len(system.breaks.outputs))], scratch,
    )  # fmt: skip


def _adjoint_programs(system: System, prefix: str, scratch: Scratch) -> Iterator[str]:
    moving = {"state": "y[{}]", "hoisted": "c[{}]", "time": "time", "cotangent": "v[{}]"}
    for name, gradient in (("pullback", system.pullback), ("curvature", system.curvature)):
        free = [i for i in range(len(system.species)) if ("state", i) not in gradient.targets]
        yield from function(
            Kernel(
                name, "IN y, IN c, V time, IN v, OUT x, OUT q, OUT c_bar",
                "y, c, time, v, x, q, c_bar", moving, prefix,
            ),
            gradient.program, _adjoints(gradient, system), scratch,
            first=" ".join(f"q[{i}] = all(0.0);" for i in free),
        )  # fmt: skip
    for name, gradient, source in (
        ("hoist_pullback", system.hoist_pullback, "c_bar[{} * STRIDE]"),
        ("breaks_pullback", system.breaks_pullback, "at_bar[{}]"),
    ):
        pointer = source.partition("[")[0]
        yield from function(
            Kernel(
                name, f"const double *p, const double *{pointer}, double *p_bar", f"p, {pointer}, p_bar",
                {"parameter": "p[{}]", "cotangent": source}, vector=False,
            ),
            gradient.program, _adjoints(gradient, system), scratch,
        )  # fmt: skip


def _events(events: Events, scratch: Scratch) -> Iterator[str]:
    """What only networks with events have: tables of flags and targets, and their formulas."""
    each, programs = events.each, {"watch": events.watch, "event_values": events.values}
    targets = [target for event in each for target in event.targets]
    first = [sum(len(event.targets) for event in each[:place]) for place in range(len(each) + 1)]
    sizes = {"EVENTS": len(each), "TARGETS": len(targets), "DILUTED": len(events.diluted)}
    sizes |= {name.upper(): len(program.outputs) for name, program in programs.items()}
    yield from (f"#define {name} {value}" for name, value in sizes.items())
    for flag in ("before", "persistent", "at_trigger"):
        yield _table("int", f"EVENT_{flag.upper()}", [int(getattr(event, flag)) for event in each])
    yield _table("int", "FIRST_TARGET", first)
    yield _table("int", "TARGET", targets)
    yield _table("int", "DILUTED_SPECIES", [species for species, _ in events.diluted])
    yield _table("int", "DILUTED_VOLUME", [volume for _, volume in events.diluted])
    loads = {"parameter": "p[{}]", "state": "y[{}]", "time": "time"}
    arguments = "const double *p, const double *y, double time, double *v", "p, y, time, v"
    for name, program in programs.items():
        stores = [(f"v[{k}] =", "") for k in range(len(program.outputs))]
        yield from function(Kernel(name, *arguments, loads, vector=False), program, stores, scratch)


def _adjoints(gradient: Gradient, system: System) -> list[tuple[str, str]]:
    """q is written, the sums over steps and stages are added to."""
    forms: dict[str, Callable[[int], tuple[str, str]]] = {
        "state": lambda i: (f"q[{i}] =", system.species[i]),
        "hoisted": lambda i: (f"c_bar[{i}] +=", ""),
        "parameter": lambda i: (f"p_bar[{i}] +=", system.parameters[i]),
    }
    return [forms[kind](index) for kind, index in gradient.targets]
