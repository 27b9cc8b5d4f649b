"""Which files of a plan are the old ones under other names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.repository.importing.renames import renames

A, B = "SHA256E-s1--" + "a" * 64, "SHA256E-s1--" + "b" * 64
FILES = st.lists(
    st.tuples(st.sampled_from(["x/a", "x/b", "y/a", "y/b", "z"]), st.sampled_from([A, B])),
    unique_by=lambda item: item[0],
)


def test_the_content_counts_and_not_the_extension() -> None:
    assert renames([("n.txt", A + ".txt")], {"o.nii": A + ".nii"}) == {"n.txt": "o.nii"}
    assert renames([("n", "VURL--http&c%%h%a")], {"o": "VURL--http&c%%h%a"}) == {"n": "o"}
    assert renames([("n", ""), ("m", B)], {"o": A, "kept in git": None}) == {}


def test_files_of_one_content_keep_their_names() -> None:
    gone: dict[str, str | None] = {"old/a": A, "old/b": A, "old/c": A}
    added = [("new/x", A), ("new/c", A), ("new/b", A), ("new/y", A)]
    assert renames(added, gone) == {"new/c": "old/c", "new/b": "old/b", "new/x": "old/a"}


@given(FILES, FILES)
def test_as_many_as_can_be_and_none_twice(
    added: list[tuple[str, str]], gone: list[tuple[str, str]]
) -> None:
    found = renames(added, dict(gone))
    assert len(set(found.values())) == len(found)
    assert all(dict(added)[new] == dict(gone)[old] for new, old in found.items())
    for key in (A, B):
        news, olds = ([p for p, k in files if k == key] for files in (added, gone))
        assert len([p for p in found if p in news]) == min(len(news), len(olds))
