"""Lets the kernel be imported on a machine that has JAX but not what reads networks and tables (a bare GPU machine).

A network that was analysed elsewhere needs none of these packages to be compiled and integrated.
"""

import sys
from importlib.util import find_spec
from typing import Any

UNNEEDED = ("antimony", "grimp", "libsbml", "polars")


class Absent:
    """Stands for a package that is not installed: anything may be asked of it, nothing comes of it."""

    def __getattr__(self, name: str) -> "Absent":
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent()

    def __call__(self, *arguments: Any, **named: Any) -> "Absent":
        return Absent()

    def __iter__(self) -> Any:
        return iter(())

    def _combined(self, other: Any) -> "Absent":
        return Absent()

    __lt__ = __le__ = __gt__ = __ge__ = __and__ = __or__ = __ror__ = __getitem__ = _combined


def stand_in() -> list[str]:
    """Put stand-ins where packages are missing; which they are."""
    missing = [name for name in UNNEEDED if find_spec(name) is None]
    for name in missing:
        sys.modules[name] = Absent()  # type: ignore[assignment]
    return missing
