"""A workbook as spreadsheets write it, cell by cell."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

NAMESPACE = 'xmlns="urn:sheet" xmlns:r="urn:links"'
PARTS = {
    "xl/workbook.xml": f'<workbook {NAMESPACE}><sheets><sheet r:id="two"/><sheet r:id="one"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="one" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="two" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet {NAMESPACE}><numFmts><numFmt numFmtId="164" formatCode="0.0&quot; days&quot;"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm"/></numFmts><cellXfs><xf/><xf numFmtId="14"/><xf numFmtId="164"/>'
    '<xf numFmtId="165"/></cellXfs></styleSheet>',
    "xl/sharedStrings.xml": f"<sst {NAMESPACE}><si><t>ruxolitinib</t></si><si><r><t>binds JAK2, </t></r>"
    '<r><t>"tightly"</t></r><rPh><t>x</t></rPh></si></sst>',
}
PLAIN = zipfile.ZIP_DEFLATED


def written(cell: object) -> str:
    """The inside of a `c` element; text that is XML already stays."""
    if isinstance(cell, bool):
        return f't="b"><v>{cell:d}</v>'
    if isinstance(cell, str):
        return cell if cell.startswith(("t=", "s=")) else f't="inlineStr"><is><t>{cell}</t></is>'
    return f"><v>{cell!r}</v>"


def workbook(
    path: Path, rows: Sequence[tuple[int, Sequence[object]]], compression: int = PLAIN, **parts: str
) -> Path:
    """Write rows (number, cells; None is not there) as the first sheet; `parts` replace others by their last name."""
    sheet = "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{chr(65 + at)}{number}" {written(cell)}</c>'
            for at, cell in enumerate(cells)
            if cell is not None
        )
        + "</row>"
        for number, cells in rows
    )
    whole = PARTS | {
        "xl/worksheets/sheet2.xml": f"<worksheet {NAMESPACE}><sheetData>{sheet}</sheetData></worksheet>"
    }
    whole |= {name: parts.get(Path(name).stem.split(".")[0], text) for name, text in whole.items()}
    with zipfile.ZipFile(path, "w", compression) as book:
        for name, text in whole.items():
            if text:
                book.writestr(name, text)
    return path
