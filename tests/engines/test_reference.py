"""The reference engine's root finder: the number of steps says whether it terminates correctly."""

import diffrax
import numpy as np
import pytest

from screen.kernel import Runs, Stepping, load_model
from screen.kernel.engines.reference import diffrax_engine


@pytest.mark.slow
def test_steps_on_bachmann_are_those_of_a_root_finder_that_terminates(data_folder):
    model = load_model(data_folder / "petab/Bachmann_MSB2011/model_Bachmann_MSB2011.xml")
    state = np.asarray(model.initial(model.values))[None]
    lane = Runs(model.values[None, None], state, np.zeros((1, 1)), np.array([[240.0]]))
    steps = {}
    for name, finder in {"ours": None, "default": diffrax.VeryChord}.items():
        options = {} if finder is None else {"root_finder": finder}
        solution = diffrax_engine(model.system, **options)(lane, Stepping())
        assert solution.status[0] == 0
        steps[name] = int(solution.accepted[0] + solution.rejected[0])
    assert 90 < steps["ours"] < 130
    assert steps["default"] > 2.5 * steps["ours"]
