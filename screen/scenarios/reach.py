"""Values of contexts and hypotheses that lie a thousand times beyond all that the network has in that unit.

They are read as they are, since nobody knows what someone wants to try, but `check` says so.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from screen.scenarios.contexts import CONTEXTS
from screen.scenarios.hypotheses import HYPOTHESES
from screen.tables import files_of, read_numbered

FAR = 1000.0
"""How far beyond the smallest and the largest of its kind a value is out of reach."""

USUAL = (1e-3, 1e3)
"""Smallest and largest of a kind of which the network itself has no value but 0."""


Files = Path | Sequence[Path]


def out_of_reach(contexts: Files, hypotheses: Files, parameters: pl.DataFrame) -> list[str]:
    """One sentence for each total, stimulus or value of a hypothesis that is out of reach, with file and row.

    `parameters` is the network's table: its columns parameter, value and unit are read.
    """
    unit = dict(parameters.select("parameter", "unit").iter_rows())
    sizes = parameters.select("unit", pl.col("value").abs()).filter(pl.col("value") > 0).group_by("unit")
    kinds = {
        kind: (low, high)
        for kind, low, high in sizes.agg(low=pl.min("value"), high=pl.max("value")).iter_rows()
    }
    found = []
    tables = [(path, CONTEXTS) for path in files_of(contexts)]
    tables += [(path, HYPOTHESES) for path in files_of(hypotheses)]
    for path, schema in tables:
        frame, lines = read_numbered(path, schema)
        for line, row in zip(lines, frame.iter_rows(named=True), strict=True):
            if row.get("kind", "total") not in ("total", "stimulus") or row["parameter"] not in unit:
                continue
            kind, value = unit[row["parameter"]], row["value"]
            low, high = kinds.get(kind, USUAL)
            if value and not low / FAR <= abs(value) <= high * FAR:
                found.append(
                    f"{path.name} row {line}: `value` of {row['parameter']} should be within a thousand times "
                    f"{low:g} to {high:g} {kind}, as the network's others are, found {value:g}"
                )
    return found
