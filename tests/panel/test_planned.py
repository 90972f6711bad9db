"""Own experiments: what a table of arms may say, what is refused, and courses and contrasts with known answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from screen.errors import PanelError, ScenarioError, TableError
from screen.experiments import SIGMA, Arm, Exposure
from screen.kernel import choose_engine
from screen.network import read_parameters
from screen.panel import (
    ARMS,
    CONTRASTS,
    DYNAMICS,
    TIME_COURSES,
    Bench,
    PanelTables,
    check_arms_fit,
    check_completed,
    find,
    implausible_arms,
    read_arms,
    run_planned,
)
from screen.panel.run import MOST_OUTPUTS
from screen.simulate import Integration
from screen.tables import DRAWS, check_table

ROW = {"context": "hepg2", "stimulus": "IL6_dose=10", "readout": "pY705_level", "minutes": "20"}


@pytest.fixture
def arms(tmp_path: Path):
    """arms(name={cells}): a file of arms, each the row above with some cells changed."""

    def write(**changes: dict[str, str]) -> Path:
        names = [column.name for column in ARMS.columns]
        lines = ["\t".join(names)]
        for name, change in changes.items():
            row = ROW | {"arm": name} | change
            lines.append("\t".join(row.get(each, "") for each in names))
        path = tmp_path / "arms.tsv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture(scope="module")
def tables(world) -> dict[tuple[str, ...], PanelTables]:
    return {(): PanelTables(world.model, world.contexts, world.drugs)}


@pytest.fixture(scope="module")
def run(tables):
    """run(path): courses, contrasts and dynamics of its arms, at the nominal parameters or under draws."""

    def ran(path: Path, draws: pl.DataFrame | None = None, max_steps: int = 100_000):
        planned = read_arms(path)
        check_arms_fit(planned, tables)
        integration = Integration(choose_engine()[0], 1e-6, 1e-9, max_steps)
        found = run_planned(planned, tables, integration, draws, 1, lambda line: None)
        for frame, schema in zip(found, (TIME_COURSES, CONTRASTS, DYNAMICS), strict=True):
            check_table(frame, schema, schema.name)
        return found

    return ran


@pytest.fixture(scope="module")
def draws(world) -> pl.DataFrame:
    """Three draws: a rate moved, ruxolitinib with a residual."""
    rate = world.model.values[world.model.parameters.index("k_gp130_STAT3")]
    rows = [
        (draw, name, value)
        for draw, factor in enumerate((0.7, 1.0, 1.4))
        for name, value in (("k_gp130_STAT3", factor * rate), (SIGMA + "ruxolitinib", factor))
    ]
    return pl.DataFrame(rows, schema=DRAWS.dtypes(), orient="row")


def values(frame: pl.DataFrame, arm: str, column: str = "p50") -> list[float | None]:
    return frame.filter(pl.col("arm") == arm)[column].to_list()


def test_a_row_is_an_arm_as_the_panel_writes_it(arms):
    drug = {"treatment": "ruxolitinib=10,30 until=60", "reference": "wild", "readout": "pY705 pSTAT1"}
    wild, treated = read_arms(arms(wild={"minutes": "0-60"}, treated=drug))
    assert wild.arm.arm == Arm("hepg2", stimulus=Exposure((("IL6_dose", 10.0),)))
    assert len(wild.arm.minutes) == 49 and wild.asked == (wild.arm,)
    assert treated.arm.arm.treatment == Exposure((("ruxolitinib", 1.0),), ("ruxolitinib", (10.0, 30.0)), 60.0)
    assert treated.arm.readouts == ("pY705", "pSTAT1")
    own, reference = treated.asked
    assert (own.arm.doses, reference.arm, reference.minutes) == ((0.0, 10.0, 30.0), wild.arm.arm, (20.0,))


def test_columns_that_are_not_used_may_be_left_out(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("arm,context,readout,minutes\nrest,hepg2,pY705_level,20\n")
    (rest,) = read_arms(path)
    assert rest.arm.arm == Arm("hepg2")


def test_numbers_may_have_units_and_become_those_of_what_is_set(arms):
    units = {"ruxolitinib": "nM", "IL6_dose": "ng_per_mL", "JAK1_total": "nM"}
    row = {
        "stimulus": "IL6_dose=1nM@21kDa:until=15",
        "treatment": "ruxolitinib=0.5,1,10uM",
        "genotype": "JAK1_total=0.2uM",
    }
    (found,) = read_arms(arms(wild=row), units)
    assert found.arm.arm.treatment.series == ("ruxolitinib", (500.0, 1000.0, 10_000.0))
    assert found.arm.arm.stimulus.values == (("IL6_dose", 21.0),)
    assert found.arm.arm.genotype == (("JAK1_total", 200.0),)


@pytest.mark.parametrize(
    ("column", "text", "unit"),
    [
        ("stimulus", "IL6_dose=1nM", " in ng_per_mL or a unit that becomes it"),
        ("treatment", "ruxolitinib=1ng/mL", " in nM or a unit that becomes it"),
        ("treatment", "ruxolitinib=1,10mg", " in nM or a unit that becomes it"),
        ("treatment", "load:MEK=1uM", ""),
        ("treatment", "ruxolitinib=5 until=1uM", ""),
        ("genotype", "JAK1_total=5nM%", ""),
    ],
)
def test_units_that_do_not_fit_are_refused(arms, column, text, unit):
    word = text.split()[-1]
    problem = f"arms.tsv row 2: `{column}` must be name=value with numbers of at least 0{unit}, found {word}"
    with pytest.raises(ScenarioError) as caught:
        read_arms(
            arms(wild={column: text}), {"ruxolitinib": "nM", "IL6_dose": "ng_per_mL", "JAK1_total": "nM"}
        )
    assert caught.value.problems == (problem,)


TIMES = "`minutes` must be one time, rising times or a window from-to, of at most 1e+07"

WRONG = {
    "number": ({"treatment": "ruxolitinib=much"}, "`treatment` must be name=value with numbers of at least 0"),
    "negative": ({"genotype": "JAK1_total=-1"}, "`genotype` must be name=value with numbers of at least 0"),
    "series in the genotype": ({"genotype": "JAK1_total=1,2"}, "`genotype` must hold single values"),
    "an end in the genotype": ({"genotype": "JAK1_total=1 until=5"}, "`genotype` must hold values alone"),
    "again": ({"genotype": "JAK1_total=0 JAK1_total=5"}, "`genotype` must set JAK1_total once, found it again"),
    "two ends": ({"treatment": "ruxolitinib=5 until=5 until=9"}, "`treatment` must set until once, found it again"),
    "an end of ends": ({"treatment": "ruxolitinib=5 until=5,9"}, "`treatment` must have one minute for `until`"),
    "dose and doses": ({"treatment": "ruxolitinib=5 ruxolitinib=1,9"}, "`treatment` must set ruxolitinib once"),
    "own treatment": ({"treatment": "context"}, "`treatment` must name what is given, found `context`"),
    "two series": (
        {"stimulus": "IL6_dose=1,10", "treatment": "ruxolitinib=5,50"},
        "`treatment` must hold single values beside a series in `stimulus`, found a series",
    ),
    "times": ({"minutes": "30 20"}, "`minutes` must be one time, rising times or a window"),
    "a time of years": ({"minutes": "30 1e300"}, f"{TIMES}, found 30 1e300"),
    "a window of years": ({"minutes": "0-20000000"}, f"{TIMES}, found 0-20000000"),
    "twice": ({"readout": "pY705 pY705"}, "`readout` must name each once, found pY705 pY705"),
    "no such arm": ({"reference": "control"}, "`reference` must be another arm of this table, found control"),
    "itself": ({"reference": "mine"}, "`reference` must be another arm of this table, found mine"),
    "series": ({"reference": "doses"}, "`reference` must be an arm of single doses, found doses with a series"),
    "context": ({"context": "mars"}, "`context` must be of contexts.tsv, found mars"),
    "read-out": ({"readout": "pY706"}, "`readout` must be an observable or a species of the network of hepg2"),
    "drug": ({"treatment": "water=3"}, "`treatment` must be a drug of drugs.tsv, load:<target> or a parameter"),
    "target": ({"treatment": "load:JAK9=3"}, "`treatment` must load a target of the network, found JAK9"),
    "no volume": ({"genotype": "cytosol=0"}, "`genotype` must leave a volume above 0, found cytosol=0"),
    "no nucleus": ({"genotype": "nucleus=0"}, "`genotype` must leave a volume above 0, found nucleus=0"),
    "none of its volume": ({"genotype": "cytosol=0%"}, "`genotype` must leave a volume above 0, found cytosol=0"),
    "volume goes": ({"stimulus": "cytosol=0"}, "`stimulus` must leave a volume above 0, found cytosol=0"),
    "volume goes later": (
        {"stimulus": "IL6_dose=10 nucleus=0:from=5"}, "`stimulus` must leave a volume above 0, found nucleus=0"
    ),
    "volume taken": ({"treatment": "nucleus=0"}, "`treatment` must leave a volume above 0, found nucleus=0"),
    "stimulus": (
        {"genotype": "IL6_dose=0"}, "`genotype` must not set what cells are stimulated with, found IL6_dose"
    ),
    "share of the stimulus": (
        {"genotype": "IL6_dose=0%", "stimulus": "IL6_dose=1,10"},
        "`genotype` must not set what cells are stimulated with, found IL6_dose",
    ),
    "own stimulus": (
        {"genotype": "IL6_dose=5", "stimulus": "context"},
        "`genotype` must not set what cells are stimulated with, found IL6_dose",
    ),
    "ligand": ({"stimulus": "IL99_dose=3"}, "`stimulus` must set parameters of the network, found IL99_dose"),
    "hypothesis": ({"hypothesis": "flat_earth"}, "`hypothesis`: hypothesis flat_earth: must be default or of"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), WRONG.values(), ids=WRONG)
def test_a_bad_row_is_refused_with_its_place(arms, tables, change, expected):
    with pytest.raises(ScenarioError) as raised:
        check_arms_fit(read_arms(arms(doses={"treatment": "ruxolitinib=1,10"}, mine=change)), tables)
    (problem,) = raised.value.problems
    assert problem.startswith(f"arms.tsv row 3: {expected}")


@pytest.mark.parametrize("given", ["1e300", "1,2e9", "2e9:from=0:until=5"])
def test_a_dose_above_those_of_a_screen_is_refused(arms, tables, given):
    check_arms_fit(read_arms(arms(most={"treatment": "ruxolitinib=1,1e9"})), tables)
    with pytest.raises(ScenarioError) as caught:
        check_arms_fit(read_arms(arms(mine={"treatment": f"ruxolitinib={given}"})), tables)
    found = "1e+300" if given == "1e300" else "2e+09"
    assert caught.value.problems == (
        f"arms.tsv row 2: `treatment` must give at most 1e+09 nM of ruxolitinib, found {found}",
    )


def test_amounts_that_no_cell_has_or_is_given_are_named(arms, world, root):
    """As in contexts.tsv: warnings, and none for a knock-out."""
    parameters = read_parameters(root / "config/network/parameters.tsv")
    path = arms(
        usual={"stimulus": "IL6_dose=1,1e5", "genotype": "STAT3_total=0 JAK1_total=30% BRAF_V600E=1"},
        much={"stimulus": "IL6_dose=10,1e12"},
        full={"genotype": "JAK1_total=1e300"},
        late={"treatment": "EGF_dose=1e6:from=5"},
        share={"genotype": "JAK1_total=1e308%"},
    )
    found = implausible_arms(read_arms(path), world.contexts, parameters)
    assert [warning.partition(",")[0] for warning in found] == [
        "arms.tsv row 3: `stimulus` of IL6_dose should be below 100000 ng_per_mL",
        "arms.tsv row 4: `genotype` of JAK1_total should be below 6.64e+04 nM",
        "arms.tsv row 5: `treatment` of EGF_dose should be below 100000 nM",
        "arms.tsv row 6: `genotype` of JAK1_total should be below 6.64e+04 nM",
    ]


def test_a_drug_called_as_a_parameter_is_refused(arms, tables):
    there = tables[()]
    named = replace(there.drugs.drugs["ruxolitinib"], name="JAK1_total", where="drugs.tsv row 3")
    drugs = replace(there.drugs, drugs={**there.drugs.drugs, "JAK1_total": named})
    planned = read_arms(arms(mine={"treatment": "JAK1_total=5"}))
    check_arms_fit(planned, tables)
    with pytest.raises(ScenarioError, match=r"drugs.tsv row 3: `drug` must not be .*, found JAK1_total"):
        check_arms_fit(planned, {(): replace(there, drugs=drugs)})


def test_a_name_that_comes_twice_and_a_time_before_the_stimulus_are_refused(tmp_path):
    path = tmp_path / "arms.csv"
    path.write_text("arm,context,readout,minutes\na,hepg2,pY705,20\na,hepg2,pY705,20\n")
    with pytest.raises(TableError, match=r"arms.csv row 3: \(arm\) must be unique"):
        read_arms(path)
    path.write_text("arm,context,pretreatment,readout,minutes\na,hepg2,-5,pY705,20\n")
    with pytest.raises(TableError, match=r"arms.csv row 2: `pretreatment` must be at least 0, found -5"):
        read_arms(path)


def test_without_its_kinases_il6_leaves_nothing_of_py705(arms, run):
    """Human hepatocytes: what is left is basal, and not there without IL-6 either."""
    gone = {"genotype": "JAK1_total=0 JAK2_total=0 TYK2_total=0"}
    path = arms(
        control={}, gone=gone | {"reference": "control"}, unstimulated={"stimulus": "none"},
        calm=gone | {"stimulus": "none"},
    )  # fmt: skip
    courses, contrasts, _ = run(path)
    assert values(contrasts, "gone", "ratio_p50")[0] < 0.02
    assert values(courses, "gone") == pytest.approx(values(courses, "calm"), rel=1e-6)
    assert values(courses, "unstimulated")[0] < 0.1 * values(courses, "control")[0]


def test_py705_comes_back_after_wash_out_and_not_before(arms, run):
    held = {"treatment": "ruxolitinib=1000", "pretreatment": "60", "minutes": "30 59 240"}
    washed = held | {"treatment": "ruxolitinib=1000 until=60"}
    path = arms(
        control={"minutes": "30"}, held=held | {"reference": "control"}, washed=washed | {"reference": "control"}
    )  # fmt: skip
    _, contrasts, _ = run(path)
    before, after = values(contrasts, "held", "ratio_p50"), values(contrasts, "washed", "ratio_p50")
    assert after[:2] == pytest.approx(before[:2], rel=1e-6)
    assert before[2] < 0.3 and after[2] == pytest.approx(1.0, abs=0.05)
    logs = values(contrasts, "washed", "log2_ratio_p50")
    assert logs == pytest.approx(np.log2(after).tolist())


def test_dose_0_of_a_series_is_the_arm_without_the_drug_and_each_dose_the_arm_by_hand(arms, run, draws):
    knockout = {"genotype": "TYK2_total=0", "pretreatment": "60"}
    path = arms(
        series=knockout | {"treatment": "ruxolitinib=30,300"},
        none=knockout,
        high=knockout | {"treatment": "ruxolitinib=300"},
    )
    courses, contrasts, _ = run(path, draws)
    assert contrasts.is_empty()
    assert values(courses, "series", "dose") == [0.0, 30.0, 300.0]
    for column in ("p05", "p50", "p95"):
        zero, _, high = values(courses, "series", column)
        assert [zero, high] == [*values(courses, "none", column), *values(courses, "high", column)]
    assert values(courses, "none", "draws") == [3]


def test_a_course_passes_through_what_the_panel_reads(arms, run, world, tables, draws):
    """V05: SOCS3 mRNA of mouse hepatocytes under ruxolitinib, its peak ratio draw by draw."""
    check = world.facts["V05"].checks[0]
    minutes = " ".join(f"{minute:g}" for minute in check.minutes)
    cells = {
        "context": "hepatocyte_mouse",
        "stimulus": "IL6_dose=100",
        "readout": "SOCS3_mRNA",
        "minutes": minutes,
    }
    courses, *_ = run(arms(free=cells, treated=cells | {"treatment": "ruxolitinib=500"}), draws)
    integration = Integration(choose_engine()[0], 1e-6, 1e-9, 100_000)
    bench = Bench([check], tables[()], integration)
    (finding,) = find(bench, [check], bench(bench.draws(draws, seed=1)))
    peaks = [max(values(courses, arm)) for arm in ("treated", "free")]
    assert peaks[0] / peaks[1] == pytest.approx(float(np.median(finding.values)), rel=0.02)


def test_a_contrast_is_taken_draw_by_draw(arms, run, draws):
    """The drug is strongest where the rate is smallest, so that quotients of quantiles would say something else."""
    path = arms(control={}, treated={"treatment": "ruxolitinib=300", "reference": "control"})
    alone = [run(path, draws.filter(pl.col("draw") == draw))[1]["ratio_p50"][0] for draw in range(3)]
    contrasts = run(path, draws)[1]
    assert contrasts.select("ratio_p05", "ratio_p50", "ratio_p95").row(0) == pytest.approx(
        sorted(alone), rel=1e-6
    )


def test_a_draw_whose_reference_is_0_does_not_count(arms, run):
    path = arms(
        control={"readout": "pY705"},
        none={"readout": "pY705", "genotype": "STAT3_total=0", "minutes": "0 20"},
        treated={"readout": "pY705", "reference": "none"},
        back={"readout": "pY705", "genotype": "STAT3_total=0", "reference": "control"},
    )
    courses, contrasts, _ = run(path)
    assert courses.filter(pl.col("arm") == "none").select("minutes", "p50").rows() == [
        (0.0, 0.0),
        (20.0, 0.0),
    ]
    assert contrasts.select("arm", "draws", "failed", "ratio_p50", "log2_ratio_p50").rows() == [
        ("treated", 0, 0, None, None), ("back", 1, 0, 0.0, None),
    ]  # fmt: skip


def test_trajectories_that_fail_are_rows_with_their_reason(arms, run, draws):
    path = arms(control={}, treated={"treatment": "ruxolitinib=300", "reference": "control"})
    for frame in run(path, draws, max_steps=1)[:2]:
        assert set(frame["status"]) == {"no_rest_state"} or set(frame["status"]) == {"max_steps"}
        assert set(frame["failed"]) == {3} and set(frame["draws"]) == {0}
        numbers = frame.select(pl.col(r"^.*p\d\d$"))
        assert numbers.null_count().sum_horizontal().item() == numbers.width * numbers.height


def test_an_arm_is_lost_where_none_of_its_doses_completes_under_any_draw(arms, run, draws):
    path = arms(some={}, none={"treatment": "ruxolitinib=1,10"})
    planned, courses = read_arms(path), run(path, draws).courses
    check_completed(planned, courses)
    lost = courses.with_columns(
        draws=pl.lit(0, pl.Int64), failed=pl.lit(3, pl.Int64), status=pl.lit("max_steps+non_finite")
    )
    given = pl.col("dose").fill_null(0.0)
    for kept, row, name in ((pl.col("arm") == "some", 3, "none"), (given == 10.0, 2, "some")):
        with pytest.raises(PanelError) as raised:
            check_completed(planned, pl.concat([courses.filter(kept), lost.filter(~kept)]))
        assert raised.value.problems == (
            f"arms.tsv row {row}: at least one trajectory of arm {name} must complete, found none "
            "(max_steps, non_finite)",
        )


def test_a_drug_that_comes_later_acts_from_then_on(arms, run):
    common = {"reference": "control", "minutes": "55 240", "pretreatment": "60"}
    path = arms(
        control={"minutes": "55"},
        late=common | {"treatment": "ruxolitinib=1000:from=60"},
        early=common | {"treatment": "ruxolitinib=1000:from=-60:until=60"},
        washed=common | {"treatment": "ruxolitinib=1000 until=60"},
        held=common | {"treatment": "ruxolitinib=1000"},
    )
    _, contrasts, _ = run(path)
    late, held = values(contrasts, "late", "ratio_p50"), values(contrasts, "held", "ratio_p50")
    assert late[0] == pytest.approx(1.0, rel=1e-6) and late[1] == pytest.approx(held[1], rel=0.05)
    assert values(contrasts, "early", "ratio_p50") == pytest.approx(
        values(contrasts, "washed", "ratio_p50"), rel=1e-6
    )


def test_a_pulse_of_the_stimulus_ends(arms, run):
    common = {"minutes": "10 240"}
    path = arms(
        held=common,
        pulse=common | {"stimulus": "IL6_dose=10:until=15"},
        ended=common | {"stimulus": "IL6_dose=10 until=15"},
    )
    courses, *_ = run(path)
    pulse, held = values(courses, "pulse"), values(courses, "held")
    assert pulse == pytest.approx(values(courses, "ended"), rel=1e-6)
    assert pulse[0] == pytest.approx(held[0], rel=1e-6) and pulse[1] < 0.9 * held[1]


def test_a_share_of_what_a_cell_has_is_that_amount(arms, run, world):
    (total,) = (
        each.value for each in world.contexts.contexts["hepg2"].totals if each.parameter == "STAT3_total"
    )
    read = {"readout": "pY705"}
    path = arms(
        share=read | {"genotype": "STAT3_total=25%"},
        amount=read | {"genotype": f"STAT3_total={0.25 * total}"},
        whole=read,
    )
    courses, *_ = run(path)
    assert values(courses, "share") == pytest.approx(values(courses, "amount"), rel=1e-9)
    assert values(courses, "share") != pytest.approx(values(courses, "whole"), rel=0.1)


def test_without_pretreatment_a_treatment_begins_with_the_stimulus(arms, tables):
    late = {"pretreatment": "0"}
    with pytest.raises(ScenarioError, match=r"found a change at minute -0\.5"):
        check_arms_fit(read_arms(arms(soon=late | {"treatment": "ruxolitinib=5:from=-0.5"})), tables)
    check_arms_fit(read_arms(arms(then=late | {"treatment": "ruxolitinib=5:from=0"})), tables)


def test_a_treatment_before_its_pretreatment_is_refused(arms, run):
    path = arms(soon={"treatment": "ruxolitinib=5:from=-90", "pretreatment": "60"})
    with pytest.raises(
        ScenarioError, match=r"from the pretreatment on \(minute -60\), found a change at minute -90"
    ):
        run(path)


def test_lanes_of_many_phases_run_few_at_a_time(arms, tables):
    """A lane holds the parameters of each of its phases."""
    repeated = {"treatment": "ruxolitinib=10:from=0:every=30:half_life=30", "minutes": "900"}
    path = arms(**{f"arm {n}": repeated | {"genotype": f"JAK1_total={n}"} for n in range(6)})
    bench = Bench(
        [wanted for each in read_arms(path) for wanted in each.asked], tables[()], Integration("kernel")
    )
    phases = bench.design.start.shape[1]
    groups = bench._groups(64)
    assert phases > 200 and np.concatenate(groups).tolist() == list(range(6))
    assert max(map(len, groups)) * 64 * phases <= MOST_OUTPUTS
