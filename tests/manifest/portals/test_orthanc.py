"""Studies of a real Orthanc, named as in the archives that it makes itself."""

from __future__ import annotations

import io
import re
import shlex
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.paths import path_fault
from tests.fetch.credentials.servers import dicom_instance, orthanc
from tests.portals import listed, md5
from tests.running import run_datalad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.model.entry import Refusal
    from tests.vault import Vault

USER, PASSWORD = "alice", "planted-orthanc-hunter2"
LATIN, UTF8 = "ISO_IR 100", "ISO_IR 192"
PATIENTS = [
    {"PatientID": "p/1", "PatientName": "Müller^Jörg", "SpecificCharacterSet": LATIN},
    {"PatientID": "2", "PatientName": "Ünï^日本", "SpecificCharacterSet": UTF8},
    {"PatientID": "", "PatientName": ""},
    {"PatientID": "x" * 64, "PatientName": "long^" * 12},
]
STUDIES = ["a  b_c.d-e/f\\g", "a b_c.de", "", None, "L" * 64, "same", "same", "é", "con:", "/ ^"]
STUDIES += ["..", "..", "///", ".git"]  # which no dataset can have
SERIES = [
    ("CT", "same"),
    ("CT", "same"),
    ("mr", "a\tb"),
    ("", ""),
    ("", ""),
    ("X", None),
    (None, "é"),
    ("A/", "^x^^y^"),
    ("é", "e"),
    ("%d", "d"),
    (" M", "1"),
]


class Server:
    """An Orthanc with a login, and what is sent to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.auth = (USER, PASSWORD)
        self._number = 0

    def send(self, study: str, series: int = 1, **tags: Any) -> bytes:
        """One more instance, the later the lower its number; its bytes."""
        self._number += 1
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.{series}"}
        fields = {"InstanceNumber": 1000 - self._number, **uids, **tags}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values that the standard forbids
            content = dicom_instance(self._number, **fields)
        self.session.post(f"{self.url}/instances", data=content).raise_for_status()
        return content

    def get(self, path: str) -> requests.Response:
        answer = self.session.get(self.url + path)
        answer.raise_for_status()
        return answer

    def archive(self, path: str) -> dict[str, bytes]:
        """The members of the archive that Orthanc makes."""
        with zipfile.ZipFile(io.BytesIO(self.get(f"{path}/archive").content)) as archive:
            return {member.filename: archive.read(member) for member in archive.infolist()}

    def login(self) -> str:
        return f"{self.url} env:PASSWORD user={USER}"

    def listed(self, path: str) -> list[Entry | Refusal]:
        """What an address comes to."""
        return listed(f"orthanc+{self.url}{path}", None, self.login())

    def find(self, level: str, **query: str) -> list[str]:
        question = {"Level": level, "Query": query}
        found = self.session.post(f"{self.url}/tools/find", json=question).json()
        return [str(identifier) for identifier in found]


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]
) -> Iterator[Server]:
    """One that keeps its files compressed, which is not what it gives out."""
    folder = tmp_path_factory.mktemp("orthanc") / "orthanc"
    with orthanc(program("Orthanc"), folder, USER, PASSWORD, StorageCompression=True) as url:
        yield Server(url)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", PASSWORD)


def test_names_are_those_of_the_archive(server: Server) -> None:
    for n, patient in enumerate(PATIENTS):
        for m, description in enumerate(STUDIES if n == 0 else STUDIES[:1]):
            tags = {**patient, "StudyDescription": description}
            tags["AccessionNumber"] = "ac^1" if m == 0 else ""
            for s, (modality, series) in enumerate(SERIES if n + m == 0 else SERIES[:1]):
                for _ in range(3 if s == 0 else 1):
                    own = {"Modality": modality, "SeriesDescription": series}
                    server.send(f"1.2.{n}.{m}", s, **tags, **own)
    places = [f"/patients/{identifier}" for identifier in server.get("/patients").json()]
    for kind in ("studies", "series"):
        places += [f"/{kind}/{identifier}" for identifier in server.get(f"/{kind}").json()[:3]]
    compared = 0
    for place in places:
        found = {}
        for item in server.listed(place):
            assert isinstance(item, Entry)
            found[item.path] = (item.size, item.digests["md5"])
        archive = {name: (len(c), md5(c)) for name, c in server.archive(place).items()}
        assert len(archive) == len(found)
        # what cannot be a name in a dataset is the ID of what it is the name of
        usable = {name for name in archive if path_fault(name) is None}
        assert {name: archive[name] for name in usable}.items() <= found.items()
        for name in found.keys() - usable:
            assert re.search(r"(^|/)[0-9a-f]{8}(-[0-9a-f]{8}){4}/", name)
        compared += len(usable)
    assert compared > 40


def test_the_page_on_orthanc(tmp_path: Path, vault: Vault, server: Server) -> None:
    """A study that grows, by the page's own commands; and the zip's members are Orthanc's."""
    page = (Path(__file__).parents[3] / "docs/orthanc.rst").read_text()
    shown = re.findall(r"^   ((?:git|datalad) .*)$", page, re.MULTILINE)
    at, study = "http://127.0.0.1:8042", "1.2.840.113619.2.176.2025"
    login, first, again, export = (shlex.split(line.replace(at, server.url)) for line in shown)
    tags = {"PatientID": "sub-01", "PatientName": "Doe^Jane", "StudyDescription": "Head"}
    content = server.send(study, SeriesDescription="T1w", **tags)
    server.send(study, SeriesDescription="T1w", **tags)
    with pytest.raises(StatusError, match=r"requires a login \(Basic\)"):
        listed(f"orthanc+{server.url}/studies/{study}", None)
    vault.plant(PASSWORD)
    vault.basic(USER, PASSWORD)
    done = run_datalad(*login[1:], stdin=f"{USER}\n{PASSWORD}\n")
    assert (done.code, f"logged in to {server.url} as {USER}" in done.stdout) == (0, True)
    vault.run(*first)
    member = "sub01 Doe Jane/Head/OT T1w/OT000000.dcm"
    vault.run("git", "annex", "get", member, cwd=tmp_path / "study")
    assert (tmp_path / "study" / member).read_bytes() == content
    server.send(study, SeriesDescription="T1w", **tags)
    server.send(study, 2, SeriesDescription="T2w", **tags)
    assert "2 added" in vault.run(*again)
    vault.run(*export)
    with zipfile.ZipFile("study.zip") as archive:
        members = [name for name in archive.namelist() if not name.endswith("/")]
        ours = {name.partition("/")[2]: archive.read(name) for name in members}
    (identifier,) = server.find("Study", StudyInstanceUID=study)
    assert ours == server.archive(f"/studies/{identifier}")


def test_what_there_is_not(server: Server) -> None:
    server.send("1.4.1", PatientID="twice")
    server.send("1.4.2", PatientID="once")
    (once,) = server.find("Patient", PatientID="once")
    assert len(server.listed("/patients/once")) == len(server.listed(f"/patients/{once}")) == 1
    other = once[:-1] + ("0" if once[-1] != "0" else "1")
    with pytest.raises(StatusError, match=r"404.*no patient with this ID; .*its PatientID"):
        server.listed(f"/patients/{other}")
    # a study's ID is none of a patient
    (study,) = server.find("Study", StudyInstanceUID="1.4.2")
    with pytest.raises(StatusError, match="404"):
        server.listed(f"/patients/{study}")
    with pytest.raises(ManifestError, match=r"no study has the StudyInstanceUID '1\.9'; expected"):
        server.listed("/studies/1.9")
    for place in ("/patients/*", "/patients/once%5Ctwice"):
        with pytest.raises(ManifestError, match="is neither an Orthanc ID of a patient nor"):
            server.listed(place)
    for place in ("", "/studies", "/instances/1", "/studies/1.3/archive"):
        with pytest.raises(ManifestError, match="expected the URL of a patient, study or series"):
            server.listed(place)
    for place in ("/studies/1.3?token=secret", "/studies/1.3#secret"):
        with pytest.raises(ManifestError, match="must not contain") as caught:
            server.listed(place)
        assert "secret" not in str(caught.value)
