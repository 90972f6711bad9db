"""The page of all genes that the source documents name, and what of the network carries them."""

import polars as pl

INTRODUCTION = """\
# Genes

Every gene and keyword of the five source documents, and others, with its place in the network. Written by `make maps`
from [config/network/genes.tsv](../config/network/genes.tsv); the modules are drawn in [network.md](network.md).
"""

SLIPS = """\
## Names that are not what they say

Text mining found these names in the documents. The network does not model them as such.

| name | what was meant |
|---|---|
"""


def genes_page(genes: pl.DataFrame) -> str:
    """The table as a page of Markdown: a section a module, and the slips at the end."""
    parts = [INTRODUCTION]
    carried = genes.filter(pl.col("carried_by").is_not_null())
    for (module,), rows in carried.group_by("module", maintain_order=True):
        lines = [f"## {module}\n", "| gene | carried by | note |", "|---|---|---|"]
        lines += [
            f"| {row['gene']} | {_code(row['carried_by'])} | {row['note'] or ''} |"
            for row in rows.iter_rows(named=True)
        ]
        parts.append("\n".join(lines) + "\n")
    slips = genes.filter(pl.col("carried_by").is_null())
    if slips.height:
        parts.append(
            SLIPS + "".join(f"| {name} | {note} |\n" for name, note in slips.select("gene", "note").rows())
        )
    return "\n".join(parts)


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split())
