"""The fault laboratory does what it is told to: seen by a client that knows no mercy."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import ssl
import threading
import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.lab import Authority, Lab, Version, older
from tests.portal import content_of

CONTENT = content_of("lab", 300_000)
HALF = len(CONTENT) // 2

Answer = tuple[int, dict[str, str], bytes]


def ask(url: str, *, tls: ssl.SSLContext | None = None, **headers: str) -> Answer:
    """One request; what came of the body before it broke off."""
    parts = urlsplit(url)
    place = (parts.hostname or "", parts.port)
    connection = (
        http.client.HTTPSConnection(*place, timeout=0.5, context=tls)
        if parts.scheme == "https"
        else http.client.HTTPConnection(*place, timeout=0.5)
    )
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(connection):
        connection.request("GET", parts.path, headers=sent)
        answer = connection.getresponse()
        body = b""
        try:
            while chunk := answer.read1(1 << 16):
                body += chunk
        except (OSError, http.client.HTTPException) as error:
            answer.headers["Broke-Off"] = type(error).__name__
    return answer.status, dict(answer.headers.items()), body


@pytest.mark.parametrize(
    ("faults", "breaks"),
    [
        ({"reset_at": 0.5}, "ConnectionResetError"),
        ({"hang_at": 0.5}, "TimeoutError"),
        ({"reset_at": 0.5, "chunked": True}, "ConnectionResetError"),
        ({"cut_at": 0.5, "chunked": True}, "IncompleteRead"),
        ({"cut_at": 0.5, "no_length": True}, ""),
        ({"cut_at": 0.5}, ""),  # http.client's read1 does not tell; the length does
    ],
)
def test_it_breaks_off_half_way(lab: Lab, faults: dict[str, Any], breaks: str) -> None:
    url = lab.put("f", CONTENT, times=1, **faults)
    status, headers, body = ask(url)
    assert (status, body) == (200, CONTENT[:HALF])
    assert headers.get("Broke-Off", "") == breaks
    assert lab.sent("f") == HALF
    assert ("Content-Length" in headers) == (len(faults) == 1)
    assert ask(url)[2] == CONTENT  # it has passed


def test_it_is_mute(lab: Lab) -> None:
    with pytest.raises(TimeoutError):
        ask(lab.put("f", CONTENT, mute=True))
    assert lab.requests[0].status == 0


class Pauses(threading.Event):
    """Is never waited for: it counts the seconds that were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0)
        return self.is_set()

    def longest(self, expected: float) -> float:
        """The longest one; the last may be asked for when the client has all it wants."""
        end = time.monotonic() + 10
        while max(self.asked, default=0) < expected * 0.999 and time.monotonic() < end:
            time.sleep(0.01)
        return max(self.asked)


@pytest.fixture
def pauses(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """A clock that stands still, and what the lab would have waited."""
    monkeypatch.setattr("tests.lab_handler.time", SimpleNamespace(monotonic=lambda: 0.0))
    lab.closing = pauses = Pauses()
    return pauses


def test_it_takes_its_time(lab: Lab, pauses: Pauses) -> None:
    # the clock stands still: at each pause, all seconds since the beginning are asked for
    for faults, seconds in (({"delay": 0.2}, 0.2), ({"rate": 1_000_000}, 0.3)):
        pauses.asked.clear()
        assert ask(lab.put("f", CONTENT, **faults))[2] == CONTENT
        assert pauses.longest(seconds) == pytest.approx(seconds)


def test_it_drips_from_half_way_on(lab: Lab, pauses: Pauses) -> None:
    assert ask(lab.put("f", CONTENT, drip=100_000, drip_at=0.5))[2] == CONTENT
    assert pauses.longest(HALF / 100_000) == pytest.approx(HALF / 100_000)


def test_it_spoils_the_content(lab: Lab) -> None:
    corrupt = ask(lab.put("f", CONTENT, corrupt_at=0.5))[2]
    assert [at for at in range(len(CONTENT)) if corrupt[at] != CONTENT[at]] == [HALF]
    assert ask(lab.put("f", CONTENT, shorter=0.1))[2] == CONTENT[: len(CONTENT) * 9 // 10]
    assert ask(lab.put("f", CONTENT, longer=7))[2] == CONTENT + bytes(7)
    _, headers, body = ask(lab.put("f", CONTENT, gzip=True), Range="bytes=5-")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == CONTENT


def test_it_lies_about_ranges(lab: Lab) -> None:
    url = lab.put("f", CONTENT, range_times=1, ranges=False)
    assert ask(url, Range="bytes=5-")[0] == 200
    status, headers, body = ask(url, Range="bytes=5-9")
    assert (status, body) == (206, CONTENT[5:10])
    assert headers["Content-Range"] == f"bytes 5-9/{len(CONTENT)}"
    lie = lab.put("f", CONTENT, content_range="bytes 1-2/3")
    assert ask(lie, Range="bytes=5-")[1]["Content-Range"] == "bytes 1-2/3"
    shifted = lab.put("f", CONTENT, shift=3)
    assert ask(shifted, Range="bytes=5-9")[2] == CONTENT[8:13]
    assert ask(shifted)[2] == CONTENT


def test_it_changes_between_requests(lab: Lab) -> None:
    versions = [Version(older=True, etag='"1"'), Version(b"new", '"2"'), Version(etag='"3"')]
    url = lab.put("f", CONTENT, versions=versions)
    answers = [ask(url) for _ in range(4)]
    assert [body for _, _, body in answers] == [older(CONTENT), b"new", CONTENT, CONTENT]
    assert [headers["ETag"] for _, headers, _ in answers] == ['"1"', '"2"', '"3"', '"3"']
    assert ask(url, Range="bytes=5-", If_Range='"2"')[0] == 200
    assert ask(url, Range="bytes=5-", If_Range='"3"')[0] == 206


def test_its_certificate_is_of_a_private_authority() -> None:
    authority = Authority()
    with Lab(authority) as lab:
        url = lab.put("f", CONTENT)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(url, tls=ssl.create_default_context())
        trusting = ssl.create_default_context(cadata=authority.pem.decode())
        assert ask(url, tls=trusting)[2] == CONTENT
        cut = lab.put("f", CONTENT, cut_at=0.5, no_length=True)
        assert ask(cut, tls=trusting)[2] == CONTENT[:HALF]
