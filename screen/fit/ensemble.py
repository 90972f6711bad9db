"""An ensemble by randomised maximum likelihood: every draw is the best fit to data and priors drawn anew.

A draw moves each measured value by noise as it may have been, and the centre of each prior by as much as that
leaves open, and goes to the minimum of its own cost. Where predictions are linear in the parameters these minima
are draws of the posterior; where they are not, each draw follows the bend of the predictions itself, which a
normal distribution around one optimum cannot (Oliver, He and Reynolds 1996; Bardsley et al. 2014, doi
10.1137/140964023). The draws depend smoothly on the data and on the optimum that they set out from.

What does nothing but set the noise keeps its draw of the normal approximation: measurements that were moved say
too little of how noisy they are.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from screen.calibration.noise import NOISE
from screen.calibration.problem import Problem, measured_values
from screen.errors import FitError
from screen.fit.checkpoint import QUIET, Log
from screen.fit.curvature import local_costs, prior_gradient, prior_precision
from screen.fit.evaluator import Evaluator, Polished
from screen.fit.gauss_newton import UNSOUND_COST, Box, Objective, Pace, descend, gram, rows_of
from screen.fit.objective import Predicted, cost_as_compared, prior_cost
from screen.fit.sensitivity import Sensitivity
from screen.kernel import filled
from screen.scenarios import normal_stream

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

    The numbers of a draw depend on the seed, its own number and the name of the parameter, or the row of the
    measurement, alone.
    """
    measured, shown = measured_values(problem), problem.measurements.shown
    local = local_costs(problem, (found.compared - measured) / found.sigma)
    prior = prior_precision(problem, polished.scaled)
    held = (found.by_noise != 0).any(axis=0) & ~(found.by_value != 0).any(axis=0)
    number, rows = np.arange(draws), len(shown)
    streams = ("prior", problem.estimated.names), ("value", range(rows)), ("noise", range(rows))
    by_prior, by_value, by_noise = (
        np.stack([normal_stream(seed, kind, str(name), number) for name in names], axis=1)
        for kind, names in streams
    )
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
    return Goals(by_prior / np.sqrt(prior), measured + sigma * spread * by_value, sigma, held, guess)


def draw_ensemble(
    evaluator: Evaluator, polished: Polished, draws: int, steps: int, seed: int, log: Log = QUIET
) -> Ensemble:
    """So many draws, each after at most so many steps; the same seed gives the same draws.

    Costs are of all draws at a time, those that are still on their way and copies: every other number of them would be
    compiled anew, operation by operation. FitError where not even the optimum integrates.
    """
    problem, estimated = evaluator.problem, evaluator.problem.estimated
    goals = draw_goals(problem, polished, evaluator.sensitivity(polished.scaled), draws, seed)
    prior = prior_precision(problem, polished.scaled)

    def look(chosen: np.ndarray, scaled: np.ndarray) -> tuple[np.ndarray, None]:
        found, places = evaluator.predict(scaled), filled(chosen, draws)
        cost = np.asarray(prior_cost(problem, jnp.asarray(filled(scaled, draws) - goals.shift[places])))
        together = Predicted(*(filled(each, draws) for each in found))
        own = cost_as_compared(problem, together, goals.measured[places], goals.sigma[places])
        total = (cost + own.sum(axis=1))[: len(chosen)]
        return np.where(found.failed > 0, UNSOUND_COST, total), None

    def linearise(chosen: np.ndarray, scaled: np.ndarray, seen: None) -> tuple[np.ndarray, np.ndarray]:
        shifted = filled(scaled, draws) - goals.shift[filled(chosen, draws)]
        gradients = prior_gradient(problem, shifted)[: len(chosen)].copy()
        matrices = np.tile(np.diag(prior), (len(scaled), 1, 1))
        together = evaluator.sensitivity(scaled)
        for place, draw in enumerate(chosen):
            found = rows_of(together, place)
            slopes = found.by_value * (found.sigma / goals.sigma[draw])[:, None]
            local = local_costs(problem, (found.compared - goals.measured[draw]) / goals.sigma[draw])
            gradients[place] += slopes.T @ local.slope
            matrices[place] += gram(slopes, local.weight)
        return gradients, matrices

    def held(free: np.ndarray) -> np.ndarray:
        return np.where(goals.held, goals.guess, free)

    box = Box(held(estimated.lower), held(estimated.upper), 1 / np.sqrt(prior))
    starts = [held(polished.scaled + share * (goals.guess - polished.scaled)) for share in SHARES]
    pace = Pace(steps, min(TOLERANCE, EACH * len(prior)))
    state, _ = descend(Objective(look, linearise), starts, box, pace, "draws", log)
    if failed := int(np.sum(state.cost >= UNSOUND_COST)):
        raise FitError(
            f"ensemble: the optimum must integrate, found {failed} of {draws} draws that fail even there"
        )
    return Ensemble(state.scaled, state.arrived)
