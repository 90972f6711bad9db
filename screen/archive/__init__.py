"""What other tools take: the network annotated, the calibration in plain PEtab, an arm in SED-ML, an archive of all."""

from screen.archive.annotate import annotate
from screen.archive.annotations import check_annotations, read_accessions
from screen.archive.course import plan_course
from screen.archive.omex import write_archive
from screen.archive.petab import PROBLEM, Standard, standard_problem
from screen.archive.sedml import sedml_text

__all__ = [
    "PROBLEM",
    "Standard",
    "annotate",
    "check_annotations",
    "plan_course",
    "read_accessions",
    "sedml_text",
    "standard_problem",
    "write_archive",
]
