"""Repositories of the Hugging Face Hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry
from tests.lab import sha256
from tests.portal import datalad, git, summary
from tests.portals import answer, listed, paths

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab import Lab

COMMIT = "af5c1ab6e4e2f4a3f0d9d2e3f1c1b2a3d4e5f607"
LARGE = b"in LFS " * 1000
SMALL = b"not in LFS"


def item(path: str, content: bytes, lfs: bool = False) -> dict[str, Any]:
    found = {"type": "file", "oid": "0" * 40, "size": len(content), "path": path}
    pointer = {"oid": sha256(content), "size": len(content), "pointerSize": 134}
    return found | ({"lfs": pointer} if lfs else {})


def repository(lab: Lab, api: str, revision: str, pages: list[Any], **faults: Any) -> None:
    """A revision in pages, each after the first at a cursor."""
    answer(lab, f"{api}/revision/{revision}", {"id": "o/n", "sha": COMMIT}, **faults)
    query = "?recursive=true&expand=false"
    for number, page in enumerate(pages):
        cursor = f"&cursor={number}" if number else ""
        headers = {}
        if number + 1 < len(pages):
            # as the Hub writes it behind a proxy
            target = f"{api}/tree/{COMMIT}{query}&cursor={number + 1}"
            headers = {"Link": f'<https://huggingface.co{target}>; rel="next"'}
        target = f"{api}/tree/{COMMIT}{query}{cursor}"
        answer(lab, target, page, headers=headers, **faults)


def test_a_dataset(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pages; with a token, which is remembered; its files are those of the commit."""
    pages = [
        [{"type": "directory", "oid": "1" * 40, "size": 0, "path": "data"}, item("a #1", SMALL)],
        [item("data/b.bin", LARGE, lfs=True)],
    ]
    wants = ("Authorization", "Bearer abc")
    repository(lab, "/api/datasets/o/n", "refs%2Fpr%2F1", pages, wants=wants)
    address = "hf:datasets/o/n@refs/pr/1"
    with pytest.raises(StatusError, match="private or gated: accept its terms there, and give"):
        listed(address, lab.url)
    resolved = f"/datasets/o/n/resolve/{COMMIT}"
    lab.put(f"{resolved}/data/b.bin"[1:], LARGE, wants=wants)
    lab.put(f"{resolved}/a #1"[1:], SMALL, wants=wants)
    monkeypatch.setenv("TOKEN", "abc")
    login = f"{lab.url} env:TOKEN"
    done = datalad("download-manifest", "--credential", login, "--base-url", lab.url, address, "ds")
    assert summary(done) == {"added": 2}
    dataset = tmp_path / "ds"
    assert f"SHA256E-s{len(LARGE)}--{sha256(LARGE)}.bin" in git(dataset, "show", "HEAD:data/b.bin")
    git(dataset, "annex", "get", ".")
    assert (dataset / "data/b.bin").read_bytes() == LARGE
    assert (dataset / "a #1").read_bytes() == SMALL


@pytest.mark.parametrize(
    ("address", "api", "page"),
    [
        ("hf:o/n", "/api/models/o/n", "/o/n"),
        ("hf:gpt2", "/api/models/gpt2", "/gpt2"),
        ("HF:spaces/o/n@main", "/api/spaces/o/n", "/spaces/o/n"),
    ],
)
def test_kinds_of_repositories(lab: Lab, address: str, api: str, page: str) -> None:
    repository(lab, api, "main", [[item("a", SMALL)]])
    (found,) = listed(address, lab.url)
    assert isinstance(found, Entry)
    assert [c.url for c in found.candidates] == [f"{lab.url}{page}/resolve/{COMMIT}/a"]
    assert (found.size, found.digests) == (len(SMALL), {})


def test_what_cannot_be(lab: Lab) -> None:
    for address in ("hf:a/b/c", "hf:datasets/", "hf:../x", "hf:a b", "hf:o/n@", "hf:o/n?x=1"):
        with pytest.raises(ManifestError, match="expected a repository"):
            listed(address, lab.url)
    with pytest.raises(StatusError, match=r"/o/n does not exist, or has no revision 'main'"):
        listed("hf:o/n", lab.url)
    for document in ([], {}, {"sha": "main"}, {"sha": COMMIT.upper()}, b"<html>"):
        answer(lab, "/api/models/o/n/revision/main", document)
        with pytest.raises(ManifestError, match=r"hf:o/n: http://127\.0.*(an object|JSON|sha)"):
            listed("hf:o/n", lab.url)
    repository(lab, "/api/models/o/n", "main", [{"error": "x"}])
    with pytest.raises(ManifestError, match="not a list"):
        listed("hf:o/n", lab.url)
    # a page that leads to itself
    repository(lab, "/api/models/o/n", "main", [[item("a", SMALL)], [item("b", SMALL)], []])
    second = f"/api/models/o/n/tree/{COMMIT}?recursive=true&expand=false&cursor=1"
    lab.files[second].headers["Link"] = f'<{second}>; rel="next"'
    with pytest.raises(ManifestError, match="leads back to"):
        listed("hf:o/n", lab.url)
    lab.files[second].headers["Link"] = '<https://[>; rel="next"'
    with pytest.raises(ManifestError, match="not a URL"):
        listed("hf:o/n", lab.url)
    # other links than to the next page
    lab.files[second].headers["Link"] = '</x>; rel="prev", </y>; rel="first"'
    assert paths(listed("hf:o/n", lab.url)) == ["a", "b"]
