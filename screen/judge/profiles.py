"""Profile likelihood: how far a parameter can be moved before the data object, all others following.

From the best fit every chosen parameter walks along a grid in both directions; at each point the others are fitted
anew by Gauss-Newton steps in which it is held. All walks go from point to point together, in the same engine calls.

The priors of the other parameters hold throughout: they are what is known of them. The parameter's own
prior is taken off afterwards, so that what bounds it in its profile is the data. It counts as identifiable
where the profile rises by half the 95 % quantile of chi2 with one degree of freedom on both sides
(Raue 2009, Bioinformatics 25:1923).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from screen.calibration.problem import Problem
from screen.calibration.scale import SCALES
from screen.errors import FitError
from screen.fit.checkpoint import Log, silent
from screen.fit.curvature import box_of
from screen.fit.evaluator import REACH, Evaluator, make_evaluator, minimise
from screen.fit.gauss_newton import Pace, descend
from screen.fit.normal import normal_approximation
from screen.simulate import Integration
from screen.tables import Column, Schema

PROFILE_RISE = 0.5 * 3.841459
"""Rise of the cost at the ends of a 95 % interval."""

STRIDE, GROWTH = 0.5, 1.2
"""First step of a walk in posterior standard deviations, and by what each step is longer than the last."""

ARRIVED = 0.02
"""The others are fitted when their next step promises less than this decrease of the cost."""

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
    steps: int = 20
    """Most steps of the others at a point."""


@dataclass
class Walk:
    """One parameter walking in one direction; the only thing here that changes as it goes."""

    place: int
    sign: float
    stride: float
    at: np.ndarray
    """Scaled vector of the next point, the others not yet fitted."""
    ahead: np.ndarray
    """How the whole vector moves for one unit of the parameter."""
    points: list[tuple[np.ndarray, float, bool]] = field(default_factory=list)
    """Scaled vector, cost and whether the fit of the others came to its end, for each point passed."""
    over: bool = False


def profile(
    problem: Problem,
    solver: Integration,
    best: np.ndarray,
    plan: ProfilePlan,
    report: Callable[[str], None] = silent,
) -> pl.DataFrame:
    """PROFILES of the chosen parameters, from a best fit as scaled values [estimated].

    FitError for a parameter that is not estimated.
    """
    _check(problem, plan)
    evaluator = make_evaluator(problem, solver, 2 * len(plan.parameters))
    factor = normal_approximation(best, evaluator.curvature(best).precision).factor
    covariance = factor @ factor.T
    places = [problem.estimated.names.index(name) for name in plan.parameters]
    walks = [_begin(best, covariance[:, place], place, sign) for place in places for sign in (-1.0, 1.0)]
    log = Log(report, "profile")
    while left := [walk for walk in walks if not walk.over]:
        _fit_others(evaluator, left, plan, log)
        for pair in zip(walks[::2], walks[1::2], strict=True):
            _end_where_high(problem, pair)
        passed, over = sum(len(walk.points) for walk in walks), sum(walk.over for walk in walks)
        log.say(f"{passed} points, {over} of {len(walks)} walks over")
    return _tabulate(problem, walks)


def _check(problem: Problem, plan: ProfilePlan) -> None:
    problems = [
        f"profile: parameter must be one that is estimated, found {name}"
        for name in plan.parameters
        if name not in problem.estimated.names
    ]
    if not plan.parameters or len(set(plan.parameters)) < len(plan.parameters):
        problems.append("profile: parameters must be there and each but once, found none or one twice")
    if problems:
        raise FitError(problems)


def _begin(best: np.ndarray, column: np.ndarray, place: int, sign: float) -> Walk:
    stride = STRIDE * float(np.sqrt(column[place]))
    return Walk(place, sign, stride, best, column / column[place])


def _fit_others(evaluator: Evaluator, walks: list[Walk], plan: ProfilePlan, log: Log) -> None:
    """Fit all parameters but the one held in each walk, note the points and go on to the next ones.

    A vector that does not integrate is no measure of what the data say: the walk ends before it.
    """
    starts, box = np.array([walk.at for walk in walks]), box_of(evaluator.problem.estimated)
    is_held = np.arange(starts.shape[1]) == np.array([[walk.place] for walk in walks])
    own = box._replace(lower=np.where(is_held, starts, box.lower), upper=np.where(is_held, starts, box.upper))
    sound = evaluator.predict(starts).failed == 0
    state, _ = descend(
        minimise(evaluator.cost, evaluator.linearise), (starts,), own, Pace(plan.steps, ARRIVED, reach=REACH),
        "others",
    )  # fmt: skip
    for row, walk in enumerate(walks):
        if not sound[row]:
            walk.over = True
            continue
        walk.points.append((state.scaled[row], float(state.cost[row]), bool(state.arrived[row])))
        _move_on(walk, box.lower, box.upper, plan)


def _move_on(walk: Walk, lower: np.ndarray, upper: np.ndarray, plan: ProfilePlan) -> None:
    """To the next point, along the line through the last two or along the normal approximation."""
    at, held = walk.points[-1][0], walk.points[-1][0][walk.place]
    bound = lower[walk.place] if walk.sign < 0 else upper[walk.place]
    if len(walk.points) > plan.points or held == bound:
        walk.over = True
        return
    if len(walk.points) > 1:
        last = walk.points[-2][0]
        walk.ahead = (at - last) / (held - last[walk.place])
    onto = held + walk.sign * walk.stride
    onto = bound if walk.sign * (bound - onto) <= 0 else onto
    walk.at = np.clip(at + (onto - held) * walk.ahead, lower, upper)
    walk.at[walk.place] = onto
    walk.stride *= GROWTH


def _end_where_high(problem: Problem, both: Sequence[Walk]) -> None:
    """A walk is over where its last point lies above the threshold."""
    rises = _rises(problem, both)
    for walk, rise in zip(both, rises, strict=True):
        walk.over = walk.over or bool(len(rise) and rise[-1] > PROFILE_RISE)


def _rises(problem: Problem, both: Sequence[Walk]) -> list[np.ndarray]:
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
                value = float(SCALES[scale].linear(held))
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
        ends = [None if end is None else float(SCALES[str(scale)].linear(end)) for end in (low, high)]
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
