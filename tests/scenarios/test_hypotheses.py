"""Switches, options and labels: what they set, what they weigh, and labels that mean nothing."""

import pytest

from screen.errors import ScenarioError
from screen.network import read_parameters
from screen.scenarios import (
    Request,
    check_options,
    hypothesis_labels,
    hypothesis_settings,
    plan_scenarios,
    read_context_tables,
)
from tests.scenarios.tables import CONFIG, contexts_of


def spoil(folder, name, old, new):
    path = folder / name
    text = path.read_text()
    old, new = old.replace(" ", "\t"), new.replace(" ", "\t")
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("label", "settings"),
    [
        ("default", {}),
        ("direct", {"h_dir": 1.0, "h_jak3": 0.0}),
        ("through_jak3+tight", {"h_dir": 0.0, "h_jak3": 1.0, "k_off": 0.2}),
    ],
)
def test_a_label_sets_what_its_options_set(contexts, label, settings):
    assert hypothesis_settings(contexts.options, label) == settings


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("magic", "must be default or of direct, through_jak3, tight, loose, found magic"),
        ("direct+default", "must be default or of direct, through_jak3, tight, loose, found default"),
        ("", "must be default or of direct, through_jak3, tight, loose, found "),
        ("direct+through_jak3", "must name each switch once, found H_ALK, H_ALK"),
        ("tight+tight", "must name each switch once, found H_Kd, H_Kd"),
        ("tight+direct", "must be in the order of the file, direct+tight, found tight+direct"),
    ],
)
def test_labels_that_mean_nothing_are_refused(contexts, label, message):
    with pytest.raises(ScenarioError) as caught:
        hypothesis_settings(contexts.options, label)
    assert caught.value.problems == (f"hypothesis {label}: {message}",)


def test_options_that_contradict_each_other_are_refused(folder):
    spoil(folder, "hypotheses.tsv", "tight 0.5 k_off 0.2", "tight 0.5 h_dir 0.2")
    options = contexts_of(folder).options
    with pytest.raises(ScenarioError) as caught:
        hypothesis_settings(options, "direct+tight")
    assert caught.value.problems == (
        "hypothesis direct+tight: must set h_dir to one value, found 1 (hypotheses.tsv row 2) and "
        "0.2 (hypotheses.tsv row 6)",
    )
    with pytest.raises(ScenarioError, match=r"must set h_dir to one value"):
        hypothesis_labels(options, {"direct": 1.0}, ["H_Kd"])


def test_a_context_runs_under_its_own_options_with_its_own_weights(contexts):
    own = contexts.contexts["lymphoma"].hypotheses
    assert hypothesis_labels(contexts.options, own) == {"direct": 0.6, "through_jak3": 0.4}
    assert hypothesis_labels(contexts.options, {}) == {"default": 1.0}


def test_switches_are_crossed_and_weights_multiplied(contexts):
    assert hypothesis_labels(contexts.options, {}, ["H_Kd"]) == {"tight": 0.5, "loose": 0.5}
    found = hypothesis_labels(contexts.options, {}, ["H_Kd", "H_ALK"])
    assert found == {
        "direct+tight": 0.375,
        "direct+loose": 0.375,
        "through_jak3+tight": 0.125,
        "through_jak3+loose": 0.125,
    }


def test_the_rows_of_a_context_win_for_their_switch(contexts):
    own = contexts.contexts["lymphoma"].hypotheses
    assert hypothesis_labels(contexts.options, own, ["H_ALK"]) == own
    found = hypothesis_labels(contexts.options, own, ["H_ALK", "H_Kd"])
    assert list(found) == ["direct+tight", "direct+loose", "through_jak3+tight", "through_jak3+loose"]
    assert list(found.values()) == pytest.approx([0.3, 0.3, 0.2, 0.2])


def test_weights_reach_the_scenarios(contexts, drugs):
    frame = plan_scenarios(contexts, drugs, Request(doses_nM=[1], drugs=[], switches=["H_Kd"]))
    assert frame.select("context", "hypothesis", "weight").rows() == [
        ("liver", "tight", 0.5),
        ("liver", "loose", 0.5),
        ("lymphoma", "direct+tight", pytest.approx(0.3)),
        ("lymphoma", "direct+loose", pytest.approx(0.3)),
        ("lymphoma", "through_jak3+tight", pytest.approx(0.2)),
        ("lymphoma", "through_jak3+loose", pytest.approx(0.2)),
    ]
    assert frame["scenario"][2] == "lymphoma|direct+tight|vehicle"


def test_a_reading_that_says_what_a_cell_is_given_at_minute_0_is_refused_where_it_is_run(folder, drugs):
    """The stimulus would take its place without a word."""
    spoil(folder, "hypotheses.tsv", "tight 0.5 k_off 0.2", "tight 0.5 IL6_dose 0.2")
    contexts = contexts_of(folder)
    plan_scenarios(contexts, drugs, Request(doses_nM=[1], switches=["H_ALK"]))
    plan_scenarios(contexts, drugs, Request(doses_nM=[1], switches=["H_Kd"], contexts=["lymphoma"]))
    with pytest.raises(ScenarioError) as caught:
        plan_scenarios(contexts, drugs, Request(doses_nM=[1], switches=["H_ALK", "H_Kd"]))
    assert caught.value.problems == (
        "hypotheses.tsv row 6, tight: must not set what cells are stimulated with, found IL6_dose, "
        "the stimulus of liver",
    )


def test_an_unknown_switch_is_refused(contexts, drugs):
    with pytest.raises(ScenarioError) as caught:
        plan_scenarios(contexts, drugs, Request(doses_nM=[1], switches=["H_x"]))
    assert caught.value.problems == (
        "scenarios.hypotheses: must be switches of hypotheses.tsv (H_ALK, H_Kd), found H_x",
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("hypotheses.tsv", "direct 0.75 h_dir", "direct 0.7 h_dir",
         "hypotheses.tsv row 3, direct: `weight` must be the same in all rows, found 0.7, 0.75"),
        ("hypotheses.tsv", "tight 0.5", "tight 0.4",
         "hypotheses.tsv row 7, H_Kd: weights of tight, loose must add up to 1, found 0.9"),
        ("hypotheses.tsv", "H_ALK direct 0.75 h_jak3", "H_JAK direct 0.75 h_jak3",
         "hypotheses.tsv row 3, direct: `switch` must be the same in all rows, found H_ALK, H_JAK"),
        ("contexts.tsv", "direct 0.6", "direct 0.5",
         "contexts.tsv row 8, lymphoma: weights of direct, through_jak3 must add up to 1, found 0.9"),
    ],
)  # fmt: skip
def test_broken_tables_say_what_is_wrong(folder, name, old, new, message):
    spoil(folder, name, old, new)
    with pytest.raises(ScenarioError) as caught:
        contexts_of(folder)
    assert message in caught.value.problems


@pytest.mark.parametrize(
    ("parameter", "value", "rule", "without_table"),
    [
        ("JAK1_total", -5, "at least 0", True),  # nM, log10_normal
        ("sIL6R_total", -5, "at least 0", True),  # fixed
        ("IL6_dose", -1, "at least 0", True),
        ("load_JAK1", -0.5, "at least 0", True),
        ("TLR4_level", -1, "at least 0", True),
        ("IL6_washout", -1, "at least 0", False),  # min
        ("w_JAK1", -0.1, "at least 0", False),  # log10_normal
        ("cytosol", -1, "positive", True),
        ("nucleus", 0, "positive", True),
        ("bS", -1e-320, "0 or at least 2.22507e-308 away from it", True),
        ("JAK1_total", 0, None, False),
        ("bS", -0.4, None, False),  # normal
        ("w_TLR10", -0.2, None, False),
        ("w_mTOR_Y705", -0.2, None, False),  # a weight: what is held back may be meant
    ],
)
def test_no_reading_sets_an_amount_below_0_or_a_volume_to_none(
    tmp_path, parameter, value, rule, without_table
):
    path = tmp_path / "h.tsv"
    path.write_text(
        "switch\thypothesis\tweight\tparameter\tvalue\tmark\tsource\n"
        f"HX\ta\t1\t{parameter}\t{value}\tassumed\t\n"
    )
    (tmp_path / "c.tsv").write_text(
        "context\tkind\tparameter\tvalue\tunit\tmark\tsource\nx\ttotal\tJAK1_total\t1\tnM\t\t\n"
    )
    tables = read_context_tables(tmp_path / "c.tsv", path)
    must = (f"h.tsv row 2, a: `value` of {parameter} must be {rule}, found {value:g}",) if rule else ()
    for parameters in (read_parameters(CONFIG / "network/parameters.tsv"), None):
        if must and (without_table or parameters is not None):
            with pytest.raises(ScenarioError) as caught:
                check_options(tables, parameters)
            assert caught.value.problems == must
        else:
            check_options(tables, parameters)
