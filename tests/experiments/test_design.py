"""From scenarios to the parameters of each lane."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from screen.errors import ScenarioError
from screen.experiments import (
    Arm,
    Exposure,
    cell_settings,
    drug_residuals,
    lane_parameters,
    loads,
    make_design,
    rest_parameters,
    scenario_arms,
)
from screen.kernel import Model
from screen.scenarios import Request, plan_scenarios
from screen.simulate import Part, ScreenTables, distinct_cells, make_part
from tests.scenarios.tables import NAMES, VALUES

COLUMN = {name: index for index, name in enumerate(NAMES)}


def draws_of(drugs, count=3, skip=()):
    rng = np.random.default_rng(5)
    names = ["k_off", "STAT3_total", *(f"sigma_{name}" for name in drugs.drugs)]
    values = 10 ** rng.normal(0, 0.3, (count, len(names)))
    rows = [
        (draw, name, values[draw, index])
        for draw in range(count)
        for index, name in enumerate(names)
        if name not in skip
    ]
    return pl.DataFrame(
        rows, schema={"draw": pl.Int64, "parameter": pl.String, "value": pl.Float64}, orient="row"
    )


def value_of(draws, draw, name):
    return draws.filter((pl.col("draw") == draw) & (pl.col("parameter") == name))["value"][0]


class Network(Model):
    """What of a model the parameters of lanes need."""

    def __init__(self, parameters: tuple[str, ...], values: tuple[float, ...]):
        self.parameters, self.values = parameters, np.array(values)


def prepare(scenarios, contexts, drugs, draws, names=NAMES, values=VALUES) -> Part:
    return make_part(
        ScreenTables(scenarios, contexts, drugs, draws, seed=1), Network(tuple(names), tuple(values))
    )


class Lanes(NamedTuple):
    parameters: np.ndarray
    switches: np.ndarray
    scenario: np.ndarray
    draw: np.ndarray


def assemble(part: Part, start: int = 0, stop: int | None = None) -> Lanes:
    arm, draw = part.arm_and_draw(np.arange(start, min(stop or part.lanes, part.lanes)))
    parameters = np.asarray(lane_parameters(part.design, part.draws, arm, draw))
    return Lanes(parameters, part.design.start[arm], arm, part.draws.number[draw])


@pytest.fixture
def scenarios(contexts, drugs):
    return plan_scenarios(
        contexts,
        drugs,
        Request(doses_nM=[10, 1000], pairs=[("tofacitinib", "Stattic"), ("tofacitinib", "ruxolitinib")]),
    )


@pytest.fixture
def draws(drugs):
    return draws_of(drugs)


@pytest.fixture
def assembly(scenarios, contexts, drugs, draws):
    return prepare(scenarios, contexts, drugs, draws)


def test_lanes_run_through_scenarios_and_within_through_draws(scenarios, assembly):
    lanes = assemble(assembly)
    assert assembly.lanes == scenarios.height * 3 == len(lanes.scenario)
    assert lanes.scenario[:7].tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert lanes.draw[:7].tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_phases_of_a_lane(scenarios, assembly, draws):
    """Liver: 28.2 nM STAT3 whatever the draw, 30 min with drug alone, IL-6 from t = 0."""
    lanes = assemble(assembly)
    lane = scenarios["scenario"].to_list().index("liver|default|ruxolitinib@1000") * 3 + 1
    before, after = lanes.parameters[lane]
    assert lanes.switches[lane].tolist() == [-30.0, 0.0]
    assert (before[COLUMN["IL6_dose"]], after[COLUMN["IL6_dose"]]) == (0.0, 10.0)
    assert (before[COLUMN["STAT3_total"]], after[COLUMN["STAT3_total"]]) == (28.2, 28.2)
    assert before[COLUMN["k_off"]] == value_of(draws, 1, "k_off")
    expected = 1000 / (3.4 * 26 * value_of(draws, 1, "sigma_ruxolitinib"))
    assert before[COLUMN["load_JAK1"]] == after[COLUMN["load_JAK1"]] == pytest.approx(expected)


def test_a_pulse_and_a_drug_are_gone_in_the_phase_that_begins_when_they_end(contexts, drugs):
    """Drug from -30 to 60 min, IL-6 from 0 to 20 min: phases begin at -30, 0, 20 and 60."""
    stimulus = Exposure((("IL6_dose", 7.0),), until=20.0)
    treatment = Exposure((("ruxolitinib", 1000.0),), until=60.0)
    arm = Arm("liver", stimulus=stimulus, treatment=treatment, pretreatment=30.0)
    design = make_design([arm], contexts, drugs, ["ruxolitinib"], NAMES)
    assert design.start[0].tolist() == [-30.0, 0.0, 20.0, 60.0]
    assert design.dose[0, :, 0].tolist() == [1000.0, 1000.0, 1000.0, 0.0]
    given = design.settings[design.phase[0], COLUMN["IL6_dose"]]
    assert given[1] == 7.0 and np.isnan(given[[0, 2, 3]]).all()


def test_an_arm_of_fewer_phases_stays_in_its_last(contexts, drugs):
    """Beside one of four phases: the last begins again and again at its own minute."""
    stimulus = Exposure((("IL6_dose", 7.0),), until=20.0)
    treatment = Exposure((("ruxolitinib", 1000.0),), until=60.0)
    four = Arm("liver", stimulus=stimulus, treatment=treatment, pretreatment=30.0)
    arms = [four, replace(four, stimulus=replace(stimulus, until=60.0)), Arm("liver", stimulus=stimulus)]
    design = make_design(arms, contexts, drugs, ["ruxolitinib"], NAMES)
    assert design.start[1:].tolist() == [[-30.0, 0.0, 60.0, 60.0], [0.0, 0.0, 20.0, 20.0]]
    assert design.dose[1:, :, 0].tolist() == [[1000.0, 1000.0, 0.0, 0.0], [0.0] * 4]
    given = design.settings[design.phase[1:], COLUMN["IL6_dose"]]
    assert np.nan_to_num(given).tolist() == [[0.0, 7.0, 0.0, 0.0]] * 2


def test_a_drug_that_changes_before_the_stimulus_does_not_bring_it_forward(contexts, drugs):
    doses = (("ruxolitinib", 30.0),), ((-30.0, (("ruxolitinib", 300.0),)), (15.0, ()))
    given = Exposure((("IL6_dose", 10.0),))
    arm = Arm("liver", stimulus=given, treatment=Exposure(doses[0], later=doses[1]), pretreatment=60.0)
    design = make_design([arm], contexts, drugs, ["ruxolitinib"], NAMES)
    assert design.start.tolist() == [[-60.0, -30.0, 0.0, 15.0]]
    assert design.dose[0, :, 0].tolist() == [30.0, 300.0, 300.0, 0.0]
    stimulus = design.settings[design.phase[0], COLUMN["IL6_dose"]]
    assert np.nan_to_num(stimulus).tolist() == [0.0, 0.0, 10.0, 10.0]


def test_rest_has_no_drug_and_no_stimulus(assembly):
    """Three cells (liver, lymphoma under two hypotheses) under three draws."""
    arm, draw = assembly.arm_and_draw(np.arange(assembly.lanes))
    row, under, cell = distinct_cells(assembly.design.rest[arm], draw)
    rest = np.asarray(rest_parameters(assembly.design, assembly.draws, row, under))
    assert rest.shape == (3 * 3, len(NAMES))
    assert not rest[
        :, [COLUMN["IL6_dose"], *(COLUMN[name] for name in NAMES if name.startswith("load_"))]
    ].any()
    liver = np.array([name.startswith("liver") for name in assembly.scenarios])[arm]
    assert len(set(cell[liver])) == 3 and not set(cell[liver]) & set(cell[~liver])


def test_hypotheses_set_their_parameters_in_all_phases(scenarios, assembly):
    lanes = assemble(assembly)
    hypothesis = np.array(scenarios["hypothesis"].to_list())[lanes.scenario]
    through = lanes.parameters[hypothesis == "through_jak3"]
    assert set(through[:, :, COLUMN["h_jak3"]].ravel()) == {1.0}
    assert set(through[:, :, COLUMN["h_dir"]].ravel()) == {0.0}
    assert set(lanes.parameters[hypothesis == "default"][:, :, COLUMN["h_dir"]].ravel()) == {0.5}


def test_genotype_overrides_hypothesis_and_that_the_context(contexts, drugs):
    """Where several set one parameter, at rest; what is given at minute 0 overrides them all, from then on."""
    lymphoma = contexts.contexts["lymphoma"]
    total = replace(lymphoma.totals[0], parameter="h_dir", value=0.3)
    given = replace(lymphoma, totals=(*lymphoma.totals, total))
    tables = replace(contexts, contexts=contexts.contexts | {"lymphoma": given})
    plain, mutant = Arm("lymphoma", "direct"), Arm("lymphoma", "direct", genotype=(("h_dir", 7.0),))
    late = Arm("lymphoma", "direct", stimulus=Exposure((("h_dir", 9.0),)))
    bare = Arm("lymphoma")
    assert [cell_settings(arm, tables)["h_dir"] for arm in (bare, plain, mutant)] == [0.3, 1.0, 7.0]
    design = make_design([mutant, late], tables, drugs, [], NAMES)
    values = design.settings[design.phase][..., COLUMN["h_dir"]]
    assert values.tolist() == [[7.0, 7.0], [1.0, 9.0]]


def test_every_context_has_its_own_time_before_the_stimulus(scenarios, assembly):
    lanes = assemble(assembly)
    rows = scenarios.select("context", "role").rows()
    begins = {
        (rows[at], float(first)) for at, first in zip(lanes.scenario, lanes.switches[:, 0], strict=True)
    }
    assert {each for each in begins if each[0][1] == "single"} == {
        (("liver", "single"), -30.0),
        (("lymphoma", "single"), 0.0),
    }


def test_a_drug_with_itself_is_one_dose(contexts, drugs):
    """Also where its load is no straight line of the dose: Stattic has a Hill exponent of 2.5."""
    request = Request(doses_nM=[300], drugs=["Stattic"], pairs=[("Stattic", "Stattic")], pair_doses_nM=[300])
    *_, double, pair = scenario_arms(plan_scenarios(contexts, drugs, request).filter(context="liver"))
    assert double == pair


def test_loads_are_those_of_the_occupancy_rule(scenarios, assembly, contexts, drugs, draws):
    """Every lane against the scalar rule, pairs, Hill exponents, sigma and organism included."""
    lanes = assemble(assembly)
    for lane, (scenario, draw) in enumerate(zip(lanes.scenario, lanes.draw, strict=True)):
        row = scenarios.row(int(scenario), named=True)
        doses = {row[f"drug_{k}"]: row[f"dose_{k}_nM"] for k in "ab" if row[f"drug_{k}"]}
        sigma = {name: value_of(draws, int(draw), f"sigma_{name}") for name in doses}
        organism = contexts.contexts[row["context"]].organism
        expected = loads(doses, drugs, sigma, organism)
        found = {name: lanes.parameters[lane, 1, COLUMN[f"load_{name}"]] for name in drugs.targets}
        assert found == pytest.approx(expected, rel=1e-12)


def test_antibody_does_nothing_in_a_mouse(scenarios, assembly):
    lanes = assemble(assembly)
    names = scenarios["scenario"].to_list()
    load = {
        name: lanes.parameters[names.index(name) * 3, 1, COLUMN["load_IL6R_CAPTURE"]]
        for name in ("liver|default|tocilizumab@1000", "lymphoma|direct|tocilizumab@1000")
    }
    assert load["liver|default|tocilizumab@1000"] == 0
    assert load["lymphoma|direct|tocilizumab@1000"] > 100


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lanes_do_not_depend_on_how_they_are_cut(assembly, size):
    whole = assemble(assembly)
    parts = [assemble(assembly, start, start + size) for start in range(0, assembly.lanes, size)]
    for field in Lanes._fields:
        assert np.array_equal(np.concatenate([getattr(part, field) for part in parts]), getattr(whole, field))


def test_order_of_scenarios_and_of_draw_rows_changes_nothing_but_the_order(
    scenarios, assembly, contexts, drugs, draws
):
    turned = prepare(scenarios.reverse(), contexts, drugs, draws.reverse())
    there = assemble(assembly).parameters.reshape(scenarios.height, 3, 2, -1)
    back = assemble(turned).parameters.reshape(scenarios.height, 3, 2, -1)
    assert np.array_equal(there, back[::-1])


def test_without_draws_everything_is_nominal(scenarios, contexts, drugs):
    lanes = assemble(prepare(scenarios, contexts, drugs, None))
    assert len(lanes.draw) == scenarios.height
    assert set(lanes.draw) == {0}
    assert set(lanes.parameters[:, :, COLUMN["k_off"]].ravel()) == {2.0}


def test_a_hundred_thousand_lanes_are_streamed(shipped_drugs, contexts):
    """A screen of its real size is never held at once: a chunk has the size that was asked for."""
    names = (*NAMES[:5], *(f"load_{name}" for name in shipped_drugs.targets), *(f"p{i}" for i in range(230)))
    scenarios = plan_scenarios(contexts, shipped_drugs, Request(doses_nM=[1, 10, 100, 1000]))
    draws = draws_of(shipped_drugs, count=100)
    assembly = prepare(scenarios, contexts, shipped_drugs, draws, names, np.zeros(len(names)))
    assert assembly.lanes > 100_000
    chunk = assemble(assembly, 50_000, 54_096)
    assert chunk.parameters.shape == (4096, 2, len(names))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"context": "kidney"},
            "scenarios: `context` must be of contexts.tsv, found kidney",
        ),
        (
            {"hypothesis": "magic"},
            "scenarios, hypothesis magic: must be default or of direct, through_jak3, tight, loose, found magic",
        ),
        ({"drug_a": "aspirin", "dose_a_nM": 10.0}, "scenarios: `drug` must be of drugs.tsv, found aspirin"),
    ],
)
def test_scenarios_of_unknown_things_are_refused(scenarios, contexts, drugs, draws, change, message):
    wrong = scenarios.with_columns(pl.lit(value).alias(name) for name, value in change.items())
    with pytest.raises(ScenarioError) as caught:
        prepare(wrong, contexts, drugs, draws)
    assert caught.value.problems == (message,)


def test_a_network_without_the_load_of_a_target_is_refused(scenarios, contexts, drugs, draws):
    names = [name if name != "load_MTORC1_RAPALOG" else "other" for name in NAMES]
    with pytest.raises(ScenarioError) as caught:
        prepare(scenarios, contexts, drugs, draws, names, VALUES)
    message = (
        "targets.tsv row 7, MTORC1_RAPALOG: must have the parameter load_MTORC1_RAPALOG in the network "
        "for sirolimus, found none"
    )
    assert caught.value.problems == (message,)


def test_a_drug_called_as_a_parameter_is_refused_and_one_that_is_not_given_is_not(
    scenarios, contexts, drugs, draws
):
    """A treatment would set the parameter, and its affinities would do nothing."""
    values = (*VALUES, 0.0)
    prepare(scenarios, contexts, drugs, draws, (*NAMES, "filgotinib"), values)
    with pytest.raises(ScenarioError) as caught:
        prepare(scenarios, contexts, drugs, draws, (*NAMES, "sirolimus"), values)
    assert caught.value.problems == (
        "drugs.tsv row 5: `drug` must not be the name of a parameter of the network, found sirolimus",
    )


def test_a_network_without_a_parameter_of_a_context_is_refused(scenarios, contexts, drugs, draws):
    names = [{"IL6_dose": "x", "h_dir": "y"}.get(name, name) for name in NAMES]
    with pytest.raises(ScenarioError) as caught:
        prepare(scenarios, contexts, drugs, draws, names, VALUES)
    assert caught.value.problems == (
        "contexts.tsv, liver: `parameter` must be one of the network's, found IL6_dose",
        "hypotheses.tsv, direct: `parameter` must be one of the network's, found h_dir",
        "hypotheses.tsv, through_jak3: `parameter` must be one of the network's, found h_dir",
    )


def test_draws_with_holes_are_refused(scenarios, contexts, drugs, draws):
    holed = draws.filter(~((pl.col("draw") == 1) & (pl.col("parameter") == "k_off")))
    with pytest.raises(ScenarioError, match=r"draws, draw 1: must hold a value of k_off, found none"):
        prepare(scenarios, contexts, drugs, holed)


def test_a_residual_that_the_draws_do_not_hold_is_drawn_by_the_name_of_the_drug(scenarios, contexts, drugs):
    """Whatever else is in the tables, and however many draws there are."""
    part = prepare(scenarios, contexts, drugs, draws_of(drugs, skip=("sigma_ruxolitinib",)))
    lane = part.scenarios.index("liver|default|ruxolitinib@1000") * 3 + 1
    factor = drug_residuals("ruxolitinib", np.arange(7), 1)[1]
    expected = 1000 / (3.4 * 26 * factor)
    assert assemble(part).parameters[lane, 1, COLUMN["load_JAK1"]] == pytest.approx(expected)
    others = drug_residuals("tofacitinib", np.arange(2000), 1)
    assert np.log10(others).std() == pytest.approx(0.3, rel=0.06)
    assert (
        abs(np.corrcoef(np.log10(others), np.log10(drug_residuals("ruxolitinib", np.arange(2000), 1)))[0, 1])
        < 0.07
    )


def test_draws_of_a_parameter_that_is_not_there_are_refused(scenarios, contexts, drugs, draws):
    names = [name if name != "k_off" else "k_on" for name in NAMES]
    with pytest.raises(ScenarioError) as caught:
        prepare(scenarios, contexts, drugs, draws, names, VALUES)
    assert caught.value.problems == (
        "draws: `parameter` must be one of the network's, sigma_<drug> or sigma_<drug>:<target>, found k_off",
    )


def test_vehicle_alone_needs_no_load_in_the_network(contexts, drugs):
    """Any SBML file can be screened without drugs."""
    scenarios = plan_scenarios(contexts, drugs, Request(doses_nM=[1], drugs=[]))
    lanes = assemble(prepare(scenarios, contexts, drugs, None, NAMES[:5], VALUES[:5]))
    assert lanes.parameters.shape == (3, 2, 5)
