"""What is written for a program, piece by piece, and for sums over stages: texts and numbers by hand."""

import math
import re

import numpy as np
import pytest

from screen.kernel import tableau
from screen.kernel.native import emit_program
from screen.kernel.native.emit import THREAD, emit
from screen.kernel.native.emit_algebra import CHAINED, _cut, _signed, algebra, stage_sums
from screen.kernel.native.emit_program import Kernel, Scratch, _literal, function
from screen.kernel.symbolic.evaluate import run
from screen.kernel.symbolic.program import Program
from tests.kernel.networks import model_of

TWO = """compartment cell = 1; species A in cell, B in cell; A = 1; B = 0; k = 2; m = 3;
    there: A -> B; cell*k*A*sin(time); away: B -> ; cell*m*B;"""

LOADS = {"state": "y[{}]", "hoisted": "c[{}]", "time": "time"}
WIDE = Kernel("f", "IN y, OUT f", "y, f", LOADS, "v")
PLAIN = Kernel("f", "double *y", "y", LOADS, vector=False)
Y0, Y1, C0, C20 = ("state", 0), ("state", 1), ("hoisted", 0), ("hoisted", 20)


def written(kernel, code, stores, outputs, first=""):
    """Statements of each function by its name, and the scratch it needs."""
    scratch, found = Scratch(), {}
    program = Program(tuple(code), tuple(outputs))
    for text in function(
        kernel, program, [(f"f[{k}] =", label) for k, label in enumerate(stores)], scratch, first
    ):
        head, opened, *body, closed = text.split("\n")
        assert (opened, closed) == ("{", "}") and head.endswith(f"({kernel.signature})")
        found[head.removeprefix("CODE ").partition("(")[0]] = [line.removeprefix("    ") for line in body]
    return found, scratch.size


def test_one_statement_an_instruction_and_one_a_result():
    code = [Y0, Y1, ("sub", 0, 1), ("constant", 2.5), ("mul", 2, 3), ("neg", 4), ("reciprocal", 5), ("max", 6, 3),
            ("time",), ("exp", 8)]  # fmt: skip
    body = [
        "const V t2 = y[0] - y[1];", "f[0] = t2; /* A */", "const V t4 = t2 * 2.5;", "const V t5 = -t4;",
        "const V t6 = 1.0 / t5;", "const V t7 = v_max(t6, all(2.5));", "f[1] = t7;", "const V t9 = v_exp(time);",
        "f[2] = t9;",
    ]  # fmt: skip
    assert written(WIDE, code, ("A", "", ""), (2, 7, 9)) == ({"f": body}, 0)
    plain = [
        line.replace("const V", "const double").replace("v_", "s_").replace("all(2.5)", "2.5")
        for line in body
    ]
    assert written(PLAIN, code, ("A", "", ""), (2, 7, 9)) == ({"f": plain}, 0)


def test_results_that_are_inputs_or_numbers_are_stored_as_they_are():
    code, outputs = [Y1, ("constant", 3.0)], (0, 1, 1)
    body = ["f[0] = y[1];", "f[1] = all(3.0);", "f[2] = all(3.0);"]
    assert written(WIDE, code, ("", "", ""), outputs) == ({"f": body}, 0)
    assert written(PLAIN, code, ("", "", ""), outputs)[0] == {
        "f": [line.replace("all(3.0)", "3.0") for line in body]
    }
    assert written(WIDE, [], (), (), "q[0] = all(0.0);") == ({"f": ["q[0] = all(0.0);"]}, 0)
    assert written(WIDE, [], (), ()) == ({"f": []}, 0)


def test_an_operation_on_numbers_alone_has_lanes_all_the_same():
    code = [
        ("constant", 2.0),
        ("constant", -3.0),
        ("add", 0, 1),
        ("neg", 1),
        ("reciprocal", 0),
        Y0,
        ("add", 5, 1),
    ]
    body = ["const V t2 = all(2.0) + all((-3.0));", "const V t3 = -all((-3.0));", "const V t4 = 1.0 / all(2.0);",
            "const V t6 = y[0] + (-3.0);"]  # fmt: skip
    assert written(WIDE, code, (), ())[0] == {"f": body}


@pytest.fixture
def pieces_of_two(monkeypatch):
    monkeypatch.setattr(emit_program, "PIECE", 2)


CHAIN = [Y0, ("neg", 0), ("exp", 1), ("add", 1, 2), ("mul", 1, 3), ("sub", 2, 4)]
"""The fourth and fifth operation read what the first two have made."""


def test_a_long_function_is_cut_and_what_crosses_goes_through_memory(pieces_of_two):
    first = ["const V t1 = -y[0];", "x[0] = t1;", "const V t2 = v_exp(t1);", "x[1] = t2;", "f[1] = t2;"]
    second = [
        "const V t1 = x[0];",
        "const V t2 = x[1];",
        "const V t3 = t1 + t2;",
        "const V t4 = t1 * t3;",
        "x[2] = t4;",
    ]
    third = ["const V t2 = x[1];", "const V t4 = x[2];", "const V t5 = t2 - t4;", "f[0] = t5; /* A */"]
    calls = ["f_0(y, f);", "f_1(y, f);", "f_2(y, f);"]
    pieces = {"f_0": first, "f_1": second, "f_2": third, "f": calls}
    assert written(WIDE, CHAIN, ("A", ""), (5, 2)) == (pieces, 3)
    calls.insert(0, "q = 0;")
    assert written(WIDE, CHAIN, ("A", ""), (5, 2), "q = 0;") == (pieces, 3)


def test_as_many_operations_as_a_piece_has_are_not_cut_and_scalar_ones_never(pieces_of_two):
    assert list(written(WIDE, CHAIN[:3], (), ())[0]) == ["f"]
    assert list(written(PLAIN, CHAIN, (), ())[0]) == ["f"] and written(PLAIN, CHAIN, (), ())[1] == 0


def test_memory_is_what_the_largest_needs(pieces_of_two):
    scratch = Scratch()
    for code in (CHAIN, CHAIN[:4]):
        list(function(WIDE, Program(tuple(code), ()), (), scratch))
    assert scratch.size == 3


def test_what_a_gpu_reads_next_is_told_where_a_program_reads_much(pieces_of_two):
    code = [C0, Y0, ("mul", 0, 1), ("neg", 2), C20, ("mul", 2, 4)]
    told = WIDE._replace(hoisted=40)
    found = written(told, code, (), ())[0]
    assert found["f_0"][:3] == ["AHEAD(c, 0, 16);", "AHEAD(c, 16, 16);", "const V t2 = c[0] * y[0];"]
    assert found["f_1"] == [
        "const V t2 = x[0];",
        "AHEAD(c, 16, 16);",
        "AHEAD(c, 32, 16);",
        "const V t5 = t2 * c[20];",
    ]
    assert not any("AHEAD" in line for lines in written(WIDE, code, (), ())[0].values() for line in lines)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"), (-0.0, "0.0"), (0.5, "0.5"), (-0.5, "(-0.5)"), (1e300, "1e+300"), (math.inf, "INFINITY"),
        (-math.inf, "(-INFINITY)"), (math.nan, "NAN"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_c_reads_it(value, text):
    assert _literal(value) == text


@pytest.mark.parametrize(
    ("factor", "text"),
    [(1.0, " + a"), (-1.0, " - a"), (2.0, " + 2.0 * a"), (-2.0, " - 2.0 * a"), (-0.25, " - 0.25 * a")],
)
def test_a_factor_of_one_is_not_written(factor, text):
    assert _signed(factor, "a") == text


@pytest.mark.parametrize(
    ("lengths", "piece", "parts"),
    [
        ((3, 3, 3), 9, [9]), ((3, 3, 3), 8, [6, 3]), ((3, 3, 3), 6, [6, 3]), ((3, 3, 3), 5, [3, 3, 3]),
        ((9, 1, 2), 4, [9, 3]), ((1, 9, 2), 4, [1, 9, 2]), ((), 4, [0]),
    ],
)  # fmt: skip
def test_blocks_are_put_together_as_long_as_they_are_short_enough(lengths, piece, parts):
    blocks = [[f"s{n};"] * length for n, length in enumerate(lengths)]
    texts = list(_cut("f", "IN y", "y", blocks, piece))
    names = ["f"] if len(parts) == 1 else [f"f_{n}" for n in range(len(parts))]
    assert [text.partition("(")[0] for text in texts[: len(parts)]] == [f"CODE {name}" for name in names]
    assert [text.count(";") for text in texts[: len(parts)]] == parts
    if len(parts) > 1:
        assert texts[len(parts) :] == [
            "\n".join(["CODE f(IN y)", "{", *(f"    {n}(y);" for n in names), "}"])
        ]


def evaluated(text, **names):
    """A sum in C as Python reads it."""
    return eval(text.replace("lambda", "adjoint"), {"i": 0, **names})


def cases_of(text):
    return [line for line in text.split("\n") if "case" in line]


def test_sums_over_stages_are_those_of_the_tableau():
    """The point of a stage, and what earlier stages add to its right side, one number each."""
    combine, _ = stage_sums()
    rng = np.random.default_rng(1)
    y, k = rng.standard_normal(), rng.standard_normal(tableau.STAGES)
    points = [y + sum(a * each for a, each in zip(row, k, strict=False)) for row in tableau.A]
    cases = cases_of(combine)
    assert len(cases) == tableau.STAGES - 1
    for stage, line in enumerate(cases, 1):
        assert f"case {stage}:" in line
        names = {"y": [y], "k": [[each] for each in k], "before": [points[stage - 1]]}
        solved, given = re.findall(r"z\[i\] = ([^;]*);", line)
        assert evaluated(solved, **names) == pytest.approx(points[stage], rel=1e-12)
        assert given == solved and ("before" in solved) == (stage > CHAINED)
        (right,) = re.findall(r"g\[i\] = ([^;]*);", line)
        known = sum(c * each for c, each in zip(tableau.C[stage], k, strict=False))
        assert evaluated(right, **names) == pytest.approx(known, rel=1e-12)


def test_sums_of_an_adjoint_are_those_of_later_stages():
    """Of what the new state is weighed with, of points that are made of this stage, and of right sides."""
    _, collect = stage_sums()
    rng = np.random.default_rng(2)
    weight, q, v = rng.standard_normal(), *rng.standard_normal((2, tableau.STAGES))
    new = [*tableau.A[-1], 1.0]
    cases = cases_of(collect)
    assert len(cases) == tableau.STAGES
    for stage, line in enumerate(cases):
        names = {"adjoint": [weight], "q": [[each] for each in q], "v": [[each] for each in v], "rate": 0.5}
        solved, given = re.findall(r"v\[\d\]\[i\] \+= ([^;]*);", line)
        later = range(stage + 1, tableau.STAGES)
        known = new[stage] * weight + sum(tableau.A[j][stage] * q[j] for j in later if j < CHAINED)
        assert evaluated(given, **names) == pytest.approx(known, rel=1e-12)
        known += 0.5 * sum(tableau.C[j][stage] * v[j] for j in later)
        assert evaluated(solved, **names) == pytest.approx(known, rel=1e-12)


def test_the_last_stages_go_on_from_one_to_the_next():
    """Of eight stages the last two: each has the weights of the one before it, and 1 of that itself."""
    assert CHAINED == 5


def interpreted(texts):
    """Functions of straight lines as Python runs them: `name(arguments)` changes the arrays it is given."""
    found = {}
    for text in texts:
        head, _, *body, _ = text.split("\n")
        name, arguments = re.match(r"CODE (\w+)\((.*)\)", head).groups()
        names = [each.split()[-1].removeprefix("*") for each in arguments.split(",")]
        lines = [re.sub(r" /\*.*?\*/", "", line).strip().rstrip(";") for line in body]
        lines = [re.sub(r"AT\((\w+), (\d+)\)", r"\1[\2]", line) for line in lines]
        lines = [re.sub(r"^(const )?V ", "", line).replace("all(", "float(") for line in lines]
        lines = [line for line in lines if not line.startswith("AHEAD")]
        code = "\n".join(
            [f"def {name}({', '.join(names)}):", *(f"    {line}" for line in lines), "    return"]
        )
        exec(code, found)
    return found


CONSERVED = """species A, Ap, B, Bp, C; A = 2; Ap = 0.3; B = 1; Bp = 0.4; C = 0.2; k = 3; l = 2;
    a: A -> 2 Ap; k*A*C; b: 2 Ap -> A; l*Ap; c: B -> Bp; k*B*Ap; d: Bp -> B; l*Bp; e: -> C; k*Bp; f: C -> ; l*C*A;"""
"""2 A + Ap and B + Bp stay as they are."""


def test_the_algebra_solves_with_the_whole_matrix_where_totals_stay_and_its_adjoint_is_its_adjoint():
    """(shift - J) x = 0.7 f + g for f and g that keep the totals; any weights of x as weights of f."""
    system = model_of(CONSERVED).system
    size, rng = len(system.species), np.random.default_rng(3)
    state = rng.uniform(0.5, 2.0, size)
    hoisted = run(system.hoist, {"parameter": system.values}, np)
    found = run(system.linearisation, {"state": state, "hoisted": hoisted, "time": 0.0}, np)
    entries, matrix = found[size : size + len(system.pattern)], 5.0 * np.eye(size)
    for (row, column), value in zip(system.pattern, entries, strict=True):
        matrix[row, column] -= value
    code = interpreted(list(algebra(system.reduction, 9)))
    factors = [0.0] * len(system.reduction.elimination.slots)
    code["factorise"]([entries[k] for k in system.reduction.pattern], 5.0, -1.0, factors)
    f, g = rng.standard_normal((2, size))
    for each in (f, g):
        code["give"](each)
    assert len(system.reduction.dependents) == 2
    x = np.zeros(size)
    code["solve"](factors, 0.7, f, g, x)
    np.testing.assert_allclose(x, np.linalg.solve(matrix, 0.7 * f + g), rtol=1e-10)
    weights = rng.standard_normal(size)
    code["solve"](factors, 0.7, f, 0 * g, x)
    adjoint = weights.copy()
    code["solve_transposed"](factors, 0.7, adjoint)
    given = [dependent.species for dependent in system.reduction.dependents]
    assert adjoint[given].tolist() == [0.0, 0.0]
    assert adjoint @ f == pytest.approx(weights @ x, rel=1e-10)


def test_every_slope_of_a_network_stands_in_its_place():
    """A' = -k A sin t, B' = k A sin t - m B."""
    text = emit(model_of(TWO).system, THREAD)
    linearise = text[text.index("CODE linearise") :].split("\n}")[0]
    stores = re.findall(r"const V (t\d+) = [^;]*;\n    (\S+(?: \d\))?) = \1; /\* (.*) \*/", linearise)
    found = {place: label for _, place, label in stores}
    assert found == {
        "f[0]": "A'", "f[1]": "B'", "AT(jacobian, 0)": "d A' / d A", "AT(jacobian, 1)": "d B' / d A",
        "AT(jacobian, 2)": "d B' / d B", "push[0]": "d A' / d time", "push[1]": "d B' / d time",
    }  # fmt: skip
    whole = interpreted([linearise.replace("Entries *restrict jacobian", "OUT jacobian") + "\n}"])
    whole |= {"s_sin": math.sin, "s_cos": math.cos}
    f, slopes, push = [0.0] * 2, [0.0] * 3, [0.0] * 2
    whole["linearise"]([2.0, 5.0], [7.0, 11.0], 0.3, [], f, slopes, push)
    sine, cosine = math.sin(0.3), math.cos(0.3)
    assert f == pytest.approx([-14 * sine, 14 * sine - 55]) and push == pytest.approx(
        [-14 * cosine, 14 * cosine]
    )
    assert slopes == pytest.approx([-7 * sine, 7 * sine, -11])


def test_the_new_state_is_the_point_of_the_last_stage_and_that_stage():
    """Outputs inside a step are weighed so, at its end."""
    text = emit(model_of(TWO).system, THREAD)
    (numbers,) = re.findall(r"LAST\[\] = \{(.*)\};", text)
    weights = [float(number) for number in numbers.split(",")]
    assert weights == [*tableau.A[-1], 1.0] and len(weights) == tableau.STAGES
