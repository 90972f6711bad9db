"""The linear algebra and the stage sums of a step as C, unrolled over the sparsity and the tableau."""

from collections.abc import Iterator, Sequence

from screen.kernel import tableau
from screen.kernel.native.ahead import Ahead
from screen.kernel.symbolic.conservation import Reduction
from screen.kernel.symbolic.elimination import Elimination, Row, Scale


def braces(head: str, lines: Sequence[str]) -> str:
    """A C function from its head and its statements."""
    return "\n".join([head, "{", *(f"    {line}" for line in lines), "}"])


def algebra(reduction: Reduction, piece: int) -> Iterator[str]:
    """Factorisation and triangular solves, without the species that conservation laws give."""
    plan = reduction.elimination
    rows: list[list[str]] = [[] for _ in plan.order]
    for slot, (p, q) in enumerate(plan.slots):
        terms = "".join(_signed(-factor, f"AT(jacobian, {entry})") for entry, factor in reduction.mix[slot])
        rows[p].append(f"V m{slot} = {('shift' if p == q else '') + terms or 'all(0.0)'};")
    row = 0
    for step in plan.factor:
        if isinstance(step, Scale):
            rows[row].append(f"m{step.target} *= AT(M, {step.diagonal});")
            rows[row].extend(f"m{a} -= m{step.target} * AT(M, {b});" for a, b in step.updates)
        else:
            rows[row].append(f"m{step.diagonal} = 1.0 / m{step.diagonal};")
            row += 1
    for slot, (p, _) in enumerate(plan.slots):
        rows[p].append(f"AT(M, {slot}) = m{slot};")
    yield from _cut(
        "factorise",
        "const Entries *restrict jacobian, V shift, Entries *restrict M",
        "jacobian, shift, M",
        rows,
        piece,
    )
    given = [
        f"x[{d}] = {''.join(_signed(r, f'x[{a}]') for a, r in ratios) or 'all(0.0)'};"
        for d, ratios in reduction.dependents
    ]
    yield braces("CODE give(OUT x)", given)
    halves, ahead = (plan.forward, plan.backward), Ahead("M", len(plan.slots))
    lines = [*_solve_lines(halves, plan, "f[{0}] + g[{0}]", 1, ahead), "give(x);"]
    arguments = "const Entries *restrict M, IN f, IN g, OUT x"
    yield braces(f"CODE solve({arguments})", lines)
    taken = [f"b[{a}] += {r!r} * b[{d}];" for d, ratios in reduction.dependents for a, r in ratios]
    taken += [f"b[{d}] = all(0.0);" for d, _ in reduction.dependents]
    yield braces("CODE take(OUT b)", taken)
    transposed = _solve_lines((plan.forward_transposed, plan.backward_transposed), plan, "x[{0}]", 0)
    yield braces("CODE solve_transposed(const Entries *restrict M, OUT x)", ["take(x);", *transposed])


def _signed(factor: float, value: str) -> str:
    """+ value, - value or + factor * value."""
    if abs(factor) == 1.0:
        return f" {'+' if factor > 0 else '-'} {value}"
    return f" {'+' if factor > 0 else '-'} {abs(factor)!r} * {value}"


def _solve_lines(
    halves: tuple[tuple[Row, ...], ...],
    plan: Elimination,
    right: str,
    scaled: int,
    ahead: Ahead | None = None,
) -> Iterator[str]:
    for half, rows in enumerate(halves):
        for position, terms in rows:
            if ahead:
                yield from ahead.of(slot for slot, _ in terms)
            unknown = plan.order[position]
            value = f"x{position}" if half else right.format(unknown)
            value += "".join(f" - AT(M, {slot}) * x{q}" for slot, q in terms)
            if half == scaled:
                value = f"({value}) * AT(M, {plan.diagonal[position]})"
            if value != f"x{position}":
                yield f"{'' if half else 'V '}x{position} = {value};"
            if half:
                yield f"x[{unknown}] = x{position};"


def _cut(name: str, signature: str, call: str, blocks: Sequence[Sequence[str]], piece: int) -> Iterator[str]:
    """A function of independent blocks of statements, in as many pieces as their length asks for."""
    pieces: list[list[str]] = [[]]
    for block in blocks:
        if len(pieces[-1]) + len(block) > piece and pieces[-1]:
            pieces.append([])
        pieces[-1].extend(block)
    if len(pieces) == 1:
        yield braces(f"CODE {name}({signature})", pieces[0])
        return
    for number, lines in enumerate(pieces):
        yield braces(f"CODE {name}_{number}({signature})", lines)
    yield braces(f"CODE {name}({signature})", [f"{name}_{number}({call});" for number in range(len(pieces))])


def stage_sums() -> Iterator[str]:
    """Sums over earlier stages, unrolled: into a stage, and (adjoint) back from it."""
    forward, backward = [], []
    for stage in range(1, tableau.STAGES):
        a, c = tableau.A[stage], tableau.C[stage]
        point = " + ".join(["y[i]", *(f"{v!r} * k[{j}][i]" for j, v in enumerate(a) if v)])
        if a == (*tableau.A[stage - 1], 1.0):
            point = f"before[i] + k[{stage - 1}][i]"  # the last stages go on from the point before
        extra = " + ".join(f"{v!r} * k[{j}][i]" for j, v in enumerate(c) if v)
        forward.append(
            f"case {stage}: for (int i = 0; i < N; i++) {{ z[i] = {point}; g[i] = rate * ({extra}); }} break;"
        )
        spread = " ".join(f"seed[{j}][i] += {a[j]!r} * q[i] + {c[j]!r} * r;" for j in range(stage))
        backward.append(
            f"case {stage}: for (int i = 0; i < N; i++) {{ const V r = rate * v[i]; {spread} }} break;"
        )
    head = "CODE combine(int stage, IN y, const Stored (*restrict k)[N], V rate, "
    head += "const Stored *before, Stored *z, OUT g)"
    yield braces(head, ["switch (stage) {", *forward, "}"])
    head = "CODE spread(int stage, V rate, IN v, IN q, Stored (*restrict seed)[N])"
    yield braces(head, ["switch (stage) {", *backward, "}"])
