"""The workflow: what its own tools say of it, and what it refuses; what a change runs again is in test_reruns."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.workflow.running import BIN, snakemake

SCENARIOS = "results/scenarios/scenarios.parquet"
"""What can be made without a fit."""


def planned(folder: Path, *arguments: str) -> list[str]:
    """Rules that a dry run would run, in alphabetical order, once a job."""
    done = snakemake(folder, "--dry-run", *arguments)
    assert done.returncode == 0, done.stdout
    lines = iter(done.stdout.splitlines())
    jobs = {}
    for line in lines:
        if line.startswith("job "):
            next(lines)
            for row in lines:
                if not row.strip():
                    break
                name, count = row.split()
                jobs[name] = int(count)
    jobs.pop("total", None)
    return sorted(name for name, count in jobs.items() for _ in range(count))


def test_lint_finds_nothing(root):
    done = snakemake(root, "--lint")
    assert done.returncode == 0, done.stdout


def test_the_format_is_that_of_snakefmt(root):
    done = subprocess.run(
        [BIN / "snakefmt", "--check", "Snakefile", "workflow"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_top_is_a_table_of_contents(root):
    assert len((root / "Snakefile").read_text().splitlines()) < 10
    assert len((root / "workflow/Snakefile").read_text().splitlines()) < 45
    for rules in (root / "workflow/rules").glob("*.smk"):
        assert not any(line.strip() == "run:" for line in rules.read_text().splitlines())


def test_a_dry_run_plans_every_stage_and_writes_no_settings(copy):
    shards = yaml.safe_load((copy / "config/config.yaml").read_text())["simulate"]["shards"]
    stages = ["all", "constrain", "fit", "network", "rank", "report", "scenarios", *["simulate"] * shards]
    stages += ["race", *["simulate_on"] * shards, "validate"]
    assert planned(copy) == sorted(stages)
    assert not (copy / "results/settings.json").exists()


def test_a_preset_goes_over_the_configuration_and_under_the_command_line(copy):
    """Quick has no fit, and two shards."""
    stages = ["all", "constrain", "network", "rank", "report", "scenarios", *["simulate"] * 3, "validate"]
    assert planned(copy, "--config", "preset=quick", "simulate={shards: 3}") == stages


@pytest.mark.parametrize("name", ["slow", "../config"])
def test_an_unknown_preset_is_named(copy, name):
    done = snakemake(copy, "--dry-run", "--config", f"preset={name}")
    assert done.returncode == 1
    assert f"preset: must be one of quick, found {name}" in done.stdout


def test_a_context_that_leaves_out_a_module_needs_another_network(copy):
    contexts = copy / "config/contexts.tsv"
    text = contexts.read_text()
    contexts.write_text(text + "hepg2\tmodule\tm07\t0\tdimensionless\tassumed\tassumed\n")
    assert planned(copy).count("network") == 2
    contexts.write_text(text + "hepg2\tmodule\tm07\t1\tdimensionless\tassumed\tassumed\n")
    done = snakemake(copy, "--dry-run")
    assert done.returncode == 1
    row = f"contexts.tsv row {len(text.splitlines()) + 1}, hepg2"
    assert f"{row}: `parameter` of a row of kind module must be the key of one" in done.stdout


@pytest.mark.parametrize("profile", ["default", "gpu", "slurm"])
def test_a_profile_holds_only_options_that_snakemake_has(root, profile):
    known = snakemake(root, "--help").stdout
    values = yaml.safe_load((root / "profiles" / profile / "profile.yaml").read_text())
    of_plugin = ("slurm-status-command", "slurm-init-seconds-before-status-checks")
    assert [name for name in values if f"--{name}" not in known and name not in of_plugin] == []


def test_captions_exist(root):
    for rules in (root / "workflow/rules").glob("*.smk"):
        for line in rules.read_text().splitlines():
            if 'caption="' in line:  # those of the figures are named by their files
                assert (rules.parent / line.split('"')[1]).exists(), line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sceanrios: {}\n", "config.yaml line 1: `sceanrios` is not a setting; did you mean `scenarios`?"),
        ("seed: -1\n", "config.yaml line 1: `seed` must be at least 0, found -1"),
        ("", "config.yaml: must hold settings, found an empty file"),
    ],
)
def test_a_wrong_configuration_fails_before_any_job(copy, text, expected):
    (copy / "config/config.yaml").write_text(text)
    done = snakemake(copy, "--dry-run")
    assert done.returncode == 1
    assert expected in done.stdout
    assert "Job stats" not in done.stdout


def test_a_dry_run_says_what_the_merged_settings_cost_and_refuses_what_rank_would(copy):
    few = "scenarios={contexts: [hepg2], drugs: [ruxolitinib], pairs: [], doses_nM: [1000]}"
    done = snakemake(copy, "--dry-run", "--quiet", "all", "--config", few)
    assert done.returncode == 0, done.stdout
    assert "(1 contexts, 1 with their hypotheses, 1 drugs at 1 doses, 0 pairs)" in done.stdout
    done = snakemake(copy, "--dry-run", "--config", few.replace("1000", "10"))
    assert done.returncode == 1
    assert "equal_concentration must be at a tested dose [nM] (10), found 1000" in done.stdout
    assert "Job stats" not in done.stdout


def test_a_wrong_key_on_the_command_line_is_named(copy):
    done = snakemake(copy, "--dry-run", "--config", "seeed=2")
    assert done.returncode == 1
    assert "configuration: `seeed` is not a setting; did you mean `seed`?" in done.stdout


@pytest.mark.slow
def test_settings_for_one_run_reach_the_stage_and_its_results_lie_in_a_folder_of_their_own(copy):
    mine = {"results": "results/mine", "scenarios": {"drugs": ["tofacitinib"], "pairs": []}}
    path = _write(copy / "mine.yaml", mine)
    done = snakemake(copy, "results/mine/scenarios/scenarios.parquet", "--configfile", str(path))
    assert done.returncode == 0, done.stdout
    assert "1 drugs at" in done.stdout
    assert sorted(path.name for path in (copy / "results").iterdir() if path.name[0] != ".") == ["mine"]
    assert (copy / "results/mine/scenarios/scenarios.parquet").exists()


def test_a_name_of_a_folder_is_no_command(copy):
    name = "it's $(touch pwned); `touch pwned` & co | tee pwned"
    path = _write(copy / "mine.yaml", {"results": name})
    made = f"{name}/scenarios/scenarios.parquet"
    done = snakemake(copy, made, "--configfile", str(path))
    assert done.returncode == 0, done.stdout
    assert (copy / made).is_file() and (copy / name / "made/scenarios.sha256").is_file()
    assert not list(copy.rglob("pwned"))


KNOWN = {"threads", "wildcards.shard", "params.settings", "params.code"}


def test_every_shell_command_quotes_what_it_is_given(root):
    """But for whole numbers and digests."""
    for path in (root / "workflow/rules").glob("*.smk"):
        _, _, commands = path.read_text().partition("    shell:\n")
        given = set(re.findall(r"{([^}]*)}", commands.partition("\n\n")[0]))
        assert {each for each in given if not each.endswith(":q")} <= KNOWN, path


@pytest.mark.parametrize("name", ["a{b}", "a<b>", "-a"])
def test_a_name_that_snakemake_or_a_command_would_read_is_refused(copy, name):
    path = _write(copy / "mine.yaml", {"results": name})
    done = snakemake(copy, "--dry-run", "--configfile", str(path))
    assert done.returncode == 1
    assert (
        f"results: must be a folder without {{ }} < > in its name that begins with no -, found {name}"
        in done.stdout
    )


def test_the_rule_of_potencies_writes_into_the_folder_of_its_configuration(copy):
    mine = _write(copy / "mine.yaml", {"results": "results/mine"})
    assert planned(copy, "results/mine/potency.tsv", "--configfile", str(mine)) == ["potency"]


def test_what_a_stage_would_refuse_is_refused_before_it_runs(copy):
    done = snakemake(
        copy, SCENARIOS, "--configfile", str(_write(copy / "mine.yaml", {"scenarios": {"drugs": ["water"]}}))
    )
    assert done.returncode == 1
    assert "\nscenarios.drugs: must be of drugs.tsv, found water\n" in done.stdout
    assert not (copy / "results/network").exists()
    assert not (copy / SCENARIOS).exists()


def _write(path: Path, values: dict) -> Path:
    path.write_text(yaml.safe_dump(values))
    return path
