"""Reading a table of abundances as people have it: a column of gene symbols and one of numbers.

The header of the column of numbers says its unit (`copies`, `nM`, `ppm`, `TPM`, `RPKM`, `log2_ratio`). Separators
are commas, semicolons or tabs. What cannot be used is told, not refused, unless nothing is left.
"""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from screen.errors import ScenarioError
from screen.files import MOST_TABLE, read_text
from screen.scenarios.abundances import RATIO, UNITS, WHOLE_TABLE

GENE = ("gene", "gene symbol", "symbol", "gene name", "gene names", "genes", "hgnc symbol")
SD = ("sd", "sd log10", "log10 sd")
SEPARATORS = "\t;,"


@dataclass(frozen=True)
class Abundances:
    """frame: gene (symbol in capitals), value in `unit`, sd of its log10 (null where not given).

    left_out: gene or row -> reason.
    """

    frame: pl.DataFrame
    unit: str
    left_out: Mapping[str, str]


def read_abundances(path: Path, unit: str | None = None) -> Abundances:
    """The abundances of a file; `unit`, of UNITS, chooses the column where several could be meant.

    ScenarioError: no such file or column, an unknown unit, a gene twice, a number that cannot be an abundance,
    RPKM of part of a transcriptome.
    """
    table = _read(path)
    headers = {_plain(name): name for name in table.columns}
    gene = _column(headers, GENE)
    if gene is None:
        raise ScenarioError(
            f"{path.name}: a column of gene symbols must be there ({', '.join(GENE)}), "
            f"found {', '.join(table.columns)}"
        )
    unit, column = _unit(path, headers, unit)
    sds = _column(headers, SD)
    kept: list[tuple[str, float, float | None]] = []
    left_out: dict[str, str] = {}
    problems: list[str] = []
    for number, row in enumerate(table.iter_rows(named=True), 1):
        symbol = (row[gene] or "").replace(";", ",").split(",")[0].strip().upper()
        text = (row[column] or "").strip()
        value = _number(text)
        if not symbol or value is None:
            left_out[symbol or f"row {number}"] = (
                f"no number, found {text or 'nothing'}" if symbol else "no gene"
            )
        elif value < 0 and unit != RATIO:
            problems.append(f"{path.name}, {symbol}: `{column}` must be at least 0, found {text}")
        else:
            kept.append((symbol, value, _number(row[sds] or "") if sds else None))
    problems += _twice(path.name, [symbol for symbol, *_ in kept])
    if not kept and not problems:
        problems.append(f"{path.name}: must hold at least one gene with a number, found none")
    if unit == "RPKM" and len(kept) < WHOLE_TABLE:
        problems.append(
            f"{path.name}: RPKM must be those of the whole transcriptome (at least {WHOLE_TABLE} genes), for their "
            f"sum makes them shares; found {len(kept)}; give TPM instead"
        )
    if problems:
        raise ScenarioError(problems)
    schema = {"gene": pl.String, "value": pl.Float64, "sd": pl.Float64}
    return Abundances(pl.DataFrame(kept, schema=schema, orient="row"), unit, left_out)


def _read(path: Path) -> pl.DataFrame:
    text = read_text(path, ScenarioError, "text table", MOST_TABLE)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise ScenarioError(f"{path.name}: must hold a header line, found an empty file")
    separator = max(SEPARATORS, key=lines[0].count)
    try:
        return pl.read_csv(io.BytesIO("\n".join(lines).encode()), separator=separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise ScenarioError(f"{path.name}: must be a table, found {str(error).splitlines()[0]}") from error


def _plain(header: str) -> str:
    return header.strip().lower().replace("_", " ")


def _column(headers: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((headers[name] for name in names if name in headers), None)


def _unit(path: Path, headers: Mapping[str, str], wanted: str | None) -> tuple[str, str]:
    """The unit of the numbers and their column."""
    if wanted is not None and wanted not in UNITS:
        raise ScenarioError(f"unit: must be one of {', '.join(UNITS)}, found {wanted}")
    found = {
        name: column
        for name, unit in UNITS.items()
        if (column := _column(headers, [_plain(alias) for alias in unit.names])) is not None
    }
    if wanted in found:
        return wanted, found[wanted]
    if wanted is not None and "value" in headers:
        return wanted, headers["value"]
    if wanted is None and len(found) == 1:
        return next(iter(found.items()))
    said = f"found {', '.join(found.values())}; name one with --unit" if len(found) > 1 else "found none"
    raise ScenarioError(
        f"{path.name}: one column of numbers must say its unit ({wanted or ', '.join(UNITS)}; or `value` with "
        f"--unit), {said}"
    )


def _number(text: str) -> float | None:
    """A finite number, also with a decimal comma; None where there is none."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _twice(where: str, symbols: Sequence[str]) -> list[str]:
    again = (
        sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
        if len(set(symbols)) < len(symbols)
        else []
    )
    return [f"{where}: a gene must be there once, found {', '.join(again[:10])} again"] if again else []
