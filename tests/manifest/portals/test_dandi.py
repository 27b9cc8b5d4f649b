"""Versions and pages of dandisets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.model.entry import Entry, Refusal
from tests.portals import (
    answer,
    dandiset,
    dandiset_version,
    listed,
    paths,
)

if TYPE_CHECKING:
    from tests.lab import Lab

A, B = b"content of a", b"content of b"
ASSETS = "/api/dandisets/000027/versions/draft/assets/?metadata=true&order=path&page_size=1000"


def test_versions_of_a_dandiset(lab: Lab) -> None:
    dandiset(lab, "000027", None)
    dandiset_version(lab, "000027", "draft", {"a": A})
    assert paths(listed("dandi:000027", lab.url)) == ["a"]
    dandiset(lab, "000027", "0.210831.2033")
    dandiset_version(lab, "000027", "0.210831.2033", {"b": B})
    assert paths(listed("dandi:DANDI:000027", lab.url)) == ["b"]
    assert paths(listed("DANDI:dandi:000027/DRAFT", lab.url)) == ["a"]
    assert paths(listed("dandi:000027/0.210831.2033", lab.url)) == ["b"]


def test_pages_of_a_dandiset(lab: Lab) -> None:
    """Asked for by number at the base, whatever host their links name; none may be missing."""
    many = {f"{n:02}.nwb": b"%d" % n for n in range(23)}
    targets = dandiset_version(lab, "000027", "draft", many, per_page=5)
    assert len(targets) == 5
    found = listed("dandi:000027/draft", lab.url)
    assert paths(found) == sorted(many)
    assert (found[0].where, found[-1].where) == ("page 1: results[0]", "page 5: results[2]")
    assert sorted(request.path for request in lab.requests) == sorted(targets)
    # a server that gives the same page again and again
    lab.files[targets[3]] = lab.files[targets[1]]
    with pytest.raises(ManifestError, match="page 4 repeats an item of page 2"):
        listed("dandi:000027/draft", lab.url)
    # one that would keep us for ever
    answer(lab, targets[0], {"results": [{"asset_id": "1", "path": "a"}], "count": 10**12})
    with pytest.raises(ManifestError, match="1000000000000 items in pages of 1 are too many"):
        listed("dandi:000027/draft", lab.url)
    dandiset_version(lab, "000027", "draft", many, per_page=5)
    # one that gives less than it has announced
    answer(lab, targets[3], {"results": []})
    with pytest.raises(ManifestError, match="count is 23, but 18 were received"):
        listed("dandi:000027/draft", lab.url)


def test_a_zarr_asset_and_one_without_metadata(lab: Lab) -> None:
    results = [
        {"asset_id": "1", "zarr": "2", "blob": None, "path": "b.ome.zarr", "size": 34},
        {"asset_id": "3-x", "zarr": None, "blob": "7", "path": "/old.nwb", "size": 5},
    ]
    answer(lab, f"{ASSETS}&page=1", {"count": 2, "results": results})
    zarr, old = listed("dandi:000027/draft", lab.url)
    assert isinstance(zarr, Refusal)
    assert "Zarr" in zarr.reason
    assert isinstance(old, Entry)
    assert [c.url for c in old.candidates] == [f"{lab.url}/api/assets/3-x/download/"]
