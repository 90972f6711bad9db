"""XML as the files of an archive are written."""

from xml.etree import ElementTree


def xml_text(root: ElementTree.Element) -> str:
    """An element and all below it, indented, with its declaration."""
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
