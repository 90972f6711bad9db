"""What commands read beside and tell: summaries, own rows, a table of an old ranking, times and contrasts in words."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from screen.cli import scenarios
from screen.cli.expected import COSTS
from screen.cli.experiment import _told
from screen.cli.options import Results
from screen.cli.plan import read_plan
from screen.cli.report import _added, _read_decisive, read_held
from screen.cli.scenarios import announce, describe, estimate, length
from screen.cli.work import count_work
from screen.errors import ReportError
from screen.kernel import ENGINES
from screen.report import HELD, NO_LABELS
from screen.scenarios import DRUGS
from screen.settings import load_settings
from screen.tables import DECISIVE, provenance, write_table


def test_a_summary_of_what_draws_were_held_to_has_its_numbers_unless_that_was_nothing(tmp_path):
    path = tmp_path / "summary.json"
    whole = dict(zip(HELD, (7, 0.5, 0.75, 1, 2.5), strict=True))
    for found in (whole, {"demands": 0}):
        path.write_text(json.dumps(found))
        assert read_held(path) == found
    for name in HELD:
        for broken in ({**whole, name: "many"}, {key: value for key, value in whole.items() if key != name}):
            path.write_text(json.dumps(broken))
            with pytest.raises(ReportError, match=f"must have a number for `{name}`, found none"):
                read_held(path)


def test_names_of_every_table_after_the_first_are_the_readers_own(root, tmp_path):
    shipped = root / "config/drugs.tsv"
    head, first, second, third = shipped.read_text().splitlines()[:4]
    files = [shipped, tmp_path / "a.tsv", tmp_path / "b.tsv", tmp_path / "none.tsv"]
    for path, rows in zip(files[1:], ([second, third], [first], []), strict=True):
        path.write_text("\n".join([head, *rows]) + "\n")
    names = frozenset(row.split("\t")[0] for row in (first, second, third))
    assert _added(files, DRUGS, "drug") == names
    assert _added(files[:1], DRUGS, "drug") == _added([shipped, files[3]], DRUGS, "drug") == frozenset()


def test_what_decides_is_read_where_it_is_of_this_ranking(tmp_path, capsys):
    results = Results(tmp_path)
    assert _read_decisive(results) is None
    results.ranked.write_text("the ranking\n")
    empty = pl.DataFrame(schema=DECISIVE.dtypes())
    row = {
        name: "x" if kind == pl.String else (False if kind == pl.Boolean else 1)
        for name, kind in empty.schema.items()
    }
    row |= {column.name: column.choices[0] for column in DECISIVE.columns if column.choices}
    table = pl.DataFrame([row], schema=DECISIVE.dtypes())
    write_table(table, results.decisive, DECISIVE, provenance("decisive", [results.ranked]))
    assert _read_decisive(results).equals(table)
    results.ranked.write_text("another\n")
    assert _read_decisive(results) is None and "is of another ranking and left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (119.4, "119 s"),
        (120.0, "2 min"),
        (150.0, "2 min"),
        (7200.0, "120 min"),
        (7201.0, "2.0 h"),
        (9000.0, "2.5 h"),
    ],
)
def test_a_time_in_words(seconds, words):
    assert length(seconds) == words


def test_a_plan_says_what_it_is_made_of_and_how_long_it_takes(small, monkeypatch):
    """Of an engine whose speed is known by its trajectories; else by what a benchmark measured."""
    config = small(
        scenarios={"pairs": [["ruxolitinib", "trametinib"]], "pair_doses_nM": [100],
                   "drugs": ["ruxolitinib", "trametinib"], "contexts": ["hepg2", "npm1_alk_lymphoma"]},
        simulate={"engine": "kernel", "slices": False}, fit={"draws": 14}, race={"draws": 12},
    )  # fmt: skip
    settings = load_settings(config)
    plan = read_plan(settings)
    cells = plan.scenarios.select("context", "hypothesis").n_unique()
    doses = plan.scenarios.filter(role="single")["dose_a_nM"].n_unique()
    assert (cells, plan.counts.scenarios) == (3, 3 * (1 + 2 * doses + 1))
    lanes = 14 * plan.counts.scenarios
    said = (
        f"{lanes} trajectories = {plan.counts.scenarios} scenarios x 14 draws "
        f"(2 contexts, 3 with their hypotheses, 2 drugs at {doses} doses, 1 pairs)"
    )
    assert describe(plan) == said
    first, race, *_ = announce(plan, settings)
    left = 12 * plan.counts.scenarios + 2 * (plan.counts.scenarios - 3 + 1)
    assert first == f"scenarios: {said}"
    assert f"after 12 draws pairs that are not among the first {settings.race.keep}" in race
    assert f"about {left} trajectories where 26% of the pairs go on" in race
    monkeypatch.setattr("screen.kernel.available_cores", lambda: 2)
    counted = count_work(settings, plan)
    cpu = {
        stage: cost.fixed + sum(number * cost.each[name] for name, number in counted[stage].items())
        for stage, cost in COSTS.items()
    }
    total = sum(cpu[stage] * (cost.one_core + (1 - cost.one_core) / 2) for stage, cost in COSTS.items())
    short, costs = estimate(plan, settings)
    assert short.startswith(f"about {length(total)} on 2 cores with engine kernel: network 2 s, ")
    assert f"{1e6 * COSTS['simulate'].each['whole_trajectories']:.0f} us of CPU a trajectory" in costs
    fast = ENGINES["kernel"]._replace(speed=10.0) if hasattr(ENGINES["kernel"], "_replace") else None
    if fast is not None:
        monkeypatch.setitem(ENGINES, "kernel", fast)
        (line,) = estimate(plan, settings)
        assert line.startswith(
            f"about {length(left / 10 / 2)} for simulate, assuming 10 trajectories a second"
        )
        monkeypatch.setitem(
            ENGINES, "kernel", fast._replace(devices=("cuda",))
        )  # cores do not share its work
        assert estimate(plan, settings)[0].startswith(f"about {length(left / 10)} for simulate")
    assert scenarios._tell_race(plan, load_settings(small(race={"draws": None}))) == []


def test_a_contrast_in_a_line():
    row = {
        "arm": "ruxolitinib", "dose": 300.0, "readout": "pY705", "minutes": 20.0, "reference": "control",
        "status": "ok", "ratio_p05": 0.1, "ratio_p50": 0.23456, "ratio_p95": 0.5, "failed": 0,
    }  # fmt: skip
    assert _told(row) == "ruxolitinib at 300, pY705 at 20 min: 0.235 (0.1 to 0.5) times control"
    lost = row | {"dose": None, "ratio_p50": None, "failed": 3, "status": "max_steps"}
    assert _told(lost) == "ruxolitinib, pY705 at 20 min: no number; 3 draws failed: max_steps"


@pytest.fixture
def reported(run, small, tmp_path, monkeypatch):
    """reported(settings): what the report is made of, each table by the name of its file; nothing is read or drawn."""
    tables = {
        "screen.tables.read_table": lambda path, schema: path.name,
        "screen.tables.read_tables": lambda files, schema: {
            "context": [*map(str, files)],
            "drug": [*map(str, files)],
        },
        "screen.tables.read_provenance": lambda path: {"of": path.name},
        "screen.network.read_parameters": lambda path: path.name,
        "screen.rank.as_lowering": lambda table, aim: f"{table} as lowering",
        "screen.report.read_labels": lambda path: path.name,
        "screen.report.figures_beside": lambda path: nullcontext(lambda findings, folder: None),
        "screen.report.Findings": lambda **found: found,
        "screen.cli.report.read_held": lambda path: path.name,
    }
    for name, stub in tables.items():
        monkeypatch.setattr(name, stub)
    for name in ("check_shards", "write_origins", "_read_decisive"):
        monkeypatch.setattr(f"screen.cli.report.{name}", lambda *given: None)

    def of(**sections) -> dict:
        found = []
        monkeypatch.setattr(
            "screen.report.write_report", lambda findings, path, title: found.append(findings)
        )
        assert run("report", "--config", small(**sections)).code == 0
        return found[0]

    return of


def test_the_report_is_of_what_the_screen_has_and_of_nothing_that_an_earlier_one_left(reported, tmp_path):
    """Draws of a fit, constants in cells, facts, labels and the shipped network, or none of them."""
    fitted = reported(fit={"draws_from": "measurements"}, report={"labels": "config/labels.tsv"})
    assert fitted["ranked"] == "ranked.csv as lowering" and fitted["provenance"] == {"of": "ranked.csv"}
    assert fitted["fit"] == Results(Path("results")).fit and fitted["measured"] == "cell_potencies.tsv"
    assert (fitted["parameters"], fitted["labels"]) == ("parameters.tsv", "labels.tsv")
    assert fitted["own"] == frozenset() and fitted["validation"] is fitted["held"] is None
    (tmp_path / "other.xml").write_text("<sbml/>")
    results = Results(tmp_path / "results")
    for path in (results.validation, results.held):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    other = reported(
        fit={"draws_from": "nominal"}, report={"labels": None}, network={"sbml": "other.xml"},
        scenarios={"constants": "assay"}, rank={"discrepancy": None},
    )  # fmt: skip
    assert other["fit"] is other["measured"] is other["parameters"] is None and other["labels"] is NO_LABELS
    assert (other["validation"], other["held"]) == (results.validation.name, results.held.name)
    mine = {name: [f"config/{name}.tsv", f"my_{name}.tsv"] for name in ("contexts", "drugs")}
    for files in mine.values():
        head, *_ = (tmp_path / files[0]).read_text().splitlines()
        (tmp_path / files[1]).write_text(f"{head}\n")
    assert reported(tables=mine)["own"] == {"my_contexts.tsv", "my_drugs.tsv"}


def test_where_the_system_refuses_the_file_is_named_or_what_is_written_to(run, root, monkeypatch):
    for error, where in (
        (OSError(5, "Input/output error"), "standard output, or a file that is written"),
        (OSError(5, "Input/output error", "far/away.csv"), "far/away.csv"),
    ):

        def fails(arguments, error=error):
            raise error

        monkeypatch.setattr("screen.cli.doctor.run", fails)
        monkeypatch.setattr(sys.modules["screen.cli.main"], "close_output", lambda: None)
        ran = run("doctor", "--config", root / "config/config.yaml")
        assert (ran.code, ran.problems) == (2, [f"screen: {where}: must be usable, found Input/output error"])


@pytest.mark.parametrize("given", [False, True])
def test_imported_data_are_those_named_else_those_of_the_settings_and_go_where_asked(
    run, small, tmp_path, monkeypatch, given
):
    asked, tables = (
        [],
        SimpleNamespace(left_out={"a": {"no sd": 3}}, measurements=pl.DataFrame({"x": [1, 2]})),
    )
    tables.conditions, tables.parameters = pl.DataFrame({"x": [1]}), pl.DataFrame({"x": [1] * 4})

    def import_data(sources, data, known, folder, network, literature):
        asked.append((sources, data, known, folder, literature))
        return SimpleNamespace(tables=tables, problem=folder / "problem.yaml")

    for name, stub in {
        "find_data": str, "choose_sources": lambda names, data: [*names, data], "describe": lambda tables: {"n": 2},
        "import_data": import_data,
    }.items():  # fmt: skip
        monkeypatch.setattr(f"screen.sources.{name}", stub)
    monkeypatch.setattr("screen.cli.import_data.read_configuration", lambda settings, results: "known")
    own = (
        ("--data", "mine", "--folder", "there", "--source", "one", "--literature", "--json") if given else ()
    )
    ran = run("import-data", "--config", small(fit={"data": "public", "problem": "far/problem.yaml"}), *own)
    assert ran.code == 0, ran.err
    wanted = (["one", "mine"], "mine", "known", Path("there"), Path("far"))
    assert asked == [wanted if given else (["public"], "public", "known", Path("results/data-problem"), None)]
    assert asked[0][3].is_dir() and json.loads(ran.out or "0") == ({"n": 2} if given else 0)
    assert ran.problems == [
        "import-data: a: 3 readings left out, no sd",
        f"import-data: 2 readings under 1 conditions, 4 parameters in {asked[0][3]}/problem.yaml",
    ]


@pytest.mark.parametrize("given", [False, True])
def test_what_was_left_out_is_foretold_with_the_data_named_else_those_of_the_settings(
    run, small, monkeypatch, given
):
    asked, row = [], {"data_set": "a", "effects": 9, "inside_bare": 0.5, "inside": 0.75, "beyond_noise": 0}
    row |= {"beyond_noise_inside_bare": None, "beyond_noise_inside": None}
    beyond = row | {
        "data_set": "b",
        "beyond_noise": 4,
        "beyond_noise_inside_bare": 0.25,
        "beyond_noise_inside": 1.0,
    }
    model = {"rmse": 0.5, "sign_accuracy": 0.75, "coverage": 0.875}
    goal = {"found": 0.5, "wanted": 0.6, "met": True}
    result = {"effects": 9, "model": model, "baselines": {"no_effect": {"rmse": 0.625}}, "targets": {}}
    found = {"one": result, "two": result | {"targets": {"rmse": goal, "signs": goal | {"met": False}}}}

    def run_tasks(tasks, inputs, folder, report):
        asked.append((tasks, inputs.data, folder))
        return found

    for name, stub in {
        "screen.sources.find_data": str, "screen.judge.heldout_tasks.choose_tasks": lambda names, data: [*names, data],
        "screen.judge.heldout.run_tasks": run_tasks, "screen.judge.discrepancy.tabulate_effects": lambda found: None,
        "screen.judge.discrepancy.judge_intervals": lambda effects: pl.DataFrame([row, beyond], strict=False),
        "screen.judge.discrepancy.learn": lambda effects: None, "screen.tables.write_table": lambda *given: None,
        "screen.tables.provenance": lambda *given: {}, "screen.cli.import_data.read_configuration": lambda *given: None,
    }.items():  # fmt: skip
        monkeypatch.setattr(name, stub)
    own = ("--data", "mine", "--task", "one") if given else ()
    ran = run("predict-heldout", "--config", small(fit={"data": "public"}), *own)
    assert ran.code == 0, ran.err
    assert asked == [
        (["one", "mine"] if given else ["public"], "mine" if given else "public", Path("results/heldout"))
    ]
    said = "9 effects, rmse 0.50 (no_effect 0.62), signs 0.75, coverage 0.88"
    of = "of 9 effects 0.50 in the bare interval, 0.75 with the discrepancy of the other data sets"
    assert ran.problems == [
        f"predict-heldout: one: {said}",
        f"predict-heldout: two: {said}; rmse 0.50, wanted 0.6: met; signs 0.50, wanted 0.6: missed",
        f"predict-heldout: a: {of}", f"predict-heldout: b: {of}; of 4 beyond noise 0.25 and 1.00",
    ]  # fmt: skip
