"""What decides, as a command: after a ranking, on its draws; what is refused."""

import polars as pl
import pytest

from screen.kernel import available_engines
from screen.tables import DECISIVE, DRAWS, read_provenance, read_table, write_table

pytestmark = pytest.mark.skipif("kernel" not in available_engines(), reason="needs a C compiler: the adjoint")


@pytest.mark.slow
def test_it_names_what_decides_each_ranking(run, small, tmp_path, root):
    config = small(simulate={"shards": 1}, scenarios={"pairs": [["ruxolitinib", "trametinib"]]})
    draws = pl.read_parquet(root / "config/calibration/ensemble.parquet").filter(pl.col("draw") < 3)
    write_table(draws, tmp_path / "results/constrain/draws.parquet", DRAWS)
    for stage in (("network",), ("scenarios",), ("simulate", "--shard", 0), ("rank",)):
        ran = run(*stage, "--config", config)
        assert ran.code == 0, ran.err
    ran = run("decisive", "--config", config, "--most", 3, "--draws", 2, "--contexts", "hepg2")
    assert ran.code == 0, ran.err
    found = read_table(tmp_path / "results/decisive.csv", DECISIVE)
    ranked = pl.read_csv(tmp_path / "results/ranked.csv").filter(
        pl.col("readout") == found["readout"][0], pl.col("dose_basis") == found["dose_basis"][0]
    )
    first, second = ranked.sort("rank", "intervention")["intervention"][:2]
    assert set(found["leader"]) == {first} and set(found["runner_up"]) == {second}
    assert found.height == 3 and set(found["draws"]) == {2}
    assert "ranked.csv" in read_provenance(tmp_path / "results/decisive.csv")["inputs"]
    assert ran.out.startswith(f"hepg2, default: {first} is ")
    assert run("report", "--config", config).code == 0
    page = (tmp_path / "results/report.html").read_text()
    assert f"{first} is {2.0 ** found['margin'][0]:.3g}-fold ahead of {second}" in page
    ran = run("decisive", "--config", config, "--readout", "none", "--contexts", "mars")
    assert ran.code == 2
    assert [problem.partition(" must")[0] for problem in ran.problems] == [
        "screen: --contexts:", "screen: --readout:",
    ]  # fmt: skip
    write_table(draws.filter(pl.col("draw") < 2), tmp_path / "results/constrain/draws.parquet", DRAWS)
    assert run("simulate", "--shard", 0, "--config", config).code == run("rank", "--config", config).code == 0
    ran = run("report", "--config", config)
    assert (
        "decisive.csv is of another ranking and left out; `python -m screen decisive` makes it anew"
        in ran.err
    )
    assert "-fold ahead of" not in (tmp_path / "results/report.html").read_text()


def test_without_a_ranking_it_says_so(run, small):
    ran = run("decisive", "--config", small())
    assert ran.code == 2
    assert ran.problems[-1] == "screen: results/ranked.csv: must exist, found no such file"
