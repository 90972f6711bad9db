"""Every column of the ranked table against draws of a known spread, each number made here from the formula alone."""

import re
from dataclasses import replace

import numpy as np
import pytest

from screen.rank import DoseBasis, rank, ranked_schema, sets_schema
from tests.rank.worlds import AIM, RANKED, READOUTS, Readout, drug_table, responses, scenarios, uneven

DRAWS = 41
DRUGS = "abcdefg"
DOSES = np.array([10.0, 100.0, 500.0, 1000.0, 10000.0])
SPREAD = np.random.default_rng(3).permuted(np.tile(np.linspace(-0.9, 0.9, DRAWS), (len(DRUGS), 1)), axis=1)
HALF = {drug: 10.0 ** (2.1 + 0.15 * at + (0.5 + 0.05 * at) * SPREAD[at]) for at, drug in enumerate(DRUGS)}
"""Half-maximal doses [draws] of each drug, in its own order of draws."""

SIDE = {"pS727": 2.0, "pERK": -1.0, "pAKT": 0.3}
"""log2 of treated/vehicle in draw 0 at 20 min; later and in other draws it is another."""

READ = (*READOUTS, Readout("pERK_3h", "pERK", 180.0), Readout("pAKT_24h", "pAKT", 1440.0))


def value(scenario: dict, draw: int, readout: str) -> float:
    loads = [
        scenario[f"dose_{part}_nM"] / HALF[scenario[f"drug_{part}"]][draw]
        for part in "ab"
        if scenario[f"drug_{part}"]
    ]
    if readout.startswith("pY705"):
        return uneven(draw) / (1.0 + sum(loads))
    observable, when = readout.split("_")
    change = side_change(observable, draw) + {"20min": 0.0, "3h": 5.0, "24h": 9.0}[when]
    return 0.4 * 2.0 ** (change if loads else 0.0)


def side_change(observable: str, draw: int) -> float:
    return SIDE[observable] + 0.01 * (draw * 7 % DRAWS)


def ratio(drug: str, dose: float) -> np.ndarray:
    return 1.0 / (1.0 + dose / HALF[drug])


def log10_half_dose(drug: str) -> np.ndarray:
    """Read between tested doses, linear in log10 dose."""
    curves = np.stack([ratio(drug, dose) for dose in DOSES])
    return np.array([np.interp(-0.5, -curve, np.log10(DOSES)) for curve in curves.T])


@pytest.fixture(scope="module")
def found():
    table = scenarios(DRUGS, pairs=[("a", "b", 500.0, 500.0)], doses=tuple(DOSES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.rank.worlds.READOUTS", READ)
        read = responses(table, value, draws=DRAWS)
    bases = [DoseBasis("equal_burden", 1000.0)]
    return rank(read, table, drug_table(DRUGS), aim=replace(AIM, readouts=READ), dose_bases=bases)


def of(found, intervention: str, readout: str = "pY705_20min") -> dict:
    (row,) = [
        row
        for row in found.iter_rows(named=True)
        if (row["intervention"], row["readout"]) == (intervention, readout)
    ]
    return row


PAIR = 1.0 / (1.0 + 500.0 / HALF["a"] + 500.0 / HALF["b"])
SUPPRESSION = {**{drug: 1.0 - ratio(drug, 1000.0) for drug in DRUGS}, "a+b": 1.0 - PAIR}
ALONE = np.stack([ratio("a", 500.0), ratio("b", 500.0)])
KNOWN = {
    "suppression": ("a", SUPPRESSION["a"]),
    "log2_ratio": ("a", np.log2(ratio("a", 1000.0))),
    "ic50": ("a", 10.0 ** log10_half_dose("a")),
    "excess_single": ("a+b", ALONE.min(axis=0) - PAIR),
    "excess_bliss": ("a+b", ALONE.prod(axis=0) - PAIR),
    **{
        f"{name}_change": ("c", np.array([side_change(name, draw) for draw in range(DRAWS)]))
        for name in ("pS727", "pERK", "pAKT")
    },
}
"""What a column is the quantile of: of which intervention, in every draw."""

PLACES = {name: 1 + sum(other > SUPPRESSION[name] for other in SUPPRESSION.values()) for name in SUPPRESSION}
"""Rank in every draw; no two are level."""


def quantile_columns() -> dict[str, tuple[str, float]]:
    """Column -> what it is the quantile of, and which share of draws lies below."""
    columns = {}
    for column in RANKED.columns:
        base, mark, share = column.name.removesuffix("_nM").removesuffix("_bare").partition("_p")
        if column.name == "ic50_nM":
            columns[column.name] = ("ic50", 0.5)
        elif mark and share.isdigit() and base != "rank":
            columns[column.name] = (base, int(share) / 100)
    return columns


def test_every_quantile_has_its_known_draws():
    assert {base for base, _ in quantile_columns().values()} == set(KNOWN)
    assert {share for _, share in quantile_columns().values()} == {0.05, 0.5, 0.95}


@pytest.mark.parametrize("column", quantile_columns())
def test_a_quantile_is_that_of_the_known_draws(found, column):
    base, share = quantile_columns()[column]
    intervention, draws = KNOWN[base]
    scale = np.log10 if base == "ic50" else np.asarray
    wanted, beside = np.quantile(scale(draws), [share, share + 0.02 if share < 0.9 else share - 0.02])
    assert scale(of(found, intervention)[column]) == pytest.approx(wanted, abs=1e-6)
    assert abs(wanted - beside) > 1e-4  # another quantile would show


@pytest.mark.parametrize(("goal", "most"), [("lower", 1.0), ("raise", None)])
def test_an_effect_is_at_most_all_of_the_vehicle_where_it_is_to_fall(goal, most):
    """Three times as much of what is to rise is an effect of 2; nothing falls by more than all of it."""
    limits = {column.name: column.maximum for column in ranked_schema(replace(AIM, goal=goal)).columns}
    effects = [name for name in limits if name.startswith(("suppression", "rise"))]
    assert len(effects) > 5 and {limits[name] for name in effects} == {most}


LIMITS = {
    r"(rank|rank_p05|rank_p95)(_bare)?": "[1, inf)",
    r"(p_best|p_top5)(_bare)?": "[0, 1]",
    r"suppression_(p05|p50|p95|mean|least_p05|least_p50|least_p95)(_bare)?": "(-inf, 1]",
    r"expected_regret|draws|failed": "[0, inf)",
    r"dose_._nM|ic50(_p05|_p95)?_nM": "(0, inf)",
}
"""What numbers a column may hold, by its name: places from 1, shares, effects of all at most, counts, doses."""


@pytest.mark.parametrize("schema", [RANKED, sets_schema(AIM)], ids=lambda schema: schema.name)
def test_columns_take_the_numbers_that_there_can_be(schema):
    limits = {}
    for column in schema.columns:
        low = "(0" if column.positive else "(-inf" if column.minimum is None else f"[{column.minimum}"
        limits[column.name] = f"{low}, {'inf)' if column.maximum is None else f'{column.maximum}]'}"
    known = {
        name: next((held for names, held in LIMITS.items() if re.fullmatch(names, name)), "(-inf, inf)")
        for name in limits
    }
    assert limits == known and set(LIMITS.values()) <= {*known.values(), "(-inf, inf)", "(0, inf)"}


def test_the_mean_is_no_median(found):
    mean, median = SUPPRESSION["a"].mean(), np.median(SUPPRESSION["a"])
    assert of(found, "a")["suppression_mean"] == pytest.approx(mean) and abs(mean - median) > 1e-3


@pytest.mark.parametrize("intervention", SUPPRESSION)
def test_ranks_are_those_of_the_draws(found, intervention):
    row, places = of(found, intervention), PLACES[intervention]
    low, high = np.quantile(places, [0.05, 0.95], method="inverted_cdf")
    for suffix in ("", "_bare"):
        assert row[f"p_best{suffix}"] == pytest.approx(np.mean(places == 1))
        assert row[f"p_top5{suffix}"] == pytest.approx(np.mean(places <= 5))
        assert (row[f"rank_p05{suffix}"], row[f"rank_p95{suffix}"]) == (
            min(low, row["rank"]),
            max(high, row["rank"]),
        )


@pytest.mark.parametrize("intervention", SUPPRESSION)
def test_the_regret_is_what_the_best_of_each_draw_does_beyond_it(found, intervention):
    best = np.max(list(SUPPRESSION.values()), axis=0)
    wanted = np.mean(best - SUPPRESSION[intervention])
    assert of(found, intervention)["expected_regret"] == pytest.approx(wanted)


def test_the_first_place_is_shared_by_the_fewest_that_hold_nine_draws_of_ten(found):
    shares = {name: np.mean(places == 1) for name, places in PLACES.items()}
    likely = sorted(shares, key=lambda name: -shares[name])
    held = np.cumsum([shares[name] for name in likely])
    wanted = likely[: int(np.argmax(held >= 0.9)) + 1]
    assert len(wanted) > 1
    for name in shares:
        assert of(found, name)["first_place"] == ("undecided" if name in wanted else "no")


def test_four_or_six_places_would_be_other_shares():
    shares = {most: [np.mean(places <= most) for places in PLACES.values()] for most in (4, 5, 6)}
    assert shares[4] != shares[5] != shares[6]


def test_interventions_are_in_the_order_of_their_median_rank(found):
    first = found.filter(readout="pY705_20min")
    medians = [np.median(PLACES[name]) for name in first["intervention"]]
    assert first["rank"].to_list() == list(range(1, len(PLACES) + 1))
    assert medians == sorted(medians) and len(set(medians)) > 4


def test_a_change_beside_is_taken_at_the_time_or_the_last_before_it(found):
    changes = {name: np.median([side_change(name, draw) for draw in range(DRAWS)]) for name in SIDE}
    early, late = of(found, "c"), of(found, "c", "pY705_3h")
    for name, change in changes.items():
        later = 5.0 if name == "pERK" else 0.0
        assert early[f"{name}_change_p50"] == pytest.approx(change)
        assert late[f"{name}_change_p50"] == pytest.approx(change + later)
