"""What only shows in the whole: filters, prefixes, collisions, warnings."""

from __future__ import annotations

import pytest

from datalad_jsdl.manifest.selection import Selection, select_entries
from datalad_jsdl.model.entry import Candidate, Entry, Refusal
from datalad_jsdl.model.filters import Filter

CANDIDATES = (Candidate("https://h.org/a"),)
SIGNED = (Candidate("https://h.org/a?sig=hunter2", signed=True),)


def entries(*paths: str) -> list[Entry | Refusal]:
    return [Entry(path, CANDIDATES, where=f"line {n}") for n, path in enumerate(paths, 1)]


def refused(selection: Selection) -> list[tuple[str | None, str]]:
    return [(refusal.path, refusal.where) for refusal in selection.refusals]


INCLUDED = [("*", "a/b/c"), ("*.dcm", "a/b.dcm"), ("a*c", "a/b/c"), ("a?b", "a/b"), ("[!a]", "b")]
INCLUDED += [("a", "a"), ("a", "a/b/c"), ("a/", "a/b/c"), ("a/b", "a/b/c"), ("s*1", "sub-01/a")]
LEFT_OUT = [("*.dcm", "a/b.nii"), ("*.dcm", "a.DCM"), ("a", "ab/c"), ("b", "a/b"), ("b/c", "a/b/c")]
LEFT_OUT += [("[!a]", "a"), ("", "a"), ("/a", "a")]
FOLDERS = [(["a", "a/b"], ["a"]), (["a/b", "a"], ["a"]), (["a/b/c/d", "a/b", "e"], ["a/b"])]
FOLDERS += [(["a", "a/b", "a/b/c"], ["a", "a/b"]), (["a", "ab/c", "a-b/c"], [])]


@pytest.mark.parametrize(("pattern", "path"), INCLUDED)
def test_a_pattern_that_matches(pattern: str, path: str) -> None:
    assert Filter([pattern])(path)
    assert Filter(["x", pattern])(path)
    assert not Filter(exclude=[pattern])(path)


@pytest.mark.parametrize(("pattern", "path"), LEFT_OUT)
def test_a_pattern_that_does_not_match(pattern: str, path: str) -> None:
    assert not Filter([pattern])(path)
    assert Filter(exclude=[pattern])(path)


@pytest.mark.parametrize(
    ("include", "exclude", "wanted"),
    [("a", "a/b", False), ("a/b", "a", False), ("*", "*", False), ("a", "a/x", True)],
)
def test_exclude_has_the_last_word(include: str, exclude: str, wanted: bool) -> None:
    assert Filter([include], [exclude])("a/b") is wanted


def test_entries_are_filtered_and_then_put_under_the_prefix() -> None:
    refusal, other = (Refusal(path, "too small", "line 1") for path in ("a/0", "../a"))
    unnamed = Refusal(None, "it has no path", "line 2")
    items = [refusal, other, unnamed, *entries("a/2", "b/1", "a/1")]
    selection = select_entries(items, Filter(["a"]), "p/q")
    assert list(selection.entries) == ["p/q/a/2", "p/q/a/1"]
    assert [entry.path for entry in selection.entries.values()] == ["p/q/a/2", "p/q/a/1"]
    assert (selection.skipped, selection.refusals) == (2, [refusal, unnamed])


def test_a_path_that_the_prefix_makes_too_long() -> None:
    long = "/".join(["a" * 200] * 10)
    selection = select_entries(entries(long), prefix=long)
    assert not selection.entries
    assert "3800" in selection.refusals[0].reason


@pytest.mark.parametrize("prefix", ["", "p"])
def test_a_path_twice(prefix: str) -> None:
    selection = select_entries(entries("a", "b", "a", "a"), prefix=prefix)
    assert [entry.where for entry in selection.entries.values()] == ["line 1", "line 2"]
    assert refused(selection) == [("a", "line 3"), ("a", "line 4")]
    assert "first at line 1" in selection.refusals[0].reason
    assert selection.refusals[0].given["twice"] is True


@pytest.mark.parametrize("prefix", ["", "p"])
@pytest.mark.parametrize(("paths", "folders"), FOLDERS)
def test_a_folder_of_another(paths: list[str], folders: list[str], prefix: str) -> None:
    selection = select_entries(entries(*paths), prefix=prefix)
    start = f"{prefix}/" if prefix else ""
    assert list(selection.entries) == [start + path for path in paths if path not in folders]
    assert [path for path, _ in refused(selection)] == folders


def test_what_is_filtered_out_collides_with_nothing() -> None:
    selection = select_entries(entries("a", "a/b"), Filter(exclude=["a/b"]))
    assert (list(selection.entries), selection.refusals) == (["a"], [])


def test_signed_urls_only_are_refused_without_their_secret() -> None:
    selection = select_entries([Entry("a", SIGNED)])
    assert not selection.entries
    assert "secret" in selection.refusals[0].reason
    assert "hunter2" not in selection.refusals[0].reason


@pytest.mark.parametrize(("candidates", "use"), [(SIGNED, True), (SIGNED + CANDIDATES, False)])
def test_other_signed_urls_are_let_in(candidates: tuple[Candidate, ...], use: bool) -> None:
    assert list(select_entries([Entry("a", candidates)], use_signed=use).entries) == ["a"]


@pytest.mark.parametrize(("paths", "alike"), [(["a/b", "A/b"], 1), (["é", "e\u0301", "É"], 2)])
def test_names_that_look_alike_are_only_warned_about(paths: list[str], alike: int) -> None:
    selection = select_entries(entries(*paths))
    assert list(selection.entries) == paths
    (warning,) = selection.warnings
    assert warning.startswith("paths that differ only in case or Unicode form are the same file")
    assert f" ({alike}): " in warning


def test_no_warning_about_plain_names() -> None:
    assert select_entries(entries("a", "b/c", "é")).warnings == []


def test_fields_passed_over_are_counted_and_named_safely() -> None:
    found = [Entry(path, CANDIDATES, unknown=("sise", "\x1b")[: len(path)]) for path in ("a", "bb")]
    (warning,) = select_entries(found).warnings
    assert warning == "ignored unknown fields 'sise' (2 entries), '\\x1b' (1 entry)"


def test_a_warning_gives_a_few_examples() -> None:
    (warning,) = select_entries(entries("a", "0.", "1.", "2.", "3.")).warnings
    assert warning.startswith("paths that Windows cannot check out (4): ")
    assert "'2.'" in warning
    assert "'3.'" not in warning
    assert warning.endswith("; …")
