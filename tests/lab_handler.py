"""How the fault laboratory answers: one request, with the faults of its file."""

from __future__ import annotations

import gzip
import re
import select
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.lab_files import Request, older
from tests.wire import Asked, Talk

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.lab_files import File

__all__ = ["HTML", "Handler"]

HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Log in</title></head><body>Please log in.</body></html>\n"
)

_CHUNK = 1 << 16  # bytes
_TICKS = 20  # chunks per second of what is sent slowly


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_POST(self) -> None:
        self._answer(body=True)

    def do_CONNECT(self) -> None:
        """As a proxy: a tunnel to wherever (RFC 9110, 9.3.6)."""
        lab: Lab = self.server.lab  # type: ignore[attr-defined]  # typeshed: a BaseServer
        self._request = Request(self.command, self.path, dict(self.headers), 0)
        lab.requests.append(self._request)
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: target, target: self.connection}
            while not lab.closing.is_set():
                ready = select.select(list(ends), [], [], 0.1)[0]
                for end in ready:
                    if not (data := end.recv(_CHUNK)):
                        self.close_connection = True
                        return
                    ends[end].sendall(data)

    def send_response(self, code: int, message: str | None = None) -> None:
        self._request.status = code
        super().send_response(code, message)

    def _answer(self, *, body: bool) -> None:
        lab: Lab = self.server.lab  # type: ignore[attr-defined]  # as above
        # a file may be kept by its query too
        self._lab = lab
        path = self.path if self.path in lab.files else urlsplit(self.path).path
        self._request = Request(self.command, path, dict(self.headers), self.client_address[1])
        self._request.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        lab.requests.append(self._request)
        file = lab.files.get(path)
        if file is None or (not body and not file.head):
            self._page(404, body)
            return
        if file.wants and self.headers.get(file.wants[0]) != file.wants[1]:
            self._page(401, body, {"WWW-Authenticate": file.challenge} if file.challenge else {})
            return
        lab.closing.wait(file.delay)
        lab.served[path] += 1
        faulty = file.times is None or lab.served[path] <= file.times
        if file.answer and faulty:
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, self.client_address[1])
            talk = Talk(lab, self.connection, asked)
            file.answer(talk, file.content)
            self.close_connection |= not talk.open
        elif file.mute and faulty:
            self.close_connection = True
            lab.closing.wait(file.hang_seconds)
        elif file.location and faulty:
            self.send_response(302)
            self.send_header("Location", file.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif file.status != 200 and faulty:
            self._page(file.status, body, file.headers)
        elif file.html and faulty:
            self._page(200, body)
        else:
            self._content(file, body, faulty)

    def _page(self, status: int, body: bool, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(HTML)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(HTML)

    def _content(self, file: File, body: bool, faulty: bool) -> None:
        content, etag = _version(file, self._lab.served[self._request.path])
        compressed = file.gzip and faulty
        if faulty:
            content = _spoiled(file, content)
        if compressed:
            content = gzip.compress(content, 1, mtime=0)
        start, end = 0, len(content)
        found = None if compressed else self._range(file, len(content), etag)
        if found is not None:
            start, end = found
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
        self.send_response(200 if found is None else 206)
        if found is not None:
            right = f"bytes {start}-{end - 1}/{len(content)}"
            lie = file.content_range if self._range_spoiled else None
            self.send_header("Content-Range", lie or right)
        if file.no_length:
            self.send_header("Connection", "close")
            self.close_connection = True
        elif file.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(end - start))
        if compressed:
            self.send_header("Content-Encoding", "gzip")
        for name, value in ({"Content-Type": "application/gzip"} | file.headers).items():
            self.send_header(name, value)
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        if not body:
            return
        if found is not None and file.shift and self._range_spoiled:
            content = content[file.shift :] + content[: file.shift]
        self._send(file, content, start, end, faulty)

    def _range(self, file: File, size: int, etag: str | None) -> tuple[int, int] | None:
        """First byte and end of what is asked for; None for all of the file."""
        asked = self.headers.get("Range", "")
        if suffix := re.fullmatch(r"bytes=-(\d+)", asked):
            asked = f"bytes={max(0, size - int(suffix[1]))}-" if file.suffixes else ""
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked)
        if match is None or self.headers.get("If-Range") not in (None, etag):
            return None
        counts, path = self._lab.ranges_served, self._request.path
        counts[path] += 1
        self._range_spoiled = file.range_times is None or counts[path] <= file.range_times
        if not file.ranges and self._range_spoiled:
            return None
        return int(match[1]), min(int(match[2]) + 1, size) if match[2] else size

    def _send(self, file: File, content: bytes, start: int, end: int, faulty: bool) -> None:
        """The body, as far as the file's faults let it get."""
        places = {
            name: _place(getattr(file, name), len(content))
            for name in ("reset_at", "cut_at", "hang_at")
            if faulty and getattr(file, name) is not None
        }
        stop = min([end, *(place for place in places.values() if place >= start)])
        if not self._send_range(file, content, start, stop, faulty):
            return
        if stop not in places.values():
            if file.chunked:
                self.wfile.write(b"0\r\n\r\n")
            return
        self.close_connection = True
        if stop == places.get("hang_at"):
            self._lab.closing.wait(file.hang_seconds)
        if stop == places.get("reset_at"):
            # what is on its way arrives, and is read, before the reset does
            time.sleep(0.2)
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def _send_range(self, file: File, content: bytes, at: int, stop: int, faulty: bool) -> bool:
        """Send these bytes at the file's pace; False if the client or the lab has gone."""
        rate = file.rate or self._lab.rate
        slow_from = _place(file.drip_at, len(content)) if file.drip and faulty else stop
        sent, since = 0, time.monotonic()
        while at < stop:
            if at >= slow_from and rate != file.drip:
                rate, sent, since = file.drip, 0, time.monotonic()
            last = stop if at >= slow_from else min(stop, slow_from)
            length = max(1, min(_CHUNK, rate // _TICKS)) if rate else _CHUNK
            chunk = content[at : min(at + length, last)]
            try:
                self._write(file, chunk)
            except OSError:
                self.close_connection = True
                return False
            self._request.sent += len(chunk)
            at, sent = at + len(chunk), sent + len(chunk)
            pause = since + sent / rate - time.monotonic() if rate else 0
            if pause > 0 and self._lab.closing.wait(pause):
                self.close_connection = True
                return False
        return True

    def _write(self, file: File, chunk: bytes) -> None:
        if file.chunked and not file.no_length:
            chunk = b"%x\r\n%b\r\n" % (len(chunk), chunk)
        self.wfile.write(chunk)


def _place(value: float, size: int) -> int:
    """A place in content of a size: a share of it (float), or a number of bytes (int)."""
    return int(value * size) if isinstance(value, float) else value


def _version(file: File, request: int) -> tuple[bytes, str | None]:
    """Content and entity tag at the request of this number, the first being 1."""
    if not file.versions:
        return file.content, file.etag
    version = file.versions[min(request, len(file.versions)) - 1]
    content = file.content if version.content is None else version.content
    return older(content) if version.older else content, version.etag


def _spoiled(file: File, content: bytes) -> bytes:
    """The content with the file's faults in it."""
    size = len(content)
    if file.corrupt_at is not None:
        at = _place(file.corrupt_at, size)
        content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    if file.shorter:
        content = content[: size - _place(file.shorter, size)]
    if file.longer:
        content += bytes(_place(file.longer, size))
    return content
