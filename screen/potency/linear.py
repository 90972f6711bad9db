"""Linear Gaussian models with censored values: the one piece of statistics of this package.

value = design @ latent + noise. Latents are independent before the data, N(mean, sd of their group); noise is
independent, N(0, scale * sd^2 of its group). Of a censored value only the side is known on which it lies.

Two uses. `estimate` finds the groups' sds with the latents, by Gibbs sampling: the latents given sds and filled-in
censored values are one Gaussian, a filled-in value is a truncated Gaussian, a variance is inverse gamma. Every
conditional is closed, so that twenty lines do what a general sampler would do, and the censored tail is exact.
`sample` takes the sds as known: only censored values are sampled one by one, the rest is one Gaussian.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.sparse import csc_array, csr_array, diags_array
from scipy.sparse.linalg import splu
from scipy.special import log_ndtr, ndtri, ndtri_exp

ABOVE, EXACT, BELOW = 1, 0, -1
"""A value is a lower bound (`>`), itself (`=`), an upper bound (`<`)."""

PRIOR_WEIGHT = 4.0
"""Observations that the prior guess of an estimated sd counts as."""

TINY = 1e-12
"""Uniform numbers stay this far from 0 and 1."""

SCANS = 20
"""Passes over the censored values before a sample is taken."""


@dataclass(frozen=True)
class Linear:
    """A model. `rows` and `latents` name the groups; a group whose sd is in `known` is not estimated.

    design [values, latents]; value, side, scale, rows [values]; mean, latents [latents]; guess: sd by group
    [unit of the values].
    """

    design: csr_array
    value: np.ndarray
    side: np.ndarray
    scale: np.ndarray
    rows: np.ndarray
    mean: np.ndarray
    latents: np.ndarray
    guess: dict[str, float]
    known: frozenset[str] = field(default_factory=frozenset)
    centres: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Groups of latents whose mean is not known either: prior mean and sd of that mean."""


@dataclass(frozen=True)
class Estimate:
    """Posterior mean and sd of the latents [latents], and of sds and centres of the groups by name."""

    mean: np.ndarray
    sd: np.ndarray
    groups: dict[str, tuple[float, float]]
    centres: dict[str, tuple[float, float]]


def truncated(
    mean: np.ndarray, sd: np.ndarray | float, bound: np.ndarray, side: np.ndarray | int, u: np.ndarray
) -> np.ndarray:
    """Normal values beyond a bound, on its side, at the probabilities u in (0, 1) of what lies there."""
    standard = side * (bound - mean) / sd
    return mean - side * sd * ndtri_exp(np.log(u) + log_ndtr(-standard))


def estimate(model: Linear, rng: np.random.Generator, sweeps: int = 600, burn: int = 200) -> Estimate:
    """Latents and sds of the groups, averaged over the sweeps after the first `burn`."""
    sds = dict(model.guess)
    filled, mean = model.value.copy(), model.mean.copy()
    censored = np.flatnonzero(model.side)
    design, kept, kept_sds, kept_centres = model.design, [], [], []
    centres = {name: prior for name, (prior, _) in model.centres.items()}
    squares = {name: model.rows == name for name in np.unique(model.rows)}
    spreads = {name: model.latents == name for name in np.unique(model.latents)}
    for sweep in range(sweeps):
        weight = 1 / (model.scale * _of(sds, model.rows) ** 2)
        prior = 1 / _of(sds, model.latents) ** 2
        # Solved for values and prior means that are each moved by their own noise, the answer is a sample.
        moved = filled + rng.standard_normal(len(filled)) / np.sqrt(weight)
        means = mean + rng.standard_normal(len(prior)) / np.sqrt(prior)
        precision = csc_array(design.T @ (design * weight[:, None])) + diags_array(prior, format="csc")
        latent = splu(precision, permc_spec="MMD_AT_PLUS_A").solve(
            design.T @ (weight * moved) + prior * means
        )
        predicted = design @ latent
        if censored.size:
            noise = np.sqrt(1 / weight[censored])
            u = rng.uniform(TINY, 1, censored.size)
            filled[censored] = truncated(
                predicted[censored], noise, model.value[censored], model.side[censored], u
            )
        residual = (filled - predicted) ** 2 / model.scale
        for groups, squared in ((squares, residual), (spreads, (latent - mean) ** 2)):
            for name, member in groups.items():
                if name not in model.known:
                    shape = (PRIOR_WEIGHT + member.sum()) / 2
                    rate = (PRIOR_WEIGHT * model.guess[name] ** 2 + squared[member].sum()) / 2
                    sds[name] = float(np.sqrt(rate / rng.gamma(shape)))
        for name, (middle, sd) in model.centres.items():
            certain = spreads[name].sum() / sds[name] ** 2 + 1 / sd**2
            pull = latent[spreads[name]].sum() / sds[name] ** 2 + middle / sd**2
            centres[name] = float(pull / certain + rng.standard_normal() / np.sqrt(certain))
            mean[spreads[name]] = centres[name]
        if sweep >= burn:
            kept.append(latent)
            kept_sds.append(list(sds.values()))
            kept_centres.append(list(centres.values()))
    return Estimate(
        np.mean(kept, axis=0), np.std(kept, axis=0), _told(sds, kept_sds), _told(centres, kept_centres)
    )


def _told(names: Iterable[str], kept: list[list[float]]) -> dict[str, tuple[float, float]]:
    """Mean and sd by name of what was kept [sweeps, names]."""
    values = zip(names, np.mean(kept, axis=0), np.std(kept, axis=0), strict=True)
    return {name: (float(mean), float(sd)) for name, mean, sd in values}


def numbers_needed(model: Linear) -> int:
    """Uniform numbers that `sample` turns into one draw."""
    return SCANS * int(np.count_nonzero(model.side)) + len(model.mean)


def sample(model: Linear, uniform: np.ndarray, told: np.ndarray | float = 0.0) -> np.ndarray:
    """Latents given the values and the sds of `guess` [draws, latents], from uniform numbers [draws, numbers_needed].

    Without censored values exact; with them, each draw begins at the bounds and passes `SCANS` times over them.
    `told` [draws, values] is what each value owes to latents that are known in each draw, and not of this model.
    """
    uniform = np.clip(uniform, TINY, 1 - TINY)
    draws = len(uniform)
    design = model.design.toarray()
    noise = model.scale * _of(model.guess, model.rows) ** 2
    prior = _of(model.guess, model.latents) ** 2
    value = np.repeat(model.value[None], draws, axis=0) - told
    filled = value.copy()
    censored = np.flatnonzero(model.side)
    if censored.size:
        covariance = (design * prior) @ design.T + np.diag(noise)
        inverse = np.linalg.inv(covariance)
        spread = 1 / np.sqrt(np.diag(inverse))
        centre = design @ model.mean
        for scan in range(SCANS):
            for order, place in enumerate(censored):
                pull = (filled - centre) @ inverse[place] - (filled[:, place] - centre[place]) * inverse[
                    place, place
                ]
                mean = centre[place] - pull * spread[place] ** 2
                u = uniform[:, scan * censored.size + order]
                filled[:, place] = truncated(mean, spread[place], value[:, place], model.side[place], u)
    precision = design.T @ (design / noise[:, None]) + np.diag(1 / prior)
    lower = cholesky(precision, lower=True)
    right = (filled / noise) @ design + model.mean / prior
    mean = cho_solve((lower, True), right.T)
    return (mean + solve_triangular(lower, ndtri(uniform[:, -len(mean) :]).T, trans="T", lower=True)).T


def _of(sds: dict[str, float], groups: np.ndarray) -> np.ndarray:
    return np.array([sds[name] for name in groups])
