"""A drug of one's own from constants on the command line: what is written, said and refused."""

from types import SimpleNamespace

import pytest

from screen.cli.drug import Constant, _constant
from screen.errors import ScenarioError
from screen.experiments import loads
from screen.scenarios import read_drug_tables


@pytest.fixture
def drug(run, small):
    config = small()
    return lambda *arguments: run("drug", *arguments, "--config", config)


def test_the_rows_are_a_drug_that_acts_as_its_constants_say(drug, tmp_path):
    ran = drug("mynib", "JAK1=3.3nM", "JAK2=800pM", "ALK>10uM", "KDR=2nM")
    assert ran.code == 0
    assert "no target of the network counts KDR=2nM: left out" in ran.err
    config, own = tmp_path / "config", tmp_path / "my"
    tables = read_drug_tables(
        [config / "drugs.tsv", own / "drugs.tsv"],
        [config / "affinities.tsv", own / "affinities.tsv"],
        config / "targets.tsv",
    )
    load = loads({"mynib": 100}, tables)
    assert load["JAK1"] == pytest.approx(100 / (3.3 * 26))
    assert load["JAK2"] == pytest.approx(100 / (0.8 * 251))
    assert load["ALK"] == 0
    assert drug("mynib", "JAK1=5nM", "--type", "EC50_cell").code == 0
    again = (own / "affinities.tsv").read_text()
    assert again.count("mynib") == 1 and "\tcell\t" in again and "\t=\t5.0\t" in again


def test_the_mode_says_at_which_target_a_gene_is_meant(drug):
    assert "MTOR at MTORC1_RAPALOG" in drug("rapa", "MTOR=1pM", "--mode", "rapalog").out
    assert "MTOR at MTOR:" in drug("torin", "MTOR=1nM").out
    assert "STAT3 at STAT3_SH2" in drug("binder", "STAT3@STAT3_SH2=1uM", "--type", "EC50_cell").out


def test_a_constant_a_thousand_times_off_is_a_warning(drug):
    said = drug("mynib", "JAK1=3e-9nM", "JAK2=1nM").err
    assert said.count("drug: warning: ") == 1
    assert "affinities.tsv row 2, mynib on JAK1: `value_nM` should be within a thousand times " in said


def test_the_class_is_said_to_count_where_it_does(drug, run, small):
    said = "take the targets that config/potency/intended.tsv has for the class JAK"
    assert said in drug("mynib", "JAK1=3nM", "--drug-class", "JAK").err
    config = small(scenarios={"constants": "assay"})
    assert said not in run("drug", "mynib", "JAK1=3nM", "--drug-class", "JAK", "--config", config).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mynib", "JAK1"), "JAK1: must be such as JAK1=3.3nM"),
        (("mynib", "JAK1=3.3"), "JAK1=3.3: must be a positive concentration in pM, nM, uM, mM or M, found"),
        (("mynib", "JAK1=0nM"), "JAK1=0nM: must be a positive concentration"),
        (("mynib", "JAK1=1e400nM"), "JAK1=1e400nM: must be a positive concentration"),
        (("mynib", "JAK1=2e300nM"), "JAK1=2e300nM: must be at most 1e+09 nM, found 2e+300 nM"),
        (("=x", "JAK1=3nM"), "screen: name: must be a name: letters, "),
        (("my\udcff", "JAK1=3nM"), "screen: name: must be a name: letters, "),
        (("mynib", "JAK1=3nM", "--drug-class", "=x"), "screen: --drug-class: must be a name: letters, "),
        (("mynib", "JAK1=3nM", "--drug-class", "\udcff"), "screen: --drug-class: must be a name: letters, "),
        (("mynib", "JAK1=3nM", "--source", "\udcff\udcfe"), r"--source: must be UTF-8 text, found \udcff\udcfe"),
        (("mynib", "JAK1=3nM", "--source", " "), "--source: must not be empty, found nothing"),
        (("mynib", "JAK1=1ng/mL@0kDa"), "JAK1=1ng/mL@0kDa: must be a positive concentration"),
        (("mynib", "JAK1=3nM", "JAK1>4nM"), "constants: must be one for each gene at a target, found JAK1"),
        (("mynib", "STAT3=1uM"), "STAT3=1uM: must name one target of STAT3 (STAT3_SH2, "),
        (("mynib", "KDR=1nM"), "constants: must hold one at a target of the network with =, found none"),
        (("ruxolitinib", "JAK1=1nM"), "name: must be new, found ruxolitinib in a table of others"),
        (("load_JAK1", "JAK1=3nM"), "name: must not be that of a parameter of the network, found load_JAK1"),
        (("mynib", "JAK1=1nM", "--mode", "magic"), "--mode: must be one of atp_competitive, "),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(drug, tmp_path, arguments, message):
    ran = drug(*arguments)
    assert ran.code == 2
    assert message in ran.err
    assert not (tmp_path / "my").exists()


def test_a_refused_drug_leaves_its_older_rows(drug, tmp_path):
    assert drug("mynib", "JAK1=3nM").code == 0
    with (tmp_path / "my/affinities.tsv").open("a") as file:
        file.write("othernib\tJAK1\n")
    before = {path: path.read_text() for path in (tmp_path / "my").iterdir()}
    assert len(before) == 2
    ran = drug("mynib", "JAK1=4nM")
    assert ran.code == 2 and "affinities.tsv row 3: `citation` must not be empty" in ran.err
    assert {path: path.read_text() for path in (tmp_path / "my").iterdir()} == before


def test_values_are_written_as_people_write_them(drug):
    assert "Kd = 0.5 nM" in drug("mynib", "JAK1=.5nM").out
    assert "Kd = 1000 nM" in drug("mynib", "JAK1=1E+3 nM").out


def test_of_two_targets_of_a_gene_one_must_be_named():
    """Unless the drug acts at one of them alone by its mode."""
    targets = {name: SimpleNamespace(genes=("G",)) for name in ("A", "B", "STAT3_SH2")}
    with pytest.raises(ScenarioError, match="must name one target of G \\(A, B, STAT3_SH2\\), as G@TARGET"):
        _constant("G=3nM", targets, "covalent")
    assert _constant("G@B=3nM", targets, "covalent") == Constant("G", "B", "=", 3.0)
    assert _constant("G=3nM", targets, "sh2_inhibitor") == Constant("G", "STAT3_SH2", "=", 3.0)
    assert _constant("H=3nM", targets, "covalent") is None
