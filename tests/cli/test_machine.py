"""What doctor and the program make of a machine of known size: memory, cores, disk, addresses, folders."""

import json
import os
import resource
from types import SimpleNamespace

import pytest

from screen.cli import doctor
from screen.cli.main import main

GIB = 2**30


@pytest.fixture
def finding(run, root, tmp_path):
    """finding(name): what doctor says of one thing; alone, so that nothing else is looked at."""

    def of(name: str, **options) -> dict:
        given = [part for each in options.items() for part in (f"--{each[0]}", each[1])]
        ran = run("doctor", "--json", "--config", root / "config/config.yaml", *given)
        (found,) = [each for each in json.loads(ran.out) if each["name"] == name]
        missing = any(each["state"] == "missing" for each in json.loads(ran.out))
        assert ran.code == (2 if missing else 0)
        return found

    return of


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """JAX and compilers are asked elsewhere."""
    monkeypatch.setattr(doctor, "LOOKS", (doctor._cores, doctor._memory, doctor._disk, doctor._cache))


@pytest.mark.parametrize(
    ("pages", "state", "found"),
    [
        (GIB // 1024, "ok", "4.0 GiB"),
        (GIB // 1024 - GIB // 8192, "note", "3.5 GiB"),
        (GIB // 512, "ok", "8.0 GiB"),
    ],
)
def test_less_than_four_gibibytes_of_memory_is_noted(finding, monkeypatch, pages, state, found):
    """Pages of 4096 bytes."""
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": pages}.__getitem__)
    said = finding("memory")
    assert (said["state"], said["found"]) == (state, found)
    assert ("lower simulate.batch" in said["cure"]) == (state == "note")


@pytest.mark.parametrize(
    ("free", "state", "found"),
    [
        (2 * GIB, "ok", "2.0 GiB free for"),
        (2 * GIB - GIB // 4, "note", "1.8 GiB free"),
        (5 * GIB, "ok", "5.0 GiB free for"),
    ],
)
def test_less_than_two_gibibytes_of_disk_are_noted(finding, monkeypatch, tmp_path, free, state, found):
    """Of the nearest folder that is there."""
    asked = []
    monkeypatch.setattr(
        doctor.shutil, "disk_usage", lambda folder: asked.append(folder) or SimpleNamespace(free=free)
    )
    said = finding("disk", results=tmp_path / "new/results")
    assert said["state"] == state and said["found"].startswith(found)
    assert asked == [tmp_path] and ("make room" in said["cure"]) == (state == "note")


def test_without_a_folder_on_the_command_line_the_disk_is_that_of_the_settings(finding, root, monkeypatch):
    monkeypatch.chdir(root)
    assert finding("disk")["found"].endswith(" free for results")


def test_cores_are_those_that_this_process_may_use(finding, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert finding("cores")["found"] == "3 usable"
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    assert finding("cores")["found"] == "12 usable"
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert finding("cores")["found"] == "1 usable"


def test_the_cache_is_the_folder_that_is_named_and_noted_where_it_cannot_be_written(
    finding, monkeypatch, tmp_path
):
    monkeypatch.setenv("SCREEN_CACHE", str(tmp_path / "far/cache"))
    assert finding("cache") == {
        "name": "cache",
        "state": "ok",
        "found": str(tmp_path / "far/cache"),
        "cure": "",
    }
    monkeypatch.setattr(doctor.os, "access", lambda folder, mode: folder != tmp_path)
    said = finding("cache")
    assert said["state"] == "note" and "each process compiles anew" in said["found"]


def test_a_line_has_its_cure_where_there_is_one(run, root, monkeypatch):
    looked = (
        doctor.Finding("memory", "note", "3.5 GiB", "lower it"),
        doctor.Finding("cores", "ok", "2 usable"),
    )
    monkeypatch.setattr(doctor, "LOOKS", tuple(lambda _, each=each: each for each in looked))
    ran = run("doctor", "--config", root / "config/config.yaml")
    assert ran.out.splitlines() == [
        "note     memory    3.5 GiB; lower it",
        "ok       cores     2 usable",
    ]


@pytest.mark.parametrize(
    ("cores", "granted", "enough"),
    [
        (2, 3.5625, True), (2, 3.5624, False), (34, 4.5625, True), (34, 4.5624, False), (None, 3.53125, True),
        (None, 3.531, False), (2, None, True),
    ],
)  # fmt: skip
def test_a_shell_that_grants_too_few_addresses_is_named_before_libraries_load(
    run, root, monkeypatch, cores, granted, enough
):
    """3.5 GiB and 32 MiB a core [GiB]: without them JAX and its threads end the process."""
    limit = resource.RLIM_INFINITY if granted is None else int(granted * GIB)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, resource.RLIM_INFINITY))
    ran = run("describe", "targets", "--config", root / "config/config.yaml")
    assert ran.code == (0 if enough else 2)
    least = (3.5 + (cores or 1) / 32) * 2**20
    said = f"must grant at least {least:.0f} kB of addresses (they cost no memory), found {limit // 1024};"
    assert enough or said in ran.err


@pytest.mark.parametrize(
    ("name", "called"), [("stat3-screen", "stat3-screen"), ("__main__.py", "python -m screen")]
)
def test_help_calls_the_program_as_it_was_called(monkeypatch, capsys, name, called):
    monkeypatch.setattr("sys.argv", [f"/usr/bin/{name}"])
    with pytest.raises(SystemExit):
        main(["--help"])
    assert capsys.readouterr().out.startswith(f"usage: {called} ")
