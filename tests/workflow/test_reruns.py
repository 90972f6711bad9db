"""What a change runs again, and nothing else: settings, files, code, and results that are not what they were.

The stages are stand-ins, the workflow and its bookkeeping are the real ones.
"""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import polars as pl
import pytest
from pydantic import BaseModel

from screen.settings import Settings
from screen.tables import RESPONSES, read_provenance, read_table, write_table
from tests.workflow.conftest import SHARDS
from tests.workflow.running import planner, snakemake

AFTER = {
    "network": {"scenarios", "fit", "constrain", "simulate", "simulate_on", "rank"},
    "scenarios": {"simulate", "race", "simulate_on", "rank", "report"},
    "fit": {"constrain", "report"},
    "constrain": {"simulate", "simulate_on", "validate", "rank", "report"},
    "simulate": {"race", "rank", "report"},
    "race": {"simulate_on", "rank", "report"},
    "simulate_on": {"rank", "report"},
    "validate": {"report"},
    "rank": {"report"},
    "report": set(),
    "predict_heldout": set(),
    "potency": set(),
}
"""Stage -> the stages that read what it writes."""

TABLES = ("scenarios", "constrain", "simulate", "validate", "report", "predict_heldout")
"""Stages that read the tables of contexts and drugs."""

ROUNDS = {"simulate", "simulate_on"}
"""What runs as shards."""

ASIDE = {"predict_heldout", "potency"}
"""Stages that no screen needs."""

READ = {
    "seed": {"fit", "constrain", "simulate", "validate", "rank", "predict_heldout", "potency"},
    "network.folder": {"network", "fit", "constrain", "simulate", "validate", "report", "predict_heldout"},
    "network.modules": {"network", "constrain", "validate"},
    "tables.contexts": {"scenarios", "constrain", "simulate", "validate", "report", "predict_heldout"},
    "tables.hypotheses": {"scenarios", "constrain", "simulate", "validate", "report", "predict_heldout"},
    "tables.drugs": {
        "scenarios",
        "constrain",
        "simulate",
        "validate",
        "rank",
        "report",
        "predict_heldout",
        "potency",
    },
    "tables.affinities": {*TABLES, "potency"},
    "tables.targets": {*TABLES, "potency"},
    "tables.potency": {*TABLES, "potency"},
    "scenarios.contexts": {"scenarios"},
    "scenarios.hypotheses": {"scenarios"},
    "scenarios.constants": {"scenarios", "simulate", "constrain", "validate", "report"},
    "scenarios.drugs": {"scenarios"},
    "scenarios.doses_nM": {"scenarios"},
    "scenarios.pairs": {"scenarios"},
    "scenarios.pair_doses_nM": {"scenarios"},
    "scenarios.own_pair_doses_nM": {"scenarios"},
    "scenarios.pair_layout": {"scenarios"},
    "scenarios.triples": {"scenarios"},
    "scenarios.genetic": {"scenarios"},
    "readouts": {"scenarios", "simulate", "race", "rank", "report"},
    "simulate.engine": {"fit", "constrain", "simulate", "validate", "predict_heldout"},
    "simulate.screen_rtol": {"simulate"},
    "simulate.slices": {"simulate"},
    "simulate.rtol": {"fit", "constrain", "simulate", "validate", "predict_heldout"},
    "simulate.atol": {"fit", "constrain", "simulate", "validate", "predict_heldout"},
    "simulate.max_steps": {"fit", "constrain", "simulate", "validate", "predict_heldout"},
    "simulate.batch": {"fit", "constrain", "simulate", "validate", "predict_heldout"},
    "simulate.shards": {"simulate", "race", "rank", "report"},
    "race.draws": {"simulate", "race"},
    "race.keep": {"race"},
    "race.share": {"race"},
    "race.error": {"race"},
    "fit.problem": {"fit", "constrain"},
    "fit.data": {"predict_heldout"},
    "fit.starts": {"fit"},
    "fit.adam": {"fit"},
    "fit.kicks": {"fit"},
    "fit.polish": {"fit"},
    "fit.draws_from": {"constrain", "report"},
    "fit.draws": {"fit"},
    "fit.draw_steps": {"fit"},
    "panel.table": {"constrain", "validate"},
    "panel.ensemble": {"constrain"},
    "panel.constrain": {"constrain"},
    "panel.steps": {"constrain"},
    "rank.dose_bases": {"race", "rank"},
    "rank.observable": {"scenarios", "race", "rank", "report"},
    "rank.goal": {"race", "rank", "report"},
    "rank.side": {"race", "rank", "report"},
    "rank.floor": {"race", "rank", "report"},
    "rank.discrepancy": {"rank"},
    "rank.sets": {"rank"},
    "report.labels": {"report"},
    "report.title": {"report"},
    "report.top": {"report"},
}
"""Setting -> the stages that read it, or the files that it names."""

OF_ANOTHER_NETWORK = {
    "network.sbml", "network.start", "network.minutes", "petab.starts", "petab.polish", "petab.kicks",
}  # fmt: skip
"""Settings that no workflow takes."""

VALUES = {
    "scenarios.contexts": ["hepatocyte_mouse"],
    "scenarios.hypotheses": ["H_ALK"],
    "scenarios.constants": "assay",
    "scenarios.drugs": ["ruxolitinib"],
    "scenarios.own_pair_doses_nM": {"ruxolitinib": [300]},
    "scenarios.pair_layout": "matrix",
    "scenarios.triples": [["ruxolitinib", "dasatinib", "trametinib"]],
    "scenarios.genetic": ["JAK1_total=0"],
    "readouts": [{"id": "a", "observable": "pY705_level", "minutes": 7}],
    "fit.draws_from": "shipped",
    "simulate.engine": "jax",
    "simulate.slices": False,
    "simulate.batch": 64,
    "race.draws": 20,
    "race.share": 0.3,
    "panel.constrain": ["gate"],
    "rank.dose_bases": [{"kind": "clinical"}],
    "rank.observable": "pERK",
    "rank.goal": "raise",
    "rank.sets": {"two": {"hepg2": 1, "breast_bt20": -1}},
    "rank.side": ["pS727"],
    "report.labels": None,
    "report.title": "another",
    "network.modules": ["m00_base"],
    "fit.data": "config",
}
"""Other values of settings that are neither numbers nor files."""


def settings_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every setting as `section.key`."""
    found = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found += settings_of(inner, f"{prefix}{name}.")
        else:
            found.append(prefix + name)
    return found


def rounds(stages: set[str]) -> set[str]:
    """These stages, with both rounds of what is simulated where the first is among them."""
    return stages | (ROUNDS if "simulate" in stages else set())


def followed(stages: set[str]) -> set[str]:
    """The stages of a screen among these, and all that come after them."""
    found, waiting = set(), list(rounds(stages) - ASIDE)
    while waiting:
        stage = waiting.pop()
        if stage not in found:
            found.add(stage)
            waiting += AFTER[stage]
    return found


def jobs(stages: set[str], shards: int = SHARDS) -> list[str]:
    """Stages as planned, in alphabetical order, once a job."""
    return sorted([*stages, *(shards - 1) * sorted(stages & ROUNDS)])


def other(folder: Path, setting: str) -> object:
    """Another value of a setting; of a file or folder, a copy of it elsewhere."""
    if setting in VALUES:
        return VALUES[setting]
    value = Settings()
    for name in setting.split("."):
        value = getattr(value, name)
    if isinstance(value, list) and setting.startswith("tables."):
        (value,) = value
    if not isinstance(value, Path):
        return [[*value[0]]] if setting == "scenarios.pairs" and value else _changed(value)
    target = Path("elsewhere") / value.relative_to("config")
    if value.suffix == ".tsv" or not value.suffix:
        source, place = folder / value, folder / target
    else:
        source, place = folder / value.parent, folder / target.parent
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, place)
    return str(target)


def _changed(value: object) -> object:
    if isinstance(value, list):
        return [["ruxolitinib", "tofacitinib"]] if not value else [2 * value[0]]
    assert isinstance(value, int | float)
    return value + 1 if isinstance(value, int) else value / 2


def test_every_setting_has_its_row():
    """But for where everything goes: it is read by all, and a change of it begins a run elsewhere."""
    assert {*READ, *OF_ANOTHER_NETWORK, "results"} == set(settings_of(Settings))


@pytest.mark.parametrize("setting", READ)
def test_a_setting_runs_again_the_stages_that_read_it_and_what_follows(screened, setting):
    value = other(screened.folder, setting)
    section, _, key = setting.partition(".")
    shards = value if setting == "simulate.shards" else SHARDS
    before, found = screened.before, screened.plan({section: {key: value} if key else value})
    assert found["planned"] == jobs(followed(READ[setting]), shards)
    named = ("settings", "inputs")
    other_now = {rule for rule in AFTER if any(found[what][rule] != before[what][rule] for what in named)}
    assert other_now == rounds(READ[setting])


def test_another_problem_beside_the_first_is_fitted_anew(screened):
    """Both lie in the folder all of whose files are inputs: the setting alone tells which is meant."""
    problem = screened.folder / "config/calibration/problem.yaml"
    beside = problem.with_name("beside.yaml")
    shutil.copy(problem, beside)
    try:
        before = screened.plan()["settings"]
        found = screened.plan({"fit": {"problem": "config/calibration/beside.yaml"}})["settings"]
    finally:
        beside.unlink()
    assert {rule for rule in AFTER if found[rule] != before[rule]} == READ["fit.problem"]


def test_what_a_problem_names_in_another_folder_is_an_input_of_its_fit(screened):
    """Its measurements lie in a folder below it, under another ending."""
    elsewhere = screened.folder / "elsewhere/calibration"
    shutil.copytree(screened.folder / "config/calibration", elsewhere, dirs_exist_ok=True)
    (elsewhere / "data").mkdir()
    (elsewhere / "measurements.tsv").rename(elsewhere / "data/measurements.txt")
    problem = elsewhere / "problem.yaml"
    problem.write_text(problem.read_text().replace("measurements.tsv", "data/measurements.txt"))
    try:
        found = screened.plan({"fit": {"problem": "elsewhere/calibration/problem.yaml"}})["inputs"]
    finally:
        shutil.rmtree(elsewhere)
    named = "elsewhere/calibration/data/measurements.txt"
    assert {rule for rule, files in found.items() if named in files} == READ["fit.problem"]


def test_nothing_is_left_to_do(screened):
    assert screened.plan.planned() == []


def test_stages_read_what_the_stages_before_them_write(screened):
    found = screened.before
    writer = dict(found["outputs"])
    inputs = {rule: files for rule, files in found["inputs"].items() if rule in AFTER}
    inputs["predict_heldout"].remove("results/network/stat3.xml")
    edges = {rule: {writer[file] for file in files if file in writer} for rule, files in inputs.items()}
    assert edges == {rule: {before for before, after in AFTER.items() if rule in after} for rule in AFTER}
    held = "results/constrain/draws.parquet"
    assert {rule for rule, files in found["inputs"].items() if held in files} == {
        "simulate", "simulate_on", "validate", "rank", "report",
    }  # fmt: skip
    fitted = "results/fit/draws.parquet"
    assert {rule for rule, files in found["inputs"].items() if fitted in files} == {"constrain", "report"}


def test_what_is_predicted_again_runs_again_with_the_raw_data(screened):
    raw = screened.folder / "raw/some/readings.csv"
    raw.parent.mkdir(parents=True)
    raw.write_text("cell,value\n")
    found = screened.plan({"fit": {"data": "raw"}})["inputs"]
    assert [rule for rule, files in found.items() if "raw/some/readings.csv" in files] == ["predict_heldout"]


def test_every_stage_names_its_code_its_settings_and_what_it_reads(screened):
    for rule, params in screened.before["params"].items():
        assert rule == "all" or {"code", "inputs", "settings"} <= set(params), rule


@pytest.mark.parametrize(("cores", "shards", "each"), [(2, 2, 1), (8, 2, 4), (9, 4, 2), (1, 4, 1)])
def test_shards_share_the_cores(screened, cores, shards, each):
    found = screened.plan({"simulate": {"shards": shards}}, cores)
    assert found["threads"]["simulate"] == each
    assert found["threads"]["fit"] == min(8, cores)


def test_stages_are_called_with_the_settings_their_threads_and_their_shard(made):
    calls = [json.loads(line) for line in (made.folder / "calls.jsonl").read_text().splitlines()]
    first = calls[: 8 + 2 * SHARDS]
    assert all(option["--config"] == "results/settings.json" for _, option in first)
    found = dict(first)
    assert {command for command, option in found.items() if option.get("--threads") == "2"} == {
        "constrain", "fit", "validate",
    }  # fmt: skip
    assert found["validate"]["--draws"] == "results/constrain/draws.parquet"
    shards = sorted((option["--shard"], option["--threads"]) for name, option in first if name == "simulate")
    assert shards == [("0", "1"), ("1", "1"), ("2", "1"), ("3", "1")]


FILES = {
    "config/contexts.tsv": READ["tables.contexts"],
    "config/drugs.tsv": READ["tables.drugs"],
    "config/affinities.tsv": READ["tables.affinities"],
    "config/potency/estimates.tsv": READ["tables.potency"],
    "config/network/parameters.tsv": {"network", "fit", "constrain", "simulate", "validate", "report"},
    "config/network/m00_base.ant": {"network", "constrain", "validate"},
    "config/calibration/measurements.tsv": {"fit", "constrain"},
    "config/calibration/ensemble.parquet": {"constrain"},
    "config/panel/panel.tsv": {"constrain", "validate"},
    "config/discrepancy.tsv": {"rank"},
    "results/network/stat3.xml": AFTER["network"],
    "results/scenarios/scenarios.parquet": AFTER["scenarios"],
    "results/scenarios/routes.parquet": {"rank", "report"},
    "results/fit/draws.parquet": AFTER["fit"],
    "results/fit/scales.parquet": {"constrain", "report"},
    "results/constrain/draws.parquet": {"simulate", "validate", "rank", "report"},
    "results/constrain/summary.json": {"report"},
    "results/race.csv": AFTER["race"],
    "results/validation.csv": {"report"},
    "results/ranked.csv": {"report"},
    "results/report.html": set(),
}
"""File -> the stages that read it."""


@pytest.fixture
def forgotten(screened):
    """A screen that is done, of which Snakemake remembers nothing: it was copied from elsewhere."""
    memory, aside = screened.folder / ".snakemake/metadata", screened.folder / "metadata"
    memory.rename(aside)
    yield screened
    shutil.rmtree(memory, ignore_errors=True)
    aside.rename(memory)


def test_a_screen_that_snakemake_has_forgotten_leaves_nothing_to_do(forgotten):
    assert forgotten.plan.planned() == []


@pytest.mark.parametrize("setting", ["seed", "network.modules", "readouts", "fit.starts", "report.title"])
def test_other_settings_run_again_what_snakemake_has_forgotten(forgotten, setting):
    section, _, key = setting.partition(".")
    value = other(forgotten.folder, setting)
    changed = {section: {key: value} if key else value}
    expected = jobs(followed(READ[setting]))
    assert forgotten.plan.planned(changed) == expected
    assert forgotten.plan.planned() == []
    assert forgotten.plan.planned(changed) == expected


def change(file):
    """Other content under an old date."""
    file.write_bytes(file.read_bytes() + b"\n# changed\n")
    os.utime(file, 2 * (time.time() - 6 * 365 * 86400,))


FORGOTTEN = {
    "config/drugs.tsv": set(), "config/network/m00_base.ant": set(), "config/calibration/measurements.tsv": set(),
    "results/network/stat3.xml": {"network"}, "results/constrain/draws.parquet": {"constrain"},
    "results/ranked.csv": {"rank"},
}  # fmt: skip
"""File -> the stage that makes it."""


@pytest.mark.parametrize("name", FORGOTTEN)
def test_other_content_of_what_snakemake_has_forgotten_runs_again_the_same(forgotten, name):
    change(forgotten.folder / name)
    assert forgotten.plan.planned() == jobs(followed(FILES[name] | FORGOTTEN[name]))


@pytest.mark.parametrize("name", FILES)
def test_other_content_under_an_old_date_runs_again_what_reads_it_and_what_made_it(screened, name):
    """As `cp -p`, `rsync -t`, unpacking or a wrong clock leave it."""
    change(screened.folder / name)
    found = screened.plan()
    maker = {stage for written, stage in found["outputs"] if written == name}
    assert len(maker) == name.startswith("results/")
    assert found["planned"] == jobs(followed({*FILES[name], *maker}))
    assert {rule for rule in AFTER if name in found["inputs"][rule]} - ASIDE == rounds(FILES[name]) - ASIDE


UNREAD = {
    "validation.svg": "validate", "provenance.json": "report", "figures/ranked.svg": "report",
    "fit/waterfall.svg": "fit", "stopped/ranked.parquet": "rank", "made/scenarios.sha256": "scenarios",
    "simulate/shard-1.parquet": "simulate",
    "made/simulate-3.sha256": "simulate_on",
}  # fmt: skip
"""File that no stage needs -> the stage that makes it; and one shard of each round."""


@pytest.mark.parametrize("name", UNREAD)
def test_what_was_removed_is_made_again_though_nothing_reads_it(forgotten, name):
    (forgotten.folder / "results" / name).unlink()
    several = {"simulate": jobs({"simulate"})[1:], "simulate_on": jobs({"simulate_on"})[1:]}
    expected = jobs(followed({UNREAD[name]}))
    for each in several.get(UNREAD[name], []):
        expected.remove(each)
    assert forgotten.plan.planned() == expected


def test_what_was_removed_is_made_again_though_snakemake_remembers_it(screened):
    (screened.folder / "results/validation.svg").unlink()
    assert screened.plan.planned() == jobs(followed({"validate"}))


def test_a_link_that_leads_nowhere_is_named(apart):
    file = apart.folder / "results/ranked.csv"
    file.unlink()
    file.symlink_to("nosuch.csv")
    done = snakemake(apart.folder, "--dry-run")
    assert done.returncode == 1
    assert (
        "results/ranked.csv: must be a file or lead to one, found a link to nosuch.csv, which is"
        in done.stdout
    )


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("results/")])
def test_what_another_run_made_runs_again_what_reads_it(screened, name):
    """Copied with its list of digests, as `cp -p` does: it is what its stage wrote, there."""
    file = screened.folder / name
    change(file)
    ending = f"  {name.removeprefix('results/')}"
    (record,) = (
        each
        for each in (screened.folder / "results/made").iterdir()
        if any(line.endswith(ending) for line in each.read_text().splitlines())
    )
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    lines = [digest + ending if line.endswith(ending) else line for line in record.read_text().splitlines()]
    record.write_text("".join(f"{line}\n" for line in lines))
    os.utime(record, 2 * (file.stat().st_mtime,))
    assert screened.plan()["planned"] == jobs(followed(FILES[name]))


def test_what_is_not_as_it_was_made_is_made_again_once(apart):
    """Of another run, halved as a full disk leaves it, a pipe, and lists of digests that are none."""
    names = ("report.html", "constrain/draws.parquet", "validation.csv")
    written = {name: apart.folder / "results" / name for name in names}
    before = {name: file.read_bytes() for name, file in written.items()}
    written["validation.csv"].unlink()
    os.mkfifo(written["validation.csv"])
    (apart.folder / "results/made/fit.sha256").unlink()
    (apart.folder / "results/made/fit.sha256").symlink_to("/dev/zero")
    written["report.html"].write_text("of another run")
    written["constrain/draws.parquet"].write_bytes(before["constrain/draws.parquet"][:3])
    (apart.folder / "results/made/race.sha256").write_bytes(b"\xff")
    assert {"constrain", "fit", "race", "validate", "report"} <= set(apart.plan.planned())
    done = snakemake(apart.folder)
    assert done.returncode == 0, done.stdout
    assert {name: file.read_bytes() for name, file in written.items()} == before
    assert apart.plan.planned() == []


def test_another_date_alone_runs_nothing(screened):
    for file in (screened.folder / "config").rglob("*"):
        os.utime(file)
    assert screened.plan.planned() == []


def test_results_dated_ahead_do_not_hide_a_change(screened):
    ahead = time.time() + 30 * 86400
    for file in (screened.folder / "results").rglob("*"):
        os.utime(file, (ahead, ahead))
    assert screened.plan.planned() == []
    config = screened.folder / "config/drugs.tsv"
    config.write_text(config.read_text() + "# changed\n")
    assert screened.plan.planned() == jobs(followed(READ["tables.drugs"]))


@pytest.mark.slow
def test_files_dated_ahead_do_not_stop_a_run(apart):
    ahead = time.time() + 30 * 86400
    for file in (apart.folder / "results").rglob("*"):
        os.utime(file, (ahead, ahead))
    config = apart.folder / "config/panel/panel.tsv"
    config.write_text(config.read_text() + "# changed\n")
    os.utime(config, (ahead, ahead))
    expected = jobs(followed({"constrain", "validate"}))
    assert apart.plan.planned() == expected
    done = snakemake(apart.folder, "results/constrain/draws.parquet", "results/validation.csv")
    assert done.returncode == 0, done.stdout
    # What was interrupted here goes on: the draws are other ones than those that were simulated.
    assert set(apart.plan.planned()) <= set(expected) - {"constrain", "validate"}


def halved(folder: Path, shard: Path) -> None:
    """Other values under the provenance that was there."""
    frame = read_table(shard, RESPONSES).with_columns(pl.col("value") / 2 + 1)
    write_table(frame, shard, RESPONSES, read_provenance(shard))


def bare(folder: Path, shard: Path) -> None:
    """Other values, written by another program."""
    read_table(shard, RESPONSES).with_columns(pl.col("value") / 2 + 1).write_parquet(shard)


def flipped(folder: Path, shard: Path) -> None:
    """One bit of a value."""
    content = bytearray(shard.read_bytes())
    content[len(content) // 4] ^= 8
    shard.write_bytes(content)


def cut_short(folder: Path, shard: Path) -> None:
    """As a full disk leaves it."""
    shard.write_bytes(shard.read_bytes()[:-20])


def emptied(folder: Path, shard: Path) -> None:
    """As `touch` leaves it."""
    shard.write_bytes(b"")


def swapped(folder: Path, shard: Path) -> None:
    """Another part of the same screen."""
    shutil.copy2(shard.with_name("shard-0.parquet"), shard)


def foreign(folder: Path, shard: Path) -> None:
    """The same part of a screen with other draws."""
    facts = read_provenance(shard)
    facts["inputs"]["draws.parquet"] = "0" * 64
    write_table(read_table(shard, RESPONSES), shard, RESPONSES, facts)


def stale(folder: Path, shard: Path) -> None:
    """Made by code as it was."""
    write_table(read_table(shard, RESPONSES), shard, RESPONSES, read_provenance(shard) | {"code": "0"})


def other_engine(folder: Path, shard: Path) -> None:
    """Made by another engine than the first shard."""
    write_table(read_table(shard, RESPONSES), shard, RESPONSES, read_provenance(shard) | {"engine": "jax"})


@pytest.mark.parametrize(
    "harm", [halved, bare, flipped, cut_short, emptied, swapped, foreign, stale, other_engine]
)
def test_a_shard_that_is_not_of_this_screen_is_made_again(screened, harm):
    shard = screened.folder / "results/simulate/shard-1.parquet"
    stat = shard.stat()
    harm(screened.folder, shard)
    os.utime(shard, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert screened.plan.planned() == sorted(
        ["simulate", "race", *SHARDS * ["simulate_on"], "rank", "report"]
    )


@pytest.mark.parametrize("harm", [halved, swapped, foreign])
def test_a_shard_of_the_second_round_is_made_again_by_itself(screened, harm):
    shard = screened.folder / "results/simulate/shard-3.parquet"
    stat = shard.stat()
    harm(screened.folder, shard)
    os.utime(shard, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert screened.plan.planned() == ["rank", "report", "simulate_on"]


def test_a_shard_made_again_leaves_nothing_to_do(apart):
    shard = apart.folder / "results/simulate/shard-1.parquet"
    before = shard.read_bytes()
    halved(apart.folder, shard)
    done = snakemake(apart.folder)
    assert done.returncode == 0, done.stdout
    assert shard.read_bytes() == before
    assert apart.plan.planned() == []


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("screen/cli/plan.py", {"scenarios"}),
        ("screen/kernel/native/forward.h", {"scenarios", "fit", "constrain", "simulate", "validate"}),
    ],
)
def test_other_code_runs_again_the_stages_that_execute_it(screened, name, stages):
    file = screened.folder / name
    before = file.read_text()
    file.write_text(before + "\n")
    try:
        with planner(screened.folder) as plan:
            assert plan.planned() == jobs(followed(stages))
    finally:
        file.write_text(before)
