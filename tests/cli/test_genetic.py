"""Genetic changes from settings to ranking and report, held against the same arms of an experiment."""

import polars as pl
import pytest

from screen.cli.options import Results
from screen.cli.plan import read_aim
from screen.panel import CONTRASTS
from screen.rank import ranked_schema
from screen.settings import load_settings
from screen.tables import RESPONSES, read_table

CELLS = {"noJAK1": ("0", "nM", "JAK1_total=0"), "lowJAK1": ("30", "%", "JAK1_total=30%")}
"""Cells taken from HepG2: their value and unit of JAK1_total, and the genotype that is the same in an experiment."""

CHANGES = ["gp130_total=0", "JAK1_total=0 JAK2_total=0%", "PTPN1_total=30%"]


def rows_of(cells):
    """Rows of contexts.tsv."""
    return [
        row
        for cell, (value, unit, _) in cells.items()
        for row in ((cell, "from", "hepg2", "", ""), (cell, "total", "JAK1_total", value, unit))
    ]


@pytest.fixture
def settings(small, tmp_path):
    """HepG2 and cells of own rows, one drug and the changes on the whole network, under the first shipped draw."""

    def write(changes, observables=("pY705_level",), own=()):
        rows = (
            "context\tkind\tparameter\tvalue\tunit\tmark\tsource",
            *("\t".join([*row, "", ""]) for row in own),
        )
        (tmp_path / "own.tsv").write_text("\n".join(rows) + "\n")
        return small(
            tables={"contexts": ["config/contexts.tsv", *(["own.tsv"] if own else [])]},
            scenarios={
                "contexts": list(dict.fromkeys(["hepg2", *(row[0] for row in own)])),
                "drugs": ["ruxolitinib"],
                "doses_nM": [1000],
                "genetic": changes,
            },
            fit={"draws_from": "shipped", "draws": 1},
            simulate={"shards": 1, "slices": False, "screen_rtol": 1e-6},
            readouts=[
                {"id": f"{name.removesuffix('_level')}_20min", "observable": name, "minutes": 20}
                for name in observables
            ],
            rank={"dose_bases": [{"kind": "equal_concentration", "value": 1000}]},
        )

    return write


def test_a_change_ranks_by_what_the_same_arm_of_an_experiment_shows(run, settings, tmp_path):
    config, results = settings(CHANGES, own=rows_of(CELLS)), Results(tmp_path / "results")
    shared = ("--config", config, "--results", results.folder)
    for stage in (
        *(("network",), ("scenarios",), ("constrain",), ("simulate", "--shard", 0), ("rank",), ("report",)),
        ("export", "--to", "gdr"),
    ):
        ran = run(*stage, *shared)
        assert ran.code == 0, ran.err
    (shard,) = results.shards(1)
    level = dict(read_table(shard, RESPONSES).select("scenario", "value").iter_rows())
    vehicle = level["hepg2|default|vehicle"]

    arms = [("control", "", "context", "", ""), ("bare", CHANGES[0], "", "", "control")]
    arms += [(f"arm{number}", text, "context", "", "control") for number, text in enumerate(CHANGES)]
    for cell, (*_, text) in CELLS.items():
        arms.append((cell, text, "context", "", "control"))
        arms.append((f"{cell}_drug", text, "context", "ruxolitinib=1000", cell))
    head = "arm\tcontext\tgenotype\tstimulus\ttreatment\treference\treadout\tminutes"
    rows = ["\t".join((name, "hepg2", *rest, "pY705_level", "20")) for name, *rest in arms]
    (tmp_path / "arms.tsv").write_text("\n".join([head, *rows]) + "\n")
    ran = run("experiment", tmp_path / "arms.tsv", *shared, "--draws", results.draws)
    assert ran.code == 0, ran.err
    table = read_table(results.experiment(tmp_path / "arms.tsv") / "contrasts.csv", CONTRASTS)
    ratio = dict(table.select("arm", "ratio_p50").iter_rows())
    for number, text in enumerate(CHANGES):
        assert level[f"hepg2|default|{text}"] / vehicle == pytest.approx(ratio[f"arm{number}"], rel=1e-9)
    # without its receptor IL-6 does nothing, and nothing else drives these cells
    assert ratio["arm0"] == pytest.approx(ratio["bare"], rel=1e-6) and ratio["arm0"] < 0.1

    every = read_table(results.ranked, ranked_schema(read_aim(load_settings(config))))
    for cell in CELLS:  # a drug in a changed cell is compared with the vehicle of that cell
        changed = level[f"{cell}|default|ruxolitinib@1000"] / level[f"{cell}|default|vehicle"]
        assert changed == pytest.approx(ratio[f"{cell}_drug"], rel=1e-6)
        assert level[f"{cell}|default|vehicle"] / vehicle == pytest.approx(ratio[cell], rel=1e-6)
        own = every.filter(context=cell, intervention="ruxolitinib")["suppression_p50"].item()
        assert own == pytest.approx(1.0 - changed, rel=1e-6)
    ranked = every.filter(context="hepg2")
    genetic = ranked.filter(dose_basis="genetic")
    found = dict(genetic.select("intervention", "suppression_p50").iter_rows())
    expected = {text: 1.0 - level[f"hepg2|default|{text}"] / vehicle for text in CHANGES}
    assert found == pytest.approx(expected, rel=1e-6)
    assert genetic.sort("rank")["intervention"][0] == max(expected, key=expected.__getitem__)
    route = dict(genetic.select("intervention", "route").iter_rows())
    assert route == dict(zip(CHANGES, ("direct", "direct", "indirect"), strict=True))
    assert genetic.filter(intervention=CHANGES[1])["acts_through"].item() == "JAK1_total JAK2_total"
    assert (genetic["suppression_p05"] < genetic["suppression_p95"]).all()
    assert ranked.filter(pl.col("dose_basis") != "genetic")["intervention"].to_list() == ["ruxolitinib"]
    assert pl.read_csv(results.export / "gdr.csv").height == 2 * (1 + len(CELLS))


def test_what_is_no_change_of_the_network_is_refused_before_anything_runs(run, settings, tmp_path):
    config = settings([*CHANGES[:1], "JAK9_total=0", "STAT3_total=30%"])
    for command in (("scenarios", "--dry-run"), ("check",)):
        ran = run(*command, "--config", config)
        assert ran.code == 2
        assert [problem.split(": ", 2)[1] for problem in ran.problems if "genetic" in problem] == [
            "scenarios.genetic",
            "scenarios.genetic",
        ]
    arm = run(
        "export", "--to", "sedml", "--arm", "hepg2|default|gp130_total=0", "--config", settings(CHANGES[:1])
    )
    assert arm.code == 2 and "must be given drugs or none, found the genetic change" in arm.err


def test_a_change_to_what_no_cell_has_is_a_warning(run, settings):
    changes = ["JAK1_total=1e300", "JAK2_total=0", "TYK2_total=20", "gp130_total=1e308%", "PTPN1_total=300%"]
    ran = run("check", "--config", settings(changes))
    warnings = [line for line in ran.err.splitlines() if "scenarios.genetic" in line]
    assert ran.code == 0
    assert [line.partition(" should be below ")[0] for line in warnings] == [
        f"screen: warning: scenarios.genetic: {name}" for name in ("JAK1_total", "gp130_total")
    ]


def test_what_leaves_a_read_out_no_value_is_refused_by_the_stage_as_by_check(run, settings):
    """Of what is 0 a share is 0 in this network; without glutathione there is no redox state (0/0)."""
    changes = ["SRC_total=0", "ERK_total=0", "FGFRL1_total=0", "GSH_total=0"]
    read = ("pY705_level", "pSRC", "pERK", "pFGFR", "redox")
    cell = [("bare", "from", "hepg2", "", ""), ("bare", "total", "GSH_total", "0", "nM")]
    rule = "must leave every read-out a value, found redox to have none, such as 0/0"
    config = settings(changes, observables=read)
    assert run("network", "--config", config).code == 0
    of_changes = run("scenarios", "--config", config)
    of_both = run("check", "--config", settings(changes, observables=read, own=cell))
    of_cell = run("scenarios", "--config", settings([], observables=read, own=cell))
    for ran, said in ((of_changes, (True, False)), (of_both, (True, True)), (of_cell, (False, True))):
        assert ran.code == 2
        found = [
            any(start in line and rule in line for line in ran.problems)
            for start in ("genetic: ", "row 3, bare: ")
        ]
        assert tuple(found) == said, ran.problems
        assert all("GSH_total=0" in line for line in ran.problems if rule in line)


def test_what_leaves_a_rate_no_value_is_refused_by_the_stage_as_by_check(run, settings, tmp_path):
    """Nothing that is read is a share of glutathione, but much of what happens depends on its redox state."""
    cell = [("bare", "from", "hepg2", "", ""), ("bare", "total", "GSH_total", "0", "nM")]
    rule = "must leave every rate a value, found that of "
    config = settings(["JAK1_total=0"])
    assert run("network", "--config", config).code == 0
    for changes, own, start in (
        (["GSH_total=0"], (), "screen: scenarios.genetic: "),
        ([], cell, "screen: own.tsv row 3, bare: "),
    ):
        for command in ("scenarios", "check"):
            ran = run(command, "--config", settings(changes, own=own))
            (problem,) = [line for line in ran.problems if rule in line]
            assert ran.code == 2 and problem.startswith(start + rule) and "under GSH_total=0" in problem


def test_a_share_of_what_no_cell_has_is_refused_and_of_what_some_lack_is_told(run, settings):
    """HepG2 has no mutant BRAF; of what is 0 a loss may be asked, and a value."""
    mutant = [("mutant", "from", "hepg2", "", ""), ("mutant", "total", "BRAF_V600E", "1", "dimensionless")]
    both = ["JAK1_total=0 BRAF_V600E=50%", "ALK_total=0%", "ALK_total=5"]
    ran = run("check", "--config", settings(both))
    (problem,) = ran.problems
    share = "a share of what a cell has, found BRAF_V600E=50% of 0 in hepg2; write its value"
    assert ran.code == 2 and problem == f"screen: scenarios.genetic: must be {share}"
    ran = run("check", "--config", settings(both, own=mutant))
    told = "scenarios.genetic: BRAF_V600E=50% should be a share of what the cell has, found 0 in hepg2"
    assert ran.code == 0 and f"screen: warning: {told}\n" in ran.err


def test_a_change_may_have_units_as_in_own_experiments(run, settings, tmp_path):
    changes = ["JAK1_total=0.7nM JAK2_total=30%", "TYK2_total=1e-3uM", "PTPN1_total=2e13M"]
    config = settings(changes)
    assert [run(stage, "--config", config).code for stage in ("network", "scenarios")] == [0, 0]
    frame = pl.read_parquet(Results(tmp_path / "results").scenarios).filter(role="genetic")
    assert frame["intervention"].to_list() == [
        "JAK1_total=0.7 JAK2_total=30%",
        "TYK2_total=1",
        "PTPN1_total=2e22",
    ]
    ran = run(
        "scenarios", "--dry-run", "--config", settings(["JAK1_total=0.7kg", "JAK1_total=3", "JAK1_total=3nM"])
    )
    rule = "must be name=value with numbers of at least 0 in nM or a unit that becomes it, found JAK1_total=0.7kg"
    assert ran.problems == [
        f"screen: scenarios.genetic: {rule}",
        "screen: scenarios.genetic: must be named once, found JAK1_total=3nM",
    ]


def test_a_change_has_no_end_of_letters(run, settings):
    ran = run("check", "--config", settings(["JAK1_total=0 " * 20]))
    assert ran.code == 2 and "`scenarios.genetic[1]` must have at most 200 letters, found " in ran.err
