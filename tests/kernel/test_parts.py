"""A text in parts is the same kernel: every long function in one part, and the same bits out of all together."""

import numpy as np
import pytest

from screen.kernel import load_model
from screen.kernel.native import parts
from tests.kernel.networks import VARIED, model_of, sbml_of, trajectories


def test_a_network_in_parts_is_the_same_to_the_last_bit(monkeypatch, tmp_path):
    whole = trajectories(model_of(VARIED))
    monkeypatch.setattr(parts, "LARGE", 0)
    monkeypatch.setattr(parts, "LONG", 3)
    same = VARIED.replace("start", "begin")  # a library is loaded once for each network
    cut = trajectories(load_model(sbml_of(same), tmp_path))
    (text,) = tmp_path.glob("kernels/*.c")
    assert list(parts.parts_of(text.read_text())) == list(range(parts.PARTS))
    assert not list(tmp_path.glob("kernels/*.o"))
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_small_network_is_one_part():
    functions, rest = ["CODE f(OUT x)\n{\n}"], ["int main;"]
    assert parts.in_parts(functions, rest) == [*functions, *rest]
    assert list(parts.parts_of("\n".join(functions))) == [0]


def test_long_functions_are_dealt_out_and_the_rest_is_in_the_first_part(monkeypatch):
    monkeypatch.setattr(parts, "LARGE", 0)
    monkeypatch.setattr(parts, "LONG", 2)
    long = [f"CODE f{k}(OUT x)\n{{\n" + "    x[0] += 1.0;\n" * (9 - k) + "}" for k in range(5)]
    short = "CODE g(OUT x)\n{}"
    *dealt, begin, rest, end = parts.in_parts([*long, short], ["run"])
    assert [text.split("\n")[0] for text in dealt] == [
        *(f"#if PART == {k}" for k in range(4)),
        "#if PART == 3",
        short[:13],
    ]
    assert all(text.endswith(f"#else\nSHARED f{k}(OUT x);\n#endif") for k, text in enumerate(dealt[:5]))
    assert (begin, rest, end) == ("#if PART == 0", "run", "#endif")


@pytest.mark.parametrize(("large", "long", "cut"), [(4, 1, True), (5, 1, False), (4, 2, False)])
def test_from_how_many_lines_on_texts_and_functions_are_cut(monkeypatch, large, long, cut):
    """Two functions of two lines behind their heads."""
    monkeypatch.setattr(parts, "LARGE", large)
    monkeypatch.setattr(parts, "LONG", long)
    texts = parts.in_parts(["CODE f(OUT x)\n{\n}", "CODE CODE_g(OUT x)\n{\n}"], ["run"])
    assert ("#if PART == 0\nSHARED f(OUT x)" in texts[0]) == cut
    assert ("#if PART == 1\nSHARED CODE_g(OUT x)" in texts[1]) == cut


def test_a_line_is_no_function_however_long():
    assert parts.in_parts(["#define A\n" * 50_000], ["run"])[0].startswith("#define A\n")
