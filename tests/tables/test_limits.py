"""What the numbers of a column may be, in every table: the limit itself is taken, what lies beyond is not."""

from dataclasses import replace
from importlib import import_module
from math import inf, nextafter
from pkgutil import walk_packages

import polars as pl
import pytest

import screen
from screen.tables import Schema
from screen.tables.schema import find_problems

LIMITS = {
    # shares, probabilities and what is molar at most
    "[0, 1]": """
        coverage.coverage coverage.low coverage.high evidence.prior_weight evidence.posterior_weight
        decisive.p_leader effects.seen heldout.sign_accuracy heldout.three_class_accuracy
        heldout.decided_sign_accuracy heldout.coverage validation.probability validation.fact_probability
        potency.binds combinations.loewe_untested decided.p_best decided.p_best_prior decided.decided_pairs
        decided.decided_pairs_prior endings.weight scenarios.weight race.p_value race.p_adjusted hypotheses.weight
        thunor.drug1.conc thunor.drug2.conc""",
    # shares of which there must be some
    "(0, 1]": "isoboles.effect",
    # 1 - treated/vehicle: more than all of it cannot be taken, and a drug may raise it without limit
    "(-inf, 1]": """
        combinations.suppression_p05 combinations.suppression_p50 combinations.suppression_p95
        combinations.suppression_a_p50 combinations.suppression_b_p50 combinations.suppression_c_p50""",
    "(-inf, 100]": "synergyfinder.response",
    "[-1, 1]": "heldout.rank_correlation",
    # a log of a weight that is 1 at most
    "(-inf, 0]": "evidence.log_bayes_factor",
    "[0, 0]": "gdr.BackgroundValue",
    # amounts, doses, times, standard deviations
    "[0, inf)": """
        evidence.gradient_norm facts.difference profiles.rise settling.separation decisive.value
        decisive.sd decisive.swing decisive.flip_value effects.noise heldout.rmse contrasts.dose
        contrasts.minutes dynamics.dose time_courses.dose time_courses.minutes cell_potencies.minutes_of_drug
        cell_potencies.minutes targets.strength synergyfinder.conc1
        synergyfinder.conc2 gdr.Concentration gdr.Concentration_2 gdr.Concentration_3 gdr.Duration gdr.ReadoutValue
        gdr.ReferenceDivisionTime thunor.time thunor.cell.count contexts.value""",
    "(0, inf)": """
        fitted.prior_sd fitted.posterior_sd settling.dose_nM parameters.prior_sd
        combinations.dose_a_nM combinations.dose_b_nM combinations.dose_c_nM responses.dose_a_nM responses.dose_b_nM
        responses.dose_c_nM failures.dose_c_nM scenarios.dose_c_nM failures.dose_a_nM
        failures.dose_b_nM isoboles.dose_a_nM scenarios.dose_a_nM scenarios.dose_b_nM""",
    # no binding is weaker than 1 M, no dose response steeper than 20, no drug leaves more slowly than in 11 years
    "(0, 1e9]": "affinities.value_nM",
    # two numbers whose product is a dose
    "[1e-12, 1]": "drugs.fraction_unbound cell_potencies.free_fraction",
    "[1e-12, 1e9]": "drugs.cmax_nM cell_potencies.ic50_nM",
    # a log10 of a constant in nM, or an error of one; a log2 of a ratio
    "[-20, 20]": "estimates.value responses.constant",
    "[0, 20]": "discrepancy.sd estimates.sd responses.spread",
    "(0, 20]": "drugs.hill",
    # as a share of the mean, not in percent
    "(0, 5]": "drugs.cmax_cv",
    "(0, 1e5]": "drugs.half_life_h",
    "[0, 1e7]": "arms.pretreatment courses.minutes panel.pretreatment",
    # sd of log10
    "[0, 3]": "contexts.sd",
    "[1e-3, 3]": "courses.sd",
    # 1 + [ATP]/Km
    "[1, inf)": "targets.atp_shift",
    # what is counted, where nothing may be counted too, and what is numbered from 0
    "0, 1, 2 ...": """
        starts.start starts.at_bound starts.failed coverage.intervals coverage.failed evidence.failed
        decisive.draws discrepancy.effects intervals.beyond_noise contrasts.draws contrasts.failed dynamics.draws
        time_courses.draws time_courses.failed validation.failed potency.rows_in_cells combinations.draws curves.draws
        isoboles.draws responses.draw responses.draws responses.steps""",
    # what is numbered from 0 and counted up to
    "0, 1 ... 99999": "draws.draw",
    # what is counted where there is one at least
    "1, 2, 3 ...": """
        coverage.replicas facts.measurements intervals.effects heldout.effects validation.draws curves.N_conc
        endings.trajectories endings.draws failures.failed failures.draws synergyfinder.block_id race.draws""",
}  # fmt: skip


def bounds(text: str, whole: bool) -> tuple[list[float], list[float]]:
    """Values that lie at the ends of an interval, inside and outside."""
    if whole:
        first, last = int(text[0]), text.partition("... ")[2]
        beyond = [int(last) + 1] if last else []
        return [first, first + 1, int(last or 10**9)], [first - 1, *beyond]
    low, high = (float(end) for end in text[1:-1].split(","))
    inside, outside = [], []
    for end, way, closed in ((low, -inf, text[0] == "["), (high, inf, text[-1] == "]")):
        if abs(end) == inf:
            inside.append(-1e300 if way < 0 else 1e300)
        elif closed:
            inside.append(end)
            outside.append(nextafter(end, way))
        else:
            inside.append(nextafter(end, -way))
            outside.append(end)
    return inside, outside


@pytest.fixture(scope="module")
def schemas() -> list[Schema]:
    """Every schema of the package."""
    names = [
        found.name for found in walk_packages(screen.__path__, "screen.") if "__main__" not in found.name
    ]
    found = {
        id(one): one
        for name in names
        for one in vars(import_module(name)).values()
        if isinstance(one, Schema)
    }
    return list(found.values())


@pytest.mark.parametrize("interval", LIMITS)
def test_a_number_at_its_limit_is_taken_and_one_beyond_is_not(schemas, interval):
    whole = "..." in interval
    inside, outside = bounds(interval, whole)
    for name in LIMITS[interval].split():
        table, _, column = name.partition(".")
        found = [(one, c) for one in schemas for c in one.columns if (one.name, c.name) == (table, column)]
        assert found, name
        for schema, one in found:
            alone = replace(schema, columns=(one,), key=(), rules=())
            for value, wrong in [*((each, False) for each in inside), *((each, True) for each in outside)]:
                frame = pl.DataFrame({column: [value]}, schema={column: one.dtype})
                problems = [text for text in find_problems(frame, alone, "t", [1]) if "must be" in text]
                assert bool(problems) == wrong, (name, value, problems)
