"""Profile likelihood: how far a parameter can be moved before the data object, all others following.

From the best fit every chosen parameter walks along a grid in both directions; at each point the other
parameters are fitted anew. All walks share one engine call an iteration, each at its own pace. The refits
are BFGS steps that begin with the curvature of the best fit, so that close to it one or two are enough.

The priors of the other parameters hold throughout: they are what is known of them. The parameter's own
prior is taken off afterwards, so that what bounds it in its profile is the data. It counts as identifiable
where the profile rises by half the 95 % quantile of chi2 with one degree of freedom on both sides
(Raue 2009, Bioinformatics 25:1923).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
import polars as pl

from screen.calibration.priors import FROM_SCALE
from screen.calibration.problem import Problem
from screen.errors import FitError
from screen.fit.newton import curvature
from screen.fit.normal import normal_approximation
from screen.fit.objective import Evaluation, make_objective
from screen.fit.sensitivity import make_sensitivity
from screen.kernel import DIFFERENTIABLE
from screen.simulate import Integration
from screen.tables import Column, Schema

PROFILE_RISE = 0.5 * 3.841459
"""Rise of the cost at the ends of a 95 % interval."""

STRIDE, GROWTH = 0.5, 1.2
"""First step of a walk in posterior standard deviations, and by what each step is longer than the last."""

SETTLED = 0.02
"""A refit is done when its next step promises less than this decrease of the cost."""

SHORTEN, SHORTEST = 0.3, 1e-3
"""What a refused step is multiplied by, and where a refit ends as it stands."""

ARMIJO = 1e-4
"""Share of the promised decrease that a step must bring."""

PROFILES = Schema(
    "profiles",
    (
        Column("parameter", pl.String, "parameter that was moved"),
        Column("scale", pl.String, "its scale", choices=("lin", "log", "log10")),
        Column("scaled", pl.Float64, "where it was held, on its scale"),
        Column("value", pl.Float64, "where it was held, linear"),
        Column("rise", pl.Float64, "cost above the lowest of the profile, own prior taken off", minimum=0),
        Column("cost", pl.Float64, "minus the log posterior, all other parameters fitted"),
        Column("settled", pl.Boolean, "whether the fit of the others came to its end"),
    ),
    key=("parameter", "scaled"),
)

VERDICTS = ("identifiable", "only from below", "only from above", "flat")
"""Bounded by data on both sides, on one, or on none."""

IDENTIFIED = Schema(
    "identified",
    (
        Column("parameter", pl.String, "parameter that was moved"),
        Column("best", pl.Float64, "value at the lowest point of the profile, linear"),
        Column("low", pl.Float64, "lower end of its 95 % interval, linear; null where open", nullable=True),
        Column("high", pl.Float64, "upper end of it, linear; null where open", nullable=True),
        Column("verdict", pl.String, "whether data bound it", choices=VERDICTS),
    ),
    key=("parameter",),
)


@dataclass(frozen=True)
class ProfilePlan:
    """Which parameters to move and how far at most."""

    parameters: Sequence[str]
    points: int = 20
    """Most points of a walk, in either direction."""
    iterations: int = 400
    """Most engine calls altogether."""


@dataclass
class Walk:
    """One parameter walking in one direction; the only thing here that changes as it goes."""

    place: int
    sign: float
    stride: float
    at: np.ndarray
    """Scaled vector of the last accepted step."""
    inverse: np.ndarray
    """Estimate of the inverse curvature over the other parameters [estimated, estimated]."""
    ahead: np.ndarray
    """How the whole vector moves for one unit of the parameter."""
    points: list[tuple[np.ndarray, float, bool]] = field(default_factory=list)
    """Scaled vector, cost and whether the refit settled, for each point passed."""
    cost: float = np.inf
    gradient: np.ndarray | None = None
    step: np.ndarray | None = None
    length: float = 1.0
    over: bool = False

    def trial(self) -> np.ndarray:
        """Where this walk wants the cost to be known."""
        return self.at if self.step is None else self.at + self.length * self.step


def profile(
    problem: Problem,
    solver: Integration,
    best: np.ndarray,
    plan: ProfilePlan,
    report: Callable[[str], None] = lambda line: None,
) -> pl.DataFrame:
    """PROFILES of the chosen parameters, from a best fit as scaled values [estimated].

    FitError for a parameter that is not estimated or an engine without gradient.
    """
    _check(problem, solver, plan)
    found = curvature(problem, best, make_sensitivity(problem, solver)(best))
    factor = normal_approximation(best, found.precision).factor
    covariance = factor @ factor.T
    evaluate = make_objective(problem, solver, 2 * len(plan.parameters))
    places = [problem.estimated.names.index(name) for name in plan.parameters]
    walks = [_begin(best, covariance, place, sign) for place in places for sign in (-1.0, 1.0)]
    for iteration in range(plan.iterations):
        _absorb_all(problem, walks, evaluate(jnp.asarray([walk.trial() for walk in walks])), plan)
        over = sum(walk.over for walk in walks)
        passed = sum(len(walk.points) for walk in walks)
        report(f"profile: engine call {iteration + 1}, {passed} points, {over} of {len(walks)} walks over")
        if over == len(walks):
            break
    return _tabulate(problem, walks)


def _check(problem: Problem, solver: Integration, plan: ProfilePlan) -> None:
    problems = [
        f"profile: parameter must be one that is estimated, found {name}"
        for name in plan.parameters
        if name not in problem.estimated.names
    ]
    if not plan.parameters or len(set(plan.parameters)) < len(plan.parameters):
        problems.append("profile: parameters must be there and each but once, found none or one twice")
    if solver.engine not in DIFFERENTIABLE:
        problems.append(
            f"profile: engine must have a gradient ({', '.join(DIFFERENTIABLE)}), found {solver.engine}"
        )
    if problems:
        raise FitError(problems)


def _begin(best: np.ndarray, covariance: np.ndarray, place: int, sign: float) -> Walk:
    column = covariance[:, place]
    ahead = column / column[place]
    return Walk(
        place=place,
        sign=sign,
        stride=STRIDE * float(np.sqrt(column[place])),
        at=best,
        inverse=covariance - np.outer(column, ahead),
        ahead=ahead,
    )


def _absorb_all(problem: Problem, walks: list[Walk], found: Evaluation, plan: ProfilePlan) -> None:
    for row, walk in enumerate(walks):
        if not walk.over:
            # A vector that does not integrate is no measure of what the data say: the walk ends before it.
            walk.over = walk.step is None and bool(found.failed[row])
        if not walk.over:
            _absorb(problem, walk, float(found.cost[row]), np.asarray(found.gradient[row]), plan)
    for place in {walk.place for walk in walks}:
        both = [walk for walk in walks if walk.place == place]
        _end_where_high(problem, both)


def _absorb(problem: Problem, walk: Walk, cost: float, gradient: np.ndarray, plan: ProfilePlan) -> None:
    """Take a step or shorten it; where the refit is done, note the point and go on to the next."""
    moved = walk.trial()
    if walk.step is None or walk.gradient is None:
        walk.at, walk.cost, walk.gradient = moved, cost, gradient
    else:
        promised = walk.length * float(walk.gradient @ walk.step)
        if cost > walk.cost + ARMIJO * promised:
            walk.length *= SHORTEN
            if walk.length < SHORTEST:
                _pass_point(problem, walk, settled=False, plan=plan)
            return
        _learn(walk, moved - walk.at, gradient - walk.gradient)
        walk.at, walk.cost, walk.gradient = moved, cost, gradient
    step = -walk.inverse @ gradient
    within = np.clip(walk.at + step, problem.estimated.lower, problem.estimated.upper) - walk.at
    if -0.5 * float(gradient @ within) < SETTLED:
        _pass_point(problem, walk, settled=True, plan=plan)
    else:
        walk.step, walk.length = within, 1.0


def _learn(walk: Walk, moved: np.ndarray, turned: np.ndarray) -> None:
    """BFGS update of the inverse curvature; left out where the curvature along the step is not positive."""
    turned = np.where(np.arange(len(turned)) == walk.place, 0.0, turned)
    along = float(moved @ turned)
    if along <= 1e-10 * float(np.linalg.norm(moved) * np.linalg.norm(turned)):
        return
    left = np.eye(len(moved)) - np.outer(moved, turned) / along
    walk.inverse = left @ walk.inverse @ left.T + np.outer(moved, moved) / along


def _pass_point(problem: Problem, walk: Walk, settled: bool, plan: ProfilePlan) -> None:
    """Note the point and move on along the line through the last two, or along the normal approximation."""
    if walk.points:
        last = walk.points[-1][0]
        walk.ahead = (walk.at - last) / (walk.at[walk.place] - last[walk.place])
    walk.points.append((walk.at, walk.cost, settled))
    lower, upper = problem.estimated.lower, problem.estimated.upper
    bound = lower[walk.place] if walk.sign < 0 else upper[walk.place]
    if len(walk.points) > plan.points or walk.at[walk.place] == bound:
        walk.over = True
        return
    onto = walk.at[walk.place] + walk.sign * walk.stride
    onto = bound if walk.sign * (bound - onto) <= 0 else onto
    onward = np.clip(walk.at + (onto - walk.at[walk.place]) * walk.ahead, lower, upper)
    onward[walk.place] = onto
    walk.stride *= GROWTH
    walk.at, walk.step, walk.gradient, walk.length = onward, None, None, 1.0


def _end_where_high(problem: Problem, both: list[Walk]) -> None:
    """A walk is over where its last point lies above the threshold."""
    rises = _rises(problem, both)
    for walk, rise in zip(both, rises, strict=True):
        walk.over = walk.over or bool(len(rise) and rise[-1] > PROFILE_RISE)


def _rises(problem: Problem, both: list[Walk]) -> list[np.ndarray]:
    """Cost of each point of both walks without the parameter's own prior, above the lowest of them."""
    place = both[0].place
    prior = problem.estimated.priors[place]
    costs = [
        np.array(
            [cost - (0.0 if prior is None else float(prior.cost(at[place]))) for at, cost, _ in walk.points]
        )
        for walk in both
    ]
    lowest = min((float(cost.min()) for cost in costs if len(cost)), default=0.0)
    return [cost - lowest for cost in costs]


def _tabulate(problem: Problem, walks: list[Walk]) -> pl.DataFrame:
    rows = {}
    for place in dict.fromkeys(walk.place for walk in walks):
        both = [walk for walk in walks if walk.place == place]
        name, scale = problem.estimated.names[place], problem.estimated.scales[place]
        for walk, rise in zip(both, _rises(problem, both), strict=True):
            for (at, cost, settled), above in zip(walk.points, rise, strict=True):
                held = float(at[place])
                value = float(FROM_SCALE[scale](held))
                rows[name, held] = (name, scale, held, value, float(above), cost, settled)
    table = pl.DataFrame(list(rows.values()), schema=PROFILES.dtypes(), orient="row")
    return table.sort("parameter", "scaled")


def identify(profiles: pl.DataFrame) -> pl.DataFrame:
    """IDENTIFIED of a table of profiles: 95 % intervals by where each profile crosses the threshold."""
    rows = []
    for (name, scale), frame in profiles.group_by("parameter", "scale", maintain_order=True):
        held, rise = frame["scaled"].to_numpy(), frame["rise"].to_numpy()
        lowest = int(np.argmin(rise))
        low = _crossing(held[lowest::-1], rise[lowest::-1])
        high = _crossing(held[lowest:], rise[lowest:])
        ends = [None if end is None else float(FROM_SCALE[str(scale)](end)) for end in (low, high)]
        verdict = VERDICTS[2 * (low is None) + (high is None)]
        rows.append((name, frame["value"][lowest], *ends, verdict))
    return pl.DataFrame(rows, schema=IDENTIFIED.dtypes(), orient="row")


def _crossing(held: np.ndarray, rise: np.ndarray) -> float | None:
    """Where the rise first passes the threshold, its root interpolated; None where it does not."""
    above = np.flatnonzero(rise > PROFILE_RISE)
    if not len(above):
        return None
    after = int(above[0])
    ends = np.sqrt(rise[after - 1 : after + 1])
    share = (np.sqrt(PROFILE_RISE) - ends[0]) / (ends[1] - ends[0])
    return float(held[after - 1] + share * (held[after] - held[after - 1]))
