"""Damped Gauss-Newton walks from many starts of a problem whose blots are solved inside the objective.

Residuals of blots with their scale and offset projected out are nearly linear in the logarithms of the
parameters (variable projection, Golub and Pereyra 1973, doi 10.1137/0710036). A walk takes, step by step, the best
of several dampings of one linearisation; a parameter on a bound that would leave it is held there. Where a
walk ends it is kicked and walks again, a fixed number of times, and the lowest end is kept (iterated local search).

The derivative of every signal comes from one engine call with a vector for each parameter: here cheaper than an
adjoint solve for each signal, since signals outnumber parameters by far.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from screen.calibration.noise import Local, local_cost
from screen.calibration.priors import precisions
from screen.calibration.problem import Estimated
from screen.fit.boxed import free_of
from screen.fit.hierarchical import Hierarchical, Rows, make_hierarchical_predictor, read_rows
from screen.fit.objective import Prediction, batch_of_starts, posterior_cost, predict, prior_cost
from screen.simulate import Integration

DAMPINGS = np.array([30.0, 3.0, 0.3, 0.03, 0.003])
"""Dampings tried at each step, times the one that was best before."""

LEAST, MOST = 1e-8, 1e8
"""Bounds of the damping."""

STEP = 2e-3
"""Difference of a scaled value; large against the tolerance of the solver, small against any curvature."""

KICKS = 15
"""Kicks of which the one with the lowest cost is walked from; a multiple of the dampings, so that batches are full."""

SPREAD, REDRAWN = 1.0, 0.2
"""Standard deviation of a kick in units of a parameter, and the share of parameters that is drawn anew instead."""

Costs = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Effort:
    """How long a start is followed."""

    kicks: int = 6
    """Times that the best end so far is kicked and walked from again."""
    steps: int = 100
    """Most steps of one walk."""
    tolerance: float = 0.02
    """A walk has ended when `patience` steps in a row each bring less than this."""
    patience: int = 3
    reach: float = 2.0
    """Furthest that a parameter moves in one step, in its units (`units`)."""


class Linear(NamedTuple):
    """Cost, gradient [outer] and Gauss-Newton matrix [outer, outer] of one vector, solved parameters eliminated."""

    cost: float
    gradient: np.ndarray
    precision: np.ndarray


class Walk(NamedTuple):
    """Where a walk ended."""

    scaled: np.ndarray
    cost: float
    gradient_norm: float
    """Length of the gradient over the parameters that are not held at a bound, per unit of each."""
    steps: int


@dataclass(frozen=True)
class Ended:
    """Where the starts ended, in their order."""

    scaled: np.ndarray
    """Outer scaled values [starts, outer]."""
    cost: np.ndarray
    first_cost: np.ndarray
    first_walk: np.ndarray
    """Cost where the walk from the start itself ended, before any kick."""
    gradient_norm: np.ndarray
    steps: np.ndarray
    """Steps of all walks of a start."""


def units(estimated: Estimated) -> np.ndarray:
    """What counts as one unit of each parameter [outer]: a decade, an e-fold, or a tenth of its range."""
    tenth = (estimated.upper - estimated.lower) / 10
    return np.where(np.array(estimated.scales) == "lin", tenth, 1.0)


def make_linearisation(hierarchical: Hierarchical, solver: Integration) -> Callable[[np.ndarray], Linear]:
    """A function from one outer vector to its `Linear`; compiled at the first call and kept."""
    outer = hierarchical.outer
    count = len(outer.estimated.names)
    batch = batch_of_starts(outer, count + 1)

    @jax.jit
    def evaluate(vectors: jax.Array, step: jax.Array) -> tuple[Rows, jax.Array, jax.Array]:
        found = predict(outer, solver, batch, vectors)
        signals, sigma, ok = (part.reshape(count + 1, -1) for part in (found.compared, found.sigma, found.ok))
        both = ok[1:] & ok[0]
        by_signal = jnp.where(both, (signals[1:] - signals[0]) / step[:, None], 0.0)
        by_noise = jnp.where(both, jnp.log(sigma[1:] / sigma[0]) / step[:, None], 0.0)
        one = Prediction(*(part.reshape(count + 1, -1)[0] for part in found))
        return read_rows(hierarchical, one, 1), by_signal, by_noise

    prior = jax.jit(jax.value_and_grad(lambda at: prior_cost(outer, at[None])[0]))

    def linearise(scaled: np.ndarray) -> Linear:
        step = STEP * units(outer.estimated)
        step = np.where(scaled + step > outer.estimated.upper, -step, step)
        found = evaluate(jnp.asarray(np.vstack([scaled, scaled + np.diag(step)])), jnp.asarray(step))
        rows, by_signal, by_noise = jax.tree.map(np.asarray, found)
        gradient, precision = _eliminate(hierarchical, rows, by_signal, by_noise)
        believed, pull = prior(jnp.asarray(scaled))
        return Linear(
            float(np.sum(rows.cost)) + hierarchical.constant + float(believed),
            gradient + np.asarray(pull),
            precision + np.diag(precisions(outer.estimated.priors, scaled)),
        )

    return linearise


def _eliminate(
    hierarchical: Hierarchical, rows: Rows, by_signal: np.ndarray, by_noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Gauss-Newton matrix from the slopes of the signals and of the log sigmas [outer, signals]."""
    blots, blot, good = hierarchical.blots, hierarchical.blot, np.asarray(rows.ok[0])
    scale, offset = np.asarray(rows.solved.scale[0]), np.asarray(rows.solved.offset[0])
    local = _local(hierarchical, rows)
    per_value = np.where(blots.unit[blot] != 0, blots.unit[blot] / np.where(good, rows.value[0], 1.0), 1.0)
    per_value = np.where(good, per_value / np.asarray(rows.sigma[0]), 0.0)
    jacobian = per_value * scale[blot] * by_signal[:, hierarchical.reading]
    is_given = good & (blots.noise[blot] < 0)
    noise = np.where(is_given, by_noise[:, hierarchical.reading], 0.0)
    gradient = jacobian @ np.where(good, local.slope, 0.0) + noise @ np.where(
        is_given, local.slope_log_sigma, 0.0
    )
    root = np.sqrt(np.where(good, local.curvature, 0.0))
    grouped = (root * jacobian)[:, blots.rows] * blots.member
    directions: list[np.ndarray] = []
    columns = ((scale, blots.scale, np.asarray(rows.signal[0])), (offset, blots.offset, np.ones(len(blot))))
    for solved, bounds, shape in columns:
        free = (solved > bounds[:, 0]) & (solved < bounds[:, 1])
        column = np.where(good, root * per_value * shape, 0.0)[blots.rows] * blots.member * free[:, None]
        for other in directions:
            column = column - other * np.sum(other * column, axis=1, keepdims=True)
        length = np.linalg.norm(column, axis=1, keepdims=True)
        directions.append(np.where(length > 1e-12, column / np.maximum(length, 1e-12), 0.0))
    for direction in directions:
        grouped = grouped - direction * np.sum(direction * grouped, axis=2, keepdims=True)
    flat = grouped.reshape(len(jacobian), -1)
    weighted = np.where(is_given, local.curvature_log_sigma, 0.0) * noise
    return gradient, flat @ flat.T + noise @ weighted.T


def _local(hierarchical: Hierarchical, rows: Rows) -> Local:
    """Slopes and curvatures of the cost of every measurement, in the prediction over sigma and in log sigma."""
    problem = hierarchical.problem
    parts = np.zeros((len(Local._fields), len(hierarchical.blot)))
    for each in problem.observables:
        factor = np.sqrt(hierarchical.correction) if each.distribution == "normal" else 1.0
        distance = factor * np.asarray(rows.distance[0])[each.rows] / np.asarray(rows.sigma[0])[each.rows]
        found = local_cost(
            each.distribution, each.degrees, distance, problem.measurements.censored[each.rows]
        )
        parts[:, each.rows] = (
            factor * found.slope,
            found.slope_log_sigma,
            factor**2 * found.curvature,
            found.curvature_log_sigma,
            factor**2 * found.weight,
        )
    return Local(*parts)


def levenberg(
    hierarchical: Hierarchical,
    solver: Integration,
    starts: np.ndarray,
    effort: Effort,
    seed: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> Ended:
    """Walks and kicks from every start: scaled outer vectors [starts, outer] to where they end.

    Kicks depend on the seed and the number of the start alone.
    """
    outer = hierarchical.outer
    linearise = make_linearisation(hierarchical, solver)
    predictor = make_hierarchical_predictor(hierarchical, solver, len(DAMPINGS))

    def costs(vectors: np.ndarray) -> np.ndarray:
        return posterior_cost(outer, vectors, predictor(vectors).predicted)

    ends, firsts, walked, steps = [], [], [], []
    for number, start in enumerate(starts):
        rng = np.random.default_rng([seed, number])
        firsts.append(float(costs(start[None])[0]))
        best = walk(outer.estimated, linearise, costs, start, effort)
        walked.append(best.cost)
        taken = best.steps
        for _ in range(effort.kicks):
            kicked = _kick(outer.estimated, costs, best.scaled, rng)
            again = walk(outer.estimated, linearise, costs, kicked, effort)
            taken += again.steps
            best = min(best, again, key=lambda each: each.cost)
        ends.append(best)
        steps.append(taken)
        course = f"cost {firsts[-1]:.6g} -> {walked[-1]:.4f} -> {best.cost:.4f}"
        report(f"fit: start {number + 1}/{len(starts)}, {taken} steps, {course}")
    scaled, cost, norm, _ = (np.array(part) for part in zip(*ends, strict=True))
    return Ended(scaled, cost, np.array(firsts), np.array(walked), norm, np.array(steps))


def walk(
    estimated: Estimated,
    linearise: Callable[[np.ndarray], Linear],
    costs: Costs,
    scaled: np.ndarray,
    effort: Effort,
) -> Walk:
    """Steps from one scaled vector until they bring nothing more."""
    unit, bounds = units(estimated), (estimated.lower, estimated.upper)
    here = linearise(scaled)
    damping, idle, step = 1.0, 0, 0
    while step < effort.steps and idle < effort.patience:
        free = free_of(scaled, here.gradient, *bounds)
        trials = np.array(
            [_trial(estimated, here, scaled, free, damping * f, effort.reach) for f in DAMPINGS]
        )
        found = costs(trials)
        best = int(np.argmin(found))
        gain = here.cost - found[best]
        idle = 0 if gain >= effort.tolerance else idle + 1
        if gain > 0:
            scaled, here = trials[best], linearise(trials[best])
            damping = float(np.clip(damping * DAMPINGS[best], LEAST, MOST))
        else:
            damping = min(damping * 300.0, MOST)
        step += 1
    norm = np.linalg.norm((here.gradient * unit)[free_of(scaled, here.gradient, *bounds)])
    return Walk(scaled, here.cost, float(norm), step)


def _trial(
    estimated: Estimated, here: Linear, scaled: np.ndarray, free: np.ndarray, damping: float, reach: float
) -> np.ndarray:
    """The damped step inside the box; what it pushes out is put on its bound and the others are solved again."""
    unit = units(estimated)
    move, left = np.zeros_like(scaled), free.copy()
    for _ in range(4):
        if not left.any():
            break
        matrix = here.precision[np.ix_(left, left)] + damping * np.diag(1 / unit[left] ** 2)
        held = here.precision[np.ix_(left, ~left)] @ move[~left]
        move[left] = np.linalg.solve(matrix, -here.gradient[left] - held)
        inside = np.clip(scaled + move, estimated.lower, estimated.upper) - scaled
        out = left & (inside != move)
        if not out.any():
            break
        move[out] = inside[out]
        left &= ~out
    largest = np.max(np.abs(move) / unit, initial=0.0)
    shortened = move * min(1.0, reach / largest) if largest > 0 else move
    return np.clip(scaled + shortened, estimated.lower, estimated.upper)


def _kick(estimated: Estimated, costs: Costs, scaled: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The best of `KICKS` kicks: half move everything, half draw a few parameters anew from the start priors."""
    kicked = []
    for number in range(KICKS):
        if number % 2:
            drawn = np.array([prior.sample(rng) for prior in estimated.starts])
            moved = np.where(rng.random(len(scaled)) < REDRAWN, drawn, scaled)
        else:
            moved = scaled + SPREAD * units(estimated) * rng.standard_normal(len(scaled))
        kicked.append(np.clip(moved, estimated.lower, estimated.upper))
    return kicked[int(np.argmin(costs(np.array(kicked))))]
