"""What constrain hands on: facts and guesses of a fit; without one, shipped draws or the values of the network."""

import json
import math
from pathlib import Path

import polars as pl
import pytest

from screen.cli.constrain import _of_network
from screen.cli.options import Results
from screen.errors import ScreenError
from screen.experiments import residual_name
from screen.network import read_sbml
from screen.panel import read_panel
from screen.tables import DRAWS, read_table, write_table


def give(network: Path, results: Results) -> None:
    """Put the shipped network where a screen has it."""
    results.network.parent.mkdir(parents=True)
    results.network.write_bytes(network.read_bytes())


def test_nominal_draws_are_the_values_of_the_network_and_of_drugs_as_measured(run, small, root, network):
    config = small(fit={"draws_from": "nominal"})
    give(network, Results(config.parent / "results"))
    ran = run("constrain", "--config", config)
    assert ran.code == 0, ran.err
    results = Results(config.parent / "results")
    draws, network = read_table(results.draws, DRAWS), read_sbml(results.network)
    known = {
        name: value
        for name, value in zip(network.parameters, network.values, strict=True)
        if math.isfinite(value)
    }
    drugs = pl.read_csv(root / "config/drugs.tsv", separator="\t", infer_schema=False)["drug"]
    known |= dict.fromkeys(map(residual_name, drugs), 1.0)
    assert draws["draw"].unique().to_list() == [0]
    assert dict(draws.select("parameter", "value").rows()) == known
    assert json.loads(results.held.read_text()) == {"draws": 1, "demands": 0, "met": 1.0}


@pytest.fixture
def planned(run, small, monkeypatch, network):
    """planned(...): the facts and guesses with which constrain would begin, under these options."""
    config = small(panel={"constrain": ["gate", "score"]})
    results = Results(config.parent / "results")
    give(network, results)
    frame = pl.DataFrame({"draw": [0, 1], "parameter": ["k", "k"], "value": [1.0, 2.0]})
    for path in (results.fitted, results.scales):
        write_table(frame, path, DRAWS)
    handed = []

    def stand_in(plan, fitted, guess, folder, facts, tell):
        handed.append(({check.fact for check in plan.checks}, guess, facts))
        return {"met": 0.5, "demands": 8}

    monkeypatch.setattr("screen.constrain.run_constrain", stand_in)

    def of(*options: str):
        ran = run("constrain", "--config", config, *options)
        assert ran.code == 0, ran.err
        assert "constrain: 50.0% of 8 demands met" in ran.err
        return handed[-1]

    return of


def test_draws_are_held_to_the_tiers_of_the_settings_but_for_what_is_left_out(planned, root):
    """From the shipped draws where all facts are there: else these would know what is to be foretold."""
    facts = {fact.id: fact.tier for fact in read_panel(root / "config/panel/panel.tsv")}
    wanted = {name for name, tier in facts.items() if tier in ("gate", "score")}
    found, guess, told = planned()
    ensemble = read_table(root / "config/calibration/ensemble.parquet", DRAWS)
    scales = read_table(root / "config/calibration/ensemble.scales.parquet", DRAWS)
    assert (
        found == wanted < set(facts) and guess.equals(pl.concat([ensemble, scales])) and told["without"] == []
    )
    first, other = sorted(wanted)[:2]
    found, guess, told = planned("--without", other, first)
    assert (found, guess, told["without"]) == (wanted - {first, other}, None, [first, other])


def test_of_draws_of_a_petab_problem_the_parameters_of_the_network_are_kept(network, tmp_path, capsys):
    results = Results(tmp_path / "results")
    give(network, results)
    rows = [(0, "STAT3_total", 1.0), (0, "noise", 2.0), (1, "STAT3_total", 3.0), (1, "a_scale", 4.0)]
    draws = pl.DataFrame(rows, schema=DRAWS.dtypes(), orient="row")
    found = _of_network(draws, results, tmp_path / "draws.parquet")
    assert found.rows() == [rows[0], rows[2]]
    assert "passed over, since the network has none of these: a_scale, noise" in capsys.readouterr().err
    assert (
        _of_network(found, results, tmp_path / "draws.parquet").equals(found)
        and capsys.readouterr().err == ""
    )
    with pytest.raises(ScreenError, match=r"must hold draws of parameters of `network\.sbml`, found none"):
        _of_network(draws.filter(parameter="noise"), results, tmp_path / "draws.parquet")
