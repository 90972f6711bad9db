"""What commands ask of the work behind them: each part of it is a stand-in that notes what it is given."""

import json
import os
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from screen.cli import compare_models, potency
from screen.cli.identity import shard_facts, shard_problems
from screen.cli.options import Results, prepare_folder
from screen.cli.predict_lines import _sentence
from screen.errors import ScreenError
from screen.settings import Settings, load_settings
from screen.tables import DRAWS, RESPONSES, write_table

FOUR = pl.DataFrame({"draw": range(4), "parameter": ["k"] * 4, "value": [1.0] * 4})


@pytest.fixture
def patched(monkeypatch):
    """patched(places): stand-ins by the names of their places; one that is no function gives itself."""

    def of(places: dict) -> None:
        for name, stub in places.items():
            monkeypatch.setattr(name, stub if callable(stub) else lambda *of, stub=stub, **named: stub)

    return of


def test_a_folder_must_let_one_write_and_enter(tmp_path, monkeypatch):
    for granted, fine in ((os.W_OK | os.X_OK, True), (os.W_OK, False), (os.X_OK, False)):
        monkeypatch.setattr(os, "access", lambda path, asked, granted=granted: asked & ~granted == 0)
        if fine:
            prepare_folder(tmp_path / "there")
        else:
            with pytest.raises(ScreenError, match="found no permission to write"):
                prepare_folder(tmp_path / "there")


def test_options_are_compared_under_the_first_draws(tmp_path, patched):
    patched({
        "screen.cli.compare_models.read_drugs": "drugs", "screen.judge.Screen": lambda **given: given,
        "screen.cli.compare_models.read_integration": lambda *given: given,
    })  # fmt: skip
    results, settings = Results(tmp_path), Settings()
    write_table(FOUR, results.draws, DRAWS)
    asked = Namespace(draws=2, threads=3)
    found = compare_models._screen(settings, results, "contexts", "kernel", asked)
    assert found["draws"]["draw"].to_list() == [0, 1] and found["contexts"] == "contexts"
    assert (found["drugs"], found["integration"]) == ("drugs", (settings, "kernel", 3))
    assert found["network"]("stat3") == results.network


SHARD = pl.DataFrame(
    [("s", 0, "r", 1.0, "ok", 1)], schema=RESPONSES.dtypes(), orient="row"
)  # fmt: skip


def test_a_shard_that_says_nothing_of_its_origin_is_a_problem_of_a_screen_of_one_shard(small):
    settings = load_settings(small(simulate={"shards": 1}))
    results = Results(settings.results)
    path = results.shard(0)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no table")
    assert list(shard_problems(settings, results)) == [path]
    assert f"{path}: must be" in shard_problems(settings, results)[path]
    facts = shard_facts(settings, results, 0)
    for engine, stage in (("kernel", "simulate"), ("jax", "fit")):
        write_table(SHARD, path, RESPONSES, facts | {"engine": engine, "stage": stage})
        assert list(shard_problems(settings, results)) == [path] * (stage == "fit")
    path.unlink()
    assert shard_problems(settings, results) == {}


@pytest.mark.parametrize("held", [True, False])
def test_the_network_is_asked_under_the_first_draws_that_are_there(tmp_path, patched, held):
    asked = []

    def find_responses(network, tables, constants, draws, integration, report):
        asked.append((tables, draws["draw"].to_list(), integration))
        return "frame", ["a drug that says nothing"]

    results = Results(tmp_path / "results")
    ensemble = tmp_path / "ensemble.parquet"
    write_table(FOUR, ensemble, DRAWS)
    if held:
        write_table(FOUR.with_columns(draw=pl.col("draw") + 1), results.draws, DRAWS)
    written = {}
    patched({
        "screen.kernel.configure": None, "screen.kernel.load_model": "model", "screen.network.compose_network": "sbml",
        "screen.kernel.choose_engine": ("kernel", "it is there"), "screen.panel.PanelTables": "network",
        "screen.panel.find_responses": find_responses, "screen.scenarios.read_context_tables": "contexts",
        "screen.potency.read_potent_drugs": SimpleNamespace(drugs=["a"]), "screen.potency.read_estimates": "estimates",
        "screen.potency.draw_constants": "constants", "screen.cli.potency.read_integration": lambda *given: given,
        "screen.tables.provenance": lambda stage, inputs: {"inputs": inputs},
        "screen.tables.write_table": lambda frame, path, schema, facts: written.update({path.name: facts}),
    })  # fmt: skip
    settings = Settings.model_validate({"panel": {"ensemble": ensemble}})
    potency._ask_network(settings, "tables", Namespace(response_draws=3, threads=2), results)
    assert asked == [("tables", [1, 2] if held else [0, 1, 2], (settings, "kernel", 2))]
    assert (results.draws if held else ensemble) in written["responses.tsv"]["inputs"]


def test_what_drugs_share_is_estimated_from_all_that_is_measured_and_not_from_itself(tmp_path, patched):
    """In as many sweeps as the shipped estimates took."""
    for name in ("estimates", "cell_potencies", "responses"):
        (tmp_path / f"{name}.tsv").write_text("")
    asked, written = [], {}

    def estimate(tables, seed, sweeps):
        asked.append((tables, seed, sweeps))
        return pl.DataFrame({"x": [len(asked)]})

    patched({
        "screen.potency.estimate_shared": estimate, "screen.potency.estimate_distances": estimate,
        "screen.tables.provenance": lambda stage, inputs, **facts: {"inputs": inputs, **facts},
        "screen.tables.write_table": lambda frame, path, schema, facts: written.update(
            {path: facts | {"rows": frame["x"].to_list()}}
        ),
    })  # fmt: skip
    settings = Settings.model_validate({"tables": {"potency": tmp_path}, "seed": 5})
    potency._estimate(settings, "tables")
    assert asked == [("tables", 5, 3000)] * 2
    (facts,) = written.values()
    assert facts["rows"] == [1, 2] and list(written) == [tmp_path / "estimates.tsv"]
    beside = {path.name for path in facts["inputs"] if path.parent == tmp_path}
    assert beside == {"cell_potencies.tsv", "responses.tsv"} and facts["sweeps"] == 3000


def test_studies_are_left_out_for_the_drugs_of_each_group(tmp_path, patched):
    asked = []
    scores = dict.fromkeys(("ic50", "rows", "ic50_read", "read", "ratio", "ratios", "in_90"), 0.5)

    def leave_studies_out(tables, groups, seed, sweeps, report):
        asked.append((tables, dict(groups), sweeps))
        return pl.DataFrame({"study": ["a"]}), {"JAK drugs": scores}

    drugs = pl.DataFrame({"drug": ["a", "b", "c", "d"], "class": ["JAK", "MEK", "JAK", "other"]})
    patched({"screen.potency.leave_studies_out": leave_studies_out, "screen.tables.read_tables": drugs})
    potency._leave_out(Settings(), "tables", tmp_path / "out.json")
    ((tables, groups, sweeps),) = asked
    assert (tables, sweeps) == ("tables", 300)
    assert [set(found) for found in groups.values()] == [{"a", "c"}, {"b"}]
    assert json.loads((tmp_path / "out.json").read_text()) == {
        "errors": {"JAK drugs": scores}, "rows": [{"study": "a"}],
    }  # fmt: skip


@pytest.mark.parametrize("given", [True, False])
def test_lines_are_predicted_from_the_data_and_under_the_draws_that_are_named(run, small, patched, given):
    asked, written = [], {}
    group = {"effects": 4, "rmse": 0.5, "no_effect": 1.0, "others": 0.75, "like": 0.25, "beyond_noise": 0}

    def judge_lines(cell, readings, lines, draws, log):
        asked.append((cell[1:3], readings, draws))
        return "table", {"groups": {"EGFR": group, "MEK": group | {"beyond_noise": 2, "signs": 1.0}}}

    patched({
        "screen.kernel.configure": None, "screen.sources.find_data": str, "screen.sources.read_breast_lines": str,
        "screen.scenarios.read_context_tables": SimpleNamespace(
            contexts={"breast_mcf10a": SimpleNamespace(left_out=())}
        ),
        "screen.cli.predict_lines.panel_tables": SimpleNamespace(model="model"),
        "screen.cli.predict_lines.read_drugs": "drugs", "screen.courses.usual_totals": ("JAK1_total",),
        "screen.cli.predict_lines.choose_draws": Path("draws.parquet") if given else None,
        "screen.cli.predict_lines.read_few_draws": lambda arguments, settings, tables, source: source,
        "screen.kernel.choose_engine": ("kernel", "it is there"),
        "screen.courses.StartCell": lambda *of: of, "screen.judge.lines.judge_lines": judge_lines,
        "screen.tables.provenance": lambda stage, inputs, **facts: {"inputs": inputs},
        "screen.tables.write_table": lambda frame, path, schema, facts: written.update(facts),
    })  # fmt: skip
    ran = run("predict-lines", "--config", small(fit={"data": "public"}), *(("--data", "mine") * given))
    assert ran.code == 0, ran.err
    ((cell, readings, draws),) = asked
    assert (readings, draws) == (("mine", Path("draws.parquet")) if given else ("public", None))
    assert cell[0].context == "breast_mcf10a" and cell[1] == ("JAK1_total",)
    assert (Path("draws.parquet") in written["inputs"]) == given
    said = "4 effects, rmse 0.500 (no effect 1.000, mean of the other lines 0.750, totals not set 0.250)"
    assert _sentence(group) == said
    assert ran.problems[1:] == [
        f"predict-lines: EGFR: {said}", f"predict-lines: MEK: {said}; of 2 beyond noise 1.00 in direction",
    ]  # fmt: skip


@pytest.mark.parametrize("named", [[], ["k_b"]])
def test_parameters_are_profiled_that_are_named_else_those_that_the_fit_narrowed(
    run, small, patched, tmp_path, named
):
    """Of the network alone; an end that was not found is open."""
    results = Results(tmp_path)
    problem = SimpleNamespace(model=SimpleNamespace(parameters=("k_a", "k_b")))
    fitted = pl.DataFrame({"parameter": ["scale", "k_a", "k_b"]})
    found = pl.DataFrame({"parameter": ["k_a"], "verdict": ["bounded"], "low": [None], "high": [2.345]})
    asked = []
    patched({
        "screen.cli.profile.read_problem": (None, results, problem, "solver"), "screen.tables.read_table": fitted,
        "screen.fit.most_narrowed": lambda table, most: (table["parameter"].to_list(), most),
        "screen.fit.read_best": "best", "screen.judge.ProfilePlan": lambda names: names,
        "screen.judge.profile": lambda problem, solver, best, plan, say: asked.append(plan),
        "screen.judge.identify": found, "screen.tables.write_table": None, "screen.fit.draw_profiles": None,
    })  # fmt: skip
    ran = run("profile", "--config", small(), "--most", 1, *(["--parameter", *named] if named else []))
    assert ran.code == 0, ran.err
    assert asked == [named or (["k_a", "k_b"], 1)]
    assert ran.problems == ["profile: k_a bounded, 95 % interval open to 2.35"]


@pytest.mark.parametrize(("maps", "genes"), [(True, False), (False, True), (False, False)])
def test_pages_are_those_that_are_asked_for(run, small, patched, tmp_path, maps, genes):
    patched({
        "screen.network.compose_network": "sbml", "screen.maps.module_maps": "modules",
        "screen.maps.write_maps": lambda modules, folder: folder, "screen.network.read_genes": "genes",
        "screen.network.read_sbml": SimpleNamespace(species={}, parameters={}, observables={}),
        "screen.maps.genes_page": "the page\n",
    })  # fmt: skip
    asked = [
        *(["--maps", tmp_path / "maps"] if maps else []),
        *(["--genes", tmp_path / "g.md"] if genes else []),
    ]
    ran = run("pages", "--config", small(), *asked)
    if not asked:
        assert ran.problems == ["screen: pages: --maps or --genes must be given, found neither"]
        return
    what = f"maps in {tmp_path}/maps" if maps else f"genes in {tmp_path}/g.md"
    assert (ran.code, ran.problems) == (0, [f"pages: {what}"])
    assert (tmp_path / "maps").is_dir() == maps and (tmp_path / "g.md").exists() == genes


@pytest.mark.parametrize("goal", ["lower", "raise"])
def test_the_leader_of_a_contest_is_ahead_towards_the_goal(run, small, patched, goal):
    """A margin is log2 of what is left of the second over the first: of what is to rise the arms change places."""
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Contest:
        arms: tuple

    asked = []

    def find_decisive(contests, judges, report):
        asked.append(([contest.arms for contest in contests], judges))
        return pl.DataFrame({"context": [], "hypothesis": []})

    patched({
        "screen.kernel.configure": None, "screen.tables.read_table": "ranked",
        "screen.cli.decisive._contests": [Contest(("a", "b"))], "screen.scenarios.read_context_tables": "contexts",
        "screen.cli.decisive.read_drugs": "drugs", "screen.panel.left_out": lambda arm, contexts: (arm,),
        "screen.cli.decisive.panel_tables": lambda *of: SimpleNamespace(model=of[-1]),
        "screen.cli.decisive.read_ensemble": FOUR, "screen.kernel.choose_engine": ("kernel", "it is there"),
        "screen.judge.Judges": lambda *of: of, "screen.judge.find_decisive": find_decisive,
        "screen.tables.provenance": {}, "screen.tables.write_table": None,
    })  # fmt: skip
    ran = run("decisive", "--config", small(rank={"goal": goal}), "--draws", 2, "--most", 3)
    assert ran.code == 0, ran.err
    ((arms, judges),) = asked
    assert arms == [("a", "b") if goal == "lower" else ("b", "a")]
    assert list(judges[0]) == [(arms[0][0],)] and judges[2]["draw"].to_list() == [0, 1] and judges[4] == 3
    assert ran.out.splitlines() == ["results/decisive.csv"]


def test_first_places_are_counted_by_what_decides_them(run, small, patched, tmp_path):
    read = []
    found = pl.DataFrame({"first_decided_by": ["prior", "measurements", "prior"]})
    patched({
        "screen.tables.read_table": lambda path, schema: read.append(path) or path,
        "screen.rank.find_decided": lambda own, prior: found if (own, prior) == tuple(read[::-1]) else None,
        "screen.tables.write_table": None,
    })  # fmt: skip
    ran = run("decided", "--config", small(), "--prior", "elsewhere")
    assert (ran.code, read) == (0, [Path("elsewhere/ranked.csv"), Path("results/ranked.csv")])
    assert ran.problems == [
        "decided: first places of 3 rankings: measurements 1, prior 2, open 0; results/decided.tsv"
    ]


@pytest.mark.parametrize("named", [[], ["H_TYK2"]])
def test_answers_are_compared_of_the_switches_that_are_named_else_of_all(
    run, small, patched, tmp_path, named
):
    options = {"yes": "H_ALK", "no": "H_ALK", "more": "H_TYK2"}
    asked = []

    def compare_options(problem, solver, best, options, plan, say):
        asked.append((list(options), plan))
        return "evidence", "facts"

    patched({
        "screen.cli.compare_models.read_problem": lambda arguments: (
            Settings(), Results(tmp_path), "problem", SimpleNamespace(engine="kernel")
        ),
        "screen.scenarios.read_context_tables": "tables", "screen.fit.read_best": "best",
        "screen.scenarios.screened": SimpleNamespace(
            options={name: SimpleNamespace(switch=switch) for name, switch in options.items()}
        ),
        "screen.cli.compare_models._screen": "screen", "screen.judge.EvidencePlan": lambda steps: steps,
        "screen.judge.compare_options": compare_options, "screen.tables.write_table": None,
        "screen.judge.propose_experiments": lambda screen, switch, report: pl.DataFrame({"switch": [switch]}),
        "screen.judge.describe_models": lambda evidence, facts, settling: {
            switch: ["so", "so"] for switch in settling["switch"]
        },
    })  # fmt: skip
    (tmp_path / "fit").mkdir()
    ran = run("compare-models", *(["--switch", *named] if named else []), "--steps", 4)
    assert ran.code == 0, ran.err
    assert asked == [(["more"] if named else ["yes", "no", "more"], 4)]
    switches = named or ["H_ALK", "H_TYK2"]
    assert ran.out == "\n\n".join(f"{switch}\nso\nso" for switch in switches) + "\n"
    assert list(json.loads((tmp_path / "fit/models.json").read_text())) == switches
