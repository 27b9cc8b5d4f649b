"""Which programs pass a login on to another host that they are redirected to."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["logins"]

_CONTENT = b"behind a login\n" * 100
_KEY = f"SHA256E-s{len(_CONTENT)}--{hashlib.sha256(_CONTENT).hexdigest()}.bin"
_TOKEN = "s3cret"  # noqa: S105 - of a server made up here
_HEADER = f"Authorization: Bearer {_TOKEN}"
_NAME = "f.bin"
_POOCH = (
    "import pooch, sys; pooch.retrieve(sys.argv[1], None, 'f.bin', '.', "
    f"downloader=pooch.HTTPDownloader(headers=dict([{tuple(_HEADER.split(': '))}])))"
)


@dataclass
class _Host:
    """A server: it gives the file, or redirects those who have the token.

    Attributes:
        target: where to; "" to give the file.
        seen: the ``Authorization`` of each request, "" for none.
        url: of the file.
    """

    target: str = ""
    seen: list[str] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    host: _Host

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "")
        self.host.seen.append(given)
        body = b""
        if not self.host.target:
            self.send_response(200)
            body = _CONTENT
        elif given == _HEADER.partition(": ")[2]:
            self.send_response(302)
            self.send_header("Location", self.host.target)
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _serving(address: str, target: str = "") -> Iterator[_Host]:
    host = _Host(target)
    handler = type("_Own", (_Handler,), {"host": host})
    with ThreadingHTTPServer((address, 0), handler) as server:
        host.url = f"http://{address}:{server.server_address[1]}/{_NAME}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield host
        server.shutdown()


def _ours(folder: Path, url: str) -> list[str]:
    """A dataset whose user has a token for the portal in an environment variable."""
    digest = _KEY.partition("--")[2].partition(".")[0]
    entry = {"urls": [url], "size": len(_CONTENT), "digests": {"sha256": digest}}
    (folder / "m.json").write_text(json.dumps({_NAME: entry}))
    origin = url.rpartition("/")[0]
    line = ["git", "config", "--global", "datalad.jsdl.credential", f"{origin} env:PORTAL_TOKEN"]
    subprocess.run(line, check=True)
    return ["datalad", "-f", "disabled", "download-manifest", "--get", "m.json", "study"]


def _git_annex(folder: Path, url: str) -> list[str]:
    for line in (
        ["git", "init", "-q"],
        ["git", "annex", "init", "-q"],
        ["git", "annex", "fromkey", "-q", "--force", _KEY, _NAME],
        ["git", "annex", "registerurl", "-q", _KEY, url],
    ):
        subprocess.run(line, cwd=folder, check=True, capture_output=True)
    return ["git", "-c", f"annex.http-headers={_HEADER}", "annex", "get", "-q", _NAME]


_WAYS: dict[str, Callable[[Path, str], list[str]]] = {
    "jsdl": _ours,
    "annex": _git_annex,
    "curl": lambda _, url: ["curl", "-fsSL", "-H", _HEADER, "-o", _NAME, url],
    "wget": lambda _, url: ["wget", "-q", f"--header={_HEADER}", "-O", _NAME, url],
    "aria2": lambda _, url: ["aria2c", "-q", "--no-conf", f"--header={_HEADER}", "-o", _NAME, url],
    "rclone": lambda _, url: [
        *("rclone", "copyurl", "-q", "--config", "", "--header", _HEADER, url, _NAME)
    ],
    "pooch": lambda _, url: [sys.executable, "-c", _POOCH, url],
}
_PROGRAMS = {"jsdl": "datalad", "annex": "git-annex", "aria2": "aria2c"}


def logins(folder: Path) -> dict[str, dict[str, bool]]:
    """Program → ``fetched``: it has got the file; ``passed on``: the other host saw the login."""
    return {
        name: _tried(folder / name, way)
        for name, way in _WAYS.items()
        if (util.find_spec(name) if name == "pooch" else shutil.which(_PROGRAMS.get(name, name)))
    }


def _tried(folder: Path, way: Callable[[Path, str], list[str]]) -> dict[str, bool]:
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        other = stack.enter_context(_serving("127.0.0.2"))
        portal = stack.enter_context(_serving("127.0.0.1", other.url))
        command = way(folder, portal.url)
        subprocess.run(
            command, cwd=folder, env={**os.environ, "PORTAL_TOKEN": _TOKEN}, check=False,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
    made = [file.read_bytes() for file in folder.rglob(_NAME) if file.is_file()]
    is_right = made == [_CONTENT]
    return {"fetched": is_right, "passed on": any(other.seen)}
