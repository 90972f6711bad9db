"""What all tests share: signatures checked, JAX configured once, published data where they are there."""

import gc
import os
from collections.abc import Iterator
from importlib.metadata import version
from math import nextafter
from pathlib import Path
from platform import machine

# As commands do (screen/cli/main.py), before NumPy loads it: threads of OpenBLAS wait for each other at full speed.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# What JAX compiles runs for moments here: it is there in a third of the time where it is optimised less and comes from
# the emitters that compile soonest. Without fused multiply-adds, which AVX has not, it rounds alike whatever stands
# around it, as the programs of a screen do. A jaxlib that does not know an option ends the process: those alone that do
# are told. The kernels are compiled as ever. `XLA_FLAGS= make test` has it all as a screen has it.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0"
    + " --xla_cpu_use_fusion_emitters=false --xla_cpu_max_isa=AVX"
    * (machine() in ("x86_64", "AMD64") and version("jaxlib").startswith("0.10.")),
)

import jax
import jaxtyping
import pytest

ROOT = Path(__file__).resolve().parents[1]

pytest_plugins = ["tests.problems"]

CHECKED = (
    "screen.experiments.design",
    "screen.experiments.draws",
    "screen.experiments.loads",
    "screen.experiments.windows",
    "screen.kernel.model",
    "screen.panel.run",
    "screen.simulate",
)
"""Where signatures hold at every call, shapes included: what names axes (screen/shapes.py). Engines check shapes
themselves. Where there are no arrays mypy says as much, and a check at every call costs a tenth of the tests."""

# Before anything imports them. An int may stand where a float is asked for.
jaxtyping.install_import_hook(CHECKED, "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")


def pytest_configure(config: pytest.Config) -> None:
    """Double precision before any test module makes an array; asked of the one function that configures JAX.

    What JAX traces makes many small objects that stay: looking for garbage among them less often saves a twentieth.
    """
    from screen.kernel import configure

    configure()
    gc.set_threshold(100_000, 20, 20)
    jax.config.update("jax_numpy_dtype_promotion", "strict")


LONGEST = (
    "tests/workflow/test_workflow.py",
    "tests/fit/test_search.py",
    "tests/workflow/test_reruns.py",
    "tests/test_house.py",
    "tests/fit/test_hierarchical.py",
    "tests/constrain/test_stage.py",
    "tests/cli/test_race.py",
    "tests/engines/test_known_answers.py",
    "tests/kernel/test_events.py",
    "tests/judge/test_decisive.py",
    "tests/cli/test_stages.py",
    "tests/fit/test_ensemble.py",
    "tests/test_plugins.py",
)
"""Files that take longest: begun last, one of them would leave the other cores without work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the others as they stand in their folders."""
    place = {ROOT / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(scope="module", autouse=True)
def _no_file_of_tests_changes_what_a_number_is() -> Iterator[None]:
    """A library linked with `-ffast-math` takes numbers below 2e-308 for 0 in its whole process, and for good."""
    yield
    assert nextafter(0.0, 1.0) > 0.0, "this file leaves a processor that takes the smallest numbers for 0"


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Published data to test against: $SCREEN_DATA, else shared/data beside the project."""
    folder = Path(os.environ.get("SCREEN_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(
            f"published data must be in $SCREEN_DATA or ../shared/data, found no {folder.name} folder"
        )
    return folder
