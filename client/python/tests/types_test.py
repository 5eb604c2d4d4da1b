"""The types, as mypy sees them: of the package, and of programs that use it."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
PACKAGE = pathlib.Path(os.environ["EMPTYCHAIR_BUILD"]) / "python"
CONFIGURATION = HERE.parent / "pyproject.toml"


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Runs mypy --strict; gives its lines."""
    pytest.importorskip("mypy")
    cache = tmp_path_factory.mktemp("cache")

    def run(*arguments):
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(CONFIGURATION)]
        found = subprocess.run(
            [*command, "--cache-dir", str(cache), "--no-error-summary", *map(str, arguments)],
            cwd=PACKAGE,
            env={**os.environ, "MYPYPATH": str(PACKAGE)},
            capture_output=True,
            text=True,
        )
        assert not found.stderr
        return found.stdout.splitlines()

    return run


def test_the_package_has_no_error_of_types(mypy):
    assert mypy("-p", "emptychair") == []


def test_programs_that_are_right_have_none(mypy):
    examples = sorted((HERE.parent / "examples").glob("*.py"))
    assert mypy(HERE / "typed" / "right.py", *examples) == [] and len(examples) > 1


def test_every_mistake_is_found_where_it_is(mypy):
    """Each line with `# wrong` has an error, and no other has."""
    wrong = HERE / "typed" / "wrong.py"
    lines = wrong.read_text().splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    found = {
        int(match[1])
        for line in mypy(wrong)
        if (match := re.match(r".*wrong\.py:(\d+): error: ", line))
    }
    assert found == marked and len(marked) > 10
