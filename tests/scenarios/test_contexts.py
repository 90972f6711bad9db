"""Contexts taken from others, uncertain totals, and tables of several files."""

import re

import pytest

from screen.errors import ScenarioError, TableError
from screen.panel.grammar import ARM_COLUMNS
from screen.scenarios import check_left_out, read_context_tables
from tests.scenarios.tables import CONFIG, contexts_of

HEADER = ("context", "kind", "parameter", "value", "unit", "mark", "source", "sd")


@pytest.fixture
def own(folder):
    """Contexts of a folder with own rows in a file of their own."""

    def read(*rows):
        path = folder / "own.tsv"
        lines = [HEADER, *([*row, *[""] * (len(HEADER) - len(row))] for row in rows)]
        path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
        return read_context_tables([folder / "contexts.tsv", path], folder / "hypotheses.tsv").contexts

    return read


def test_a_context_has_the_rows_of_the_one_it_is_from_and_its_own_instead(own):
    found = own(
        ("mine", "from", "liver"),
        ("mine", "total", "STAT3_total", "50", "nM", "measured", "blot", "0.1"),
        ("mine", "organism", "human", "1"),
        ("mine", "total", "k_off", "2"),
    )
    liver, mine = found["liver"], found["mine"]
    assert {s.parameter: (s.value, s.sd) for s in mine.totals} == {"STAT3_total": (50, 0.1), "k_off": (2, 0)}
    assert (mine.organism, mine.stimulus, mine.preincubation_minutes) == ("human", liver.stimulus, 30)
    assert (liver.organism, liver.totals[0].value, liver.totals[0].sd) == ("mouse", 28.2, 0)


@pytest.mark.parametrize("named", ["EGFR_EX19DEL", "EGFR", "EGFR_T790M"])
def test_what_a_construct_of_0_takes_away_is_there_by_its_exact_name(own, folder, named):
    parent = [("mutant", "construct", "EGFR_ex19del", "1"), ("mutant", "construct", "ALK_G1202R", "1")]
    child = [("x", "from", "mutant"), ("x", "construct", "EGFR_ex19del", "0")]
    assert [each.parameter for each in own(*parent, *child)["x"].variants] == ["ALK_G1202R"]
    for rows, there, number in (
        ([*parent, ("x", "from", "mutant")], "EGFR_ex19del, ALK_G1202R", 5),
        ([*parent, *child, ("y", "from", "x")], "ALK_G1202R", 7),
        ([], "nothing", 2),
    ):
        cell = rows[-1][0] if rows else "z"
        with pytest.raises(ScenarioError) as caught:
            own(*rows, (cell, "construct", named, "0"))
        must = "with the value 0 must be what the context that it is from carries"
        assert caught.value.problems == (
            f"{folder}/own.tsv row {number}, {cell}: `parameter` of a row of kind construct {must} ({there}), "
            f"found {named}",
        )


def test_a_total_may_be_a_share_of_what_the_other_context_has(own):
    found = own(
        ("mine", "from", "liver"),
        ("mine", "total", "STAT3_total", "50", "nM", "measured", "blot", "0.1"),
        ("low", "from", "mine"),
        ("low", "total", "STAT3_total", "30", "%"),
        ("lower", "from", "low"),
        ("lower", "total", "STAT3_total", "10", "%", "", "", "0.2"),
    )
    low, lower = ({s.parameter: s for s in found[name].totals}["STAT3_total"] for name in ("low", "lower"))
    assert (low.value, low.unit, low.sd) == (15.0, "nM", 0.1)
    assert (lower.value, lower.unit, lower.sd) == (pytest.approx(1.5), "nM", 0.2)
    assert found["low"].stimulus == found["liver"].stimulus


def test_own_options_of_a_switch_replace_all_of_it_through_any_number_of_steps(own):
    found = own(
        ("second", "from", "first"),
        ("first", "from", "lymphoma"),
        ("first", "hypothesis", "direct", "1"),
    )
    assert dict(found["second"].hypotheses) == {"direct": 1.0}
    assert found["second"].totals == found["lymphoma"].totals


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "from", "nobody")], "a: `parameter` of a row of kind from must be another context"),
        ([("a", "from", "a")], "a: `parameter` of a row of kind from must be another context"),
        ([("a", "from", "b"), ("b", "from", "a")], "a: must not be taken from itself, found a from b from a"),
        ([("a", "from", "liver"), ("a", "from", "lymphoma")], "a: at most one row of kind from may be there"),
        ([("a", "from", "liver", "3")], "a: `value` of a row of kind from must be empty, found 3"),
        ([("a", "total", "cytosol", "0")], "a: `value` of cytosol must be positive, found 0"),
        ([("a", "timing", "preincubation_min", "1", "h")], "a: `unit` of preincubation_min must be min, found h"),
        ([("a", "timing", "preincubation_min", "2e7")],
         "a: `value` of preincubation_min must be at most 1e+07, found 2e+07"),
        ([("a", "organism", "mouse", "0")], "a: `value` of a row of kind organism must be 1, found 0"),
        ([("a", "organism", "mouse", "7")], "a: `value` of a row of kind organism must be 1, found 7"),
        ([("a", "organism", "human", "1", "nM")], "a: `unit` of a row of kind organism must be empty, found nM"),
        ([("a", "total", "k_off")], "a: `value` of a row of kind total must be given, found none"),
        ([("a", "total", "k_off", "30", "%")], "a: `unit` may be % for a total of which the context that it is from"),
        (
            [("b", "total", "k_off", "0"), ("a", "from", "b"), ("a", "total", "k_off", "30", "%")],
            "a: `value` must be a share of what the context that it is from has, found 30 % of k_off, which is 0 there",
        ),
        (
            [("a", "from", "liver"), ("a", "stimulus", "IL6_dose", "30", "%")],
            "has a row, found stimulus IL6_dose; write its value",
        ),
        (
            [("a", "stimulus", "IL6_dose", "1", "", "", "", "0.2")],
            "a: `sd` must be empty in a row of kind stimulus, found 0.2",
        ),
    ],
)  # fmt: skip
def test_rows_that_mean_nothing_are_refused_with_file_and_row(own, folder, rows, message):
    with pytest.raises(ScenarioError) as caught:
        own(*rows)
    assert any(message in problem for problem in caught.value.problems), caught.value.problems
    assert all(problem.startswith(f"{folder}/own.tsv row ") for problem in caught.value.problems)


def test_contexts_may_be_taken_from_one_another_in_a_long_line(own):
    """Longer than calls may be nested, the last first; each has all that those before it have."""
    count = 3000
    line = [(f"c{at}", "from", f"c{at - 1}" if at else "liver") for at in reversed(range(count))]
    found = own(*line, (f"c{count // 2}", "total", "STAT3_total", "50", "%"))
    (last,), (first,) = found[f"c{count - 1}"].totals, found["c0"].totals
    assert (last.value, first.value) == (14.1, 28.2)
    assert found[f"c{count - 1}"].preincubation_minutes == 30


def test_each_context_of_a_circle_is_named_and_none_that_only_leads_to_it(own):
    rows = [("d", "from", "c"), ("a", "from", "b"), ("b", "from", "c"), ("c", "from", "a")]
    with pytest.raises(ScenarioError) as caught:
        own(*rows)
    assert [problem.partition(", ")[2] for problem in caught.value.problems] == [
        f"{name}: must not be taken from itself, found {line}"
        for name, line in (
            ("a", "a from b from c from a"),
            ("b", "b from c from a from b"),
            ("c", "c from a from b from c"),
        )
    ]


@pytest.mark.parametrize("unit", ["min", ""])
def test_the_longest_time_before_the_stimulus_is_that_of_an_own_experiment(own, unit):
    found = own(("a", "timing", "preincubation_min", "1e7", unit))
    assert found["a"].preincubation_minutes == 1e7
    assert {column.name: column.maximum for column in ARM_COLUMNS}["pretreatment"] == 1e7


def test_what_two_files_say_is_refused_with_both(own, folder):
    with pytest.raises(TableError) as caught:
        own(("liver", "total", "STAT3_total", "3"))
    (problem,) = caught.value.problems
    assert problem == (
        f"{folder}/own.tsv: (context, kind, parameter) must be in one file, "
        f"found (liver, total, STAT3_total) in {folder}/contexts.tsv too"
    )


def test_all_files_of_a_table_are_checked_at_once(folder):
    for name in ("a.tsv", "b.tsv"):
        (folder / name).write_text(
            "context\tkind\tparameter\tvalue\tunit\tmark\tsource\nx\ttotal\tk_off\t-1\t\t\t\n"
        )
    with pytest.raises(TableError) as caught:
        read_context_tables([folder / "a.tsv", folder / "b.tsv"], folder / "hypotheses.tsv")
    assert [problem.split(" row ")[0] for problem in caught.value.problems] == [
        str(folder / "a.tsv"),
        str(folder / "b.tsv"),
    ]


def test_a_row_without_spread_is_exact(folder):
    assert {s.sd for c in contexts_of(folder).contexts.values() for s in c.totals} == {0.0}


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("m07", "", "c.tsv row 2, mine: `value` of a row of kind module must be given, found none"),
        (
            "m07",
            "1",
            "c.tsv row 2, mine: `parameter` of a row of kind module must be the key of one, .* found m07 with 1",
        ),
        ("ALK", "0", "c.tsv row 2, mine: `parameter` of a row of kind module must be .* found ALK with 0"),
    ],
)
def test_a_module_is_left_out_by_its_key_and_0_and_else_refused_in_one_line(
    tmp_path, parameter, value, message
):
    path = tmp_path / "c.tsv"
    path.write_text(
        f"context\tkind\tparameter\tvalue\tunit\tmark\tsource\nmine\tmodule\t{parameter}\t{value}\t\tassumed\t\n"
    )
    with pytest.raises(ScenarioError) as caught:
        read_context_tables(path, CONFIG / "hypotheses.tsv")
    (problem,) = caught.value.problems
    assert re.fullmatch(message, problem)


@pytest.mark.parametrize(
    ("modules", "offered"), [(("m01", "m08"), "m01, m08"), ((), "none here")], ids=["modules", "own network"]
)
def test_a_module_that_cannot_be_left_out_is_named_with_its_row(tmp_path, modules, offered):
    path = tmp_path / "c.tsv"
    rows = "".join(f"mine\tmodule\t{key}\t0\t\tassumed\t\n" for key in ("m08", "m13"))
    path.write_text("context\tkind\tparameter\tvalue\tunit\tmark\tsource\n" + rows)
    tables = read_context_tables(path, CONFIG / "hypotheses.tsv")
    wrong = [(row, key) for row, key in ((2, "m08"), (3, "m13")) if key not in modules]
    with pytest.raises(ScenarioError) as caught:
        check_left_out(tables, modules)
    must = f"`parameter` must be a module that can be left out ({offered})"
    assert caught.value.problems == tuple(f"c.tsv row {row}, mine: {must}, found {key}" for row, key in wrong)
    check_left_out(tables, ("m08", "m13"))


@pytest.mark.parametrize(
    ("parameter", "value", "unit", "message"),
    [
        ("k_off", "1.5e308", "%", "must be finite, found inf"),
        ("STAT3_total", "1e-320", "%", "must be 0 or at least 2.22507e-308 away from it, found 2.78653e-321"),
        (
            "STAT3_total",
            "1e-320",
            "nM",
            "must be 0 or at least 2.22507e-308 away from it, found 9.99989e-321",
        ),
        ("STAT3_total", "1e308", "uM", "must be a number in nM, found 1e+308 uM"),
        ("STAT3_total", "1e-323", "pM", "must be a number in nM, found 9.88131e-324 pM"),
        ("cytosol", "1e-323", "%", "must be positive, found 0"),
        ("cytosol", "0", "%", "must be positive, found 0"),
        ("cytosol", "0", "pL", "must be positive, found 0"),
        ("cytosol", "1e-322", "pL", "must be 0 or at least 2.22507e-308 away from it, found 9.88131e-323"),
    ],
)
def test_a_value_is_a_number_in_the_unit_of_its_parameter_and_of_what_it_is_a_share(
    folder, parameter, value, unit, message
):
    with (folder / "contexts.tsv").open("a") as file:
        file.write("liver\ttotal\tcytosol\t2.5\tpL\t\t\nliver\ttotal\tk_off\t200\tper_min\t\t\n")
        file.write(f"mine\tfrom\tliver\t\t\t\t\nmine\ttotal\t{parameter}\t{value}\t{unit}\t\t\n")
        file.write("like mine\tfrom\tmine\t\t\t\t\n")
    with pytest.raises(ScenarioError) as caught:
        contexts_of(folder)
    assert caught.value.problems == (f"contexts.tsv row 12, mine: `value` of {parameter} {message}",)
