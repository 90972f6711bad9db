"""Where interventions stand, by hand: rows and weights of doses, what is read there, and which doses are the same."""

import re

import numpy as np
import pytest

from screen.errors import RankError
from screen.rank import DoseBasis, check_bases, check_request, find_cells, pools, unranked_pairs
from screen.rank.bases import BASES, Footing, Standing, place_series, place_together
from screen.rank.series import Cell, Combination, Pool, Series, potencies, same_dose
from tests.rank.worlds import AIM, scenarios

SERIES = Series("a", np.array([10.0, 100.0, 1000.0]), np.array([0, 2, 3]))
TOGETHER = Combination("a+b", ("a", "b"), (10.0, 30.0), 1, (0, -1))
NONE = Footing(Cell("liver", "default", 1.0, 0, (), ()), {}, {})


@pytest.mark.parametrize(
    ("dose", "rows", "weight", "flag"),
    [
        (10.0, (0, 0), 0.0, "tested"),
        (10.0**1.25, (0, 2), 0.25, "interpolated"),
        (10.0**2.5, (2, 3), 0.5, "interpolated"),
        (9.0, (-1, -1), 0.0, "below_tested"),
        (1001.0, (-1, -1), 0.0, "above_tested"),
        (None, (-1, -1), 0.0, "unknown"),
    ],
)
def test_a_drug_stands_at_a_row_between_two_or_nowhere(dose, rows, weight, flag):
    place = place_series(SERIES, dose)
    assert place == ("a", ("a",), (dose,), *rows, pytest.approx(weight), flag, (), ())
    assert place.known == (rows[0] >= 0)


def test_what_was_given_together_stands_at_its_row():
    assert place_together(TOGETHER) == (
        "a+b", ("a", "b"), (10.0, 30.0), 1, 1, 0.0, "tested", (0, -1), (),
    )  # fmt: skip


def test_a_genetic_change_stands_at_its_row_and_counts_as_its_parameter():
    footing = NONE._replace(cell=Cell("liver", "default", 1.0, 0, (), (), (("JAK1_total=30%", 3),)))
    (place,) = BASES["genetic"].places(footing, 0.0)
    assert place == ("JAK1_total=30%", ("JAK1_total",), (None,), 3, 3, 0.0, "tested", (), ())


def test_responses_are_read_where_interventions_stand():
    """The first row is a row; over a vehicle of 0 a ratio may be infinite, and is read as it is."""
    ratio = np.array([[[0.8, np.inf]], [[0.1, 0.2]], [[0.4, 0.3]], [[0.0, 0.1]]])
    doses = (10.0, 10.0**1.25, 1.0)
    standing = Standing((*(place_series(SERIES, dose) for dose in doses), place_together(TOGETHER)))
    found = standing.read(ratio, 0)
    assert found[:, 0] == pytest.approx([0.8, 0.75 * 0.8 + 0.25 * 0.4, np.nan, 0.1], nan_ok=True)
    assert found[0, 1] == np.inf and np.isnan(found[2, 1])
    assert standing.alone.tolist() == [[-1, -1]] * 3 + [[0, -1]]
    alone = standing.read_rows(standing.alone, ratio, 0)
    assert alone[3, 0].tolist() == [0.8, np.inf] and np.isnan(alone[3, 1]).all() and np.isnan(alone[:3]).all()


def test_drugs_by_themselves_have_one_row_of_none():
    standing = Standing((place_series(SERIES, 10.0), place_series(SERIES._replace(drug="b"), 10.0)))
    assert standing.alone.tolist() == standing.within.tolist() == [[-1], [-1]]
    assert (standing.drugs[0], standing.drugs[1].tolist()) == (("a", "b"), [[0], [1]])


def test_a_pair_of_which_one_dose_alone_is_equal_stands_on_no_equal_concentration():
    cells = find_cells(scenarios("ab", pairs=[("a", "b", 1000.0, 300.0)]))
    assert unranked_pairs((DoseBasis("equal_concentration", 1000.0),), cells) == ["a+b"]


def test_the_most_even_split_is_that_whose_doses_lie_nearest():
    """Not that whose largest dose is the smallest."""
    splits = ((400.0, 400.0, 100.0), (450.0, 250.0, 200.0))
    (cell,) = find_cells(scenarios("abc", [("a", "b", "c", *doses) for doses in splits], doses=(900.0,)))
    *_, place = BASES["equal_burden"].places(Footing(cell, {}, {}), 900.0)
    assert place.doses == splits[1]


def test_a_multiple_of_an_ic50_may_be_less_than_one():
    assert check_bases([DoseBasis("ic50_multiple", 0.5)], find_cells(scenarios("a"))) is None


@pytest.mark.parametrize(
    ("kind", "values", "name"),
    [
        ("ic50_multiple", (1.0, 1.0), "ic50_x1"),
        ("ic50_multiple", (1.0, 1.0000001), "ic50_x1"),
        ("equal_concentration", (1000.0, 1000.001), "equal_concentration_1000nM"),
        ("equal_burden", (1234567.0, 1234568.0), "equal_burden_1.23457e+06nM"),
        ("clinical", (None, None), "clinical"),
    ],
)
def test_two_bases_of_one_name_are_refused_before_anything_runs(kind, values, name):
    """Rankings are told apart by the name that is written, of six digits."""
    cells = find_cells(scenarios("a", doses=tuple(dict.fromkeys(value or 1.0 for value in values))))
    bases = [DoseBasis(kind, value) for value in values]
    assert check_bases(bases[1:], cells) is None
    with pytest.raises(
        RankError, match=f"rank.dose_bases: must be named once each, found {re.escape(name)} again"
    ):
        check_bases(bases, cells)


def test_genetic_changes_of_one_cell_suffice_for_their_basis():
    cells = (NONE.cell, Cell("skin", "default", 1.0, 0, (), (), (("JAK1_total=0", 1),)))
    assert check_bases([DoseBasis("genetic")], cells) is None


@pytest.mark.parametrize(
    ("dose", "wanted", "same"),
    [
        (1e6 * (1.0 + 0.5e-9), 1e6, True),
        (1e6 * (1.0 - 0.5e-9), 1e6, True),
        (1e6 * (1.0 + 1.5e-9), 1e6, False),
        (1e-3 * (1.0 + 0.5e-9), 1e-3, True),
        (1e-3 * (1.0 + 1.5e-9), 1e-3, False),
        (1e9 + 1.0, 1e9, True),
    ],
)
def test_doses_within_a_billionth_of_the_wanted_one_are_that_one(dose, wanted, same):
    assert bool(same_dose(dose, wanted)) == same
    assert same_dose(np.array([dose, 2.0 * dose]), wanted).tolist() == [same, False]


@pytest.mark.parametrize(("more", "fits"), [(0.5e-9, True), (-0.5e-9, True), (1.5e-9, False)])
def test_weights_add_up_to_one_within_a_billionth(more, fits):
    cells = (("liver", "one"), ("liver", "two"))
    table = scenarios("a", contexts=cells, weights={cells[0]: 0.5, cells[1]: 0.5 + more})
    if fits:
        assert [cell.weight for cell in find_cells(table)] == [0.5, 0.5 + more]
    else:
        with pytest.raises(
            RankError, match=r"weights of its hypotheses must add up to 1, found 1\.000000002"
        ):
            find_cells(table)


def test_a_cell_of_a_vehicle_alone_is_one_in_which_nothing_can_be_ranked():
    table = scenarios(())
    (cell,) = find_cells(table)
    assert (cell.weight, cell.vehicle, cell.series, cell.combinations) == (1.0, 0, (), ())
    with pytest.raises(RankError) as raised:
        check_request(table, AIM, [DoseBasis("clinical")])
    assert raised.value.problems == ("scenarios: must hold at least one intervention, found only vehicles",)


def test_a_drug_that_was_never_alone_has_no_row_alone():
    (cell,) = find_cells(scenarios("a", [("a", "b", 10.0, 10.0), ("a", "b", 20.0, 20.0)]))
    assert [(each.row, each.alone) for each in cell.combinations] == [(5, (1, -1)), (6, (-1, -1))]


def test_the_half_maximal_dose_of_a_drug_is_the_median_of_its_draws():
    """Half of the vehicle lies midway between two doses, midway between the next, and a third of the way there."""
    ratio = np.array([[1.0, 1.0, 1.0], [0.75, 1.0, 1.0], [0.25, 0.75, 0.75], [0.0, 0.25, 0.0]])[:, None]
    cell = Cell("liver", "default", 1.0, 0, (SERIES._replace(rows=np.array([1, 2, 3])),), ())
    found = potencies(Pool(cell, ratio, np.ones(3), 3), 0)["a"]
    assert found.draws == pytest.approx([1.5, 2.5, 2.0 + 1.0 / 3.0])
    assert found.median == pytest.approx(2.0 + 1.0 / 3.0)


def test_the_rows_of_a_mixture_begin_anew_with_its_vehicle():
    contexts = (("liver", "default"), ("lung", "one"), ("lung", "two"))
    table = scenarios("ab", [("a", "b", 10.0, 5.0)], contexts, (10.0, 100.0))
    *_, mixed = pools(find_cells(table), np.ones((table.height, 1, 2)))
    assert (mixed.cell.hypothesis, mixed.cell.weight, mixed.cell.vehicle) == ("mixture", 1.0, 0)
    assert mixed.cell.rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert [(each.row, each.alone) for each in mixed.cell.combinations] == [(5, (1, -1))]
    assert (mixed.each, mixed.weights.tolist(), mixed.ratio.shape) == (2, [0.5] * 4, (6, 1, 4))
