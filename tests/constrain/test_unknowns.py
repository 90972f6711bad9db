"""What may move when draws are held to facts: constants of drugs as a whole, and those less certain alone."""

import numpy as np
import polars as pl
import pytest

from screen.constrain.unknowns import Unknowns, residual_sds
from screen.experiments import SIGMA_SD, read_draws, residual_name


def test_a_constant_moves_alone_by_what_it_varies_beyond_its_drug(world):
    targets = list(world.drugs.targets)
    drug = next(iter(world.drugs.drugs))
    deviates = np.random.default_rng(4).standard_normal((20_000, len(targets)))
    constants = 10.0 ** (1.0 + np.array([0.5, 0.2, 0.5]) * deviates[:, :3])
    constants[:, 2] *= 1e3  # too weak to matter beside the first
    drawn = np.full((20_000, 1, len(targets)), np.inf)
    drawn[:, 0, :3] = constants
    found = residual_sds([drug], world.drugs, drawn)
    assert found[drug, ""] == SIGMA_SD
    assert found[drug, targets[0]] == pytest.approx(0.4, rel=0.03)  # 0.5^2 = 0.3^2 + 0.4^2
    assert set(found) == {(drug, ""), (drug, targets[0])}
    assert residual_sds([drug], world.drugs, None) == {(drug, ""): SIGMA_SD}


def test_a_residual_at_one_target_multiplies_that_constant_alone(world):
    tables = world.drugs
    drug = next(name for name in tables.drugs if sum(each.drug == name for each in tables.bindings) > 1)
    target = next(each.target for each in tables.bindings if each.drug == drug)
    network = dict(zip(world.model.parameters, world.model.values, strict=True))

    def affinity(**residuals: float) -> np.ndarray:
        rows = {"draw": 0, "parameter": list(residuals), "value": list(residuals.values())}
        return read_draws(pl.DataFrame(rows), network, [drug], tables, seed=1).affinity[0, 0]

    whole = residual_name(drug)
    before, after = affinity(**{whole: 2.0}), affinity(**{whole: 2.0, residual_name(drug, target): 5.0})
    at = list(tables.targets).index(target)
    assert before[at] == pytest.approx(5 * after[at]) and before[at] > 0
    assert np.delete(before, at) == pytest.approx(np.delete(after, at), abs=0)


def test_vectors_move_a_drug_and_one_of_its_constants_from_those_of_their_draw(world):
    tables = world.drugs
    drug = next(name for name in tables.drugs if sum(each.drug == name for each in tables.bindings) > 1)
    target = next(each.target for each in tables.bindings if each.drug == drug)
    network = dict(zip(world.model.parameters, world.model.values, strict=True))
    constants = np.stack([np.full((1, len(tables.targets)), 10.0), np.full((1, len(tables.targets)), 30.0)])
    unknowns = Unknowns(
        ("k", residual_name(drug), residual_name(drug, target), "draw"),
        ("lin", "log10", "log10", "lin"),
        np.ones(4),
        np.full(4, -np.inf),
        np.full(4, np.inf),
        of_network={world.model.parameters[0]: 0},
        of_residual={(drug, ""): 1, (drug, target): 2},
        of_calibration=np.array([], int),
        constants=constants,
    )
    drawn = unknowns.draws(
        np.array([[7.0, np.log10(2.0), np.log10(5.0), 1.0], [8.0, 0.0, 0.0, 0.0]]), network, tables
    )
    assert np.asarray(drawn.base)[:, 0].tolist() == [7.0, 8.0] and drawn.base.shape == (2, len(network))
    at = list(tables.targets).index(target)
    moved, still = np.asarray(drawn.affinity)[:, 0]
    assert moved[at] == pytest.approx(1 / (30 * 2 * 5))
    assert np.delete(moved, at) == pytest.approx(1 / (30 * 2))
    assert still == pytest.approx(1 / 10)
