"""The plugin, loaded by a real Orthanc, which starts the portal by itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from datalad_jsdl.portal.orthanc import plugin
from datalad_jsdl.portal.orthanc.plugin import read_settings
from tests.lab import free_port
from tests.serving.pacs import Orthanc, members

LIBRARY = Path("/usr/share/orthanc/plugins/libOrthancPython.so")
HTML = {"Accept": "text/html,application/xhtml+xml"}
UID = "1.2.3.1"


class Running:
    """An Orthanc with the plugin, and the port of its portal."""

    def __init__(self, orthanc: Orthanc, port: int) -> None:
        self.orthanc = orthanc
        self.port = port
        self.study = f"/studies/{orthanc.find('Study', StudyInstanceUID=UID)}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self, *, up: bool = True) -> None:
        """Until the portal answers, or does not any more."""
        for _ in range(300):
            try:
                requests.get(f"{self.url}/health", timeout=5)
                if up:
                    return
            except requests.ConnectionError:
                if not up:
                    return
            time.sleep(0.1)
        raise AssertionError(self.orthanc.said)


@pytest.fixture
def running(home: Path, program: Callable[[str], str], tmp_path: Path) -> Iterator[Running]:
    if not LIBRARY.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("orthanc-python is not installed")
    port = free_port()
    datalad = str(Path(sys.executable).with_name("datalad"))
    orthanc = Orthanc(
        program("Orthanc"), tmp_path / "orthanc", Plugins=[str(LIBRARY)],
        PythonScript=plugin.__file__, Downloads={"Command": datalad, "Port": port},
    )  # fmt: skip
    orthanc.start()
    try:
        for number in range(3):
            orthanc.send(number, UID, StudyDescription="Head")
        yield Running(orthanc, port)
    finally:
        orthanc.stop()


def test_from_orthancs_button_to_the_zip(running: Running) -> None:
    orthanc, study = running.orthanc, running.study
    running.wait()
    own = orthanc.session.get(f"{orthanc.url}{study}/archive")  # no browser: as it was
    assert own.headers["Content-Type"] == "application/zip"
    led = orthanc.session.get(f"{orthanc.url}{study}/archive", headers=HTML, allow_redirects=False)
    assert led.status_code == 303
    assert led.headers["Location"].startswith(f"{running.url}{study}/archive?token=")
    assert led.headers["Cache-Control"] == "no-store"
    assert requests.get(f"{orthanc.url}{study}/archive", headers=HTML).status_code == 401
    browser = requests.Session()
    browser.headers.update({**HTML, "Sec-Fetch-Site": "same-origin"})
    page = browser.get(led.headers["Location"])
    assert page.url == f"{running.url}{study}/archive"
    token = re.search(r'name="token" value="([^"]+)"', page.text)
    assert token, page.text
    browser.post(f"{running.url}{study}/archive", data={"token": token[1]})
    for _ in range(600):
        page = browser.get(f"{running.url}{study}/archive")
        if link := re.search(r'href="(/d/[^"]+)" download', page.text):
            break
        time.sleep(0.1)
    assert link, page.text
    assert members(browser.get(running.url + link[1]).content) == members(own.content)
    # its secrets are in no command line and in no log
    portals = processes(orthanc.pid)
    assert portals
    for line in portals.values():
        assert "--orthanc" in line
        assert token[1] not in line
    secret = led.headers["Location"].partition("token=")[2]
    assert secret not in orthanc.said
    assert all(secret not in line for line in portals.values())


def test_a_post_is_orthancs_own(running: Running) -> None:
    orthanc, study = running.orthanc, running.study
    job = orthanc.session.post(f"{orthanc.url}{study}/archive", json={"Asynchronous": True}).json()
    assert orthanc.session.get(f"{orthanc.url}{job['Path']}").json()["Type"] == "Archive"
    done = orthanc.session.post(f"{orthanc.url}{study}/archive", json={})
    assert list(members(done.content).values()) == list(orthanc.archive(study).values())
    jpeg = "1.2.840.10008.1.2.4.70"
    asked = orthanc.session.get(f"{orthanc.url}{study}/archive", params={"transcode": jpeg})
    assert all(jpeg.encode() in content for content in members(asked.content).values())
    unknown = study[:-1] + ("0" if study[-1] != "0" else "1")
    assert orthanc.session.get(f"{orthanc.url}{unknown}/archive").status_code == 404
    assert orthanc.session.delete(f"{orthanc.url}{study}/archive").status_code == 405


def test_it_ends_with_orthanc(running: Running) -> None:
    running.wait()
    running.orthanc.stop()
    running.wait(up=False)


def test_it_ends_with_an_orthanc_that_is_killed(running: Running) -> None:
    running.wait()
    running.orthanc.kill()
    running.wait(up=False)
    running.orthanc.start()
    running.wait()


def test_it_is_started_again(running: Running) -> None:
    running.wait()
    (before,) = processes(running.orthanc.pid)
    os.kill(before, 9)
    for _ in range(600):
        after = processes(running.orthanc.pid).keys()
        if after and before not in after:
            break
        time.sleep(0.1)
    running.wait()


def test_explorer_opens_a_new_tab(running: Running) -> None:
    script = running.orthanc.session.get(f"{running.orthanc.url}/plugins/explorer.js").text
    assert "#study-archive" in script
    assert "'_blank'" in script


def processes(parent: int) -> dict[int, str]:
    """Id → command line of what a process has started."""
    command = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    return {int(line.split(None, 1)[0]): line for line in lines}


def test_settings() -> None:
    found = read_settings({"HttpPort": 8043, "IndexDirectory": "/var/lib/orthanc"})
    assert found.orthanc == "http://127.0.0.1:8043"
    assert found.store == "sqlite:////var/lib/orthanc/downloads.sqlite"
    assert found.page("/x", {"host": "pacs:8042"}, "a/b") == "http://pacs:8000/x?token=a%2Fb"
    assert found.page("/x", {"host": "[::1]:8042"}, "t") == "http://[::1]:8000/x?token=t"
    own = {
        "Address": "https://d.example/",
        "SignIn": "portal",
        "Settings": "/p.ini",
        "Command": "d",
    }
    found = read_settings({"Downloads": own, "SslEnabled": True})
    assert found.page("/x", {}, "t") == "https://d.example/x"
    assert found.line[:4] == ["d", "serve-downloads", "--no-open", "--orthanc"]
    assert found.line[-2:] == ["--settings", "/p.ini"]
    assert found.orthanc == "https://127.0.0.1:8042"


@pytest.mark.parametrize("given", [{"Porto": 1}, {"SignIn": "nobody"}, []])
def test_settings_that_cannot_be(given: Any) -> None:
    with pytest.raises(ValueError, match="Downloads: "):
        read_settings({"Downloads": given})
