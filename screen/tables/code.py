"""Which code a module executes, and a digest of it: what other code made holds no longer.

Followed through the imports (grimp reads them without executing anything, in 0.1 s), so that no list of modules
has to be kept by hand.
"""

import hashlib
from collections.abc import Collection, Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import grimp

PACKAGE = "screen"


@lru_cache(maxsize=1)
def _imports() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, cache_dir=None, exclude_type_checking_imports=True)


def executed_modules(*modules: str, unfollowed: Collection[str] = ()) -> frozenset[str]:
    """The modules, all that they import at any depth, and the packages these lie in, which run before them.

    Imports inside functions count, those for type checkers alone do not. The imports of `unfollowed` are left out.
    """
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        if "." in module:
            waiting.append(module.rpartition(".")[0])
        if module not in unfollowed:
            waiting += _imports().find_modules_directly_imported_by(module)
    return frozenset(found)


def code_files(modules: Collection[str]) -> list[Path]:
    """Source files of modules, and the files of other kinds that their packages carry (C sources, style sheets)."""
    root = Path(str(files(PACKAGE))).parent
    found = set()
    for module in modules:
        place = root.joinpath(*module.split("."))
        if place.is_dir():
            found |= {place / "__init__.py", *_carried(place)}
        else:
            found.add(place.with_suffix(".py"))
    return sorted(found)


def _carried(package: Path) -> Iterator[Path]:
    """Files of a package that are not Python, below folders that are no packages themselves too."""
    for item in package.iterdir():
        if item.is_file() and item.suffix not in (".py", ".pyc"):
            yield item
        elif item.is_dir() and item.name != "__pycache__" and not (item / "__init__.py").exists():
            yield from _carried(item)


def code_digest(*modules: str, unfollowed: Collection[str] = ()) -> str:
    """SHA-256 over names and contents of all the code that these modules execute (`executed_modules`)."""
    found = code_files(executed_modules(*modules, unfollowed=unfollowed))
    root = Path(str(files(PACKAGE)))
    digest = hashlib.sha256()
    for file in found:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(root).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()
