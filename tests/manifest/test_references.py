"""Relative URLs: the examples of RFC 3986, section 5.4, and what they leave out."""

from __future__ import annotations

import pytest

from datalad_jsdl.model.references import resolve

BASE = "http://a/b/c/d;p?q"

EXAMPLES = {
    "g:h": "g:h", "g": "http://a/b/c/g", "./g": "http://a/b/c/g", "g/": "http://a/b/c/g/",
    "/g": "http://a/g", "//g": "http://g", "?y": "http://a/b/c/d;p?y", "g?y": "http://a/b/c/g?y",
    "": "http://a/b/c/d;p?q", ";x": "http://a/b/c/;x", "g;x": "http://a/b/c/g;x",
    "g;x?y": "http://a/b/c/g;x?y", ".": "http://a/b/c/", "./": "http://a/b/c/",
    "..": "http://a/b/", "../": "http://a/b/", "../g": "http://a/b/g", "../..": "http://a/",
    "../../": "http://a/", "../../g": "http://a/g", "../../../g": "http://a/g",
    "../../../../g": "http://a/g", "/./g": "http://a/g", "/../g": "http://a/g",
    "g.": "http://a/b/c/g.", ".g": "http://a/b/c/.g", "g..": "http://a/b/c/g..",
    "..g": "http://a/b/c/..g", "./../g": "http://a/b/g", "./g/.": "http://a/b/c/g/",
    "g/./h": "http://a/b/c/g/h", "g/../h": "http://a/b/c/h", "g;x=1/./y": "http://a/b/c/g;x=1/y",
    "g;x=1/../y": "http://a/b/c/y", "g?y/./x": "http://a/b/c/g?y/./x",
    "g?y/../x": "http://a/b/c/g?y/../x",
}  # fmt: skip


@pytest.mark.parametrize("reference", EXAMPLES)
def test_the_examples_of_the_specification(reference: str) -> None:
    assert resolve(BASE, reference) == EXAMPLES[reference]
    assert resolve(BASE, f"{reference}#s/../x") == f"{EXAMPLES[reference]}#s/../x"


@pytest.mark.parametrize(
    ("base", "reference", "expected"),
    [
        ("http://a/b//c/d", "e", "http://a/b//c/e"),
        ("http://a/b//c/d", "../e", "http://a/b//e"),
        ("http://a/b", "c//d", "http://a/c//d"),
        ("http://a/b", "//h//x", "http://h//x"),
        ("http://a", "b", "http://a/b"),
        ("http://a?q", "b", "http://a/b"),
        ("http://a/b", "c?", "http://a/c?"),
        ("http://a/b?", "", "http://a/b?"),
        ("http://a/b", "c%2fd%zz", "http://a/c%2fd%zz"),
        ("http://a/b", "http://h/x/../y%2c", "http://h/y%2c"),
        ("http://a/b/", "2024:01/x", "http://a/b/2024:01/x"),
        ("https://a/b", "c:d", "c:d"),
    ],
)
def test_bytes_are_kept(base: str, reference: str, expected: str) -> None:
    assert resolve(base, reference) == expected
