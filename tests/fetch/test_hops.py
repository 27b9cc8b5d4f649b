"""Cookies on a chain of redirects, sessions that a login brought, and where a chain may lead."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from urllib3 import HTTPHeaderDict

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.session import Credentials
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.http.hops import Chain
from datalad_jsdl.fetch.http.web import Web
from datalad_jsdl.fetch.mirrors.presence import is_present
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.credentials.test_get import cookies_txt
from tests.fetch.credentials.test_keeper import CONTENT, ask, web
from tests.fetch.waits import new_engine
from tests.lab import Authority, Lab, sha256
from tests.portal import content_of
from tests.wire import Talk, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.vault import Vault
    from tests.wire import Answer


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Wire]:
    with Wire() as server:
        yield server


def cookies(server: Wire, target: str = "") -> list[str]:
    return [a.headers.get("cookie", "") for a in server.asked if a.target.startswith(target)]


def redirect(target: str, *lines: str) -> Answer:
    return lambda talk: talk.answer(302, b"", f"Location: {target}", *lines)


def wall(cookie: str, content: bytes = CONTENT, *lines: str) -> Answer:
    """Gives its content to whoever has the cookie; others get it, and come again."""

    def answer(talk: Talk) -> None:
        if cookie in talk.asked.headers.get("cookie", ""):
            talk.file(content)
        else:
            talk.answer(
                302, b"", f"Set-Cookie: {cookie}; Path=/", *lines, f"Location: {talk.asked.target}"
            )

    return answer


class Earthdata:
    """A portal, and the login server beside it that it sends everybody to."""

    def __init__(self, portal: Wire, login: Wire, vault: Vault) -> None:
        self.portal, self.login = portal, login
        self.good = {"session=1"}
        self.basic = vault.basic("alice", "apple")
        self.count = 1
        login.put("/authorize", self._authorize)
        portal.put("/back", self._back)

    def put(self, target: str, content: bytes = CONTENT, denial: Answer | None = None) -> str:
        def answer(talk: Talk) -> None:
            sent = talk.asked.headers.get("cookie", "")
            if any(cookie in self.good for cookie in sent.split("; ")):
                talk.file(content)
            elif denial and sent:
                denial(talk)
            else:
                self.wanted = target
                redirect(f"{self.login.url}/authorize")(talk)

        return self.portal.put(target, answer)

    def _authorize(self, talk: Talk) -> None:
        if talk.asked.headers.get("authorization") == self.basic:
            redirect(f"{self.portal.url}/back", "Set-Cookie: urs=1; Path=/")(talk)
        else:
            talk.answer(401, b"", 'WWW-Authenticate: Basic realm="login"')

    def _back(self, talk: Talk) -> None:
        cookie = f"session={self.count}"
        self.good.add(cookie)
        redirect(self.wanted, f"Set-Cookie: {cookie}; Path=/; HttpOnly")(talk)


@pytest.fixture
def earthdata(wire: Wire, other: Wire, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Earthdata:
    monkeypatch.setenv("LOGIN", "alice:apple")
    return Earthdata(wire, other, vault)


def logged_in(portal: Earthdata) -> Web:
    return web(f"{portal.login.url} env:LOGIN kind=basic")


class TestCookies:
    def test_of_a_redirect_come_back_and_are_forgotten_afterwards(self, wire: Wire) -> None:
        url = wire.put("/f", wall("seen=1"))
        browser = web()
        assert [ask(browser, url).status for _ in range(2)] == [200, 200]
        # no login has brought it: the next chain begins without
        assert cookies(wire) == ["", "seen=1"] * 2

    def test_of_the_last_answer_are_forgotten(self, wire: Wire) -> None:
        url = wire.put("/f", lambda talk: talk.answer(200, CONTENT, "Set-Cookie: a=1"))
        browser = web()
        assert [ask(browser, url).status for _ in range(2)] == [200, 200]
        assert cookies(wire) == ["", ""]

    def test_of_one_port_are_never_sent_to_another(self, wire: Wire, other: Wire) -> None:
        lines = ["Set-Cookie: a=1; Domain=127.0.0.1; Path=/"]
        here = wire.put("/f", redirect(f"{other.url}/g", *lines))
        other.put("/g", redirect(f"{wire.url}/h", "Set-Cookie: b=1; Path=/"))
        wire.put("/h", redirect(f"{other.url}/i"))
        other.put("/i", CONTENT)
        assert ask(web(), here).status == 200
        assert (cookies(wire), cookies(other)) == (["", "a=1"], ["", "b=1"])

    def test_many_lines_paths_ends_and_what_is_for_https_only(self, wire: Wire) -> None:
        lines = [
            "a=1; Path=/",
            "deep=2; Path=/sub",
            "default=3",
            "safe=4; Secure",
            "old=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "new=6; Expires=Tue, 19 Jan 2038 03:14:07 GMT; Path=/",
            "odd=7; Max-Age=soon; Domain=; Version=x; Path=nowhere",
            'quoted="8"; Path=/; SameSite=None; Partitioned',
            "nothing",
            "=9",
        ]
        url = wire.put("/sub/f", redirect("/sub/g", *[f"Set-Cookie: {line}" for line in lines]))
        back = ["Set-Cookie: a=; Max-Age=0; Path=/", "set-cookie: new=x; Path=/"]
        wire.put("/sub/g", redirect("/h", *back))
        wire.put("/h", CONTENT)
        assert ask(web(), url).status == 200
        inside, outside = cookies(wire)[1:]
        everywhere = {"a=1", "deep=2", "default=3", "new=6", "odd=7", 'quoted="8"'}
        assert set(inside.split("; ")) == everywhere
        assert set(outside.split("; ")) == {"new=x", 'quoted="8"'}

    def test_with_those_of_the_user(self, wire: Wire, vault: Vault) -> None:
        secret = vault.secret("session").replace(":", "")
        mine = {"own": secret, "old": "1", "gone": "1"}
        file = vault.keep(
            "c.txt", "".join(cookies_txt("127.0.0.1", name, value) for name, value in mine.items())
        )
        news = ["Set-Cookie: old=2; Path=/", "Set-Cookie: gone=; Max-Age=0; Path=/"]
        url = wire.put("/f", redirect("/g", *news))
        wire.put("/g", CONTENT)
        assert ask(web(f"{wire.url} cookies:{file}"), url).status == 200
        assert cookies(wire) == [f"own={secret}; old=1; gone=1", f"own={secret}; old=2"]

    def test_that_come_with_the_question_for_a_login(
        self, wire: Wire, vault: Vault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOGIN", "alice:apple")
        monkeypatch.setenv("WRONG", "x:y")
        value = vault.basic("alice", "apple")

        def answer(talk: Talk) -> None:
            asked = talk.asked.headers
            if asked.get("authorization") == value and asked.get("cookie") == "state=1":
                talk.file(CONTENT)
            else:
                talk.answer(401, b"", "Set-Cookie: state=1", 'WWW-Authenticate: Basic realm="x"')

        url = wire.put("/f", answer)
        browser = web(f"{wire.url} env:WRONG", f"{wire.url} env:LOGIN")
        assert ask(browser, url).status == 200

    def test_in_many_threads_at_once(self, wire: Wire) -> None:
        urls = [wire.put(f"/{n}", wall(f"seen{n}=1")) for n in range(16)]
        browser, found = web(), []
        threads = [
            threading.Thread(target=lambda u: found.append(ask(browser, u).status), args=(url,))
            for url in urls
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [200] * 16
        assert all(
            cookie in ("", f"seen{a.target[1:]}=1")
            for a, cookie in zip(wire.asked, cookies(wire), strict=True)
        )


def chain_of(url: str, *lines: str) -> Chain:
    """A chain that has had an answer with these cookies.

    No server of a test has port 80 or 443, or a name with dots.
    """
    chain = Chain()
    headers = HTTPHeaderDict()
    for line in lines:
        headers.add("Set-Cookie", line)
    chain.learn(url, headers)
    return chain


@pytest.mark.parametrize(
    ("setter", "line", "seen_by", "hidden_from"),
    [
        # a domain's cookies go to its subdomains
        ("https://data.example.org/a", "t=1; Domain=.example.org; Path=/",
         ["https://example.org/", "https://urs.example.org/x"], ["https://badexample.org/"]),
        ("https://data.example.org/a", "t=1; Domain=EXAMPLE.org; Path=/",
         ["https://x.example.org/"], []),
        ("https://example.org/a", "t=1; Domain=example.org; Path=/",
         ["https://x.example.org/"], ["http://example.org/", "https://example.org:8443/"]),
        # and those of a host to it alone
        ("https://example.org/a", "t=1; Path=/", ["https://example.org/"],
         ["https://x.example.org/", "http://example.org/", "https://example.org:8443/"]),
        # portals begin at http, and lead to https
        ("http://example.org/a", "t=1; Path=/", ["http://example.org/", "https://example.org/"],
         ["https://example.org:8443/", "http://example.org:8080/"]),
        ("http://example.org:8080/a", "t=1; Path=/", ["http://example.org:8080/"], ["https://example.org/"]),
        ("http://example.org/a", "t=1; Secure; Path=/", ["https://example.org/"], ["http://example.org/"]),
        # nobody sets cookies for others
        ("https://example.org/a", "t=1; Domain=other.org; Path=/", [],
         ["https://example.org/", "https://other.org/"]),
        ("https://example.org/a", "t=1; Domain=x.example.org; Path=/", [],
         ["https://example.org/", "https://x.example.org/"]),
        ("https://example.org/a", "t=1; Domain=org; Path=/", [], ["https://example.org/", "https://b.org/"]),
        ("https://a.co.uk/a", "t=1; Domain=co.uk; Path=/", [], ["https://a.co.uk/", "https://b.co.uk/"]),
        # a date that nobody can read is none
        ("https://example.org/a", "t=1; Path=/; Expires=Fri, 27 Nos 2036 12:00:00 GMT",
         ["https://example.org/"], ["https://x.example.org/"]),
        # names and numbers of this machine
        ("http://127.0.0.1:1/a", "t=1; Domain=127.0.0.1; Path=/", ["http://127.0.0.1:1/"], ["http://127.0.0.1:2/"]),
        ("http://127.0.0.1:1/a", "t=1; Domain=0.0.1; Path=/", [], ["http://127.0.0.1:1/", "http://1.0.0.1:1/"]),
        ("http://localhost:1/a", "t=1; Domain=localhost; Path=/", ["http://localhost:1/"],
         ["http://x.localhost:1/", "http://localhost:2/"]),
        ("http://[::1]:1/a", "t=1; Path=/", ["http://[::1]:1/"], ["http://[::1]:2/"]),
        ("http://localhost:1/a", "t=1; Path=/", ["http://localhost:1/"], ["http://localhost.local:1/"]),
        # paths
        ("https://example.org/a/b/c", "t=1", ["https://example.org/a/b", "https://example.org/a/b/x"],
         ["https://example.org/a", "https://example.org/a/bc"]),
        ("https://example.org/a/b", "t=1; Path=/sub", ["https://example.org/sub/x"], ["https://example.org/a"]),
    ],
)  # fmt: skip
def test_who_sees_a_cookie(
    setter: str, line: str, seen_by: list[str], hidden_from: list[str]
) -> None:
    chain = chain_of(setter, line)
    assert [url for url in seen_by if chain.headers(url, {}) != {"Cookie": "t=1"}] == []
    assert [url for url in hidden_from if chain.headers(url, {})] == []


def test_a_cookie_that_the_chain_has_from_https_replaces_that_of_http() -> None:
    chain = chain_of("http://example.org/a", "t=1; Path=/", "u=1; Path=/")
    headers = HTTPHeaderDict({"Set-Cookie": "t=2; Path=/"})
    chain.learn("https://example.org/a", headers)
    shown = chain.headers("https://example.org/b", {})["Cookie"]
    assert set(shown.split("; ")) == {"t=2", "u=1"}
    assert set(chain.headers("http://example.org/b", {})["Cookie"].split("; ")) == {"t=1", "u=1"}


def test_a_cookie_cannot_add_to_a_request_nor_fill_the_memory() -> None:
    lines = ["long=" + "x" * 5000, "evil=a\x00b", *[f"n{n}=1; Path=/" for n in range(1000)]]
    shown = chain_of("http://example.org/", *lines).headers("http://example.org/", {})["Cookie"]
    assert len(shown.split("; ")) == 50
    assert "long" not in shown
    assert "evil" not in shown


class TestSessions:
    def test_one_login_for_many_files(self, earthdata: Earthdata) -> None:
        urls = [earthdata.put(f"/{n}.nc") for n in range(5)]
        browser = logged_in(earthdata)
        assert [ask(browser, url).status for url in urls] == [200] * 5
        # granule, login, back, granule; and from then on one request a file
        assert len(earthdata.portal.asked) + len(earthdata.login.asked) == 4 + 4
        assert set(cookies(earthdata.login)) == {""}
        assert cookies(earthdata.portal, "/4") == ["session=1"]
        # the next process knows nothing of it
        assert ask(logged_in(earthdata), urls[0]).status == 200
        assert len(earthdata.login.asked) == 2

    @pytest.mark.parametrize(
        "denial",
        [
            lambda talk: talk.answer(403),
            lambda talk: talk.answer(401, b"", 'WWW-Authenticate: Bearer realm="x"'),
            lambda talk: talk.answer(404),
            lambda talk: talk.answer(400),
            lambda talk: talk.answer(200, b"<html>log in", "Content-Type: text/html"),
            redirect("/circle"),
            None,
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_one_that_has_ended_is_begun_anew(
        self, earthdata: Earthdata, denial: Answer | None, method: str
    ) -> None:
        earthdata.portal.put("/circle", redirect("/circle"))
        urls = [earthdata.put(f"/{n}.nc", CONTENT, denial) for n in range(3)]
        browser = logged_in(earthdata)
        assert ask(browser, urls[0]).status == 200
        earthdata.good.clear()
        earthdata.count = 2
        assert [ask(browser, url, method=method).status for url in urls[1:]] == [200, 200]
        # the new one is kept
        assert len(earthdata.login.asked) == 2
        assert cookies(earthdata.portal, "/2") == ["session=2"]

    def test_one_that_is_good_for_one_file_only(self, earthdata: Earthdata) -> None:
        """Bound to the first file that it was used for."""

        def bound(target: str) -> str:
            def answer(talk: Talk) -> None:
                sent = talk.asked.headers.get("cookie", "")
                if sent in ("", "urs=1"):
                    earthdata.wanted = target
                    earthdata.count += 1
                    redirect(f"{earthdata.login.url}/authorize")(talk)
                elif owners.setdefault(sent, target) == target:
                    talk.file(target.encode())
                else:
                    talk.answer(403)

            return earthdata.portal.put(target, answer)

        owners: dict[str, str] = {}
        browser = logged_in(earthdata)
        urls = [bound(f"/{n}") for n in range(3)]
        for url in urls * 2:
            response = browser.open(url)
            assert (response.status, response.read(100)) == (200, url[-2:].encode())
            response.close()

    def test_a_forbidden_file_does_not_end_it(self, earthdata: Earthdata) -> None:
        urls = [earthdata.put(f"/{n}.nc") for n in range(2)]
        terms = earthdata.portal.put("/terms", lambda talk: talk.answer(403, b"accept the terms"))
        browser = logged_in(earthdata)
        assert [ask(browser, u).status for u in (urls[0], terms, urls[1])] == [200, 403, 200]
        assert len(earthdata.login.asked) == 1

    def test_is_for_one_origin_and_one_login(self, earthdata: Earthdata, lab: Lab) -> None:
        url = earthdata.put("/f.nc")
        public = earthdata.put("/public/f.nc")
        browser = web(
            f"{earthdata.login.url} env:LOGIN kind=basic", f"{earthdata.portal.url}/public none"
        )
        assert ask(browser, url).status == 200
        ask(browser, public)
        assert cookies(earthdata.portal, "/public")[0] == ""
        elsewhere = lab.put("f", CONTENT)
        ask(browser, elsewhere)
        named = url.replace("127.0.0.1", "localhost")
        ask(browser, named)
        assert "Cookie" not in lab.requests[0].headers


class TestWhereAChainMayLead:
    def test_a_circle_is_soon_seen(self, wire: Wire) -> None:
        wire.put("/a", redirect("/b"))
        wire.put("/b", redirect("/a", "Set-Cookie: same=1; Path=/"))
        with pytest.raises(FetchError, match="redirected in a circle"):
            ask(web(), f"{wire.url}/a")
        assert len(wire.asked) < 8

    def test_who_sends_back_to_the_same_url_has_a_reason_to(self, wire: Wire) -> None:
        """It counts by cookie, or on its own."""

        def count(talk: Talk) -> None:
            number = int(talk.asked.headers.get("cookie", "n=0").partition("=")[2])
            if number == 20:
                talk.file(CONTENT)
            else:
                redirect("/f", f"Set-Cookie: n={number + 1}")(talk)

        def once(talk: Talk) -> None:
            (talk.file(CONTENT) if len(cookies(wire, "/g")) > 1 else redirect("/g")(talk))

        assert ask(web(), wire.put("/f", count)).status == 200
        assert len(wire.asked) == 21
        assert ask(web(), wire.put("/g", once)).status == 200

    def test_twenty_and_no_more(self, wire: Wire) -> None:
        for number in range(21):
            wire.put(f"/{number}", redirect(f"/{number + 1}"))
        wire.put("/21", CONTENT)
        assert ask(web(), f"{wire.url}/1").status == 200
        with pytest.raises(FetchError, match="redirected more than 20 times"):
            ask(web(), f"{wire.url}/0")

    @pytest.mark.parametrize(
        ("how", "followed"),
        [
            ("plain", True),
            ("cookie of the server", True),
            ("login", False),
            ("cookie of the user", False),
            ("login at an earlier hop", False),
            ("signed", False),
            ("to a signed one", False),
            ("https only", False),
        ],
    )
    def test_from_https_to_http(
        self,
        how: str,
        followed: bool,
        vault: Vault,
        wire: Wire,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        """Where nothing is lost it is followed, as curl and wget do: what comes is verified."""
        authority = Authority()
        (tmp_path / "authority.pem").write_bytes(authority.pem)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
        monkeypatch.setenv("TOKEN", "t")
        file = vault.keep("c.txt", cookies_txt("127.0.0.1", "s", "v"))
        wire.put("/f", CONTENT)
        wire.put("/f?X-Amz-Signature=1", CONTENT)
        with Wire(tls=authority.context()) as safe:
            target = f"{wire.url}/f" + ("?X-Amz-Signature=1" if how == "to a signed one" else "")
            lines = ["Set-Cookie: a=1; Path=/"] if how == "cookie of the server" else []
            url = safe.put("/f", redirect("/g", *lines))
            safe.put("/g", redirect(target))
            safe.put("/f?Signature=abc&Expires=1", redirect(target))
            rules = {
                "login": [f"{safe.url} env:TOKEN"],
                "login at an earlier hop": [f"{safe.url}/f env:TOKEN"],
                "cookie of the user": [f"{safe.url} cookies:{file}"],
            }.get(how, [])
            policy = AddressPolicy.from_config(
                {"annex.security.allowed-ip-addresses": "all"}
                | ({"annex.security.allowed-url-schemes": "https"} if how == "https only" else {})
            )
            browser = Web(policy, Credentials(map(parse_rule, rules)))
            if how == "signed":
                url += "?Signature=abc&Expires=1"
            if followed:
                assert ask(browser, url).status == 200
                assert cookies(wire) == [""]
                return
            wanted = AddressRefusedError if how == "https only" else FetchError
            with pytest.raises(wanted, match=r"from https to http|does not allow http"):
                ask(browser, url)
            assert wire.asked == []


class TestEverywhere:
    """Whatever asks: files, parts of files, questions whether they are there."""

    def test_a_large_file_in_parts(self, earthdata: Earthdata) -> None:
        content = content_of("large", 40 << 20)
        url = earthdata.put("/large.nc", content)
        rules = (parse_rule(f"{earthdata.login.url} env:LOGIN kind=basic"),)
        expected = Expected(len(content), "sha256", sha256(content))
        with new_engine(credential=rules, read_timeout=5) as engine:
            outcome = fetch_file(Job("large.nc", (url,), expected, Path("large.nc")), engine)
            assert isinstance(outcome, Fetched)
            assert Path("large.nc").read_bytes() == content

    def test_whether_a_file_is_there(self, earthdata: Earthdata) -> None:
        url = earthdata.put("/f.nc")
        rules = (parse_rule(f"{earthdata.login.url} env:LOGIN kind=basic"),)
        with new_engine(credential=rules) as engine:
            assert is_present([url], Expected(len(CONTENT)), engine)
        assert {asked.method for asked in earthdata.portal.asked} == {"HEAD"}

    def test_a_login_server_that_takes_no_head(self, earthdata: Earthdata) -> None:
        url = earthdata.put("/f.nc")
        route = earthdata.login.routes["/authorize"]

        def authorize(talk: Talk) -> None:
            assert not isinstance(route, bytes)
            talk.answer(405) if talk.asked.method == "HEAD" else route(talk)

        earthdata.login.put("/authorize", authorize)
        rules = (parse_rule(f"{earthdata.login.url} env:LOGIN kind=basic"),)
        with new_engine(credential=rules) as engine:
            assert is_present([url], Expected(len(CONTENT)), engine)


@pytest.mark.slow
def test_no_cookie_is_written_down(tmp_path: Path, vault: Vault, wire: Wire, other: Wire) -> None:
    """A manifest, its check, the files and git-annex: each with a session of its own."""
    secret = vault.secret("chain").replace(":", "")
    content = content_of("f.bin", 3000)
    known = {"size": len(content), "digests": {"sha256": sha256(content)}}
    manifest = json.dumps({"f.bin": {"urls": [f"{wire.url}/f.bin"], **known}})
    wire.put("/f.bin", wall(f"seen={secret}", content))
    other.put("/m.json", wall(f"seen={secret}", manifest.encode()))
    vault.run("datalad", "download-manifest", "--check", f"{other.url}/m.json", "ds")
    vault.run("datalad", "download-manifest", f"{other.url}/m.json", "ds")
    vault.run("git", "annex", "get", "--debug", ".", cwd=tmp_path / "ds")
    assert (tmp_path / "ds/f.bin").read_bytes() == content
    vault.run("git", "annex", "drop", ".", cwd=tmp_path / "ds")
    vault.run("datalad", "download-content", cwd=tmp_path / "ds")
    assert (tmp_path / "ds/f.bin").read_bytes() == content
