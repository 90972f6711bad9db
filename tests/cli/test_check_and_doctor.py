"""check reads everything and runs nothing; doctor says what the machine has and lacks."""

import contextlib
import io
import json
import shutil
from collections import Counter

import polars as pl
import pytest

from screen.cli import main
from screen.errors import KernelError
from screen.kernel import ENGINES
from tests.cli.conftest import Ran


@pytest.fixture(scope="module")
def shipped_check(root):
    """What check says of the shipped configuration."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(said):
        patched.chdir(root)
        code = main(["check", "--json"])
    return Ran(code, said.getvalue(), "")


def test_the_shipped_configuration_has_no_problem(shipped_check):
    found = json.loads(shipped_check.out)
    assert found["problems"] == []
    assert shipped_check.code == 0
    sizes = found["sizes"]
    assert sizes["states"] >= 60
    assert sizes["drugs screened"] >= 60
    assert sizes["contexts"] >= 6
    kinds = (
        "parameters with source",
        "parameters assumed or from memory",
        "parameters set by context or convention",
    )
    assert sum(sizes[kind] for kind in kinds) == sizes["parameters"]
    assert sizes["trajectories"] == sizes["scenarios"] * sizes["draws"]
    assert any("BRAF_V600E was not measured with" in warning for warning in found["warnings"])


def test_sizes_are_those_of_the_tables(shipped_check, root):
    sizes = json.loads(shipped_check.out)["sizes"]

    def table(name: str) -> pl.DataFrame:
        path = root / "config" / name
        return pl.read_csv(path, separator="\t", infer_schema=False, comment_prefix="#", quote_char=None)

    marks = Counter(table("network/parameters.tsv")["mark"])
    drugs, affinities = table("drugs.tsv"), table("affinities.tsv")
    known = {
        "parameters": marks.total(), "parameters with source": marks["read"] + marks["measured"],
        "parameters assumed or from memory": marks["assumed"] + marks["memory"],
        "parameters set by context or convention": marks["input"] + marks["fixed"], "networks": 1,
        "genes": table("network/genes.tsv").height, "species annotated": table("network/annotations.tsv").height,
        "drugs": drugs.height, "drugs screened": drugs.filter(screened="true").height,
        "affinities": affinities.height, "measurements": table("calibration/measurements.tsv").height,
        "parameters estimated": table("calibration/parameters.tsv").filter(estimate="1").height,
        "facts": table("panel/panel.tsv")["fact"].n_unique(),
        "contexts": table("contexts.tsv")["context"].n_unique(), "triples": 0, "draws": 100,
    }  # fmt: skip
    assert {name: sizes[name] for name in known} == known and sizes["engine"] in ENGINES
    assert 1 < marks["read"] < sizes["parameters with source"] and marks["memory"] > 0 and marks["fixed"] > 0
    assert sizes["contexts"] < sizes["contexts with their hypotheses"] and sizes["pairs"] > 0


def test_where_modules_are_chosen_the_network_is_that_of_these(run, small):
    """What they define can be read out, what others would is not there."""
    modules = ["m00_base", "m01_il6_gp130", "m02_stat_cycle", "m03_negative_regulators", "m13_drugs"]
    config = small(network={"modules": modules}, readouts=[{"id": "a", "observable": "pALK", "minutes": 1}])
    ran = run("check", "--config", config)
    assert ran.code == 2
    assert any(
        "readouts: `a` must read a species or one of" in each and "pALK" in each for each in ran.problems
    )


def test_check_collects_the_problems_of_all_inputs(run, small):
    config = small(
        readouts=[{"id": "a", "observable": "pY706", "minutes": 1}],
        scenarios={"contexts": ["mars"]},
        fit={"problem": "none.yaml"},
    )
    ran = run("check", "--config", config)
    assert ran.code == 2
    assert any(
        "readouts: `a` must read a species or one of" in problem and "pY706" in problem
        for problem in ran.problems
    )
    assert any("found mars" in problem for problem in ran.problems)
    assert any("none.yaml" in problem for problem in ran.problems)


def test_check_names_an_engine_and_a_dose_basis_that_are_not_there(run, small):
    config = small(simulate={"engine": "fast"}, rank={"dose_bases": [{"kind": "equal_weight", "value": 1}]})
    ran = run("check", "--config", config)
    assert ran.code == 2
    assert "screen: engine: must be one of auto, kernel, cuda, jax, diffrax, found fast" in ran.problems
    assert any("rank.dose_bases: must be one of equal_concentration" in problem for problem in ran.problems)


def test_check_refuses_a_unit_that_does_not_fit(run, small, tmp_path, root):
    lines = (root / "config/contexts.tsv").read_text().splitlines()
    header = next(line for line in lines if line.startswith("context\t"))
    unit = header.split("\t").index("unit")
    at = next(i for i, line in enumerate(lines) if line.startswith("hepg2\ttotal"))
    row = lines[at].split("\t")
    row[unit] = "furlong"
    lines[at] = "\t".join(row)
    (tmp_path / "contexts.tsv").write_text("\n".join(lines))
    ran = run("check", "--config", small(tables={"contexts": "contexts.tsv"}))
    assert ran.code == 2
    assert any("`unit` of" in problem and "found furlong" in problem for problem in ran.problems)


def test_check_reads_what_only_later_stages_and_other_commands_read(run, small, tmp_path, root):
    """Else a wrong colour ends a run at its last stage."""
    for name in ("network", "potency"):
        shutil.copytree(root / "config" / name, tmp_path / name)
    for name, row in {
        "network/observables.tsv": "pY706_level\tnothing",
        "network/genes.tsv": "STAT9\tm00_base\tSTAT9\t",
        "potency/constructs.tsv": "\t".join(["X"] * 9),
    }.items():
        with open(tmp_path / name, "a") as file:
            file.write(f"{row}\n")
    (tmp_path / "labels.tsv").write_text("kind\tname\ttitle\tcolour\nclass\tJAK\tJAK\tred\n")
    panel = (root / "config/panel/panel.tsv").read_text()
    (tmp_path / "panel.tsv").write_text(panel.replace("\thepg2\t", "\tmars\t", 1))
    (tmp_path / "discrepancy.tsv").write_text(
        "route\tsd\tobservable\teffects\tdata_sets\tnote\ndirect\t-1\tpY705_level\t3\t\t\n"
    )
    config = small(
        network={"folder": "network"}, tables={"potency": "potency"}, panel={"table": "panel.tsv"},
        report={"labels": "labels.tsv"}, scenarios={"constants": "assay"}, rank={"discrepancy": "discrepancy.tsv"},
    )  # fmt: skip
    ran = run("check", "--config", config)
    assert ran.code == 2
    for start in (
        "observables.tsv: `observable` must be an assignment rule of the network, found pY706_level",
        "genes.tsv, STAT9: `carried_by` must be in the network, found STAT9",
        "constructs.tsv row ",
        "panel.tsv, V",
        "labels.tsv row 2: `colour` must be #rrggbb, found red",
        "discrepancy.tsv row 2: `sd` must be at least 0, found -1",
    ):
        assert any(problem.startswith(f"screen: {start}") for problem in ran.problems), (start, ran.err)


def test_check_names_potencies_in_cells_whose_context_read_out_or_stimulus_is_not_there(
    run, small, tmp_path, root
):
    path = shutil.copytree(root / "config/potency", tmp_path / "potency") / "cell_potencies.tsv"
    head, *lines = (line.split("\t") for line in path.read_text().splitlines())
    place = {name: at for at, name in enumerate(head)}
    used = [
        row
        for row in lines
        if row[place["used"]] == "true" and row[place["readout"]] not in ("", "engagement")
    ]
    changed = {"context": "mars", "readout": "pFOO", "network_stimulus": "IL6_dos=10"}
    for row, (name, value) in zip(used, changed.items(), strict=False):
        row[place[name]] = value
    path.write_text("".join("\t".join(row) + "\n" for row in (head, *lines)))
    first, second, third = (lines.index(row) + 2 for row in used[:3])
    said = [
        f"cell_potencies.tsv row {first}: `context` must be of contexts.tsv, found mars",
        f"cell_potencies.tsv row {second}: `readout` must be engagement, an observable or a species of the network, "
        "found pFOO",
        f"cell_potencies.tsv row {third}: `network_stimulus` must set parameters of the network, found IL6_dos",
    ]
    given = {"tables": {"potency": str(path.parent)}}
    ran = run("check", "--config", small(**given))
    assert ran.code == 2
    assert [line for line in ran.problems if "warning" not in line] == [f"screen: {line}" for line in said]
    ran = run("check", "--config", small(**given, scenarios={"constants": "assay"}))
    assert ran.code == 0 and [line for line in said if f"screen: warning: {line}" in ran.err] == said


def test_doctor_finds_what_this_machine_has(run, root, tmp_path):
    ran = run(
        "doctor", "--json", "--config", root / "config/config.yaml", "--results", tmp_path / "new/results"
    )
    found = {line["name"]: line for line in json.loads(ran.out)}
    assert set(found) == {"python", "compiler", "cores", "memory", "disk", "device", "cache", "engine"}
    assert ran.code == 0
    assert found["python"]["state"] == "ok"


def test_doctor_names_the_cure_of_a_missing_compiler(run, root, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    ran = run("doctor", "--config", root / "config/config.yaml")
    line = next(line for line in ran.out.splitlines() if "compiler" in line)
    assert line.startswith("note")
    assert "no no-such-compiler" in line
    assert "install gcc or set CC" in line


@pytest.mark.parametrize(
    ("engine", "cure"), [("auto", "make env-gpu"), ("kernel", "set simulate.engine to auto")]
)
def test_doctor_fails_where_no_engine_runs_and_says_what_helps(run, small, monkeypatch, engine, cure):
    def none(engine, models=()):
        raise KernelError("engine kernel: must be able to run here, found no compiler")

    monkeypatch.setattr("screen.kernel.choose_engine", none)
    ran = run("doctor", "--config", small(simulate={"engine": engine}))
    assert ran.code == 2
    assert "missing  engine    engine kernel: must be able to run here" in ran.out
    assert cure in ran.out.partition("missing  engine")[2]


def test_doctor_names_a_folder_without_permission(run, root, monkeypatch):
    monkeypatch.setattr("screen.cli.doctor.os.access", lambda *_: False)
    ran = run("doctor", "--config", root / "config/config.yaml")
    assert ran.code == 2
    assert "choose another with --results" in ran.out


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"scenarios": {"doses_nM": [10, 100]}}, "equal_concentration must be at a tested dose [nM] (10, 100), found"),
        (
            {"scenarios": {"pairs": "all", "own_pair_doses_nM": {"ruxolitinib": [1, 2, 3]}}},
            "scenarios.pair_layout: a ray must have as many doses of both drugs, found",
        ),
        (
            {"readouts": [{"id": "pERK_3h", "observable": "pERK", "minutes": 180}]},
            "readouts: at least one must read pY705_level, which is ranked, found none",
        ),
    ],
)  # fmt: skip
def test_what_rank_would_refuse_is_refused_before_anything_runs(run, small, tmp_path, sections, message):
    for arguments in (("scenarios", "--dry-run"), ("mine",)):
        ran = run(*arguments, "--config", small(**sections))
        assert ran.code == 2
        assert message in ran.err
    assert not (tmp_path / "results").exists()


def test_a_module_that_a_screened_cell_cannot_leave_out_is_named_by_its_row(run, small, tmp_path):
    own = tmp_path / "own.tsv"
    lines = ["context\tkind\tparameter\tvalue\tunit\tmark\tsource"]
    lines += [f"{cell}\tmodule\tm99\t0\t\tassumed\t" for cell in ("left", "other")]
    own.write_text("\n".join(lines) + "\n")
    config = small(tables={"contexts": [str(own)]}, scenarios={"contexts": ["other"]})
    for command in (("check",), ("scenarios", "--dry-run"), ("network",), ("mine",)):
        ran = run(*command, "--config", config)
        assert ran.code == 2
        assert (
            "own.tsv row 3, other: `parameter` must be a module that can be left out (m01, m02, " in ran.err
        )
        assert "found m99" in ran.err and "own.tsv row 2" not in ran.err


@pytest.fixture
def read_under(small, tmp_path):
    """A screen under one reading that sets one parameter."""

    def write(parameter, value, **sections):
        (tmp_path / "h.tsv").write_text(
            "switch\thypothesis\tweight\tparameter\tvalue\tmark\tsource\n"
            f"HX\ta\t1\t{parameter}\t{value}\tassumed\t\n"
        )
        return small(
            tables={"hypotheses": ["config/hypotheses.tsv", "h.tsv"]},
            **{"scenarios": {"hypotheses": ["HX"], "doses_nM": [1000]}} | sections,
            rank={"dose_bases": [{"kind": "equal_concentration", "value": 1000}]},
        )

    return write


def test_an_amount_below_0_in_a_reading_is_refused_by_check_and_the_stage(run, read_under):
    config = read_under("JAK1_total", -5)
    must = "h.tsv row 2, a: `value` of JAK1_total must be at least 0, found -5"
    for command in (("check",), ("scenarios", "--dry-run"), ("scenarios",)):
        ran = run(*command, "--config", config)
        assert ran.code == 2 and [line for line in ran.problems if "JAK1_total must" in line] == [
            f"screen: {must}"
        ]


@pytest.mark.parametrize(
    ("parameter", "lost"),
    [
        pytest.param("STAT3_total", "read-out a value, found pY705_level", marks=pytest.mark.slow),
        ("IL6_affinity", "rate a value, found that of IL6_binding"),
    ],
)
def test_a_reading_that_takes_a_value_away_is_refused_by_its_row(run, read_under, parameter, lost):
    """A share of STAT3 is read, and without it there is none."""
    config = read_under(parameter, 0)
    must = f"screen: h.tsv row 2, a: must leave every {lost} to have none, such as 0/0, under {parameter}=0"
    assert run("network", "--config", config).code == 0
    for command in ("check", "scenarios"):
        ran = run(command, "--config", config)
        assert ran.code == 2 and must in ran.problems, ran.problems


def test_a_target_that_the_network_lacks_is_refused_by_its_row_where_a_drug_reaches_it(run, small, tmp_path):
    own = {
        "targets": {"target": "JAKX", "genes": "JAKX", "atp_shift": "1", "mark": "fixed"},
        "drugs": {"drug": "mynib", "class": "own", "mode": "allosteric", "species": "any", "screened": "true",
                  "hill": "1", "mark": "assumed"},
        "affinities": {"drug": "mynib", "gene": "JAKX", "construct": "JAKX", "target": "JAKX", "type": "Kd",
                       "relation": "=", "value_nM": "3", "atp": "site", "used": "true", "mark": "assumed",
                       "citation": "made"},
    }  # fmt: skip
    for name, row in own.items():
        header = (tmp_path / f"config/{name}.tsv").read_text().splitlines()[0]
        cells = "\t".join(row.get(column, "") for column in header.split("\t"))
        (tmp_path / f"{name}.tsv").write_text(f"{header}\n{cells}\n")
    tables = {name: [f"config/{name}.tsv", f"{name}.tsv"] for name in own}
    must = "screen: targets.tsv row 2, JAKX: must have the parameter load_JAKX in the network for mynib, found none"
    for drugs, said in ((["mynib", "ruxolitinib"], [must]), (["ruxolitinib"], [])):
        config = small(
            tables=tables,
            scenarios={"drugs": drugs, "doses_nM": [1000], "constants": "assay"},
            rank={"dose_bases": [{"kind": "equal_concentration", "value": 1000}]},
        )
        assert run("network", "--config", config).code == 0
        for command in ("check", "scenarios"):
            ran = run(command, "--config", config)
            found = [line for line in ran.problems if "load_" in line]
            assert (ran.code, found) == (2 if said else 0, said), ran.err
