"""Which proxy is taken, which hosts are excepted, and what is said when one fails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import urllib3

from datalad_jsdl.errors import FetchError
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.file.download import fetch
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.http.proxies import is_excepted
from datalad_jsdl.fetch.http.web import Web
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected
from datalad_jsdl.operations.engines import open_engine
from tests.fetch.credentials.test_keeper import CONTENT, ask
from tests.fetch.credentials.test_proxies import Nowhere
from tests.fetch.waits import Waits, new_engine
from tests.lab import Authority, Lab, refused_url
from tests.wire import Talk, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.vault import Vault


@pytest.fixture
def proxy() -> Iterator[Wire]:
    with Wire() as server:
        yield server


def failure(url: str) -> str:
    with new_engine(Waits(), retries=1) as engine:
        outcome = fetch(engine, [url], Expected(), Sink())
    return told(outcome) if isinstance(outcome, Failed) else str(outcome)


@pytest.mark.parametrize(
    ("exceptions", "excepted", "others"),
    [
        ("10.0.0.0/8", ["10.0.0.1", "10.255.255.255", "::ffff:10.1.1.1"], ["11.0.0.1", "x.10"]),
        ("10.1.2.3/8 , 192.168.0.0/255.255.0.0", ["10.9.9.9", "192.168.7.7"], ["192.169.0.1"]),
        ("127.0.0.1", ["127.0.0.1"], ["127.0.0.2", "localhost"]),
        ("::1,fe80::/10", ["::1", "0:0:0:0:0:0:0:1", "fe80::5", "fe80::5%eth0"], ["::2"]),
        ("[::1] [2001:db8::/32] [fc00::]/7", ["::1", "2001:db8::9", "fd00::1"], ["2001:db9::"]),
        ("[::1]:8080", ["::1"], []),
        ("example.org", ["EXAMPLE.org.", "a.b.example.org"], ["badexample.org", "org"]),
        (".example.org", ["example.org", "a.example.org"], ["badexample.org"]),
        ("*.example.org", ["a.example.org"], ["badexample.org"]),
        ("EXAMPLE.ORG.", ["example.org"], []),
        ("bücher.example", ["xn--bcher-kva.example"], []),
        ("example.org:8080,other.org:80", ["example.org"], ["other.org"]),
        ("a.org  b.org,\tc.org", ["a.org", "b.org", "c.org"], ["d.org"]),
        ("*", ["anything", "1.2.3.4", "::1"], []),
        ("a.org,*", ["anything"], []),
        ("", [], ["a.org", "1.2.3.4"]),
        (",, nonsense/99 [ ] 1.2.3.4/x :80", [], ["a.org", "1.2.3.4", "::1"]),
    ],
)  # fmt: skip
def test_who_is_excepted(exceptions: str, excepted: list[str], others: list[str]) -> None:
    assert [host for host in excepted if not is_excepted(host, 8080, exceptions)] == []
    assert [host for host in others if is_excepted(host, 8080, exceptions)] == []


class TestWhichIsTaken:
    """The proxy has another content for the URL than the mirror."""

    @pytest.fixture
    def url(self, lab: Lab, proxy: Wire, home: Path) -> str:
        url = lab.put("f", CONTENT)
        proxy.put(url, b"proxied")
        return url

    def content(self, url: str) -> bytes:
        with open_engine(None) as engine:
            response = engine.web.open(url)
            try:
                return response.read(100)
            finally:
                response.close()

    @pytest.mark.parametrize(
        ("variables", "taken"),
        [
            ({"http_proxy": "P"}, True),
            ({"HTTP_PROXY": "P"}, True),
            ({"all_proxy": "P"}, True),
            ({"ALL_PROXY": "P"}, True),
            ({"https_proxy": "P"}, False),
            ({"http_proxy": " P/ "}, True),
            # of a CGI program it is what the client says
            ({"HTTP_PROXY": "P", "REQUEST_METHOD": "GET"}, False),
            # lower case goes before, and what is empty means none
            ({"http_proxy": "", "HTTP_PROXY": "P"}, False),
            ({"http_proxy": "", "all_proxy": "P"}, False),
            ({"http_proxy": "P", "no_proxy": "127.0.0.0/8"}, False),
            ({"http_proxy": "P", "NO_PROXY": "*"}, False),
            ({"http_proxy": "P", "no_proxy": "example.org", "NO_PROXY": "*"}, True),
        ],
    )
    def test_by_variables(
        self,
        variables: dict[str, str],
        taken: bool,
        url: str,
        proxy: Wire,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in [name for name in os.environ if name.lower() == "no_proxy"]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(
                name,
                value.replace("P", proxy.url.partition("://")[2])
                if "proxy" in name.lower()
                else value,
            )
        assert self.content(url) == (b"proxied" if taken else CONTENT)

    @pytest.mark.parametrize(
        ("settings", "taken"),
        [
            ({"http.proxy": "P"}, True),
            ({"http.{}.proxy": "P"}, True),
            ({"http.proxy": "P", "http.{}.proxy": ""}, False),
            ({"remote.jsdl.proxy": "P"}, True),
            ({"http.proxy": "P", "remote.jsdl.proxy": ""}, False),
            ({"http.proxy": "http://127.0.0.1:9", "remote.jsdl.proxy": "P"}, True),
        ],
    )
    def test_by_git(
        self, settings: dict[str, str], taken: bool, url: str, proxy: Wire, lab: Lab, vault: Vault
    ) -> None:
        for name, value in settings.items():
            vault.config(name.format(lab.url), value.replace("P", proxy.url))
        assert self.content(url) == (b"proxied" if taken else CONTENT)

    def test_git_goes_before_variables(
        self, url: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        vault.config("http.proxy", "")
        assert self.content(url) == CONTENT

    def test_ipv6_literals(self, proxy: Wire, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody listens there."""
        url = "http://[::1]:9/f"
        proxy.put(url, b"proxied")
        monkeypatch.setenv("http_proxy", proxy.url)
        web = Web(AddressPolicy(allow_all=True))
        assert ask(web, url).status == 200
        for exceptions in ("::1", "[::1]", "::/64", "[::1]:9"):
            monkeypatch.setenv("no_proxy", exceptions)
            with pytest.raises(urllib3.exceptions.NewConnectionError):
                ask(Web(AddressPolicy(allow_all=True)), url)
        assert len(proxy.asked) == 1


class TestWhatIsSaid:
    def test_of_one_that_nobody_listens_at(
        self, lab: Lab, vault: Vault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secret = vault.secret("proxy").replace(":", "")
        vault.plant(secret)
        place = refused_url().rpartition("/")[0]
        monkeypatch.setenv("HTTP_PROXY", place.replace("://", f"://me:{secret}@"))
        said = failure(lab.put("f", CONTENT))
        assert "cannot connect: " in said
        assert f"through the proxy {place} of HTTP_PROXY" in said
        assert secret not in said
        assert lab.requests == []

    def test_of_one_that_git_names(self, lab: Lab, vault: Vault) -> None:
        place = refused_url().rpartition("/")[0]
        vault.config("http.proxy", place)
        with (
            open_engine(None) as engine,
            pytest.raises(Exception, match=f"through the proxy {place} of git config http.proxy"),
        ):
            engine.web.open(lab.put("f", CONTENT))

    @pytest.mark.parametrize("login", ["", "me:se%40cr%3Aet@"])
    def test_of_one_that_wants_a_login(
        self, proxy: Wire, lab: Lab, home: Path, login: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", proxy.url.replace("://", f"://{login}"))
        url = lab.put("f", CONTENT)
        proxy.put(url, lambda talk: talk.answer(407, b"", 'Proxy-Authenticate: Basic realm="x"'))
        said = failure(url)
        assert f"the proxy {proxy.url} of http_proxy" in said
        assert "407" in said
        assert ("rejects the login" if login else "requires a login") in said
        assert "cr" not in said
        if login:  # each half is percent-encoded in a URL, and not in the header
            assert proxy.asked[0].headers["proxy-authorization"] == "Basic bWU6c2VAY3I6ZXQ="

    @pytest.mark.parametrize("status", [403, 407, 502])
    def test_of_one_that_makes_no_tunnel(
        self, proxy: Wire, lab: Lab, home: Path, status: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("https_proxy", proxy.url)
        words = f"HTTP/1.1 {status} Blocked by the institute\r\nContent-Length: 0\r\n\r\n"
        proxy.put(f"127.0.0.1:{lab.port}", lambda talk: talk.send(words.encode()))
        said = failure(f"https://127.0.0.1:{lab.port}/f")
        assert f"{status} Blocked by the institute" in said
        assert f"through the proxy {proxy.url} of https_proxy" in said

    def test_of_one_that_answers_in_the_place_of_the_mirror(
        self, proxy: Wire, lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", proxy.url)
        page, denied, broken = (lab.put(name, CONTENT) for name in ("page", "denied", "broken"))

        def breaks(talk: Talk) -> None:
            talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n12345")
            talk.reset()

        proxy.put(page, lambda talk: talk.answer(200, b"<html>Accept", "Content-Type: text/html"))
        proxy.put(denied, lambda talk: talk.answer(403, b"no"))
        proxy.put(broken, breaks)
        with new_engine(Waits(), retries=1) as engine:
            found = [
                told(fetch(engine, [u], Expected(1000), Sink())) for u in (page, denied, broken)
            ]
        assert "web page" in found[0]
        assert "HTTP status 403" in found[1]
        assert "broke off after" in found[2]
        assert all(f"the proxy {proxy.url} of http_proxy" in said for said in found)

    @pytest.mark.parametrize("kind", ["socks5", "socks5h", "socks4"])
    def test_of_a_kind_that_is_not_supported(
        self, lab: Lab, proxy: Wire, home: Path, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("all_proxy", f"{kind}://me:secret@127.0.0.1:9")
        url = lab.put("f", CONTENT)
        said = failure(url)
        assert f"all_proxy is a proxy of the kind {kind}, which is not supported" in said
        assert "secret" not in said
        # both ways that it names
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert failure(url).startswith("Fetched")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("http_proxy", proxy.url)
        proxy.put(url, CONTENT)
        assert failure(url).startswith("Fetched")


class Sink(Nowhere):
    def write(self, chunk: bytes, /) -> None:
        pass


def test_a_proxy_that_is_spoken_to_by_tls(
    tmp_path: Path, home: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    with Lab(authority) as tunnel, Lab(authority) as safe:
        monkeypatch.setenv("https_proxy", tunnel.url)
        monkeypatch.setenv("http_proxy", tunnel.url)
        tunnel.put("f", CONTENT)  # a proxy is given whole URLs
        with new_engine() as engine:
            assert ask(engine.web, lab.put("f", b"x")).status == 200
            assert ask(engine.web, safe.put("f", CONTENT)).status == 200
        assert [request.method for request in tunnel.requests] == ["GET", "CONNECT"]
    assert lab.requests == []


def test_a_password_that_was_not_encoded(
    lab: Lab, proxy: Wire, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the message says to do is right."""
    from urllib.parse import quote

    url = lab.put("f", CONTENT)
    proxy.put(url, CONTENT)
    monkeypatch.setenv("http_proxy", proxy.url.replace("://", "://me:12/pass@"))
    with new_engine() as engine, pytest.raises(FetchError, match="percent-encode every"):
        engine.web.open(url)
    encoded = quote("12/pass", safe="")
    monkeypatch.setenv("http_proxy", proxy.url.replace("://", f"://me:{encoded}@"))
    with new_engine() as engine:
        assert ask(engine.web, url).status == 200
    assert proxy.asked[0].headers["proxy-authorization"] == "Basic bWU6MTIvcGFzcw=="
