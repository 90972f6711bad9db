"""YAML that costs more than it holds, or means something else to another reader, is refused in one line."""

from itertools import pairwise

import pytest
import yaml

from screen.errors import FitError, SettingsError
from screen.files import check_alike, parse_yaml, read_yaml
from screen.settings import load_settings


def bomb(levels: int) -> str:
    """Nine aliases of nine aliases of ...: 9**levels values."""
    letters = "abcdefghijklmnopqrstuvwxyz"[: levels + 1]
    steps = (f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]" for old, new in pairwise(letters))
    return "\n".join(["a: &a [x,x,x,x,x,x,x,x,x]", *steps])


REFUSED = {
    "a bomb of aliases": (bomb(8), "must hold at most 100,000 values, aliases counted"),
    "an alias of itself": ("seed: &a [*a]", "an alias must stand for a value above it, found *a"),
    "no anchor": ("seed: *a", "an alias must stand for a value above it, found *a"),
    "2 000 levels": ("seed: " + "[" * 2000 + "]" * 2000, "must be nested at most 64 levels deep"),
    "2 000 levels of blocks": ("- " * 2000, "must be nested at most 64 levels deep"),
    "200 000 doses": (f"scenarios: {{doses_nM: {list(range(1, 200_001))}}}", "bytes as a YAML file, found"),
    "2 000 doses": (f"scenarios: {{doses_nM: {list(range(1, 2001))}}}", "must have at most 1000 entries"),
    "a tag": ("seed: !!int abc", "must be plain data without tags, found tag:yaml.org,2002:int"),
    "a tag that runs code": ("seed: !!python/object/apply:os.system [ls]", "must be plain data without tags"),
    "half of a letter": ('seed: "\\ud800"', r"must be text that UTF-8 can hold, found \ud800"),
    "half of a letter in a key": ('"x\\udfff": 1', r"must be text that UTF-8 can hold, found \udfff"),
    "half of a letter in a list": (
        'scenarios: {pairs: "\\ude00"}',
        r"line 1: must be text that UTF-8 can hold",
    ),
    "a date": ("seed: 2020-13-45", "`seed` must be a number, found 2020-13-45"),
    "5 000 digits": ("seed: " + "1" * 5000, "`seed` must be a number, found 111"),
    "a number to base 60": (
        "scenarios: {doses_nM: [1:30]}",
        "`scenarios.doses_nM[1]` must be a number, found 1:30",
    ),
    "a number to base 8": (
        "scenarios: {doses_nM: [010]}",
        "`scenarios.doses_nM[1]` must be a number, found 010",
    ),
    "a whole number to base 8": ("seed: 010", "`seed` must be a number, found 010"),
    "grouped digits": ("simulate: {batch: 2_048}", "`simulate.batch` must be a number, found 2_048"),
    "more steps than can be": ("simulate: {max_steps: 100000000000000000000}", "must be at most 1e+09"),
    "a truth for a number": ("seed: true", "`seed` must be a number, found True"),
    "yes for true": ("simulate: {slices: yes}", "`simulate.slices` must be true or false, found yes"),
    "a number for true": ("simulate: {slices: 1}", "`simulate.slices` must be true or false, found 1"),
    "the root as the folder of a run": (
        "results: /",
        "`results` must be a folder apart, found /, which holds the folder that this runs in",
    ),
    "the folder above as that of a run": (
        "results: ..",
        "`results` must be a folder apart, found .., which holds the folder that this runs in",
    ),
    "the folder of the tables as that of a run": (
        "results: config",
        "`results` must be a folder without inputs, found config, which holds config/contexts.tsv",
    ),
    "no home": (
        "results: ~nobody-here/x",
        "must begin with a home folder that is there, found ~nobody-here/x",
    ),
    "a key that is a name of a kind": ("int: 3", "`int` is not a setting; did you mean"),
    "a key with a bracket": ('rank: {"list[x]": 3}', "`rank.list[x]` is not a setting; settings here are"),
    "no path": ("results: ''", "`results` must be a path, found nothing"),
    "a longer name than a file can have": (
        f"tables: {{contexts: config/{'a' * 256}.tsv}}",
        "`tables.contexts[1]` must be a path of at most 4096 bytes, and 255 between two `/`, found config/aaa",
    ),
    "a longer path than can be opened": (
        f"results: {'ab/' * 1366}",
        "`results` must be a path of at most 4096 bytes",
    ),
    "a path with a zero byte": ('tables: {drugs: ["a\\0"]}', "`tables.drugs[1]` must be a path, found a"),
    "a dose beyond any": ("scenarios: {doses_nM: [1e308]}", "`scenarios.doses_nM[1]` must be at most 1e+09"),
    "a time beyond any": (
        "readouts: [{id: a, observable: b, minutes: 1e9}]",
        "must be at most 1e+07, found 1000000000.0",
    ),
    "a key twice": ("seed: 1\nseed: 2", "line 2: `seed` must be set once"),
    "a merge": ("<<: {seed: 1}", "`<<` is not a setting"),
    "a key that is an alias of a list": ("seed: &a [1]\n*a : 2", "line 2: a key must be text"),
    "a key that is an alias of nothing": (
        "*a : 2",
        "line 1: an alias must stand for a value above it, found *a",
    ),
    "a key that is a list": ("? [a]\n: 1", "a key must be text"),
    "a key that is a list with a name": ("? &a [a]\n: 1", "a key must be text"),
    "a list without an end": (
        "seed: [1",
        "line 1: must be YAML, found expected ',' or ']', but got '<stream end>'",
    ),
    "quotes without an end": ("seed: 'x", "line 1: must be YAML, found unexpected end of stream"),
    "two documents": ("seed: 1\n---\nseed: 2", "line 2: must be one document"),
    "a control character": ("seed: \x1b", "must be YAML"),
    "tolerance no number can meet": ("simulate: {rtol: 1e-20}", "`simulate.rtol` must be at least 1e-13"),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_in_one_line(tmp_path, text, expected):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    (problem,) = caught.value.problems
    assert "config.yaml" in problem and expected in problem and "\n" not in problem


READ = {
    "1e-6": 1e-6, "1.0e-6": 1e-6, "-3": -3, "+2.5": 2.5, ".5": 0.5, "0": 0, "007": "007", "1:30": "1:30",
    "2020-01-02": "2020-01-02", "yes": "yes", "off": "off", "true": True, "NULL": None, "~": None, "'12'": "12",
    '"010"': "010", "0x1f": "0x1f", "1_000": "1_000", "[1, [2]]": [1, [2]], "&a [1]": [1],
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_a_scalar_means_what_it_means_in_yaml_1_2(text, value):
    found = parse_yaml(f"here: {text}", "here", SettingsError).value["here"]
    assert found == value and type(found) is type(value)


def test_aliases_within_the_budget_are_read():
    assert parse_yaml("a: &a [1, 2]\nb: *a\nc: [*a, *a]", "here", SettingsError).value["c"] == [
        [1, 2],
        [1, 2],
    ]


def test_a_key_may_have_an_anchor_and_be_an_alias():
    """Of a number its aliases are numbers, as of every other value."""
    found = parse_yaml("&a seed: 2\nb: *a\n&c 3: {*a : &d x}\ne: *c\n*d : 4", "here", SettingsError)
    assert found.value == {"seed": 2, "b": "seed", "3": {"seed": "x"}, "e": 3, "x": 4}
    assert found.lines[("3", "seed")] == 3
    found = parse_yaml("&a seed: 2\n*a : 3", "here", SettingsError)
    assert found.repeated == (("seed", 2),)


def test_every_place_has_the_line_it_stands_in_and_values_are_counted_aliases_at_what_they_stand_for(
    monkeypatch,
):
    text = "# first\na: &a [1,\n  2]\nb:\n  - x\n  - c: 3\n    d: *a\na: 4\n"
    found = parse_yaml(text, "here", SettingsError)
    assert found.lines == {
        ("a",): 8, ("a", 0): 2, ("a", 1): 3, ("b",): 4, ("b", 0): 5, ("b", 1): 6, ("b", 1, "c"): 6, ("b", 1, "d"): 7,
    }  # fmt: skip
    assert found.repeated == (("a", 8),)
    # the document, a with 1 and 2, b with x and the mapping, c, d with all three of a, and a again
    for most, fits in ((12, True), (11, False)):
        monkeypatch.setattr("screen.files.yaml.MOST_VALUES", most)
        if fits:
            assert parse_yaml(text, "here", SettingsError).value["a"] == 4
        else:
            with pytest.raises(
                SettingsError, match="here line 8: must hold at most 11 values, aliases counted"
            ):
                parse_yaml(text, "here", SettingsError)


def test_nesting_is_allowed_up_to_its_limit(monkeypatch):
    monkeypatch.setattr("screen.files.yaml.MOST_LEVELS", 3)
    assert parse_yaml("[[[1]]]", "here", SettingsError).value == [[[1]]]
    with pytest.raises(SettingsError, match="here line 1: must be nested at most 3 levels deep, found more"):
        parse_yaml("[[[[1]]]]", "here", SettingsError)


def test_what_is_no_yaml_is_named_by_the_line_it_breaks_off_in():
    with pytest.raises(
        SettingsError, match=r"^here line 2: must be YAML, found mapping values are not allowed here$"
    ):
        parse_yaml("a: 1\nb: x: y\n", "here", SettingsError)


def test_a_second_document_is_refused_where_it_begins():
    with pytest.raises(SettingsError, match="here line 2: must be one document, found another"):
        parse_yaml("a: 1\n---\nb: 2\n", "here", SettingsError)
    assert parse_yaml("---\na: 1\n", "here", SettingsError).value == {"a": 1}


def test_a_file_with_a_mark_and_windows_lines_is_read(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 3\r\nfit:\r\n  draws: 5\r\n")
    settings = load_settings(path)
    assert (settings.seed, settings.fit.draws) == (3, 5)


def test_every_reader_of_yaml_refuses_a_key_twice(tmp_path):
    path = tmp_path / "problem.yaml"
    path.write_text("problems: [a]\nproblems: [b]\n")
    with pytest.raises(FitError, match=r"problem\.yaml line 2: `problems` must be set once"):
        read_yaml(path, FitError)


def test_a_wrong_entry_of_a_list_is_said_once(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("scenarios: {drugs: [ruxolitinib, 5]}")
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert caught.value.problems == ("config.yaml line 1: `scenarios.drugs[2]` must be text, found 5",)


@pytest.mark.parametrize(
    "text",
    [
        "seed: 3",
        "simulate: {rtol: 1e-6, slices: true}",
        "a: [x, 1.5, [2, ~]]",
        "a: 'yes'",
        "a: 1.0e-3\nb: {}",
    ],
)
def test_what_yaml_1_1_reads_alike_passes(tmp_path, text):
    """A number such as 1e-6, which YAML 1.1 takes for text, is the same number to Snakemake's checks."""
    (tmp_path / "c.yaml").write_text(text)
    check_alike(tmp_path / "c.yaml", yaml.safe_load(text), SettingsError)


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("seed: 3\nresults: yes", 2, "results"),
        ("seed: 3\na: {b: 1,\n  c: 010}", 3, "c"),
        ("a: [1, 2,\n 1:30]", 2, "2"),
        ("a: 2020-01-02", 1, "a"),
        ("seed: 1\non: 1", 2, "on"),
    ],
)
def test_what_yaml_1_1_takes_for_another_value_is_refused_with_its_line(tmp_path, text, line, key):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(SettingsError, match=rf"^c\.yaml line {line}: `{key}` must be read alike"):
        check_alike(tmp_path / "c.yaml", yaml.safe_load(text), SettingsError)


@pytest.mark.parametrize(
    "other",
    [{"a": 1}, {"a": [True]}, {"a": [1, 2]}, {"a": ["1"]}, {"a": [1], "b": 1}, {"a": {"0": 1}}, [1], {}],
)
def test_another_value_is_no_other_spelling(tmp_path, other):
    (tmp_path / "c.yaml").write_text("a: [1]")
    check_alike(tmp_path / "c.yaml", {"a": [1]}, SettingsError)
    with pytest.raises(SettingsError, match="must be read alike"):
        check_alike(tmp_path / "c.yaml", other, SettingsError)
