"""What the readers refuse of the tables of potencies: each row that would end a run, or move constants in silence."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from screen.errors import ScreenError
from screen.potency import left_unsaid, read_estimates, read_potency_tables

CONFIG = Path(__file__).parents[2] / "config"
ENGAGED = {"readout": "engagement", "used": "true"}
ASKED = {"readout": "pERK", "used": "true"}
K = {"name": "sd|K"}

ESTIMATES = [
    (K, {"value": "0"}, "`value` must be at least 1e-06 where it is an sd, found 0.0"),
    (K, {"value": "-1"}, "`value` must be at least 1e-06 where it is an sd, found -1.0"),
    (K, {"name": "sd|k"}, "`name` must be one that constants are made from, found sd|k"),
    (K, {"sd": "1e300"}, "`sd` must be at most 20, found 1e+300"),
    ({"name": "mean|other"}, {"value": "1e300"}, "`value` must be at most 20, found 1e+300"),
    ({"name": "mean|other"}, {"value": "-21"}, "`value` must be at least -20, found -21.0"),
    ({"name": "family|kinomescan"}, {"value": "400"}, "`value` must be at most 20, found 400.0"),
    *(
        ({"name": "binder share"}, {"value": share},
         f"`value` must be above 0 and at most 1 where it is a share, found {share}")
        for share in ("0.0", "1.1")
    ),
    ({"name": "shift|JAK1"}, {"name": "shift|JAK9"}, "`name` must be of a target of targets.tsv, found shift|JAK9"),
    (
        {"name": "level|ALK|other"}, {"name": "level|ALK|others"},
        "`name` must be of a target of targets.tsv, found level|ALK|others",
    ),
]  # fmt: skip

POTENCIES = [
    (ENGAGED, {"target": ""}, "`target` must be given for engagement in use, found nothing"),
    (ENGAGED, {"target": "JAKX"}, "`target` must be one of targets.tsv, found JAKX"),
    (ENGAGED, {"construct": ""}, "`construct` must be given for engagement in use, found nothing"),
    (
        ENGAGED | {"target": "RAF"}, {"construct": "BRAF_v600e"},
        "`construct` must be a gene of RAF or one that constructs.tsv has there, found BRAF_v600e",
    ),
    (ASKED, {"readout": ""}, "`readout` must be given in a row in use, found nothing"),
    (ASKED, {"context": ""}, "`context` must be given for a read-out of the network in use, found nothing"),
    (ASKED, {"minutes": ""}, "`minutes` must be given for a read-out of the network in use, found nothing"),
    (ASKED, {"ic50_nM": "1e300"}, "`ic50_nM` must be at most 1e+09, found 1e+300"),
    (ASKED, {"free_fraction": "1e-300"}, "`free_fraction` must be at least 1e-12, found 1e-300"),
    (ASKED, {"drug": "nosuch"}, "`drug` must be in the table of drugs, found nosuch"),
]  # fmt: skip

RESPONSES = [
    ({}, {"constant": "1e300"}, "`constant` must be at most 20, found 1e+300"),
    ({}, {"spread": "1e300"}, "`spread` must be at most 20, found 1e+300"),
    *(
        ({}, {"weights": f"RAF/BRAF=0.5 {item}"},
         f"`weights` must be target/construct=weight, above 0 and at most 1, found {item}")
        for item in (
            "RAF/RAF1", "RAF/RAF1=x", "RAF/RAF1=nan", "RAF/RAF1=inf", "RAF/RAF1=1e300", "RAF/RAF1=-1", "RAF/RAF1=0",
            "RAF/RAF1=1.001", "RAF=1", "/RAF1=1", "RAF/RAF1/x=1",
        )
    ),
    ({}, {"weights": "FOO/BRAF=1"}, "`weights` must be at targets of targets.tsv, found FOO; `potency --responses`"),
    ({}, {"weights": "RAF/FOO=1"}, "`weights` must be of genes of RAF or of what constructs.tsv has there, found FOO"),
    ({}, {"weights": "RAF/BRAF=1 RAF/BRAF=1"}, "`weights` must name a construct once, found RAF/BRAF again"),
]  # fmt: skip

INTENDED = [
    ({"class": "JAK"}, {"target": "JAKX"}, "`target` must be one of targets.tsv, found JAKX"),
    ({"class": "JAK"}, {"class": "jak"}, "`class` must be written as elsewhere, JAK, found jak"),
]

EDITS = [
    (f"{name}.tsv", *edit)
    for name, edits in {
        "estimates": ESTIMATES, "cell_potencies": POTENCIES, "responses": RESPONSES, "intended": INTENDED,
    }.items()
    for edit in edits
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG / "potency", tmp_path / "potency"))


def rows_of(path: Path) -> list[dict[str, str]]:
    head, *lines = (line.split("\t") for line in path.read_text().splitlines())
    return [dict(zip(head, [*line, *[""] * len(head)], strict=False)) for line in lines]


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text(
        "\n".join("\t".join(row) for row in (rows[0].keys(), *(row.values() for row in rows))) + "\n"
    )


def edited(path: Path, like: dict[str, str], changed: dict[str, str]) -> int:
    """Change the first row that has these cells; its line."""
    rows = rows_of(path)
    at = next(at for at, row in enumerate(rows) if like.items() <= row.items())
    rows[at] |= changed
    write(path, rows)
    return at + 2


def read(folder: Path, *affinities: Path, drugs: Sequence[Path] = ()):
    tables = read_potency_tables(
        folder,
        [CONFIG / "drugs.tsv", *drugs],
        [CONFIG / "affinities.tsv", *affinities],
        CONFIG / "targets.tsv",
    )
    return tables, read_estimates(folder / "estimates.tsv", tables)


def problems_of(folder: Path, *affinities: Path) -> tuple[str, ...]:
    with pytest.raises(ScreenError) as caught:
        read(folder, *affinities)
    return caught.value.problems


@pytest.mark.parametrize(("name", "like", "changed", "expected"), EDITS, ids=str)
def test_a_cell_that_would_end_a_run_or_move_constants_is_named_by_its_row(
    folder, name, like, changed, expected
):
    line = edited(folder / name, like, changed)
    assert any(problem.startswith(f"{name} row {line}: {expected}") for problem in problems_of(folder)), (
        problems_of(folder)
    )


@pytest.mark.parametrize(
    "start", ["sd|K", "mean|", "family|kinomescan", "binder share", "distance|", "sd|own|kept|other"]
)
def test_estimates_that_constants_need_are_named_where_they_are_not_there(folder, start):
    rows = rows_of(folder / "estimates.tsv")
    write(folder / "estimates.tsv", [row for row in rows if not row["name"].startswith(start)])
    (problem,) = problems_of(folder)
    assert problem.startswith("estimates.tsv: must have rows ") and problem.endswith(
        ", found none; `potency --estimate` makes them"
    )
    assert start.rstrip("|") in problem
    write(folder / "estimates.tsv", rows[:1])
    (problem,) = problems_of(folder)
    assert problem.startswith("estimates.tsv: must have rows ")


def test_what_counts_for_nothing_is_said(folder):
    assert left_unsaid(*read(folder)) == []
    edited(folder / "cell_potencies.tsv", ASKED, {"cells": "A376"})
    gone = "vemurafenib, MARM2_A375_D4, pERK, none (BRAF V600E driven), "
    assert left_unsaid(*read(folder)) == [
        f"cell_potencies.tsv: rows in use that responses.tsv has no row of count for nothing, found 1, such as "
        f"{gone}A376; `potency --responses` asks the network for them",
        f"responses.tsv: rows of no row in use of cell_potencies.tsv count for nothing, found 1, such as "
        f"{gone}A375 melanoma (BRAF V600E)",
    ]


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (["shift|JAK1", "shift|ALK"], "shift|JAK1 and 1 more"),
        (["level|ALK|intended"], "level|ALK|intended"),
        (["family|kinobeads"], "family|kinobeads"),
        (["response|STAT"], "response|STAT"),
    ],
)
def test_what_rows_tell_of_and_was_not_estimated_is_said(folder, gone, said):
    rows = rows_of(folder / "estimates.tsv")
    write(folder / "estimates.tsv", [row for row in rows if row["name"] not in gone])
    assert left_unsaid(*read(folder)) == [
        f"estimates.tsv: should have a row {said}, found none: what is assumed before any measurement stands in; "
        "`potency --estimate` makes them"
    ]


@pytest.mark.parametrize("role", ["variant", "apart"])
@pytest.mark.parametrize(
    "construct", ["JAK1", "JAK1_", "JAK1V658F", "JAK1|V", "JAK1_V|X", "FOO_X1", "EGFR_Z1", "jak1_V658F"]
)
def test_a_variant_is_of_a_gene_of_its_target(folder, role, construct):
    rows = rows_of(folder / "constructs.tsv")
    more = {"construct": construct, "target": "JAK1", "role": role, "binding": "kept", "source": "made"}
    write(folder / "constructs.tsv", [*rows, more])
    assert problems_of(folder) == (
        f"constructs.tsv row {len(rows) + 2}: `construct` must be a gene of JAK1 (JAK1) and, after `_`, what differs, "
        f"found {construct}",
    )
    write(folder / "constructs.tsv", [*rows, more | {"construct": "JAK1_V658F"}])
    read(folder)


def test_a_target_keeps_a_gene_and_constructs_have_targets(folder):
    """Genes of a target may be other isoforms, as PIK3CD is, but not all of them."""
    rows = rows_of(folder / "constructs.tsv")
    for target, genes in {"JAK1": ["JAK1"], "MEK": ["MAP2K1", "MAP2K2"]}.items():
        more = [
            {"construct": gene, "target": target, "role": "other", "binding": "", "source": "made"}
            for gene in genes
        ]
        write(folder / "constructs.tsv", [*rows, *more])
        assert problems_of(folder) == tuple(
            f"constructs.tsv row {line}: `construct` must leave {target} a gene that drugs bind, found {gene}, its last"
            for line, gene in enumerate(genes, len(rows) + 2)
        )
    write(folder / "constructs.tsv", [*rows, more[0]])
    read(folder)
    write(folder / "constructs.tsv", [*rows, more[0] | {"target": "JAKX"}])
    assert problems_of(folder) == (
        f"constructs.tsv row {len(rows) + 2}: `target` must be one of targets.tsv, found JAKX",
    )


@pytest.mark.parametrize(
    ("gene", "target", "construct"),
    [
        ("EGFR", "EGFR", "EGFR_t790m"), ("EGFR", "EGFR", "EGFR(T790M)"), ("EGFR", "EGFR", "EGFR|T790M"),
        ("JAK1", "JAK1", "jak1"), ("JAK1", "JAK1", "JAK1_JH1"), ("JAK1", "JAK1", "EGFR_T790M"),
        ("MAP2K1", "MEK", "MAP2K2"), ("RAF1", "RAF", "BRAF_V600E"),
    ],
)  # fmt: skip
def test_a_construct_that_no_table_knows_is_no_further_protein(folder, tmp_path, gene, target, construct):
    """One misspelt would be a wild type of its own, and move the constant of the gene by the most potent of the two."""
    own = tmp_path / "own.tsv"
    head = "drug\tgene\tconstruct\ttarget\ttype\trelation\tvalue_nM\tatp\tused\tmark\tcitation\n"
    row = f"ruxolitinib\t{gene}\t{{}}\t{target}\tIC50\t=\t5000\tkm\tfalse\tmeasured\tmine\n"
    own.write_text(head + row.format(construct))
    assert problems_of(folder, own) == (
        f"{own} row 2: `construct` must be the gene, {gene}, or one of it that constructs.tsv has at {target}, "
        f"found {construct}",
    )
    own.write_text(head + row.format(gene))
    read(folder, own)


def test_a_screened_drug_that_is_known_at_another_site_alone_is_refused(folder, tmp_path):
    """It would bind nothing: treated as the vehicle, and ranked."""
    drugs, own = tmp_path / "drugs.tsv", tmp_path / "own.tsv"
    drugs.write_text(
        "drug\tclass\tmode\tspecies\tscreened\thill\tmark\nnib\tJAK\tallosteric\tany\ttrue\t1\tmeasured\n"
    )
    head = "drug\tgene\tconstruct\ttarget\ttype\trelation\tvalue_nM\tatp\tused\tmark\tcitation\n"
    row = "nib\tJAK1\t{}\tJAK1\tKd\t{}\t5\tnone\t{}\tmeasured\tmine\n"
    other, bound = row.format("JAK1_JH2", "=", "true"), row.format("JAK1", ">", "false")
    own.write_text(head + other + bound)
    with pytest.raises(ScreenError) as caught:
        read(folder, own, drugs=[drugs])
    assert caught.value.problems == (
        f"{drugs} row 2, nib: a screened drug must have an affinity with relation = at a construct that "
        "constructs.tsv does not call other, or a potency in cells, found none",
    )
    own.write_text(head + other + row.format("JAK1", "=", "false"))
    read(folder, own, drugs=[drugs])
    own.write_text(head + other)
    drugs.write_text(drugs.read_text().replace("true", "false"))
    read(folder, own, drugs=[drugs])
