"""Which species read-outs need, and read-outs of these alone."""

import numpy as np

from tests.kernel.networks import VARIED, model_of


def test_of_observables_and_species_by_name():
    model = model_of(VARIED)
    names = lambda *wanted: {model.species[place] for place in model.needed(wanted)}  # noqa: E731
    assert names("share") == {"S", "P"}
    assert names("free") == set()
    assert names("M", "share") == {"M", "S", "P"}
    assert list(model.needed(("M", "share", "M"))) == sorted(model.needed(("share", "M")))


def test_observables_of_what_was_stored_are_those_of_all_states():
    model = model_of(VARIED)
    states = np.random.default_rng(1).random((2, 4, len(model.species)))
    parameters, times = np.tile(model.values, (2, 1, 1)), np.arange(4.0)
    stored = model.needed(("share",))
    found = model.observe(times, states[..., list(stored)], parameters, ["share"], stored)
    np.testing.assert_array_equal(found, model.observe(times, states, parameters, ["share"]))
    place = {name: at for at, name in enumerate(model.species)}
    by_hand = states[..., place["P"]] / (states[..., place["S"]] + states[..., place["P"]])
    np.testing.assert_allclose(found[..., 0], by_hand, rtol=1e-14)
