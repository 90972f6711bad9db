"""A text in parts is the same kernel: every long function in one part, and the same bits out of all together."""

import numpy as np

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
