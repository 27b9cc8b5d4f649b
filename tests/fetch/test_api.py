"""Answers of a portal's API that are too slow, too large, or of failure."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import FetchError, StatusError
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http import documents as api
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.fetch.settings import Settings
from tests.wire import Wire

if TYPE_CHECKING:
    from tests.lab import Lab


@pytest.fixture
def web_api() -> Iterator[WebApi]:
    settings = Settings(read_timeout=0.4, retries=1)
    with Engine(AddressPolicy(allow_all=True), settings) as engine:
        yield WebApi(engine)


def test_an_answer_that_drips(lab: Lab, web_api: WebApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_READ_SECONDS", 0.4)  # a minute is long for a test
    url = lab.put("drips", b"[" + b" " * 1000, drip=20)
    with pytest.raises(FetchError, match=r"/drips: slower than 1024 bytes per second"):
        web_api.get(url)
    assert lab.sent("drips") < 1001  # it was not waited for
    lab.put("fast", b"[1]", rate=100_000)
    assert web_api.get(f"{lab.url}/fast").document() == [1]


@pytest.mark.parametrize(
    ("status", "line"),
    [(203, ""), (206, "Content-Range: bytes 0-5/6"), (206, "Content-Range: bytes 0-5/9")],
)
def test_an_answer_of_another_good_status(web_api: WebApi, status: int, line: str) -> None:
    """A part that is the whole is good, and another part is none."""
    lines = [line] if line else []
    with Wire() as wire:
        url = wire.put("/list", lambda talk: talk.answer(status, b"[1, 2]", *lines))
        if line.endswith("/9"):
            with pytest.raises(StatusError, match="HTTP status 206"):
                web_api.get(url)
        else:
            assert web_api.get(url).document() == [1, 2]


def test_an_answer_that_is_too_large(
    lab: Lab, web_api: WebApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_MOST", 1 << 20)
    url = lab.put("large", b" " * ((1 << 20) + 1))
    with pytest.raises(FetchError, match=r"/large: .*larger than 1 MiB; .*download that"):
        web_api.get(url)
    assert len(web_api.get(lab.put("just", b"1" * (1 << 20))).text) == 1 << 20


class _Failing(BaseHTTPRequestHandler):
    """What the laboratory has no answer for: a failure with a document of so many bytes."""

    sent = 0

    def do_GET(self) -> None:
        document = json.dumps({"message": "closed today", "trace": "x" * int(self.path[1:])})
        self.send_response(400)
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        with suppress(OSError):
            for at in range(0, len(document), 1 << 20):
                self.wfile.write(document[at : at + (1 << 20)].encode())
                type(self).sent = at

    def log_message(self, *_: object) -> None:
        pass


def test_a_failure_is_not_read_to_its_end(web_api: WebApi) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Failing) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(
            StatusError, match=r"HTTP status 400 \(.*\); the server says: closed today"
        ):
            web_api.get(f"{url}/10")
        with pytest.raises(
            StatusError, match=r"HTTP status 400 \(.*\); the server says: closed today"
        ):
            web_api.get(f"{url}/{32 << 20}")
        server.shutdown()
    assert _Failing.sent < 16 << 20
