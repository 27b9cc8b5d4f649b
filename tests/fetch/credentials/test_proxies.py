"""Proxies and certificates: what a proxy sees and may be asked for, who shows what to whom."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.file.download import fetch
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.http.web import Web
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected
from datalad_jsdl.operations.engines import NO_LOGINS, open_engine
from tests.fetch.credentials.test_get import seen
from tests.fetch.credentials.test_keeper import CONTENT, ask
from tests.fetch.waits import Waits, new_engine
from tests.lab import Authority, Lab

if TYPE_CHECKING:
    from collections.abc import Callable
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
    assert "none is sent over plain http through a proxy, which could read it" in response.advice
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
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "[::1]",
        "10.0.0.1",
        "127.0.0.1.",
        "localhost.",
        "x.localhost",
        "169.254.169.254.",
        "0x7f000001.",
        "1.2.3.4.5",
    ],
)
def test_what_a_proxy_may_not_be_asked_for(
    home: Path, lab: Lab, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", lab.url)
    web = Web(AddressPolicy())
    with pytest.raises(AddressRefusedError, match="not a public address"):
        web.open(f"http://{host}:9/f")
    assert lab.requests == []


@pytest.mark.parametrize(
    "host", ["%31%36%39.254.169.254", "[::1%25lo]", "[::1%lo]", "127.0.0.1%00", "", "a b", "a\tb"]
)
def test_hosts_that_are_none(
    home: Path, lab: Lab, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for proxy in (lab.url, ""):
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(FetchError):
            Web(AddressPolicy()).open(f"http://{host}:9/f")
    assert lab.requests == []


def test_a_name_with_a_private_address_among_others(
    home: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resolver is a mock: no name server here could be told of such a name."""
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **options: int) -> list[object]:
        return [*real("8.8.8.8", port, **options), *real("127.0.0.1", port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(AddressRefusedError, match="not a public"):
        AddressPolicy().check_name("both.example", 80)


@pytest.mark.parametrize("before", ["\x01", "\t", " \x0b", "\x00", "https\t"])
def test_a_redirect_that_is_https_to_one_reader_only(
    vault: Vault, lab: Lab, other_lab: Lab, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """urlsplit passes over control characters, others do not: plain text to the proxy."""
    monkeypatch.setenv("TOKEN", vault.secret("token"))
    monkeypatch.setenv("http_proxy", lab.url)
    vault.config("datalad.jsdl.credential", "https://portal.example env:TOKEN kind=bearer")
    with open_engine(None) as engine:
        for url in (f"{before}https://portal.example/f", f"{before}://portal.example/f"):
            with pytest.raises(OSError, match=r"control|host|scheme|allow"):
                engine.web.open(url)
    assert lab.requests == []


@pytest.mark.parametrize(
    "proxy",
    ["http://user:{}/pass@127.0.0.1:9", "http://user:{}#x@127.0.0.1:9",
     "http://user:{}'pass\"@127.0.0.1:99999", "http://user:{}@[::1", "socks5://user:{}@h:1"],
)  # fmt: skip
def test_a_proxy_that_is_no_url(
    vault: Vault, lab: Lab, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = vault.secret("proxy").replace(":", "")
    monkeypatch.setenv("http_proxy", proxy.format(secret))
    with new_engine(Waits()) as engine:
        outcome = fetch(engine, [f"{lab.url}/f"], Expected(), Nowhere())
    assert "proxy" in told(outcome)
    assert secret not in told(outcome)


class Nowhere:
    """A sink that is given nothing."""

    def position(self) -> int:
        return 0

    def write(self, chunk: bytes, /) -> None:
        raise AssertionError("there is nothing to write")

    def restart(self) -> None:
        pass


def test_a_name_that_only_the_proxy_knows(
    home: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", lab.url)
    lab.put("f", b"content")
    assert ask(Web(AddressPolicy()), "http://portal.invalid/f").status == 200


def test_a_client_certificate_and_a_private_authority_by_gits_settings(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl

    import trustme

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
        with (
            open_engine(None, credentials=NO_LOGINS) as engine,
            pytest.raises(Exception, match=r"(?i)certificate|EOF|reset"),
        ):
            engine.web.open(url).read(1)
        client.cert_chain_pems[0].write_to_path(str(vault.home / "cert.pem"))
        client.private_key_pem.write_to_path(str(vault.home / "key.pem"))
        vault.config("http.sslKey", str(vault.home / "key.pem"))
        vault.config(f"http.{strict.url}/.sslCert", str(vault.home / "cert.pem"))
        with open_engine(None) as engine:
            assert ask(engine.web, url).status == 200


def test_a_folder_of_authorities(vault: Vault, program: Callable[[str], str]) -> None:
    """http.sslCAPath: names in it are hashes, as OpenSSL wants them."""
    authority = Authority()
    folder = vault.home / "authorities"
    file = vault.keep("authorities/a.pem", authority.pem.decode())
    command = (program("openssl"), "x509", "-noout", "-hash", "-in", file)
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    file.rename(folder / f"{name}.0")
    vault.config("http.sslCAPath", str(folder))
    with Lab(authority) as safe:
        url = safe.put("f", CONTENT)
        with open_engine(None) as engine:
            assert ask(engine.web, url).status == 200


@pytest.mark.parametrize("by", ["http.sslVerify", "GIT_SSL_NO_VERIFY"])
def test_certificates_are_verified_whatever_git_does(
    tmp_path: Path, vault: Vault, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "http.sslVerify":
        vault.config(by, "false")
    else:
        monkeypatch.setenv(by, "1")
    with Lab(Authority()) as safe:
        job = Job("f", (safe.put("f", CONTENT),), Expected(), tmp_path / "f")
        with open_engine(None) as engine:
            outcome = fetch_file(job, engine)
    assert isinstance(outcome, Failed)
    assert f"http.{safe.url}/.sslCAInfo FILE (http.sslVerify=false is ignored)" in told(outcome)
