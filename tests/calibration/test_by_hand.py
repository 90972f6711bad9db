"""Times, filled tables, priors within bounds and rows of parameters, each worked out by hand or by SciPy."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pandas as pd
import petab.v2 as petab
import polars as pl
import pytest
from scipy import stats

from screen.calibration.derive import START_SHARE, derive_parameters, scaled_prior
from screen.calibration.estimated import outside_bounds, read_parameters
from screen.calibration.petab_v2_priors import PRIORS, parameter_table
from screen.calibration.priors import DISTRIBUTIONS, Prior, must_hold, two_numbers
from screen.calibration.problem import Estimated, Values, output_times
from screen.errors import FitError

INF, NAN = np.inf, np.nan


def test_output_times_are_those_of_each_lane_and_measurements_find_their_own():
    """Of the first lane 1, 4 and 9, of the second 2 alone, repeated to the same width."""
    time, lane = np.array([4.0, 2.0, 1.0, 9.0, 4.0]), np.array([0, 1, 0, 0, 0])
    times, found = output_times(time, lane, np.zeros((2, 1)))
    assert times.tolist() == [[1.0, 4.0, 9.0], [2.0, 2.0, 2.0]] and found.tolist() == [1, 0, 0, 2, 1]
    assert times[lane, found].tolist() == time.tolist()


@pytest.mark.parametrize(
    ("own", "times"),
    [([INF], [7.0]), ([3.0, INF], [3.0, 7.0]), ([7.0, INF], [7.0]), ([9.0, INF], [9.0]), ([3.0], [3.0])],
)
def test_a_steady_state_is_found_from_the_last_time_and_not_before_the_last_phase(own, times):
    """Phases from 0, 5 and 7 on; the last of four is none."""
    found, place = output_times(np.array(own), np.zeros(len(own), int), np.array([[0.0, 5.0, 7.0, INF]]))
    assert found.tolist() == [times] and place[-1] == len(times) - 1


def test_a_unit_is_the_sd_of_a_prior_else_a_decade_an_e_fold_or_a_tenth_of_a_linear_range():
    """A prior of a linear value has its sd on the scale of the search: 0.3 around 10 is 0.03 / ln 10 of a decade."""
    scales = ("lin", "log", "log10", "lin", "log10", "log10")
    lower, upper = np.full(6, -2.0), np.array([5.0, 5.0, 5.0, 28.0, 5.0, 5.0])
    normal, linear = Prior("parameterScaleNormal", 1.0, 0.7, "log10"), Prior("normal", 10.0, 0.3, "log10")
    priors = (None, None, None, Prior("laplace", 3.0, 0.2, "lin"), normal, linear)
    estimated = Estimated(tuple("abcdef"), scales, lower, upper, np.ones(6), priors, ())
    expected = [0.7, 1.0, 1.0, 0.2, 0.7, 0.03 / np.log(10)]
    assert estimated.units == pytest.approx(expected, rel=1e-6)
    wide = replace(estimated, priors=(Prior("parameterScaleNormal", 0.0, 2.5, "lin"), *priors[1:]))
    assert wide.units == pytest.approx([2.5, *expected[1:]], rel=1e-6)


def test_a_row_is_filled_with_its_numbers_and_the_places_of_its_own_vector():
    values = Values(np.array([[5.0, NAN], [NAN, 6.0], [NAN, NAN]]), np.array([[-1, 1], [0, -1], [-1, 0]]))
    linear = jnp.array([[10.0, 20.0], [30.0, 40.0], [50.0, 60.0]])
    assert values.fill(linear, np.array([1, 0, 0])).tolist() == [[10.0, 6.0], [5.0, 40.0], [5.0, 60.0]]
    assert values.given.tolist() == [[True, True], [True, True], [False, True]]


NUMBERS = {
    "cauchy": ((2.0, 0.5), stats.cauchy(2.0, 0.5)), "chisquare": ((4.0,), stats.chi2(4.0)),
    "exponential": ((1.5,), stats.expon(scale=1.5)), "gamma": ((3.0, 0.5), stats.gamma(3.0, scale=0.5)),
    "laplace": ((2.0, 0.4), stats.laplace(2.0, 0.4)),
    "log-laplace": ((0.4, 0.7), stats.loglaplace(1 / 0.7, scale=np.exp(0.4))),
    "log-normal": ((0.4, 0.7), stats.lognorm(0.7, scale=np.exp(0.4))),
    "log-uniform": ((0.5, 4.0), stats.loguniform(0.5, 4.0)), "normal": ((2.0, 0.6), stats.norm(2.0, 0.6)),
    "rayleigh": ((1.5,), stats.rayleigh(scale=1.5)), "uniform": ((0.3, 9.0), stats.uniform(0.3, 8.7)),
}  # fmt: skip


def row_of(kind, lower, upper, nominal=1.2):
    numbers = list(NUMBERS[kind][0])
    asked = petab.Parameter(
        id="p",
        lb=lower,
        ub=upper,
        nominal_value=nominal,
        estimate=True,
        prior_distribution=kind,
        prior_parameters=numbers,
    )
    return parameter_table([asked], {"p": "here"}).loc["p"]


@pytest.mark.parametrize("kind", PRIORS)
def test_a_prior_of_petab_2_has_the_density_within_its_bounds(kind):
    row, peer = row_of(kind, 0.8, 3.0), NUMBERS[kind][1]
    inside = peer.cdf(3.0) - peer.cdf(0.8)
    prior = Prior(
        row["objectivePriorType"], *two_numbers(row["objectivePriorParameters"]), row["parameterScale"],
        row["objectivePriorMass"],
    )  # fmt: skip
    assert row["parameterScale"] == "log10"
    for value in (0.9, 1.7, 2.8):
        assert float(prior.cost(np.log10(value))) == pytest.approx(
            -np.log(peer.pdf(value) / inside), rel=1e-6
        )


@pytest.mark.parametrize("kind", ["normal", "laplace", "cauchy"])
def test_a_bound_at_infinity_lies_where_a_millionth_is_left_and_never_short_of_the_nominal_value(kind):
    peer = NUMBERS[kind][1]
    row = row_of(kind, -INF, INF)
    assert (peer.cdf(row["lowerBound"]), peer.sf(row["upperBound"])) == pytest.approx((1e-6, 1e-6), rel=1e-3)
    assert row["parameterScale"] == "lin"
    low, high = (row_of(kind, -INF, INF, nominal=value) for value in (-1e9, 1e9))
    assert (low["lowerBound"], high["upperBound"]) == (-1e9, 1e9)


@pytest.mark.parametrize(
    ("lower", "nominal", "scale"),
    [(0.1, 1.0, "log10"), (0.0, 1.0, "lin"), (0.1, 0.0, "lin"), (0.1, None, "log10")],
)
def test_a_parameter_of_petab_2_is_searched_on_a_logarithm_where_all_of_it_is_positive(lower, nominal, scale):
    asked = petab.Parameter(id="p", lb=lower, ub=5.0, nominal_value=nominal, estimate=True)
    assert parameter_table([asked], {"p": "here"}).loc["p", "parameterScale"] == scale


def test_bounds_that_are_none_are_named():
    asked = petab.Parameter(id="p", lb=0.1, ub=INF, nominal_value=1.0, estimate=True)
    with pytest.raises(
        FitError, match="here: lowerBound and upperBound must be numbers, the lower first, finite"
    ):
        parameter_table([asked], {"p": "here"})


def test_a_bound_at_infinity_needs_no_nominal_value():
    peer, row = NUMBERS["normal"][1], row_of("normal", -INF, INF, nominal=None)
    assert (row["lowerBound"], row["upperBound"]) == pytest.approx(peer.ppf([1e-6, 1 - 1e-6]))


def test_a_uniform_prior_ends_at_the_bounds_where_these_are_narrower():
    """So do the starts that are drawn from it."""
    assert two_numbers(row_of("uniform", 0.8, 3.0)["objectivePriorParameters"]) == (0.8, 3.0)
    assert two_numbers(row_of("uniform", 0.1, 99.0)["objectivePriorParameters"]) == (0.3, 9.0)


def test_what_is_not_estimated_is_a_number():
    fixed = petab.Parameter(id="p", nominal_value=2.0, estimate=False)
    table = parameter_table(
        [fixed, petab.Parameter(id="q", lb=0.1, ub=5.0, nominal_value=1.0)], {"p": "", "q": ""}
    )
    assert table["estimate"].tolist() == [0, 1] and table["nominalValue"].tolist() == [2.0, 1.0]
    endless = petab.Parameter(id="p", nominal_value=INF, estimate=False)
    with pytest.raises(FitError, match="here: nominalValue must be a finite number, found inf"):
        parameter_table([endless], {"p": "here"})


def test_bounds_that_leave_one_value_are_none():
    with pytest.raises(FitError, match="here: lowerBound and upperBound must be numbers, the lower first"):
        parameter_table([petab.Parameter(id="p", lb=1.0, ub=1.0, nominal_value=1.0)], {"p": "here"})


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
def test_numbers_of_a_prior_are_ends_in_order_or_a_width_above_0(kind):
    broken = [
        bool(must_hold(kind, *numbers))
        for numbers in ((1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (1.0, 0.0), (1.0, -1.0))
    ]
    between = "niform" in kind
    assert broken == ([False, True, True, True, True] if between else [False, False, False, True, True])


COLUMNS = ["parameterScale", "lowerBound", "upperBound", "nominalValue", "estimate"]


def test_what_is_not_named_is_in_the_middle_of_its_bounds_on_its_scale():
    rows = [
        ["log10", 0.01, 100.0, NAN, 1],
        ["lin", 2.0, 10.0, NAN, 1],
        ["log", 1.0, 9.0, 99.0, 1],
        ["lin", 0, 1, 5.0, 0],
    ]
    table = pd.DataFrame(rows, columns=COLUMNS, index=["a", "b", "c", "d"])
    estimated, fixed = read_parameters(table, dict.fromkeys("abcd", "here"))
    assert estimated.nominal == pytest.approx([0.0, 6.0, np.log(99.0)]) and fixed == {"d": 5.0}
    assert estimated.lower == pytest.approx([-2.0, 2.0, 0.0]) and estimated.upper == pytest.approx(
        [2.0, 10.0, np.log(9.0)]
    )
    assert outside_bounds(estimated) == ["c"] and estimated.priors == (None, None, None)
    start = estimated.starts[1]
    assert (start.kind, start.first, start.second) == ("parameterScaleUniform", 2.0, 10.0)
    edge = read_parameters(table.assign(nominalValue=[100.0, 2.0, 9.0, 5.0]), dict.fromkeys("abcd", "here"))[
        0
    ]
    assert outside_bounds(edge) == []


NETWORK = pl.DataFrame(
    {
        "parameter": ["k", "n", "fixed_one", "set_one"], "value": [0.1, 2.0, 1.0, 1.0],
        "prior": ["log10_normal", "normal", "fixed", "log10_normal"], "prior_sd": [0.5, 0.25, None, 0.5],
    }
)  # fmt: skip
OWN = ("parameterId", "parameterScale", "lowerBound", "upperBound", "nominalValue", "estimate", "objectivePriorType",
       "objectivePriorParameters", "initializationPriorType", "initializationPriorParameters")  # fmt: skip


def old_rows(*rows):
    return pl.DataFrame(
        [dict(zip(OWN, row, strict=True)) for row in rows], schema=dict.fromkeys(OWN, pl.String)
    )


@pytest.mark.parametrize(
    ("bounds", "kept"),
    [(None, ("0.001", "10")), (("0.05", "0.2"), ("0.05", "0.2")), (("0.1", "0.2"), ("0.001", "10")),
     (("0.05", "0.1"), ("0.001", "10"))],
)  # fmt: skip
def test_a_network_parameter_has_its_prior_and_bounds_four_sd_around_it(bounds, kept):
    """Bounds that a table has are kept while the value is inside them."""
    old = old_rows(
        *([("k", "", *bounds, *[""] * 6)] if bounds else []),
        ("scale_a", "x", *["y"] * 8),
        ("gone", *["z"] * 9),
    )
    found = derive_parameters(NETWORK, pl.DataFrame({"set_one": [1.0]}), old, {"scale_a", "k"})
    rows = {row["parameterId"]: row for row in found.iter_rows(named=True)}
    assert list(rows) == ["k", "n", "scale_a"]
    assert (rows["k"]["lowerBound"], rows["k"]["upperBound"]) == kept
    assert (rows["k"]["parameterScale"], rows["k"]["objectivePriorParameters"]) == ("log10", "-1;0.5")
    assert rows["k"]["initializationPriorParameters"] == f"-1;{START_SHARE * 0.5:g}"
    assert (rows["n"]["parameterScale"], rows["n"]["lowerBound"], rows["n"]["upperBound"]) == (
        "lin",
        "1",
        "3",
    )
    assert rows["scale_a"]["parameterScale"] == "x"
    assert scaled_prior(NETWORK.row(1, named=True)) == ("lin", 2.0, 1.0, 3.0)
