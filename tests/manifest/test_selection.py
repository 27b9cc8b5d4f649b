"""What only shows in the whole: filters, prefixes, collisions, warnings."""

from __future__ import annotations

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.selection import Selection, select_entries
from datalad_jsdl.model.data_urls import MOST, MOST_IN_ALL
from datalad_jsdl.model.entry import Candidate, Entry, Refusal
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.model.inline import Inline

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


@pytest.mark.parametrize(
    ("include", "exclude", "kept"),
    [
        (["a/b*.nii"], [], {"./", "a/"}),
        (["a"], [], {"./", "a/", "a/x.nii"}),
        (["x"], [], {"./"}),
        (["X/a*.nii"], [], {"./", "X/"}),
        (["*"], ["a"], {"./", "X/", "c"}),
        (["*.nii"], ["c"], {"./", "X/", "a/", "a/x.nii"}),
    ],
)
def test_a_folder_that_was_refused_is_kept_if_files_below_it_may_be_wanted(
    include: list[str], exclude: list[str], kept: set[str]
) -> None:
    # what of it is in the dataset would be taken for gone otherwise
    why = "its server wants a login"
    refusals = [Refusal(path, why, "x", {"urls": ["tcia:1.2"]}) for path in ("./", "a/", "X/")]
    refusals += [Refusal(path, why, "x", {"urls": ["z"]}) for path in ("a/x.nii", "c")]
    selection = select_entries([*refusals, *entries("a/0")], Filter(include, exclude))
    assert {refusal.path for refusal in selection.refusals} == kept
    wanted = Filter(include, exclude)("a/0")
    assert (selection.skipped, len(selection.entries)) == (5 - len(kept) + (not wanted), wanted)


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
    assert selection.refusals[0].reason == "the manifest lists the path twice (first at line 1)"
    assert selection.refusals[0].given["twice"] is True


@pytest.mark.parametrize("prefix", ["", "p"])
@pytest.mark.parametrize(("paths", "folders"), FOLDERS)
def test_a_folder_of_another(paths: list[str], folders: list[str], prefix: str) -> None:
    selection = select_entries(entries(*paths), prefix=prefix)
    start = f"{prefix}/" if prefix else ""
    assert list(selection.entries) == [start + path for path in paths if path not in folders]
    assert [path for path, _ in refused(selection)] == folders
    reasons = {refusal.reason for refusal in selection.refusals}
    assert reasons == ({"the path is also a folder of another entry"} if folders else set())


@pytest.mark.parametrize("prefix", ["", "p/"])
def test_a_path_in_what_others_make_a_subdataset(prefix: str) -> None:
    selection = select_entries(entries("a//b", "a/c", "d"), prefix=prefix[:-1])
    assert list(selection.entries) == [f"{prefix}a//b", f"{prefix}d"]
    (refusal,) = selection.refusals
    assert (refusal.path, refusal.where) == ("a/c", "line 2")
    assert refusal.reason == (
        f"the path is in '{prefix}a', which other entries make a subdataset ({prefix}a//…)"
    )


@pytest.mark.parametrize("prefix", ["", "p/"])
def test_subdatasets_begin_behind_some_folders(prefix: str) -> None:
    selection = select_entries(entries("a/b/c", "d"), prefix=prefix[:-1], split=1)
    paths = [f"{prefix}a//b/c", f"{prefix}d"]
    assert list(selection.entries) == paths
    assert [entry.path for entry in selection.entries.values()] == paths


@pytest.mark.parametrize("wanted", [None, Filter(["b"])])
def test_a_list_of_what_was_left_over_says_so(wanted: Filter | None) -> None:
    for given, is_left_over in (({"reason": "too small"}, True), ({"urls": []}, False)):
        selection = select_entries([Refusal("a", "too small", given=given)], wanted)
        assert selection.left_over is is_left_over
    assert select_entries([Entry("a", CANDIDATES, left_over=True)], wanted).left_over


def test_how_much_content_a_manifest_may_have_itself() -> None:
    most = Inline(bytes(MOST))
    paths = [f"a{n}" for n in range(MOST_IN_ALL // MOST)]
    items: list[Entry | Refusal] = [Entry(path, (), where="line 1", inline=most) for path in paths]
    assert select_entries(items).content == MOST_IN_ALL
    items.append(Entry("b", (), where="line 2", inline=Inline(b".")))
    with pytest.raises(ManifestError) as caught:
        select_entries(items)
    assert caught.value.where == "line 2"
    assert str(caught.value) == (
        "line 2: with 'b' the data: URLs have more content than the 256 MiB that are allowed in all"
    )


def test_what_is_filtered_out_collides_with_nothing() -> None:
    selection = select_entries(entries("a", "a/b"), Filter(exclude=["a/b"]))
    assert (list(selection.entries), selection.refusals) == (["a"], [])


RANDOM = "Zx81kPq3Lm92Tr5vWb7"
SECRET = "its only URL seems to contain a secret"
NEVER = "such URLs are never registered, but WAY"
HINT = "if it is not secret, run: git config --global --add datalad.jsdl.not-secret"


@pytest.mark.parametrize(
    ("queries", "reason"),
    [
        (["sig=hunter2"], f"{SECRET} (parameter 'sig'); {NEVER}; {HINT} sig"),
        ([f"$token={RANDOM}"], f"{SECRET} (parameter '$token'); {NEVER}"),  # no name for git
        (
            ["X-Amz-Signature=hunter2"],
            "its only URL is signed (parameter 'X-Amz-Signature') and would expire; "
            "signed URLs are never registered, but WAY",
        ),
        # which all share
        ([f"my={RANDOM}&its={RANDOM}"] * 2, f"{SECRET} (parameter 'its'); {NEVER}; {HINT} its"),
        # as somebody else has found
        (["a=1"], f"{SECRET}; {NEVER}"),
    ],
)
def test_signed_urls_only_are_refused_without_their_secret(queries: list[str], reason: str) -> None:
    items: list[Entry | Refusal] = [
        Entry(f"a{n}", (Candidate(f"https://h.org/a{n}?{query}", signed=len(queries) == 1),))
        for n, query in enumerate(queries)
    ]
    selection = select_entries(items, prefix="p", way="WAY")
    assert not selection.entries
    assert {refusal.reason for refusal in selection.refusals} == {reason}
    assert [refusal.path for refusal in selection.refusals] == [f"a{n}" for n in range(len(items))]
    # with it, what failed can be tried again
    assert selection.refusals[0].given == {"urls": [f"https://h.org/a0?{queries[0]}"]}


def test_a_url_that_cannot_be_looked_into_may_carry_anything() -> None:
    (refusal,) = select_entries([Entry("a", (Candidate("https://[h/?a", signed=True),))]).refusals
    assert refusal.reason.startswith("its only URL is signed and would expire; ")


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


def test_what_was_taken_otherwise_is_counted_and_named_safely() -> None:
    found = [Entry(path, CANDIDATES, unknown=("sise", "\x1b")[: len(path)]) for path in ("a", "bb")]
    (warning,) = select_entries(found).warnings
    assert warning == "ignored unknown fields 'sise' (2 entries), '\\x1b' (1 entry)"
    (warning,) = select_entries(found[:1]).warnings
    assert warning == "ignored unknown field 'sise' (1 entry)"
    (warning,) = select_entries([Entry("a", CANDIDATES, unknown=tuple("uvwxyz"))]).warnings
    assert "'y'" in warning
    assert "'z'" not in warning
    other = Entry("a", CANDIDATES, moved=2, impossible=("digests.md5",))
    assert select_entries([other]).warnings == [
        "2 URLs of ftp, s3 or gs read as https",
        "ignored digests of impossible length, as there are others: 'digests.md5' (1 entry)",
    ]


def test_a_warning_gives_a_few_examples() -> None:
    start = "paths that Windows cannot check out"
    said = [f"'{n}.': Windows does not allow a name to end in a space or dot" for n in range(4)]
    (warning,) = select_entries(entries("a", "0.", "1.", "2.")).warnings
    assert warning == f"{start} (3): {'; '.join(said[:3])}"
    (warning,) = select_entries(entries("a", "0.", "1.", "2.", "3.")).warnings
    assert warning == f"{start} (4): {'; '.join(said[:3])}; …"
