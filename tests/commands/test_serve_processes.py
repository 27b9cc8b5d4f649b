"""A portal of several processes, its log, and how it is found again."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.commands.test_serve_downloads import SERVE
from tests.pages.conftest import made

TOKEN = "planted-token-hunter:2"
HEADERS = {"authorization": f"Bearer {TOKEN}"}


@dataclass
class Serving:
    """A portal that runs, of several processes."""

    process: subprocess.Popen[str]
    address: str
    errors: Path

    @property
    def url(self) -> str:
        return self.address.partition("/?")[0]

    def children(self) -> list[int]:
        """The processes that serve."""
        pid = self.process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in found if "serve-downloads" in _command(int(child))]

    def lines(self) -> list[dict[str, object]]:
        """The log."""
        return [json.loads(line) for line in self.errors.read_text().splitlines()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@contextlib.contextmanager
def serving(root: Path, *args: str, **environment: str) -> Iterator[Serving]:
    command = ["datalad", *SERVE, "--port", "0", *args, str(root)]
    environ = {**os.environ, "JSDL_TOKEN": TOKEN, **environment}
    errors = root.parent / "errors"
    with (
        errors.open("w") as said,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, text=True, env=environ
        ) as process,
    ):
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, errors.read_text()
        try:
            yield Serving(process, address, errors)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(90)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return made(tmp_path / "ds", {"a": b"a", "large": os.urandom(30_000_000)})


def ordered(portal: Serving) -> str:
    """An order of all files, prepared by one of the processes."""
    with httpx2.Client(base_url=portal.url, headers=HEADERS, timeout=60) as client:
        for path in ("a", "large"):
            file = {"dataset": "ds", "path": path}
            client.post("/api/v1/download/list/me/add", json=file).raise_for_status()
        order = str(client.put("/api/v1/download/list/me/order", json={}).json()["orderId"])
        client.post(f"/api/v1/download/order/{order}/async/start").raise_for_status()
        while client.head(f"/api/v1/orders/{order}/archive").status_code != 200:
            time.sleep(0.1)
    return order


def test_several_serve_as_one(root: Path) -> None:
    """One that is killed is replaced; numbers are those of all."""
    with serving(root, "--workers", "2") as portal:
        while len(portal.children()) < 2:
            time.sleep(0.05)
        assert len(set(portal.children())) == 2
        order = ordered(portal)
        first = httpx2.get(f"{portal.url}/api/v1/orders/{order}/archive", headers=HEADERS)
        killed = portal.children()[0]
        os.kill(killed, signal.SIGKILL)
        while killed in portal.children() or len(portal.children()) < 2:
            time.sleep(0.05)
        again = httpx2.get(f"{portal.url}/api/v1/orders/{order}/archive", headers=HEADERS)
        assert again.content == first.content, portal.errors.read_text()[-5000:]
        found = httpx2.get(f"{portal.url}/metrics", headers=HEADERS).text
        (sent,) = re.findall(r"^jsdl_archive_sent_bytes_total (\S+)", found, re.MULTILINE)
        assert float(sent) == 2 * len(first.content)
        pids = portal.children()
        portal.process.send_signal(signal.SIGTERM)
        assert portal.process.wait(60) == 0
        assert not any("serve-downloads" in _command(pid) for pid in pids)


def test_they_end_when_the_first_is_killed(root: Path) -> None:
    with serving(root, "--workers", "2") as portal:
        while len(pids := portal.children()) < 2:
            time.sleep(0.05)
        portal.process.kill()
        portal.process.wait(60)
        while any("serve-downloads" in _command(pid) for pid in pids):
            time.sleep(0.05)


def test_settings_that_are_wrong_end_it(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "portal.ini"
    file.write_text("[sign-in]\nby = nobody\n")
    command = ["datalad", "-f", "json", *SERVE, "--port", "0", "--workers", "2"]
    done = subprocess.run(
        [*command, "--settings", str(file), str(root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "nobody could see anything" in done.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_download_goes_on_while_it_ends(root: Path, workers: str) -> None:
    """No further connection is accepted; event streams end at once."""
    with serving(root, "--workers", workers, "--grace", "60") as portal:
        order = ordered(portal)
        host, _, port = portal.url.removeprefix("http://").partition(":")
        url = f"/api/v1/orders/{order}/archive"
        with socket.create_connection((host, int(port)), 60) as slow:
            who = f"Host: {host}:{port}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close"
            slow.sendall(f"GET {url} HTTP/1.1\r\n{who}\r\n\r\n".encode())
            got = slow.recv(1 << 16)
            head, _, body = got.partition(b"\r\n\r\n")
            size = int(re.search(rb"content-length: (\d+)", head.lower())[1])  # type: ignore[index]
            portal.process.send_signal(signal.SIGTERM)
            while _accepts(host, int(port)):
                time.sleep(0.05)
            taken = len(body)
            while chunk := slow.recv(1 << 20):
                taken += len(chunk)
            assert taken == size
        assert portal.process.wait(60) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_broken_off_is_no_error(root: Path, workers: str) -> None:
    """A client that has taken nothing yet when the portal has to end."""
    with serving(root, "--workers", workers, "--grace", "1") as portal:
        while portal.errors.read_text().count('"start"') < int(workers):
            time.sleep(0.05)
        order = ordered(portal)
        host, _, port = portal.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), 60) as slow:
            who = f"Host: {host}:{port}\r\nAuthorization: Bearer {TOKEN}"
            slow.sendall(f"GET /api/v1/orders/{order}/archive HTTP/1.1\r\n{who}\r\n\r\n".encode())
            assert slow.recv(100)
            portal.process.send_signal(signal.SIGTERM)
            assert portal.process.wait(60) == 0
    text = portal.errors.read_text()
    assert "Traceback" not in text
    lines = portal.lines()
    assert "error" not in {line["level"] for line in lines}
    (archive,) = [line for line in lines if line["event"] == "archive"]
    assert archive["ended"] == "portal stopped"
    assert float(str(archive["seconds"])) > 0
    stops = [line["broken_off"] for line in lines if line["event"] == "stop"]
    assert sorted(map(str, stops)) == [*["0"] * (int(workers) - 1), "1"]
    assert len([line for line in lines if line["event"] == "start"]) == int(workers)


def test_why_it_does_not_start_is_in_the_log(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = ["datalad", "serve-downloads", "--no-open", "--port", port, str(root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert (line["event"], line["level"]) == ("failed", "error")
    assert f"cannot listen on port {port}" in line["reason"]


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 5).close()
    except OSError:
        return False
    return True


def test_one_line_an_archive_and_no_secret(root: Path) -> None:
    """Ranges of one download are one line; links, tokens and cookies are in none."""
    with serving(root) as portal, httpx2.Client(base_url=portal.url, timeout=60) as client:
        signed = client.get("/", params={"token": TOKEN})
        assert signed.status_code == 303
        cookie = dict(client.cookies)
        client.get("/", params={"token": "planted-wrong-token"})
        order = ordered(portal)
        curl = client.get(f"/api/v1/orders/{order}/curl", headers=HEADERS).text
        link = re.search(r"/d/[\w-]+\.([\w-]+)/[^'\s]*", curl)
        assert link, curl
        whole = client.get(link[0]).content
        half = len(whole) // 2
        for span in (f"bytes=0-{half - 1}", f"bytes={half}-"):
            answer = client.get(
                f"/api/v1/orders/{order}/archive", headers={**HEADERS, "range": span}
            )
            assert answer.status_code == 206
        client.get(link[0].replace(link[1], "planted-signature"))
        client.get("/api/v1/datasets?planted-query=1", headers={"authorization": "Bearer no"})
        client.cookies.clear()
        client.get("/api/v1/orders/x/archive")
        portal.process.send_signal(signal.SIGTERM)
        assert portal.process.wait(60) == 0
    text = portal.errors.read_text()
    for secret in (TOKEN, link[1], *cookie.values(), "planted", f"/d/{order}"):
        assert secret not in text
    lines = portal.lines()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", str(line["timestamp"])) for line in lines)
    archives = [line for line in lines if line["event"] == "archive"]
    assert [(line["bytes"], line["ended"], line["requests"]) for line in archives] == [
        (len(whole), "complete", 1),
        (len(whole), "complete", 2),
    ]
    assert {line["order"] for line in archives} == {order}
    assert len({line["user"] for line in archives}) == 1
    assert archives[0]["user"] != "me"
    events = [line["event"] for line in lines]
    assert {"sign-in", "sign-in refused"} <= set(events)
    assert {"event": "refused", "status": 401} in [
        {name: line[name] for name in ("event", "status")} for line in lines if "status" in line
    ]


def test_a_log_for_people(root: Path) -> None:
    with serving(root, "--log-format", "text") as portal:
        httpx2.get(f"{portal.url}/", params={"token": TOKEN})
    text = portal.errors.read_text()
    events = re.findall(r"^timestamp=\S+ event=(\S+) ", text, re.MULTILINE)
    assert events == ["start", "sign-in", "stop"]
    assert len(text.splitlines()) == 3, text


def test_the_browser_is_given_a_file(root: Path, tmp_path: Path) -> None:
    """No command line has the token; and `--url` tells the address again."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/opened\n')
    browser.chmod(0o755)
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(run), "JSDL_TOKEN": TOKEN}
    command = ["datalad", "serve-downloads", "--port", "0", str(root)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**environment, "BROWSER": str(browser)}
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        opened = tmp_path / "opened"
        while not opened.exists() or not opened.read_text().strip():
            time.sleep(0.05)
        given = opened.read_text().strip()
        assert TOKEN not in given
        page = Path(given.removeprefix("file://"))
        assert page.stat().st_mode & 0o777 == 0o600
        assert page.parent.stat().st_mode & 0o777 == 0o700
        assert f'content="0; url={address}"' in page.read_text()
        asked = ["datalad", "serve-downloads", "--url"]
        told = subprocess.run(asked, capture_output=True, text=True, env=environment, check=True)
        assert told.stdout.splitlines()[0] == address
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert not page.exists()
    told = subprocess.run(asked, capture_output=True, text=True, env=environment, check=False)
    assert told.returncode == 1
    assert "no portal of yours runs on this machine" in told.stdout + told.stderr
