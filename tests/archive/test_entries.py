"""Entries of a manifest as contents of an archive."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from datalad_jsdl.archive.entries import entries_contents
from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.model.entry import Candidate, Entry, Pieces
from datalad_jsdl.model.inline import Inline
from datalad_jsdl.model.restriction import Restriction, RestrictionKind


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def entry(path: str, *urls: str, **fields: object) -> Entry:
    candidates = tuple(Candidate(url) for url in urls or (f"https://a.example/{path}",))
    return Entry(path, candidates, **fields)  # type: ignore[arg-type]  # fields of many types


def test_all_that_a_manifest_tells() -> None:
    pieces = Pieces("sha1", 4, ("ab" * 20,))
    digests = {"md5": "ab" * 16, "sha256": "cd" * 32}
    one = entry("a", size=3, digests=digests, mtime=at(7.9), executable=True, pieces=pieces)
    (content,) = entries_contents({"a": one}, "study")
    assert (content.path, content.name, content.kind) == ("a", b"study/a", Kind.EXECUTABLE)
    assert (content.size, content.mtime) == (3, 7)
    assert (content.expected.algorithm, content.expected.hexdigest) == ("sha256", "cd" * 32)
    assert content.expected.pieces == pieces
    assert content.urls == ("https://a.example/a",)
    assert content.is_remote
    assert content.identity == "sha256:" + "cd" * 32


def test_content_of_its_own() -> None:
    known = {"sha256": "cd" * 32}
    link = Entry("a", (), 3, known, inline=Inline(b"b/c", is_symlink=True))
    file = Entry("b", (), 0, known, executable=True, inline=Inline(b""))
    contents = entries_contents({"a": link, "b": file})
    assert [content.kind for content in contents] == [Kind.SYMLINK, Kind.EXECUTABLE]
    assert [content.inline for content in contents] == [b"b/c", b""]
    assert not any(content.is_remote for content in contents)


def test_times_before_1970_are_rounded_down() -> None:
    (content,) = entries_contents({"a": entry("a", mtime=at(-0.5))})
    assert content.mtime == -1


def test_they_come_in_the_order_of_their_names_without_marks() -> None:
    names = ["b", "a-b", "a//b/c", "\uffff", "\U00010000"]
    contents = entries_contents({name: entry(name) for name in names})
    assert [content.path for content in contents] == ["a-b", "a/b/c", "b", "\uffff", "\U00010000"]


def test_entries_of_one_key_share_the_latest_time_and_their_urls() -> None:
    entries = {
        "a": entry("a", "https://a.example/1", mtime=at(5)),
        "b": entry("b", "https://a.example/2", mtime=at(9)),
        "c": entry("c", "https://a.example/3"),
        "sub//d": entry("d", "https://a.example/4"),
    }
    alone = entries_contents(entries)
    assert [content.mtime for content in alone] == [5, 9, None, None]
    contents = entries_contents(entries, key_of=lambda _: "one")
    assert [content.mtime for content in contents] == [9, 9, 9, None]
    assert [url[-1] for url in contents[1].urls] == ["2", "1", "3"]
    assert [url[-1] for url in contents[3].urls] == ["4"]


def test_a_time_of_its_own_is_shared_with_nobody() -> None:
    entries = {
        "a": entry("a", mtime=at(5)),
        "b": entry("b", mtime=at(9), own_mtime=True),
        "c": entry("c", mtime=at(7)),
        "d": entry("d", own_mtime=True),
    }
    contents = entries_contents(entries, key_of=lambda _: "one")
    assert [content.mtime for content in contents] == [7, 9, 7, None]


def test_entries_of_one_key_share_the_first_restriction() -> None:
    login, terms = Restriction(RestrictionKind.LOGIN), Restriction(RestrictionKind.TERMS, text="t")
    entries = {
        "c": entry("c"),
        "b": entry("b", restriction=login),
        "a": entry("a", restriction=terms),
        "sub//d": entry("d"),
    }
    alone = entries_contents(entries)
    assert [content.restriction for content in alone] == [terms, login, None, None]
    contents = entries_contents(entries, key_of=lambda _: "one")
    assert [content.restriction for content in contents] == [login, login, login, None]


def test_no_url_shows_in_an_identity() -> None:
    (content,) = entries_contents({"a": entry("a", "https://a.example/1?sig=secret")})
    assert "secret" not in content.identity
    assert "secret" not in repr(content)


def test_a_name_that_no_zip_can_have() -> None:
    with pytest.raises(ArchiveError, match="is not a valid name in a zip"):
        entries_contents({"a": entry("a")}, "..")
