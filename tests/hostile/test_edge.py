"""What surrounds a command is missing, full or odd: one line, exit code 2, and the help is always there."""

import io
import os
import resource
import shlex
import subprocess
import sys

import pytest

from screen.cli import main
from screen.cli.main import COMMANDS
from screen.cli.report import read_held
from screen.errors import KernelError, ReportError
from screen.kernel import find_devices


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_help_of_every_command_is_there(capsys, command):
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ")


def started(root, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own; what it wrote to stdout is lost where `full` is set."""
    with open("/dev/full", "w") as full:
        return subprocess.run(
            [sys.executable, "-m", "screen", *command], cwd=root, env={**os.environ, **environment},
            stdout=full if "FULL" in environment else subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip


def test_without_docstrings_the_program_runs(root, tmp_path):
    done = started(root, "--help", PYTHONOPTIMIZE="2")
    assert done.returncode == 0 and "simulate" in done.stdout
    assert started(root, "network", "--results", str(tmp_path), PYTHONOPTIMIZE="2").returncode == 0
    assert (tmp_path / "network/stat3.xml").is_file()


def test_a_full_standard_output_is_one_line(root):
    done = started(root, "scenarios", "--dry-run", FULL="yes")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("screen: ") and line.endswith("found No space left on device")


def test_letters_that_a_terminal_lacks_are_written_out(root):
    done = started(root, "check", "--config", "config/ä→.yaml", PYTHONIOENCODING="ascii", PYTHONUTF8="1")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            RuntimeError("Unable to initialize backend 'cuda':\nno GPU"),
            "Unable to initialize backend 'cuda':",
        ),
        (AssertionError(), "no such device"),
        (AttributeError("'NoneType' object has no attribute 'devices'"), "no such device"),
    ],
)
def test_a_device_that_is_not_here_is_one_line(monkeypatch, error, reason):
    """The three ways in which JAX_PLATFORMS=cuda ends without a device: with the plugin, without, without asserts."""

    def devices():
        raise error

    monkeypatch.setattr("jax.devices", devices)
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    with pytest.raises(KernelError) as caught:
        find_devices()
    (problem,) = caught.value.problems
    assert problem.startswith("JAX_PLATFORMS: must name a kind of device that is here, found cuda (")
    assert reason in problem and "set it to cpu" in problem


def test_too_little_address_space_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (2**30, resource.RLIM_INFINITY))
    assert main(["check"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("screen: ulimit -v: must grant at least") and "found 1048576" in line


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("POLARS_MAX_THREADS", "0", "POLARS_MAX_THREADS: must be at least 1, found 0; "),
        ("JAX_ENABLE_X64", "maybe", "'maybe' for environment 'JAX_ENABLE_X64'; unset it"),
        ("JAX_NUMPY_RANK_PROMOTION", "x", '"x" for JAX flag jax_numpy_rank_promotion; unset it'),
        ("JAX_PLATFORMS", "nosuch", "must name a kind of device that is here, found nosuch ("),
    ],
)
def test_a_variable_that_a_library_cannot_read_is_one_line(root, variable, value, words):
    done = started(root, "check", **{variable: value})
    assert done.returncode == 2 and "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("screen: ") and words in last


def test_an_error_of_the_program_is_not_taken_for_one_of_the_environment(monkeypatch):
    def end(arguments):
        raise ValueError("a mistake of ours")

    monkeypatch.setattr(COMMANDS["doctor"], "run", end)
    with pytest.raises(ValueError, match="a mistake of ours"):
        main(["doctor"])


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_what_is_closed_leads_nowhere(root, tmp_path, closed):
    """A file that is opened under the number of standard output would take what is printed."""
    command = (
        f"{shlex.quote(sys.executable)} -m screen network --results {shlex.quote(str(tmp_path))} {closed}"
    )
    done = subprocess.run(["sh", "-c", command], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "") and "Traceback" not in done.stderr
    whole = tmp_path / "whole"
    assert started(root, "network", "--results", str(whole)).returncode == 0
    assert (tmp_path / "network/stat3.xml").read_bytes() == (whole / "network/stat3.xml").read_bytes()


def test_no_memory_and_a_full_disk_are_one_line(capsys, monkeypatch):
    endings = [
        (MemoryError(), "memory must suffice"),
        (OSError(28, "No space left on device"), "No space left"),
    ]
    for raised, words in endings:

        def end(arguments, raised=raised):
            raise raised

        monkeypatch.setattr(COMMANDS["doctor"], "run", end)
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        assert main(["doctor"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("screen: ") and words in line


@pytest.mark.parametrize(
    "text", ["", '{"demands": 200, "met', "{}", '{"demands": 200}', '{"demands": 2, "met": null}']
)
def test_a_damaged_summary_of_constrain_is_one_line_with_its_cure(tmp_path, text):
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(
        ReportError, match=r"summary\.json: must .*; run `python -m screen constrain` again"
    ) as caught:
        read_held(tmp_path / "summary.json")
    assert len(caught.value.problems) == 1


def test_a_summary_without_demands_needs_no_more(tmp_path):
    (tmp_path / "summary.json").write_text('{"draws": 2, "demands": 0, "met": 1.0}')
    assert read_held(tmp_path / "summary.json")["demands"] == 0
