"""Paths with ``//``: which dataset an entry goes into."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.manifest.selection import Selection, select_entries
from datalad_jsdl.model import subdatasets as parts
from datalad_jsdl.model.entry import Candidate, Entry, Refusal
from datalad_jsdl.model.filters import Filter, folders_of
from datalad_jsdl.model.paths import marked_path_fault, path_fault
from datalad_jsdl.model.subdatasets import advice, joined, marked, parts_of

PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).flatmap(
    lambda names: st.lists(
        st.sampled_from(["/", "//"]), min_size=len(names) - 1, max_size=len(names) - 1
    ).map(lambda marks: names[0] + "".join(m + n for m, n in zip(marks, names[1:], strict=True)))
)


def selected(*paths: str, prefix: str = "", split: int | None = None) -> Selection:
    entries = [Entry(path, (Candidate("https://h.org/a"),)) for path in paths]
    return select_entries(entries, prefix=prefix, split=split)


def shape(selection: Selection) -> dict[str, list[str]]:
    return {part.folder: list(part.entries) for part in parts_of(selection.entries)}


def refused(selection: Selection) -> list[str | None]:
    return [refusal.path for refusal in selection.refusals]


def test_a_mark_begins_a_subdataset() -> None:
    found = shape(selected("top", "a//b/c", "a//d", "x/y//z//deep/f"))
    assert found == {
        "": ["top"],
        "a": ["b/c", "d"],
        "x/y": [],
        "x/y/z": ["deep/f"],
    }
    (part,) = parts_of(selected("a//b", prefix="p/q").entries)[1:]
    assert (part.folder, part.entries["b"].path) == ("p/q/a", "b")


@pytest.mark.parametrize(
    ("paths", "wrong"),
    [
        (["a//b", "a/c"], ["a/c"]),  # the folder cannot be both
        (["a//b", "a"], ["a"]),
        (["a//b", "a/b"], ["a/b"]),
        (["a/b//c", "a//b/d"], ["a/b//c", "a//b/d"]),
        (["a//b//c", "a//b"], ["a//b"]),
        (["a//b", "a//b"], ["a//b"]),
        (["a//b//c", "a//b/d"], ["a//b/d"]),
    ],
)
def test_a_folder_is_a_subdataset_for_all_or_for_none(paths: list[str], wrong: list[str]) -> None:
    assert refused(selected(*paths)) == wrong
    assert refused(selected(*paths, prefix="p")) == wrong


@pytest.mark.parametrize("path", ["//a", "a//", "a///b", "a////b", "a//../b", "a//.git/b", "//"])
def test_marks_let_nothing_else_in(path: str) -> None:
    assert marked_path_fault(path) is not None


def test_three_slashes() -> None:
    assert marked_path_fault("a///b") == "the path contains an empty component"


def test_a_url_is_no_path() -> None:
    assert marked_path_fault("https://h.org/a") == "the path is a URL"


def test_filters_see_paths_without_marks() -> None:
    entries = [Entry("a//b/c", (Candidate("https://h.org/a"),))]
    assert select_entries(entries, Filter(("a/b/*",))).entries
    assert not select_entries(entries, Filter((), ("a/b",))).entries


def test_split() -> None:
    found = selected("top", "a/b/c", "a/d/e", "m//n/o", split=2)
    assert shape(found) == {"": ["top"], "a/b": ["c"], "a/d": ["e"], "m": ["n/o"]}
    assert marked("a/b", 2) == "a/b"
    assert refused(selected("a/b", "a/b/c", split=2)) == ["a/b"]


def test_the_advice_is_the_shallowest_split_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_FILES", 3)
    paths = ["r", *(f"a/{folder}/{name}" for folder in "xyz" for name in "123")]
    (part,) = parts_of(selected(*paths).entries)
    text = advice(part)
    assert text is not None
    assert "--split 2" in text
    assert "3 subdatasets" in text
    assert "with at most 3 files each" in text
    (flat,) = parts_of(selected("1", "2", "3", "4").entries)
    assert "--split" not in str(advice(flat))
    assert advice(parts_of(selected("1", "2", "3").entries)[0]) is None


@settings(max_examples=300)
@given(st.lists(PATHS, max_size=8), st.sampled_from(["", "p", "a"]))
def test_every_entry_is_in_one_dataset_or_refused(paths: list[str], prefix: str) -> None:
    selection = selected(*paths, prefix=prefix)
    found = parts_of(selection.entries)
    assert len(selection.refusals) + sum(len(part.entries) for part in found) == len(paths)
    assert all(isinstance(refusal, Refusal) for refusal in selection.refusals)
    folders = [part.folder for part in found]
    assert folders == sorted(set(folders))
    everything = []
    for part in found:
        for path, entry in part.entries.items():
            assert entry.path == path
            assert path_fault(path) is None
            everything.append(f"{part.folder}/{path}" if part.folder else path)
            inner = {f for f in folders if f.startswith(f"{part.folder}/".lstrip("/"))}
            assert not inner.intersection(folders_of(everything[-1])) - {part.folder}
    assert sorted(everything) == sorted(map(joined, selection.entries))
