"""The page of terms: in order, short, and used. That each ``:term:`` is there, Sphinx checks."""

from __future__ import annotations

import re

from tests.test_docs import ROOT

PAGE = (ROOT / "docs/terms.rst").read_text()
TERM = re.compile(r"^   (\S.*)\n((?:      .*\n)+)", re.MULTILINE)


def test_the_terms_are_sorted_and_each_is_there_once() -> None:
    terms = [term.casefold() for term, _ in TERM.findall(PAGE)]
    assert len(terms) > 30
    assert terms == sorted(set(terms))


def test_each_is_told_in_three_short_sentences_at_most() -> None:
    for term, text in TERM.findall(PAGE):
        sentences = re.split(r"(?<=\.)\s+", text.strip())
        assert len(sentences) <= 3, term
        assert all(len(sentence.split()) <= 30 for sentence in sentences), term


def test_the_main_pages_refer_to_them() -> None:
    known = {term.casefold() for term, _ in TERM.findall(PAGE)}
    shown = re.compile(r":term:`(?:[^`<]*<)?([^`>]+)>?`")
    for name in ("download", "manifest", "remote", "zip", "orders", "cluster", "scale"):
        used = shown.findall((ROOT / f"docs/{name}.rst").read_text())
        assert used, name
        assert {term.casefold() for term in used} <= known
