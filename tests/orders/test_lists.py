"""A user's list: adding, removing, undo, and how much is on it."""

from __future__ import annotations

import pytest

from datalad_jsdl.errors import StoreError
from datalad_jsdl.orders.lists import FileLists
from datalad_jsdl.orders.model import FileRef, ListedFile, Source, SourceKind, Statistics
from datalad_jsdl.orders.store.opening import Store

STUDY = Source("study", SourceKind.DATASET, "/data/study")
OTHER = Source("other", SourceKind.DATASET, "/data/other")
COMMIT = "a" * 40


def file(path: str, size: int | None = 10, source: Source = STUDY) -> ListedFile:
    return ListedFile(FileRef(source.name, path, COMMIT), size)


@pytest.fixture
def lists(store: Store) -> FileLists:
    return FileLists(store)


def paths(lists: FileLists, user: str = "me") -> list[str]:
    return [f.ref.path for f in lists.files(user)]


def test_adding_is_idempotent(lists: FileLists) -> None:
    assert lists.add("me", [file("b"), file("a"), file("c", None)], [STUDY]) == 3
    assert lists.add("me", [file("b"), file("d", 5)], [STUDY]) == 1
    assert paths(lists) == ["a", "b", "c", "d"]
    assert lists.statistics("me") == Statistics(4, 25, 1)


def test_each_user_has_a_list(lists: FileLists) -> None:
    lists.add("me", [file("a")], [STUDY])
    lists.add("you", [file("b"), file("a")], [STUDY])
    lists.clear("me")
    assert (paths(lists), paths(lists, "you")) == ([], ["a", "b"])
    assert lists.statistics("nobody") == Statistics(0, 0, 0)


def test_the_same_path_of_two_sources_and_versions(lists: FileLists) -> None:
    """It is on the list once of each source, in the version that was added last."""
    newer = ListedFile(FileRef("study", "a", "b" * 40), 10, 7)
    assert lists.add("me", [file("a"), file("a", source=OTHER), newer], [STUDY, OTHER]) == 2
    assert list(lists.files("me")) == [file("a", source=OTHER), newer]
    assert lists.add("me", [file("a")], [STUDY]) == 0
    assert list(lists.files("me")) == [file("a", source=OTHER), file("a")]


def test_removing_and_undo(lists: FileLists) -> None:
    before = [file(name) for name in "abcd"]
    lists.add("me", before, [STUDY])
    assert lists.remove("me", [before[0].ref, before[2].ref, file("nothing").ref]) == 2
    assert paths(lists) == ["b", "d"]
    assert lists.clear("me") == 2
    assert lists.undo("me") == 2
    assert paths(lists) == ["b", "d"]
    assert lists.undo("me") == 2
    assert list(lists.files("me")) == before
    assert lists.undo("me") == 0


def test_undo_of_what_was_added_again_meanwhile(lists: FileLists) -> None:
    lists.add("me", [file("a"), file("b")], [STUDY])
    lists.clear("me")
    lists.add("me", [file("a")], [STUDY])
    assert lists.undo("me") == 1
    assert paths(lists) == ["a", "b"]


def test_changes_of_long_ago_are_not_kept(lists: FileLists) -> None:
    for number in range(15):
        lists.add("me", [file(f"{number}")], [STUDY])
        lists.clear("me")
    undone = [lists.undo("me") for _ in range(15)]
    assert undone == [1] * 10 + [0] * 5


def test_an_entry_comes_back(lists: FileLists) -> None:
    whole = ListedFile(FileRef("study", "ä/🧠.nii", "x"), None, entry='{"urls": ["https://h/a"]}')
    lists.add("me", [whole], [STUDY])
    assert list(lists.files("me")) == [whole]


def test_a_name_means_one_source(lists: FileLists) -> None:
    lists.add("me", [], [STUDY])
    with pytest.raises(StoreError, match="the name study is taken: it means /data/study"):
        lists.add("me", [], [Source("study", SourceKind.DATASET, "/elsewhere")])
    with pytest.raises(StoreError, match="/data/study is named study"):
        lists.add("me", [], [Source("renamed", SourceKind.DATASET, "/data/study")])


def test_many(lists: FileLists) -> None:
    many = (file(f"sub-{n:05}/anat.nii.gz", n) for n in range(12_000))
    assert lists.add("me", many, [STUDY]) == 12_000
    assert lists.statistics("me") == Statistics(12_000, 12_000 * 11_999 // 2, 0)
    assert lists.remove("me", [file(f"sub-{n:05}/anat.nii.gz").ref for n in range(500)]) == 500


def test_how_much_of_a_folder_is_on_a_list(lists: FileLists) -> None:
    assert lists.updated_on("me") is None
    lists.add("me", [file("a/b/1"), file("a/b/2"), file("a/3"), file("ab/4"), file("5")], [STUDY])
    lists.add("me", [file("a/b/1", source=OTHER)], [OTHER])
    lists.add("you", [file("a/6")], [STUDY])
    assert lists.below("me", "study") == {"a": 3, "ab": 1, "5": 1}
    assert lists.below("me", "study", "a") == {"b": 2, "3": 1}
    assert lists.below("me", "other", "a") == {"b": 1}
    assert lists.below("me", "nothing") == {}
    first = lists.updated_on("me")
    lists.clear("me")
    later = lists.updated_on("me")
    assert first is not None
    assert later is not None
    assert first <= later
    assert first.utcoffset() is not None
