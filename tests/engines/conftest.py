"""The engines of this machine, each held to the same contract."""

import pytest

from screen.kernel import available_engines


@pytest.fixture(params=("kernel", "jax", "diffrax"), scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """One engine after another; those that this machine lacks are skipped by name."""
    return _available(request.param)


@pytest.fixture(params=("kernel", "jax", pytest.param("diffrax", marks=pytest.mark.slow)), scope="session")
def quick_engine(request: pytest.FixtureRequest) -> str:
    """As `engine`, with the one that takes long to compile among the slow tests."""
    return _available(request.param)


def _available(name: str) -> str:
    if name not in available_engines():
        pytest.skip(f"engine {name} must be available, found {', '.join(available_engines())}")
    return name
