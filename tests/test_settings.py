"""config.yaml: what is refused and in which words; defaults; the JSON schema made from the classes."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from screen.errors import SettingsError
from screen.settings import Settings, check_settings, load_settings, settings_schema
from screen.settings.shipped import located

READOUT = "{id: pY705_20min, observable: pY705, minutes: 20}"

WRONG = {
    "misspelt section": ("sceanrios: {}", "line 1: `sceanrios` is not a setting; did you mean `scenarios`?"),
    "misspelt key": (
        "seed: 1\nfit:\n  strats: 3",
        "line 3: `fit.strats` is not a setting; did you mean `starts`?",
    ),
    "misspelt key of a list entry": (
        "readouts:\n- {id: a, observabl: pY705, observable: pY705, minutes: 1}",
        "line 2: `readouts[1].observabl` is not a setting; did you mean `observable`?",
    ),
    "nothing near": (
        "fit: {zzz: 1}",
        "line 1: `fit.zzz` is not a setting; settings here are problem, data, starts",
    ),
    "section is a number": ("network: 3", "line 1: `network` must be a section of keys, found 3"),
    "sets are a list": (
        "rank: {sets: [a]}",
        "line 1: `rank.sets` must be names, each with its value, found ['a']",
    ),
    "whole number": ("seed: 1.5", "line 1: `seed` must be a whole number, found 1.5"),
    "negative seed": ("seed: -1", "line 1: `seed` must be at least 0, found -1"),
    "zero dose": (
        "scenarios: {doses_nM: [1, 0]}",
        "line 1: `scenarios.doses_nM[2]` must be more than 0, found 0",
    ),
    "no number": (
        "scenarios:\n  doses_nM:\n  - 1\n  - high",
        "line 4: `scenarios.doses_nM[2]` must be a number, found high",
    ),
    "truth is no number": ("simulate: {rtol: true}", "line 1: `simulate.rtol` must be a number, found True"),
    "infinite": ("simulate: {rtol: .inf}", "line 1: `simulate.rtol` must be a finite number, found inf"),
    "no dose": (
        "scenarios: {doses_nM: []}",
        "line 1: `scenarios.doses_nM` must have at least 1 entries, found []",
    ),
    "dose twice": (
        "scenarios: {doses_nM: [1, 1.0]}",
        "line 1: `scenarios.doses_nM` entries must differ, found 1.0 more than once",
    ),
    "drugs": ("scenarios: {drugs: 5}", "line 1: `scenarios.drugs` must be `all` or a list of names, found 5"),
    "pair of one": ("scenarios: {pairs: [[a]]}", "line 1: `scenarios.pairs[1]` must have at least 2 entries"),
    "pairs by a number": (
        "scenarios: {pairs: 5}",
        "line 1: `scenarios.pairs` must be `all`, a list of pairs or what to pair (`among`, `classes`, "
        "`of_classes`), found 5",
    ),
    "pairs by another word": (
        "scenarios: {pairs: {classes: between}}",
        "line 1: `scenarios.pairs.classes` must be 'any', 'within' or 'across', found between",
    ),
    "pairs by another key": (
        "scenarios: {pairs: {amog: [a, b]}}",
        "line 1: `scenarios.pairs.amog` is not a setting; did you mean `among`?",
    ),
    "own doses of a drug": (
        "scenarios: {own_pair_doses_nM: {a: [1, 1]}}",
        "line 1: `scenarios.own_pair_doses_nM.a` entries must differ, found 1.0 more than once",
    ),
    "pair twice": (
        "scenarios: {pairs: [[a, b], [b, a]]}",
        "line 1: `scenarios.pairs` must list a pair once, found b + a again",
    ),
    "negative time": (
        "readouts: [{id: a, observable: b, minutes: -1}]",
        "line 1: `readouts[1].minutes` must be at least 0, found -1",
    ),
    "no time": (
        "readouts: [{id: a, observable: b}]",
        "`readouts[1]` must give either `minutes` or `from_minutes`",
    ),
    "backwards": (
        "readouts: [{id: a, observable: b, from_minutes: 5, to_minutes: 2}]",
        "`to_minutes` must be after `from_minutes`, found 5 to 2",
    ),
    "half a window": (
        "readouts: [{id: a, observable: b, from_minutes: 5}]",
        "`readouts[1]` must give both `from_minutes` and `to_minutes`",
    ),
    "read-out twice": (
        f"readouts: [{READOUT}, {READOUT}]",
        "different ids, found pY705_20min more than once",
    ),
    "key twice": ("seed: 1\nseed: 2", "line 2: `seed` must be set once, found it again"),
    "empty": ("# nothing\n", "must hold settings, found an empty file"),
    "a list": ("- seed", "must be a mapping of settings, found ['seed']"),
    "no YAML": ("seed: [1", "line 1: must be YAML, found"),
}


@pytest.fixture
def problems_of(tmp_path):
    def problems(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        with pytest.raises(SettingsError) as caught:
            load_settings(path)
        return caught.value.problems

    return problems


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_named_with_its_line(problems_of, text, expected):
    (problem,) = problems_of(text)
    assert problem.startswith("config.yaml")
    assert expected in problem


def test_all_mistakes_are_named_at_once(problems_of):
    found = problems_of("seed: -1\nseed: -1\nfit: {starts: 0}\nreport: {tpo: 3}\n")
    assert len(found) == 4


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.yaml: must be a readable YAML file, found No such file"):
        load_settings(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00seed")
    with pytest.raises(SettingsError, match="found bytes that are no UTF-8"):
        load_settings(tmp_path / "bytes.yaml")


def test_yaml_writes_1e_minus_6_as_text_and_it_is_still_a_number(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("simulate: {rtol: 1e-6}")
    assert yaml.safe_load(path.read_text())["simulate"]["rtol"] == "1e-6"
    assert load_settings(path).simulate.rtol == 1e-6


def test_readouts_have_a_window():
    settings = check_settings(
        {
            "readouts": [
                {"id": "a", "observable": "x", "minutes": 20},
                {"id": "b", "observable": "x", "from_minutes": 0, "to_minutes": 60},
            ]
        },
        "here",
    )
    assert [readout.window() for readout in settings.readouts] == [(20, 20), (0, 60)]


def test_the_shipped_file_says_what_the_defaults_say_but_for_its_pairs_and_their_race(root: Path):
    shipped, default = load_settings(root / "config/config.yaml"), Settings()
    alone = {"pairs": [], "pair_doses_nM": default.scenarios.pair_doses_nM}
    assert shipped.scenarios.model_copy(update=alone) == default.scenarios
    assert shipped.race.model_copy(update={"draws": None}) == default.race
    assert shipped.model_copy(update={"scenarios": default.scenarios, "race": default.race}) == default


def test_the_shipped_file_fits_the_schema_and_a_misspelt_key_does_not(root: Path):
    values = yaml.safe_load((root / "config/config.yaml").read_text())
    jsonschema.validate(values, settings_schema())
    with pytest.raises(jsonschema.ValidationError, match="sceanrios"):
        jsonschema.validate(values | {"sceanrios": {}}, settings_schema())


def test_the_schema_file_is_the_one_made_from_the_classes(root: Path):
    written = json.loads((root / "workflow/schemas/config.schema.json").read_text())
    assert written == settings_schema(), "run `make schema`"


def test_every_setting_is_explained_and_frozen():
    def walk(model: type[BaseModel]):
        assert model.model_config["frozen"]
        for name, field in model.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                walk(inner)
            else:
                assert field.description, f"{model.__name__}.{name}"

    walk(Settings)


@pytest.mark.parametrize(
    "pairs", ["all", [["a", "b"]], {"among": ["a", "b"]}, {"classes": "within"}, {"of_classes": ["A/B"]}]
)
def test_pairs_are_listed_or_among_some_drugs(tmp_path, pairs):
    values = {"scenarios": {"pairs": pairs}}
    jsonschema.validate(values, settings_schema())
    settings = check_settings(values, "here")
    path = tmp_path / "settings.json"
    path.write_text(settings.model_dump_json())
    assert load_settings(path) == settings


def test_settings_written_by_a_run_can_be_read_again(tmp_path, root: Path):
    settings = load_settings(root / "config/config.yaml")
    path = tmp_path / "settings.json"
    path.write_text(settings.model_dump_json())
    assert load_settings(path) == settings


def test_a_table_is_one_file_or_several_and_no_file_twice():
    tables = check_settings({"tables": {"drugs": "a.tsv", "contexts": ["b.tsv", "own/b.tsv"]}}, "here").tables
    assert tables.drugs == [Path("a.tsv")]
    assert set(tables.files()) >= {Path("a.tsv"), Path("b.tsv"), Path("own/b.tsv")}
    with pytest.raises(
        SettingsError, match=r"`tables.drugs` entries must differ, found a\.tsv more than once"
    ):
        check_settings({"tables": {"drugs": ["a.tsv", "a.tsv"]}}, "here")


@pytest.mark.parametrize(
    ("share", "error", "needed"),
    [(0.25, 0.05, 11), (0.5, 0.25, 2), (0.5, 0.2499, 3)],  # 0.75^10 = 0.056, 0.75^11 = 0.042; 0.5^2 = 0.25
)
def test_a_race_needs_as_many_draws_as_a_pair_of_this_share_could_miss_by_chance(share, error, needed):
    given = {"share": share, "error": error}
    assert check_settings({"race": given | {"draws": needed}}, "here").race.draws == needed
    with pytest.raises(SettingsError, match=rf"`race.draws` must be at least {needed} .* found {needed - 1}"):
        check_settings({"race": given | {"draws": needed - 1}}, "here")
    assert check_settings({"race": given}, "here").race.draws is None


@pytest.mark.parametrize("share", [1e-300, 1e-17, 1e-6])
def test_a_share_for_which_no_race_is_long_enough_is_refused_with_the_least_one(share):
    least = 1 - 0.05 ** (1 / 100_000)
    rule = (
        f"`race.share` must be at least {least:.3g} for anything to stop within 100000 draws, found {share:g}"
    )
    with pytest.raises(SettingsError, match=re.escape(rule)):
        check_settings({"race": {"share": share, "draws": 16}}, "here")
    assert check_settings({"race": {"share": share}}, "here").race.share == share


OWN = {
    "network": {"sbml": "x.xml"}, "fit": {"draws_from": "nominal"}, "scenarios": {"constants": "assay"},
    "rank": {"discrepancy": None},
}  # fmt: skip


def test_another_network_comes_with_all_that_was_not_learned_of_the_shipped_one():
    assert check_settings(OWN, "here").network.sbml == Path("x.xml")
    missing = {
        "network": ({"sbml": "x.xml", "modules": ["m01"]}, "network.modules all"),
        "fit": ({"draws_from": "measurements"}, "fit.draws_from shipped or nominal"),
        "scenarios": ({"constants": "cell"}, "scenarios.constants assay"),
        "rank": ({}, "rank.discrepancy null"),
    }
    for section, (values, named) in missing.items():
        with pytest.raises(SettingsError, match=rf"must come with {named} \(what"):
            check_settings(OWN | {section: values}, "here")
    with pytest.raises(
        SettingsError, match=r"modules all, fit.draws_from shipped or nominal, .*assay, rank.disc"
    ):
        check_settings({"network": {"sbml": "x.xml", "modules": ["m01"]}}, "here")


@pytest.mark.parametrize("given", [{"start": "initial"}, {"minutes": 60}])
def test_how_another_network_starts_and_counts_is_said_of_another_network_alone(given):
    with pytest.raises(SettingsError, match=r"must be left out without `network.sbml`"):
        check_settings({"network": given}, "here")
    assert check_settings(OWN | {"network": {"sbml": "x.xml"} | given}, "here")


@pytest.mark.parametrize(
    ("minutes", "problem"),
    [
        (1e300, r"`network.minutes` must be at most 1e\+07, found 1e\+300"),
        (0, "`network.minutes` must be at least 1e-17, found 0"),
    ],
)
def test_a_unit_of_time_is_between_a_femtosecond_and_years(minutes, problem):
    with pytest.raises(SettingsError, match=problem):
        check_settings(OWN | {"network": {"sbml": "x.xml", "minutes": minutes}}, "here")


def test_results_lie_in_no_folder_that_holds_an_input(tmp_path):
    (tmp_path / "own").mkdir()
    for results in (tmp_path / "own", tmp_path):
        with pytest.raises(
            SettingsError, match=r"`results` must be a folder without inputs, found .*drugs.tsv"
        ):
            check_settings(
                {"tables": {"drugs": f"{tmp_path}/own/drugs.tsv"}, "results": str(results)}, "here"
            )
    for results in (tmp_path, tmp_path / "potency"):
        with pytest.raises(
            SettingsError, match=r"`results` must be a folder without inputs, .* holds .*potency"
        ):
            check_settings({"tables": {"potency": f"{tmp_path}/potency"}, "results": str(results)}, "here")


@pytest.mark.parametrize(
    ("section", "key", "name"),
    [
        ("fit", "problem", "problem.yaml"), ("panel", "ensemble", "draws.parquet"), ("network", "sbml", "own.xml"),
        ("rank", "discrepancy", "discrepancy.tsv"), ("report", "labels", "labels.tsv"),
    ],
)  # fmt: skip
def test_results_may_hold_what_a_command_made_in_a_folder_below(tmp_path, section, key, name):
    given = OWN if key == "sbml" else {}
    given = given | {section: given.get(section, {}) | {key: f"{tmp_path}/fit/{name}"}}
    assert check_settings(given | {"results": str(tmp_path)}, "here")
    with pytest.raises(
        SettingsError, match=rf"`results` must be a folder without inputs, .* holds .*/fit/{name}"
    ):
        check_settings(given | {"results": f"{tmp_path}/fit"}, "here")


def test_a_place_is_named_from_the_section_on_and_what_is_missing_or_long_is_said_as_it_is(problems_of):
    (missing,) = problems_of("readouts:\n- {observable: x, minutes: 1}")
    assert missing == "config.yaml line 2: `readouts[1].id` must be given"
    (long,) = problems_of("network: " + "x" * 61)
    assert long.endswith("found " + "x" * 57 + "...")
    (fits,) = problems_of("network: " + "x" * 60)
    assert fits.endswith("found " + "x" * 60)


def test_a_file_of_config_is_the_own_one_or_else_the_one_that_comes_with_the_tool(
    tmp_path, monkeypatch, root
):
    monkeypatch.chdir(tmp_path)
    shipped = root / "config/drugs.tsv"
    assert located(Path("config/drugs.tsv")) == shipped
    assert located(Path("own/drugs.tsv")) == Path("own/drugs.tsv")
    assert located(Path("config/no_such.tsv")) == Path("config/no_such.tsv")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/drugs.tsv").write_text("")
    assert located(Path("config/drugs.tsv")) == Path("config/drugs.tsv")


def test_a_weight_of_a_cell_may_be_1_or_negative_but_not_0(problems_of):
    sets = check_settings({"rank": {"sets": {"both": {"a": 1, "b": -1}}}}, "here").rank.sets
    assert sets == {"both": {"a": 1.0, "b": -1.0}}
    (problem,) = problems_of("rank: {sets: {both: {a: 0}}}")
    assert problem.endswith("`rank.sets.both.a` must not be 0, found 0")
