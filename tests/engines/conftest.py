"""The engines of this machine, each held to the same contract."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from screen.kernel import available_engines
from screen.kernel.engines import cuda
from screen.kernel.native import driver

HOST = Path(__file__).with_name("host_cuda")
ON_HOST = "cuda on the host"


@pytest.fixture(scope="session")
def host_cuda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A driver and an NVRTC that run the CUDA text on the host: the engine end to end, without a GPU."""
    if shutil.which("c++") is None:
        pytest.skip("a C++ compiler must be there to run CUDA on the host, found no c++")
    folder = tmp_path_factory.mktemp("host_cuda")
    wheel = folder / "nvidia/host/lib"
    wheel.mkdir(parents=True)
    build = ["c++", "-std=c++20", "-O1", "-shared", "-fPIC", "-pthread", f'-DSHIM="{HOST}/shim.h"']
    for source, library in (("driver.cc", folder / "libcuda.so.1"), ("nvrtc.cc", wheel / "libnvrtc.so.99")):
        subprocess.run([*build, HOST / source, "-o", library], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "LIBRARY", str(folder / "libcuda.so.1"))
        patch.setattr(cuda, "PLATFORM", "cpu")
        patch.setattr(sys, "path", [str(folder), *sys.path])
        driver.find_driver.cache_clear()
        yield
    driver.find_driver.cache_clear()


@pytest.fixture(
    params=("kernel", "jax", "diffrax", ON_HOST, pytest.param("cuda", marks=pytest.mark.gpu)), scope="session"
)
def engine(request: pytest.FixtureRequest) -> str:
    """One engine after another; those that this machine lacks are skipped by name."""
    return _available(request)


@pytest.fixture(
    params=(
        "kernel",
        "jax",
        pytest.param("diffrax", marks=pytest.mark.slow),
        ON_HOST,
        pytest.param("cuda", marks=pytest.mark.gpu),
    ),
    scope="session",
)
def quick_engine(request: pytest.FixtureRequest) -> str:
    """As `engine`, with the one that takes long to compile among the slow tests."""
    return _available(request)


def _available(request: pytest.FixtureRequest) -> str:
    name = request.param
    if name == ON_HOST:
        request.getfixturevalue("host_cuda")
        return "cuda"
    if name not in available_engines():
        pytest.skip(f"engine {name} must be available, found {', '.join(available_engines())}")
    return name
