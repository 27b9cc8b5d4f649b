"""A real Orthanc for tests, that can be stopped and started again, and a portal of its studies."""

from __future__ import annotations

import io
import json
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from starlette.testclient import TestClient

from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.making import made_site
from datalad_jsdl.portal.serving import serve
from datalad_jsdl.portal.site import Site
from tests.fetch.credentials.servers import dicom_instance
from tests.lab import free_port

USER, PASSWORD = "alice", "planted-orthanc-hunter2"
TOKEN = "a-token-for-tests"


class Orthanc:
    """Debian's, with Basic authentication."""

    def __init__(self, program: str, folder: Path, **further: Any) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.session = requests.Session()
        self.session.auth = (USER, PASSWORD)
        folder.mkdir(parents=True)
        self._log = folder / "log"
        settings = {
            "Name": "test",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.port,
            "DicomServerEnabled": False,
            "RemoteAccessAllowed": True,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: PASSWORD},
            "Plugins": [],
            **further,
        }
        file = folder / "orthanc.json"
        file.write_text(json.dumps(settings))
        self._command = [program, str(file)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        """What it has written."""
        return self._log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        for _ in range(600):
            try:
                if self.session.get(f"{self.url}/system", timeout=5).ok:
                    return
            except requests.ConnectionError:
                assert self._process.poll() is None, self.said
            time.sleep(0.1)
        raise AssertionError(self.said)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def kill(self) -> None:
        """As a machine without power would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)
        self._process = None

    def send(self, number: int, study: str, series: int = 1, **tags: Any) -> bytes:
        """One instance; its bytes."""
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.{series}"}
        content = dicom_instance(number, **{**uids, "SeriesNumber": series, **tags})
        self.session.post(f"{self.url}/instances", data=content).raise_for_status()
        return content

    def find(self, level: str, **query: str) -> str:
        """Orthanc's ID of the only one."""
        question = {"Level": level, "Query": query}
        (found,) = self.session.post(f"{self.url}/tools/find", json=question).json()
        return str(found)

    def archive(self, path: str) -> dict[str, bytes]:
        """The members of the archive that Orthanc itself makes."""
        answer = self.session.get(f"{self.url}{path}/archive")
        answer.raise_for_status()
        return members(answer.content)


def members(content: bytes) -> dict[str, bytes]:
    """Name → bytes of a zip; folders have none."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        found = archive.infolist()
        return {item.filename: archive.read(item) for item in found if not item.is_dir()}


@contextmanager
def orthanc_portal(
    url: str,
    folder: Path,
    *,
    settings: Path | None = None,
    jobs: int = 1,
    given: tuple[str, ...] = (),
) -> Iterator[Portal]:
    """A portal that serves what an Orthanc has; its login is in the variable PASSWORD."""
    login = f"{url} env:PASSWORD user={USER}"
    with Store.of_file(folder / "portal.sqlite") as store:
        listening = listen("127.0.0.1", 0)
        desk = Desk(store, credentials=(login,))
        site, _ = made_site(desk, [], listening, TOKEN, settings, url)
        ready, stop = threading.Event(), threading.Event()
        options = {"jobs": jobs, "stop": stop}
        thread = threading.Thread(target=serve, args=(site, listening, ready.set), kwargs=options)
        thread.start()
        try:
            assert ready.wait(60)
            yield Portal(site, listening.url.rstrip("/"))
        finally:
            stop.set()
            thread.join()


class Portal:
    """One that runs."""

    def __init__(self, site: Site, url: str) -> None:
        self.site = site
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=60, **more)

    def post(self, path: str, document: Any = None) -> requests.Response:
        return self.session.post(self.url + path, json=document, timeout=60)

    def ready(self, path: str) -> dict[str, Any]:
        """The state of a zip once it does not change any more."""
        state: dict[str, Any] = {}
        for _ in range(600):
            answer = self.get(f"/api{path}/archive")
            state = answer.json()
            if answer.status_code != 202:
                return state
            time.sleep(0.1)
        raise AssertionError(state)


def browser(site: Site) -> TestClient:
    """One that is signed in, and follows."""
    fields = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    host = next(iter(sorted(site.hosts)))
    client = TestClient(make_app(site), f"http://{host}", headers=fields)
    assert client.get("/", params={"token": TOKEN}).status_code == 200
    return client
