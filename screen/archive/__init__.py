"""What other tools take: the network annotated, the calibration in plain PEtab."""

from screen.archive.annotate import annotate
from screen.archive.annotations import check_annotations
from screen.archive.petab import PROBLEM, Standard, standard_problem

__all__ = ["PROBLEM", "Standard", "annotate", "check_annotations", "standard_problem"]
