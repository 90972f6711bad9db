"""Parameter draws as arrays, and random numbers that belong to a name.

What a draw says of a drug or of a parameter depends on the seed, on that name and on the number of the draw alone:
a further drug, context or parameter changes nothing of what was there.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from screen.errors import ScenarioError
from screen.experiments.loads import affinities
from screen.scenarios import ContextTables, DrugTables, Setting, normal_stream
from screen.shapes import DRAWS, DRAWS_DRUGS_AND_NONE_SITES, DRAWS_PARAMETERS, DRAWS_TOTALS, AnyArray
from screen.tables import NUMBER_OF_DRAW, draws_in_rows

SIGMA = "sigma_"
"""Starts the name of the residual of a drug."""

SIGMA_SD = 0.3
"""sd of log10 of the factor by which the constants of a drug are off as a whole (assumed)."""


def residual_name(drug: str, target: str = "") -> str:
    """Name among draws of the factor by which all constants of a drug are off, or that at one target alone.

    >>> residual_name("ruxolitinib"), residual_name("ruxolitinib", "JAK1")
    ('sigma_ruxolitinib', 'sigma_ruxolitinib:JAK1')
    """
    return f"{SIGMA}{drug}:{target}" if target else SIGMA + drug


class Draws(NamedTuple):
    """What lanes take from draws.

    number [draws] as in the table; base [draws, parameters], network parameters in their units; affinity
    [draws, drugs + 1, sites] [1/nM], one over the constant in the cell, 0 where a drug does not bind; the last row, of
    no drug, is 0.
    """

    number: Int[np.ndarray, DRAWS]
    base: Float[AnyArray, DRAWS_PARAMETERS]
    affinity: Float[AnyArray, DRAWS_DRUGS_AND_NONE_SITES]
    totals: Float[AnyArray, DRAWS_TOTALS] | None = None
    """[draws, uncertain totals] in their units; without them a total is what its context says."""


def with_totals(draws: Draws, contexts: ContextTables, seed: int) -> Draws:
    """The draws with a value of each uncertain total of the contexts, in the order of `uncertain_totals`.

    log10 of a total is normal around that of its context's value, with the sd given there; the stream is that of
    the context and the parameter.

    >>> with_totals(draws, contexts, seed=1).totals.shape == (1, len(uncertain_totals(contexts)))
    True
    """
    drawn = [
        total.value
        * 10.0 ** (total.sd * normal_stream(seed, "total", f"{context}\0{total.parameter}", draws.number))
        for context, total in uncertain_totals(contexts)
    ]
    return draws._replace(totals=np.array(drawn).reshape(len(drawn), len(draws.number)).T)


def uncertain_totals(contexts: ContextTables) -> list[tuple[str, Setting]]:
    """Context and total, for each that has an sd, in the order of the table.

    >>> all(total.sd > 0 for _, total in uncertain_totals(contexts))
    True
    """
    return [
        (context.name, total)
        for context in contexts.contexts.values()
        for total in context.totals
        if total.sd > 0
    ]


def drug_residuals(drug: str, number: Int[np.ndarray, DRAWS], seed: int) -> Float[np.ndarray, DRAWS]:
    """The residual of a drug [draws] in each numbered draw, before anything is known of it.

    >>> drug_residuals("ruxolitinib", np.arange(2), seed=1).round(2)
    array([0.22, 0.68])
    """
    return 10.0 ** (SIGMA_SD * normal_stream(seed, "drug", drug, number))


def drawn_constants(tables: DrugTables, drugs: Sequence[str], draws: int, seed: int) -> np.ndarray | None:
    """Constants in cells [draws, drugs, sites] [nM] of draws 0 and on, where the tables know them.

    >>> drawn_constants(drugs, ["ruxolitinib"], 2, seed=1) is None or drugs.potency is not None
    True
    """
    if tables.potency is None or not len(drugs):
        return None
    return tables.potency.drawn(drugs, draws, seed)


def add_residuals(
    draws: pl.DataFrame, drugs: Sequence[str], seed: int, tables: DrugTables | None = None
) -> pl.DataFrame:
    """DRAWS with the residuals of these drugs, those that it does not hold drawn by name; they come last in a draw.

    Where the tables know constants in cells, these hold what is not known, and an added residual is 1.

    >>> table = pl.DataFrame({"draw": [0, 1], "parameter": "IL6_dose", "value": [5.0, 6.0]})
    >>> add_residuals(table, ["ruxolitinib"], seed=1)["parameter"].to_list()
    ['IL6_dose', 'sigma_ruxolitinib', 'IL6_dose', 'sigma_ruxolitinib']
    """
    known = tables is not None and tables.potency is not None
    number, held = draws["draw"].unique().sort(), set(draws["parameter"].unique())
    added = [
        pl.DataFrame(
            {
                "draw": number,
                "parameter": [residual_name(name)] * len(number),
                "value": np.ones(len(number)) if known else drug_residuals(name, number.to_numpy(), seed),
            }
        )
        for name in drugs
        if residual_name(name) not in held
    ]
    return pl.concat([draws, *added]).sort("draw", maintain_order=True)


def read_draws(
    draws: pl.DataFrame | None,
    network: Mapping[str, float],
    drugs: Sequence[str],
    tables: DrugTables,
    seed: int,
    absent: Collection[str] = (),
) -> Draws:
    """DRAWS as arrays, for some drugs of the tables.

    `network` has the network's own value of each of its parameters, in its order; what only a larger network has is
    in `absent` and passed over. Where the tables know constants in cells, these are drawn by the name of the drug, and
    a residual that the draws hold multiplies them; else a residual that they do not hold is drawn by that name.
    Without `draws` there is one, number 0, with the network's own values, medians and every residual 1.
    ScenarioError: draws with holes, or of another network.

    >>> table = pl.DataFrame({"draw": [0, 1], "parameter": "IL6_dose", "value": [5.0, 6.0]})
    >>> read_draws(table, network, ["ruxolitinib"], drugs, seed=1).base[:, names.index("IL6_dose")]
    array([5., 6.])
    """
    values = np.array(list(network.values()), dtype=float)
    if draws is None:
        ones = np.ones((1, len(drugs), len(tables.targets)))
        return Draws(np.zeros(1, dtype=np.int64), values[None], affinities(tables, drugs, ones))
    wide = draws_in_rows(draws)
    sampled = [name for name in wide.columns if name != NUMBER_OF_DRAW]
    held = set(sampled)
    others = [name for name in sampled if name not in network and name not in absent]
    targets = ("", *tables.targets) if others else ()
    residuals = {residual_name(name, target) for name in tables.drugs for target in targets}
    problems = [
        f"draws: `parameter` must be one of the network's, sigma_<drug> or sigma_<drug>:<target>, found {name}"
        for name in others
        if name not in residuals
    ]
    problems += [
        f"draws, draw {wide[NUMBER_OF_DRAW][index]}: must hold a value of {name}, found none"
        for name in sampled
        if wide[name].null_count()
        for index in wide[name].is_null().arg_true().to_list()
    ]
    if problems:
        raise ScenarioError(problems)
    number = wide[NUMBER_OF_DRAW].to_numpy()
    base = np.repeat(values[None], wide.height, axis=0)
    for place, name in enumerate(network):
        if name in held:
            base[:, place] = wide[name].to_numpy()
    sigma = np.ones((len(number), len(drugs), len(tables.targets)))
    for place, name in enumerate(drugs):
        if (whole := residual_name(name)) in held:
            sigma[:, place] *= wide[whole].to_numpy()[:, None]
        elif tables.potency is None:
            sigma[:, place] *= drug_residuals(name, number, seed)[:, None]
        for at, target in enumerate(tables.targets):
            if (own := residual_name(name, target)) in held:
                sigma[:, place, at] *= wide[own].to_numpy()
    constants = drawn_constants(tables, drugs, int(number.max(initial=-1)) + 1, seed)
    return Draws(
        number, base, affinities(tables, drugs, sigma, None if constants is None else constants[number])
    )
