"""Slopes of the statistics by the adjoint, against differences of whole trajectories."""

import numpy as np
import polars as pl
import pytest

from screen.constrain import Unknowns, make_demands, make_slopes
from screen.constrain.demands import log10_of
from screen.constrain.slopes import Slopes
from screen.experiments import SIGMA
from screen.kernel import available_engines
from screen.network import read_parameters
from screen.panel import Bench, PanelTables, courses_of, statistic
from screen.simulate import Integration

FACTS = ("V03", "V11", "V12", "V55", "V59")
"""A background; a drug that comes late; dose series; two hypotheses; a cell without STAT3."""

pytestmark = pytest.mark.skipif("kernel" not in available_engines(), reason="needs a C compiler: the adjoint")


@pytest.fixture(scope="module")
def setting(world, root):
    """Demands, a bench, unknowns and two vectors around the nominal values."""
    checks = [check for name in FACTS for check in world.facts[name].checks]
    demands = make_demands(checks)
    model = world.model
    integration = Integration("kernel", 1e-8, 1e-11, 100_000, None, 256)
    bench = Bench(demands.checks, PanelTables(model, world.contexts, world.drugs), integration)
    table = read_parameters(root / "config/network/parameters.tsv").filter(pl.col("prior") != "fixed")
    names = (*table["parameter"], *(SIGMA + drug for drug in bench.drugs))
    scales = tuple("log10" if prior == "log10_normal" else "lin" for prior in table["prior"])
    scales += ("log10",) * len(bench.drugs)
    sd = np.array([*table["prior_sd"], *(0.3 for _ in bench.drugs)])
    unknowns = Unknowns(
        names,
        scales,
        sd,
        np.full(len(names), -np.inf),
        np.full(len(names), np.inf),
        of_network={name: place for place, name in enumerate(table["parameter"])},
        of_residual={(drug, ""): names.index(SIGMA + drug) for drug in bench.drugs},
        of_calibration=np.array([], int),
    )
    linear = np.array([*table["value"], *(1.0 for _ in bench.drugs)])
    start = unknowns.scaled(np.tile(linear, (2, 1)))
    start += 0.1 * sd * np.random.default_rng(3).standard_normal(start.shape)
    return demands, bench, unknowns, start


def courses(setting, scaled: np.ndarray) -> list[list[np.ndarray]]:
    demands, bench, unknowns, _ = setting
    model = bench.tables.model
    network = dict(zip(model.parameters, model.values, strict=True))
    traces = bench(unknowns.draws(scaled, network, bench.tables.drugs))
    return [courses_of(bench, check, traces) for check in demands.checks]


def logs(setting, scaled: np.ndarray) -> np.ndarray:
    read = courses(setting, scaled)
    return np.array(
        [
            log10_of(check.statistic, statistic(check.statistic, np.array(check.minutes), check.doses, each))
            for check, each in zip(setting[0].checks, read, strict=True)
        ]
    )


@pytest.fixture(scope="module")
def ask(setting) -> Slopes:
    demands, bench, unknowns, _ = setting
    return make_slopes(bench, demands, unknowns, 3)


@pytest.fixture(scope="module")
def slopes(setting, ask) -> np.ndarray:
    demands, _, _, start = setting
    asked = np.ones((len(demands.checks), len(start)), bool)
    asked[0, 1] = False
    return ask(start, courses(setting, start), asked)


def test_slopes_are_those_of_differences(setting, slopes):
    demands, _, unknowns, start = setting
    step, along = 3e-3, unknowns.sd * np.random.default_rng(5).standard_normal(start.shape)
    expected = (logs(setting, start + step * along) - logs(setting, start - step * along)) / (2 * step)
    found = np.einsum("cdu,du->cd", slopes, along)
    found[0, 1] = expected[0, 1]
    names = [f"{check.fact}{check.name}" for check in demands.checks]
    for name, got, wanted in zip(names, found, expected, strict=True):
        assert got == pytest.approx(wanted, rel=0.01, abs=2e-3), name


def test_the_residual_of_a_drug_moves_its_half_dose_in_proportion(setting, slopes):
    """IC50 is proportional to sigma where the drug has no effect at another target first."""
    demands, _, unknowns, _ = setting
    rows = [index for index, check in enumerate(demands.checks) if check.statistic == "ic50"]
    drugs = [demands.checks[index].arm.treatment.series[0] for index in rows]
    for row, drug in zip(rows, drugs, strict=True):
        assert slopes[row, :, unknowns.of_residual[drug, ""]] == pytest.approx(1.0, abs=0.05)


def test_what_was_not_asked_for_is_zero(slopes):
    assert not slopes[0, 1].any()
    assert slopes[0, 0].any()


def test_a_draw_that_cannot_be_integrated_has_no_slope_and_its_neighbour_keeps_its_own(setting, ask, slopes):
    demands, _, unknowns, start = setting
    broken, asked = start.copy(), np.zeros((len(demands.checks), len(start)), bool)
    broken[1, unknowns.names.index("k_PTPN2")] = np.nan
    asked[-1] = True
    found = ask(broken, courses(setting, start), asked)
    assert not found[:, 1].any()
    assert slopes[-1, 0].any()
    np.testing.assert_allclose(found[-1, 0], slopes[-1, 0], rtol=1e-9)
