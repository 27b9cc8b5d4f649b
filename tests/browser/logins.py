"""Servers of one host that tell what logins they got, and a download that could give them away."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.browser.test_chromium import described

COOKIE = "session=c00kie"
_SECRETS = ("Cookie", "Authorization", "X-API-Key")


@dataclass
class Logger:
    """A server, with all that browsers have sent of secrets.

    Attributes:
        url: of it, by a name whose cookies go to all ports.
        moved: path → where it redirects to.
        seen: path and the names of the secrets that came with it, of all but preflights.
    """

    url: str
    moved: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, frozenset[str]]] = field(default_factory=list)

    def secrets(self, path: str) -> set[frozenset[str]]:
        """What came, as it came."""
        return {found for asked, found in self.seen if asked == path}


@contextlib.contextmanager
def logging_server() -> Iterator[Logger]:
    """A running one; it lets any origin read, with its cookies, and gives each path as content."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def _head(self, status: int, length: int, **more: str) -> None:
            self.send_response(status)
            headers = {
                "Access-Control-Allow-Origin": self.headers.get("Origin", "*"),
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Allow-Headers": "Authorization, X-API-Key, Range",
                "Content-Length": str(length),
                **more,
            }
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def do_OPTIONS(self) -> None:
            self._head(204, 0)

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            found = frozenset(name for name in _SECRETS if name in self.headers)
            logger.seen.append((self.path, found))
            if self.path in logger.moved:
                self._head(302, 0, Location=logger.moved[self.path])
                return
            content = self.path.encode()
            self._head(200, len(content))
            if self.command == "GET":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    logger = Logger(f"http://localhost:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield logger
    finally:
        server.shutdown()
        server.server_close()


def entries(named: Logger, mirror: Logger) -> dict[str, Any]:
    """Files of the server that is named, of another, and some that the first has moved there."""
    named.moved = {"/moved": f"{mirror.url}/there", "/hidden": f"{mirror.url}/unsized-there"}
    found = {
        "own": described(b"/own", f"{named.url}/own"),
        "other": described(b"/other", f"{mirror.url}/other"),
        "moved": described(b"/there", f"{named.url}/moved", f"{mirror.url}/there"),
        # how large they are is asked for first
        "unsized": described(b"/unsized", f"{named.url}/unsized"),
        "unsized-other": described(b"/unsized-other", f"{mirror.url}/unsized-other"),
        "hidden": described(
            b"/unsized-there", f"{named.url}/hidden", f"{mirror.url}/unsized-there"
        ),
    }
    for path in ("unsized", "unsized-other", "hidden"):
        del found[path]["size"]
    return found


#: What is sent → options, and what the named server gets.
WAYS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "cookie": ({"credentials": "include"}, {"Cookie"}),
    "token": ({"headers": {"Authorization": "Bearer s3cret"}}, {"Authorization"}),
    "key": ({"headers": {"X-API-Key": "s3cret"}}, {"X-API-Key"}),
}


def options(way: str, named: Logger) -> dict[str, Any]:
    """Those of `download`, for the server that is named."""
    return {name: {named.url: value} for name, value in WAYS[way][0].items()}


def check(way: str, report: dict[str, Any], named: Logger, mirror: Logger) -> None:
    """All files came, and secrets went to the named server alone."""
    assert (report["fault"], report["failed"], report["verified"]) == (None, [], 6)
    got = {frozenset(WAYS[way][1])}
    for path in ("/own", "/moved", "/unsized", "/hidden"):
        assert named.secrets(path) == got, path
    for path in ("/other", "/there", "/unsized-other", "/unsized-there"):
        assert mirror.secrets(path) == {frozenset()}, path
