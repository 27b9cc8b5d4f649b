"""Snapshots of OpenNeuro."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.model.entry import Entry, Refusal
from tests.portal import datalad, git, summary
from tests.portals import answer, listed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab import Lab

API = "/crn/graphql"


def file(filename: str, *urls: str) -> dict[str, Any]:
    return {"id": "92e695a4", "filename": filename, "directory": False, "urls": list(urls)}


def snapshot(lab: Lab, files: Any) -> None:
    """What both queries are answered."""
    found = {"files": files}
    data = {"snapshot": found, "dataset": {"latestSnapshot": found}}
    answer(lab, API, {"data": data, "extensions": {"openneuro": {"version": "5.0.0"}}})


def asked(lab: Lab) -> dict[str, Any]:
    """The last query's variables, and its text without white space."""
    question = json.loads(lab.requests[-1].body)
    return question["variables"] | {"query": "".join(question["query"].split())}


def test_a_snapshot(tmp_path: Path, lab: Lab) -> None:
    # the laboratory gives the same for every version
    url = lab.put("ds000001/sub-01/anat.nii.gz", b"anat") + "?versionId=abc"
    files = [file("sub-01/anat.nii.gz", url), file("README", f"{lab.url}/README?versionId=d")]
    snapshot(lab, files)
    at = ("--base-url", lab.url)
    assert summary(datalad("download-manifest", *at, "openneuro:ds000001", "ds")) == {"added": 2}
    assert asked(lab) == {
        "id": "ds000001",
        "query": "query($id:ID!){dataset(id:$id){latestSnapshot{"
        "files(recursive:true){idfilenamedirectoryurls}}}}",
    }
    git(tmp_path / "ds", "annex", "get", "sub-01")
    assert (tmp_path / "ds/sub-01/anat.nii.gz").read_bytes() == b"anat"
    found, _ = listed("openneuro:DS000001/1.0.0", lab.url)
    assert isinstance(found, Entry)
    # OpenNeuro's sizes cannot be trusted
    assert (found.size, found.digests, found.candidates[0].url) == (None, {}, url)
    assert asked(lab) == {
        "id": "ds000001",
        "tag": "1.0.0",
        "query": "query($id:ID!,$tag:String!){snapshot(datasetId:$id,tag:$tag){"
        "files(recursive:true){idfilenamedirectoryurls}}}",
    }


def test_bad_files_are_refused_alone(lab: Lab) -> None:
    url = f"{lab.url}/a"
    directory = {"filename": "sub", "directory": True, "urls": []}
    snapshot(lab, [None, file("../a", url), file("a"), directory, file("b", url), {}])
    items = listed("openneuro:ds000001", lab.url)
    assert [item.where for item in items if isinstance(item, Refusal)] == [
        f"data.dataset.latestSnapshot.files[{n}]" for n in (0, 1, 2, 5)
    ]
    assert [item.path for item in items if isinstance(item, Entry)] == ["b"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "expected an object"),
        (b"<html>", "expected JSON"),
        ({}, "no public snapshot 1 of ds000001"),
        ({"data": {"snapshot": None}}, "no public snapshot 1 of ds000001"),
        ({"data": {"snapshot": {"files": None}}}, "data.snapshot.files is not a list"),
        ({"errors": [{"message": "No\naccess here"}]}, "No access here; .*kind=cookie"),
        ({"errors": ["x"]}, "an error without a message"),
        ({"errors": {"a": 1}}, "an error without a message"),
        ({"errors": [{"message": "aborted due to timeout"}]}, ".3 times.: aborted .*; try again"),
    ],
)
def test_answers_that_are_none(lab: Lab, document: Any, says: str) -> None:
    answer(lab, API, document)
    with pytest.raises(ManifestError, match=f"openneuro:ds000001/1: .*{says}"):
        listed("openneuro:ds000001/1", lab.url)


def test_addresses_that_cannot_be(lab: Lab) -> None:
    for address in ("openneuro:1", "openneuro:ds1/", "openneuro:ds1/1/2", "openneuro:ds000001@1"):
        with pytest.raises(ManifestError, match="expected a dataset"):
            listed(address, lab.url)
    assert lab.requests == []
