"""NVRTC compiles the CUDA text, with few registers and spills; skipped where its wheel is not installed.

The ceilings of the shipped network are a fifth above what NVRTC 13.5 needs for sm_90. Nothing is run: that takes a GPU
(`make test-gpu`).
"""

import re
import sys
from pathlib import Path

import pytest

from screen.errors import KernelError
from screen.kernel import Model, load_model
from screen.kernel.native.emit import THREAD, emit
from screen.kernel.native.nvrtc import Nvrtc, compile_cubin, find_nvrtc, options_for
from screen.network import compose_without
from tests.kernel.networks import VARIED, model_of

ENTRIES = ("solve", "gradient", "settle", "settle_gradient")
REPORT = "--ptxas-options=--verbose"
"""Makes NVRTC tell what it needs."""


@pytest.fixture(scope="module")
def nvrtc() -> Nvrtc:
    """Of a wheel, not what stands in for it in `tests/engines`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [folder for folder in sys.path if "host_cuda" not in folder])
        try:
            return find_nvrtc()
        except KernelError as missing:
            pytest.skip(str(missing))


def needs(nvrtc: Nvrtc, model: Model, entry: str, architecture: str) -> dict[str, int]:
    """Registers a thread, bytes of stack a thread and bytes of spill instructions of all functions of a kernel."""
    options = (*options_for(entry, architecture), REPORT)
    code, report = compile_cubin(nvrtc, emit(model.system, THREAD), options)
    assert code.startswith(b"\x7fELF")
    stack = re.findall(r"Used (\d+) registers.*?(?:, (\d+) bytes cumulative stack size)?$", report, re.M)
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", report)
    return {
        "registers": max(int(count) for count, _ in stack),
        "stack": max(int(size or 0) for _, size in stack),
        "spills": sum(int(number) for pair in spills for number in pair),
    }


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_small_network_spills_nothing(nvrtc, entry, architecture):
    found = needs(nvrtc, model_of(VARIED), entry, architecture)
    assert found["spills"] == 0 and found["stack"] <= 1024, found


CEILINGS = {"solve": (4700, 21_000), "gradient": (14_100, 70_000)}
"""Entry -> bytes of stack a thread and of spill instructions, on the shipped network."""


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("entry", CEILINGS)
def test_the_shipped_network_keeps_below_its_ceilings(nvrtc, root: Path, entry, architecture):
    model = load_model(compose_without(root / "config/network", None, ()))
    found = needs(nvrtc, model, entry, architecture)
    stack, spills = CEILINGS[entry]
    assert found["stack"] <= stack and found["spills"] <= spills, found
