"""The reference that tools/make_reference makes."""

import html
import os
import pathlib
import re
import subprocess

import pytest

import emptychair
from emptychair._methods import Methods

HERE = pathlib.Path(__file__).parent
PACKAGE = pathlib.Path(os.environ["EMPTYCHAIR_BUILD"]) / "python" / "emptychair"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Each page as it was written."""
    pytest.importorskip("pydoctor")
    out = tmp_path_factory.mktemp("reference")
    made = subprocess.run(
        [HERE.parent / "tools" / "make_reference", PACKAGE, out], capture_output=True, text=True
    )
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    return {page.stem: page.read_text() for page in out.glob("*.html")}


def text_of(page):
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def test_has_all_that_the_package_exports(pages):
    shown = text_of(pages["emptychair"])
    for name in emptychair.__all__:
        if name in ("types", "MetricResult"):  # A module, and a second name.
            continue
        value = getattr(emptychair, name)
        page = f"emptychair.{name}"
        own = text_of(pages[page]) if isinstance(value, type) else shown
        first = value.__doc__.splitlines()[0]
        assert name in shown and first in own, name


def test_has_every_method_with_its_arguments(pages):
    page = text_of(pages["emptychair._methods.Methods"])
    names = [name for name in vars(Methods) if not name.startswith("_")]
    assert len(names) > 40
    for name in names:
        assert f"def {name}(" in page, name
    assert "score: The score, on the survey's scale." in page


def test_has_the_fields_of_answers(pages):
    page = text_of(pages["emptychair.types.Feedback"])
    assert "What the customer wrote: at most 16 KiB of UTF-8." in page


def test_shows_nothing_private(pages):
    inherited = {"_answers", "_async_methods", "_frames", "_methods"}
    for name in pages:
        private = [part for part in name.split(".") if part.startswith("_")]
        assert set(private) <= inherited, name


def test_needs_no_network(pages):
    for name, page in pages.items():
        assert not re.search(r"<(script|img|iframe)[^>]* src=\"(https?:)?//", page), name
        assert not re.search(r"<link[^>]* href=\"(https?:)?//", page), name
