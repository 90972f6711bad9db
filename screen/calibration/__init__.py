"""A calibration problem: PEtab files in, arrays out, and the shipped tables derived from the network."""

from screen.calibration.cut import cut_problem
from screen.calibration.derive import BOUND, derive_tables, find_stale, scaled_prior, write_calibration
from screen.calibration.load import load_problem
from screen.calibration.petab_files import read_petab
from screen.calibration.petab_v1 import LAYOUT
from screen.calibration.problem import Problem
from screen.calibration.subset import keep_conditions, keep_measurements

__all__ = [
    "BOUND",
    "LAYOUT",
    "Problem",
    "cut_problem",
    "derive_tables",
    "find_stale",
    "keep_conditions",
    "keep_measurements",
    "load_problem",
    "read_petab",
    "scaled_prior",
    "write_calibration",
]
