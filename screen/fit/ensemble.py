"""An ensemble of parameter draws: a normal approximation at the best fit, made right by a sampler.

At the optimum the posterior is close to a normal distribution whose precision is J'J (Gauss-Newton, from
one adjoint solve per measurement) plus that of the priors, so a direction the data do not inform keeps
its prior. Away from the optimum the network is not linear; every draw therefore starts a Markov chain
that proposes moves which leave that normal distribution unchanged (preconditioned Crank-Nicolson) and
accepts them by the ratio of the true posterior to it. All chains advance together, one forward solve
each a step, no gradient.

A vector whose lanes fail is never a draw: at the start it is drawn again, later its proposal is refused;
both are counted.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from screen.errors import FitError
from screen.fit.objective import Predicted, posterior_cost
from screen.fit.problem import Problem

FIRST_STRIDE, ACCEPTED = 0.4, 0.25
"""Share of fresh noise in the first proposals, and the share of proposals that should be accepted."""

MOST_REDRAWS = 20
"""Times a vector that fails to integrate is drawn again before the ensemble is given up."""


@dataclass(frozen=True)
class Ensemble:
    """Draws of the estimated vector."""

    scaled: np.ndarray
    """Scaled values [draws, estimated]."""
    cost: np.ndarray
    """Minus the log posterior of each draw."""
    redrawn: int
    """Vectors that failed to integrate, at the start and as proposals."""
    acceptance: float
    """Share of proposals that were accepted; NaN where no sampler step was asked for."""


@dataclass(frozen=True)
class Normal:
    """The normal approximation of the posterior, in scaled values."""

    mean: np.ndarray
    precision: np.ndarray
    factor: np.ndarray
    """Upper triangular; factor @ standard normal has the covariance of the approximation."""

    def at(self, standard: np.ndarray) -> np.ndarray:
        """Scaled vectors [vectors, estimated] of standard normal ones."""
        return self.mean + standard @ self.factor.T

    @property
    def sd(self) -> np.ndarray:
        """Standard deviation of each parameter."""
        return np.sqrt(np.sum(self.factor**2, axis=1))


def normal_approximation(scaled: np.ndarray, precision: np.ndarray) -> Normal:
    """The normal distribution around a scaled vector with the curvature of the posterior there."""
    lower = np.linalg.cholesky(precision)
    return Normal(scaled, precision, np.linalg.solve(lower.T, np.eye(len(lower))))


def draw_ensemble(
    problem: Problem,
    predictor: Callable[[np.ndarray], Predicted],
    normal: Normal,
    draws: int,
    steps: int,
    seed: int,
    report: Callable[[str], None] = lambda line: None,
) -> Ensemble:
    """So many draws, each after so many sampler steps; the same seed gives the same draws.

    The share of fresh noise in a proposal follows the share that is accepted. FitError where vectors keep
    failing to integrate.
    """
    rng = np.random.default_rng(seed)
    standard, predicted, redrawn = _first_draws(problem, normal, predictor, draws, rng)
    cost = posterior_cost(problem, normal.at(standard), predicted)
    accepted, stride = 0, FIRST_STRIDE
    for step in range(steps):
        proposed = np.sqrt(1 - stride**2) * standard + stride * rng.standard_normal(standard.shape)
        vectors = normal.at(proposed)
        predicted = predictor(vectors)
        new_cost = posterior_cost(problem, vectors, predicted)
        log_ratio = (cost - new_cost) + 0.5 * (np.sum(proposed**2, axis=1) - np.sum(standard**2, axis=1))
        good = np.log(rng.uniform(size=draws)) < log_ratio
        good &= (predicted.failed == 0) & inside(problem, vectors)
        standard = np.where(good[:, None], proposed, standard)
        cost = np.where(good, new_cost, cost)
        accepted += int(good.sum())
        redrawn += int(np.sum(predicted.failed > 0))
        stride = float(np.clip(stride * np.exp(0.5 * (good.mean() - ACCEPTED)), 0.02, 0.9))
        report(f"fit: ensemble {step + 1}/{steps}, {good.mean():.0%} of proposals accepted")
    acceptance = accepted / (draws * steps) if steps else float("nan")
    return Ensemble(normal.at(standard), cost, redrawn, acceptance)


def inside(problem: Problem, vectors: np.ndarray) -> np.ndarray:
    """Whether each scaled vector lies within the bounds [vectors]."""
    return np.all((vectors >= problem.estimated.lower) & (vectors <= problem.estimated.upper), axis=1)


def _first_draws(problem: Problem, normal: Normal, predictor, draws: int, rng: np.random.Generator):
    """Draws of the normal approximation that integrate and lie within the bounds."""
    standard = np.zeros((draws, len(normal.mean)))
    wrong, redrawn = np.ones(draws, bool), 0
    for _ in range(MOST_REDRAWS):
        standard = _drawn_anew(problem, normal, rng, standard, wrong)
        predicted = predictor(normal.at(standard))
        wrong = predicted.failed > 0
        if not wrong.any():
            return standard, predicted, redrawn
        redrawn += int(wrong.sum())
    raise FitError(
        f"ensemble: every draw must integrate, found {int(wrong.sum())} of {draws} that keep failing"
    )


def _drawn_anew(
    problem: Problem, normal: Normal, rng, standard: np.ndarray, chosen: np.ndarray
) -> np.ndarray:
    """The chosen rows drawn anew; one that leaves the bounds shrinks towards the mean until it is inside."""
    standard = np.where(chosen[:, None], rng.standard_normal(standard.shape), standard)
    while (outside := chosen & ~inside(problem, normal.at(standard))).any():
        standard = np.where(outside[:, None], 0.9 * standard, standard)
    return standard
