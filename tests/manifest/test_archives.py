"""The member of a manifest that names zips of its files."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from datalad_jsdl.manifest.archives import archives_member
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.archives import NamedArchive
from datalad_jsdl.model.entry import Entry, Refusal

FILE = {"urls": ["https://h.example/a"]}
GOOD = {"urls": ["https://h.example/s.zip", "t.zip"], "leading_dir": "s/é"}


def read(document: str) -> tuple[list[NamedArchive], list[Entry | Refusal]]:
    found: list[NamedArchive] = []
    options = Options(archives=found.extend)
    items = read_manifest(
        io.BytesIO(document.encode()), "https://m.example/x/manifest.json", options=options
    )
    return found, list(items)


def forms(value: Any) -> list[str]:
    """An object, and JSON Lines."""
    lines = [{"path": "/", **value}, {"path": "a", **FILE}]
    return [json.dumps({"/": value, "a": FILE}), "\n".join(map(json.dumps, lines))]


@pytest.mark.parametrize("document", forms({"archives": [GOOD, {"urls": [GOOD["urls"][0]]}]}))
def test_archives_are_read(document: str) -> None:
    archives, (entry,) = read(document)
    assert entry.path == "a"
    assert [(a.urls, a.leading_dir) for a in archives] == [
        (("https://h.example/s.zip", "https://m.example/x/t.zip"), "s/é"),
        (("https://h.example/s.zip",), ""),
    ]


BAD: dict[str, Any] = {
    "archives is not a list": {"archives": GOOD},
    "an archive is not an object with a list of urls": {"archives": ["https://h.example/s.zip"]},
    "an archive has no URL": {"archives": [{"urls": []}]},
    "or more than 100": {"archives": [{"urls": ["https://h.example/s"] * 101}]},
    "there are more than 100 archives": {"archives": [GOOD] * 101},
    "a URL is neither": {"archives": [{"urls": [7]}]},
    "scheme": {"archives": [{"urls": ["file:///etc/passwd"]}]},
    "login": {"archives": [{"urls": ["https://me:secret@h.example/s.zip"]}]},
    "leading_dir is not a string": {"archives": [{**GOOD, "leading_dir": 7}]},
    "leading_dir: the path contains a '..'": {"archives": [{**GOOD, "leading_dir": "../x"}]},
    "leading_dir: the path is absolute": {"archives": [{**GOOD, "leading_dir": "/x"}]},
    "leading_dir: the path contains an empty": {"archives": [{**GOOD, "leading_dir": "x/"}]},
    "which belongs to git": {"archives": [{**GOOD, "leading_dir": "x/.GIT"}]},
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_one_is_refused_and_named(reason: str) -> None:
    for document in forms(BAD[reason]):
        archives, items = read(document)
        (refusal,) = (item for item in items if isinstance(item, Refusal))
        assert not archives
        assert refusal.path == "/"
        assert refusal.reason.startswith("zips of the manifest: ")
        assert reason in refusal.reason
        assert "secret" not in refusal.reason
        assert refusal.where.startswith("line ")
        assert [item.path for item in items if isinstance(item, Entry)] == ["a"]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", True),
        ("?v=2", True),
        ("?X-Amz-Signature=ab12", False),
        ("?token=Zk3v9QpX7LmN2rT8", False),
        ("?t=Zk3v9QpX7LmN2rT8", False),
        ("?versionId=Zk3v9QpX7LmN2rT8", True),
    ],
)
def test_what_may_be_recorded(query: str, kept: bool) -> None:
    url = f"https://h.example/s.zip{query}"
    for document in forms({"archives": [{"urls": [url], "leading_dir": "s"}]}):
        archives, _ = read(document)
        assert archives[0].urls == (url,)  # for a download now
        expected = [{"urls": [url], "leading_dir": "s"}] if kept else []
        assert archives_member(archives) == {"archives": expected}


def test_folders() -> None:
    (archive,), _ = read(json.dumps({"/": {"archives": [{**GOOD, "leading_dir": "s"}]}, "a": FILE}))
    assert archive.member("a/b") == b"s/a/b"
    under = archive.under("in/side")
    assert under.member("in/side/a") == b"s/a"
    assert under.member("in/sidea") is None
    assert under.within("in").member("side/a") == b"s/a"
    assert under.within("in/side/sub").member("a") == b"s/sub/a"
    assert archive.within("sub").member("a") == b"s/sub/a"
