"""download-manifest --get: content, and keys that can be verified."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab, sha256
from tests.portal import (
    MTIME,
    all_objects,
    content_of,
    datalad,
    described,
    entries,
    git,
    publish,
    summary,
    write_manifest,
)


def test_get_downloads_and_makes_verifiable_keys(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["known.nii.gz", "unknown.nii.gz"])
    members = {
        "known.nii.gz": described("known.nii.gz", urls["known.nii.gz"], mtime=MTIME),
        "unknown.nii.gz": [urls["unknown.nii.gz"]],
        "dead": [f"{lab.url}/dead"],
    }
    manifest = write_manifest("m.json", members)
    records = datalad("download-manifest", "--get", "-J", "2", manifest, "ds", code=1)
    assert summary(records) == {"added": 2, "fetched": 2, "failed": 1}
    assert "404" in next(r["message"] for r in records if r.get("change") == "failed")
    dataset = tmp_path / "ds"
    digest = sha256(content_of("unknown.nii.gz"))
    key = git(dataset, "annex", "lookupkey", "unknown.nii.gz")
    assert key == f"SHA256E-s3000--{digest}.nii.gz"
    for path in ("known.nii.gz", "unknown.nii.gz"):
        assert (dataset / path).read_bytes() == content_of(path)
    git(dataset, "annex", "fsck", "-q")
    assert not (dataset / ".git/annex/jsdl").exists() or not list(
        (dataset / ".git/annex/jsdl").rglob("*.part")
    )
    asked = len(lab.requests)
    del members["dead"]
    manifest = write_manifest("m.json", members)
    records = datalad("download-manifest", "--get", manifest, "ds")
    assert summary(records) == {"unchanged": 2}
    assert summary(datalad("download-manifest", manifest, "ds")) == {"unchanged": 2}
    assert len(lab.requests) == asked


def test_get_makes_a_key_verifiable_later_too(tmp_path: Path, lab: Lab) -> None:
    manifest = write_manifest("m.json", {"f.nii": [lab.put("f.nii", content_of("f.nii"))]})
    (record,) = [r for r in datalad("download-manifest", manifest, "ds") if r["type"] == "dataset"]
    assert record["unverifiable"] == 1
    assert "1 file has no checksum" in record["message"]
    records = datalad("download-manifest", "--get", manifest, "ds")
    assert summary(records) == {"changed": 1, "fetched": 1}
    assert git(tmp_path / "ds", "annex", "lookupkey", "f.nii").startswith("SHA256E-s3000--")
    assert summary(datalad("download-manifest", manifest, "ds")) == {"unchanged": 1}


@pytest.mark.parametrize("thin", [False, True])
def test_get_makes_a_key_of_content_that_is_here_verifiable(
    tmp_path: Path, lab: Lab, thin: bool
) -> None:
    """As the message of the import before promises; nothing is downloaded for it."""
    paths = ["a.nii", "b.nii", "c.nii"]
    urls = publish(lab, paths)
    manifest = write_manifest("m.json", {path: [urls[path]] for path in paths})
    datalad("download-manifest", manifest, "ds")
    dataset = tmp_path / "ds"
    git(dataset, "annex", "get", "a.nii", "b.nii")
    if thin:  # others may write to the content by the file's own name
        git(dataset, "config", "annex.thin", "true")
        git(dataset, "annex", "unlock", "a.nii")
        git(dataset, "commit", "-qm", "unlocked")
    asked = len(lab.requests)
    records = datalad("download-manifest", "--get", manifest, "ds")
    assert summary(records) == {"changed": 3, "fetched": 1}
    (told,) = [r["message"] for r in records if r["type"] == "dataset"]
    assert re.match(r"3 changed; 1 file, 3000 bytes in ", told)
    assert "not downloaded" not in told
    assert {request.path for request in lab.requests[asked:]} == {"/c.nii"}
    for path in paths:
        digest = sha256(content_of(path))
        assert git(dataset, "annex", "lookupkey", path) == f"SHA256E-s3000--{digest}.nii"
        assert (dataset / path).read_bytes() == content_of(path)
    git(dataset, "annex", "fsck", "-q")
    assert git(dataset, "status", "--porcelain") == ""
    assert not (dataset / ".git/annex/jsdl/staging").exists()
    assert summary(datalad("download-manifest", "--get", manifest, "ds")) == {"unchanged": 3}


def test_signed_urls_are_used_and_never_recorded(tmp_path: Path, lab: Lab) -> None:
    secret = "X-Amz-Signature=hunter2"
    urls = publish(lab, ["only", "also"])
    members: dict[str, Any] = {
        "only": [f"{urls['only']}?{secret}"],
        "also": {"urls": [f"{urls['also']}?{secret}", urls["also"]]},
    }
    manifest = write_manifest("m.json", members)
    records = datalad("download-manifest", manifest, "without", code=1)
    assert entries(records) == {"only": "refused", "also": "added"}
    datalad("download-manifest", "--get", manifest, "with")
    for name in ("with", "without"):
        dataset = tmp_path / name
        assert b"hunter2" not in all_objects(dataset)
    assert (tmp_path / "with/only").read_bytes() == content_of("only")
    assert "hunter2" not in json.dumps(records)


def test_get_never_takes_what_an_earlier_run_left_for_another_file(
    tmp_path: Path, lab: Lab
) -> None:
    one, other = lab.put("1", content_of("1")), lab.put("2", content_of("2"))
    same = lab.put("same", content_of("1"))
    manifest = write_manifest("m.json", {"a.dat": [one], "b.dat": [same]})
    datalad("download-manifest", "--get", manifest, "ds")
    assert not (tmp_path / "ds/.git/annex/jsdl/staging").exists()
    left = tmp_path / "ds/.git/annex/jsdl/staging"
    left.mkdir(parents=True)
    (left / f"path-{sha256(b'a.dat')}").write_bytes(content_of("1"))
    manifest = write_manifest("m.json", {"a.dat": [other], "b.dat": [same]})
    datalad("download-manifest", manifest, "ds")
    datalad("download-manifest", "--get", manifest, "ds")
    assert (tmp_path / "ds/a.dat").read_bytes() == content_of("2")


def test_get_tries_all_urls_of_a_content(tmp_path: Path, lab: Lab) -> None:
    good, bad = lab.put("f", content_of("f")), lab.put("gone", status=404)
    members = {"one": described("f", good), "two": described("f", bad)}
    records = datalad("download-manifest", "--get", write_manifest("m.json", members), "ds")
    assert summary(records) == {"added": 2, "fetched": 1}
    members = {path: described("g", bad) for path in ("one", "two")}
    manifest = write_manifest("m.json", members)
    records = datalad("download-manifest", "--get", manifest, "ds", code=1)
    assert summary(records) == {"changed": 2, "failed": 2}
