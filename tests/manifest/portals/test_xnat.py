"""Sessions, subjects and projects of XNAT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry
from tests.portal import datalad, git, summary
from tests.portals import answer, listed, md5, paths

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab import Lab
    from tests.vault import Vault

SCANS = "scans/ALL/files?format=json"
RESOURCES = "resources?format=json"


def results(*items: Any) -> dict[str, Any]:
    return {"ResultSet": {"Result": list(items), "totalRecords": str(len(items))}}


def file(lab: Lab, uri: str, content: bytes, collection: str, **more: Any) -> dict[str, Any]:
    lab.put(uri[1:], content)
    name = uri.rpartition("/")[2]
    facts = {"Name": name, "Size": str(len(content)), "URI": uri, "collection": collection}
    return facts | {"digest": md5(content), "cat_ID": "11"} | more


def session(lab: Lab, root: str, identifier: str, **faults: Any) -> None:
    """Two scans, and notes that belong to the session itself."""
    uri = f"/data/experiments/{identifier}"
    scans = [
        file(lab, f"{root}{uri}/scans/1/resources/11/files/1.dcm", b"one", "DICOM"),
        file(lab, f"{root}{uri}/scans/2/resources/12/files/a/2.dcm", b"two", "DICOM", digest=""),
    ]
    notes = file(lab, f"{root}{uri}/resources/13/files/notes.txt", b"notes", "NOTES")
    for item in (*scans, notes):
        item["URI"] = item["URI"].removeprefix(root)
    answer(lab, f"{root}{uri}/{SCANS}", results(*scans), **faults)
    answer(lab, f"{root}{uri}/{RESOURCES}", results({"label": "NOTES"}, {"label": ""}), **faults)
    answer(lab, f"{root}{uri}/resources/NOTES/files?format=json", results(notes), **faults)


NAMES = ["scans/1/DICOM/1.dcm", "scans/2/DICOM/a/2.dcm", "NOTES/notes.txt"]


@pytest.mark.parametrize("root", ["", "/xnat"])
def test_a_session(lab: Lab, root: str) -> None:
    session(lab, root, "E1")
    found = listed(f"xnat+{lab.url}{root}/data/experiments/E1", None)
    assert paths(found) == NAMES
    first, second = found[:2]
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert (first.size, first.digests, second.digests) == (3, {"md5": md5(b"one")}, {})
    assert [c.url for c in first.candidates] == [
        f"{lab.url}{root}/data/experiments/E1/scans/1/resources/11/files/1.dcm"
    ]


@pytest.mark.parametrize("where", ["projects/P", "projects/P/subjects/S", "subjects/S"])
def test_all_sessions(lab: Lab, where: str) -> None:
    session(lab, "", "E1")
    sessions = [{"ID": "E1", "label": "visit 1"}, {"ID": "E2", "label": ""}]
    answer(lab, f"/data/{where}/experiments?format=json", results(*sessions))
    answer(lab, f"/data/experiments/E2/{RESOURCES}", results())  # a form: it has no scans
    found = listed(f"xnat+{lab.url}/data/{where}", None)
    assert paths(found) == [f"visit 1/{name}" for name in NAMES]


def test_a_private_session(tmp_path: Path, vault: Vault, lab: Lab) -> None:
    secret = vault.secret("xnat")
    wants = ("Authorization", vault.basic("alice", secret))
    session(lab, "", "E1")
    for served in lab.files.values():
        served.wants, served.challenge = wants, 'Basic realm="XNAT"'
    address = f"xnat+{lab.url}/data/experiments/E1"
    with pytest.raises(StatusError, match="XNAT requires a login with access to the project"):
        listed(address, None)
    vault.keyring("xnat", "secret", secret)
    line = f"{lab.url} datalad:xnat user=alice"
    done = datalad("download-manifest", "--credential", line, address, "ds")
    assert summary(done) == {"added": 3}
    git(tmp_path / "ds", "annex", "get", "NOTES")
    assert (tmp_path / "ds/NOTES/notes.txt").read_bytes() == b"notes"


def test_what_cannot_be(lab: Lab) -> None:
    for rest in ("", "/data", "/data/experiments", "/data/projects/a/b"):
        with pytest.raises(ManifestError, match="expected the URL of an experiment or project"):
            listed(f"xnat+{lab.url}{rest}", None)
    address = f"xnat+{lab.url}/data/experiments/E1"
    with pytest.raises(StatusError, match="XNAT has no such experiment, subject or project"):
        listed(address, None)
    answer(lab, f"/data/experiments/E1/{RESOURCES}", results())
    for document in ([], {}, {"ResultSet": {"Result": {}}}, b"<html>"):
        answer(lab, f"/data/experiments/E1/{SCANS}", document)
        with pytest.raises(ManifestError, match=r"xnat\+http.*: http://127"):
            listed(address, None)
    answer(lab, "/data/projects/P/experiments?format=json", results({"label": "x"}))
    with pytest.raises(ManifestError, match="an experiment has no ID"):
        listed(f"xnat+{lab.url}/data/projects/P", None)
