"""Builds the package: what is made from the .proto files goes into wheel and sdist."""

import pathlib
import subprocess
import sys

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = pathlib.Path(__file__).resolve().parent
PROTOS = HERE.parent.parent / "protos"
GENERATOR = HERE / "tools" / "generate.py"


def generate(package):
    """Makes the generated files in a copy of the package. An sdist has them already."""
    if not (package / "types.py").exists():
        subprocess.check_call(
            [sys.executable, str(GENERATOR), "--protos", str(PROTOS), "--out", str(package)]
        )


class BuildPackage(build_py):
    def run(self):
        super().run()
        generate(pathlib.Path(self.build_lib).resolve() / "emptychair")


class SourceDistribution(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        generate(pathlib.Path(base_dir).resolve() / "src" / "emptychair")


setup(cmdclass={"build_py": BuildPackage, "sdist": SourceDistribution})
