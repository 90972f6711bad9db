"""What the network makes of constants: the dose that halves a read-out, for every potency in cells it can be asked.

An IC50 is homogeneous in the constants of a drug: if all grow tenfold, so does it. So its logarithm is, near given
constants, a weighted mean of theirs plus a constant; weights are slopes by difference, and each is one more drug of
the table of drugs that the panel is run with.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import polars as pl

from screen.errors import PanelError
from screen.experiments import SIGMA, Arm, Exposure, residual_name
from screen.network import Network
from screen.panel.grammar import parse_settings
from screen.panel.run import Bench, PanelTables, find
from screen.panel.table import Check
from screen.potency import CELL_KEY, ENGAGEMENT, Constants, Tables, middle_constants
from screen.scenarios import DEFAULT, Binding, carried
from screen.simulate import Integration
from screen.tables import WHERE

STEP = 0.3
"""log10 by which a constant is moved to find a slope."""

RANGE = 2.0
"""log10 distance from the smallest constant of a drug within which its other targets are asked for a slope."""

DOSES = 10.0 ** np.arange(-1.5, 4.01, 0.5)
"""Doses over the smallest constant."""

LEAST = 0.02
"""Weights below this are dropped."""

LEAST_SHARE = 0.5
"""Share of draws in which a dose must be found that leaves half."""


def find_responses(
    network: PanelTables,
    tables: Tables,
    constants: Constants,
    draws: pl.DataFrame,
    integration: Integration,
    report: Callable[[str], None],
) -> tuple[pl.DataFrame, list[str]]:
    """RESPONSES around the median constants, and a line for each row that never falls to half.

    The factors shift_<target> are 1 here: the constants are those in cells already.
    """
    asked = [
        row
        for row in tables.cells.filter(pl.col("used")).iter_rows(named=True)
        if row["readout"] != ENGAGEMENT and row["drug"] in constants.drugs
    ]
    probes, checks = {}, []
    for index, row in enumerate(asked):
        sites = _sites(row, constants, tables, network)
        if sites:
            smallest = min(sites.values())
            moved = {"": sites} | {
                name: {**sites, name: height + STEP}
                for name, height in sites.items()
                if height < smallest + RANGE and len(sites) > 1
            }
            for name, heights in moved.items():
                probe = f"{row['drug']}:{index}:{name}"
                probes[probe] = replace(network.drugs.drugs[row["drug"]], name=probe), heights
                checks.append(_check(row, probe, smallest, tables))
    known = replace(
        network.drugs,
        potency=None,
        variants={},
        drugs={name: drug for name, (drug, _) in probes.items()},
        bindings=tuple(
            Binding(name, "", site.partition("/")[0], 10.0**height, "cell")
            for name, (_, heights) in probes.items()
            for site, height in heights.items()
        ),
    )
    bench = Bench(checks, replace(network, drugs=known), integration)
    traces = bench(bench.draws(_plain(draws, list(probes)), 0), report)
    with np.errstate(divide="ignore"):
        found = {
            finding.check.arm.treatment.series[0]: np.log10(finding.values)  # type: ignore[index]
            for finding in find(bench, checks, traces)
        }
    rows, silent = [], []
    for index, row in enumerate(asked):
        sites = _sites(row, constants, tables, network)
        values = found.get(f"{row['drug']}:{index}:", np.full(1, np.inf))
        good = np.isfinite(values)
        if good.mean() < LEAST_SHARE:
            silent.append(
                f"{row['drug']}, {row['panel']}, {row['measured']}: half is not reached in the network"
            )
            continue
        weights = _weights(row["drug"], index, sites, found, good)
        middle = sum(weight * sites[name] for name, weight in weights.items())
        text = " ".join(f"{name}={weight:.3f}" for name, weight in weights.items())
        constant, spread = float(np.median(values[good])) - middle, float(np.std(values[good]))
        rows.append((*(row[name] for name in CELL_KEY), round(constant, 4), round(spread, 4), text))
    schema = [*CELL_KEY, "constant", "spread", "weights"]
    return pl.DataFrame(rows, schema=schema, orient="row"), silent


def check_asked(cells: pl.DataFrame, contexts: Iterable[str], network: Network) -> None:
    """Raise PanelError with what potencies in use name that the tables or the network do not have.

    `cells` are CELL_POTENCIES, each row with its place; a context is named once.
    """
    asked = cells.filter(pl.col("used") & (pl.col("readout") != ENGAGEMENT))
    named = asked.unique("context", keep="first", maintain_order=True).select("context", WHERE)
    problems = [
        f"{where}: `context` must be of contexts.tsv, found {name}"
        for name, where in named.filter(~pl.col("context").is_in(list(contexts))).iter_rows()
    ]
    for row in asked.iter_rows(named=True):
        if row["readout"] not in network.readable:
            problems.append(
                f"{row[WHERE]}: `readout` must be {ENGAGEMENT}, an observable or a species of the network, "
                f"found {row['readout']}"
            )
        stimulus, wrong = parse_settings(row["network_stimulus"] or "", 0.0)
        problems += [f"{row[WHERE]}: `network_stimulus` {problem}" for problem in wrong]
        problems += [
            f"{row[WHERE]}: `network_stimulus` must set parameters of the network, found {name}"
            for name in stimulus.names()
            if name not in network.parameters
        ]
    if problems:
        raise PanelError(problems)


def _weights(drug: str, index: int, sites: dict, found: dict, good: np.ndarray) -> dict[str, float]:
    """Slopes of log10 IC50 over the log10 constants, scaled so that they add up to 1."""
    if len(sites) == 1:
        return dict.fromkeys(sites, 1.0)
    base = found[f"{drug}:{index}:"]
    slopes = {}
    for name in sites:
        moved = found.get(f"{drug}:{index}:{name}")
        if moved is not None:
            both = good & np.isfinite(moved)
            slopes[name] = float(np.median(moved[both] - base[both])) / STEP if both.any() else 0.0
    total = sum(max(slope, 0.0) for slope in slopes.values())
    kept = {name: slope / total for name, slope in slopes.items() if slope / total >= LEAST}
    return {name: round(slope / sum(kept.values()), 3) for name, slope in kept.items()}


def _sites(row: dict, constants: Constants, tables: Tables, network: PanelTables) -> dict[str, float]:
    """log10 constant [nM] by target/construct of a row's drug, of the construct that its context carries."""
    targets = tables.targets["target"].to_list()
    variants = carried(network.contexts.contexts[row["context"]], network.drugs)
    here = constants.at(targets, variants)[:, constants.drugs.index(row["drug"])]
    heights = middle_constants(Constants((), (), here))
    genes = dict(zip(targets, tables.targets["genes"].str.split(",").list.first(), strict=True))
    return {
        f"{target}/{variants.get(target) or _gene(row['drug'], target, genes[target], tables)}": float(height)
        for target, height in zip(targets, heights, strict=True)
        if np.isfinite(height)
    }


def _gene(drug: str, target: str, first: str, tables: Tables) -> str:
    """The gene of a target that the drug binds most tightly by the numbers listed, else the first."""
    listed = tables.affinities.filter(
        (pl.col("drug") == drug) & (pl.col("target") == target) & (pl.col("construct") == pl.col("gene"))
    ).join(tables.constructs.filter(pl.col("role") == "other"), on=["construct", "target"], how="anti")
    ordered = listed.sort(pl.col("relation") != "=", "value_nM", maintain_order=True)
    return ordered["gene"][0] if ordered.height else first


def _check(row: dict, probe: str, smallest: float, tables: Tables) -> Check:
    """The IC50 of a row as a check of the panel."""
    stimulus, _ = parse_settings(row["network_stimulus"] or "", 0.0)
    shifts = tuple(sorted((f"shift_{target}", 1.0) for target in tables.targets["target"]))
    doses = tuple((DOSES * 10.0**smallest).tolist())
    arm = Arm(row["context"], DEFAULT, shifts, stimulus, Exposure(((probe, 1.0),), (probe, doses)))
    return Check(
        "", "", "", "", arm, None, row["readout"], row["readout"], (row["minutes"],), "ic50", -np.inf, np.inf
    )


def _plain(draws: pl.DataFrame, probes: list[str]) -> pl.DataFrame:
    """The draws with a residual of 1 for every probe, and none for any other drug."""
    numbers = draws["draw"].unique().sort()
    ones = pl.DataFrame({"parameter": [residual_name(name) for name in probes]}).join(
        pl.DataFrame({"draw": numbers}), how="cross"
    )
    kept = draws.filter(~pl.col("parameter").str.starts_with(SIGMA))
    return pl.concat([kept, ones.with_columns(pl.lit(1.0).alias("value")).select(kept.columns)])
