"""The fault laboratory: an HTTP/1.1 server whose every URL can be told to misbehave."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlsplit

HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Log in</title></head><body>Please log in.</body></html>\n"
)


@dataclass
class File:
    """What one URL serves, and how it misbehaves.

    Attributes:
        content: the body.
        status: answered instead of 200, with an HTML page, as long as *times* lasts.
        times: how many requests the fault lasts; None for ever.
        html: 200 with an HTML page instead of the content.
        reset_at: the connection is reset after so many bytes of the content.
        cut_at: the connection is closed after so many bytes of the content.
        hang_at: nothing more comes after so many bytes of the content.
        no_length: neither a length nor chunks: the end of the connection is the end.
        ranges: honours Range.
        content_range: sent instead of the right one.
        etag: of the content.
        head: HEAD is answered as GET is; else with 404, as Orthanc does.
        location: redirect there.
        headers: further ones.
        delay: seconds before the answer.
    """

    content: bytes = b""
    status: int = 200
    times: int | None = None
    html: bool = False
    reset_at: int | None = None
    cut_at: int | None = None
    hang_at: int | None = None
    no_length: bool = False
    ranges: bool = True
    content_range: str | None = None
    etag: str | None = None
    head: bool = True
    location: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0


@dataclass
class Request:
    """One request as it came in, from which port, and the bytes of content sent in answer."""

    method: str
    path: str
    headers: dict[str, str]
    port: int
    sent: int = 0


class Lab:
    """A server on a free port of 127.0.0.1; a context manager."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.requests: list[Request] = []
        self.served: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.lab = self  # type: ignore[attr-defined]  # for the handler to find
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Lab:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, path: str, content: bytes = b"", **faults: object) -> str:
        """Serve *content* at *path* (not yet quoted); returns the URL."""
        quoted = "/" + quote(path)
        self.files[quoted] = File(content, **faults)  # type: ignore[arg-type]
        return self.url + quoted

    def sent(self, path: str | None = None) -> int:
        """Bytes of content sent so far, of one path or all."""
        return sum(r.sent for r in self.requests if path is None or r.path == "/" + quote(path))


def refused_url(path: str = "x") -> str:
    """A URL at a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/{path}"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        lab: Lab = self.server.lab  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        request = Request(self.command, path, dict(self.headers), self.client_address[1])
        lab.requests.append(request)
        file = lab.files.get(path)
        if file is None or (not body and not file.head):
            self._page(404, body)
            return
        time.sleep(file.delay)
        lab.served[path] += 1
        faulty = file.times is None or lab.served[path] <= file.times
        if file.location and faulty:
            self.send_response(302)
            self.send_header("Location", file.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif file.status != 200 and faulty:
            self._page(file.status, body, file.headers)
        elif file.html and faulty:
            self._page(200, body)
        else:
            self._content(file, request, body, faulty)

    def _page(self, status: int, body: bool, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(HTML)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(HTML)

    def _content(self, file: File, request: Request, body: bool, faulty: bool) -> None:
        content, start, end = file.content, 0, len(file.content)
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        matches = self.headers.get("If-Range") in (None, file.etag)
        ranged = bool(match and file.ranges and matches)
        if match and ranged:
            start = int(match[1])
            end = min(int(match[2]) + 1, end) if match[2] else end
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
        self.send_response(206 if ranged else 200)
        if ranged:
            right = f"bytes {start}-{end - 1}/{len(content)}"
            self.send_header("Content-Range", file.content_range or right)
        if file.no_length:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(end - start))
        self.send_header("Content-Type", file.headers.get("Content-Type", "application/gzip"))
        if file.etag:
            self.send_header("ETag", file.etag)
        self.end_headers()
        if body:
            self._send(file, request, start, end, faulty)

    def _send(self, file: File, request: Request, start: int, end: int, faulty: bool) -> None:
        stops = [s for s in (file.reset_at, file.cut_at, file.hang_at) if s is not None and faulty]
        stop = min([end, *(s for s in stops if s >= start)])
        for at in range(start, stop, 1 << 16):
            chunk = file.content[at : min(at + (1 << 16), stop)]
            try:
                self.wfile.write(chunk)
            except OSError:
                return
            request.sent += len(chunk)
        if stop == end and end not in stops:
            return
        self.close_connection = True
        if stop == file.hang_at:
            time.sleep(30)
        if stop == file.reset_at:
            # what is on its way arrives before the reset does
            time.sleep(0.05)
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
