"""The panel's shipped network and tables here too."""

from tests.panel.conftest import World, world

__all__ = ["World", "world"]
