"""Someone else's SBML file, screened from end to end: each number is that of a closed form."""

import math
import os
import shutil
from pathlib import Path

import antimony
import polars as pl
import pytest
import yaml

from screen.errors import NetworkError
from screen.network import Site, read_sbml, with_drugs

# A is phosphorylated by K and dephosphorylated; D decays. Times in seconds.
PATHWAY = """
compartment cell = 2;
species A in cell, P in cell, D in cell;
A = 10; P = 0; D = 4;
phosphorylation: A => P; cell*k*K*A;
dephosphorylation: P => A; cell*h*P;
decay: D => ; cell*d*D;
k = 0.02; K = 0.5; h = 0.03; d = 0.001;
share := P/(A + P);
"""
TABLES = {
    "contexts.tsv": "context\tkind\tparameter\tvalue\tunit\tmark\tsource\n"
    "few\ttotal\tinitial_A\t10\tnM\tassumed\ta test\n"
    "many\ttotal\tinitial_A\t40\tnM\tassumed\ta test\n",
    "hypotheses.tsv": "switch\thypothesis\tweight\tparameter\tvalue\tmark\tsource\n",
    "targets.tsv": "target\tgenes\tatp_shift\tmark\tsource\tacts_on\thow\tstrength\n"
    "KINASE\tK1\t1\tassumed\ta test\tphosphorylation\tinhibits\t\n"
    "PHOSPHATASE\tH1\t1\tassumed\ta test\th\tscales\t3\n"
    "DEGRADER\tA1\t1\tassumed\ta test\tD\tremoves\t0.004\n",
    "drugs.tsv": "drug\tclass\tmode\tspecies\tscreened\thill\tmark\n"
    + "".join(f"{name}\tx\tallosteric\tany\ttrue\t1\tassumed\n" for name in ("blocker", "activator", "degrader")),
    "affinities.tsv": "drug\tgene\tconstruct\ttarget\ttype\trelation\tvalue_nM\tatp\tused\tmark\tcitation\n"
    "blocker\tK1\tK1\tKINASE\tKd\t=\t100\tsite\ttrue\tassumed\ta test\n"
    "activator\tH1\tH1\tPHOSPHATASE\tKd\t=\t100\tsite\ttrue\tassumed\ta test\n"
    "degrader\tA1\tA1\tDEGRADER\tKd\t=\t100\tsite\ttrue\tassumed\ta test\n",
}  # fmt: skip
SECONDS = 1.0 / 60.0
MINUTES = 2.0


def pathway(further: str = "") -> str:
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(PATHWAY + further) >= 0, antimony.getLastError()
    return str(antimony.getSBMLString(antimony.getModuleNames()[-1]))


def course(load: dict[str, float], total: float) -> dict[str, float]:
    """P, its share and D after two minutes, under loads of the targets."""
    held = {name: value / (1.0 + value) for name, value in load.items()}
    up = 0.02 * 0.5 * (1.0 - held.get("KINASE", 0.0))
    down = 0.03 * (1.0 + 2.0 * held.get("PHOSPHATASE", 0.0))
    phosphorylated = total * up / (up + down) * (1.0 - math.exp(-(up + down) * 60.0 * MINUTES))
    lost = 0.001 + 0.004 * held.get("DEGRADER", 0.0)
    return {"P": phosphorylated, "share": phosphorylated / total, "D": 4.0 * math.exp(-lost * 60.0 * MINUTES)}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with the file, its tables and settings."""
    (tmp_path / "model.xml").write_text(pathway())
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, **sections) -> Path:
    settings = {
        "network": {"sbml": "model.xml", "start": "initial", "minutes": SECONDS},
        "tables": {name.removesuffix(".tsv"): name for name in TABLES},
        "scenarios": {"constants": "assay", "doses_nM": [50, 300], "pairs": []},
        "readouts": [{"id": f"{name}_2min", "observable": name, "minutes": MINUTES} for name in ("P", "D", "share")],
        "fit": {"draws_from": "nominal"},
        "rank": {
            "observable": "P", "side": ["D"], "discrepancy": None,
            "dose_bases": [{"kind": "equal_concentration", "value": 300}],
        },
        "report": {"labels": None},
    }  # fmt: skip
    path = folder / "own.yaml"
    for name, value in sections.items():
        settings[name] = settings.get(name, {}) | value
    path.write_text(yaml.safe_dump(settings))
    return path


def test_a_file_of_another_network_is_screened(folder, run):
    config = write(folder)
    assert run("check", "--config", config).code == 0
    ran = run("mine", "--config", config, "--threads", "1")
    assert ran.code == 0, ran.err
    ranked = pl.read_csv(folder / "results/own/ranked.csv")
    assert set(ranked["readout"]) == {"P_2min"}
    assert set(ranked.select("intervention", "route", "acts_through").rows()) == {
        ("blocker", "direct", "KINASE"), ("activator", "indirect", "PHOSPHATASE"), ("degrader", "none", None),
    }  # fmt: skip
    for total, context in ((10.0, "few"), (40.0, "many")):
        vehicle = course({}, total)
        rows = {row["intervention"]: row for row in ranked.filter(context=context).iter_rows(named=True)}
        for drug, target in (("blocker", "KINASE"), ("activator", "PHOSPHATASE"), ("degrader", "DEGRADER")):
            under = course({target: 3.0}, total)
            assert rows[drug]["suppression_p50"] == pytest.approx(1.0 - under["P"] / vehicle["P"], abs=1e-4)
            assert rows[drug]["D_change_p50"] == pytest.approx(math.log2(under["D"] / vehicle["D"]), abs=1e-3)
        assert min(rows, key=lambda name: rows[name]["rank"]) == "blocker"
    responses = pl.read_parquet(folder / "results/own/simulate/shard-0.parquet")
    vehicle = responses.filter(pl.col("scenario") == "many|default|vehicle")
    assert dict(vehicle.select("readout", "value").rows()) == pytest.approx(
        {f"{name}_2min": value for name, value in course({}, 40.0).items()}, rel=1e-5
    )
    for tool, end in (("gdr", "csv"), ("thunor", "tsv"), ("anndata", "h5ad")):
        ran = run("export", "--to", tool, "--config", folder / "results/own/settings.json")
        assert ran.code == 0 and (folder / f"results/own/export/{tool}.{end}").is_file(), ran.err
    page = (folder / "results/own/report.html").read_text()
    assert "takes P down" in page and "pY705" not in page
    assert "alone: what the network gets wrong is not counted." in page


def test_the_example_of_the_docs_is_screened(root, tmp_path, run, monkeypatch):
    """Where public data are: inhibitors of JAK2 come by their constants in cells, the antibody leaves little."""
    data = Path(os.environ.get("SCREEN_DATA") or root / "../shared/data")
    model = data / "petab/Raia_CancerResearch2011/model_Raia_CancerResearch2011.xml"
    if not model.is_file():
        pytest.skip(f"the SBML file of Raia 2011 must be at {model}, found no such file")
    folder = tmp_path / "raia"
    shutil.copytree(root / "docs/another_network", folder)
    shutil.copy(model, folder)
    monkeypatch.chdir(folder)
    assert run("check", "--config", "raia.yaml").code == 0
    ran = run("mine", "--config", "raia.yaml", "--threads", "1")
    assert ran.code == 0, ran.err
    ranked = pl.read_csv(folder / "results/raia/ranked.csv")
    rows = ranked.filter(readout="pSTAT5_40min", dose_basis="equal_concentration_1000nM", context="medb1_20")
    by_constant = ["ruxolitinib", "tofacitinib", "fedratinib", "baricitinib", "momelotinib", "pacritinib"]
    assert rows.filter(drug_classes="JAK").sort("rank")["intervention"].to_list() == by_constant
    assert rows.filter(intervention="lebrikizumab")["suppression_p50"].item() > 0.99


def test_draws_of_another_network_come_from_a_file(folder, run):
    """Noise of the measurements is among them and is passed over."""
    drawn = {"k": [0.01, 0.02, 0.04], "sd_P": [1.0, 2.0, 3.0]}
    draws = pl.concat(
        pl.DataFrame({"draw": [0, 1, 2], "parameter": name, "value": value}) for name, value in drawn.items()
    )
    draws.write_parquet(folder / "draws.parquet")
    config = write(folder, fit={"draws_from": "shipped", "draws": 3}, panel={"ensemble": "draws.parquet"})
    ran = run("mine", "--config", config, "--threads", "1", "--draws", "3")
    assert ran.code == 0, ran.err
    assert "passed over, since the network has none of these: sd_P" in ran.err
    assert set(pl.read_csv(folder / "results/own/ranked.csv")["draws"]) == {3}
    held = pl.read_parquet(folder / "results/own/constrain/draws.parquet")
    assert set(held["parameter"]) == {"k"} and held["value"].to_list() == [0.01, 0.02, 0.04]
    draws.filter(parameter="sd_P").write_parquet(folder / "draws.parquet")
    said = "screen: draws.parquet: must hold draws of parameters of `network.sbml`, found none of them"
    for command in (
        ("check",),
        ("scenarios", "--dry-run"),
        ("constrain", "--results", "results/own"),
        ("mine",),
    ):
        ran = run(*command, "--config", config)
        assert (ran.code, ran.problems) == (2, [said]), command


@pytest.mark.parametrize(
    "name", ["draw", *(pytest.param(name, marks=pytest.mark.slow) for name in ("value", "scenario"))]
)
def test_a_parameter_may_be_called_as_a_column(folder, run, name):
    (folder / "model.xml").write_text(pathway(f"{name} = 0; idle: A => P; {name}*A;"))
    ran = run("mine", "--config", write(folder), "--threads", "1")
    assert ran.code == 0, ran.err
    found = pl.read_parquet(folder / "results/own/simulate/shard-0.parquet")
    vehicle = dict(found.filter(scenario="few|default|vehicle").select("readout", "value").rows())
    assert vehicle["P_2min"] == pytest.approx(course({}, 10.0)["P"], rel=1e-5)


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (Site("T", ("nothing",), "inhibits"), "must name a reaction or parameter of the SBML file under `inhibits`, "
         "found nothing: nothing of this name"),
        (Site("T", ("A",), "inhibits"), "must name a reaction or parameter .* found A: species"),
        (Site("T", ("k",), "removes", 1.0), "must name a species .* found k: parameter"),
    ],
)  # fmt: skip
def test_what_a_target_cannot_act_on_is_named(site, message):
    with pytest.raises(NetworkError, match=f"targets, T: `acts_on` {message}"):
        with_drugs(pathway(), [site])


def test_two_targets_of_one_parameter_multiply():
    network = read_sbml(
        with_drugs(pathway(), [Site("S", ("k",), "inhibits"), Site("T", ("k",), "scales", 2.0)])
    )
    values = dict(zip(network.parameters, network.values, strict=True))
    from screen.network.algebra import evaluate

    found = evaluate(network.formula("acting_k"), values | {"load_S": 1.0, "load_T": 3.0})
    assert found == pytest.approx(0.02 * 0.5 * 7.0 / 4.0)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"fit": {"draws_from": "measurements"}}, "must come with fit.draws_from shipped or nominal"),
        ({"rank": {"discrepancy": "config/discrepancy.tsv"}}, "must come with rank.discrepancy null"),
        ({"network": {"sbml": None}}, "`network.start` and `network.minutes` must be left out"),
    ],
)
def test_settings_that_are_about_the_modules_are_refused(folder, run, sections, message):
    ran = run("mine", "--config", write(folder, **sections))
    assert ran.code == 2 and message in ran.err


def test_a_drug_before_the_initial_state_is_refused(folder, run):
    early = "few\ttiming\tpreincubation_min\t60\tmin\tassumed\ta test\n"
    (folder / "contexts.tsv").write_text(TABLES["contexts.tsv"] + early)
    ran = run("check", "--config", write(folder))
    assert ran.code == 2 and "contexts, few: preincubation_min must be 0" in ran.err
    other = write(folder, scenarios={"contexts": ["many"]})
    assert run("check", "--config", other).code == 0


TIMED = [
    ("E1: at time > 600: k = 5;", "rate of A"),
    ("E1: at time > 600: A = 20;", "event E1"),
    ("E1: at P > 1: A = time;", "event E1"),
    ("up := piecewise(1, time >= 10, 0); more: A => P; up*A;", "rate of A"),
    ("fading: D => ; exp(-time)*D;", "rate of D"),
    ("c = 1; c' = 0.5;", "rate of c"),
]


@pytest.mark.parametrize(("further", "found"), TIMED)
@pytest.mark.parametrize("command", [("check",), ("scenarios", "--dry-run"), ("mine",)])
def test_a_network_that_time_changes_has_no_rest(folder, run, command, further, found):
    (folder / "model.xml").write_text(pathway(further))
    ran = run(*command, "--config", write(folder, network={"start": "rest"}))
    rule = "must be initial for a network that time itself changes, which has no rest"
    assert (ran.code, ran.problems) == (
        2,
        [f"screen: network.start: {rule}, found rest and {found} of model.xml"],
    )
    assert not (folder / "results").exists()
    assert run("check", "--config", write(folder)).code == 0


def test_what_only_reads_time_or_waits_for_a_state_comes_to_rest(folder, run):
    (folder / "model.xml").write_text(pathway("hours := time/3600; E1: at P > 100: k = 1;"))
    assert run("check", "--config", write(folder, network={"start": "rest"})).code == 0


@pytest.mark.parametrize("name", ["K", "cell", "initial_A", "load_KINASE"])
def test_a_drug_called_as_a_parameter_is_refused_where_it_is_given(folder, run, name):
    for table in ("drugs.tsv", "affinities.tsv"):
        (folder / table).write_text(TABLES[table].replace("activator\t", f"{name}\t"))
    ran = run("check", "--config", write(folder))
    message = f"drugs.tsv row 3: `drug` must not be the name of a parameter of the network, found {name}"
    assert (ran.code, ran.err.strip()) == (2, f"screen: {message}")
    assert run("check", "--config", write(folder, scenarios={"drugs": ["blocker", "degrader"]})).code == 0


@pytest.mark.parametrize("command", [("describe", "observables"), ("export", "--to", "sbml")])
def test_a_command_about_the_modules_refuses_another_network(folder, run, command):
    ran = run(*command, "--config", write(folder))
    assert ran.code == 2 and "network.sbml: must be left out here" in ran.err


@pytest.mark.parametrize("name", ["KIN-1", "KIN.1", "KIN 1", "KIN/1", "1KIN"])
def test_a_target_that_can_be_no_part_of_a_name_in_sbml_is_refused_by_its_row(folder, run, name):
    for table in ("targets.tsv", "affinities.tsv"):
        (folder / table).write_text(TABLES[table].replace("KINASE\t", f"{name}\t"))
    must = "must be letters, digits and _, no digit first, to be part of a name in SBML"
    said = f"screen: targets.tsv row 2, {name}: `target` {must}, found {name}"
    for command in ("check", "mine"):
        ran = run(command, "--config", write(folder))
        assert (ran.code, ran.problems) == (2, [said])


def test_what_a_target_of_a_table_cannot_act_on_is_named_by_its_row(folder, run):
    (folder / "targets.tsv").write_text(TABLES["targets.tsv"].replace("\tphosphorylation\t", "\tA\t"))
    ran = run("check", "--config", write(folder))
    must = "`acts_on` must name a reaction or parameter of the SBML file under `inhibits`"
    assert (ran.code, ran.problems) == (2, [f"screen: targets.tsv row 2, KINASE: {must}, found A: species"])


def test_a_target_without_a_place_is_named(folder, run):
    text = TABLES["targets.tsv"].replace("\tphosphorylation\tinhibits\t", "\t\t\t")
    (folder / "targets.tsv").write_text(text)
    ran = run("check", "--config", write(folder))
    assert ran.code == 2 and "targets, KINASE: `acts_on` must be given with `network.sbml`" in ran.err
