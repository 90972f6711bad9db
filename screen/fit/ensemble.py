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

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from screen.errors import FitError
from screen.fit.checkpoint import read_checkpoint, write_checkpoint
from screen.fit.objective import Predicted, posterior_cost
from screen.fit.problem import Problem
from screen.fit.progress import Progress

FIRST_STRIDE, ACCEPTED = 0.4, 0.25
"""Share of fresh noise in the first proposals, and the share of proposals that should be accepted."""

MOST_REDRAWS = 20
"""Times a vector that fails to integrate is drawn again before the ensemble is given up."""

MOST_PRIOR_REDRAWS = 50
"""The same for a draw of the priors, of which more fail."""


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


class Chains(NamedTuple):
    """What the next sampler step needs."""

    step: np.ndarray
    standard: np.ndarray
    """Where each chain stands, in standard normal coordinates [draws, estimated]."""
    cost: np.ndarray
    stride: np.ndarray
    accepted: np.ndarray
    redrawn: np.ndarray


def draw_ensemble(
    problem: Problem,
    predictor: Callable[[np.ndarray], Predicted],
    normal: Normal,
    draws: int,
    steps: int,
    seed: int,
    report: Callable[[str], None] = lambda line: None,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 120.0,
) -> Ensemble:
    """So many draws, each after so many sampler steps; the same seed gives the same draws.

    The share of fresh noise in a proposal follows the share that is accepted. With `checkpoint`, goes on
    from that file if it is of this very ensemble. FitError where vectors keep failing to integrate.
    """
    what = problem.digest, normal.mean.tobytes(), normal.precision.tobytes(), draws, steps, seed
    key = hashlib.sha256(repr(what).encode()).hexdigest()
    like = _chains(np.empty((draws, len(normal.mean))), np.empty(draws), 0)
    stored = None if checkpoint is None else read_checkpoint(checkpoint, key, like)
    if stored is None:
        standard, predicted, redrawn = _first_draws(
            problem, normal, predictor, draws, np.random.default_rng(seed)
        )
        chains = _chains(standard, posterior_cost(problem, normal.at(standard), predicted), redrawn)
    else:
        chains = Chains(*(np.asarray(part) for part in stored))
        report(f"fit: ensemble resumed at step {int(chains.step)} from {checkpoint}")
    progress = Progress(steps, int(chains.step), checkpoint_seconds)
    while (step := int(chains.step)) < steps:
        chains, share = _advance(problem, predictor, normal, chains, np.random.default_rng([seed, 2, step]))
        if checkpoint is not None and progress.is_due():
            write_checkpoint(checkpoint, key, chains)
        report(
            f"fit: ensemble {step + 1}/{steps}, {share:.0%} of proposals accepted, {progress.line(step + 1)}"
        )
    acceptance = int(chains.accepted) / (draws * steps) if steps else float("nan")
    return Ensemble(normal.at(chains.standard), chains.cost, int(chains.redrawn), acceptance)


def _chains(standard: np.ndarray, cost: np.ndarray, redrawn: int) -> Chains:
    """Chains before their first step."""
    return Chains(np.array(0), standard, cost, np.array(FIRST_STRIDE), np.array(0), np.array(redrawn))


def _advance(
    problem: Problem,
    predictor: Callable[[np.ndarray], Predicted],
    normal: Normal,
    chains: Chains,
    rng: np.random.Generator,
) -> tuple[Chains, float]:
    """One step of every chain, and the share of them that moved."""
    standard, stride = chains.standard, float(chains.stride)
    proposed = np.sqrt(1 - stride**2) * standard + stride * rng.standard_normal(standard.shape)
    vectors = normal.at(proposed)
    predicted = predictor(vectors)
    cost = posterior_cost(problem, vectors, predicted)
    log_ratio = (chains.cost - cost) + 0.5 * (np.sum(proposed**2, axis=1) - np.sum(standard**2, axis=1))
    good = np.log(rng.uniform(size=len(cost))) < log_ratio
    good &= (predicted.failed == 0) & inside(problem, vectors)
    after = Chains(
        step=chains.step + 1,
        standard=np.where(good[:, None], proposed, standard),
        cost=np.where(good, cost, chains.cost),
        stride=np.clip(stride * np.exp(0.5 * (good.mean() - ACCEPTED)), 0.02, 0.9),
        accepted=chains.accepted + good.sum(),
        redrawn=chains.redrawn + np.sum(predicted.failed > 0),
    )
    return after, float(good.mean())


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


def draw_priors(
    problem: Problem, predictor: Callable[[np.ndarray], Predicted], draws: int, seed: int
) -> np.ndarray:
    """Scaled vectors [draws, estimated] from the priors, within the bounds, that integrate everywhere."""
    rng = np.random.default_rng([seed, 0])
    drawn = np.array([_draw_prior(problem, rng) for _ in range(draws)])
    for _ in range(MOST_PRIOR_REDRAWS):
        wrong = (predictor(drawn).failed > 0) | ~inside(problem, drawn)
        if not wrong.any():
            return drawn
        drawn[wrong] = [_draw_prior(problem, rng) for _ in range(int(wrong.sum()))]
    raise FitError(f"priors: every draw must integrate, found {int(wrong.sum())} of {draws} that do not")


def _draw_prior(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    """A scaled vector of which every parameter is drawn until it lies within its bounds."""
    estimated = problem.estimated
    drawn = np.empty(len(estimated.names))
    for place, prior in enumerate(estimated.priors):
        low, high = estimated.lower[place], estimated.upper[place]
        value = np.nan
        while not low <= value <= high:
            value = rng.uniform(low, high) if prior is None else prior.sample(rng)
        drawn[place] = value
    return drawn
