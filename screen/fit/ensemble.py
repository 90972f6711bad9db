"""An ensemble by randomised maximum likelihood: every draw is the best fit to data and priors drawn anew.

A draw moves each measured value by noise as it may have been, and the centre of each prior by as much as that
leaves open, and goes to the minimum of its own cost. Where predictions are linear in the parameters these minima
are draws of the posterior; where they are not, each draw follows the bend of the predictions itself, which a
normal distribution around one optimum cannot (Oliver, He and Reynolds 1996; Bardsley et al. 2014, doi
10.1137/140964023). The draws depend smoothly on the data and on the optimum that they set out from.

What does nothing but set the noise keeps its draw of the normal approximation: measurements that were moved say
too little of how noisy they are.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from screen.calibration.noise import NOISE
from screen.calibration.problem import Problem, measured_values
from screen.errors import FitError
from screen.fit.descent import UNSOUND_COST, Costs, Pace, descend
from screen.fit.newton import Polished, local_costs, prior_gradient, prior_precision
from screen.fit.objective import Predicted, cost_as_compared, prior_cost
from screen.fit.sensitivity import Sensitivity

TOLERANCE, EACH = 0.5, 0.02
"""A draw has arrived where steps bring less cost than the first of these, or the second for each parameter if that
is less."""

SHARES = (1.0, 0.5, 0.25, 0.0)
"""Where a draw may set out from: these shares of the way from the optimum to where a linear model would have it."""


@dataclass(frozen=True)
class Ensemble:
    """Draws of the estimated vector."""

    scaled: np.ndarray
    """Scaled values [draws, estimated]."""
    arrived: np.ndarray
    """Whether each draw came to its own minimum within the steps it was given."""


class Goals(NamedTuple):
    """What each draw goes for."""

    shift: np.ndarray
    """By how much the centre of each prior is moved [draws, estimated]."""
    measured: np.ndarray
    """Moved measurements [draws, measurements], on the scale on which they are compared."""
    sigma: np.ndarray
    """Noise of each [draws, measurements]."""
    held: np.ndarray
    """Parameters that do nothing but set the noise [estimated]; they stay where `guess` has them."""
    guess: np.ndarray
    """Where each minimum would be were predictions linear [draws, estimated]; a draw of the normal approximation."""


def draw_goals(problem: Problem, polished: Polished, found: Sensitivity, draws: int, seed: int) -> Goals:
    """Data and priors drawn anew for so many draws, from the sensitivities at the optimum.

    The numbers of a draw depend on the seed and on its own number alone.
    """
    local, shown = local_costs(problem, found), problem.measurements.shown
    prior = prior_precision(problem, polished.scaled)
    held = (found.by_noise != 0).any(axis=0) & ~(found.by_value != 0).any(axis=0)
    count, rows = len(prior), len(shown)
    normal = np.array(
        [np.random.default_rng([seed, 3, draw]).standard_normal(count + 2 * rows) for draw in range(draws)]
    )
    by_prior, by_value, by_noise = np.split(normal, [count, count + rows], axis=1)
    pull = by_prior * np.sqrt(prior)
    pull += (by_value * np.sqrt(local.curvature)) @ found.by_value
    pull += (by_noise * np.sqrt(local.curvature_log_sigma)) @ found.by_noise
    move = np.linalg.solve(polished.curvature.precision, pull.T).T
    guess = np.clip(polished.scaled + move, problem.estimated.lower, problem.estimated.upper)
    log_sigma = (guess - polished.scaled)[:, held] @ found.by_noise[:, held].T
    sigma = found.sigma * np.exp(log_sigma)
    spread = np.zeros(rows)
    for each in problem.observables:
        spread[each.rows] = 1 / np.sqrt(NOISE[each.distribution].by_value(each.degrees))
    return Goals(
        by_prior / np.sqrt(prior), measured_values(problem) + sigma * spread * by_value, sigma, held, guess
    )


def draw_ensemble(
    problem: Problem,
    predictor: Callable[[np.ndarray], Predicted],
    sensitivity: Callable[[np.ndarray], Sensitivity],
    polished: Polished,
    draws: int,
    steps: int,
    seed: int,
    report: Callable[[str], None] = lambda line: None,
    checkpoint: Path | None = None,
) -> Ensemble:
    """So many draws, each after at most so many steps; the same seed gives the same draws.

    With `checkpoint`, goes on from that file if it is of this very ensemble. FitError where not even the optimum
    integrates.
    """
    goals = draw_goals(problem, polished, sensitivity(polished.scaled), draws, seed)
    estimated, prior = problem.estimated, prior_precision(problem, polished.scaled)

    def look(chosen: np.ndarray, scaled: np.ndarray) -> Costs:
        found = predictor(scaled)
        cost = np.asarray(prior_cost(problem, jnp.asarray(scaled - goals.shift[chosen])))
        own = cost_as_compared(problem, found, goals.measured[chosen], goals.sigma[chosen])
        return Costs(np.where(found.failed > 0, UNSOUND_COST, cost + own.sum(axis=1)))

    def linearise(chosen: np.ndarray, scaled: np.ndarray, seen: Costs) -> tuple[np.ndarray, np.ndarray]:
        gradients = prior_gradient(problem, scaled - goals.shift[chosen]).copy()
        matrices = np.zeros((*scaled.shape, scaled.shape[1]))
        together = sensitivity(scaled)
        for place, draw in enumerate(chosen):
            found = Sensitivity(*(part[place] for part in together))
            slopes = found.by_value * (found.sigma / goals.sigma[draw])[:, None]
            local = local_costs(problem, found, goals.measured[draw], goals.sigma[draw])
            gradients[place] += slopes.T @ local.slope
            matrices[place] = slopes.T @ (local.weight[:, None] * slopes) + np.diag(prior)
        return np.where(goals.held, 0.0, gradients), matrices

    starts = [
        np.where(goals.held, goals.guess, polished.scaled + share * (goals.guess - polished.scaled))
        for share in SHARES
    ]
    pace = Pace(steps, min(TOLERANCE, EACH * len(prior)))
    key = hashlib.sha256(repr((problem.digest, *(part.tobytes() for part in goals))).encode()).hexdigest()
    state, _ = descend(
        look, linearise, starts, 1 / np.sqrt(prior), (estimated.lower, estimated.upper), pace,
        name="fit: draws", key=key, checkpoint=checkpoint, report=report,
    )  # fmt: skip
    if failed := int(np.sum(state.cost >= UNSOUND_COST)):
        raise FitError(
            f"ensemble: the optimum must integrate, found {failed} of {draws} draws that fail even there"
        )
    return Ensemble(state.scaled, state.arrived)
