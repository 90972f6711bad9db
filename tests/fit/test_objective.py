"""The log posterior of the toy problem against closed forms, the petab library and finite differences."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pandas as pd
import petab.v1 as petab
import pytest

from screen.calibration import load_problem
from screen.calibration.problem import Measurements, Values
from screen.calibration.subset import keep_measurements
from screen.fit import make_objective, make_predictor, make_sensitivity
from screen.fit import objective as objectives
from screen.fit import sensitivity as sensitivities
from screen.fit.batch import distinct_predictions
from screen.fit.objective import in_batches, posterior_cost
from screen.fit.prediction import FAILED_COST
from screen.fit.sensitivity import Sensitivity, _by_differences
from tests.toy import TIMES, TRUTH, add_columns, amount, write_problem


def at(problem, **values):
    """Scaled vector: nominal but for the linear values given."""
    scaled = dict(zip(problem.estimated.names, problem.estimated.nominal, strict=True))
    scaled |= {name: np.log10(value) for name, value in values.items()}
    return np.array([scaled[name] for name in problem.estimated.names])


@pytest.fixture(scope="module")
def predictor(toy_evaluator):
    return toy_evaluator.predict


@pytest.fixture(scope="module")
def evaluate(toy, solver):
    return make_objective(toy, solver, 2)


def test_predictions_have_the_closed_form(toy, predictor):
    found = predictor(at(toy, **TRUTH)[None])
    for row, want in toy.measurements.frame.iterrows():
        dose = float(want["simulationConditionId"].split("_")[1])
        S = amount(want["time"], dose, TRUTH["k_made"], TRUTH["k_lost"])
        expected = S if want["observableId"] == "obs_S" else np.log10(TRUTH["scale"] * S / (S + 5))
        assert found.compared[0, row] == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def pretreated(tmp_path_factory):
    """The toy problem, its first dose under the third one for 3 before time 0."""
    path = write_problem(tmp_path_factory.mktemp("pretreated"))
    times = len(TIMES)
    add_columns(path.parent, slice(0, times), pretreatmentConditionId="dose_8", pretreatmentTime="3")
    return load_problem(path)


@pytest.fixture(scope="module")
def predict_pretreated(pretreated, solver):
    return make_predictor(pretreated, solver, 1)


def test_a_pretreatment_comes_between_rest_and_time_0(pretreated, predict_pretreated, predictor):
    k_made, k_lost = TRUTH["k_made"], TRUTH["k_lost"]
    before, end = amount(3.0, 8.0, k_made, k_lost), k_made * (0.1 + 1.0) / k_lost
    S = np.array([end + (before - end) * np.exp(-k_lost * time) for time in TIMES])
    point = at(pretreated, **TRUTH)[None]
    found, plain = (predict(point).compared[0] for predict in (predict_pretreated, predictor))
    assert found[: len(TIMES)] == pytest.approx(np.log10(TRUTH["scale"] * S / (S + 5)), rel=1e-5)
    assert found[len(TIMES) :] == pytest.approx(plain[len(TIMES) :], rel=1e-7)


def test_a_condition_sets_a_state_after_a_pretreatment(predict_pretreated, tmp_path, solver):
    write_problem(tmp_path)
    add_columns(tmp_path, slice(0, len(TIMES)), pretreatmentConditionId="dose_8", pretreatmentTime="3")
    table = tmp_path / "conditions.tsv"
    starts = ("S", "", "3", "", "")
    lines = zip(table.read_text().splitlines(), starts, strict=True)
    table.write_text("\n".join(f"{line}\t{start}" for line, start in lines))
    problem = load_problem(tmp_path / "problem.yaml")
    point = at(problem, **TRUTH)[None]
    found = make_predictor(problem, solver, 1)(point).compared[0]
    others = predict_pretreated(point).compared[0]
    end = TRUTH["k_made"] * (0.1 + 1.0) / TRUTH["k_lost"]
    S = np.array([end + (3.0 - end) * np.exp(-TRUTH["k_lost"] * time) for time in TIMES])
    assert found[: len(TIMES)] == pytest.approx(np.log10(TRUTH["scale"] * S / (S + 5)), rel=1e-5)
    assert found[len(TIMES) :] == pytest.approx(others[len(TIMES) :], rel=1e-7)


def test_a_steady_state_is_measured_at_an_infinite_time(tmp_path, predictor, solver):
    path = write_problem(tmp_path)
    table = tmp_path / "measurements.tsv"
    *rows, last = table.read_text().splitlines()
    table.write_text("\n".join([*rows, last.replace("\t5\t", "\tinf\t")]) + "\n")
    problem = load_problem(path)
    point = at(problem, **TRUTH)
    found = make_predictor(problem, solver, 1)(point[None]).compared[0]
    assert found[-1] == pytest.approx(TRUTH["k_made"] * (0.1 + 2.0) / TRUTH["k_lost"], rel=1e-6)
    assert found[:-1] == pytest.approx(predictor(point[None]).compared[0, :-1], rel=1e-7)
    rows = make_sensitivity(problem, solver)(point)
    assert rows.by_value == pytest.approx(by_differences(problem, solver, point).by_value, rel=1e-2, abs=1e-2)


def test_sensitivities_reach_through_a_pretreatment(pretreated, solver):
    point = at(pretreated, k_made=0.7, k_lost=0.3)
    adjoint, differences = (
        make_sensitivity(pretreated, solver)(point),
        by_differences(pretreated, solver, point),
    )
    assert adjoint.by_value == pytest.approx(differences.by_value, rel=1e-2, abs=1e-2)
    alone = make_sensitivity(keep_measurements(pretreated, np.array([0])), solver)(point)
    assert alone.by_value[0] == pytest.approx(adjoint.by_value[0], rel=1e-6, abs=1e-9)


def test_log_likelihood_is_that_of_the_petab_library(toy, predictor):
    vectors = np.array([at(toy), at(toy, k_made=2.0, scale=20.0)])
    found = predictor(vectors)
    data = toy.measurements.frame
    is_log = data["observableId"] == "obs_scaled"
    for row, vector in enumerate(vectors):
        compared = found.compared[row]
        simulated = data.drop(columns="measurement")
        simulated["simulation"] = np.where(is_log, 10.0**compared, compared)
        table = pd.DataFrame(
            {"nominalValue": 10.0**vector, "estimate": 1, "parameterScale": "lin"},
            index=pd.Index(toy.estimated.names, name="parameterId"),
        )
        want = petab.calculate_llh(data, simulated, toy.observable_table, table)
        assert found.log_likelihood[row] == pytest.approx(want, rel=1e-9)


def test_cost_is_likelihood_and_prior(toy, evaluate, predictor):
    vectors = np.array([at(toy), at(toy, k_made=2.0)])
    cost = posterior_cost(toy, vectors, predictor(vectors))
    np.testing.assert_allclose(evaluate(jnp.asarray(vectors)).cost, cost, rtol=1e-9)
    normal = [(0.0, 0.7), (-1.0, 0.7), (-9.0, 0.3)]
    prior = sum(
        0.5 * ((x - mean) / sd) ** 2 + np.log(sd * np.sqrt(2 * np.pi))
        for x, (mean, sd) in zip(vectors[1], normal, strict=False)
    )
    assert cost[1] + predictor(vectors).log_likelihood[1] == pytest.approx(prior)


def test_gradient_matches_finite_differences(toy, evaluate):
    points = np.array([at(toy, k_made=0.8), at(toy, k_lost=0.3, scale=40.0)])
    gradient = np.asarray(evaluate(jnp.asarray(points)).gradient)
    for place in range(points.shape[1]):
        step = np.zeros(points.shape[1])
        step[place] = 1e-4
        up, down = (np.asarray(evaluate(jnp.asarray(points + sign * step)).cost) for sign in (1, -1))
        np.testing.assert_allclose(gradient[:, place], (up - down) / 2e-4, rtol=1e-4, atol=1e-3)


def test_sensitivities_by_adjoint_are_those_by_differences(toy, toy_evaluator, solver):
    point = at(toy, k_made=0.8)
    adjoint = toy_evaluator.sensitivity(point)
    differences = by_differences(toy, solver, point)
    assert np.abs(adjoint.by_value).max() > 1
    np.testing.assert_allclose(adjoint.by_value, differences.by_value, rtol=1e-2, atol=1e-2)
    np.testing.assert_array_equal(adjoint.by_noise, 0)


def by_differences(problem, solver, point):
    return Sensitivity(*(each[0] for each in _by_differences(problem, solver)(point[None], problem)))


def test_sensitivities_of_several_vectors_are_those_of_each(toy, solver, monkeypatch):
    """More vectors than go through at a time, of which one fails."""
    monkeypatch.setattr(sensitivities, "ROWS", 4 * len(toy.measurements.lane))
    sensitivity = make_sensitivity(toy, solver)
    vectors = np.stack([at(toy, k_made=made) for made in np.linspace(0.5, 0.9, 9)])
    vectors[3] = at(toy, k_blow=100.0)
    together = sensitivity(vectors)
    assert not together.ok[3].any() and together.ok[4].all()
    for place in (0, 3, 4, 8):
        for several, single in zip(together, sensitivity(vectors[place]), strict=True):
            np.testing.assert_array_equal(several[place], single)


def test_vectors_run_in_batches_of_one_size(toy, monkeypatch):
    monkeypatch.setattr(objectives, "LANES", 3 * toy.lanes)
    sizes = []

    def compiled(size: int):
        sizes.append(size)
        return lambda scaled: (scaled,)

    vectors = np.arange(14.0).reshape(7, 2)
    (found,) = in_batches(compiled, toy, vectors, 64)
    np.testing.assert_array_equal(found, vectors)
    assert sizes == [3, 3, 3]
    in_batches(compiled, toy, vectors, 2)
    assert sizes[3:] == [2, 2, 2, 2]
    monkeypatch.setattr(objectives, "LANES", toy.lanes - 1)
    in_batches(compiled, toy, vectors[:2], 64)
    assert sizes[7:] == [1, 1]


def test_vectors_do_not_see_each_other(toy, evaluate):
    good, bad = at(toy), at(toy, k_blow=100.0)
    together, alone = evaluate(jnp.asarray([bad, good])), evaluate(jnp.asarray([good, good]))
    assert together.failed.tolist() == [toy.lanes, 0]
    assert together.cost[1] == alone.cost[1]
    np.testing.assert_array_equal(together.gradient[1], alone.gradient[1])


def test_failed_solve_is_penalised_counted_and_pulls_nowhere(toy, evaluate, predictor):
    bad = at(toy, k_blow=100.0)
    found = evaluate(jnp.asarray([bad, bad]))
    assert found.failed[0] == toy.lanes
    assert found.cost[0] >= len(toy.measurements.frame) * FAILED_COST
    assert np.all(np.isfinite(found.gradient))
    assert not predictor(bad[None]).ok.any()


def test_replicates_share_one_adjoint_solve(toy, toy_evaluator, solver):
    """Twice the same measurements: the Jacobian of each copy is that of the original."""
    rows = np.repeat(np.arange(len(toy.measurements.lane)), 2)
    data = toy.measurements
    twice = replace(
        toy,
        measurements=Measurements(
            data.lane[rows], data.time_index[rows], data.frame.iloc[rows].reset_index()
        ),
        observables=tuple(
            replace(
                each,
                rows=np.sort(np.concatenate([2 * each.rows, 2 * each.rows + 1])),
                overrides=Values(
                    np.repeat(each.overrides.constant, 2, axis=0), np.repeat(each.overrides.source, 2, axis=0)
                ),
            )
            for each in toy.observables
        ),
    )
    first, place = distinct_predictions(twice)
    assert len(first) == len(toy.measurements.lane)
    np.testing.assert_array_equal(place[::2], place[1::2])
    once, doubled = toy_evaluator.sensitivity(at(toy)), make_sensitivity(twice, solver)(at(toy))
    np.testing.assert_allclose(doubled.by_value, once.by_value[rows], rtol=1e-10)
