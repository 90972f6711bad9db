"""The published fit of Sobotta 2017 through our engine and objective, and our search of it.

References are those of the benchmark collection of Hass et al. 2019 (doi 10.1093/bioinformatics/btz020).
"""

import json
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import sobotta
from benchmarks.sobotta_problem import CORRECTION, write_problem
from screen.calibration import load_problem
from screen.fit import (
    choose_fit_engine,
    make_hierarchical,
    make_hierarchical_objective,
    make_hierarchical_predictor,
    make_projected_target,
    search,
)


@pytest.fixture(scope="module")
def hierarchical(data_folder, tmp_path_factory):
    """The published problem in two layers."""
    if not (data_folder / "sobotta2017" / "published_points.csv").is_file():
        pytest.skip("published data must hold sobotta2017/published_points.csv, found none")
    if choose_fit_engine() != "kernel":
        pytest.skip("the search needs the compiled engine, found no compiler")
    problem = load_problem(write_problem(data_folder / "sobotta2017", tmp_path_factory.mktemp("sobotta")))
    return make_hierarchical(problem, CORRECTION)


@pytest.fixture(scope="module")
def found(hierarchical):
    """What the benchmark says of the published fit."""
    return sobotta.published(hierarchical)


def test_published_fit_has_its_published_chi2(found):
    assert found["points"] == 2220
    assert found["failed_points"] == 0
    assert found["chi2"] == pytest.approx(2219.98993, abs=0.1)
    assert found["minus_2_log_likelihood"] == pytest.approx(-1346.75391686, abs=0.1)


def test_every_point_is_where_the_published_model_has_it(found):
    assert found["largest_difference_log10"] < 2e-4
    assert found["largest_difference_percent"] < 2e-3


def test_solved_scales_offsets_and_sigmas_are_the_published_ones(hierarchical):
    outer, whole = hierarchical.outer.estimated.nominal, hierarchical.problem.estimated
    assert len(outer) == 23
    found = make_hierarchical_predictor(hierarchical, sobotta.EXACT, 1)(outer[None])
    solved = hierarchical.complete(outer[None], found.solved)[0]
    for kind, tolerance in (("scale", 1e-3), ("offset", 1e-2), ("sd", 1e-3)):
        places = [place for place, name in enumerate(whole.names) if name.startswith(f"{kind}_")]
        assert len(places) > 70
        np.testing.assert_allclose(solved[places], whole.nominal[places], atol=tolerance)
    assert 2 * (found.predicted.cost.sum() - hierarchical.slopes.sum()) == pytest.approx(-1346.7539, abs=1e-2)


def test_gradient_of_the_published_fit_is_nothing(hierarchical):
    objective = make_hierarchical_objective(hierarchical, sobotta.EXACT, 1)
    found = objective(jnp.asarray(hierarchical.outer.estimated.nominal[None]))
    assert np.max(np.abs(found.gradient)) < 0.1


@pytest.mark.slow
def test_walk_returns_to_the_published_fit(hierarchical):
    """From half a decade off in every parameter."""
    estimated = hierarchical.outer.estimated
    rng = np.random.default_rng(1)
    start = estimated.nominal + 0.5 * rng.standard_normal(len(estimated.names))
    start = np.clip(start, estimated.lower, estimated.upper)
    target = make_projected_target(hierarchical, sobotta.SEARCH)
    ended = search(target, start[None], replace(sobotta.SCHEDULE, kicks=0))
    assert 2 * (ended.cost[0] - hierarchical.slopes.sum()) < sobotta.PUBLISHED + 0.5


def test_command_prints_the_chi2(hierarchical, data_folder, capsys):
    assert sobotta.main(["--data", str(data_folder / "sobotta2017"), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["chi2"] == pytest.approx(2219.98993, abs=0.1)


def test_command_says_what_is_missing(tmp_path, capsys):
    assert sobotta.main(["--data", str(tmp_path)]) == 2
    assert "must hold published_points.csv, found none" in capsys.readouterr().err


@pytest.mark.slow
def test_half_of_ten_random_starts_reach_the_published_fit(hierarchical):
    table, _ = sobotta.run_search(hierarchical, replace(sobotta.SCHEDULE, starts=10))
    assert table["reached"].sum() >= 5
