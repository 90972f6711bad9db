"""From free concentration to load: how much of each target a drug takes away.

The activity that is left at a target is 1/(1 + load/shift_<target>). The load is the sum over drugs of
(C/K')^hill, so drugs on one site share one denominator. K' is the constant in the cell: the measured
one times the ATP shift of its assay times sigma, the residual of the drug there. How well the shift itself is
known is the network parameter shift_<target>, and not counted here.

Several genes at one target (MAP2K1 and MAP2K2 at MEK): the most potent one counts.

Limits: covalent drugs are taken at equilibrium; a type I RAF inhibitor does not activate RAF dimers.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from screen.errors import ScenarioError
from screen.scenarios import SHIFT_RULES, DrugTables, sites_in
from screen.shapes import (
    DRAWS_DRUGS_AND_NONE_SITES,
    DRAWS_DRUGS_SITES,
    DRAWS_DRUGS_TARGETS,
    DRUGS_TARGETS,
    TOGETHER,
    AnyArray,
)


def cell_constant(value_nM: float, atp: str, atp_shift: float) -> float:
    """Constant in the cell [nM] of a constant [nM] measured at the ATP of its assay.

    >>> cell_constant(3.0, "none", 26.0), cell_constant(3.0, "cell", 26.0)
    (78.0, 3.0)
    """
    return value_nM * SHIFT_RULES[atp](atp_shift)


def cell_constants(tables: DrugTables) -> Float[np.ndarray, DRUGS_TARGETS]:
    """K' [nM] of every drug at every target: [drugs, targets], infinite where a drug does not bind.

    >>> cell_constants(drugs).shape == (len(drugs.drugs), len(drugs.targets))
    True
    """
    row = {name: index for index, name in enumerate(tables.drugs)}
    column = {name: index for index, name in enumerate(tables.targets)}
    constants = np.full((len(row), len(column)), np.inf)
    for binding in tables.bindings:
        at = row[binding.drug], column[binding.target]
        constant = cell_constant(binding.constant, binding.atp, tables.targets[binding.target].atp_shift)
        constants[at] = min(constants[at], constant)
    return constants


def affinities(
    tables: DrugTables,
    drugs: Sequence[str],
    sigma: Float[AnyArray, DRAWS_DRUGS_TARGETS],
    constants: Float[AnyArray, DRAWS_DRUGS_SITES] | None = None,
) -> Float[AnyArray, DRAWS_DRUGS_AND_NONE_SITES]:
    """1/K' [1/nM] of some drugs under residuals sigma [draws, drugs, targets]: [draws, drugs + 1, sites].

    Sites are every target, then every variant that a cell can carry; a variant has the residual of its target.
    `constants` [draws, drugs, sites] [nM] are K' before the residual, the medians or the used rows where None.
    0 where a drug does not bind; the last row is that of no drug. Differentiable in sigma.

    >>> halved = affinities(drugs, ["ruxolitinib"], np.array([1.0, 2.0]).reshape(2, 1, 1).repeat(len(drugs.targets), 2))
    >>> bool(np.allclose(halved[0], 2 * halved[1])), halved[:, -1].any().item()
    (True, False)
    """
    if constants is None:
        constants = _middle_constants(tables, drugs)
    bound = 1.0 / constants
    targets = list(tables.targets)
    owner = np.array([targets.index(name) for name in tables.site_targets], int)
    none = np.zeros((len(sigma), 1, len(owner)))
    return sigma.__array_namespace__().concatenate([bound / sigma[..., owner], none], axis=1)


def _middle_constants(tables: DrugTables, drugs: Sequence[str]) -> np.ndarray:
    """K' [nM] of some drugs [drugs, sites] without draws."""
    if not len(drugs):
        return np.empty((0, len(tables.site_targets)))
    if tables.potency is not None:
        return tables.potency.middle(drugs)
    row = {name: index for index, name in enumerate(tables.drugs)}
    return cell_constants(tables)[[row[name] for name in drugs]].reshape(len(drugs), len(tables.site_targets))


def hill_load(
    dose_nM: Float[AnyArray, TOGETHER],
    affinity: Float[AnyArray, TOGETHER],
    hill: Float[AnyArray, TOGETHER] | float,
) -> Float[AnyArray, TOGETHER]:
    """The load law: (dose * affinity)^hill, 0 where there is no dose or no affinity; differentiable.

    >>> hill_load(np.array([0.0, 30.0]), np.array([0.1, 0.1]), 2.0)
    array([0., 9.])
    """
    strength = dose_nM * affinity
    xp = strength.__array_namespace__()
    bound = strength > 0
    return xp.where(bound, xp.where(bound, strength, 1.0) ** hill, 0.0)


def loads(
    doses_nM: Mapping[str, float],
    tables: DrugTables,
    sigma: Mapping[str, float] | None = None,
    organism: str = "human",
    variants: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Load [dimensionless] of every target under free concentrations [nM] of some drugs.

    `sigma` [dimensionless] multiplies the constants of a drug, 1 where not named. A drug that does not
    bind the protein of the organism loads nothing; `variants` are those that the cell carries, by target.
    ScenarioError: unknown drug, negative dose.

    >>> load = loads({"ruxolitinib": 300.0}, drugs)
    >>> bool(np.isclose(load["JAK1"], 300.0 / (3.4 * 26)))
    True
    """
    problems = [
        f"dose of {name}: must be a drug of the table, found {name}"
        for name in doses_nM
        if name not in tables.drugs
    ]
    problems += [
        f"dose of {name}: must be a finite number of at least 0 nM, found {dose}"
        for name, dose in doses_nM.items()
        if not (math.isfinite(dose) and dose >= 0)
    ]
    if problems:
        raise ScenarioError(problems)
    acting = [name for name in doses_nM if tables.drugs[name].acts_in(organism)]
    residual = np.array([(sigma or {}).get(name, 1.0) for name in acting]).reshape(1, -1, 1)
    affinity = affinities(tables, acting, residual.repeat(len(tables.targets), axis=2))[0, :-1]
    affinity = affinity[:, sites_in(tables, variants or {})]
    dose, hill = (
        np.array(each, dtype=float).reshape(-1, 1)
        for each in ([doses_nM[name] for name in acting], [tables.drugs[name].hill for name in acting])
    )
    total = hill_load(dose, affinity, hill).sum(axis=0)
    return dict(zip(tables.targets, total.tolist(), strict=True))
