"""The normal approximation of a posterior at its optimum, from the Gauss-Newton curvature there.

A direction that the data do not inform keeps its prior.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Normal:
    """The normal approximation of the posterior, in scaled values."""

    mean: np.ndarray
    precision: np.ndarray
    factor: np.ndarray
    """Upper triangular; factor @ standard normal has the covariance of the approximation."""

    @property
    def sd(self) -> np.ndarray:
        """Standard deviation of each parameter."""
        return np.sqrt(np.sum(self.factor**2, axis=1))


def normal_approximation(scaled: np.ndarray, precision: np.ndarray) -> Normal:
    """The normal distribution around a scaled vector with the curvature of the posterior there."""
    lower = np.linalg.cholesky(precision)
    return Normal(scaled, precision, np.linalg.solve(lower.T, np.eye(len(lower))))
