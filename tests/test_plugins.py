"""What an extension costs: each is really made in a copy of the project, in as few files as CONTRIBUTING says.

A case is a patch of text and a program that shows that it works. The cases share one copy: all of them only add.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.forks import forked

NEEDED = ("screen", "config", "workflow/report", "tests/rank/worlds.py", "docs/results.md")


class Edit(NamedTuple):
    """Text that goes into a file: before a line that begins like this, else at its end, else into a new file."""

    file: str
    text: str
    before: str = ""


class Case(NamedTuple):
    """The most files an extension may touch, what is written, and a program that fails unless it works."""

    most: int
    edits: tuple[Edit, ...]
    program: str


WORLD = """
from screen.rank import DoseBasis, gather_responses, rank
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios
table = scenarios("ab")
found = responses(table, hill({"a": 10.0, "b": 100.0}))
def ranked(kind, value=None):
    return rank(found, table, drug_table("ab"), aim=AIM, dose_bases=[DoseBasis(kind, value)])
"""

CASES = {
    "drug": Case(
        2,
        (
            Edit(
                "config/drugs.tsv",
                "newnib\tJAK\tatp_competitive\tany\ttrue\t1\t\t\ttool\tassumed\ta test\t\n",
            ),
            Edit(
                "config/affinities.tsv",
                "newnib\tJAK2\tJAK2\tJAK2\tKd\t=\t3\tbinding\tnone\ttrue\tassumed\ta test\t\n",
            ),
        ),
        """
from screen.cli.plan import read_plan
from screen.experiments import loads
from screen.settings import load_settings
plan = read_plan(load_settings("config/config.yaml"))
assert "hepg2|default|newnib@1000" in plan.scenarios["scenario"]
shift = plan.drugs.targets["JAK2"].atp_shift
given = loads({"newnib": 30.0}, plan.drugs)
assert 0.1 < given.pop("JAK2") / (30.0 / (3.0 * shift)) < 10  # offset and shift of the assay are estimated
assert not any(given.values())
""",
    ),
    "context": Case(
        1,
        (Edit("config/contexts.tsv", "new_cells\ttotal\tSTAT3_total\t300\tnM\tassumed\ta test\n"),),
        """
from screen.cli.plan import read_plan
from screen.report import read_labels
from screen.settings import load_settings
settings = load_settings("config/config.yaml")
plan = read_plan(settings)
assert "new_cells|default|vehicle" in plan.scenarios["scenario"]
assert read_labels(settings.report.labels).context("new_cells") == "new cells"
""",
    ),
    "reaction": Case(
        2,
        (
            Edit(
                "config/network/m03_negative_regulators.ant",
                "SOCS3_test_loss: SOCS3 => ; cytosol*k_SOCS3_test*SOCS3;\n",
            ),
            Edit(
                "config/network/parameters.tsv",
                "k_SOCS3_test\tm03_negative_regulators\t0.25\tper_min\tfixed\t\tassumed\ta test\ta loss\n",
            ),
        ),
        """
from screen.network import compose_network, read_sbml
from screen.network.algebra import evaluate
network = read_sbml(compose_network("config/network"))
rate = network.rates[network.reactions.index("SOCS3_test_loss")]
assert evaluate(rate, {"cytosol": 2.0, "k_SOCS3_test": 0.25, "SOCS3": 8.0}) == 4.0
""",
    ),
    "dose basis": Case(
        2,
        (
            Edit(
                "screen/rank/bases.py",
                """def _highest(footing: Footing, value: float) -> list[Place]:
    return [place_series(series, float(series.doses[-1])) for series in footing.cell.series]


""",
                before="class Basis(",
            ),
            Edit(
                "screen/rank/bases.py",
                '    "highest": Basis("highest", False, False, _highest, "the highest dose tested"),\n',
                before='    "clinical": Basis(',
            ),
            Edit("config/config.yaml", "    - {kind: highest}\n", before="    - {kind: clinical}"),
        ),
        WORLD
        + """
from screen.rank import basis_in_words
from screen.settings import load_settings
assert "highest" in [basis.kind for basis in load_settings("config/config.yaml").rank.dose_bases]
rows = ranked("highest")
assert set(rows["dose_a_nM"]) == {10000.0} and set(rows["dose_basis"]) == {"highest"}
assert basis_in_words("highest") == "the highest dose tested"
""",
    ),
    "score": Case(
        2,
        (
            Edit(
                "screen/rank/scores.py",
                """    Score(
        _effect_column("largest", "largest suppression in any draw"),
        lambda comparison: np.max(comparison.bare.suppression, axis=-1),
    ),
""",
                before='    Score(Column("draws"',
            ),
            Edit("docs/results.md", "| `largest` | largest suppression in any draw |\n"),
        ),
        WORLD
        + """
rows = ranked("equal_concentration", 1000.0).filter(readout="pY705_20min")
found = dict(rows.select("intervention", "largest").rows())
assert abs(found["a"] - 1000 / 1010) < 1e-6 and abs(found["b"] - 1000 / 1100) < 1e-6
""",
    ),
    "score of a curve": Case(
        2,
        (
            Edit(
                "screen/rank/curves.py",
                """    Metric("x_min", "x at the smallest dose", "", lambda series: 1 - series.curve.effect[0]),
""",
                before='    Metric("r2"',
            ),
            Edit("docs/results.md", "| `x_min_*` | treated/vehicle at the smallest dose |\n"),
        ),
        WORLD
        + """
from screen.rank import score_doses
rows = score_doses(gather_responses(found, table), AIM).curves.filter(readout="pY705_20min")
least = dict(rows.select("drug", "x_min_p50").rows())
assert abs(least["a"] - 0.5) < 1e-6 and abs(least["b"] - 1 / 1.1) < 1e-6
""",
    ),
    "score of a pair": Case(
        2,
        (
            Edit(
                "screen/rank/surface.py",
                """    Excess("worse", "the worse", lambda surface: surface.effect - np.minimum(*surface.alone)),
""",
                before='    Excess("bliss"',
            ),
            Edit("docs/results.md", "| `excess_worse_*` | beyond the worse drug alone |\n"),
        ),
        WORLD
        + """
from screen.rank import score_doses
table = scenarios("ab", [("a", "b", 10.0, 100.0)])
found = responses(table, hill({"a": 10.0, "b": 100.0}))
pairs = score_doses(gather_responses(found, table), AIM).combinations
assert abs(pairs["excess_worse_p50"][0] - (2 / 3 - 1 / 2)) < 1e-6
""",
    ),
    "report figure": Case(
        3,
        (
            Edit(
                "screen/report/counts.py",
                '''"""How many interventions are ranked in each cell."""

from matplotlib.figure import Figure

from screen.report.findings import Drawn


def draw_counts(drawn: Drawn) -> Figure:
    """A bar a cell."""
    figure = Figure()
    names = [drawn.labels.cell(*cell) for cell in drawn.ranked]
    figure.subplots().barh(names, [rows.height for rows in drawn.ranked.values()])
    return figure
''',
            ),
            Edit(
                "screen/report/gallery.py",
                "from screen.report.counts import draw_counts\n",
                before="from screen.report.figures import",
            ),
            Edit(
                "screen/report/gallery.py",
                '    "counts": draw_counts,\n',
                before='    "ranked": draw_leaders,',
            ),
            Edit("workflow/report/figures/counts.rst", "Interventions that are ranked, cell by cell.\n"),
        ),
        WORLD
        + """
from pathlib import Path
from screen.report import FIGURES, Findings, write_figures
from tests.rank.worlds import summed_up
told = summed_up(gather_responses(found, table))
findings = Findings(ranked("equal_concentration", 1000.0), aim=AIM, **told)
assert "liver" in next(path for path in write_figures(findings, "figures") if path.stem == "counts").read_text()
assert {path.stem for path in Path("workflow/report/figures").glob("*.rst")} == set(FIGURES)
""",
    ),
    "engine": Case(
        3,
        (
            Edit(
                "screen/kernel/engines/classic.py",
                '''"""The classic Runge-Kutta method with fixed steps, for one phase."""

import jax
import jax.numpy as jnp

from screen.kernel.engines.stretches import hoisted
from screen.kernel.solution import Solution
from screen.kernel.symbolic.evaluate import run, stack

STEPS = 50


def classic_engine(system):
    """The engine for one system."""

    def lane(parameters, state, switches, times):
        fixed = hoisted(system, parameters)[:, 0]

        def slope(time, y):
            return stack(run(system.derivative, {"state": y, "hoisted": fixed, "time": time}))

        def reach(carried, until):
            time, y = carried
            h = (until - time) / STEPS

            def step(number, y):
                now = time + number * h
                a = slope(now, y)
                b = slope(now + h / 2, y + h / 2 * a)
                c = slope(now + h / 2, y + h / 2 * b)
                return y + h / 6 * (a + 2 * b + 2 * c + slope(now + h, y + h * c))

            y = jax.lax.fori_loop(0, STEPS, step, y)
            return (until, y), y

        return jax.lax.scan(reach, (switches[0], state), times)[1]

    def engine(runs, stepping):
        states = jax.vmap(lane)(*runs)
        none = jnp.zeros(len(states), jnp.int32)
        return Solution(states, none, none + STEPS * runs.times.shape[1], none, runs.times[:, -1])

    return engine
''',
            ),
            Edit(
                "screen/kernel/engines/table.py",
                "from screen.kernel.engines.classic import classic_engine\n",
                before="from screen.kernel.engines.compiled import",
            ),
            Edit(
                "screen/kernel/engines/table.py",
                '    "classic": Engine(_of_system(classic_engine), differentiable=False, devices=("cpu",), speed=1),\n',
                before='    "diffrax": Engine(',
            ),
        ),
        """
import antimony
import numpy as np
from screen.kernel import choose_engine, configure, load_model, solve
from screen.settings import check_settings
configure()
antimony.loadAntimonyString("compartment cell = 1; species A in cell; A = 2; k = 0.7; r: A => ; cell*k*A;")
model = load_model(antimony.getSBMLString(antimony.getModuleNames()[-1]))
parameters = model.values[None, None]
times = np.array([[0.5, 1.0, 3.0]])
name, _ = choose_engine(check_settings({"simulate": {"engine": "classic"}}, "here").simulate.engine)
found = solve(model, parameters, model.initial(parameters[:, 0]), np.zeros((1, 1)), times, engine=name)
assert np.allclose(found.states[0, :, 0], 2.0 * np.exp(-0.7 * times[0]), rtol=1e-6)
""",
    ),
    "importer": Case(
        2,
        (
            Edit(
                "screen/sources/bench.py",
                '''"""Readings of an own experiment: a table of minutes and values."""

from pathlib import Path

import polars as pl

from screen.sources.readings import Collector, Condition, Imported, ObservedAs, Source
from screen.tables import Column, Schema, read_table

ROWS = Schema("rows", (Column("minutes", pl.Float64, "time"), Column("value", pl.Float64, "signal")), key=())


def read_bench(folder: Path) -> Imported:
    """Readings of pY705 in HepG2 after 10 ng/mL of IL-6."""
    found = Collector()
    for minutes, value in read_table(folder / "bench.csv", ROWS).iter_rows():
        arm = Condition("hepg2", (("IL6_dose", 10.0),))
        found.add(
            arm=arm, observable="bench_pY705", time=minutes, value=value, batch="one", sigma=0.1, dataset="bench"
        )
    return found.done()


BENCH = Source(
    name="bench",
    files=("bench.csv",),
    citation="own",
    supersedes=(),
    assumed="nothing",
    observables=(ObservedAs("bench_pY705", "pY705_level"),),
    noise={},
    read=read_bench,
)
''',
            ),
            Edit(
                "screen/sources/table.py",
                "from screen.sources.bench import BENCH\n",
                before="from screen.sources.hpn_dream import",
            ),
            Edit("screen/sources/table.py", "SOURCES[BENCH.name] = BENCH\n"),
        ),
        """
from pathlib import Path
from screen.settings import load_settings
from screen.sources import assemble, choose_sources, read_known
Path("bench.csv").write_text("minutes,value\\n0,1.5\\n20,30\\n")
(source,) = choose_sources(["bench"], Path())
files = load_settings("config/config.yaml").tables
drugs = files.drugs, files.affinities, files.targets, files.potency
names = frozenset({"pY705_level", "IL6_dose"})
known = read_known(Path("config/network/parameters.tsv"), files.contexts, files.hypotheses, drugs, names)
tables = assemble([(source, source.read(Path()))], known)
assert tables.measurements["measurement"].to_list() == [1.5, 30.0] and not any(tables.left_out["bench"].values())
""",
    ),
}


@pytest.fixture(scope="module")
def copy(root, tmp_path_factory) -> Path:
    """What the cases need of the project, in a folder of its own."""
    folder = tmp_path_factory.mktemp("project")
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (root / name).is_dir() else shutil.copy2)(root / name, folder / name)
    return folder


def digests(folder: Path) -> dict[Path, str]:
    """Content of every file by its path."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def apply(edit: Edit, folder: Path) -> None:
    """Write an edit; its line must be there, once."""
    path = folder / edit.file
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not edit.before:
        path.write_text(text + edit.text, encoding="utf-8")
        return
    head, line, tail = f"\n{text}".partition(f"\n{edit.before}")
    assert line and line not in tail, f"{edit.file}: one line must begin with {edit.before}"
    path.write_text(f"{head}\n{edit.text}{edit.before}{tail}"[1:], encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_an_extension_touches_few_files_and_works(copy, name):
    case = CASES[name]
    before = digests(copy)
    for edit in case.edits:
        apply(edit, copy)
    touched = {path for path, digest in digests(copy).items() if before.get(path) != digest}
    assert 0 < len(touched) <= case.most
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = forked(case.program, copy, bare, path=("",))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", CASES)
def test_contributing_says_what_an_extension_costs(root, name):
    text = (root / "CONTRIBUTING.md").read_text()
    section = text[text.index(f"## Add a{'n' if name[0] in 'ei' else ''} {name}") + 2 :].split("\n## ")[0]
    for file in {edit.file for edit in CASES[name].edits}:
        shown = (file, str(Path(file).parent), Path(file).name)
        assert any(part in section for part in shown), file
