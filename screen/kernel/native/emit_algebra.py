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
    """Factorisation of shift + back * jacobian and solves with it for h * f + g (its transpose: for h * x), without the
    species that conservation laws give.

    Rows right of the diagonal are kept divided by it (L D U, with ones on the diagonals of L and U): in a solve each
    unknown waits for one product less.
    """
    plan = reduction.elimination
    rows: list[list[str]] = [[] for _ in plan.order]
    for slot, (p, q) in enumerate(plan.slots):
        terms = "".join(_signed(factor, f"AT(jacobian, {entry})") for entry, factor in reduction.mix[slot])
        parts = [*(["shift"] if p == q else []), *([f"back * ({terms.removeprefix(' +')})"] if terms else [])]
        rows[p].append(f"V m{slot} = {' + '.join(parts) or 'all(0.0)'};")
    row, right = 0, {r.position: [slot for slot, _ in r.terms] for r in plan.backward}
    for step in plan.factor:
        if isinstance(step, Scale):
            rows[row].extend(f"m{a} -= m{step.target} * AT(M, {b});" for a, b in step.updates)
            rows[row].append(f"m{step.target} *= AT(M, {step.diagonal});")
        else:
            rows[row].append(f"m{step.diagonal} = 1.0 / m{step.diagonal};")
            rows[row].extend(f"m{slot} *= m{step.diagonal};" for slot in right[row])
            row += 1
    for slot, (p, _) in enumerate(plan.slots):
        rows[p].append(f"AT(M, {slot}) = m{slot};")
    yield from _cut(
        "factorise",
        "const Entries *restrict jacobian, V shift, V back, Entries *restrict M",
        "jacobian, shift, back, M",
        rows,
        piece,
    )
    given = [
        f"x[{d}] = {''.join(_signed(r, f'x[{a}]') for a, r in ratios) or 'all(0.0)'};"
        for d, ratios in reduction.dependents
    ]
    yield braces("CODE give(OUT x)", given)
    halves, ahead = (plan.forward, plan.backward), Ahead("M", len(plan.slots))
    lines = [*_solve_lines(halves, plan, "h * f[{0}] + g[{0}]", ahead), "give(x);"]
    arguments = "const Entries *restrict M, V h, IN f, IN g, OUT x"
    yield braces(f"CODE solve({arguments})", lines)
    taken = [f"b[{a}] += {r!r} * b[{d}];" for d, ratios in reduction.dependents for a, r in ratios]
    taken += [f"b[{d}] = all(0.0);" for d, _ in reduction.dependents]
    yield braces("CODE take(OUT b)", taken)
    transposed = _solve_lines((plan.forward_transposed, plan.backward_transposed), plan, "h * x[{0}]")
    yield braces("CODE solve_transposed(const Entries *restrict M, V h, OUT x)", ["take(x);", *transposed])


def _signed(factor: float, value: str) -> str:
    """+ value, - value or + factor * value."""
    if abs(factor) == 1.0:
        return f" {'+' if factor > 0 else '-'} {value}"
    return f" {'+' if factor > 0 else '-'} {abs(factor)!r} * {value}"


def _solve_lines(
    halves: tuple[tuple[Row, ...], ...], plan: Elimination, right: str, ahead: Ahead | None = None
) -> Iterator[str]:
    """The first half, what it gives by the diagonal, the second half."""
    for half, rows in enumerate(halves):
        for position, terms in rows:
            if ahead:
                yield from ahead.of(slot for slot, _ in terms)
            unknown = plan.order[position]
            start = f"x{position} * AT(M, {plan.diagonal[position]})" if half else right.format(unknown)
            value = start + "".join(f" - AT(M, {slot}) * {'xz'[half]}{q}" for slot, q in terms)
            yield f"const V {'xz'[half]}{position} = {value};"
            if half:
                yield f"x[{unknown}] = z{position};"


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


CHAINED = max(s for s in range(1, tableau.STAGES) if tableau.A[s] != (*tableau.A[s - 1], 1.0))
"""The first of the last stages, each of which goes on from the point of the one before it, as the new state does."""


def stage_sums() -> Iterator[str]:
    """Sums over stages, unrolled: of earlier ones into a stage, and (adjoint) of later ones. What conservation laws
    give is not solved for."""
    forward, backward = [], []
    solved = "for (int s = 0; s < PIVOTS; s++) { const int i = SOLVED[s];"
    for stage in range(1, tableau.STAGES):
        a, c = tableau.A[stage], tableau.C[stage]
        point = " + ".join(["y[i]", *(f"{v!r} * k[{j}][i]" for j, v in enumerate(a) if v)])
        if a == (*tableau.A[stage - 1], 1.0):
            point = f"before[i] + k[{stage - 1}][i]"  # the last stages go on from the point before
        extra = " + ".join(f"{v!r} * k[{j}][i]" for j, v in enumerate(c) if v)
        given = f"for (int d = 0; d < DEPENDENTS; d++) {{ const int i = DEPENDENT[d]; z[i] = {point}; }}"
        forward.append(f"case {stage}: {solved} z[i] = {point}; g[i] = {extra}; }} {given} break;")
    head = "CODE combine(int stage, IN y, const Stored (*restrict k)[N], "
    head += "const Stored *before, Stored *z, OUT g)"
    yield braces(head, ["switch (stage) {", *forward, "}"])
    for stage in range(tableau.STAGES):
        later = range(stage + 1, tableau.STAGES)
        point = f"{[*tableau.A[-1], 1.0][stage]!r} * lambda[i]"
        point += "".join(f" + {tableau.A[j][stage]!r} * q[{j}][i]" for j in later if j < CHAINED)
        extra = " + ".join(f"{tableau.C[j][stage]!r} * v[{j}][i]" for j in later)
        own = f"v[{stage}][i] += {point}"
        given = f"for (int d = 0; d < DEPENDENTS; d++) {{ const int i = DEPENDENT[d]; {own}; }}"
        backward.append(f"case {stage}: {solved} {own}{extra and f' + rate * ({extra})'}; }} {given} break;")
    head = "CODE collect(int stage, V rate, IN lambda, "
    head += "const Stored (*restrict q)[N], Stored (*restrict v)[N])"
    yield braces(head, ["switch (stage) {", *backward, "}"])
