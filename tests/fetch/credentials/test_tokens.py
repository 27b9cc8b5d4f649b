"""Access tokens that are fetched for a refresh token."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.session import Credentials
from datalad_jsdl.fetch.http.web import Web
from tests.fetch.credentials.test_keeper import CONTENT, LOCAL, ask, authorizations, web
from tests.wire import Talk, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab import Lab
    from tests.vault import Vault


class TokenEndpoint:
    """Gives out access tokens, each good for one use of its refresh token."""

    def __init__(self) -> None:
        endpoint = self
        self.given: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.refresh = "first"
        self.seconds = 3600

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                form = parse_qs(self.rfile.read(length).decode())
                endpoint.forms.append(form)
                if form["refresh_token"] != [endpoint.refresh]:
                    self.send_response(400)
                    body = b'{"error": "invalid_grant"}'
                else:
                    self.send_response(200)
                    endpoint.given.append(f"access-{len(endpoint.given)}")
                    endpoint.refresh = f"refresh-{len(endpoint.given)}"
                    answer = {
                        "access_token": endpoint.given[-1],
                        "refresh_token": endpoint.refresh,
                        "expires_in": endpoint.seconds,
                    }
                    body = json.dumps(answer).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint()
    yield endpoint
    endpoint.close()


def test_access_tokens_are_fetched_and_renewed(
    vault: Vault, lab: Lab, endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFRESH", "first")
    line = f"{lab.url} env:REFRESH kind=oauth token-endpoint={endpoint.url} client-id=me"
    browser = web(line)
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer access-0"))
    assert [ask(browser, url).status for _ in range(2)] == [200, 200]
    assert endpoint.forms == [
        {"grant_type": ["refresh_token"], "refresh_token": ["first"], "client_id": ["me"]}
    ]
    # the server takes it no longer, whatever was said about its time
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer access-1"))
    endpoint.seconds = 1
    assert ask(browser, url).status == 200
    # this one is over soon
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer access-2"))
    assert ask(browser, url).status == 200
    assert [form["refresh_token"] for form in endpoint.forms] == [
        ["first"], ["refresh-1"], ["refresh-2"]
    ]  # fmt: skip


def test_a_token_endpoint_that_gives_none(
    vault: Vault, lab: Lab, endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = vault.secret("refresh")
    monkeypatch.setenv("REFRESH", secret)
    browser = web(f"{lab.url} env:REFRESH kind=oauth token-endpoint={endpoint.url}")
    free = lab.put("free", CONTENT)
    assert [ask(browser, free).status for _ in range(20)] == [200] * 20
    assert len(endpoint.forms) == 1
    url = lab.put("f", CONTENT, wants=("Authorization", "x"))
    advice = ask(browser, url).advice
    assert f"(the token endpoint {endpoint.url} gave no token for the variable REFRESH" in advice
    assert secret not in advice
    assert set(authorizations(lab)) == {None}


def test_a_token_that_ends_while_many_use_it(
    vault: Vault, lab: Lab, endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFRESH", "first")
    browser = web(f"{lab.url} env:REFRESH kind=oauth token-endpoint={endpoint.url}")
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer access-0"), delay=0.01)
    assert ask(browser, url).status == 200
    lab.put("f", CONTENT, wants=("Authorization", "Bearer access-1"), delay=0.01)
    found: list[int] = []

    def many() -> None:
        found.extend(ask(browser, url).status for _ in range(10))

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 80
    assert len(endpoint.given) == 2


def test_a_refresh_token_that_is_replaced_is_kept(
    vault: Vault, lab: Lab, endpoint: TokenEndpoint
) -> None:
    vault.keyring("sso", "secret", "first")
    line = f"{lab.url} datalad:sso kind=oauth token-endpoint={endpoint.url}"
    for number in range(2):  # each a process of its own, as far as this is concerned
        url = lab.put("f", CONTENT, wants=("Authorization", f"Bearer access-{number}"))
        assert ask(web(line), url).status == 200
    assert [form["refresh_token"] for form in endpoint.forms] == [["first"], ["refresh-1"]]


def test_a_refresh_token_is_not_sent_through_a_proxy(
    vault: Vault, lab: Lab, other_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFRESH", "first")
    monkeypatch.setenv("http_proxy", other_lab.url)
    monkeypatch.setenv("no_proxy", lab.url.partition("://")[2])
    line = f"{lab.url} env:REFRESH kind=oauth token-endpoint=http://127.0.0.1:9/token"
    ask(web(line), lab.put("f", CONTENT))
    assert other_lab.requests == []


@pytest.mark.parametrize("coded", [True, False])
def test_an_endpoint_says_that_its_answer_is_gzip(
    coded: bool, vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be, or not."""
    monkeypatch.setenv("REFRESH", "first")
    token = json.dumps({"access_token": "access"}).encode()
    forms: list[str] = []

    def answer(talk: Talk) -> None:
        forms.append(talk.asked.headers["content-type"])
        talk.answer(200, gzip.compress(token) if coded else token, "Content-Encoding: gzip")

    with Wire() as wire:
        endpoint = wire.put("/t%6Fken?a=%7e", answer)
        browser = web(f"{lab.url} env:REFRESH kind=oauth token-endpoint={endpoint}")
        url = lab.put("f", CONTENT, wants=("Authorization", "Bearer access"))
        assert ask(browser, url).status == 200
    assert forms == ["application/x-www-form-urlencoded"]


@pytest.mark.parametrize("status", [302, 307])
def test_a_refresh_token_goes_no_further(
    status: int, vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where the endpoint redirects to."""
    secret = vault.secret("refresh")
    monkeypatch.setenv("REFRESH", secret)
    with Wire() as wire, Wire() as other:
        location = f"Location: {other.url}/token"
        endpoint = wire.put("/token", lambda talk: talk.answer(status, b"", location))
        browser = web(f"{lab.url} env:REFRESH kind=oauth token-endpoint={endpoint}")
        ask(browser, lab.put("f", CONTENT))
    assert len(wire.asked) == 1
    assert other.asked == []


def test_an_endpoint_that_drips(vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that want a token wait for it."""
    monkeypatch.setenv("REFRESH", "first")

    def answer(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not talk.server.closing.is_set():
            talk.send(b" ")
            talk.pause(0.05)

    with Wire() as wire:
        endpoint = wire.put("/token", answer)
        rule = parse_rule(f"{lab.url} env:REFRESH kind=oauth token-endpoint={endpoint}")
        browser = Web(LOCAL, Credentials([rule]), read_seconds=0.4)
        url = lab.put("f", CONTENT, wants=("Authorization", "x"))
        advice = ask(browser, url).advice
    assert f"(the token endpoint {endpoint}: slower than 1024 bytes per second" in advice
