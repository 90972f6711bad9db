"""Examples in docstrings: every public function of these packages has one, and every example of any module runs.

The example of a package comes first; those of its functions go on with its names.
"""

import doctest
import inspect
from importlib import import_module
from pkgutil import walk_packages

import pytest

import screen

PACKAGES = ("screen.network", "screen.kernel", "screen.experiments", "screen.rank")
PUBLIC = [
    (package, name)
    for package in PACKAGES
    for name in import_module(package).__all__
    if inspect.isfunction(getattr(import_module(package), name))
]


@pytest.fixture(scope="module")
def names(root) -> dict[str, dict]:
    """What the example of each package defines, the project's folder being the current one."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for package in PACKAGES:
            found[package] = dict(vars(import_module(package)))
            run(import_module(package), package, found[package])
    return found


def run(thing: object, name: str, names: dict) -> None:
    """Run the example of a docstring, which must be there, with `names` in reach."""
    (example,) = doctest.DocTestFinder(recurse=False, exclude_empty=False).find(thing, name, globs=names)
    assert example.examples, f"{name}: the docstring must hold an example, found none"
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(example, out=said.append, clear_globs=False)
    assert not runner.failures, "".join(said)
    names.update(example.globs)


@pytest.mark.parametrize(("package", "name"), PUBLIC)
def test_every_public_function_has_an_example_that_runs(names, root, tmp_path, monkeypatch, package, name):
    (tmp_path / "config").symlink_to(root / "config")
    monkeypatch.chdir(tmp_path)
    run(getattr(import_module(package), name), name, dict(names[package]))


MODULES = [found.name for found in walk_packages(screen.__path__, "screen.") if "__main__" not in found.name]


def others(name: str) -> list[doctest.DocTest]:
    """The examples of a module that are not those of PUBLIC, nor of one of PACKAGES itself."""
    module = import_module(name)
    public = {f"{getattr(import_module(package), each).__module__}.{each}" for package, each in PUBLIC}
    found = doctest.DocTestFinder().find(module, name)
    return [one for one in found if one.examples and one.name not in {*public, *PACKAGES}]


@pytest.mark.parametrize("module", [name for name in MODULES if others(name)])
def test_every_other_example_runs(names, root, tmp_path, monkeypatch, module):
    (tmp_path / "config").symlink_to(root / "config")
    monkeypatch.chdir(tmp_path)
    package = names.get(".".join(module.split(".")[:2]), {})
    for example in others(module):
        example.globs = {**package, **vars(import_module(module))}
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
        runner.run(example, out=said.append)
        assert not runner.failures, "".join(said)
