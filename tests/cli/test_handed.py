"""What commands hand on and say of it, with stand-ins for the work: totals of courses, files of other tools, checks."""

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from screen.cli import check, courses, export, standards
from screen.cli.options import Results
from screen.errors import FitError, ScenarioError
from screen.scenarios import GENETIC
from screen.settings import Settings, load_settings
from tests.cli.test_asked import FOUR, patched

__all__ = ["patched"]


@pytest.mark.parametrize("source", [Path("draws.parquet"), None])
def test_courses_are_looked_at_under_the_first_draws_of_a_file_or_under_the_values_of_the_network(
    patched, source
):
    asked = []
    patched({
        "screen.cli.courses.read_ensemble": lambda path, settings, models: FOUR if path == source else None,
        "screen.experiments.read_draws": lambda few, network, *rest: asked.append((few, network)),
    })  # fmt: skip
    tables = SimpleNamespace(model=SimpleNamespace(parameters=("k",), values=(3.0,)), drugs=None, absent=())
    courses.read_few_draws(Namespace(course_draws=3), Settings(), tables, source)
    ((few, network),) = asked
    assert network == {"k": 3.0} and (None if few is None else few["draw"].to_list()) == (
        source and [0, 1, 2]
    )


@pytest.mark.parametrize("named", [["EGFR_total", "AKT_total"], []])
def test_totals_are_what_the_courses_make_of_those_of_the_start(patched, capsys, named):
    """Medians over three draws: 20 becomes 40, and 4 becomes 2; of the first line, which is the only one."""
    moved = np.log10([[[2.0, 1.0], [2.0, 0.5], [1.0, 1.0]], [[9.0, 9.0]] * 3])
    found = SimpleNamespace(
        started=np.array([9.0]), ended=np.array([4.0]), totals=moved, sd=np.array([[0.1, 0.25], [7.0, 7.0]])
    )
    starts = np.array([[10.0, 2.0], [20.0, 4.0], [40.0, 8.0]])
    asked = []
    patched({
        "screen.kernel.configure": None, "screen.kernel.choose_engine": ("kernel", "it is there"),
        "screen.cli.courses.read_drugs": None, "screen.cli.courses.choose_draws": None,
        "screen.cli.courses.panel_tables": SimpleNamespace(model=SimpleNamespace(observables={}, species={})),
        "screen.cli.courses.read_few_draws": SimpleNamespace(number=[0, 1, 2]),
        "screen.cli.courses.results_folder": Path("results"), "screen.cli.courses.read_integration": None,
        "screen.courses.usual_totals": ("usual", "others"), "screen.courses.fit_lines": found,
        "screen.courses.read_courses": SimpleNamespace(names=("pERK",), signal=[1.0] * 8),
        "screen.courses.StartCell": lambda *of: asked.append(of[2]) or SimpleNamespace(starts=lambda draws: starts),
    })  # fmt: skip
    arguments = Namespace(name="mine", like="hepg2", totals=named, courses=Path("far/c.csv"), threads=None)
    contexts = SimpleNamespace(contexts={"mine": SimpleNamespace(left_out=())})
    units = dict.fromkeys((*named, "usual", "others"), "nM")
    rows = courses.set_totals(arguments, Settings(), contexts, units)
    names = named or ["usual", "others"]
    assert [list(of) for of in asked] == [names]
    assert [row[:5] for row in rows.rows()] == [
        ("mine", "total", names[0], 40.0, "nM"), ("mine", "total", names[1], 2.0, "nM"),
    ]  # fmt: skip
    assert capsys.readouterr().out.splitlines() == [
        f"{names[0]} 40 nM (sd of log10 0.1) from c.csv; 20 before",
        f"{names[1]} 2 nM (sd of log10 0.25) from c.csv; 4 before",
    ]


@pytest.mark.parametrize(
    ("tool", "triples", "said"),
    [
        ("thunor", {"a": [1, 2], "b": [3]}, "export: 3 points of three drugs"), ("thunor", {}, None),
        ("gdr", {"a": [1]}, None),
    ],
)  # fmt: skip
def test_points_of_three_drugs_that_a_tool_does_not_take_are_counted(
    tmp_path, patched, capsys, tool, triples, said
):
    patched({
        "screen.cli.export.all_shards": [], "screen.cli.export.check_shards": None, "screen.cli.export.read_race": None,
        "screen.rank.gather_responses": None, "screen.tables.read_table": None, "screen.tables.read_tables": None,
        "screen.rank.dose_points": SimpleNamespace(triples=triples, readout="r"), "screen.rank.export_table": FOUR,
        "screen.tables.write_table": None, "screen.tables.provenance": {},
    })  # fmt: skip
    export._write_effects(Namespace(to=tool, readout=None), Settings(), Results(tmp_path))
    told = capsys.readouterr()
    assert ": 4 rows of r; " in told.out
    assert told.err.startswith(said) if said else told.err == ""


def test_an_arm_is_handed_over_to_its_last_readout_and_is_of_drugs(tmp_path, patched):
    scenarios = pl.DataFrame({"scenario": ["a", "b"], "role": ["single", GENETIC]})
    arm = SimpleNamespace(context="hepg2")
    contexts = SimpleNamespace(contexts={"hepg2": SimpleNamespace(left_out=())})
    asked = []
    (tmp_path / "x.xml").write_text("<sbml/>")
    patched({
        "screen.kernel.configure": None, "screen.experiments.scenario_arms": (arm,), "screen.network.read_sbml": None,
        "screen.cli.plan.read_plan": SimpleNamespace(scenarios=scenarios, contexts=contexts, drugs=None),
        "screen.cli.standards.write_sbml": tmp_path / "x.xml", "screen.archive.sedml_text": "the arm\n",
        "screen.archive.plan_course": lambda arm, minutes, *rest: asked.append(minutes),
    })  # fmt: skip
    path = standards.write_sedml(standards.Wanted(Settings(), tmp_path, "a"))
    assert asked == [1440.0] and path.parent == tmp_path and path.read_text() == "the arm\n"
    with pytest.raises(ScenarioError, match="must be given drugs or none, found the genetic change b"):
        standards.write_sedml(standards.Wanted(Settings(), tmp_path, "b"))


@pytest.mark.parametrize("own", [True, False])
def test_a_calibration_is_stale_only_where_the_tables_lie_that_it_follows_from(small, tmp_path, patched, own):
    (tmp_path / "far").mkdir()
    if own:
        (tmp_path / "far/experiments.tsv").write_text("")
    found = SimpleNamespace(measurements=[1, 2], parameters={"estimate": np.array([1, 0, 1, 1])})
    patched({
        "screen.calibration.find_stale": lambda folder: [f"of {folder.name}"],
        "screen.calibration.read_petab": lambda problem, sbml: found if sbml.read_text() == "sbml" else None,
    })  # fmt: skip
    settings = load_settings(small(fit={"problem": str(tmp_path / "far/problem.yaml")}))
    inputs = SimpleNamespace(settings=settings, network="sbml")
    if own:
        with pytest.raises(FitError, match=f"of {tmp_path.name}"):
            check._calibration(inputs)
    else:
        assert check._calibration(inputs) == {"measurements": 2, "parameters estimated": 3}
