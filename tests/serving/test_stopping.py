"""What a portal that stops does with clients that do not take their answers."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal import serving
from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.logs import PortalLog
from datalad_jsdl.portal.site import Site

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_LARGE = 50_000_000  # bytes: more than sockets keep


def test_a_complete_answer_that_is_not_taken_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answered, ready, stop = threading.Event(), threading.Event(), threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(_LARGE)})
        answered.set()

    monkeypatch.setattr(serving, "make_app", lambda site: app)
    lines: list[dict[str, Any]] = []
    with Store.of_file(tmp_path / "s.sqlite") as store:
        listening = listen("127.0.0.1", 0)
        site = Site(Desk(store), (), TokenIdentity("t", "c"), listening.hosts)
        site.log = PortalLog(write=lambda event, **fields: lines.append({"event": event, **fields}))
        thread = threading.Thread(
            target=serving.serve,
            args=(site, listening, ready.set),
            kwargs={"jobs": 0, "stop": stop, "grace": 0},
        )
        thread.start()
        try:
            assert ready.wait(60)
            address = ("127.0.0.1", listening.port)
            with (
                socket.create_connection(address, 60) as idle,
                socket.create_connection(address, 60) as slow,
            ):
                slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert answered.wait(60)
                stop.set()
                thread.join(60)
                assert not thread.is_alive()
                with pytest.raises(ConnectionResetError):  # not what looks like all of it
                    list(iter(lambda: slow.recv(1 << 20), b""))
                assert idle.recv(1) == b""
        finally:
            stop.set()
            thread.join()
    assert [line["broken_off"] for line in lines if line["event"] == "stop"] == [1]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
