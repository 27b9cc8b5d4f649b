"""Projects, candidates and visits of LORIS, and the token that it gives for a password."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.operations.log_in import LoggedIn, log_in
from tests.lab import File
from tests.operations.test_log_in import Entered
from tests.portal import datalad, git, summary
from tests.portals import answer, listed, paths

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab import Lab
    from tests.vault import Vault
    from tests.wire import Talk

ROOT = "/api/v0.0.3"
IMAGE = "/candidates/300022/Visit 1/images/scan_001.mnc"
RECORDING = "/candidates/300022/Visit 1/electrophysiology/task eeg.edf"
ROUTES = {
    "M1/Visit 1/scan_001.mnc": "/candidates/300022/Visit%201/images/scan_001.mnc",
    "M1/Visit 1/task eeg.edf": "/candidates/300022/Visit%201/recordings/task%20eeg.edf",
}


def row(link: Any, **more: Any) -> dict[str, Any]:
    return {"Candidate": "300022", "PSCID": "M1", "Visit": "Visit 1", "Link": link, **more}


def publish(lab: Lab, root: str = ROOT) -> None:
    """A project with an image and a recording; its candidate, whose second visit is empty."""
    answer(lab, f"{root}/projects/P%201/images", {"Images": [row(IMAGE)]})
    answer(lab, f"{root}/projects/P%201/recordings", {"Recordings": [row(RECORDING)]})
    candidate = {"Meta": {"CandID": "300022", "PSCID": "M1"}, "Visits": ["Visit 1", "V2"]}
    answer(lab, f"{root}/candidates/300022", candidate)
    visit = f"{root}/candidates/300022/Visit%201"
    answer(lab, f"{visit}/images", {"Meta": {}, "Files": [{"Filename": "scan_001.mnc"}]})
    answer(lab, f"{visit}/recordings", {"Meta": {}, "Files": [{"Filename": "task eeg.edf"}]})
    answer(lab, f"{root}/candidates/300022/V2/images", {"Meta": {}, "Files": []})
    for path, route in ROUTES.items():
        lab.files[root + route] = File(path.encode())


@pytest.mark.parametrize(
    "rest", ["projects/P%201", "candidates/300022", "candidates/300022/Visit%201"]
)
@pytest.mark.parametrize("root", ["", "/loris", "/loris/api/v0.0.4"])
def test_the_same_files(lab: Lab, rest: str, root: str) -> None:
    api = root if "/api/" in root else root + ROOT
    publish(lab, api)
    found = listed(f"loris+{lab.url}{root}/{rest}", None)
    urls = {item.path: item.candidates[0].url for item in found if isinstance(item, Entry)}
    assert urls == {path: f"{lab.url}{api}{route}" for path, route in ROUTES.items()}


def test_a_server_without_recordings(lab: Lab) -> None:
    publish(lab)
    del lab.files[f"{ROOT}/projects/P%201/recordings"]
    address = f"loris+{lab.url}/projects/P%201"
    assert paths(listed(address, None)) == ["M1/Visit 1/scan_001.mnc"]
    del lab.files[f"{ROOT}/projects/P%201/images"]
    with pytest.raises(StatusError, match="LORIS has no such project, candidate or visit"):
        listed(address, None)


def test_rows_and_addresses_that_cannot_be(lab: Lab) -> None:
    publish(lab)
    rows = [row(None), row("/x"), row(IMAGE, PSCID="a/b"), row(IMAGE, PSCID=None), 7]
    answer(lab, f"{ROOT}/projects/P%201/images", {"Images": rows})
    found = listed(f"loris+{lab.url}/projects/P%201", None)[: len(rows)]
    assert [type(one) for one in found] == [Refusal, Refusal, Refusal, Entry, Refusal]
    assert paths(found)[3] == "300022/Visit 1/scan_001.mnc"
    for document in ([], {"Images": {}}, b"<html>", {"Visits": [1]}, {"Visits": 1}):
        answer(lab, f"{ROOT}/projects/P%201/images", document)
        answer(lab, f"{ROOT}/candidates/300022", document)
        for rest in ("projects/P%201", "candidates/300022"):
            with pytest.raises(ManifestError, match=f"loris.{lab.url}/{rest}: "):
                listed(f"loris+{lab.url}/{rest}", None)
    for rest in ("", "/projects", "/projects/a/b", "/projects/a/dicoms/b", "/candidates/1/2/3"):
        with pytest.raises(ManifestError, match="expected the URL of a project or candidate"):
            listed(f"loris+{lab.url}{rest}", None)
    publish(lab)
    with pytest.raises(ManifestError, match="the candidate 300022 has no visit V9"):
        listed(f"loris+{lab.url}/candidates/300022/V9", None)
    with pytest.raises(ManifestError, match="expected an address such as loris"):
        listed("loris:P", None)


def test_archives_of_dicom(lab: Lab) -> None:
    """Of a visit beside the rest, of a project by an address of their own."""
    publish(lab)
    tars = [{"Tarname": "DCM_2024 a.tar", "SeriesInfo": []}, {"SeriesInfo": []}]
    meta = {"CandID": "300022", "Visit": "Visit 1"}
    dicoms = f"{ROOT}/candidates/300022/Visit%201/dicoms"
    answer(lab, dicoms, {"Meta": meta, "DicomTars": tars})
    answer(lab, f"{ROOT}/projects/P%201", {"Meta": {}, "Candidates": [300022]})
    *_, entry, refused = listed(f"loris+{lab.url}/candidates/300022/Visit%201", None)
    assert isinstance(entry, Entry)
    assert entry.path == "M1/Visit 1/DCM_2024 a.tar"
    assert [c.url for c in entry.candidates] == [f"{lab.url}{dicoms}/DCM_2024%20a.tar"]
    assert isinstance(refused, Refusal)
    project = f"loris+{lab.url}/projects/P%201/dicoms"
    assert paths(listed(project, None)) == [entry.path, None]
    lab.files[dicoms].status = 403
    first, second, closed = listed(f"loris+{lab.url}/candidates/300022/Visit%201", None)
    assert paths([first, second]) == list(ROUTES)
    assert isinstance(closed, Refusal)
    assert closed.reason == "you may not see the DICOM archives of the visit"
    lab.files[dicoms].status = 401
    with pytest.raises(StatusError, match="LORIS requires a login"):
        listed(project, None)


class Guard:
    """Lets in who has the token, and answers the others 403, without a challenge, as LORIS does."""

    def __init__(self, lab: Lab, secret: str) -> None:
        self.lab = lab
        self.secret = secret
        self.token = "token-1"
        self.logins = 0
        for target, file in lab.files.items():
            file.answer = self.guarded(target, file.content)
        lab.files[f"{ROOT}/login"] = File(answer=self.log_in)

    def guarded(self, target: str, body: bytes) -> Any:
        def write(talk: Talk, content: bytes) -> None:
            if talk.asked.headers.get("authorization") != f"Bearer {self.token}":
                talk.answer(403, b'{"error":"Forbidden"}', "Content-Type: application/json")
            else:
                talk.answer(200, body)

        return write

    def log_in(self, talk: Talk, content: bytes) -> None:
        self.logins += 1
        asked = json.loads(self.lab.requests[-1].body)
        assert talk.asked.headers["content-type"] == "application/json"
        if asked == {"username": "alice", "password": self.secret}:
            talk.answer(200, json.dumps({"token": self.token}).encode())
        else:
            talk.answer(401, b'{"error":"no"}')


def test_a_password_becomes_a_token(tmp_path: Path, vault: Vault, lab: Lab) -> None:
    """The message names the command; what that has kept is for the listing and for the files."""
    publish(lab)
    guard = Guard(lab, vault.secret("loris"))
    vault.plant("token-1")
    address = f"loris+{lab.url}/projects/P%201"
    with pytest.raises(StatusError, match="LORIS requires a login") as caught:
        listed(address, None)
    url = str(caught.value).rpartition("datalad jsdl-login ")[2]
    assert url == f"{lab.url}{ROOT}/projects/P%201/images"
    done = log_in(url, Entered([("alice", guard.secret)]))
    assert isinstance(done, LoggedIn)
    endpoint = f"token-endpoint={lab.url}{ROOT}/login"
    assert done.line.endswith(f" kind=login user=alice {endpoint}")
    asked = guard.logins
    assert summary(datalad("download-manifest", address, "ds")) == {"added": 2}
    assert guard.logins == asked + 1
    git(tmp_path / "ds", "annex", "get", ".")
    assert (tmp_path / "ds/M1/Visit 1/task eeg.edf").read_bytes() == b"M1/Visit 1/task eeg.edf"
