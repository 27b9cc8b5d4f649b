"""Nothing in the package decides by comparing, searching or cutting what is said to a person.

What can be told from the syntax: a comparison, a search or a cut of an error's text, of a
phrase, or with a text of several words. Texts of other programs, which have no data beside
them, are compared in the places listed here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "datalad_jsdl"
MODULES = sorted(PACKAGE.rglob("*.py"))

# what makes text for a person
SPEAKERS = {"phrase", "told", "in_full", "reason", "mismatch"}
# what has it
SAYING = {"what", "strerror", "detail", "advice"}
CUTS = {
    *("startswith", "endswith", "split", "rsplit", "partition", "rpartition", "splitlines"),
    *("removeprefix", "removesuffix", "find", "index", "count", "replace"),
}
SEVERAL_WORDS = re.compile(r"[A-Za-z']+,? [A-Za-z']+")

# module → text of another program that is looked for there
FOREIGN = {
    "repository/importing/provenance.py": {"message.strip() == _ADJUSTED"},  # git-annex's commits
    "manifest/formats/cmr.py": {"link.get('Type') == 'GET DATA'"},  # a term of UMM-G
}


def _constants(tree: ast.Module) -> dict[str, str]:
    """Texts that have a name in the module."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


CONSTANTS = {
    name: text for path in MODULES for name, text in _constants(ast.parse(path.read_text())).items()
}


def _is_speech(node: ast.expr, caught: set[str]) -> bool:
    """Whether it is text for a person, as far as the syntax tells."""
    if isinstance(node, ast.Call):
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else ""
        name = function.id if isinstance(function, ast.Name) else name
        if name in SPEAKERS:
            return True
        if name in ("str", "repr") and node.args and isinstance(node.args[0], ast.Name):
            return node.args[0].id in caught
        return isinstance(function, ast.Attribute) and _is_speech(function.value, caught)
    if isinstance(node, ast.Subscript):  # error.args[0], or a part of a text
        inner = node.value
        if isinstance(inner, ast.Attribute) and inner.attr == "args":
            return isinstance(inner.value, ast.Name) and inner.value.id in caught
        return _is_speech(inner, caught)
    if isinstance(node, ast.Attribute):
        return node.attr in SAYING
    return False


def _has_words(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return bool(SEVERAL_WORDS.search(CONSTANTS.get(node.id, "")))
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return any(map(_has_words, node.elts))
    text = node.value if isinstance(node, ast.Constant) else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return isinstance(text, str) and bool(SEVERAL_WORDS.search(text))


def decisions(source: str) -> Iterator[str]:
    """Places where text is compared, searched or cut."""
    tree = ast.parse(source)
    caught = {n.name for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.name}
    caught |= {"error", "fault", "failed", "outcome", "problem"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            if all(isinstance(operator, (ast.Is, ast.IsNot)) for operator in node.ops):
                continue  # with None
            sides = [node.left, *node.comparators]
            if any(_is_speech(side, caught) or _has_words(side) for side in sides):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            cut = node.func.attr in CUTS and node.args  # split() puts it into one line
            if cut and (_is_speech(node.func.value, caught) or any(map(_has_words, node.args))):
                yield ast.unparse(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_text_decides(path: Path) -> None:
    foreign = FOREIGN.get(path.relative_to(PACKAGE).as_posix(), set())
    assert set(decisions(path.read_text())) == foreign


@pytest.mark.parametrize(
    "line",
    [
        "if 'not found' in str(error): pass",
        "if str(outcome) == text: pass",
        "if fault.what == CHANGED: pass",
        "name = phrase(fault).split(': ')[1]",
        "if told(failed).lower().startswith('x'): pass",
        "text = error.args[0].partition(':')[0]",
        "if text.endswith('has no such file'): pass",
        "if said in ('no answer', 'gone'): pass",
    ],
)
def test_it_finds_what_it_looks_for(line: str) -> None:
    assert len(list(decisions(line))) == 1
