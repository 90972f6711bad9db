"""The benchmark of random starts: they do not know the nominal values, and are compared with the cost there."""

import pandas as pd
import pytest

from benchmarks.petab import measure
from benchmarks.petab_starts import main, published_cost, without_nominal_values
from screen.calibration import load_problem
from screen.fit.objective import prior_cost


def test_a_copy_lacks_the_nominal_values_of_what_is_estimated(files, tmp_path):
    copied = without_nominal_values(files, tmp_path / "copy")
    before, after = (
        pd.read_csv(folder / "parameters.tsv", sep="\t") for folder in (files.parent, copied.parent)
    )
    estimated = before["estimate"].astype(bool)
    assert estimated.any() and before["nominalValue"].notna().all()
    assert after["nominalValue"].notna().tolist() == (~estimated).tolist()
    pd.testing.assert_frame_equal(before.drop(columns="nominalValue"), after.drop(columns="nominalValue"))


def test_published_cost_is_that_of_likelihood_and_prior(files, tmp_path):
    problem = load_problem(files, cache=tmp_path)
    prior = float(prior_cost(problem, problem.estimated.nominal[None])[0])
    assert published_cost(files, tmp_path) == pytest.approx(prior - measure(files)["llh"], rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--starts", "0"), "--starts must be at least 1, found 0"),
        (("--seed", "-1"), "--seed must be at least 0, found -1"),
        (("none.yaml",), "must be a file of a PEtab problem of version 1, found none.yaml"),
    ],
)
def test_a_wrong_argument_is_one_line_before_anything_runs(files, capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        main([str(files), *arguments])
    assert stopped.value.code == 2 and message in capsys.readouterr().err


@pytest.mark.slow
def test_starts_are_counted_by_where_they_end(files, tmp_path):
    out = tmp_path / "found.json"
    assert main(["--starts", "2", "--json", str(out), str(files)]) == 0
    assert '"reached": 2' in out.read_text()
