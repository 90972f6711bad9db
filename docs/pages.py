"""What MkDocs does beside the pages of this folder: two documents from outside it, and links that fit the site."""

import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

TAKEN = {"settings.md": "config/README.md", "security.md": "SECURITY.md"}
"""Page -> document of the project."""

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^):#]+)(#[^)]+)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages of `TAKEN` are pages too."""
    root = Path(config.config_file_path).parent
    for page, document in TAKEN.items():
        files.append(File.generated(config, page, content=(root / document).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: Any) -> str:
    """Links that lead to another file of the project become links of the site where it is there, else plain words."""
    here = page.file.src_uri
    source = TAKEN.get(here, f"docs/{here}")
    pages = {document: name for name, document in TAKEN.items()}

    def led(link: re.Match[str]) -> str:
        words, target, anchor = link.groups(default="")
        found = normpath(join(dirname(source), target))
        name = pages.get(found, found.removeprefix("docs/"))
        if files.get_file_from_path(name) is None:
            return words
        return f"[{words}]({relpath(name, dirname(here) or '.')}{anchor})"

    return LINK.sub(led, markdown)
