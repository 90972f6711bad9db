"""A part of a problem predicts what the whole predicts for those measurements, from fewer lanes."""

import numpy as np
import pytest

from screen.calibration import keep_conditions, keep_measurements
from screen.errors import FitError
from screen.fit import make_predictor


@pytest.mark.parametrize("rows", [[0, 3, 9, 12], [4, 5], list(range(13)), [12]])
def test_predictions_are_those_of_the_whole(toy, solver, rows):
    part = keep_measurements(toy, np.array(rows))
    vectors = toy.estimated.nominal[None]
    whole, found = make_predictor(toy, solver, 1)(vectors), make_predictor(part, solver, 1)(vectors)
    for name in ("compared", "sigma", "cost"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name)[:, rows], rtol=1e-6)
    assert part.lanes == len(set(toy.measurements.lane[rows]))
    assert part.rests.names == toy.rests.names
    assert len(part.measurements.frame) == len(rows)


def test_parts_have_digests_of_their_own(toy):
    digests = {keep_measurements(toy, np.arange(count)).digest for count in (3, 4, 13)}
    assert len(digests | {toy.digest}) == 4


def test_conditions_are_chosen_by_pattern(toy):
    part = keep_conditions(toy, "dose_[28]")
    assert part.phases[0].names == ("dose_2", "dose_8")
    with pytest.raises(FitError, match="must fit at least one that is measured, found 'dosis'"):
        keep_conditions(toy, "dosis")
