"""Access tokens that are fetched for a refresh token."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from tests.fetch.credentials.test_keeper import CONTENT, ask, authorizations, web

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
    assert f"[the token endpoint {endpoint.url} gave no token for the variable REFRESH" in advice
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
