"""What the simulate command hands on, with a stand-in for the work: round and part of a shard, slices, the start."""

from types import SimpleNamespace

import pytest

from screen.cli.simulate import device
from screen.simulate import Shard
from tests.cli.test_asked import patched

__all__ = ["patched"]

OTHER = {
    "fit": {"draws_from": "nominal"}, "scenarios": {"constants": "assay"}, "rank": {"discrepancy": None},
}  # fmt: skip
"""Settings with which a network of one's own goes."""


@pytest.fixture
def handed(run, small, patched):
    """handed(shard, settings): slices, whether it is the second round, how it integrates, the part, what is written."""
    found = []
    patched({
        "screen.kernel.configure": None, "screen.kernel.choose_engine": ("kernel", "it is there"),
        "screen.kernel.load_model": SimpleNamespace(parameters=()), "screen.network.check_draws": None,
        "screen.network.read_parameters": None, "screen.scenarios.read_context_tables": None,
        "screen.simulate.ScreenTables": SimpleNamespace(scenarios="scenarios"),
        "screen.simulate.read_parts": lambda screened, networks, readouts, slices: (
            found.append(slices) or [SimpleNamespace(model="model")]
        ),
        "screen.simulate.simulate_shard": lambda parts, readouts, integration, shard, say: (
            found.extend([integration, shard]) or "responses"
        ),
        "screen.tables.read_table": None, "screen.cli.simulate.shard_facts": {"code": "0"},
        "screen.tables.blocks.write_blocks": lambda rows, path, schema, facts: found.append((rows, path.name, facts)),
        "screen.cli.simulate.read_drugs": None, "screen.cli.simulate.device": "cpu",
        "screen.cli.simulate._of_round": lambda parts, scenarios, settings, results, second: (
            found.append(second) or parts
        ),
    })  # fmt: skip

    def of(shard: int, raced: bool, **sections) -> list:
        patched({
            "screen.cli.simulate.is_raced": raced, "screen.cli.simulate.count_shards": 4 if raced else 2,
        })  # fmt: skip
        found.clear()
        ran = run("simulate", "--shard", shard, "--threads", 3, "--config", small(**sections))
        assert ran.code == 0, ran.err
        return found

    return of


@pytest.mark.parametrize(
    ("shard", "second", "part"),
    [(0, False, Shard(0, 2)), (1, False, Shard(1, 2)), (2, True, Shard(0, 2)), (3, True, Shard(1, 2))],
)
def test_shards_are_numbered_on_for_the_second_round(handed, shard, second, part):
    slices, of_second, integration, found, written = handed(shard, raced=True, simulate={"screen_rtol": 1e-3})
    assert (slices, of_second, found, integration.from_rest) == (True, second, part, True)
    assert (integration.engine, integration.threads, integration.rtol) == ("kernel", 3, 1e-3)
    assert written == (
        "responses", f"shard-{shard}.parquet", {"code": "0", "engine": "kernel", "device": "cpu"}
    )  # fmt: skip


@pytest.mark.parametrize("start", ["rest", "initial"])
def test_another_network_is_whole_and_starts_as_it_is_told_to(handed, tmp_path, start):
    (tmp_path / "other.xml").write_text("<sbml/>")
    network = {"sbml": "other.xml", "start": start, "minutes": 60.0}
    slices, integration, part, _ = handed(1, raced=False, network=network, **OTHER)
    assert (slices, part) == (False, Shard(1, 2))
    assert (integration.from_rest, integration.unit_minutes) == (start == "rest", 60.0)
    assert handed(0, raced=False, simulate={"slices": False})[0] is False


@pytest.mark.parametrize(("platform", "said"), [("cpu", "cpu"), ("gpu", "gpu: NVIDIA H200")])
def test_the_device_is_the_first_and_an_accelerator_has_its_name(monkeypatch, platform, said):
    devices = [SimpleNamespace(platform=platform, device_kind="NVIDIA H200"), SimpleNamespace(platform="tpu")]
    monkeypatch.setattr("jax.devices", lambda: devices)
    assert device() == said
