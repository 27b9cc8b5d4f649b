"""Projects of the Open Science Framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry
from tests.lab import sha256
from tests.portal import datalad, git, summary
from tests.portals import answer, listed, md5, paths

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab import Lab

PAGE = "?page%5Bsize%5D=100"
ROOT = "/v2/nodes/ezcuj/files"
# as the API writes links, whatever it is reached by
API = "https://api.osf.io"


def file(url: str, path: str, content: bytes, provider: str = "osfstorage") -> dict[str, Any]:
    hashes = {"md5": md5(content), "sha256": sha256(content)}
    attributes = {
        "kind": "file",
        "name": path.rpartition("/")[2],
        "materialized_path": path,
        "path": "/553e69248c5e4a219919ea54",
        "provider": provider,
        "size": len(content),
        "date_modified": "2014-10-17T19:24:12.264Z",
        "extra": {"hashes": hashes if provider == "osfstorage" else {"md5": None, "sha256": None}},
    }
    return {"attributes": attributes, "links": {"download": url}, "type": "files"}


def folder(path: str, listing: str, provider: str = "osfstorage") -> dict[str, Any]:
    attributes = {"kind": "folder", "path": path, "provider": provider, "name": "x"}
    links = {"related": {"href": API + listing, "meta": {}}}
    return {"attributes": attributes, "relationships": {"files": {"links": links}}}


def listing(lab: Lab, target: str, *items: Any, following: Any = None, **faults: Any) -> None:
    links = {"first": None, "next": following, "meta": {"total": len(items)}}
    answer(lab, target, {"data": list(items), "links": links}, **faults)


def project(lab: Lab, root: str = ROOT, **faults: Any) -> None:
    """Files in two storages, in a folder, and on a second page."""
    storages = [
        folder("/", f"{root}/osfstorage/"),
        folder("/", f"{root}/github/?ref=main", "github"),
    ]
    listing(lab, f"{root}/{PAGE}", *storages, **faults)
    url = lab.put("download/a", b"content of a", **faults)
    second = f"{root}/osfstorage/?page=2"
    top = [file(url, "/a", b"content of a"), folder("/5/", f"{root}/osfstorage/5/")]
    listing(lab, f"{root}/osfstorage/{PAGE}", *top, following=API + second, **faults)
    listing(lab, second, file(url, "/b", b"content of b"), **faults)
    listing(lab, f"{root}/osfstorage/5/{PAGE}", file(url, "/sub/c", b"c"), **faults)
    code = file(url, "/src/d", b"d", "github")
    listing(lab, f"{root}/github/?ref=main&{PAGE[1:]}", code, **faults)


def test_a_private_project(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    wants = ("Authorization", "Bearer abc")
    project(lab, wants=wants, challenge='Bearer realm="api"')
    with pytest.raises(StatusError, match="a private project requires a token"):
        listed("osf:ezcuj", lab.url)
    monkeypatch.setenv("TOKEN", "abc")
    login = ("--credential", f"{lab.url} env:TOKEN", "--base-url", lab.url)
    assert summary(datalad("download-manifest", *login, "osf:ezcuj", "ds")) == {"added": 4}
    dataset = tmp_path / "ds"
    assert git(dataset, "ls-files", "--", ":!.datalad", ":!.git*").split() == [
        "a",
        "b",
        "github/src/d",
        "sub/c",
    ]
    git(dataset, "annex", "get", "a")
    assert (dataset / "a").read_bytes() == b"content of a"


def test_a_registration(lab: Lab) -> None:
    project(lab, "/v2/registrations/ezcuj/files")
    found = {item.path: item for item in listed("osf:EZCUJ", lab.url)}
    assert sorted(map(str, found)) == ["a", "b", "github/src/d", "sub/c"]
    own, other = found["a"], found["github/src/d"]
    assert isinstance(own, Entry)
    assert isinstance(other, Entry)
    assert own.digests.keys() == {"md5", "sha256"}
    assert (other.digests, other.size) == ({}, 1)
    assert lab.requests[0].path == ROOT + "/"
    with pytest.raises(StatusError, match="no project, component or registration abcde"):
        listed("osf:abcde", lab.url)


def test_what_cannot_be(lab: Lab) -> None:
    for address in ("osf:../x", "osf:ezcuj/files", "osf:ez cu"):
        with pytest.raises(ManifestError, match="expected the id of a project"):
            listed(address, lab.url)
    for document, says in [
        (b"<html>", "expected JSON"),
        ([], "not a list"),
        ({"data": {}}, "not a list"),
        # mypy: wrong on purpose
        ({"data": [folder("/", "", provider=None)]}, "no provider"),  # type: ignore[arg-type]
        ({"data": [{"attributes": {"kind": "folder"}}]}, "expected link is missing"),
        ({"data": [], "links": {"next": 7}}, "expected link is missing"),
        ({"data": [], "links": {"next": "https://["}}, "not a URL"),
    ]:
        answer(lab, f"{ROOT}/{PAGE}", document)
        with pytest.raises(ManifestError, match=f"osf:ezcuj: .*{says}"):
            listed("osf:ezcuj", lab.url)
    # a folder in itself
    project(lab)
    listing(lab, f"{ROOT}/osfstorage/5/{PAGE}", folder("/5/", f"{ROOT}/osfstorage/5/"))
    with pytest.raises(ManifestError, match="leads back to"):
        listed("osf:ezcuj", lab.url)
    # a bad item is refused alone
    listing(lab, f"{ROOT}/osfstorage/5/{PAGE}", None, {"attributes": None}, {"x": 1})
    found = listed("osf:ezcuj", lab.url)
    assert paths(found).count(None) == 3
    assert {"a", "b", "github/src/d"} < set(paths(found))
