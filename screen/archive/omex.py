"""A COMBINE archive: files in a zip file with a manifest that says what each is, and who made the whole.

The same files give the same archive, byte for byte.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from screen.archive.xml import xml_text
from screen.errors import ScreenError
from screen.files import write_atomic

COMBINE = "http://identifiers.org/combine.specifications/"
MEDIA = "http://purl.org/NET/mediatypes/"

FORMATS = {
    ".xml": f"{COMBINE}sbml.level-3.version-2",
    ".sedml": f"{COMBINE}sed-ml.level-1.version-3",
    ".rdf": f"{COMBINE}omex-metadata",
    ".yaml": f"{MEDIA}application/x-yaml",
    ".tsv": f"{MEDIA}text/tab-separated-values",
}
"""End of a file's name -> what it is."""

MASTER = ".sedml"
"""What a tool opens first."""

MANIFEST, METADATA = "manifest.xml", "metadata.rdf"
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: a zip file knows none before."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DUBLIN = "http://purl.org/dc/terms/"
VCARD = "http://www.w3.org/2006/vcard/ns#"
AUTHORS = "The STAT3 screen authors"


def write_archive(path: Path, files: Mapping[str, str], title: str, description: str) -> None:
    """Write files (name -> text) as an archive, whole or not at all; names end in one of FORMATS."""
    texts = {**files, METADATA: _metadata(title, description)}
    entries = {MANIFEST: _manifest(list(texts)), **texts}

    def write(place: Path) -> None:
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in entries.items():
                archive.writestr(zipfile.ZipInfo(name, EARLIEST), text, zipfile.ZIP_DEFLATED)

    write_atomic(path, write, ScreenError)


def _manifest(names: list[str]) -> str:
    root = ElementTree.Element("omexManifest", xmlns=f"{COMBINE}omex-manifest")
    ElementTree.SubElement(root, "content", location=".", format=f"{COMBINE}omex")
    ElementTree.SubElement(root, "content", location=f"./{MANIFEST}", format=f"{COMBINE}omex-manifest")
    for name in names:
        kind = Path(name).suffix
        master = {"master": "true"} if kind == MASTER else {}
        ElementTree.SubElement(root, "content", {"location": f"./{name}", "format": FORMATS[kind], **master})
    return xml_text(root)


def _metadata(title: str, description: str) -> str:
    root = ElementTree.Element("rdf:RDF", {"xmlns:rdf": RDF, "xmlns:dcterms": DUBLIN, "xmlns:vCard": VCARD})
    about = ElementTree.SubElement(root, "rdf:Description", {"rdf:about": "."})
    ElementTree.SubElement(about, "dcterms:title").text = title
    ElementTree.SubElement(about, "dcterms:description").text = description
    author = ElementTree.SubElement(about, "dcterms:creator", {"rdf:parseType": "Resource"})
    ElementTree.SubElement(author, "vCard:organization-name").text = AUTHORS
    return xml_text(root)
