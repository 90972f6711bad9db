"""Contexts that leave out modules: their own network, the same numbers, and what a smaller network cannot read."""

import numpy as np
import polars as pl
import pytest

from screen.errors import ScenarioError, SimulateError
from screen.experiments import Design, Draws
from screen.network import compose_without, network_name
from screen.scenarios import Request, plan_scenarios, read_context_tables
from screen.simulate import Integration, Readout, ScreenTables, Shard, in_round, read_parts, simulate_shard
from screen.simulate.cells import cells_alike
from screen.tables import DRAWS, RESPONSES, check_table
from tests.scenarios.tables import CONFIG, drugs_of

MODULES = {
    "m00_base.ant": """
        unit time_unit = 60 second; unit volume = 1e-12 litre; unit substance = 1e-21 mole; unit extent = 1e-21 mole;
        unit nM = 1e-9 mole / litre; unit per_min = 1 / (60 second); unit pL = 1e-12 litre;
        compartment cell;
        """,
    "m01_switch.ant": """
        species A in cell, B in cell;
        A = total;
        //@reads help default 0 dimensionless from m02
        forward: A => B; cell*k_on*(dose + help)*A;
        back: B => A; cell*k_off*B;
        share has dimensionless;
        share := B/total;
        """,
    "m02_helper.ant": """
        species C in cell;
        rise: => C; cell*k_help*strength;
        fall: C => ; cell*k_help*C;
        help has dimensionless;
        help := C/one;
        """,
}
PARAMETERS = """\
parameter module value unit prior prior_sd mark source description
cell m00_base 2 pL fixed - fixed assumed volume
total m01_switch 3 nM log10_normal 0.3 assumed assumed total
k_on m01_switch 0.1 per_min log10_normal 0.3 assumed assumed forward
k_off m01_switch 0.2 per_min log10_normal 0.3 assumed assumed back
dose m01_switch 0 dimensionless fixed - input assumed dose
k_help m02_helper 0.3 per_min log10_normal 0.3 assumed assumed help
strength m02_helper 0 nM fixed - input assumed strength
one m02_helper 1 nM fixed - fixed assumed unit
"""
CONTEXTS = """\
context kind parameter value unit mark source
whole stimulus dose 2 dimensionless input -
cut module m02 0 - assumed -
cut total strength 0 nM assumed -
cut stimulus dose 2 dimensionless input -
helped total strength 1 nM assumed -
helped stimulus dose 2 dimensionless input -
"""
READOUTS = [Readout("share_20min", "share", 20.0, 20.0)]
INTEGRATION = Integration("auto", 1e-8, 1e-11, 10_000, 1, 4)


def write_table(path, text):
    rows = [["" if cell == "-" else cell for cell in line.split(" ")] for line in text.splitlines()]
    path.write_text("\n".join("\t".join(row) for row in rows) + "\n")


@pytest.fixture
def folder(tmp_path):
    """A network of two modules, one of which a context leaves out, and both networks composed."""
    for name, text in MODULES.items():
        (tmp_path / name).write_text(text)
    write_table(tmp_path / "parameters.tsv", PARAMETERS)
    write_table(tmp_path / "contexts.tsv", CONTEXTS)
    options = "switch hypothesis weight parameter value mark source\nH strong 1 strength 1 assumed -\n"
    write_table(tmp_path / "hypotheses.tsv", options)
    for left_out in ((), ("m02",)):
        path = tmp_path / f"{network_name(left_out)}.xml"
        path.write_text(compose_without(tmp_path, None, left_out))
    return tmp_path


@pytest.fixture(scope="module")
def draws():
    rng = np.random.default_rng(3)
    names = ("k_on", "k_off", "k_help")
    rows = [(draw, name, 10 ** rng.normal(-0.8, 0.2)) for draw in range(5) for name in names]
    return pl.DataFrame(rows, schema=DRAWS.dtypes(), orient="row")


def parts_of(folder, draws, readouts=READOUTS, slices=False):
    contexts = read_context_tables(folder / "contexts.tsv", folder / "hypotheses.tsv")
    drugs = drugs_of(CONFIG)
    scenarios = plan_scenarios(contexts, drugs, Request(doses_nM=[1.0], drugs=[]))
    tables = ScreenTables(scenarios, contexts, drugs, draws, seed=1)
    return read_parts(tables, lambda name: folder / f"{name}.xml", readouts, slices)


def run(parts, index=0, count=1):
    frames = simulate_shard(parts, READOUTS, INTEGRATION, Shard(index, count), lambda line: None)
    return pl.concat([pl.DataFrame(schema=RESPONSES.dtypes()), *frames])


def test_contexts_are_grouped_by_their_network(folder, draws):
    parts = parts_of(folder, draws)
    assert [part.scenarios for part in parts] == [
        ["whole|default|vehicle", "helped|default|vehicle"],
        ["cut|default|vehicle"],
    ]
    assert [len(part.model.species) for part in parts] == [3, 2]
    assert [part.lanes for part in parts] == [10, 5]


def test_every_kind_of_cell_has_a_slice_of_its_own(folder, draws):
    whole = run(parts_of(folder, draws))
    parts = parts_of(folder, draws, slices=True)
    assert [(len(part.model.species), part.arms.tolist()) for part in parts] == [(2, [0]), (3, [1]), (2, [0])]
    assert [part.lanes for part in parts] == [5, 5, 5]
    order = ("scenario", "draw", "readout")
    found, known = run(parts).sort(order), whole.sort(order)
    assert found.drop("value", "steps").equals(known.drop("value", "steps"))
    assert found["value"].to_numpy() == pytest.approx(known["value"].to_numpy(), rel=1e-7)
    assert pl.concat([run(parts, index, 3) for index in range(3)]).sort(order).equals(found)


def test_a_module_that_does_nothing_can_as_well_be_left_out(folder, draws):
    """Without its module the cell gives what it gives where the module is silent, and less than where it acts."""
    found = run(parts_of(folder, draws))
    check_table(found, RESPONSES, "responses")
    values = {
        context: found.filter(pl.col("scenario").str.starts_with(context)).sort("draw")["value"].to_numpy()
        for context in ("whole", "cut", "helped")
    }
    assert values["cut"] == pytest.approx(values["whole"], rel=1e-6)
    assert (values["helped"] > 1.01 * values["cut"]).all()
    k = draws.pivot(on="parameter", index="draw", values="value").sort("draw")
    on, off = 2 * k["k_on"].to_numpy(), k["k_off"].to_numpy()
    assert values["cut"] == pytest.approx(on / (on + off) * (1 - np.exp(-(on + off) * 20)), rel=1e-6)


@pytest.mark.parametrize("count", [2, 7, 40])
def test_answers_do_not_depend_on_shards(folder, draws, count):
    parts = parts_of(folder, draws)
    order = ("scenario", "draw", "readout")
    pieces = pl.concat([run(parts, index, count) for index in range(count)])
    assert pieces.sort(order).equals(run(parts).sort(order))


def test_a_shard_runs_few_networks(folder, draws):
    """Three slices of as many lanes in three shards: each compiles one of them."""
    parts = parts_of(folder, draws, slices=True)
    assert [run(parts, index, 3)["scenario"].n_unique() for index in range(3)] == [1, 1, 1]


def test_what_no_network_has_is_refused(folder, draws):
    strange = draws.with_columns(parameter=pl.col("parameter").replace({"k_help": "k_other"}))
    with pytest.raises(
        ScenarioError, match=r"draws: `parameter` must be one of the network's.* found k_other"
    ):
        parts_of(folder, strange)
    text = (folder / "contexts.tsv").read_text().replace("cut\ttotal\tstrength", "cut\ttotal\tpower")
    (folder / "contexts.tsv").write_text(text)
    with pytest.raises(ScenarioError, match=r"contexts.tsv, cut: `parameter` must be .* found power"):
        parts_of(folder, draws)


def test_a_readout_that_a_smaller_network_lacks_names_the_context(folder, draws):
    readouts = [*READOUTS, Readout("help_20min", "help", 20.0, 20.0)]
    with pytest.raises(
        SimulateError,
        match=r"^readouts in cut: observable of `help_20min` must be a species or one of share, found help$",
    ):
        parts_of(folder, draws, readouts)


def test_a_network_that_was_not_composed_is_named_with_its_cure(folder, draws):
    (folder / "stat3-without-m02.xml").unlink()
    with pytest.raises(
        SimulateError,
        match=r"stat3-without-m02.xml: must exist for cut, found no such file; `python -m screen network",
    ):
        parts_of(folder, draws)


def test_rounds_together_are_the_screen_without_what_stopped(folder, draws):
    """Two draws of all, then three without the cell that stopped: those rows, to the last bit."""
    parts, order = parts_of(folder, draws), ("scenario", "draw", "readout")
    whole = run(parts).sort(order)
    stopped = {"whole|default|vehicle", "no such"}
    first, second = in_round(parts, slice(2)), in_round(parts, slice(2, None), stopped)
    assert [(part.arms.tolist(), part.draws.number.tolist()) for part in first] == [
        ([0, 1], [0, 1]),
        ([0], [0, 1]),
    ]
    assert [(part.arms.tolist(), part.draws.number.tolist()) for part in second] == [
        ([1], [2, 3, 4]),
        ([0], [2, 3, 4]),
    ]
    left = whole.filter(~((pl.col("draw") >= 2) & pl.col("scenario").is_in(list(stopped))))
    assert pl.concat([run(first), run(second)]).sort(order).equals(left)
    every = {name for part in parts for name in part.scenarios}
    assert in_round(parts, slice(None), every) == []


def test_cells_are_alike_where_the_same_parameters_are_0_at_rest_and_in_all_phases():
    """a is set to 0 in cell 0 and its phase, b is set to 1 in a phase of cell 1 alone, c is 0 in all draws, d in one
    of two, and the load is 0 but for drugs, which count as there."""
    names, no = ["a", "b", "c", "d", "load_X"], np.nan
    settings = np.array(
        [[0.0, no, no, no, no], [5.0, no, no, no, no], [5.0, 1.0, no, no, no], [0.0, no, no, no, no]]
    )
    rest, phase = np.array([0, 1, 1, 3]), np.array([[0, 0], [1, 2], [1, 1], [3, 3]])
    one = np.zeros((4, 2))
    design = Design(
        settings, rest, phase, one, one[..., None], np.zeros((4, 1), int), np.ones(1), np.zeros((4, 2, 1)),
        np.array([4]), np.zeros((4, 1), int),
    )  # fmt: skip
    base = np.array([[1.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 2.0, 0.0]])
    found = cells_alike(design, Draws(np.arange(2), base, np.zeros((2, 1, 1))), names)
    assert {zero: arms.tolist() for zero, arms in found.items()} == {
        frozenset({"a", "b", "c"}): [0, 3], frozenset({"c"}): [1, 2],
    }  # fmt: skip
