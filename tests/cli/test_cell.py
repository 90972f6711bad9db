"""A cell of one's own from abundances: what is written, said and refused."""

import pytest

from screen.scenarios import read_context_tables

TABLE = "Gene;copies per cell\nSTAT3;310000\nMAP2K1;400000\nMAP2K2;250000\nMAPK1;90000\nGAPDH;2e7\nSRC;NA\n"


@pytest.fixture
def cell(run, small, tmp_path):
    """Run the command on the table, from the folder of the small configuration."""
    config = small()
    (tmp_path / "mine.csv").write_text(TABLE)

    def command(*arguments, name="du145", like="breast_bt20"):
        return run("cell", "mine.csv", "--config", config, "--name", name, "--like", like, *arguments)

    return command


def test_the_rows_are_a_context_and_everything_is_told(cell, tmp_path):
    ran = cell("--stimulus", "IL6=25ng/mL", "EGF=62ng/mL@6.2kDa", "IGF1=0")
    assert ran.code == 0
    assert "MEK_total 205.6 nM (sd of log10 0.1451) from MAP2K1+MAP2K2" in ran.out
    assert "from MAPK1; not in the table: MAPK3" in ran.out
    assert "GAPDH not used: no total of the network counts it" in ran.out
    assert "SRC not used: no number, found NA" in ran.out
    assert "as in breast_bt20: " in ran.out and "JAK1_total" in ran.out
    config = tmp_path / "config"
    files = [config / "contexts.tsv", tmp_path / "my/contexts.tsv"]
    found = read_context_tables(files, config / "hypotheses.tsv").contexts["du145"]
    assert {s.parameter: s.value for s in found.stimulus} == {"IL6_dose": 25, "EGF_dose": 10, "IGF1_dose": 0}
    assert {s.parameter: s.sd for s in found.totals}["STAT3_total"] == 0.2
    assert {"autocrine_IL6", "EGFR_total"} <= {s.parameter for s in found.totals}


def test_a_second_run_replaces_the_cell_and_keeps_others_and_comments(cell, tmp_path):
    path = tmp_path / "my/contexts.tsv"
    assert cell(name="first").code == 0
    path.write_text("# mine\n" + path.read_text())
    assert cell().code == 0
    once = path.read_text()
    assert cell().code == 0
    assert path.read_text() == once
    assert once.startswith("# mine\n") and "\nfirst\t" in once and "\ndu145\t" in once


def test_a_smaller_cytosol_holds_the_same_copies_at_a_higher_concentration(cell):
    assert "STAT3_total 1030 nM" in cell("--cytosol", "0.5").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"like": "mars"}, "--like: must be a context ("),
        ({"name": "hepg2"}, "--name: must be new, found hepg2"),
        ({"name": "=x"}, "screen: --name: must be a name: letters, "),
        ({"name": "a\udcff\udcfe"}, r"first a letter or digit, found a\udcff\udcfe"),
        ({"stimulus": "IL6=1e400ng/mL"}, "--stimulus: must be a finite dose, found IL6=1e400ng/mL"),
        ({"stimulus": "IL6"}, "--stimulus: must be such as IL6=25ng/mL, found IL6"),
        ({"stimulus": "IL66=1nM"}, "--stimulus: must be a ligand of the network ("),
        ({"stimulus": "EGF=20ng/mL"}, "--stimulus: must be in nM, or with the ligand's mass (EGF=1ng/mL@20kDa)"),
        ({"stimulus": "IL6=1"}, "--stimulus: must be in ng_per_mL, or with the ligand's mass (IL6=1nM@20kDa)"),
        ({"stimulus": f"EGF=1ng/mL@{'9' * 400}kDa"}, "--stimulus: must be in nM, or with the ligand's mass"),
        ({"stimulus": f"EGF={'9' * 400}nM"}, "--stimulus: must be a finite dose, found EGF=999"),
        ({"stimulus": "IL6=1nM@0kDa"}, "--stimulus: must be in ng_per_mL, or with the ligand's mass (IL6=1nM@20kDa)"),
        ({"to": "my/x.txt"}, "my/x.txt: must end in .tsv or .csv, found .txt"),
        ({"to": "my/x.parquet"}, "my/x.parquet: must end in .tsv or .csv, found .parquet"),
        ({"stimulus": "IL6=1e308ug/mL"}, "--stimulus: must be a number in ng_per_mL, found IL6=1e308ug/mL"),
        ({"stimulus": "IL6=1e-323pg/mL"}, "--stimulus: must be a number in ng_per_mL, found IL6=1e-323pg/mL"),
        ({"stimulus": "EGF=1e-320nM"}, "--stimulus: must be a number in nM, found EGF=1e-320nM"),
        ({"cytosol": "1e-320"}, "--cytosol: must be a volume in pL, found 9.99989e-321"),
        ({"cytosol": "nan"}, "--cytosol: must be a volume in pL, found nan"),
        ({"cytosol": "-1"}, "--cytosol: must be a volume in pL, found -1"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(cell, tmp_path, arguments, message):
    named = {key: arguments[key] for key in ("like", "name") if key in arguments}
    rest = [word for key, value in arguments.items() if key not in named for word in (f"--{key}={value}",)]
    ran = cell(*rest, **named)
    assert ran.code == 2
    assert message in ran.err
    assert not (tmp_path / "my").exists()


def test_an_abundance_of_0_that_takes_a_read_out_away_is_refused_and_any_other_is_a_cell(
    cell, run, small, tmp_path
):
    (tmp_path / "mine.csv").write_text("gene,copies\nSTAT3,0\nJAK1,0\n")
    must = (
        "must leave every read-out a value, found pY705_level to have none, such as 0/0, under STAT3_total=0"
    )
    ran = cell()
    assert (ran.code, ran.problems) == (2, [f"screen: mine.csv: {must}, of STAT3"])
    assert not (tmp_path / "my").exists()
    (tmp_path / "mine.csv").write_text("gene,copies\nSTAT3,10000\nJAK1,0\n")
    assert cell().code == 0
    config = small(tables={"contexts": ["config/contexts.tsv", "my/contexts.tsv"]})
    assert run("check", "--config", config).code == 0


def test_of_two_columns_of_one_unit_one_has_to_go(cell, tmp_path):
    for header, cure in (("TPM,tpm", "leave one of them"), ("nM,TPM", "name one with --unit")):
        (tmp_path / "mine.csv").write_text(f"gene,{header}\nSTAT3,5,6\n")
        ran = cell()
        assert ran.code == 2 and ran.problems[0].endswith(f"found {header.replace(',', ', ')}; {cure}")


def test_files_may_have_names_that_are_no_utf_8(cell, tmp_path):
    for _ in range(2):
        ran = cell("--to", "my/b\udcff.tsv")
        assert ran.code == 0 and r"rows in my/b\udcff.tsv; the settings" in ran.err
    assert (tmp_path / "my/b\udcff.tsv").read_text().startswith("context\t")


def test_a_file_of_the_tool_is_not_hidden_by_ones_own(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text(TABLE)
    must = "screen: --to: must be a path that no file of the tool has in the settings, found"
    ran = run("cell", "mine.csv", "--name", "du145", "--like", "hepg2", "--to", "config/contexts.tsv")
    assert (ran.code, ran.problems) == (2, [f"{must} config/contexts.tsv; write to my/contexts.tsv"])
    ran = run("drug", "mynib", "JAK1=3nM", "--to", tmp_path / "config")
    assert (ran.code, ran.problems) == (2, [f"{must} {tmp_path}/config/drugs.tsv; write to my/drugs.tsv"])
    assert not (tmp_path / "config").exists()
    assert run("drug", "mynib", "JAK1=3nM", "--to", "other/config").code == 0


def test_a_ligand_is_given_once(cell):
    ran = cell("--stimulus", "IL6=1ng/mL", "EGF=0", "IL6=2ng/mL")
    assert (ran.code, ran.problems) == (
        2,
        ["screen: --stimulus: must give each ligand once, found IL6 again"],
    )


def test_a_cell_cannot_be_like_one_that_is_like_it(cell, tmp_path):
    assert cell(name="first").code == cell(name="second", like="first").code == 0
    before = (tmp_path / "my/contexts.tsv").read_text()
    ran = cell(name="first", like="second")
    assert (
        ran.code == 2
        and "first: must not be taken from itself, found first from second from first" in ran.err
    )
    assert (tmp_path / "my/contexts.tsv").read_text() == before


def test_an_amount_that_no_cell_holds_is_a_warning_and_check_repeats_it(cell, run, small, tmp_path):
    (tmp_path / "mine.csv").write_text("gene,nM\nSTAT3,520000\n")
    ran = cell()
    assert ran.code == 0
    warning = "warning: my/contexts.tsv row 3: `value` of STAT3_total should be below"
    assert warning in ran.err
    config = small(tables={"contexts": ["config/contexts.tsv", "my/contexts.tsv"]})
    checked = run("check", "--config", config)
    assert checked.code == 0
    assert [line for line in checked.err.splitlines() if "STAT3_total" in line] == [
        line.replace("cell: ", "screen: ") for line in ran.err.splitlines() if warning in line
    ]


COURSES = "readout;minutes;value\n" + "".join(
    f"{name};{minutes};{value}\n"
    for name, values in (("pY705_level", (4, 9, 8, 5)), ("pERK", (10, 60, 55, 20)))
    for minutes, value in zip((0, 5, 15, 60), values, strict=True)
)


def test_courses_set_totals_beside_those_of_the_abundances(run, small, tmp_path):
    config = small()
    (tmp_path / "egf.csv").write_text(COURSES)
    (tmp_path / "mine.csv").write_text(TABLE)
    wanted = ["--name", "du145", "--like", "breast_mcf10a", "--stimulus", "EGF=10nM", "--course-draws", "1"]
    ran = run(
        "cell",
        "mine.csv",
        "--courses",
        "egf.csv",
        "--totals",
        "EGFR_total",
        "MEK_total",
        "--config",
        config,
        *wanted,
    )
    assert ran.code == 0
    assert "MEK_total 205.6 nM (sd of log10 0.1451) from MAP2K1+MAP2K2" in ran.out
    assert "from egf.csv; 205.6 before" in ran.out and "cell: the courses cost " in ran.err
    config = tmp_path / "config"
    files = [config / "contexts.tsv", tmp_path / "my/contexts.tsv"]
    found = read_context_tables(files, config / "hypotheses.tsv").contexts["du145"]
    totals = {setting.parameter: setting for setting in found.totals}
    assert totals["STAT3_total"].sd == 0.2
    assert 0 < totals["MEK_total"].sd <= 0.15  # no wider than the abundance left it
    assert totals["EGFR_total"].value != 50 and totals["EGFR_total"].source == "set by egf.csv; 50 before"


def test_bad_courses_leave_no_cell_behind(run, small, tmp_path):
    config = small()
    (tmp_path / "egf.csv").write_text(COURSES.replace("pERK", "ERK1"))
    wanted = ["--config", config, "--name", "du145", "--like", "breast_mcf10a"]
    ran = run("cell", "--courses", "egf.csv", *wanted)
    assert ran.code == 2 and ran.problems[-1].endswith(
        "`readout` must be an observable or a species of the network, found ERK1"
    )
    assert not (tmp_path / "my/contexts.tsv").exists()
    ran = run("cell", "mine.csv", "--totals", "EGFR_total", *wanted)
    assert ran.problems == ["screen: --totals: must go with --courses, found none"]
    ran = run("cell", "--courses", "egf.csv", "--unit", "TPM", *wanted)
    assert ran.problems == ["screen: --unit: must go with a table of abundances, found none"]
    ran = run("cell", *wanted)
    assert ran.code == 2
    assert ran.problems == [
        "screen: cell: must be given a table of abundances, --courses or both, found neither"
    ]
