"""What is tried in which order, and what is remembered of it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from datalad_jsdl.fetch.addresses import AddressPolicy
from datalad_jsdl.fetch.credentials.keeper import Credentials
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.web import Response, Web
from tests.lab import Authority, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.vault import Vault

LOCAL = AddressPolicy.from_config({"annex.security.allowed-ip-addresses": "127.0.0.1"})
CONTENT = b"content"


def web(*lines: str, config: Mapping[str, str] | None = None, **options: Any) -> Web:
    credentials = Credentials(map(parse_rule, lines), config, **options)
    return Web(LOCAL, credentials, read_seconds=5)


def ask(browser: Web, url: str, **options: Any) -> Response:
    response = browser.open(url, **options)
    response.close()
    return response


def store(vault: Vault, origin: str, user: str, password: str) -> None:
    """Keep a login with git's own helper."""
    file = vault.home / "store"
    vault.config("credential.helper", f"store --file {file}")
    place = origin.replace("://", f"://{user}:{password}@")
    with file.open("a") as lines:
        lines.write(place + "\n")


def authorizations(lab: Lab) -> list[str | None]:
    return [request.headers.get("Authorization") for request in lab.requests]


def test_nothing_is_sent_until_it_is_asked_for(vault: Vault, lab: Lab) -> None:
    value = vault.basic("alice", "apple")
    store(vault, lab.url, "alice", "apple")
    urls = [lab.put(f"{n}", CONTENT, wants=("Authorization", value)) for n in "ab"]
    free = lab.put("free", CONTENT)
    browser = web()
    assert [ask(browser, url).status for url in (free, *urls, free)] == [200] * 4
    # asked once, and known from then on
    assert authorizations(lab) == [None, None, value, value, value]


def test_a_rule_is_followed_at_once_and_the_next_source_if_it_is_refused(
    vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLD", "old")
    monkeypatch.setenv("NEW", "new")
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer new"))
    browser = web(f"{lab.url} env:OLD", f"{lab.url} env:NEW")
    assert [ask(browser, url).status for _ in range(2)] == [200, 200]
    assert authorizations(lab) == ["Bearer old", "Bearer new", "Bearer new"]


def test_none_ends_the_search(vault: Vault, lab: Lab) -> None:
    store(vault, lab.url, "alice", "apple")
    url = lab.put("f", CONTENT, wants=("Authorization", vault.basic("alice", "apple")))
    response = ask(web(f"{lab.url} none"), url)
    assert response.status == 401
    assert authorizations(lab) == [None]


def test_a_file_that_is_forbidden_does_not_discredit_the_login(
    vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t")
    forbidden = lab.put("terms", CONTENT, status=403)
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer t"))
    browser = web(f"{lab.url} env:TOKEN")
    response = ask(browser, forbidden)
    assert response.status == 403
    assert "may want a login and does not take the variable TOKEN" in response.advice
    assert ask(browser, url).status == 200


def test_the_advice_names_the_origin_what_it_wants_and_what_was_refused(
    vault: Vault, lab: Lab
) -> None:
    store(vault, lab.url, "alice", "wrong")
    vault.keep(".netrc", "machine\n")
    wanted = ("Authorization", "Basic right")
    url = lab.put("f", CONTENT, wants=wanted, challenge='Basic realm="\x1b[31mevil"')
    advice = ask(web(f"{lab.url} cookies:/gone"), url).advice
    assert advice == (
        f"{lab.url} wants a login (Basic) and does not take git's credential helper "
        "(cannot read the cookies in /gone: No such file or directory); give it one with: "
        "keyring set datalad-NAME secret; git config --global --add datalad.jsdl.credential "
        f"'{lab.url} datalad:NAME user=YOU' (other ways: docs/logins.rst)"
    )


def test_many_at_once_ask_the_helper_once(vault: Vault, lab: Lab) -> None:
    count = vault.home / "count"
    answer = "echo username=alice; echo password=apple"
    helper = vault.keep("helper", f"#!/bin/sh\necho x >> {count}; sleep 0.3; {answer}\n")
    helper.chmod(0o700)
    vault.config("credential.helper", str(helper))
    url = lab.put("f", CONTENT, wants=("Authorization", vault.basic("alice", "apple")))
    browser, found = web(), []
    threads = [
        threading.Thread(target=lambda: found.append(ask(browser, url).status)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 8
    assert count.read_text() == "x\n"


def test_a_scope_of_a_path(vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t")
    inside, outside = lab.put("api/f", CONTENT), lab.put("apis", CONTENT)
    lab.put("back", location=outside)
    browser = web(f"{lab.url}/api env:TOKEN")
    for url in (inside, outside, f"{lab.url}/back", f"{lab.url}/api/%2e%2e/apis"):
        ask(browser, url)
    # a login that was taken is not carried beyond its path either
    assert authorizations(lab) == ["Bearer t", None, None, None, None]


def test_a_redirect_brings_the_other_origins_own_login(
    vault: Vault, lab: Lab, other_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERE", "here")
    monkeypatch.setenv("THERE", "there")
    there = other_lab.put("f", CONTENT, wants=("Authorization", "Bearer there"))
    here = lab.put("f", location=there)
    browser = web(f"{lab.url} env:HERE", f"{other_lab.url} env:THERE")
    assert ask(browser, here, headers={"Range": "bytes=0-0", "X-Private": "x"}).status == 206
    assert authorizations(lab) == ["Bearer here"]
    assert authorizations(other_lab) == ["Bearer there"]
    assert other_lab.requests[0].headers["Range"] == "bytes=0-0"
    assert "X-Private" not in other_lab.requests[0].headers


@pytest.mark.parametrize("form", ["http://127.0.0.1:{}@{}/f", "http://{1}\\@127.0.0.1:{0}/f"])
def test_a_url_that_is_read_in_two_ways(
    vault: Vault, lab: Lab, other_lab: Lab, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t")
    other_lab.put("f", CONTENT)
    place = other_lab.url.partition("://")[2]
    browser = web(f"{lab.url} env:TOKEN")
    with pytest.raises(OSError, match=r"login in it|cannot be"):
        ask(browser, form.format(lab.port, place))
    assert authorizations(lab) + authorizations(other_lab) == []


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
    with pytest.raises(OSError, match="gave no token") as caught:
        ask(browser, lab.put("f", CONTENT))
    assert secret not in str(caught.value)
    assert authorizations(lab) == []


def test_a_client_certificate_and_a_private_authority_by_gits_settings(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl

    import trustme

    from datalad_jsdl.annex.engine import open_engine

    authority, clients = Authority(), trustme.CA()
    bundle = tmp_path / "authority.pem"
    bundle.write_bytes(authority.pem)
    client = clients.issue_cert("alice@example.com")
    client.private_key_and_cert_chain_pem.write_to_path(str(vault.home / "client.pem"))

    class Strict(Authority):
        def context(self) -> ssl.SSLContext:
            context = authority.context()
            clients.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
            return context

    with Lab(Strict()) as strict:
        url = strict.put("f", CONTENT)
        vault.config(f"http.{strict.url}/.sslCAInfo", str(bundle))
        with (
            open_engine(None) as engine,
            pytest.raises(Exception, match=r"(?i)certificate|EOF|reset"),
        ):
            engine.web.open(url).read(1)
        vault.config(f"http.{strict.url}/.sslCert", str(vault.home / "client.pem"))
        with open_engine(None) as engine:
            assert ask(engine.web, url).status == 200
