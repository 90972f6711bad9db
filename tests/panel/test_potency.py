"""What the network makes of constants: doses that leave half, found again by loads put on the targets by hand."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from screen.kernel import choose_engine
from screen.panel import PanelTables, find_responses, read_arms, run_planned
from screen.panel.potency import STEP, _weights
from screen.potency import Constants, read_potency_tables, read_potent_drugs
from screen.potency.posterior import sites_of
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


@pytest.mark.parametrize("whole", [0.8, 1.0, 1.5])
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
