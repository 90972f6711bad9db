"""What pyproject.toml cannot say: the wheel takes the configuration and the workflow along, inside the package."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("config", "workflow", "profiles")


class BuildPy(build_py):
    """Copies the folders of SHIPPED into screen/shipped of the wheel."""

    def run(self):
        super().run()
        for name in SHIPPED:
            to = Path(self.build_lib) / "screen" / "shipped" / name
            shutil.copytree(name, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


setup(cmdclass={"build_py": BuildPy})
