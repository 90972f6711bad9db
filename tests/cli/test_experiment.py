"""Own experiments as a command: the example of its help runs, files and figure, what is refused."""

import re

import polars as pl
import pytest

from screen.cli import experiment
from screen.panel import CONTRASTS, DYNAMICS, TIME_COURSES
from screen.report import write_courses_figure
from screen.tables import read_provenance, read_table

OWN = "context\tkind\tparameter\tvalue\tunit\tmark\tsource\tsd\n"


@pytest.fixture
def example(tmp_path):
    """The table that the help shows, as a file."""
    table = re.findall(r"^    (\S.*,.*)$", experiment.__doc__, re.MULTILINE)
    path = tmp_path / "arms.csv"
    path.write_text("\n".join(table) + "\n")
    return path


def test_the_example_of_the_help_runs(run, small, example, tmp_path):
    ran = run("experiment", example, "--config", small(), "--nominal")
    assert ran.code == 0, ran.err
    folder = tmp_path / "results/experiment/arms"
    courses = read_table(folder / "time_courses.csv", TIME_COURSES)
    assert courses["arm"].unique(maintain_order=True).to_list() == [
        "control", "ruxolitinib", "wash-out", "no JAK1", "half of JAK1", "trametinib first", "twice a day",
        "dose response",
    ]  # fmt: skip
    assert set(courses["status"]) == {"ok"}
    contrasts = read_table(folder / "contrasts.csv", CONTRASTS)
    assert set(contrasts["reference"]) == {"control"}
    assert "arms.csv" in read_provenance(folder / "contrasts.csv")["inputs"]
    times = read_table(folder / "dynamics.csv", DYNAMICS).filter(readout="pY705_level")
    held = dict(times.select("arm", "held_p50_min").iter_rows())
    assert 0 < held["wash-out"] < held["ruxolitinib"] <= 240 and "dose response" not in held  # one time
    figure = (folder / "time_courses.svg").read_text()
    assert figure.startswith("<svg") and all(
        text in figure for text in ("dose response, 10", "pSTAT1, hepg2")
    )
    last = contrasts.filter(arm="no JAK1", readout="pY705_level", minutes=240.0)["ratio_p50"].item()
    assert f"no JAK1, pY705_level at 240 min: {last:.3g} (" in ran.out
    assert "experiment: nominal parameters" in ran.err


def test_an_amount_out_of_reach_is_a_warning(run, small, tmp_path):
    (tmp_path / "much.csv").write_text(
        "arm,context,stimulus,readout,minutes\nmuch,hepg2,IL6_dose=2e5,pY705,1\n"
    )
    ran = run("experiment", "much.csv", "--config", small(), "--nominal")
    warning = "much.csv row 2: `stimulus` of IL6_dose should be below 100000 ng_per_mL, found 200000"
    assert ran.code == 0 and f"experiment: warning: {warning}\n" in ran.err


def test_draws_are_those_named_and_uncertain_totals_are_drawn(run, small, tmp_path, root):
    """A cell whose STAT3 is uncertain has wider bands of STAT3 itself than one whose STAT3 is not."""
    rows = "".join(
        f"{name}\tfrom\thepg2\t\t\tassumed\tinvented\t\n{name}\ttotal\tSTAT3_total\t300\tnM\tassumed\tinvented\t{sd}\n"
        for name, sd in (("sure", ""), ("unsure", 0.3))
    )
    (tmp_path / "own.tsv").write_text(OWN + rows)
    config = small(tables={"contexts": ["config/contexts.tsv", "own.tsv"]})
    (tmp_path / "cells.csv").write_text(
        "arm,context,readout,minutes\nsure,sure,STAT3_c,0\nunsure,unsure,STAT3_c,0\n"
    )
    few = pl.read_parquet(root / "config/calibration/ensemble.parquet").filter(pl.col("draw") < 8)
    few.write_parquet(tmp_path / "few.parquet")
    ran = run("experiment", "cells.csv", "--config", config, "--draws", "few.parquet")
    assert ran.code == 0, ran.err
    courses = read_table(tmp_path / "results/experiment/cells/time_courses.csv", TIME_COURSES)
    assert set(courses["draws"]) == {8}
    sure, unsure = (courses["p95"] / courses["p05"]).to_list()
    assert unsure > 2 * sure


@pytest.mark.slow
def test_a_cell_runs_without_the_modules_it_leaves_out(run, small, tmp_path):
    """Without feedback (SOCS3 and phosphatases) pY705 goes on rising; what is left out cannot be read there."""
    modules = ["m00_base", "m01_il6_gp130", "m02_stat_cycle", "m03_negative_regulators", "m13_drugs"]
    rows = "bare\tfrom\thepg2\t\t\tassumed\tinvented\t\nbare\tmodule\tm03\t0\t\tassumed\tinvented\t\n"
    (tmp_path / "own.tsv").write_text(OWN + rows)
    config = small(tables={"contexts": ["config/contexts.tsv", "own.tsv"]}, network={"modules": modules})
    table = tmp_path / "cells.csv"
    table.write_text(
        "arm,context,stimulus,reference,readout,minutes\n"
        "held,hepg2,IL6_dose=10,,SOCS3_mRNA,120\nfree,bare,IL6_dose=10,held,pY705_level,120\n"
    )
    ran = run("experiment", table, "--config", config, "--nominal")
    assert ran.code == 0, ran.err
    contrasts = read_table(tmp_path / "results/experiment/cells/contrasts.csv", CONTRASTS)
    assert contrasts["ratio_p50"].item() > 2
    table.write_text("arm,context,readout,minutes\nfree,bare,SOCS3_mRNA,20\n")
    ran = run("experiment", table, "--config", config, "--nominal")
    assert ran.code == 2
    assert ran.problems == [
        "screen: cells.csv row 2: `readout` must be an observable or a species of the network of bare, "
        "found SOCS3_mRNA"
    ]


def test_all_bad_rows_are_named_and_nothing_is_written(run, small, tmp_path):
    table = tmp_path / "bad.csv"
    table.write_text(
        "arm,context,treatment,readout,minutes\na,mars,,pY705,20\nb,hepg2,water=3,pY705,20\nc,hepg2,,pY706,20\n"
    )
    ran = run("experiment", table, "--config", small())
    assert ran.code == 2
    assert [problem.partition(" must")[0] for problem in ran.problems] == [
        "screen: bad.csv row 2: `context`",
        "screen: bad.csv row 3: `treatment`",
        "screen: bad.csv row 4: `readout`",
    ]
    assert not (tmp_path / "results/experiment").exists()


def test_a_genotype_without_which_a_rate_or_all_that_is_read_has_no_value_is_refused_before_it_runs(
    run, small, tmp_path
):
    (tmp_path / "arms.csv").write_text(
        "arm,context,genotype,readout,minutes\nfine,hepg2,STAT3_total=0 JAK1_total=0,pY705_level pSTAT1,1\n"
        "rate,hepg2,GSH_total=0,pSTAT1,1\nread,hepg2,STAT3_total=0%,pY705_level,1\n"
        "share,hepg2,BRAF_V600E=50%,pSTAT1,1\n"
    )
    ran = run("experiment", "arms.csv", "--config", small(), "--nominal")
    rate, read, share = ran.problems
    assert share == (
        "screen: arms.csv row 5: `genotype` must be a share of what hepg2 has, found BRAF_V600E=50% of 0; write its "
        "value"
    )
    must = "`genotype` must leave every"
    assert ran.code == 2 and rate.startswith(f"screen: arms.csv row 3: {must} rate a value, found that of ")
    assert (
        read
        == f"screen: arms.csv row 4: {must} read-out a value, found pY705_level to have none, such as 0/0"
    )


def test_a_cell_in_which_a_rate_has_no_value_is_refused_by_its_row_before_it_runs(run, small, tmp_path):
    """An arm that gives the cell back what it lacks may run."""
    rows = "bare\tfrom\thepg2\t\t\tassumed\tinvented\t\nbare\ttotal\tGSH_total\t0\tnM\tassumed\tinvented\t\n"
    (tmp_path / "own.tsv").write_text(OWN + rows)
    config = small(tables={"contexts": ["config/contexts.tsv", "own.tsv"]})
    for genotype, code in (("", 2), ("GSH_total=1mM", 0)):
        (tmp_path / "arms.csv").write_text(
            f"arm,context,genotype,readout,minutes\na,bare,{genotype},pSTAT1,1\n"
        )
        ran = run("experiment", "arms.csv", "--config", config, "--nominal")
        assert ran.code == code, ran.err
        if code:
            (problem,) = ran.problems
            assert problem.startswith(
                "screen: own.tsv row 3, bare: must leave every rate a value, found that of "
            )


def test_an_arm_of_which_nothing_completes_is_an_error_with_its_cause(run, small, tmp_path):
    table = tmp_path / "arms.csv"
    table.write_text(
        "arm,context,genotype,stimulus,treatment,readout,minutes\n"
        "fine,hepg2,,IL6_dose=10,,pY705_level,20\n"
        "lost,hepg2,STAT3_total=1e300,IL6_dose=10,,pY705_level,20\n"
        'lost too,hepg2,STAT3_total=1e300,IL6_dose=10,"ruxolitinib=1,10",pY705_level pSTAT1,10 20\n'
    )
    ran = run("experiment", "arms.csv", "--config", small(), "--nominal")
    assert ran.code == 2
    assert [problem for problem in ran.problems if problem.startswith("screen: ")] == [
        f"screen: arms.csv row {row}: at least one trajectory of arm {name} must complete, found none (non_finite)"
        for row, name in ((3, "lost"), (4, "lost too"))
    ]
    assert not list((tmp_path / "results/experiment/arms").iterdir())


def test_a_table_that_is_not_there_or_not_a_table_is_refused(run, small, tmp_path):
    ran = run("experiment", "none.csv", "--config", small())
    assert (ran.code, ran.problems) == (2, ["screen: none.csv: must exist, found no such file"])
    (tmp_path / "arms.txt").write_text("arm\n")
    ran = run("experiment", "arms.txt", "--config", small())
    assert (ran.code, ran.problems) == (2, ["screen: arms.txt: must end in .tsv, .csv, .xlsx or .parquet"])


def test_a_figure_has_room_for_so_many_panels_and_lines(tmp_path, recwarn):
    def courses(arms, readouts):
        places = [(f"arm {arm}", f"r{readout}") for arm in range(arms) for readout in range(readouts)]
        numbers = {"dose": None, "minutes": 5.0, "p05": 1.0, "p50": 2.0, "p95": 3.0}
        return pl.DataFrame([{"arm": a, "context": "c", "readout": r, **numbers} for a, r in places])

    def drawn(arms, readouts):
        left = write_courses_figure(courses(arms, readouts), tmp_path / "figure.svg")
        text = (tmp_path / "figure.svg").read_text()
        return left, len(re.findall(r">arm \d+<", text)), len(re.findall(r">r\d+, c<", text))

    assert drawn(64, 1) == (0, 64, 1) and drawn(1, 24) == (0, 24, 24)
    assert drawn(2000, 1) == (1936, 64, 1) and drawn(2, 26) == (4, 48, 24)
    assert not recwarn.list


def test_of_courses_without_a_line_in_the_figure_one_line_says_how_many(run, small, tmp_path, monkeypatch):
    monkeypatch.setattr("screen.report.courses.MOST_LINES", 1)
    (tmp_path / "arms.csv").write_text(
        "arm,context,readout,minutes\na,hepg2,STAT3_c,0\nb,hepg2,STAT3_c,0\nc,hepg2,STAT3_c,0\n"
    )
    ran = run("experiment", "arms.csv", "--config", small(), "--nominal")
    assert ran.code == 0
    said = "experiment: time_courses.svg has no room for 2 of the courses; time_courses.csv has all"
    assert said in ran.err.splitlines()
