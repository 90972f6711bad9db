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

import jax
import jax.numpy as jnp
import numpy as np

from screen.errors import FitError
from screen.fit.objective import (
    Batch,
    Solver,
    batch_of_measurements,
    batch_of_starts,
    data_cost,
    predict,
    prior_cost,
)
from screen.fit.problem import Problem

_SIGMA_INFORMATION = {"normal": 2.0, "laplace": 1.0}
"""Noise distribution -> expected information on log sigma of one measurement."""

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

    @property
    def sd(self) -> np.ndarray:
        """Standard deviation of each parameter."""
        return np.sqrt(np.sum(self.factor**2, axis=1))


def jacobian(problem: Problem, solver: Solver, scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sensitivities [measurements, estimated] of predictions and of log sigma at one scaled vector.

    Squared and summed they are the expected information of the data. Rows of failed lanes are zero.
    """
    batch = batch_of_measurements(problem)
    weight = np.empty(batch.vectors)
    for observable in problem.observables:
        weight[observable.rows] = np.sqrt(_SIGMA_INFORMATION[observable.distribution])

    @jax.jit
    def rows(vectors):
        def outputs(at):
            found = predict(problem, solver, batch, at)
            return (found.compared, jnp.log(found.sigma)), found

        _, pull, found = jax.vjp(outputs, vectors, has_aux=True)
        ones, zeros = jnp.ones(batch.vectors), jnp.zeros(batch.vectors)
        (by_value,), (by_noise,) = pull((ones, zeros)), pull((zeros, ones))
        good = found.ok[:, None]
        return (
            jnp.where(good, by_value / found.sigma[:, None], 0.0),
            jnp.where(good, by_noise * weight[:, None], 0.0),
        )

    by_value, by_noise = rows(jnp.tile(jnp.asarray(scaled), (batch.vectors, 1)))
    return np.asarray(by_value), np.asarray(by_noise)


def normal_approximation(problem: Problem, solver: Solver, scaled: np.ndarray) -> Normal:
    """The normal distribution with the curvature of the posterior at a scaled vector.

    A parameter without prior gets the variance of a uniform distribution between its bounds.
    """
    by_value, by_noise = jacobian(problem, solver, scaled)
    precision = by_value.T @ by_value + by_noise.T @ by_noise
    precision[np.diag_indices_from(precision)] += prior_precision(problem, scaled)
    lower = np.linalg.cholesky(precision)
    factor = np.linalg.solve(lower.T, np.eye(len(lower)))
    return Normal(scaled, precision, factor)


def prior_precision(problem: Problem, scaled: np.ndarray) -> np.ndarray:
    """Curvature of minus the log prior [estimated] at a scaled vector, bounds included."""
    estimated = problem.estimated
    box = 12.0 / (estimated.upper - estimated.lower) ** 2
    return np.array(
        [
            box[place] if prior is None else prior.precision(scaled[place])
            for place, prior in enumerate(estimated.priors)
        ]
    )


def draw_ensemble(
    problem: Problem,
    solver: Solver,
    normal: Normal,
    draws: int,
    steps: int,
    seed: int,
    stride: float = 0.3,
    report: Callable[[str], None] = lambda line: None,
) -> Ensemble:
    """So many draws, each after so many sampler steps; the same seed gives the same draws.

    `stride` is the share of fresh noise in a proposal. FitError where vectors keep failing to integrate.
    """
    rng = np.random.default_rng(seed)
    batch = batch_of_starts(problem, draws)
    judge = _judge(problem, solver, batch)
    standard, cost, redrawn = _first_draws(problem, normal, judge, draws, rng)
    accepted = 0
    for step in range(steps):
        fresh = rng.standard_normal(standard.shape)
        proposed = np.sqrt(1 - stride**2) * standard + stride * fresh
        vectors = normal.mean + proposed @ normal.factor.T
        new_cost, failed = judge(vectors)
        log_ratio = (cost - new_cost) + 0.5 * (np.sum(proposed**2, axis=1) - np.sum(standard**2, axis=1))
        good = ~failed & inside(problem, vectors) & (np.log(rng.uniform(size=draws)) < log_ratio)
        standard = np.where(good[:, None], proposed, standard)
        cost = np.where(good, new_cost, cost)
        accepted += int(good.sum())
        redrawn += int(failed.sum())
        report(
            f"fit: ensemble {step + 1}/{steps}, {accepted / (draws * (step + 1)):.0%} of proposals accepted"
        )
    acceptance = accepted / (draws * steps) if steps else float("nan")
    return Ensemble(normal.mean + standard @ normal.factor.T, cost, redrawn, acceptance)


def inside(problem: Problem, vectors: np.ndarray) -> np.ndarray:
    """Whether each scaled vector lies within the bounds [vectors]."""
    return np.all((vectors >= problem.estimated.lower) & (vectors <= problem.estimated.upper), axis=1)


def _judge(
    problem: Problem, solver: Solver, batch: Batch
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    @jax.jit
    def evaluate(vectors):
        found = predict(problem, solver, batch, vectors)
        failed = jax.ops.segment_sum(
            (~found.lane_ok).astype(int), batch.vector_of_lane, num_segments=batch.vectors
        )
        return data_cost(found, batch) + prior_cost(problem, vectors), failed > 0

    def judge(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cost, failed = evaluate(jnp.asarray(vectors))
        return np.array(cost), np.array(failed)

    return judge


def _first_draws(problem: Problem, normal: Normal, judge, draws: int, rng: np.random.Generator):
    """Draws of the normal approximation that integrate and lie within the bounds."""
    standard = _bounded(problem, normal, rng, np.zeros((draws, len(normal.mean))), np.ones(draws, bool))
    redrawn = 0
    for _ in range(MOST_REDRAWS):
        cost, failed = judge(normal.mean + standard @ normal.factor.T)
        if not failed.any():
            return standard, cost, redrawn
        redrawn += int(failed.sum())
        standard = _bounded(problem, normal, rng, standard, failed)
    raise FitError(
        f"ensemble: every draw must integrate, found {int(failed.sum())} of {draws} that keep failing"
    )


def _bounded(problem: Problem, normal: Normal, rng, standard: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The chosen rows drawn anew; a parameter that leaves its bounds shrinks the row towards the mean."""
    fresh = rng.standard_normal(standard.shape)
    standard = np.where(chosen[:, None], fresh, standard)
    for _ in range(100):
        outside = chosen & ~inside(problem, normal.mean + standard @ normal.factor.T)
        if not outside.any():
            break
        standard = np.where(outside[:, None], 0.9 * standard, standard)
    return standard
