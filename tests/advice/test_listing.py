"""The list is complete, and what messages say of the documentation is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import datalad_jsdl
from tests.advice.listing import ADVICE, NO_ADVICE, found

TESTS = Path(__file__).parents[1]
TITLE = re.compile(r'"([A-Z][^"]+)" in the\s+documentation')


def test_every_piece_of_advice_is_in_the_list() -> None:
    listed = [*ADVICE, *NO_ADVICE]
    new = {text: place for text, place in found().items() if not any(k in text for k in listed)}
    assert new == {}


def test_what_is_in_the_list_is_advice_still() -> None:
    texts = list(found())
    assert [part for part in (*ADVICE, *NO_ADVICE) if not any(part in t for t in texts)] == []


def test_every_piece_of_advice_is_followed_by_a_test() -> None:
    missing = []
    for place in ADVICE.values():
        module, _, name = place.partition(":")
        file = TESTS.joinpath(*module.split(".")).with_suffix(".py")
        nodes = ast.walk(ast.parse(file.read_text())) if file.exists() else ()
        functions = [n.name for n in nodes if isinstance(n, ast.FunctionDef)]
        if not any(function.startswith(name) for function in functions):
            missing.append(place)
    assert missing == []


def test_messages_name_pages_by_titles_that_there_are() -> None:
    """Who has installed the package has no folder docs."""
    pages = [page.read_text().split("\n", 1)[0] for page in (TESTS.parent / "docs").glob("*.rst")]
    for file in Path(datalad_jsdl.__file__).parent.rglob("*.py"):
        strings = [
            node.value
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        text = "\n".join(strings)
        assert not re.search(r"\bdocs/\w+\.rst", text), file
        assert {" ".join(title.split()) for title in TITLE.findall(text)} <= set(pages), file
