"""What all tests share: JAX configured once, and the folder of published data where it is there."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytest_plugins = ["tests.problems"]


def pytest_configure(config: pytest.Config) -> None:
    """Double precision before any test module makes an array; asked of the one function that configures JAX."""
    from screen.kernel import configure

    configure()


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
