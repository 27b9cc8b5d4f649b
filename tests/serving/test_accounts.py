"""Users of a portal: by a proxy, by a provider that runs here, and what operators may set."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from datalad_jsdl.errors import PortalError
from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.store.terms import accept_terms, accepted_on
from datalad_jsdl.portal.accounts.openid import (
    OpenIdIdentity,
    OpenIdProvider,
    openid_routes,
)
from datalad_jsdl.portal.accounts.proxy import ProxyIdentity, networks_of
from datalad_jsdl.portal.accounts.sealed import opened, sealed
from datalad_jsdl.portal.accounts.settings import read_accounts
from datalad_jsdl.portal.identity import Visitor
from datalad_jsdl.portal.local_paths import local_path
from datalad_jsdl.portal.rules import DatasetRule, Openness, Rules
from tests.serving.provider import Provider

ORIGIN = "http://testserver"


@given(st.dictionaries(st.text(), st.text() | st.integers()), st.binary(min_size=1))
def test_what_is_sealed_is_opened(value: dict[str, object], secret: bytes) -> None:
    value.pop("until", None)
    text = sealed(value, secret, 60)
    assert opened(text, secret) == value
    assert opened(text, secret + b"x") is None
    assert opened(sealed(value, secret, -1), secret) is None


@given(st.text())
def test_nothing_else_is(text: str) -> None:
    assert opened(text, b"secret") is None


def test_a_changed_one_is_not() -> None:
    text = sealed({"user": "a"}, b"secret", 60)
    for place in range(0, len(text), 7):
        other = "A" if text[place] != "A" else "B"
        assert opened(text[:place] + other + text[place + 1 :], b"secret") is None


PROXY = ProxyIdentity(networks_of(["127.0.0.1", "10.0.0.0/8", "::1"]), "x-user", "x-groups")


@pytest.mark.parametrize(
    ("client", "headers", "user"),
    [
        ("127.0.0.1", {"x-user": "ada", "x-groups": "a, b"}, "ada"),
        ("::ffff:10.1.2.3", {"x-user": "ada"}, "ada"),
        ("::1", {"x-user": " ada "}, "ada"),
        ("11.0.0.1", {"x-user": "ada"}, None),
        ("", {"x-user": "ada"}, None),
        ("127.0.0.1", {"x-user": " "}, None),
        ("127.0.0.1", {}, None),
    ],
)
def test_a_proxy_is_believed_where_it_is(
    client: str, headers: dict[str, str], user: str | None
) -> None:
    found = PROXY.visitor(headers, {}, client)
    assert (found and found.user) == user
    if found and "x-groups" in headers:
        assert found.groups == {"a", "b"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider("jsdl", "a secret") as provider:
        yield provider


@pytest.fixture
def identity(provider: Provider) -> OpenIdIdentity:
    return OpenIdIdentity(OpenIdProvider(provider.issuer, "jsdl", "a secret"), b"s" * 32, ORIGIN)


def signed_in(identity: OpenIdIdentity, path: str = "/list") -> tuple[TestClient, str]:
    """A browser that was at the provider, and where it goes on."""
    client = TestClient(Starlette(routes=[openid_routes(identity)]), follow_redirects=False)
    away = client.get("/openid/start", params={"next": path})
    back = requests.get(away.headers["location"], allow_redirects=False, timeout=60)
    home = client.get(back.headers["Location"])
    assert home.status_code == 303
    assert "HttpOnly" in home.headers["set-cookie"]
    assert "samesite=lax" in home.headers["set-cookie"].lower()
    return client, home.headers["location"]


def test_a_provider_signs_in(provider: Provider, identity: OpenIdIdentity) -> None:
    provider.user = {"sub": "17", "name": "Ada", "groups": ["mri", "staff"]}
    client, location = signed_in(identity)
    assert location == "/list"
    ada = identity.visitor({}, dict(client.cookies), "")
    assert ada == Visitor("17", frozenset({"mri", "staff"}), "Ada")
    provider.user = {"sub": "18", "email": "bob@example.org"}
    bob = identity.visitor({}, dict(signed_in(identity)[0].cookies), "")
    assert bob == Visitor("18", frozenset(), "bob@example.org")


def test_an_answer_counts_once_and_for_who_asked(
    provider: Provider, identity: OpenIdIdentity
) -> None:
    provider.user = {"sub": "17"}
    client = TestClient(Starlette(routes=[openid_routes(identity)]), follow_redirects=False)
    away = client.get("/openid/start").headers["location"]
    back = requests.get(away, allow_redirects=False, timeout=60).headers["Location"]
    other = TestClient(Starlette(routes=[openid_routes(identity)]), follow_redirects=False)
    assert "problem" not in other.get("/openid/start").headers.get("content-type", "")
    with pytest.raises(Exception, match="not signed in"):
        other.get(back)
    assert client.get(back).status_code == 303
    with pytest.raises(Exception, match="not signed in"):
        client.get(back)


@pytest.mark.parametrize(
    ("given_path", "path"),
    [
        ("/a?b=c%20d", "/a?b=c%20d"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("a", "/"),
        ("", "/"),
    ],
)
def test_nobody_is_sent_elsewhere(given_path: str, path: str) -> None:
    assert local_path(given_path) == path


SETTINGS = """
[portal]
name = Data
[sign-in]
by = openid
origin = https://data.example.org/
issuer = https://login.example.org
client-id = jsdl
client-secret-file = secret.txt
[dataset mri 2026]
for = group mri, group staff
terms = terms.txt
[dataset all]
for = signed-in
[limits]
files = 1000
[role staff]
bytes = none
files = none
[role mri]
bytes = 1k
"""


def test_what_operators_set(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hush\n")
    (tmp_path / "terms.txt").write_text("Cite us.\n")
    file = tmp_path / "portal.ini"
    file.write_text(SETTINGS)
    found = read_accounts(file)
    assert found.origin == "https://data.example.org"
    assert found.openid is not None
    assert (found.openid.client_secret, found.openid.scope) == ("hush", "openid profile email")
    assert "hush" not in repr(found)
    rule = found.rules.of("mri 2026")
    assert (rule.openness, rule.groups) == (Openness.GROUPS, {"mri", "staff"})
    assert rule.terms is not None
    assert rule.terms.text == "Cite us.\n"
    assert found.rules.of("all").openness is Openness.SIGNED_IN
    assert found.rules.of("another") == DatasetRule()
    assert found.rules.limits == Limits(1000, 100 * 10**9)
    both = Visitor("a", frozenset({"mri", "staff"}))
    assert found.rules.limits_of(both) == Limits(None, None)
    assert found.rules.limits_of(Visitor("a", frozenset({"mri"}))) == Limits(None, 1024)
    assert found.rules.limits_of(Visitor("a")) == Limits(1000, 100 * 10**9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sign-in]\nby = magic", "by is token, proxy, openid or nobody, not 'magic'"),
        ("[sign-in]\nby = proxy", "trusted is missing"),
        ("[sign-in]\nby = proxy\ntrusted = 10.0.0.1/8", "expected a network"),
        ("[sign-in]\nby = proxy\ntrusted = 10.0.0.1\nissuer = x", "unknown setting issuer"),
        ("[sign-in]\nby = openid\norigin = https://a", "issuer is missing"),
        ("[dataset a]\nfor = everybody", "for is public, signed-in, or group NAME"),
        ("[dataset a]\nfor = signed-in, group b", "for is public, signed-in"),
        ("[dataset a]\nfor = public, signed-in", "for is public, signed-in"),
        ("[dataset a]\nterms = none.txt", "cannot read .*none.txt"),
        ("[limits]\nfiles = many", "files is a number, or none"),
        ("[limits]\nbytes = many", "bytes is an amount"),
        ("[users]", r"unknown section \[users\]"),
        ("nonsense", "no INI file"),
    ],
)
def test_what_they_set_wrong(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "portal.ini"
    file.write_text(text)
    with pytest.raises(PortalError, match=message) as raised:
        read_accounts(file)
    assert str(file) in str(raised.value) or "network" in message


def test_a_field_that_comes_twice_is_believed_by_nobody() -> None:
    twice = Headers(raw=[(b"x-user", b"eve"), (b"x-user", b"ada")])
    once = Headers(raw=[(b"x-user", b"ada"), (b"x-groups", b"a"), (b"x-groups", b"b")])
    for headers in (twice, once):
        assert PROXY.visitor(headers, {}, "127.0.0.1") is None


def test_without_settings_there_is_one_user_without_limits(tmp_path: Path) -> None:
    file = tmp_path / "portal.ini"
    file.write_text("")
    found = read_accounts(file)
    assert (found.proxy, found.openid, found.rules) == (None, None, Rules())


def test_whom_a_dataset_is_for() -> None:
    ada, bob = Visitor("ada", frozenset({"mri"})), Visitor("bob")
    groups = DatasetRule(Openness.GROUPS, frozenset({"mri"}))
    assert [DatasetRule().admits(visitor) for visitor in (ada, bob)] == [True, True]
    assert [groups.admits(visitor) for visitor in (ada, bob)] == [True, False]


def test_terms_are_accepted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.of_file(tmp_path / "s.sqlite") as store:
        assert accepted_on(store, "ada", "mri", "1") is None
        accept_terms(store, "ada", "mri", "1")
        first = accepted_on(store, "ada", "mri", "1")
        assert first is not None
        later = time.time() + 100
        monkeypatch.setattr(time, "time", lambda: later)
        accept_terms(store, "ada", "mri", "1")
        assert accepted_on(store, "ada", "mri", "1") == first
        assert accepted_on(store, "ada", "mri", "2") is None
        assert accepted_on(store, "bob", "mri", "1") is None
        assert re.search(r"\d", str(first))
