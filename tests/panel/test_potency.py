"""What the network makes of constants: doses that leave half, found again by loads put on the targets by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from screen.kernel import choose_engine
from screen.panel import Finding, PanelTables, find_responses, potency, read_arms, run_planned
from screen.panel.potency import STEP, _gene, _weights
from screen.potency import Constants, read_potency_tables, read_potent_drugs
from screen.potency.posterior import sites_of
from screen.potency.rows import Tables
from screen.potency.tables import RESPONSES
from screen.simulate import Integration
from screen.tables import DRAWS, check_table

BLOOD = ("human_blood", "IL6_dose=10", "pSTAT1", 15.0)
MELANOMA = ("braf_melanoma", "none", "pERK", 60.0)
ASKED = {
    "ruxolitinib": (BLOOD, {"JAK1": 0.5, "JAK2": 0.7, "TYK2": 3.5}),
    "tofacitinib": (BLOOD, {"JAK1": 1.5, "JAK2": 1.7, "TYK2": 4.5}),
    "selumetinib": (MELANOMA, {"MEK": 1.0}),
    "vemurafenib": (MELANOMA, {"BRAF_V600E": 0.3}),
    "trametinib": (MELANOMA, {}),
    "baricitinib": (MELANOMA, {"JAK1": 0.0}),
}
"""Drug -> where it is asked for, and log10 constants [nM] at targets and at the variant that the melanoma carries."""

TARGET = {"BRAF_V600E": "RAF"}

DRAWN = (0.5, 1.0, 2.0)


@pytest.fixture(scope="module")
def integration() -> Integration:
    return Integration(choose_engine()[0], 1e-6, 1e-9, 100_000)


@pytest.fixture(scope="module")
def found(world, root: Path, integration):
    """Rows by drug, and what never falls to half; the draws differ in a rate that blood cells need."""
    config = root / "config"
    files = [config / f"{name}.tsv" for name in ("drugs", "affinities", "targets")]
    tables = read_potency_tables(config / "potency", *files)
    rows = [(drug, "study", place[2], True, *place) for drug, (place, _) in ASKED.items()]
    rows += [("selumetinib", "study", "binding", True, None, None, "engagement", None)]
    rows += [("selumetinib", "study", "unused", False, *MELANOMA)]
    names = ("drug", "panel", "measured", "used", "context", "network_stimulus", "readout", "minutes")
    cells = pl.DataFrame(rows, schema=names, orient="row").with_columns(stimulus=pl.lit(""), cells=pl.lit(""))
    sites = sites_of(tables)
    heights = np.full((1, len(ASKED), len(sites)), np.inf)
    for drug, (_, given) in enumerate(ASKED.values()):
        for place, site in enumerate(sites):
            heights[0, drug, place] = given.get(site.variant or site.target, np.inf)
    rate = world.model.values[world.model.parameters.index("k_gp130_STAT1")]
    draws = [(draw, "k_gp130_STAT1", factor * rate) for draw, factor in enumerate(DRAWN)]
    frame, silent = find_responses(
        PanelTables(world.model, world.contexts, read_potent_drugs(*files, config / "potency")),
        tables._replace(cells=cells),
        Constants(tuple(ASKED), sites, heights),
        pl.DataFrame(draws, schema=DRAWS.dtypes(), orient="row"),
        integration,
        lambda line: None,
    )
    check_table(frame, RESPONSES, "responses")
    return {row["drug"]: row for row in frame.iter_rows(named=True)}, silent


def weights(row: dict) -> dict[str, float]:
    return {name: float(weight) for name, weight in (part.split("=") for part in row["weights"].split())}


def test_rows_that_cannot_be_asked_are_said_or_left_to_the_target(found):
    rows, silent = found
    assert set(rows) == {"ruxolitinib", "tofacitinib", "selumetinib", "vemurafenib"}
    assert silent == [
        f"{drug}, study, pERK: half is not reached in the network" for drug in ("trametinib", "baricitinib")
    ]


def test_a_drug_of_one_target_has_its_weight_there_and_a_variant_its_own(found):
    rows, _ = found
    assert weights(rows["selumetinib"]) == {"MEK/MAP2K1": 1.0}
    assert weights(rows["vemurafenib"]) == {"RAF/BRAF_V600E": 1.0}
    # the rate that draws differ in does nothing in the melanoma
    assert rows["selumetinib"]["spread"] < 1e-3 < rows["ruxolitinib"]["spread"]


@pytest.mark.parametrize("whole", [0.5, 0.8, 1.0, 3.0])
def test_weights_are_shares_of_the_slopes_that_count(whole):
    """Slopes against the sign count as none, those of less than 2 % of all are dropped, whatever they add up to."""
    slopes = {"a": 0.91, "b": 0.05, "c": 0.03, "d": 0.01, "e": -0.4, "f": None}
    moved = {
        f"x:0:{name}": np.full(3, 2 + STEP * slope * whole)
        for name, slope in slopes.items()
        if slope is not None
    }
    found = _weights("x", 0, slopes, {"x:0:": np.full(3, 2.0), **moved}, np.ones(3, bool))
    assert found == pytest.approx({"a": 0.919, "b": 0.051, "c": 0.030}, abs=1e-3)


def test_constants_tenfold_as_large_change_nothing_but_the_dose(found):
    rows, _ = found
    (first, second) = (weights(rows[drug]) for drug in ("ruxolitinib", "tofacitinib"))
    assert set(first) == {"JAK1/JAK1", "JAK2/JAK2"} and sum(first.values()) == pytest.approx(1.0)
    assert second == pytest.approx(first, abs=2e-3)
    assert rows["tofacitinib"]["constant"] == pytest.approx(rows["ruxolitinib"]["constant"], abs=2e-3)


def test_loads_at_the_dose_that_was_found_leave_half(found, world, integration, tmp_path):
    """A load is dose over constant: put on the targets by hand, without a drug and without what ATP does in blood."""
    rows, _ = found
    lines = ["arm\tcontext\tgenotype\tstimulus\ttreatment\treadout\tminutes"]
    for drug, (place, heights) in ASKED.items():
        if drug not in rows:
            continue
        heights = {TARGET.get(name, name): height for name, height in heights.items()}
        log10_dose = rows[drug]["constant"] + sum(
            weight * heights[name.partition("/")[0]] for name, weight in weights(rows[drug]).items()
        )
        loads = [f"load:{target}={10.0 ** (log10_dose - height):.8g}" for target, height in heights.items()]
        context, stimulus, readout, minutes = place
        for arm, given in ((drug, " ".join(loads)), (f"{drug} free", "none")):
            lines.append("\t".join([arm, context, "shift_JAK1=1", stimulus, given, readout, f"{minutes:g}"]))
    path = tmp_path / "arms.tsv"
    path.write_text("\n".join(lines) + "\n")
    tables = {(): PanelTables(world.model, world.contexts, world.drugs)}
    courses = run_planned(read_arms(path), tables, integration, None, 1, lambda line: None).courses
    level = dict(courses.select("arm", "p50").iter_rows())
    for drug in rows:
        assert level[drug] / level[f"{drug} free"] == pytest.approx(0.5, abs=0.01), drug


def few_tables(**given: pl.DataFrame) -> Tables:
    """Those that are given, and none besides."""
    return Tables(**dict.fromkeys(Tables._fields) | given)


def test_a_slope_is_taken_over_the_draws_that_have_both_doses_and_is_none_without_any():
    """Of three draws the second has no dose at first, the third none once `a` is moved; `c` loses all."""
    base, good = np.array([1.0, np.inf, 2.0]), np.array([True, False, True])
    moved = {"a": [1.0 + 0.6 * STEP, 7.0, np.inf], "b": [1.0 + 0.4 * STEP, 7.0, 2.0 + 0.4 * STEP]}
    moved["c"] = [np.inf, 7.0, np.inf]
    found = {"x:3:": base} | {f"x:3:{name}": np.array(values) for name, values in moved.items()}
    assert _weights("x", 3, dict.fromkeys("abc"), found, good) == {"a": 0.6, "b": 0.4}


def test_weights_are_told_to_three_digits():
    moved = {f"x:0:{name}": np.full(1, STEP * slope) for name, slope in (("a", 2.0), ("b", 1.0))}
    found = _weights("x", 0, {"a": 0.0, "b": 0.0}, {"x:0:": np.zeros(1), **moved}, np.ones(1, bool))
    assert found == {"a": 0.667, "b": 0.333}


@pytest.mark.parametrize(
    ("drug", "target", "gene"),
    [
        ("one", "T", "G2"),
        ("two", "T", "G3"),
        ("one", "U", "first"),
        ("three", "T", "first"),
        ("four", "T", "G4"),
    ],
)
def test_a_target_stands_for_the_gene_that_the_drug_binds_most_tightly(drug, target, gene):
    """A bound is no number, unless there is none; variants and what does something else are left out."""
    rows = [
        ("one", "T", "G1", "G1", "=", 30.0), ("one", "T", "G2", "G2", "=", 5.0), ("one", "T", "G3", "G3", "<", 1.0),
        ("one", "T", "G1", "G1_V", "=", 0.1), ("one", "T", "G5", "G5", "=", 0.2), ("two", "T", "G3", "G3", "=", 9.0),
        ("two", "U", "G1", "G1", "=", 1.0), ("three", "T", "G5", "G5", "=", 1.0), ("four", "T", "G4", "G4", "<", 4.0),
    ]  # fmt: skip
    names = ("drug", "target", "gene", "construct", "relation", "value_nM")
    tables = few_tables(
        affinities=pl.DataFrame(rows, schema=names, orient="row"),
        constructs=pl.DataFrame({"construct": ["G5", "G1"], "target": ["T", "T"], "role": ["other", "wild"]}),
    )
    assert _gene(drug, target, "first", tables) == gene


def test_probes_are_the_drug_and_one_more_for_each_constant_near_the_least(monkeypatch, world):
    """Constants of 10, 900 and 1000 nM; the last is a hundredfold and moves nothing by itself.

    Of four draws two find a dose that leaves half, 100 and 400 nM; of another drug one does. A third has one site.
    """
    sites = {"x": {"A/A": 1.0, "B/B": np.log10(900.0), "C/C": 3.0}, "y": {"A/A": 0.0}, "z": {"A/A": -1.0}}
    lost = np.inf
    base = {"x:0:": [100.0, lost, 400.0, lost], "y:1:": [5.0, lost, lost, lost], "z:2:": [1.0, 1.0, 1.0, 1.0]}
    base["x:0:A/A"] = [100 * 10**STEP, lost, 400 * 10**STEP, lost]
    base["x:0:B/B"] = base["x:0:"]
    asked = []

    class Bench:
        def __init__(self, checks, tables, integration):
            asked.extend((checks, tables))

        def draws(self, table, seed):
            return table, seed

        def __call__(self, draws, report):
            asked.append(draws)
            return []

    def find(bench, checks, traces):
        names = [check.arm.treatment.series[0] for check in checks]
        return [
            Finding(check, np.array(base[name]), None, None)
            for check, name in zip(checks, names, strict=True)
        ]

    monkeypatch.setattr(potency, "Bench", Bench)
    monkeypatch.setattr(potency, "find", find)
    monkeypatch.setattr(potency, "_sites", lambda row, *of: sites[row["drug"]])
    names = ("drug", "panel", "measured", "used", "readout", "context", "network_stimulus", "minutes")
    cells = [
        (drug, "p", "m", True, readout, "hepg2", "IL6_dose=10" if drug == "x" else None, 15.0)
        for drug, readout in (("x", "pERK"), ("y", "pERK"), ("z", "pAKT"), ("w", "pAKT"), ("x", "engagement"))
    ]
    frame = pl.DataFrame(cells, schema=names, orient="row").with_columns(
        stimulus=pl.lit(""), cells=pl.lit("")
    )
    drug = next(iter(world.drugs.drugs.values()))
    drugs = replace(world.drugs, drugs=dict.fromkeys("xyz", drug))
    targets = pl.DataFrame({"target": ["B", "A"]})
    draws = pl.DataFrame({"draw": [0, 1], "parameter": ["k", "sigma_x"], "value": [7.0, 8.0]})
    found, silent = find_responses(
        PanelTables(world.model, world.contexts, drugs),
        few_tables(cells=frame, targets=targets),
        Constants(("x", "y", "z"), (), np.zeros((1, 3, 0))),
        draws,
        Integration("kernel"),
        lambda line: None,
    )
    checks, tables, (table, seed) = asked
    probes = [check.arm.treatment.series[0] for check in checks]
    assert probes == ["x:0:", "x:0:A/A", "x:0:B/B", "y:1:", "z:2:"] == list(tables.drugs.drugs)
    bound = [[each.constant for each in tables.drugs.bindings if each.drug == name] for name in probes]
    moved = 10**STEP
    assert moved == pytest.approx(1.99526, rel=1e-5)  # a factor of 2, near enough
    assert bound == [
        pytest.approx(known)
        for known in (
            [10.0, 900.0, 1000.0], [10 * moved, 900.0, 1000.0], [10.0, 900 * moved, 1000.0], [1.0], [0.1],
        )
    ]  # fmt: skip
    doses = np.array(checks[1].arm.treatment.series[1])
    assert doses == pytest.approx(10.0 * 10 ** np.linspace(-1.5, 4.0, 12))
    assert checks[0].arm.genotype == (("shift_A", 1.0), ("shift_B", 1.0))
    assert checks[0].arm.stimulus.values == (("IL6_dose", 10.0),) and not checks[3].arm.stimulus.values
    assert (checks[0].minutes, checks[0].low, checks[0].high) == ((15.0,), -np.inf, np.inf)
    assert seed == 0 and table.filter(parameter="k").rows() == [(0, "k", 7.0)]
    ones = table.filter(pl.col("parameter") != "k")
    assert (
        ones.height == 2 * len(probes) and set(ones["value"]) == {1.0} and "sigma_x" not in ones["parameter"]
    )
    assert silent == ["y, p, m: half is not reached in the network"]
    (first, last) = found.iter_rows(named=True)
    logs = np.log10([100.0, 400.0])
    assert (first["drug"], first["weights"]) == ("x", "A/A=1.000")
    assert first["constant"] == round(float(logs.mean()) - 1.0, 4) and first["spread"] == round(
        float(logs.std()), 4
    )
    assert (last["drug"], last["constant"], last["spread"], last["weights"]) == ("z", 1.0, 0.0, "A/A=1.000")
