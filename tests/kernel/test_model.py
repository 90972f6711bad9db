"""A model on arrays of any number of leading axes, and what makes two models the same one."""

import numpy as np
import pytest

from screen.kernel import Model, load_model
from screen.kernel import model as models
from tests.kernel.networks import model_of, sbml_of

TEXT = """compartment cell = 4; species A in cell; substanceOnly species B in cell; A = start; B = 2; start = 3;
    k = 0.5; there: A -> B; cell*k*A*(1 + time); double := 2*A + time; twice := 2*k;"""


@pytest.fixture(scope="module")
def model():
    return model_of(TEXT)


@pytest.mark.parametrize("shape", [(5,), (3, 2, 5)])
def test_formulas_are_of_the_last_axis_whatever_is_before_it(model, shape):
    place = {name: at for at, name in enumerate(model.parameters)}
    parameters = np.tile(model.values, (*shape, 1))
    parameters[..., place["start"]] = np.arange(np.prod(shape, dtype=int)).reshape(shape) + 1.0
    start = parameters[..., place["start"]]
    state = model.initial(parameters)
    assert model.species == ("A", "B") and state.shape == (*shape, 2)
    np.testing.assert_allclose(state, np.stack([start, np.full(shape, 2.0)], axis=-1))
    np.testing.assert_allclose(model.per_amount(parameters), np.tile([0.25, 1.0], (*shape, 1)))
    time = 7 * start
    slope = model.derivative(time, state, parameters)
    away = 0.5 * start * (1 + time)
    np.testing.assert_allclose(slope, np.stack([-away, 4 * away], axis=-1))
    found = model.observe(time, state, parameters, ["twice", "double"])
    np.testing.assert_allclose(found, np.stack([np.ones(shape), 2 * start + time], axis=-1))
    assert model.observe(time, state, parameters, []).shape == (*shape, 0)
    every = model.observe(time, state, parameters)
    assert every.shape == (*shape, len(model.observables))


def test_leading_axes_of_times_states_and_parameters_are_spread_over_each_other(model):
    parameters, states, times = np.tile(model.values, (2, 1, 1)), np.ones((2, 3, 2)), np.arange(3.0)
    assert model.derivative(times, states, parameters).shape == (2, 3, 2)
    assert model.observe(times, states[:, :1], parameters, ["double"]).shape == (2, 3, 1)
    assert model.observe(times, states, model.values, ["double"])[0, :, 0].tolist() == [2.0, 3.0, 4.0]


def test_rates_that_move_with_time_are_known(model):
    assert model.moves_with_time and not model_of("x' = -k*x; x = 1; k = 1;").moves_with_time


def test_models_are_the_same_where_their_networks_are(model, tmp_path):
    same, other = Model(model.system, tmp_path), model_of("x' = -k*x; x = 1; k = 1;")
    assert same == model and hash(same) == hash(model) and same != other
    assert model != model.digest and model != model.system


def test_a_model_is_kept_in_the_folder_that_is_given_or_else_in_the_usual_one(tmp_path, monkeypatch):
    text = sbml_of("x' = -k*x; x = 1; k = 1;")
    monkeypatch.setattr(models, "cache_folder", lambda: tmp_path / "usual")
    assert load_model(text, tmp_path / "own").cache == tmp_path / "own"
    assert load_model(text).cache == tmp_path / "usual"
    assert [len(list(tmp_path.glob(f"{name}/networks/*.json"))) for name in ("own", "usual")] == [1, 1]


def test_species_that_stay_small_are_said_and_how_small(tmp_path, capsys):
    text = "species A, B; A = 2; B = {}; a: A -> ; 0.1*A; b: B -> ; 0.1*B;"
    load_model(sbml_of(text.format(1)), tmp_path)
    assert capsys.readouterr().err == ""
    load_model(sbml_of(text.format(1e-4)), tmp_path)
    said = "1 species stay small, their absolute tolerance is down to 0.0001 of what is asked"
    assert said in capsys.readouterr().err
