"""One damped Gauss-Newton step inside a box: the lowest point there of the parabola that the curvature tells of.

Clipping a step component by component would turn it, near a bound so far that it may lead uphill. What sits on a
side of the box and is pushed out stays there, and the others make up for it (projected Newton steps, Bertsekas
1982, doi 10.1137/0320018).
"""

import numpy as np

ROUNDS, HALVINGS = 20, 12
"""Most Newton steps to the lowest point, and most times one of them is halved."""

ENOUGH = 1e-6
"""The lowest point is reached where a step brings less than this share of what all have brought."""


def free_of(scaled: np.ndarray, gradient: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Which parameters [unknowns] are not pushed against a bound that they sit on."""
    return ~(((scaled <= lower) & (gradient > 0)) | ((scaled >= upper) & (gradient < 0)))


def damped_step(
    scaled: np.ndarray,
    gradient: np.ndarray,
    precision: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    unit: np.ndarray,
    damping: float,
    reach: float,
) -> np.ndarray:
    """Where the step leads from a scaled vector [unknowns]; `precision` [unknowns, unknowns] is the curvature.

    The damping counts per `unit` [unknowns] of each parameter, and none moves further than `reach` units.
    """
    lower, upper = bounds
    low, high = np.maximum(lower - scaled, -reach * unit), np.minimum(upper - scaled, reach * unit)
    matrix = precision.copy()
    matrix[np.diag_indices_from(matrix)] += damping / unit**2
    return np.clip(scaled + lowest_point(gradient, matrix, low, high), lower, upper)


def lowest_point(gradient: np.ndarray, matrix: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where gradient @ move + move @ matrix @ move / 2 is least [unknowns], low <= move <= high around 0."""
    move, fallen = np.zeros_like(gradient), 0.0
    for _ in range(ROUNDS):
        slope = gradient + matrix @ move
        free = free_of(move, slope, low, high)
        step = np.zeros_like(move)
        step[free] = -np.linalg.solve(matrix[np.ix_(free, free)], slope[free])
        share = 1.0
        for _ in range(HALVINGS):
            there = np.clip(move + share * step, low, high) - move
            gain = -(slope @ there) - 0.5 * there @ matrix @ there
            if gain > 0:
                break
            share *= 0.5
        else:
            return move
        move, fallen = move + there, fallen + gain
        if gain < ENOUGH * fallen:
            return move
    return move
