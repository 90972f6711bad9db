"""Statistics over parameter draws, the last axis of every array here.

A draw that does not count is NaN. Nothing here drops, replaces or averages over a NaN unseen: quantiles are
taken over the draws that are there, and a draw that is not there has no rank.
"""

from collections.abc import Sequence

import numpy as np

HALF = 0.5
"""Treated over vehicle at the half-maximal dose."""

SPREAD = (0.05, 0.5, 0.95)
"""Shares of the draws below the ends and the middle of an interval."""

LEVEL = 1e-9
"""Share of a draw's weight that counts as none, and difference up to which shares are equal: rounding."""

SHORT = np.iinfo(np.int16).max
"""Largest number of 16 bits."""

IC50_FLAGS = ("inside", "above_tested", "below_tested", "mixed", "none")
"""Where a half-maximal dose lies: among the tested doses, beyond them, differently by draw, or nowhere."""


def count(values: np.ndarray) -> np.ndarray:
    """Draws that are there: values[..., draws] -> int [...]. Infinite values count."""
    return np.sum(~np.isnan(values), axis=-1)


def mean(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean over the draws that are there; NaN where there is none. weights [draws], equal where None."""
    held = _held(values, weights)
    weight = np.sum(held, axis=-1)
    total = np.sum(held * np.where(np.isnan(values), 0.0, values), axis=-1)
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)


def quantile(values: np.ndarray, share: float, weights: np.ndarray | None = None) -> np.ndarray:
    """Quantile over the draws that are there, values[..., draws] -> [...], linear between order statistics.

    With weights [draws] it is the weighted type 7 quantile (Akinshin 2023, arXiv:2304.07265): n draws of
    equal weight give the usual one, and a draw of weight zero is as if it were not there.
    Infinite values stand for censored ones: a quantile that rests on one of them is infinite itself, never
    a number between a tested and an untested value.
    NumPy takes weights only for the inverted CDF, and neither it nor SciPy censors.
    """
    (found,) = quantiles(values, (share,), weights)
    return found


def quantiles(
    values: np.ndarray, shares: Sequence[float], weights: np.ndarray | None = None
) -> list[np.ndarray]:
    """Several quantiles of the same draws, which are sorted once; rows of which no draw is there are passed over."""
    some = ~np.isnan(values).all(axis=-1)
    if values.ndim > 1 and not some.all():
        found = np.full((len(shares), *some.shape), np.nan)
        if some.any():
            found[:, some] = quantiles(values[some], shares, weights)
        return list(found)
    if _alike(weights) and (weights is None or weights[0] > 0):
        ordered, number = np.sort(values, axis=-1), count(values)
        return list(_even_quantiles(ordered, number, np.asarray(shares)))
    ordered, held = _ordered(values, weights)
    total = np.sum(held, axis=-1, keepdims=True)
    held = held / np.where(total > 0, total, 1.0)
    upper = np.cumsum(held, axis=-1)
    return [_uneven_quantile(ordered, held, upper, share) for share in shares]


def spread(values: np.ndarray, weights: np.ndarray | None = None) -> dict[float, np.ndarray]:
    """The quantiles that scores are made of, by their shares (`SPREAD`)."""
    return dict(zip(SPREAD, quantiles(values, SPREAD, weights), strict=True))


def _uneven_quantile(ordered: np.ndarray, held: np.ndarray, upper: np.ndarray, share: float) -> np.ndarray:
    """The quantile of sorted values whose weights, in `upper` those up to each, add up to 1, or to 0 for none."""
    square = np.sum(held**2, axis=-1, keepdims=True)
    there = square > 0
    number = 1.0 / np.where(there, square, 1.0)
    start = share * (number - 1.0) / number
    part = np.minimum(upper, start + 1.0 / number) - np.maximum(upper - held, start)
    part = np.where(part * number > LEVEL, part, 0.0)
    part /= np.where(there, np.sum(part, axis=-1, keepdims=True), 1.0)
    rests = part > 0
    found = np.sum(part * np.where(np.isfinite(ordered), ordered, 0.0), axis=-1)
    for censored in (np.inf, -np.inf):
        found = np.where(np.any(rests & (ordered == censored), axis=-1), censored, found)
    return np.where(there[..., 0], found, np.nan)


def _even_quantiles(ordered: np.ndarray, number: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The same where draws count alike, of which so many are there: order statistics, or between two; [shares, ...]."""
    at = np.multiply.outer(shares, np.maximum(number - 1, 0))
    low = np.floor(at + LEVEL).astype(np.int64)
    part = at - low
    high = np.minimum(low + (part > LEVEL), ordered.shape[-1] - 1)
    row = np.indices(number.shape, sparse=True)
    below, above = (ordered[(*row, place)] for place in (low, high))
    finite = np.isfinite(below) & np.isfinite(above)
    left, right = np.where(finite, below, 0.0), np.where(finite, above, 0.0)
    censored = np.where(below == -np.inf, -np.inf, np.inf)
    return np.where(number == 0, np.nan, np.where(finite, left + part * (right - left), censored))


def _alike(weights: np.ndarray | None) -> bool:
    """Whether all draws count alike: then it takes a sort, and no order to carry weights along."""
    return weights is None or bool(np.all(weights == weights[0]))


def _held(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Weight of each draw that is there, 0 of one that is not."""
    return np.where(np.isnan(values), 0.0, 1.0 if weights is None else weights)


def _ordered(values: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Values in ascending order, those that are not there last, and their weights."""
    if _alike(weights):
        there = np.arange(values.shape[-1]) < count(values)[..., None]
        return np.sort(values, axis=-1), np.where(there, 1.0 if weights is None else weights, 0.0)
    order = _order(values)
    held = _held(values, weights)
    return np.take_along_axis(values, order, axis=-1), np.take_along_axis(held, order, axis=-1)


def _order(values: np.ndarray) -> np.ndarray:
    """Places of values in ascending order, level ones as they come, those that are not there last.

    A sort that keeps the order of what is level takes NumPy thrice the time, but a twentieth of it for numbers of 16
    bits: so ranks and halves of them are sorted, and of others only the rows in which some are level.
    """
    short = _short(values)
    if short is not None:
        return np.argsort(short, axis=-1, kind="stable")
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    level = np.any(ordered[..., 1:] == ordered[..., :-1], axis=-1)
    order[level] = np.argsort(values[level], axis=-1, kind="stable")
    return order


def _short(values: np.ndarray) -> np.ndarray | None:
    """Twice the values in 16 bits, those that are not there last; None where they are no halves, or too large."""
    twice = 2.0 * values
    lost = np.isnan(twice)
    if np.max(np.abs(twice), initial=0.0, where=~lost) >= SHORT:
        return None
    short = np.where(lost, SHORT, twice).astype(np.int16)
    return short if np.all((short == twice) | lost) else None


def step_quantile(values: np.ndarray, share: float, weights: np.ndarray | None = None) -> np.ndarray:
    """Quantile that is one of the values themselves (the smallest with at least `share` at or below it)."""
    if _alike(weights) and (weights is None or weights[0] > 0):
        number = count(values)
        place = np.maximum(np.ceil((share - LEVEL) * number).astype(np.int64) - 1, 0)
        return np.take_along_axis(np.sort(values, axis=-1), place[..., None], axis=-1)[..., 0]
    ordered, held = _ordered(values, weights)
    below = np.cumsum(held, axis=-1)
    total = below[..., -1:]
    place = np.argmax((below >= (share - LEVEL) * total) & (held > 0), axis=-1)
    found = np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0]
    return np.where(total[..., 0] > 0, found, np.nan)


def tied_ranks(effect: np.ndarray, resolution: float) -> tuple[np.ndarray, np.ndarray]:
    """First and last rank of each intervention in each draw, effect[interventions, draws]; 1 is the largest.

    Effects that agree to `resolution` share a stretch of ranks: the first and last rank of that stretch.
    An effect that is NaN has no rank and does not move the ranks of the others. SciPy's rankdata would sort once for
    the first ranks and once more for the last; sorting is most of the work.
    """
    key = -np.round(np.ascontiguousarray(effect.T) / resolution)
    draws, interventions = key.shape
    short = _short(key)
    order = np.argsort(key, axis=-1) if short is None else np.argsort(short, axis=-1, kind="stable")
    ordered = np.take_along_axis(key if short is None else short, order, axis=-1)
    begins = np.ones(key.shape, dtype=bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    begin = np.append(np.flatnonzero(begins), key.size)  # of each stretch, over all draws
    long = np.diff(begin)
    first = begin[:-1] % max(interventions, 1) + 1.0
    place = (order * draws + np.arange(draws)[:, None]).ravel()
    found = np.empty((2, interventions, draws))
    for each, ranks in zip(found, (first, first + long - 1.0), strict=True):
        each.reshape(-1)[place] = np.repeat(ranks, long)
    found[:, np.isnan(effect)] = np.nan
    first, last = found
    return first, last


def share_among_first(
    first: np.ndarray, last: np.ndarray, places: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """Share of draws (by weight) in which an intervention holds one of the first `places`, one number each.

    Where a tie straddles the limit, each of its members gets an equal part of the places left, so that the
    shares add up to `places` (as long as that many interventions are there in every draw).
    """
    tied = last - first + 1.0
    held = np.clip((places - first + 1.0) / tied, 0.0, 1.0)
    counted = np.any(~np.isnan(first), axis=0) * (1.0 if weights is None else weights)
    total = float(np.sum(counted))
    return np.nansum(held * counted, axis=-1) / (total or 1.0)


def fewest(shares: np.ndarray, order: np.ndarray, enough: float) -> np.ndarray:
    """Which are the fewest that hold `enough` between them, [interventions]: the largest shares, then by `order`.

    A share that is NaN or 0 is of none of them. Shares are equal that differ by the rounding of their sums.
    """
    held = np.nan_to_num(shares)
    by_size = np.lexsort((order, -np.round(held / LEVEL)))
    before = np.cumsum(held[by_size]) - held[by_size]
    found = np.zeros(len(held), dtype=bool)
    found[by_size] = (before < enough - LEVEL) & (held[by_size] > 0.0)
    return found


def falling_fit(ratio: np.ndarray) -> np.ndarray:
    """Least-squares fit that never rises with dose, ratio[doses, ...] -> [doses, ...] (isotonic regression).

    The min-max form (Barlow et al. 1972): fit at dose i is the minimum over j <= i of the maximum over
    k >= i of the mean from j to k. Doses that are NaN carry no weight.
    SciPy has it for one curve without NaN; here are drugs times read-outs times draws of them. One that falls is its
    own fit.
    """
    fit = ratio.reshape(len(ratio), -1).copy()
    rises = ~np.all(fit[1:] <= fit[:-1], axis=0)
    fit[:, rises] = _pooled(fit[:, rises])
    return fit.reshape(ratio.shape)


def _pooled(ratio: np.ndarray) -> np.ndarray:
    """The fit [doses, curves] of curves that rise somewhere, or lack a dose."""
    there = ~np.isnan(ratio)
    zero = np.zeros((1, ratio.shape[1]))
    totals = np.concatenate([zero, np.cumsum(np.where(there, ratio, 0.0), axis=0)])
    weights = np.concatenate([zero, np.cumsum(there, axis=0)])
    fit = np.full(ratio.shape, np.nan)
    for start in range(len(ratio)):
        number = weights[start + 1 :] - weights[start]
        means = np.where(number > 0, totals[start + 1 :] - totals[start], np.nan) / np.maximum(number, 1.0)
        highest = np.fmax.accumulate(means[::-1], axis=0)[::-1]
        np.fmin(fit[start:], highest, out=fit[start:])
    return np.where(there, fit, np.nan)


def log10_half_dose(ratio: np.ndarray, doses: np.ndarray) -> np.ndarray:
    """log10 of the dose at which treated/vehicle falls to one half, ratio[..., doses] -> [...].

    `doses` ascend [nM]. The curve is made monotone and read by linear interpolation in log10 dose.
    +inf: still above one half at the highest dose tested; -inf: already below at the lowest; NaN: fewer
    than two doses are there.
    """
    fit = falling_fit(np.ascontiguousarray(np.moveaxis(ratio, -1, 0)))
    there = ~np.isnan(fit)
    above, below = there & (fit > HALF), there & (fit <= HALF)
    last_above = len(fit) - 1 - np.argmax(above[::-1], axis=0)
    first_below = np.argmax(below, axis=0)
    at = np.log10(np.asarray(doses, dtype=float))
    high, low = (np.take_along_axis(fit, place[None], axis=0)[0] for place in (last_above, first_below))
    some = np.any(below, axis=0)
    crossed = np.any(above, axis=0) & some
    span = np.where(crossed, high - low, 1.0)
    inside = at[last_above] + (high - HALF) / span * (at[first_below] - at[last_above])
    found = np.where(crossed, inside, np.where(some, -np.inf, np.inf))
    return np.where(np.sum(there, axis=0) >= 2, found, np.nan)


def censoring(half: np.ndarray) -> np.ndarray:
    """Which of IC50_FLAGS half-maximal doses are, half[..., draws] -> text [...]."""
    there = count(half)
    cases = {"inside": np.isfinite(half), "above_tested": half == np.inf, "below_tested": half == -np.inf}
    flags = np.where(there > 0, "mixed", "none").astype(object)
    for flag, case in cases.items():
        flags[(there > 0) & (np.sum(case, axis=-1) == there)] = flag
    return flags
