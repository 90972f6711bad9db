"""Exit codes, help and the one-line form of every refusal."""

import argparse
import ast
import inspect
import os
import subprocess
import sys

import pytest

from screen.cli import main
from screen.cli.main import AROUND, COMMANDS

OTHERS = os.environ.get("SCREEN_PYTHONS", "").split()
"""Other Pythons with pydantic and pyyaml, as paths by blanks."""

NEEDS_MORE = ("export", "doctor", "simulate", "cell", "describe", "drug", "experiment", "init")
"""Commands that do not begin with the settings, or need arguments."""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_says_what_it_does_and_gives_an_example(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert f"python -m screen {command}" in text
    assert "Example:" in text


@pytest.mark.slow
@pytest.mark.parametrize("python", OTHERS)
def test_help_works_on_other_pythons(root, python):
    for command in ([], *([name] for name in COMMANDS)):
        asked = [python, "-W", "error", "-m", "screen", *command, "--help"]
        done = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), command
        assert done.stdout.startswith("usage: python -m screen")


def test_help_of_the_program_lists_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert [name for name in COMMANDS if f"    {name} " not in text and f"    {name}\n" not in text] == []
    assert "90 % intervals" in " ".join(text.split())


@pytest.mark.parametrize(("asked", "used"), [(None, "1"), ("3", "3")])
def test_matrices_are_for_one_thread_unless_more_are_asked_for(asked, used, monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if asked:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", asked)
    with pytest.raises(SystemExit):
        main(["--version"])
    assert os.environ["OPENBLAS_NUM_THREADS"] == used


@pytest.mark.parametrize("arguments", [["frobnicate"], [], ["simulate"], ["fit", "--threads", "0"]])
def test_a_command_that_does_not_exist_or_lacks_something_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m screen" in capsys.readouterr().err


DEFAULTS = {
    "potency": {"response_draws": 16}, "predict-lines": {"course_draws": 16}, "profile": {"most": 6},
    "coverage": {"replicas": 20, "draws": 32}, "compare-models": {"steps": 30, "draws": 16},
    "decisive": {"draws": 16, "most": 10}, "describe": {"dose": 1000.0}, "mine": {"draws": 64},
    "cell": {"course_draws": 16},
}  # fmt: skip
"""Command -> the numbers that it takes where none are given; another one is a change that users notice."""


@pytest.mark.parametrize("command", COMMANDS)
def test_numbers_that_are_not_given_are_those_that_users_know(command):
    parser = argparse.ArgumentParser()
    COMMANDS[command].add_arguments(parser)
    found = {name: parser.get_default(name) for name in (action.dest for action in parser._actions)}
    numbers = {name: value for name, value in found.items() if type(value) in (int, float)}
    assert numbers == DEFAULTS.get(command, {})


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_done_ends_with_0_and_what_does_not_with_a_code_that_has_a_name(command):
    """Of commands that take too long to be run here too."""
    tree = ast.parse(inspect.getsource(COMMANDS[command]))
    (run,) = (each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "run")
    ends = [each.value for each in ast.walk(run) if isinstance(each, ast.Return)]
    codes = [part.value for each in ends for part in ast.walk(each) if isinstance(part, ast.Constant)]
    assert ends and {code for code in codes if type(code) is int} <= {0}


def test_the_module_can_be_run(root):
    done = subprocess.run(
        [sys.executable, "-m", "screen", "--version"], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("screen ")


def test_every_problem_is_one_line_and_the_code_is_2(run, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("seed: -1\nsceanrios: {}\n")
    ran = run("scenarios", "--config", config)
    assert ran.code == 2
    assert ran.out == ""
    assert sorted(ran.problems) == [
        "screen: config.yaml line 1: `seed` must be at least 0, found -1",
        "screen: config.yaml line 2: `sceanrios` is not a setting; did you mean `scenarios`?",
    ]


def test_a_folder_that_polars_cannot_name_is_one_line(run, small):
    assert run("network", "--config", small(), "--results", "q\udcff").code == 0
    ran = run("scenarios", "--config", small(), "--results", "q\udcff")
    assert ran.code == 2
    must = "must be a name in UTF-8, as it is a parquet table, found other bytes in it"
    assert ran.problems[-1] == rf"screen: q\udcff/scenarios/scenarios.parquet: {must}"


def test_text_that_no_file_can_hold_is_one_line(run, monkeypatch):
    monkeypatch.setattr(COMMANDS["doctor"], "run", lambda _: f"{'a' * 999}\udcff{'b' * 999}".encode())
    ran = run("doctor")
    must = "text and names of files must be UTF-8 here"
    found = rf"{'a' * AROUND}\udcff{'b' * AROUND}"
    assert (ran.code, ran.problems) == (2, [f"screen: {must}, found {found}"])


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in NEEDS_MORE])
def test_a_missing_configuration_is_one_line(run, tmp_path, command):
    ran = run(command, "--config", tmp_path / "none.yaml")
    assert ran.code == 2
    assert len(ran.problems) == 1
    assert "none.yaml: must be a readable YAML file, found No such file or directory" in ran.err


@pytest.mark.parametrize("command", ["network", "scenarios", "fit", "simulate", "rank", "report"])
def test_an_output_folder_that_cannot_be_written_to_is_one_line(run, small, tmp_path, command):
    blocked = tmp_path / "results"
    blocked.write_text("a file where the folder should be")
    arguments = ["--shard", 0] if command == "simulate" else []
    ran = run(command, "--config", small(), "--results", blocked, *arguments)
    assert ran.code == 2
    assert len(ran.problems) == 1
    assert "must be a folder one can write to, found" in ran.err


def test_no_permission_to_write_is_named(run, small, tmp_path, monkeypatch):
    monkeypatch.setattr("screen.cli.options.os.access", lambda *_: False)
    ran = run("network", "--config", small(), "--results", tmp_path / "results")
    assert ran.code == 2
    assert ran.problems == [
        f"screen: {tmp_path}/results/network: must be a folder one can write to, found no permission to write"
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt()])
def test_interrupted_says_how_to_go_on(run, small, monkeypatch, error):
    def stop(arguments):
        raise error

    monkeypatch.setattr("screen.cli.network.run", stop)
    ran = run("network", "--config", small())
    assert ran.code == 130
    assert ran.problems == ["screen: interrupted; run the same command again to go on"]


@pytest.mark.parametrize(
    "modules", ["screen.cli", "screen.rank, screen.report", "screen.scenarios, screen.network"]
)
def test_nothing_loads_jax_that_does_not_integrate(root, modules):
    program = f"import sys, {modules}; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
