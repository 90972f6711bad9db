"""A cell and a drug of one's own, from a table of abundances to a ranking, without a fit."""

import time

import h5py
import polars as pl
import pytest

from screen.cli import mine
from screen.cli.options import Results
from screen.cli.plan import read_aim
from screen.rank import TARGETS, ranked_schema, sets_schema
from screen.settings import Settings, load_settings
from screen.tables import DRAWS, digest_files, read_provenance, read_table, write_table
from tests.rank.worlds import RANKED

ABUNDANCES = """\
gene,copies per cell
STAT3,310000
STAT1,250000
JAK1,12000
JAK2,9000
TYK2,7000
IL6ST,15000
EGFR,220000
SRC,300000
MAP2K1,400000
MAP2K2,250000
MAPK1,500000
MAPK3,300000
"""

SETTINGS = """\
tables:
  contexts: [config/contexts.tsv, my/contexts.tsv]
  drugs: [config/drugs.tsv, my/drugs.tsv]
  affinities: [config/affinities.tsv, my/affinities.tsv]
scenarios:
  contexts: [du145]
  drugs: {drugs}
  pairs: [[mynib, trametinib], [mynib, lorlatinib]]
{more}"""


@pytest.fixture
def folder(tmp_path, root, monkeypatch):
    """A folder that holds nothing but the table and the settings, beside the project's configuration."""
    (tmp_path / "config").symlink_to(root / "config")
    (tmp_path / "du145.csv").write_text(ABUNDANCES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def story(run, *further):
    """The three commands; the drug is a JAK1 and JAK2 inhibitor ten times as tight as ruxolitinib."""
    cell = run(
        "cell", "du145.csv", "--name", "du145", "--like", "breast_bt20", "--stimulus", "IL6=25ng/mL", "EGF=0"
    )
    drug = run("drug", "mynib", "JAK1=0.34nM", "JAK2=0.0036nM", "TYK2=0.09nM", "ALK>10uM", "SRC=2uM")
    mine = run("mine", "--config", "mine.yaml", *further)
    return cell, drug, mine


def test_three_commands_and_a_short_file_make_a_ranking(run, folder):
    more = "  doses_nM: [100, 1000]\nreadouts: [{id: pY705_20min, observable: pY705_level, minutes: 20}]\n"
    more += "rank: {sets: {mine: {du145: 2}}}\n"
    text = SETTINGS.format(drugs="[mynib, ruxolitinib, trametinib]", more=more)
    (folder / "mine.yaml").write_text(text)
    for ran in story(run, "--draws", 4, "--threads", 2):
        assert ran.code == 0, ran.err
    aim = read_aim(load_settings(folder / "mine.yaml"))
    assert aim.side == ()
    ranked = read_table(folder / "results/mine/ranked.csv", ranked_schema(aim))
    basis = ranked.filter(dose_basis="equal_concentration_1000nM")
    assert basis["context"].unique().to_list() == ["du145"]
    best = basis.filter(rank=1)
    assert set(best["hypothesis"]) == {"basal_src", "basal_il6", "mixture"}
    assert set(best["intervention"]) <= {"mynib", "ruxolitinib"}
    assert set(best["failed"]) == {0}
    assert dict(best.select("hypothesis", "draws").rows()) == {"basal_src": 4, "basal_il6": 4, "mixture": 8}
    pairs = ranked.filter(dose_basis="equal_burden_1000nM")["intervention"].to_list()
    assert {"mynib+trametinib", "mynib+lorlatinib"} <= set(pairs)
    without_alk = ranked.filter(intervention="mynib+lorlatinib", dose_basis="equal_burden_1000nM")
    assert without_alk["excess_bliss_p50"].abs().max() < 1e-4
    page = (folder / "results/mine/report.html").read_text()
    assert 'Du145</a> <span class="yours">yours</span>' in page and "Your mynib: rank " in page
    together = read_table(folder / "results/mine/sets.csv", sets_schema(aim)).filter(
        dose_basis="equal_concentration_1000nM"
    )
    assert set(together["set"]) == {"mine"} and set(together["intervention"]) == set(basis["intervention"])
    assert together["intervention"][0] in {"mynib", "ruxolitinib"}
    provenance = read_provenance(folder / "results/mine/ranked.csv")
    assert {"config/drugs.tsv", "my/drugs.tsv"} <= set(provenance["inputs"])
    assert provenance["left_out"] == ["the fit: draws are the first 4 of 100 in ensemble.parquet"]
    assert f"Left out: {provenance['left_out'][0]}." in page
    assert sorted(path.name for path in (folder / "results").iterdir()) == ["mine"]
    hand_over(run, folder / "results/mine")
    # a figure that some fit left there is not of these draws
    (folder / "results/mine/fit").mkdir(exist_ok=True)
    (folder / "results/mine/fit/waterfall.svg").write_text("<svg/>")
    assert run("report", "--config", folder / "results/mine/settings.json").code == 0
    assert 'id="fit"' not in (folder / "results/mine/report.html").read_text()


def hand_over(run, results):
    """The same screen in the columns of other tools."""
    settings = ("--config", results / "settings.json")
    for target, end in (("gdr", "csv"), ("thunor", "tsv")):
        ran = run("export", "--to", target, *settings)
        assert ran.code == 0, ran.err
        table = read_table(results / f"export/{target}.{end}", TARGETS[target].schema)
        assert "mynib" in table.get_column("DrugName" if target == "gdr" else "drug1")
    assert run("export", "--to", "anndata", *settings).code == 0
    with h5py.File(results / "export/anndata.h5ad") as file:
        assert b"mynib" in file["obs/drug_1"][:] and file["X"].shape == (
            len(file["obs/_index"]),
            len(file["var/_index"]),
        )
    for arguments, message in (
        (("synergyfinder",), "must be given a pair over a whole matrix of 2 x 2 doses or more, found none"),
        (
            ("excel",),
            "--to: must be one of sbml, petab, sedml, combine, synergyfinder, gdr, thunor, anndata, found excel",
        ),
        (
            ("anndata", "--readout", "pY705_20min"),
            "--readout: must be left out for anndata (it is for synergy",
        ),
        (
            ("gdr", "--readout", "pY705_9h"),
            "readouts: pY705_9h must be among the responses, found pY705_20min",
        ),
    ):
        ran = run("export", "--to", *arguments, *settings)
        assert (ran.code, message in ran.err) == (2, True), ran.err


@pytest.fixture
def stages(run, small, tmp_path, monkeypatch):
    """stages(settings, options): which stages would run with which options, and what is said; none is run."""
    monkeypatch.setattr(mine, "read_rankable_plan", lambda settings: None)
    monkeypatch.setattr(mine, "_reasons_to_fit", lambda settings, results: ["one", "two"])

    def of(*options, **sections) -> tuple[list[str], list[str]]:
        ran = []

        def stage(module, config, *further):
            ran.append(" ".join((module.__name__.rpartition(".")[2], *further)))

        monkeypatch.setattr(mine, "_stage", stage)
        found = run("mine", "--config", small(**sections), *options)
        assert found.code == 0, found.err
        return ran, [line for line in found.problems if "worthwhile" in line]

    return of


def test_the_stages_run_in_their_order_the_second_round_where_pairs_may_stop(stages):
    alone = ["network", "scenarios", "constrain", "simulate --shard 0", "rank", "report"]
    assert stages(race={"draws": None})[0] == alone
    pairs = {"pairs": [["ruxolitinib", "trametinib"]]}
    raced, _ = stages("--threads", 3, "--draws", 20, scenarios=pairs, race={"draws": 12})
    first, second = (f"simulate --shard {shard} --threads 3" for shard in (0, 1))
    assert raced == ["network", "scenarios", "constrain", first, "race", second, "rank", "report"]


def test_more_draws_than_the_settings_take_are_refused_by_their_option(run, folder):
    (folder / "mine.yaml").write_text("scenarios: {contexts: [hepg2], drugs: [ruxolitinib]}\n")
    ran = run("mine", "--config", "mine.yaml", "--draws", "100001")
    assert (ran.code, ran.problems) == (2, ["screen: --draws: must be at most 100000, found 100001"])
    assert not (folder / "results").exists()


def test_a_folder_that_settings_cannot_name_is_refused_before_the_work(run, folder):
    (folder / "mine.yaml").write_text("scenarios: {contexts: [hepg2], drugs: [ruxolitinib]}\n")
    ran = run("mine", "--config", "mine.yaml", "--results", "a\udcff")
    assert (ran.code, ran.problems) == (
        2,
        [r"screen: folder of results: must be UTF-8 text, found a\udcff"],
    )


def test_of_the_shipped_network_each_reason_to_fit_is_said_of_another_none(stages, tmp_path):
    said = "mine: a fit of your own would be worthwhile (`make screen` does one): "
    assert stages()[1] == [f"{said}one", f"{said}two"]
    (tmp_path / "other.xml").write_text("<sbml/>")
    other = {
        "network": {"sbml": "other.xml"},
        "fit": {"draws_from": "nominal"},
        "rank": {"discrepancy": None},
    }
    assert stages(**other, scenarios={"constants": "assay"})[1] == []


def test_a_fit_is_worthwhile_for_another_network_and_for_parameters_without_draws(tmp_path, monkeypatch):
    """Of nine parameters two are among the draws and one is fixed; the first five of six are named."""
    results = Results(tmp_path)
    results.network.parent.mkdir()
    results.network.write_text("as it is")
    frame = pl.DataFrame({"draw": [0, 0], "parameter": ["k4", "k8"], "value": [1.0, 1.0]})
    write_table(frame, results.draws, DRAWS)
    settings = Settings.model_validate({"panel": {"ensemble": tmp_path / "ensemble.parquet"}})
    names = [f"k{number}" for number in range(9, 0, -1)]
    priors = ["fixed" if name == "k2" else "log10_normal" for name in names]
    table = pl.DataFrame({"parameter": names, "prior": priors})
    monkeypatch.setattr("screen.network.read_parameters", lambda path: table)
    left = "6 parameters with a prior are not among the draws and stay as they are (k1, k3, k5, k6, k7)"
    name, own = results.network.name, digest_files([results.network])
    changed = "the network is not the one that the draws were fitted with"
    for fitted, said in (({}, [left]), ({name: own}, [left]), ({name: "another"}, [changed, left])):
        write_table(frame, settings.panel.ensemble, DRAWS, {"inputs": fitted})
        assert mine._reasons_to_fit(settings, results) == said
    write_table(pl.DataFrame({"draw": [0] * 9, "parameter": names, "value": [1.0] * 9}), results.draws, DRAWS)
    assert mine._reasons_to_fit(settings, results) == [changed]


@pytest.mark.slow
def test_the_whole_screen_of_one_cell_takes_less_than_four_minutes(run, folder):
    text = SETTINGS.format(drugs="all", more="")
    assert len(text.splitlines()) <= 12
    (folder / "mine.yaml").write_text(text)
    began = time.monotonic()
    *_, mine = story(run, "--threads", 2)
    assert mine.code == 0, mine.err
    assert time.monotonic() - began < 240
    ranked = read_table(folder / "results/mine/ranked.csv", RANKED)
    by_hypothesis = ranked.group_by("hypothesis").agg(pl.col("draws").max())
    assert dict(by_hypothesis.iter_rows()) == {"basal_il6": 64, "basal_src": 64, "mixture": 128}
    assert ranked["intervention"].n_unique() > 80
