"""Assets of releases on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry, Refusal
from tests.lab import sha256
from tests.portals import answer, listed

if TYPE_CHECKING:
    from tests.lab import Lab

RELEASES = "/repos/o/n/releases"


def asset(number: int, **more: Any) -> dict[str, Any]:
    name = f"part-{number:03}.nii.gz"
    url = f"https://github.com/o/n/releases/download/v1/{name}"
    return {"id": number, "name": name, "size": number, "browser_download_url": url, **more}


def release(lab: Lab, where: str, assets: list[Any], **faults: Any) -> None:
    answer(lab, f"{RELEASES}/{where}", {"id": 7, "tag_name": "v1", "assets": assets[:1]}, **faults)
    for page in range(len(assets) // 100 + 1):
        part = assets[page * 100 : page * 100 + 100]
        answer(lab, f"{RELEASES}/7/assets?per_page=100&page={page + 1}", part, **faults)


@pytest.mark.parametrize(
    ("address", "where"),
    [("github:o/n@v1", "tags/v1"), ("github:o/n", "latest"), ("github:o/n@a/1+b", "tags/a/1%2Bb")],
)
def test_all_pages(lab: Lab, address: str, where: str) -> None:
    assets = [asset(number) for number in range(1, 202)]
    assets[0] |= {"digest": f"sha256:{sha256(b'1')}", "updated_at": "2024-01-02T03:04:05Z"}
    release(lab, where, assets, status=403, times=1, headers={"Retry-After": "0"})
    found = listed(address, lab.url)
    assert len(found) == 201
    first = found[0]
    assert isinstance(first, Entry)
    assert (first.path, first.size, first.digests) == (
        "part-001.nii.gz",
        1,
        {"sha256": sha256(b"1")},
    )
    assert [c.url for c in first.candidates] == [assets[0]["browser_download_url"]]


def test_what_is_not_there(lab: Lab) -> None:
    with pytest.raises(StatusError, match="there is no public repository o/n with a release v1"):
        listed("github:o/n@v1", lab.url)
    release(lab, "latest", [])
    with pytest.raises(ManifestError, match="archives of the source code are none"):
        listed("github:o/n", lab.url)
    release(lab, "latest", [asset(1), None, {"name": "x"}])
    assert [type(one) for one in listed("github:o/n", lab.url)] == [Entry, Refusal, Refusal]
    answer(lab, f"{RELEASES}/latest", {"id": "../x"})
    with pytest.raises(ManifestError, match="the release has no id"):
        listed("github:o/n", lab.url)
    answer(lab, f"{RELEASES}/latest", {}, status=403)
    with pytest.raises(StatusError, match="GitHub allows more with a token"):
        listed("github:o/n", lab.url)
    for address in ("github:o", "github:o/n/x", "github:o/n@", "github:o/n@v1?x=1"):
        with pytest.raises(ManifestError, match="expected a repository and a tag"):
            listed(address, lab.url)
