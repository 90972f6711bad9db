"""What a fit has left behind, for the analyses that begin where it ended."""

from pathlib import Path

import numpy as np
import polars as pl

from screen.calibration.problem import Problem
from screen.calibration.scale import SCALES
from screen.errors import FitError
from screen.files import read_json
from screen.fit.estimates import FITTED
from screen.tables import read_table

CURE = "`python -m screen fit` writes it anew"
"""What is done about a fit that is not of the problem."""


def read_best(problem: Problem, path: Path) -> np.ndarray:
    """Best fit as scaled values [estimated] from the fit's parameters.tsv. FitError: it is of another problem.

    Which problem it is of, the fit's summary.json says; where there is none, the names alone are compared.
    """
    fitted = read_table(path, FITTED)
    best = dict(zip(fitted["parameter"], fitted["best"], strict=True))
    estimated = problem.estimated
    missing = [name for name in estimated.names if name not in best]
    if missing:
        raise FitError(
            f"{path}: must hold every estimated parameter, found {len(missing)} missing, e.g. {missing[0]}; {CURE}"
        )
    summary = path.with_name("summary.json")
    if summary.is_file() and read_json(summary, FitError, CURE).get("problem") != problem.digest:
        raise FitError(
            f"{path}: must be of the problem as it is now, found a fit of another or of earlier files; {CURE}"
        )
    scaled = [
        SCALES[scale].scaled(best[name])
        for name, scale in zip(estimated.names, estimated.scales, strict=True)
    ]
    return np.clip(scaled, estimated.lower, estimated.upper)


def most_narrowed(fitted: pl.DataFrame, count: int) -> list[str]:
    """The parameters of FITTED whose spread the data narrowed most, most first."""
    return fitted.sort(pl.col("posterior_sd") / pl.col("prior_sd")).head(count)["parameter"].to_list()
