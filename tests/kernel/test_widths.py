"""How many lanes go side by side: what the processor works on at once, and no more than its caches hold."""

import importlib

import numpy as np
import pytest

from screen.kernel import load_model
from screen.kernel.native import compiler
from screen.kernel.native.emit import THREAD, Widths, emit, vector
from tests.kernel.networks import VARIED, model_of, sbml_of, trajectories

TEXT = importlib.import_module("screen.kernel.native.emit")
WIDE = "#define __AVX512F__ 1\n"


@pytest.mark.parametrize(
    ("macros", "widths"),
    [
        ("#define __AVX2__ 1", Widths(4, 4)),
        ("#define __AVX2__ 1\n#define __znver3__ 1", Widths(4, 4)),
        (WIDE, Widths(8, 8)),
        (WIDE + "#define __znver5__ 1", Widths(8, 8)),
        (WIDE + "#define __znver4__ 1", Widths(8, 4)),
        (WIDE + "#define __znver3__ 1", Widths(8, 4)),  # a Zen 4, as gcc 12 sees it
    ],
)
def test_a_processor_that_does_wide_registers_in_halves_solves_large_networks_four_by_four(macros, widths):
    assert compiler.lanes_side_by_side(macros) == widths


def widths_in(widths):
    text = emit(model_of(VARIED).system, vector(widths))
    return [line for line in text.split("\n") if line.startswith("#define W ")]


def test_only_what_is_large_is_written_for_fewer_lanes(monkeypatch):
    assert widths_in(Widths(8, 4)) == ["#define W 8"]
    monkeypatch.setattr(TEXT, "CROWDED", 1)
    assert widths_in(Widths(8, 4)) == ["#define W 8", "#define W 4"]  # adjoints, then solves
    assert widths_in(Widths(8, 8)) == ["#define W 8"]
    entries = len(model_of(VARIED).system.reduction.elimination.slots)
    monkeypatch.setattr(TEXT, "CROWDED", entries)
    assert widths_in(Widths(8, 4)) == ["#define W 8", "#define W 4"]
    monkeypatch.setattr(TEXT, "CROWDED", entries + 1)
    assert widths_in(Widths(8, 4)) == ["#define W 8"]


def test_a_thread_of_a_gpu_has_one_lane_however_large_the_network(monkeypatch):
    monkeypatch.setattr(TEXT, "CROWDED", 1)
    text = emit(model_of(VARIED).system, THREAD)
    assert [line for line in text.split("\n") if line.startswith("#define W ")] == ["#define W 1"]


@pytest.fixture
def narrow(monkeypatch):
    """A compiler for a processor that solves everything four by four and walks back eight by eight."""
    monkeypatch.setattr(TEXT, "CROWDED", 1)
    monkeypatch.setattr(compiler, "lanes_side_by_side", lambda macros: Widths(8, 4))
    compiler.find_compiler.cache_clear()
    yield
    compiler.find_compiler.cache_clear()


def test_a_trajectory_and_its_gradient_do_not_depend_on_how_many_go_side_by_side(narrow, tmp_path):
    same = VARIED.replace("start", "commence")  # a library is loaded once for each network
    found = trajectories(load_model(sbml_of(same), tmp_path))
    (text,) = tmp_path.glob("kernels/*.c")
    assert "#define W 4" in text.read_text()
    compiler.find_compiler.cache_clear()
    for one, other in zip(found, trajectories(model_of(VARIED)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
