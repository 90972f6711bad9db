"""Slopes and curvatures of the cost from given sensitivities: closed forms of normal and of Laplace noise."""

from dataclasses import replace

import numpy as np
import pytest

from screen.calibration.problem import measured_values
from screen.calibration.subset import hide
from screen.fit import curvature
from screen.fit.curvature import local_costs, prior_gradient, prior_precision
from screen.fit.sensitivity import Sensitivity


@pytest.fixture(scope="module")
def made(toy) -> tuple[Sensitivity, np.ndarray]:
    """Random sensitivities, and distances z of the predictions in sigma."""
    rng = np.random.default_rng(8)
    measured = measured_values(toy)
    z, sigma = rng.normal(size=len(measured)) + 0.3, rng.uniform(0.5, 2, len(measured))
    by_value, by_noise = rng.normal(size=(2, len(measured), len(toy.estimated.names)))
    good = np.ones(len(measured), bool)
    return Sensitivity(measured + z * sigma, sigma, good, by_value, by_noise), z


def test_gradient_and_precision_are_sums_over_measurements_of_their_closed_forms(toy, made):
    """Normal: z, 1 - z^2, and 1 and 2 as expected. Laplace: the sign of z, 1 - |z|, and 1 and 1."""
    found, z = made
    normal, laplace = (each.rows for each in toy.observables)
    assert [each.distribution for each in toy.observables] == ["normal", "laplace"]
    slope, by_log = np.zeros((2, len(z)))
    slope[normal], by_log[normal] = z[normal], 1 - z[normal] ** 2
    slope[laplace], by_log[laplace] = np.sign(z[laplace]), 1 - np.abs(z[laplace])
    weight = np.ones(len(z))
    weight[normal] = 2.0
    scaled = toy.estimated.nominal
    got = curvature(toy, scaled, found)
    prior = np.array([each.cost(1e-4 + at) - each.cost(at - 1e-4) if each else 0.0
                      for each, at in zip(toy.estimated.priors, scaled, strict=True)]) / 2e-4  # fmt: skip
    assert prior_gradient(toy, scaled[None])[0] == pytest.approx(prior, abs=1e-6)
    assert got.gradient == pytest.approx(
        found.by_value.T @ slope + found.by_noise.T @ by_log + prior, abs=1e-6
    )
    data = sum(np.outer(row, row) for row in found.by_value)
    data = data + sum(each * np.outer(row, row) for each, row in zip(weight, found.by_noise, strict=True))
    assert got.precision == pytest.approx(data + np.diag(prior_precision(toy, scaled)))


def test_a_flat_prior_counts_as_the_variance_of_its_box(toy):
    estimated = toy.estimated
    found = prior_precision(toy, estimated.nominal)
    for place, name in enumerate(estimated.names):
        width = estimated.upper[place] - estimated.lower[place]
        want = {"k_made": 0.7**-2, "k_lost": 0.7**-2, "k_blow": 0.3**-2}.get(name, 12 / width**2)
        assert found[place] == pytest.approx(want)


def test_a_wide_prior_is_one(toy):
    """Of an sd of 2, narrower than the bounds."""
    wide = tuple(replace(toy.estimated.priors[0], second=2.0) for _ in toy.estimated.priors)
    found = prior_precision(
        replace(toy, estimated=replace(toy.estimated, priors=wide)), toy.estimated.nominal
    )
    assert found == pytest.approx(np.full(4, 0.25))


def test_a_hidden_measurement_weighs_nothing(toy, made):
    _, z = made
    shown = np.arange(len(z)) != 2
    hidden = hide(toy, ~shown)
    for part, whole in zip(local_costs(hidden, z), local_costs(toy, z), strict=True):
        assert part[2] == 0 and part[shown].tolist() == whole[shown].tolist()


def test_parabolas_that_touch_lie_above_the_cost(toy, made):
    """Of weight 1 where noise is normal, of 1/|z| where it is Laplace's: |z| <= |a|/2 + z^2/(2 |a|)."""
    found, z = made
    normal, laplace = (each.rows for each in toy.observables)
    weight = local_costs(toy, z).weight
    assert weight[normal].tolist() == [1.0] * len(weight[normal])
    assert weight[laplace] == pytest.approx(1 / np.maximum(np.abs(z[laplace]), 0.05))
    touching = curvature(toy, toy.estimated.nominal, found, touching=True).precision
    plain = curvature(toy, toy.estimated.nominal, found).precision
    more = sum((w - 1) * np.outer(row, row) for w, row in zip(weight, found.by_value, strict=True))
    assert touching - plain == pytest.approx(more)
