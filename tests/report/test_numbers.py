"""Numbers and words of the page one by one: where statistics are drawn, what travels, what is counted and left out."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from screen.report import selection, table, validation, writing
from screen.report.findings import Findings
from screen.report.labels import NO_LABELS, Labels, capital, readout_label, time_label
from screen.report.pairs import pair_matrices
from screen.report.selection import Curve, View, cell_names, headline_view, heat_of, leaders
from screen.report.summary import _stimulus, _weight, failures, mark_counts
from screen.report.summary import decisive as deciding
from tests.rank.worlds import AIM

TWO, LOW, HIGH = (2.0, 4.0), (2.0, None), (None, 4.0)


@pytest.mark.parametrize(
    ("bounds", "value", "place"),
    [
        (TWO, 2.0, 0.0), (TWO, 3.5, 0.75), (TWO, 4.0, 1.0), (TWO, 5.0, 1.5), (TWO, 9.0, 2.0), (TWO, 1.0, -0.5),
        (TWO, -9.0, -1.0), ((3.0, 3.0), 3.0, 0.5), (TWO, None, None), (LOW, 2.0, 0.0), (LOW, 3.0, 0.5), (LOW, 8.0, 2.0),
        (LOW, 1.5, -0.25), ((0.0, None), 0.25, 0.25), ((-2.0, None), -1.0, 0.5), (HIGH, 4.0, 1.0), (HIGH, 3.0, 0.75),
        (HIGH, 6.0, 1.5), ((None, 0.0), -0.25, 0.75), ((None, -4.0), -5.0, 0.75), (HIGH, 100.0, 2.0),
    ],
)  # fmt: skip
def test_what_passes_is_drawn_from_0_to_1_and_what_lies_far_off_a_band_beside_it(bounds, value, place):
    """Between two bounds by the share of the way, beside one in units of that one, of 1 where it is 0."""
    found = validation._position(dict(zip(("low", "high"), bounds, strict=True)), value)
    assert found == (None if place is None else pytest.approx(place))


@pytest.mark.parametrize(
    ("bounds", "passes"), [(TWO, "2 to 4"), (LOW, "≥ 2"), (HIGH, "≤ 4"), ((0.0, 0.12345), "0 to 0.123")]
)
def test_a_check_says_its_statistic_its_interval_and_what_passes(bounds, passes):
    row = {"statistic": "ratio", "low": bounds[0], "high": bounds[1], "p05": 0.5, "p50": 1.2345, "p95": None}
    assert validation._numbers(row) == f"ratio 1.23 [0.5, –]; {passes}"


def test_a_statement_of_62_letters_is_shown_and_a_longer_one_ends_in_dots():
    long = validation._label({"statement": "x" * 62, "fact": "V1"})
    assert long == "x" * 62 + "   V1"
    assert validation._label({"statement": "y" * 63, "fact": "V1"}) == "y" * 61 + "…   V1"
    assert validation._label({"statement": "y" * 60 + "   z", "fact": "V1"}) == "y" * 60 + "…   V1"


def test_facts_are_counted_by_their_weakest_check_and_those_not_kept_are_listed():
    rows = [
        ("V2", "score", "two", 0.9, 0.4, False), ("V2", "score", "two", 0.4, 0.4, False),
        ("V1", "gate", "one", 1.0, 1.0, True), ("V3", "score", "three", 0.95, 0.95, True),
        ("V0", "score", "zero", 0.1, 0.1, False), ("V9", "gate", "nine", 0.2, 0.2, False),
    ]  # fmt: skip
    columns = ("fact", "tier", "statement", "probability", "fact_probability", "fact_passes")
    found = validation.panel_summary(pl.DataFrame(rows, schema=columns, orient="row"))
    assert found["line"] == "Gates: 1 of 2; scores: 1 of 3"
    assert [(fact, tier) for fact, tier, *_ in found["missed"]] == [
        ("V9", "gate"),
        ("V0", "score"),
        ("V2", "score"),
    ]
    assert [share.replace("\u00a0", " ") for *_, share in found["missed"]] == ["20 %", "10 %", "40 %"]


EXACT = {
    **dict.fromkeys(("p_best", "p_top5", "expected_regret"), 0.1235),
    **{f"suppression_{part}": 0.1235 for part in ("p05", "p50", "p95", "p05_bare", "p95_bare")},
    **dict.fromkeys(("excess_bliss_p50", "pERK_change_p50"), 0.12),
    **dict.fromkeys(("dose_a_nM", "dose_b_nM", "dose_c_nM", "rank", "rank_p05", "rank_p95"), 0.1235),
    **dict.fromkeys(("ic50_nM", "ic50_p05_nM", "ic50_p95_nM"), 0.123),
    **dict.fromkeys(("draws", "failed"), 0.123457),
}
"""Column -> what travels of 0.123456789."""


def test_numbers_travel_as_short_as_they_are_read():
    """Fractions to a hundredth of a percent, logs and points to 2 decimals, doses and ranks to 4 digits."""
    names = {name: ["b", None] for name in table.NAMES}
    numbers = {name: [0.123456789, 1234567.0] for name in EXACT}
    found = table._columns(pl.DataFrame({"view": [0, 1], "cell": [2, 0], **names, **numbers}))
    assert set(found["columns"]) == {"view", "cell", *table.NAMES, *EXACT}
    assert {name: values[0] for name, values in found["columns"].items() if name in EXACT} == EXACT
    assert (found["columns"]["view"], found["columns"]["cell"]) == ([0, 1], [2, 0])
    assert found["columns"]["dose_a_nM"][1] == found["columns"]["rank"][1] == 1235000
    assert (found["columns"]["ic50_nM"][1], found["columns"]["draws"][1]) == (1230000, 1234570)
    assert found["columns"]["p_best"][1] == 1234567 and isinstance(found["columns"]["p_best"][1], int)
    assert found["names"]["route"] == ["", "b"] and found["columns"]["route"] == [1, 0]


def test_shares_are_whole_percents_and_whole_numbers_have_no_point():
    assert table._percents([0.126, None, 1.0, -0.5]) == [13, None, 100, -50]
    assert [repr(each) for each in table._short([3.0, 2.5, None])] == ["3", "2.5", "None"]


@pytest.mark.parametrize(
    ("median", "moves"),
    [
        ([1.0, 0.75], True), ([1.0, 1.25], True), ([1.0, 0.76], False), ([0.75, 1.0, None], True), ([0.1], False),
        ([None, 0.1], False), ([1.0, 1.24], False),
    ],
)  # fmt: skip
def test_a_curve_travels_where_two_doses_are_there_and_one_moves_what_is_ranked(monkeypatch, median, moves):
    """Here by a quarter of the vehicle, up or down."""
    monkeypatch.setattr(table, "NOTICED", 0.25)
    assert table._moves(Curve([1.0] * len(median), median, median, median)) == moves


def test_pairs_are_shown_that_were_given_at_several_doses_of_both():
    """More than two combinations; an excess is sure where its interval leaves 0 out."""
    head = {"context": "hepg2", "hypothesis": "default", "readout": "early", "drug_c": None}
    none = {f"excess_{name}_{part}": None for name in ("bliss", "loewe") for part in ("p05", "p50", "p95")}
    sure = {"excess_bliss_p05": 0.01, "excess_bliss_p50": 0.1234, "excess_bliss_p95": 0.2}
    unsure = {"excess_loewe_p05": -0.01, "excess_loewe_p50": 0.0, "excess_loewe_p95": 0.02}
    level = {"excess_loewe_p05": 0.0, "excess_loewe_p50": 0.01, "excess_loewe_p95": 0.5}
    below = {"excess_loewe_p05": -0.3, "excess_loewe_p50": -0.2, "excess_loewe_p95": -0.1}

    def rows(name, doses, *of):
        return [
            head
            | none
            | {"intervention": name, "dose_a_nM": a, "dose_b_nM": b, "suppression_p50": 0.5678}
            | each
            for (a, b), each in zip(doses, [*of, *[{}] * len(doses)], strict=False)
        ]

    listed = [
        *rows("a+b", [(1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (2.0, 2.0)], sure | unsure, sure | below, level),
        *rows("a+c", [(1.0, 1.0), (2.0, 2.0)]),
        *rows("a+d", [(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]),
        *rows("c+d", [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]),
    ]
    kinds = dict.fromkeys(none, pl.Float64)
    findings = SimpleNamespace(
        combinations=pl.DataFrame(listed, schema_overrides=kinds),
        aim=AIM,
        cells=[("lung", "x"), ("hepg2", "default")],
    )
    nothing, found = pair_matrices(findings, ["early"])["early"]
    assert nothing == {} and list(found) == ["a+b", "c+d"]
    assert found["a+b"] == [
        [1.0, 1.0, 56.8, 12.3, True, 0.0, False], [1.0, 2.0, 56.8, 12.3, True, -20.0, True],
        [2.0, 1.0, 56.8, None, False, 1.0, False], [2.0, 2.0, 56.8, None, False, None, False],
    ]  # fmt: skip
    findings.aim = replace(AIM, goal="raise")
    assert pair_matrices(findings, ["early"]) == {}


def ranked(*rows: tuple) -> pl.DataFrame:
    """Rows (context, hypothesis, intervention, class, suppression 5, 50, 95 %, rank) of one view."""
    names = ("context", "hypothesis", "intervention", "drug_classes", "suppression_p05", "suppression_p50",
             "suppression_p95", "rank")  # fmt: skip
    frame = pl.DataFrame(list(rows), schema=names, orient="row")
    fixed = {"readout": pl.lit("early"), "dose_basis": pl.lit("basis")}
    pair = pl.when(pl.col("intervention").str.contains("+", literal=True)).then(1.0)
    return frame.with_columns(**fixed, dose_b_nM=pair)


VIEW = View("early", "basis")
CELLS = ranked(
    ("liver", "default", "a", "JAK", 0.5, 0.6, 0.7, 1), ("liver", "default", "b", "MEK", -0.1, 0.05, 0.2, 3),
    ("liver", "default", "c", "JAK", 0.7, 0.8, 0.9, 2), ("liver", "default", "d", "MEK", 0.0, 0.125, 0.2, 4),
    ("liver", "default", "a+b", "JAK+MEK", 0.9, 0.9, 0.9, 1), ("liver", "default", "e", "MEK", -0.5, -0.4, -0.3, 5),
    ("blood", "mixture", "a", "JAK", 0.1, 0.2, 0.3, 1), ("blood", "x", "a", "JAK", 0.1, 0.3, 0.4, 1),
    ("blood", "x", "f", "JAK", 0.9, 0.9, 0.9, None),
)  # fmt: skip


def test_the_heat_map_has_drugs_that_move_something_by_class_and_size(monkeypatch):
    """Pairs and what has no rank have no row; what may be nothing is said to be unsure, level with 0 too."""
    monkeypatch.setattr(selection, "NOTICED", 0.125)
    late = CELLS.with_columns(readout=pl.lit("late"), suppression_p50=pl.lit(0.99))
    other = CELLS.with_columns(dose_basis=pl.lit("other"), suppression_p50=pl.lit(0.98))
    found = heat_of(pl.concat([late, CELLS, other]), VIEW, NO_LABELS)
    assert found.cells == [("blood", "x"), ("blood", "mixture"), ("liver", "default")]
    assert (found.drugs, found.classes) == (["c", "a", "d", "e"], ["JAK", "JAK", "MEK", "MEK"])
    nan = np.nan
    np.testing.assert_array_equal(
        found.suppression, [[nan, nan, 0.8], [0.3, 0.2, 0.6], [nan, nan, 0.125], [nan, nan, -0.4]]
    )
    assert found.unsure.tolist() == [[False] * 3, [False] * 3, [False, False, True], [False] * 3]


def test_cells_stand_in_the_order_of_their_labels_others_by_name_the_mixture_last():
    labels = Labels({"context": {"liver": {"title": "Liver"}, "zebra": {"title": "Z"}}})
    table = pl.DataFrame(
        [("blood", "x"), ("apple", "default"), ("zebra", "mixture"), ("zebra", "y"), ("liver", "default"),
         ("blood", "mixture"), ("zebra", "x")],
        schema=("context", "hypothesis"), orient="row",
    )  # fmt: skip
    assert cell_names(table, labels) == [
        ("liver", "default"), ("zebra", "x"), ("zebra", "y"), ("zebra", "mixture"), ("apple", "default"),
        ("blood", "x"), ("blood", "mixture"),
    ]  # fmt: skip


def test_the_headline_is_the_first_view_that_ranks_pairs_else_the_first():
    rows = [("early", "alone", None), ("early", "both", None), ("late", "both", 1.0), ("early", "both", 1.0)]
    table = pl.DataFrame(rows, schema=("readout", "dose_basis", "dose_b_nM"), orient="row")
    assert headline_view(table) == View("late", "both")
    assert headline_view(table[:2]) == View("early", "alone")


def test_leaders_are_those_who_hold_the_first_place_likeliest_first_then_by_rank():
    rows = [
        {"first_place": held, "p_best": share, "rank": rank}
        for held, share, rank in [
            ("undecided", 0.2, 3),
            ("no", 0.9, 1),
            ("undecided", 0.5, 4),
            ("undecided", 0.2, 2),
        ]
    ]
    assert [(row["p_best"], row["rank"]) for row in leaders(rows)] == [(0.5, 4), (0.2, 2), (0.2, 3)]


def cells_of(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=("context", "kind", "parameter", "value", "unit"), orient="row")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a", "stimulus", "IL6_dose", 10.0, "ng_per_mL"), ("a", "stimulus", "EGF_dose", 0.5, "nM")],
         "Stimulus: IL6 10 ng/mL, EGF 0.5 nM."),
        ([("b", "stimulus", "IL6_dose", 10.0, "nM"), ("a", "total", "STAT3_total", 9.0, "nM")],
         "No stimulus; time runs from the addition of the drug."),
        ([("a", "timing", "preincubation_min", 0.5, "min")],
         "No stimulus; time runs from the addition of the drug; drug 0.5 min before."),
        ([("a", "timing", "preincubation_min", 0.0, "min"), ("a", "timing", "washout_min", 7.0, "min"),
          ("a", "total", "preincubation_min", 8.0, "min"), ("b", "timing", "preincubation_min", 9.0, "min")],
         "No stimulus; time runs from the addition of the drug."),
    ],
)  # fmt: skip
def test_a_cell_says_its_stimulus_and_how_long_drugs_come_before(rows, said):
    assert _stimulus(SimpleNamespace(contexts=cells_of(*rows), labels=NO_LABELS), "a") == said
    assert _stimulus(SimpleNamespace(contexts=None, labels=NO_LABELS), "a") == ""


def test_weights_are_said_where_there_are_several_hypotheses():
    rows = [
        ("a", "x", 0.25),
        ("a", "y", 0.75),
        ("b", "default", 1.0),
        ("a", "x", 0.25),
        ("c", "x", 0.1),
        ("c", "z", 0.9),
    ]
    endings = pl.DataFrame(rows, schema=("context", "hypothesis", "weight"), orient="row")
    findings = SimpleNamespace(endings=endings, labels=NO_LABELS)
    assert _weight(findings, ("a", "x")) == "Prior weight of this hypothesis: 0.25."
    assert _weight(findings, ("a", "mixture")).startswith("The draws of y 0.75, x 0.25, each counting")
    assert _weight(findings, ("b", "default")) == ""


def test_what_would_tell_hypotheses_apart_is_what_one_lets_work_and_the_others_do_not(monkeypatch):
    """By the gap to the best of the others, the three widest; in points, pairs and what has no rank left out."""
    monkeypatch.setattr("screen.report.summary.NOTICED", 0.25)
    sizes = {
        "a": (0.9, 0.1),
        "b": (0.75, 0.5),
        "c": (0.7, 0.5),
        "d": (0.2, 0.8),
        "e": (0.8, 0.1),
        "f": (0.99, 0.2),
    }
    rows = [
        ("liver", which, name, "JAK", 0.0, size, 1.0, None if name == "f" and which == "y" else 1)
        for name, both in sizes.items()
        for which, size in zip("xy", both, strict=True)
    ]
    rows += [("liver", which, "a+b", "JAK", 0.0, size, 1.0, 1) for which, size in (("x", 0.9), ("y", 0.0))]
    rows += [
        ("liver", "mixture", "a", "JAK", 0.0, 0.5, 1.0, 1),
        ("blood", "default", "a", "JAK", 0.0, 0.5, 1.0, 1),
    ]
    findings = Findings(ranked(*rows), pl.DataFrame(), pl.DataFrame(), AIM)
    monkeypatch.setattr(Findings, "view", VIEW)
    [(context, lines)] = deciding(findings)
    assert context == "liver"
    assert [(name, points) for name, _, points in lines] == [
        ("a", "80"),
        ("e", "70"),
        ("b", "25"),
        ("d", "60"),
    ]
    assert lines[0][1].replace("\u00a0", " ") == "90 % if x; 10 % if y"


def test_what_failed_is_counted_by_cell_of_all_trajectories_of_that_cell():
    rows = [("a", "x", "ok", 90), ("a", "x", "retried", 7), ("a", "x", "max_steps", 3), ("a", "y", "max_steps", 50),
            ("b", "x", "non_finite", 60)]  # fmt: skip
    endings = pl.DataFrame(rows, schema=("context", "hypothesis", "status", "trajectories"), orient="row")
    findings = SimpleNamespace(endings=endings, labels=NO_LABELS, cells=[("a", "x")])
    assert failures(findings) == [("A, if x", "retried", 7, 100), ("A, if x", "max_steps", 3, 100)]


def test_values_are_counted_by_where_they_come_from():
    table = pl.DataFrame({"mark": ["read", "assumed", "read", "input", "memory"]})
    assert list(mark_counts(table).values()) == [2, 1, 1]
    assert list(mark_counts(table))[1:] == ["from memory, source not read", "assumed"]


def test_a_figure_of_the_fit_is_taken_up_to_its_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "LARGEST_FIT", 10)
    (tmp_path / "a_b.svg").write_text("x" * 10)
    (tmp_path / "c.svg").write_text("x" * 11)
    (tmp_path / "d.txt").write_text("x")
    (first, second) = writing._fits(tmp_path)
    assert first["caption"] == "A b." and first["image"]
    assert second == {
        "image": "",
        "caption": "c.svg is too large for this page; it lies in the folder of the fit.",
    }
    assert writing._fits(None) == writing._models(None) == writing._models(tmp_path) == []


def test_facts_count_contexts_cells_interventions_and_failures():
    given = pl.DataFrame(
        [("a", "a", None, None), ("a", "a", None, None), ("b", "b", None, None), ("a+b", "a", "b", None),
         ("a+b+c", "a", "b", "c")],
        schema=dict.fromkeys(("intervention", "drug_a", "drug_b", "drug_c"), pl.String), orient="row",
    )  # fmt: skip
    rows = [("x", "default", "ok", 1200, 8), ("y", "p", "max_steps", 30, 8), ("y", "q", "retried", 4, 8)]
    endings = pl.DataFrame(
        rows, schema=("context", "hypothesis", "status", "trajectories", "draws"), orient="row"
    )
    found = writing._facts(SimpleNamespace(responses=given, endings=endings))
    assert found == [
        ("2", "contexts"), ("3", "cells: context and hypothesis"), ("2", "drugs"), ("1", "pairs"), ("1", "triples"),
        ("8", "parameter draws"), ("1\u202f234", "trajectories"), ("30", "failed"),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [False, True])
def test_what_to_bear_in_mind_follows_from_what_there_is(wrong):
    """What is left out, what intervals hold, hypotheses in dispute, assumed parameters, drugs without a dose."""
    rows = [
        ("a", "basis", "unknown"),
        ("b", "basis", "unknown"),
        ("a", "basis", "unknown"),
        ("c", "basis", "tested"),
    ]
    table = pl.DataFrame(rows, schema=("intervention", "dose_basis", "dose_flag"), orient="row").with_columns(
        suppression_p95=pl.Series([0.5, None, 0.5, 0.75 if wrong else 0.5]),
        suppression_p95_bare=pl.Series([0.5, None, 0.5, 0.5]),
    )
    marks = ["assumed", "memory", "memory", "read", "measured", "fixed"]
    findings = SimpleNamespace(
        endings=pl.DataFrame({"draws": [8, 8]}), ranked=table, words=("pY705", writing_goal()),
        provenance={"left_out": ["the fit"]}, cells=[("a", "default"), ("b", "x")],
        parameters=pl.DataFrame({"mark": marks}),
    )  # fmt: skip
    said = writing._caveats(findings)
    assert said[0] == "Left out: the fit."
    assert [("network gets wrong about" in each, "is not counted" in each) for each in said].count(
        (wrong, not wrong)
    ) == 1
    assert "are those of 8 parameter draws" in said[2]
    assert said[-2:] == [
        "3 of 5 network parameters are assumed or from memory.",
        "On the basis basis, 2 drugs have no known dose and no rank.",
    ]
    assert said[-3].startswith("Hypotheses in dispute")
    findings.cells, findings.provenance, findings.parameters = [("a", "default")], None, None
    assert not any(
        each.startswith(("Hypotheses", "Left out")) or "assumed" in each
        for each in writing._caveats(findings)
    )


def writing_goal():
    from screen.report.words import GOALS

    return GOALS["lower"]


def test_names_are_shown_by_their_labels_and_else_as_they_are():
    rows = {
        "context": {"npm1": {"title": "NPM1"}},
        "ligand": {"IL6": {"title": "IL-6"}},
        "observable": {"p": {"title": "P"}},
    }
    labels = Labels(rows)
    assert (labels.context("npm1"), labels.context("my_cell")) == ("NPM1", "my cell")
    assert (labels.ligand("IL6"), labels.ligand("EGF"), labels.observable("p"), labels.observable("q")) == (
        "IL-6", "EGF", "P", "q",
    )  # fmt: skip
    assert (capital("straße"), capital("x"), capital("")) == ("Straße", "X", "")
    assert [time_label(minutes) for minutes in (20.0, 59.5, 60.0, 90.0)] == [
        "20 min",
        "59.5 min",
        "1 h",
        "1.5 h",
    ]
    assert [readout_label(*window) for window in ((20.0, 20.0), (0.0, 1440.0), (30.0, 180.0))] == [
        "at 20 min",
        "mean over 0 to 24 h",
        "mean over 30 min to 3 h",
    ]
