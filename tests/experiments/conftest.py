"""The small tables of drugs and contexts here too."""

from tests.scenarios.conftest import contexts, drugs, folder, shipped_drugs

__all__ = ["contexts", "drugs", "folder", "shipped_drugs"]
