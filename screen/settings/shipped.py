"""Files that come with the tool: in its checkout beside the package, inside the package where it was installed."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]

CONFIG = "config"
"""First folder of paths that are looked for among them where they are not in the folder a command runs in."""


def shipped(*parts: str) -> Path:
    """A file or folder that comes with the tool, such as `config/contexts.tsv` or `workflow/Snakefile`."""
    inside = PACKAGE / "shipped"
    return (inside if inside.is_dir() else PACKAGE.parent).joinpath(*parts)


def located(path: Path) -> Path:
    """The path; where it begins with config/ and nothing is there, the file of that name that comes with the tool."""
    if path.parts[:1] != (CONFIG,) or path.exists():
        return path
    found = shipped(*path.parts)
    return found if found.exists() else path
