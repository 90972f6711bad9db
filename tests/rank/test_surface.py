"""Surfaces by hand: which pairs have a whole matrix, and excesses where a drug raises, does nothing or was lost."""

from types import SimpleNamespace

import numpy as np
import pytest

from screen.rank.loewe import Reference
from screen.rank.surface import EXCESSES, Surface, surface_of
from tests.rank.test_dose_curve import curve
from tests.rank.test_dose_effects import DOSES, hill, scored

NAN = np.nan
EXCESS = {each.name: each.value for each in EXCESSES}


def surface(doses, effect, alone, **more) -> Surface:
    """One pair at some doses of both; what is not said does not matter."""
    pairs = tuple(SimpleNamespace(intervention="a+b", drugs=("a", "b")) for _ in doses)
    no = np.zeros(np.shape(alone), dtype=bool)
    given = {"raises": no, "idle": no, "lost": no, "loewe": None, "curves": ()} | more
    return Surface(pairs, np.array(doses), np.array(effect), np.array(alone), **given)


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [((1.0, 2.0), (3.0, 4.0), True), ((1.0,), (1.0, 2.0, 3.0, 4.0), False), ((1.0, 2.0, 3.0, 4.0), (1.0,), False),
     ((1.0, 2.0), (3.0, 4.0, 5.0), True), ((1.0, 2.0, 5.0, 6.0), (3.0, 4.0), True)],
)  # fmt: skip
def test_a_matrix_is_two_doses_or_more_of_each_drug(first, second, whole):
    doses = [(a, b) for b in second for a in first]
    found = surface(doses, np.zeros((len(doses), 1)), np.zeros((2, len(doses), 1))).matrices
    assert len(found) == whole
    for matrix in found:
        assert [each.tolist() for each in matrix.doses] == [list(first), list(second)]
        np.testing.assert_array_equal(matrix.points, np.arange(len(doses)).reshape(len(second), -1).T)


def test_a_matrix_that_lacks_a_point_is_none():
    doses = [(1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (2.0, 3.0), (3.0, 3.0)]
    assert surface(doses, np.zeros((5, 1)), np.zeros((2, 5, 1))).matrices == []


LOEWE = {
    # both drugs: suppression alone, raises, idle, lost; that of the pair, the size of the reference; the excess
    "both suppress": ((0.3, 0.2), (0, 0), (0, 0), (0, 0), 0.6, 0.5, 0.1),
    "both raise": ((-0.5, -0.2), (1, 1), (0, 0), (0, 0), -0.5, 0.5, 0.5),
    "one raises": ((-0.5, 0.2), (1, 0), (0, 0), (0, 0), 0.1, 0.3, NAN),
    "the other raises": ((0.5, -0.2), (0, 1), (0, 0), (0, 0), 0.1, 0.3, NAN),
    "the first is idle": ((1e-4, 0.3), (0, 0), (1, 0), (0, 0), 0.4, 0.7, 0.1),
    "the first is idle, the other raises": ((1e-4, -0.4), (0, 1), (1, 0), (0, 0), -0.3, 0.7, 0.1),
    "the second is idle": ((0.2, 1e-4), (0, 0), (0, 1), (0, 0), 0.4, 0.7, 0.2),
    "the second is idle, the other raises": ((-0.4, 1e-4), (1, 0), (0, 1), (0, 0), -0.3, 0.7, 0.1),
    "both are idle": ((-1e-3, 5e-4), (1, 0), (1, 1), (0, 0), 0.1, 0.7, 0.1 - 5e-4),
    "both are idle, the other way": ((5e-4, -1e-3), (0, 1), (1, 1), (0, 0), 0.1, 0.7, 0.1 - 5e-4),
    "the first was lost": ((0.3, 0.2), (0, 0), (0, 0), (1, 0), 0.6, 0.5, NAN),
    "the second was lost": ((0.3, 0.2), (0, 0), (0, 0), (0, 1), 0.6, 0.5, NAN),
}


def test_excesses_in_every_case():
    """As draws of one point: beyond Loewe's reference, beyond the better drug and beyond independence."""
    alone, raises, idle, lost, effect, size, loewe = (
        np.array(each) for each in zip(*LOEWE.values(), strict=True)
    )
    found = surface(
        [(1.0, 1.0)], effect[None], alone.T[:, None],
        raises=raises.T[:, None] > 0, idle=idle.T[:, None] > 0, lost=lost.T[:, None] > 0,
        loewe=Reference(size[None], size[None] > 2),
    )  # fmt: skip
    np.testing.assert_allclose(EXCESS["loewe"](found)[0], loewe, atol=1e-12)
    np.testing.assert_allclose(EXCESS["hsa"](found)[0], effect - alone.max(axis=1), atol=1e-12)
    left = (1.0 - effect, 1.0 - alone)
    np.testing.assert_allclose(EXCESS["bliss"](found)[0], left[1].prod(axis=1) - left[0], atol=1e-12)
    assert np.isnan(EXCESS["zip"](found)).all()


def test_a_drug_that_was_not_run_alone_at_a_dose_has_no_effect_there():
    """The first row of the responses is a drug alone, and -1 stands for none."""
    pairs = [
        SimpleNamespace(drugs=("b", "a"), doses=(1.0, 2.0), row=2, alone=alone) for alone in ((0, 1), (-1, 0))
    ]
    ratio = np.array([[0.75], [0.5], [0.25]])
    drugs = [(["a", "b"], curve([1.0, 10.0], [[[0.1], [0.2]], [[0.3], [0.6]]], np.zeros(1)))]
    found = surface_of(SimpleNamespace(pairs=tuple(pairs)), ratio, drugs)
    assert found.effect.tolist() == [[0.75], [0.75]]
    np.testing.assert_array_equal(found.alone[..., 0], [[0.25, NAN], [0.5, 0.25]])


def test_a_partner_that_makes_a_drug_more_potent_is_an_excess_over_all_that_it_does_alone():
    """Alone it does nothing; beside any dose of it the other drug is four times as potent. ZIP from 4 x 4 doses on."""
    given = DOSES[2:6]
    pairs = scored(
        lambda a, b, _: hill(a, 10.0 if b else 40.0, 1.2, 0.9),
        doses=DOSES, matrix=[(a, b) for a in given for b in given],
    ).combinations  # fmt: skip
    gained = [hill(a, 10.0, 1.2, 0.9) - hill(a, 40.0, 1.2, 0.9) for a in pairs["dose_a_nM"]]
    assert min(gained) > 0.05
    for score in ("hsa", "bliss", "zip", "loewe"):
        assert pairs[f"excess_{score}_p50"].to_list() == pytest.approx(gained, abs=1e-4), score


def test_three_doses_are_too_few_for_potencies():
    given = DOSES[2:5]
    pairs = scored(
        lambda a, b, _: hill(a + b, 40.0), matrix=[(a, b) for a in DOSES for b in given]
    ).combinations
    assert pairs["excess_zip_p50"].null_count() == pairs.height == 24
