"""A portal's page that has the module, and mirrors of other origins."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import datalad_jsdl

BROWSER = Path(datalad_jsdl.__file__).parent / "browser"
#: As strict as a portal's may be: no inline script or style, no eval, no WebAssembly.
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src *; style-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'"
)
#: For the Python below `Lab`: any page may read what it sends, of headers the usual ones only.
CORS = {"Access-Control-Allow-Origin": "*"}
_SOURCE = "datalad_jsdl/browser"  # where tests find the module
_OURS = ("/jsdl/", f"/{_SOURCE}/")
_TYPES = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css",
    ".json": "application/json",
}
_EMPTY = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Data</title><main></main>'


class Site:
    """A static server of the module at ``/jsdl/``, and of pages.

    Attributes:
        pages: path → content.
        policy: header of all pages.
        failing: path → how many requests for it are answered with 503.
    """

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {"/": _EMPTY.encode()}
        self.policy = POLICY
        self.failing: dict[str, int] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                file = BROWSER / path.removeprefix("/jsdl/").removeprefix(f"/{_SOURCE}/")
                content = site.pages.get(path)
                if (
                    content is None
                    and path.startswith(("/jsdl/", f"/{_SOURCE}/"))
                    and file.is_file()
                ):
                    content = file.read_bytes()
                if site.failing.get(path, 0) > 0:
                    site.failing[path] -= 1
                    self.send_response(503)
                else:
                    self.send_response(404 if content is None else 200)
                suffix = Path(path).suffix or ".html"
                self.send_header("Content-Type", _TYPES.get(suffix, "application/octet-stream"))
                self.send_header("Content-Length", str(len(content or b"")))
                self.send_header("Content-Security-Policy", site.policy)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(content or b"")

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://localhost:{self.port}"

    def __enter__(self) -> Site:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def site() -> Iterator[Site]:
    """A running one."""
    with Site() as found:
        yield found


def pieces(content: bytes, length: int = 1 << 20) -> dict[str, Any]:
    """Digests of the parts of a content, as a manifest has them."""
    digests = [
        hashlib.sha256(content[at : at + length]).hexdigest()
        for at in range(0, len(content), length)
    ]
    return {"algorithm": "sha256", "length": length, "digests": digests}


def manifest(entries: dict[str, Any]) -> str:
    return json.dumps(entries)


def other_host(url: str, name: str) -> str:
    """The same server under a name that is of another site, and a secure context."""
    return url.replace("127.0.0.1", f"{name}.localhost")
