"""Reading a table of abundances as people have it: a column of gene symbols or UniProt accessions and one of numbers.

The header of the column of numbers says its unit (`copies`, `nM`, `ppm`, `TPM`, `RPKM`, `log2_ratio`). Separators
are commas, semicolons or tabs. A row without gene or number is told, one that cannot be meant is refused.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import polars as pl

from screen.errors import TableError
from screen.scenarios.abundances import RATIO, UNITS, WHOLE_TABLE
from screen.tables import parse_number, plain_name, read_cells

GENE = ("gene", "gene symbol", "symbol", "gene name", "gene names", "genes", "hgnc symbol")
UNIPROT = (
    "uniprot", "uniprot id", "uniprot accession", "accession", "entry", "protein id", "protein ids",
    "majority protein ids",
)  # fmt: skip
SD = ("sd", "sd log10", "log10 sd")
VALUE = "value"

MOST, MOST_RATIO, MOST_SD = 1e12, 100.0, 3.0
"""Largest abundance in any unit, log2 ratio and sd of log10 that are taken for numbers of a cell."""

MOST_TOLD = 10
"""Genes that stand in two rows, of which as many are told."""

ACCESSION = re.compile(r"(?:\w+\|)?(?P<accession>\w+)(?:-\d+)?(?:\|.*)?")
"""P40763, an isoform of it, P40763-2, or as in a FASTA header, sp|P40763|STAT3_HUMAN."""

GROUPED = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+")
"""A number that is a thousand times another one where its commas are decimal."""


@dataclass(frozen=True)
class Abundances:
    """frame: gene (symbol in capitals), value in `unit`, sd of its log10 (null where not given).

    left_out: gene or row -> reason.
    """

    frame: pl.DataFrame
    unit: str
    left_out: Mapping[str, str]


def read_abundances(
    path: Path, unit: str | None = None, accessions: Mapping[str, str] = MappingProxyType({})
) -> Abundances:
    """The abundances of a file; `unit`, of UNITS, chooses the column where several could be meant.

    Where there are no gene symbols, `accessions` says to which gene one of UniProt belongs; one that it lacks stays.
    TableError: no such file or column, an unknown unit, a gene twice, a number that cannot be an abundance,
    RPKM of part of a transcriptome.
    """
    known = [*GENE, *UNIPROT, *SD, VALUE, *(name for unit in UNITS.values() for name in unit.names)]
    table, lines = read_cells(path, known, path.name)
    by_symbol, sds = _column(table.columns, GENE), _column(table.columns, SD)
    gene = by_symbol or _column(table.columns, UNIPROT)
    if gene is None:
        raise TableError(
            f"{path.name}: a column of gene symbols or UniProt accessions must be there "
            f"({', '.join((*GENE, *UNIPROT))}), "
            f"found {', '.join(table.columns)}"
        )
    unit, column = _unit(path, table.columns, unit)
    kept: list[tuple[str, float, float | None]] = []
    named: list[tuple[int, str, str]] = []
    passed: list[str] = []
    left_out: dict[str, str] = {}
    problems: list[str] = []
    for line, row in zip(lines, table.iter_rows(named=True), strict=True):
        symbol = (row[gene] or "").replace(";", ",").split(",")[0].strip().upper()
        if not by_symbol:
            symbol = _gene_of(symbol, accessions)
        text, spread = row[column] or "", row[sds] if sds else None
        value, sd = _number(text), None if spread is None else _number(spread)
        if not symbol or (value is None and not GROUPED.fullmatch(text)):
            why = f"no number, found {text or 'nothing'}" if symbol else "no gene"
            left_out[symbol or f"row {line}"] = why
            passed.append(f", in row {line} {why}")
            continue
        where = f"{path.name} row {line}, {symbol}"
        problems += _value_problems(f"{where}: `{column}`", text, value, unit)
        if spread is not None and (sd is None or not 0 <= sd <= MOST_SD):
            problems.append(
                f"{where}: `{sds}` must be empty or a number from 0 to {MOST_SD:g}, found {spread}"
            )
        if value is not None:
            kept.append((symbol, value, sd))
            named.append((line, symbol, row[gene]))
    problems += _twice(path.name, named)
    if not kept and not problems:
        said = f"found none{''.join(passed[:1])}"
        problems.append(f"{path.name}: must hold at least one gene with a number, {said}")
    if unit == "RPKM" and len(kept) < WHOLE_TABLE:
        problems.append(
            f"{path.name}: RPKM must be those of the whole transcriptome (at least {WHOLE_TABLE} genes), for their "
            f"sum makes them shares; found {len(kept)}; give TPM instead"
        )
    if problems:
        raise TableError(problems)
    schema = {"gene": pl.String, "value": pl.Float64, "sd": pl.Float64}
    return Abundances(pl.DataFrame(kept, schema=schema, orient="row"), unit, left_out)


def _column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The column with the first of the names that is there."""
    found = {plain_name(column): column for column in columns}
    return next((found[name] for name in names if name in found), None)


def _gene_of(text: str, accessions: Mapping[str, str]) -> str:
    """The gene of an accession; the accession where it is of none that is known."""
    found = ACCESSION.fullmatch(text)
    name = found["accession"] if found else text
    return accessions.get(name, name)


def _unit(path: Path, columns: Sequence[str], wanted: str | None) -> tuple[str, str]:
    """The unit of the numbers and their column."""
    if wanted is not None and wanted not in UNITS:
        raise TableError(f"unit: must be one of {', '.join(UNITS)}, found {wanted}")
    found = [
        (name, column)
        for name, unit in UNITS.items()
        for column in columns
        if wanted in (None, name) and plain_name(column) in map(plain_name, unit.names)
    ]
    if wanted is not None and not found:
        found = [(wanted, column) for column in columns if plain_name(column) == VALUE]
    if len(found) == 1:
        return found[0]
    said = f"found {', '.join(column for _, column in found) or 'none'}"
    several = wanted is None and len({name for name, _ in found}) > 1
    raise TableError(
        f"{path.name}: one column of numbers must say its unit ({wanted or ', '.join(UNITS)}; or `value` with "
        f"--unit), {said}{'; name one with --unit' if several else '; leave one of them' if found else ''}"
    )


def _value_problems(where: str, text: str, value: float | None, unit: str) -> list[str]:
    """What is wrong with a number, by its text and its value; None where the text has commas between thousands."""
    least, most = (-MOST_RATIO, MOST_RATIO) if unit == RATIO else (0.0, MOST)
    if value is None:
        return [f"{where} must be a number without commas between thousands, found {text}"]
    if value < least:
        return [f"{where} must be at least {least:g}, found {text}"]
    return [f"{where} must be at most {most:g}, found {text}"] if value > most else []


def _number(text: str) -> float | None:
    """A finite number, also with a decimal comma; None where there is none or it could be another one."""
    if GROUPED.fullmatch(text):
        return None
    value = parse_number(text.replace(",", "."))
    return None if math.isnan(value) else value


def _twice(where: str, named: Sequence[tuple[int, str, str]]) -> list[str]:
    """What is wrong with genes that stand in two rows; `named` is row, gene and what stands there."""
    first: dict[str, tuple[int, str]] = {}
    problems: list[str] = []
    for line, symbol, text in named:
        row, before = first.setdefault(symbol, (line, text))
        if row != line and len(problems) < MOST_TOLD:
            problems.append(
                f"{where} row {line}: a gene must be there once, found {symbol} again: {text}, "
                f"after {before} in row {row}"
            )
    return problems
