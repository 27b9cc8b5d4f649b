"""Proxies: what they see, what they are told, and what they may be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.annex.engine import open_engine
from datalad_jsdl.errors import AddressRefusedError
from datalad_jsdl.fetch.addresses import AddressPolicy
from datalad_jsdl.fetch.web import Web
from tests.credentials.test_get import seen
from tests.credentials.test_keeper import ask
from tests.lab import Authority, Lab

if TYPE_CHECKING:
    from pathlib import Path

    from tests.vault import Vault


def test_plain_http_through_a_proxy_carries_no_login(
    vault: Vault, lab: Lab, other_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = vault.secret("token")
    monkeypatch.setenv("TOKEN", token)
    monkeypatch.setenv("http_proxy", lab.url)
    monkeypatch.delenv("no_proxy", raising=False)
    vault.config("datalad.jsdl.credential", f"{other_lab.url} env:TOKEN")
    lab.put("f", b"content", wants=("Authorization", "x"))  # a proxy is given whole URLs
    with open_engine(None) as engine:
        response = ask(engine.web, f"{other_lab.url}/f")
    assert response.status == 401
    assert "none is sent by plain http through a proxy, which would see it" in response.advice
    assert len(lab.requests) == 1
    assert not seen(lab, token)


@pytest.mark.parametrize("by", ["variable", "git", "git for the origin"])
def test_https_through_a_proxy(
    tmp_path: Path, vault: Vault, lab: Lab, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    token, mine = vault.secret("token"), vault.secret("proxy").replace(":", "")
    vault.plant(mine)
    monkeypatch.setenv("TOKEN", token)
    proxy = lab.url.replace("://", f"://me:{mine}@")
    with Lab(authority) as safe:
        if by == "variable":
            monkeypatch.setenv("https_proxy", proxy)
        else:
            where = f"http.{safe.url}.proxy" if by == "git for the origin" else "http.proxy"
            vault.config(where, proxy)
        vault.config("http.sslCAInfo", str(tmp_path / "authority.pem"))
        vault.config("datalad.jsdl.credential", f"{safe.url} env:TOKEN kind=bearer")
        url = safe.put("f", b"content", wants=("Authorization", f"Bearer {token}"))
        with open_engine(None) as engine:
            assert ask(engine.web, url).status == 200
        (tunnel,) = lab.requests
        assert (tunnel.method, tunnel.path) == ("CONNECT", safe.url.partition("://")[2])
        assert vault.basic("me", mine) in tunnel.headers.values()
        assert not seen(lab, token)
        assert not any("proxy" in str(request.headers).lower() for request in safe.requests)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "0x7f.1", "[::1]", "10.0.0.1"]
)
def test_what_a_proxy_may_not_be_asked_for(
    home: Path, lab: Lab, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", lab.url)
    web = Web(AddressPolicy())
    with pytest.raises(AddressRefusedError, match="not a public address"):
        web.open(f"http://{host}:9/f")
    assert lab.requests == []


def test_a_name_that_only_the_proxy_knows(
    home: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", lab.url)
    lab.put("f", b"content")
    assert ask(Web(AddressPolicy()), "http://portal.invalid/f").status == 200
