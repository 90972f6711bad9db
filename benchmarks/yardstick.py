"""The bare step: the same method on the same network as plain straight-line C, and nothing around it.

Stages, error norm, a new step per lane and the choice of the new state, over lanes in SIMD registers, as
simply as C can say it; no outputs, no phases, no statuses, no lane ever done. What a step of the kernel
costs beyond this, per operation, is what everything else costs.
"""

import ctypes
import subprocess
import tempfile
import time
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from benchmarks.cases import Case
from screen.kernel import tableau
from screen.kernel.engines.stretches import hoisted
from screen.kernel.native.compiler import find_compiler
from screen.kernel.symbolic.analysis import System
from screen.kernel.symbolic.elimination import Elimination, Scale
from screen.kernel.symbolic.program import INPUTS, Program

FLAGS = ("-O3", "-march=native", "-ffast-math", "-fno-finite-math-only", "-fPIC")
_CALLS = {"abs": "fabs", "min": "fmin", "max": "fmax"}
_INFIX = {"add": "+", "sub": "-", "mul": "*", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
          "and": "&&", "or": "||"}  # fmt: skip


def operations(programs: tuple[Program, Program], elimination: Elimination, species: int) -> int:
    """Floating-point operations of one step: linearisation, derivative, elimination; a product and a sum are two."""
    linearisation, derivative = (sum(op not in (*INPUTS, "constant") for op, *_ in p.code) for p in programs)
    factor, solve = elimination.operations
    combine = species * sum(len(a) + len(c) for a, c in zip(tableau.A, tableau.C, strict=True))
    return linearisation + 7 * derivative + 2 * (factor + tableau.STAGES * solve + combine)


def kernel_operations(system: System) -> int:
    """Of one step of the kernel, which leaves conserved species out of the linear algebra."""
    species, entries = len(system.species), len(system.pattern)
    wanted = [*range(species), *(species + k for k in system.reduction.pattern),
              *range(species + entries, len(system.linearisation.outputs))]  # fmt: skip
    used = {system.linearisation.outputs[k] for k in wanted}
    for number in range(len(system.linearisation.code) - 1, -1, -1):
        op, *args = system.linearisation.code[number]
        if number in used and op not in (*INPUTS, "constant"):
            used.update(args)
    code = tuple(system.linearisation.code[number] for number in sorted(used))
    return operations((Program(code, ()), system.derivative), system.reduction.elimination, species)


def microseconds_per_step(case: Case, blocks: int = 64, steps: int = 40) -> float:
    """One bare step of one lane [us] on one core: the best of several runs."""
    system, width = case.model.system, find_compiler().widths.lanes
    lanes = blocks * width
    parameters, state, _, _ = case.batch(lanes)
    fixed = np.asarray(hoisted(system, jnp.asarray(parameters[:, 0])))

    def blocked(rows: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(rows.reshape(rows.shape[0], blocks, width).transpose(1, 0, 2))

    y, c = blocked(state.T), blocked(fixed)
    with tempfile.TemporaryDirectory() as folder:
        source, part, library = (Path(folder) / f"bare.{ending}" for ending in ("c", "o", "so"))
        source.write_text(_source(system, width), encoding="utf-8")
        # In two calls: `-ffast-math` given to the linker would change the numbers of the rivals in this process.
        for call in ([*FLAGS, "-c", source, "-o", part], ["-shared", part, "-o", library, "-lm"]):
            subprocess.run([*find_compiler().words, *map(str, call)], check=True, capture_output=True)
        walk = ctypes.CDLL(str(library)).walk
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (y, c)]
    seconds = []
    for _ in range(5):
        start = time.process_time()
        walk(*pointers, blocks, steps)
        seconds.append(time.process_time() - start)
    return min(seconds) / (lanes * steps) * 1e6


def _source(system: System, width: int) -> str:
    n, plan = len(system.species), system.elimination
    slots, entries = len(plan.slots), len(system.pattern)
    place = {source: slot for slot, source in enumerate(plan.source) if source >= 0}
    outputs = [f"f[{i}*W+l]" for i in range(n)]
    jacobian = [f"M[{place[k]}*W+l]" for k in range(entries)]
    lines = [
        "#include <math.h>", f"#define W {width}", f"#define n {n}",
        "typedef double *restrict R; typedef const double *restrict P;",
        _function("derivative(P y,P c,R f)", system.derivative, outputs),
        _function("linearise(P y,P c,R f,R M)", system.linearisation, [*outputs, *jacobian]),
        _factor(plan, place), _solve(plan),
        "static void step(R y,P c,R h){double g[W],e[W]={0},f[n*W],u[n*W],K[8][n*W];",
        f"double M[{slots}*W]={{0}};for(int l=0;l<W;l++)g[l]=1/(h[l]*{tableau.GAMMA!r});",
        "linearise(y,c,f,M);factor(M,g);",
    ]  # fmt: skip
    for stage in range(tableau.STAGES):
        point = "".join(f"+{a!r}*K[{j}][i]" for j, a in enumerate(tableau.A[stage]))
        memory = "".join(f"+{a!r}*K[{j}][i*W+l]" for j, a in enumerate(tableau.C[stage]))
        if stage:
            lines.append(f"for(int i=0;i<n*W;i++)u[i]=y[i]{point};derivative(u,c,f);")
            lines.append(
                f"for(int i=0;i<n;i++)for(int l=0;l<W;l++)f[i*W+l]+=(0{memory})*g[l]*{tableau.GAMMA!r};"
            )
        lines.append(f"solve(M,f,K[{stage}]);")
    lines += [
        "for(int i=0;i<n;i++)for(int l=0;l<W;l++){const int k=i*W+l;u[k]+=K[7][k];",
        "const double q=K[7][k]/(1e-9+1e-6*fmax(fabs(y[k]),fabs(u[k])));e[l]+=q*q;}",
        "for(int i=0;i<n;i++)for(int l=0;l<W;l++)y[i*W+l]=e[l]<n?u[i*W+l]:y[i*W+l];",
        "for(int l=0;l<W;l++)h[l]=fmin(1e-3,h[l]*fmax(0.2,fmin(6.0,0.9*pow(e[l]/n,-0.1))));}",
        "void walk(double*y,double*c,int blocks,int steps){for(int b=0;b<blocks;b++){double h[W];",
        "for(int l=0;l<W;l++)h[l]=1e-4;",
        f"for(int s=0;s<steps;s++)step(y+(long)b*n*W,c+(long)b*{system.hoisted}*W,h);}}}}",
    ]
    return "\n".join(lines)


def _function(head: str, program: Program, results: list[str]) -> str:
    lines = [f"const double x{k}={_operation(*instruction)};" for k, instruction in enumerate(program.code)]
    lines += [f"{result}=x{output};" for result, output in zip(results, program.outputs, strict=False)]
    return f"static void {head}{{for(int l=0;l<W;l++){{\n" + "\n".join(lines) + "\n}}"


def _operation(op: str, *args: float) -> str:
    x = [f"x{arg}" for arg in args]
    if op == "constant":
        return repr(args[0])
    if op in INPUTS:
        return "0.0" if op == "time" else f"{'y' if op == 'state' else 'c'}[{args[0]}*W+l]"
    if op in _INFIX:
        return f"(double)({x[0]}{_INFIX[op]}{x[1]})"
    special = {"neg": f"-{x[0]}", "reciprocal": f"1/{x[0]}", "not": f"!{x[0]}"}
    if op == "where":
        return f"{x[0]}!=0?{x[1]}:{x[2]}"
    return special.get(op) or f"{_CALLS.get(op, op)}({','.join(x)})"


def _factor(plan: Elimination, place: dict[int, int]) -> str:
    text = [f"M[{slot}*W+l]=-M[{slot}*W+l];" for slot in place.values()]
    text += [f"M[{slot}*W+l]+=g[l];" for slot in plan.diagonal]
    for operation in plan.factor:
        if isinstance(operation, Scale):
            t = operation.target
            text.append(f"M[{t}*W+l]*=M[{operation.diagonal}*W+l];")
            text += [f"M[{a}*W+l]-=M[{t}*W+l]*M[{b}*W+l];" for a, b in operation.updates]
        else:
            text.append(f"M[{operation.diagonal}*W+l]=1/M[{operation.diagonal}*W+l];")
    return "static void factor(R M,P g){for(int l=0;l<W;l++){\n" + "\n".join(text) + "\n}}"


def _solve(plan: Elimination) -> str:
    text = []
    for row in plan.forward:
        terms = "".join(f"-M[{slot}*W+l]*x{q}" for slot, q in row.terms)
        text.append(f"double x{row.position}=b[{plan.order[row.position]}*W+l]{terms};")
    for row in plan.backward:
        p, terms = row.position, "".join(f"-M[{slot}*W+l]*x{q}" for slot, q in row.terms)
        text.append(f"x{p}=(x{p}{terms})*M[{plan.diagonal[p]}*W+l];k[{plan.order[p]}*W+l]=x{p};")
    return "static void solve(P M,P b,R k){for(int l=0;l<W;l++){\n" + "\n".join(text) + "\n}}"
