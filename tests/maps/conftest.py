"""The maps of the shipped network."""

import pytest

from screen.maps import module_maps
from screen.maps.processes import ModuleMap
from screen.network import compose_network


@pytest.fixture(scope="session")
def maps(root) -> tuple[ModuleMap, ...]:
    """One a module."""
    folder = root / "config/network"
    return module_maps(compose_network(folder), folder)
