"""Requests by requests: it decides nothing that is for the engine to decide."""

from __future__ import annotations

import gzip
import io
import sys
import threading
from pathlib import Path

import pytest

from datalad_jsdl.errors import FetchError, StatusError
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.http import documents as api
from datalad_jsdl.fetch.http.adapter import Session, Steady
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.fetch.http.encodings import undone
from datalad_jsdl.fetch.http.throttle import Throttle
from tests.conftest import run
from tests.fetch.waits import Waits, new_engine
from tests.vault import Vault
from tests.wire import Talk, Wire


def redirect(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    "target",
    ["/a%2fb%7E%41/..%2F?x=%7e&y=a+b|c'(d)", "/%", "/a//b/./c/../d", "/?", "/[x]^{y}?%zz"],
)
def test_a_url_goes_out_as_it_is(target: str) -> None:
    """Both of a request, and of a redirect; requests alone would rewrite its escapes."""
    with Wire() as wire, new_engine() as engine:
        url = wire.put(target, b"[1]")
        assert WebApi(engine).get(url).document() == [1]
        moved = wire.put("/moved", lambda talk: talk.send(redirect(target)))
        if "/./" not in target:  # which RFC 3986 takes out of a reference (5.2.4)
            assert WebApi(engine).get(moved).document() == [1]
        assert {asked.target for asked in wire.asked} <= {target, "/moved", "/a//b/d"}


def test_a_login_goes_to_its_own_origin(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = vault.secret("token")
    monkeypatch.setenv("TOKEN", secret)
    with Wire() as wire, Wire() as other:
        final = other.put("/list", b"[1]")
        url = wire.put("/list", lambda talk: talk.send(redirect(final)))
        rule = parse_rule(f"{wire.url} env:TOKEN kind=bearer")
        with new_engine(credential=(rule,)) as engine:
            answer = WebApi(engine).get(url)
    assert (answer.url, answer.document()) == (final, [1])
    assert wire.asked[0].headers["authorization"] == f"Bearer {secret}"
    assert "authorization" not in other.asked[0].headers


def test_nothing_of_the_environment_is_sent(vault: Vault) -> None:
    """requests by itself sends a login of ~/.netrc to any port, by plain http."""
    secret = vault.secret("netrc")
    vault.keep(".netrc", f"machine 127.0.0.1 login alice password {secret}\n")

    def answer(talk: Talk) -> None:
        talk.answer(200, b"[1]", "Set-Cookie: a=b")

    with Wire() as wire, new_engine() as engine:
        web_api = WebApi(engine)
        for _ in range(2):
            web_api.get(wire.put("/list", answer))
        sent = [set(asked.headers) for asked in wire.asked]
        agents = {asked.headers["user-agent"] for asked in wire.asked}
    assert sent == [{"accept", "accept-encoding", "host", "user-agent"}] * 2
    assert agents == {"datalad-jsdl"}


def test_an_address_is_refused_on_any_hop() -> None:
    with Wire() as wire, Wire(host="127.0.0.2") as other, new_engine() as engine:
        url = wire.put("/list", lambda talk: talk.send(redirect(other.put("/list", b"[1]"))))
        with pytest.raises(FetchError, match=r"127\.0\.0\.2 is not a public address"):
            WebApi(engine).get(url)
    assert not other.asked


def test_a_document_is_sent_as_json_and_goes_nowhere_else() -> None:
    with Wire() as wire, new_engine(retries=1) as engine:
        kinds: list[str] = []

        def answer(talk: Talk) -> None:
            kinds.append(talk.asked.headers["content-type"])
            talk.answer(200, b'{"data": 1}')

        url = wire.put("/graphql", answer)
        assert WebApi(engine).post(url, {"query": "ä"}).document() == {"data": 1}
        assert kinds == ["application/json"]
        moved = wire.put("/moved", lambda talk: talk.send(redirect("/graphql", 307)))
        with pytest.raises(StatusError, match="HTTP status 307"):
            WebApi(engine).post(moved, {"query": "ä"})
    assert [asked.target for asked in wire.asked] == ["/graphql", "/moved"]


@pytest.mark.parametrize("length", [True, False])
def test_an_interruption_ends_it(length: bool) -> None:
    """Where the server does not say how long the answer is, its break looks like its end."""
    begun = threading.Event()
    head = b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 9\r\n" if length else b"")

    def answer(talk: Talk) -> None:
        talk.send(head + b"\r\n[1]")
        begun.set()
        talk.pause(30)

    said: list[str] = []
    with Wire() as wire, new_engine() as engine:
        url = wire.put("/list", answer)

        def ask() -> None:
            with pytest.raises(FetchError) as caught:
                WebApi(engine).get(url)
            said.append(str(caught.value))

        thread = threading.Thread(target=ask)
        thread.start()
        assert begun.wait(20)
        while not said:  # it may not have begun to read
            engine.interrupt()
            thread.join(0.05)
    assert said == [f"{url}: interrupted"]
    assert len(wire.asked) == 1


def test_an_answer_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It yields nothing, so that what it yields is never too much."""
    monkeypatch.setattr(api, "_MOST_SENT", 1 << 20)
    empty = gzip.compress(b"") * 10_000

    def answer(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        while not talk.server.closing.is_set():
            talk.send(empty)

    with (
        Wire() as wire,
        new_engine() as engine,
        pytest.raises(FetchError, match="larger than 1 MiB"),
    ):
        WebApi(engine).get(wire.put("/list", answer))


class _Bytes:
    status, headers, url = 200, {"Content-Encoding": "gzip"}, "http://h.example/"

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, limit: int, /) -> bytes:
        return self._data.read(limit)

    def close(self) -> None:
        pass


def test_the_limit_of_bandwidth_counts_what_is_sent() -> None:
    """Not what that yields; the pauses are noted in the place of waiting."""
    taken: list[int] = []

    class Noting(Throttle):
        def pause(self, count: int) -> float:
            taken.append(count)
            return 0.0

    packed = gzip.compress(bytes(1 << 20))
    session = Session(
        lambda *_: _Bytes(packed),
        lambda answer: undone(Steady(answer, 1024, 10, 1 << 20, Noting(20_000)), ("gzip",)),
    )
    with session.ask("GET", "http://h.example/") as reply:
        chunks = list(reply.chunks())
    assert b"".join(chunks) == bytes(1 << 20)
    assert max(map(len, chunks)) <= 1 << 18
    assert sum(taken) == len(packed)
    assert max(taken) <= 20_000 // 10 + 1


def test_requests_is_not_imported_before_there_is_a_document() -> None:
    code = (
        "import sys, datalad_jsdl.special_remote.remote, datalad_jsdl.operations.engines;"
        "import datalad_jsdl.fetch.http.documents;"
        "from datalad_jsdl.fetch.engine import Engine;"
        "api = datalad_jsdl.fetch.http.documents.WebApi(Engine());"
        "print('requests' in sys.modules);"
        "api._session();"
        "print('requests' in sys.modules)"
    )
    assert run(sys.executable, "-c", code).split() == ["False", "True"]


def test_a_list_that_breaks_off_is_asked_for_again(tmp_path: Path) -> None:
    """From its beginning, and with what came first thrown away."""
    content = b"0123456789abcdef  a file\n" * 1000

    def answer(talk: Talk) -> None:
        if len(wire.asked) == 1:
            talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content))
            talk.send(b"x" * 20_000)
            talk.reset()
        else:
            talk.answer(200, content, "Content-Type: text/plain")

    waits, file = Waits(), tmp_path / "list"
    with Wire() as wire, new_engine(waits) as engine, file.open("w+b") as stream:
        answered = WebApi(engine).save(wire.put("/MD5SUMS", answer), stream)
    assert file.read_bytes() == content
    assert answered.headers["content-type"] == "text/plain"
    assert len(wire.asked) == 2
    assert waits.seconds


def test_a_page_in_the_place_of_a_list(tmp_path: Path) -> None:
    page = b"<!DOCTYPE html><html><title>Log in</title></html>"
    with Wire() as wire, new_engine() as engine:
        url = wire.put("/MD5SUMS", lambda talk: talk.answer(200, page, "Content-Type: text/html"))
        with (
            (tmp_path / "list").open("w+b") as stream,
            pytest.raises(FetchError, match="/MD5SUMS: the server sent a web page"),
        ):
            WebApi(engine).save(url, stream)
