"""What other tools take: the network annotated."""

from screen.archive.annotate import annotate
from screen.archive.annotations import check_annotations

__all__ = ["annotate", "check_annotations"]
