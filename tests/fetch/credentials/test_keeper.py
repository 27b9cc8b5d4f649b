"""What is tried in which order, and what is remembered of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.session import Credentials
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.http.answers import refusal
from datalad_jsdl.fetch.http.web import Web
from datalad_jsdl.fetch.phrases import phrase
from datalad_jsdl.fetch.transport import Response
from tests.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    assert "may require a login and rejects the variable TOKEN" in response.advice
    assert ask(browser, url).status == 200


def test_the_advice_names_the_origin_what_it_wants_and_what_was_refused(
    vault: Vault, lab: Lab
) -> None:
    store(vault, lab.url, "alice", "wrong")
    vault.keep(".netrc", "machine\n")
    wanted = ("Authorization", "Basic right")
    url = lab.put("f", CONTENT, wants=wanted, challenge='Basic realm="\x1b[31mevil"')
    browser = web(f"{lab.url} cookies:/gone")
    said = f"{lab.url} requires a login (Basic) and rejects git's credential helper "
    said += "(sent as user 'alice' with password)"
    full = (
        f"{said} (cannot read the cookies in /gone: No such file or directory; cannot read "
        "~/.netrc: error in line 2); replace it with: git credential reject, then git credential "
        'approve (other ways: "The portal wants me to log in" in the documentation)'
    )
    assert [ask(browser, url, advise_again=again).advice for again in (True, False)] == [full] * 2
    assert ask(browser, url).advice == f"{said} (see above)"


@pytest.mark.parametrize(
    ("challenge", "kinds"),
    [
        ('Basic realm="x, Digest y"', " (Basic)"),
        ('Bearer realm="x", error="y"', " (Bearer)"),
        ('Bearer, Basic realm="x"', " (Basic or Bearer)"),
        ("", ""),
    ],
)
def test_how_to_give_a_login(vault: Vault, lab: Lab, challenge: str, kinds: str) -> None:
    lab.put("a b/f", CONTENT, wants=("Authorization", "x"), challenge=challenge)
    response = ask(web(), f"{lab.url}/a%20b/f?id=5&token=secret")
    assert response.advice == f"{lab.url} requires a login{kinds}"
    assert response.login == f"{lab.url}/a%20b/f"
    said = phrase(refusal(lab.url, response))
    assert said.endswith(f"; to log in, run:\n  datalad jsdl-login {lab.url}/a%20b/f")


def test_where_to_log_in_has_no_secret(vault: Vault, lab: Lab) -> None:
    lab.put("q", CONTENT, wants=("Authorization", "x"))
    for query, shown in (
        ("persistentId=doi:10.5072/FK2/J8&limit=1000", True),
        ("id=5&token=abc", False),
        ("X-Amz-Signature=0123", False),
        ("password=", False),
        ("ours=9f8a7b", False),
        ("order=path&page=2", True),
        ("key=9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c", False),
    ):
        login = ask(web(), f"{lab.url}/q?{query}").login
        assert login == f"{lab.url}/q" + (f"?{query}" if shown else "")
    lab.put("f;jsessionid=1", CONTENT, wants=("Authorization", "x"))
    assert ask(web(), f"{lab.url}/f%3Bjsessionid%3D1").login == f"{lab.url}/f%3Bjsessionid%3D1"
    lab.files["/f;jsessionid=1"] = lab.files.pop("/f%3Bjsessionid%3D1")
    assert ask(web(), f"{lab.url}/f;jsessionid=1").login == lab.url


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("http://127.0.0.1 env:T", "your credential is for http://127.0.0.1, a different port"),
        ("{}/sub env:T", "your credential is for URLs below {}/sub only"),
        ("{} none", "your credential for {} is set to none"),
    ],
)
def test_a_line_that_nearly_fits_is_named(vault: Vault, lab: Lab, line: str, says: str) -> None:
    url = lab.put("f", CONTENT, wants=("Authorization", "x"))
    assert f"({says.format(lab.url)})" in ask(web(line.format(lab.url)), url).advice


def test_what_the_origin_does_not_ask_for_is_not_shown(vault: Vault, lab: Lab) -> None:
    """git's login for a forge is none of an API's that takes tokens only."""
    store(vault, lab.url, "alice", "apple")
    url = lab.put("f", CONTENT, wants=("Authorization", "x"), challenge='Bearer realm="api"')
    ask(web(), url)
    assert authorizations(lab) == [None]


def test_one_refused_file_does_not_discredit_a_login_that_is_good(
    vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE", "one")
    monkeypatch.setenv("TWO", "two")
    browser = web(f"{lab.url} env:ONE", f"{lab.url} env:TWO")
    urls = {
        name: lab.put(name, CONTENT, wants=("Authorization", f"Bearer {name[:3]}"))
        for name in ("one-a", "two-a", "odd", "one-b", "two-b")
    }
    found = {name: ask(browser, url).status for name, url in urls.items()}
    assert found == {"one-a": 200, "two-a": 200, "odd": 401, "one-b": 200, "two-b": 200}


def test_a_login_that_is_good_no_longer_is_given_up(
    vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t")
    browser = web(f"{lab.url} env:TOKEN")
    assert ask(browser, lab.put("f", CONTENT, wants=("Authorization", "Bearer t"))).status == 200
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer new"))
    for _ in range(15):
        ask(browser, url)
    assert authorizations(lab).count("Bearer t") == 1 + 10


def test_cookies_that_are_for_no_path_here_are_no_login(
    tmp_path: Path, vault: Vault, lab: Lab
) -> None:
    file = vault.keep("c.txt", "127.0.0.1\tFALSE\t/app\tFALSE\t0\ts\tv\n")
    inside = lab.put("app/a", CONTENT, wants=("Cookie", "s=v"))
    outside = lab.put("other", CONTENT, wants=("Cookie", "s=v"))
    browser = web(f"{lab.url} cookies:{file}")
    assert [ask(browser, u).status for u in (inside, outside, inside)] == [200, 401, 200]


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_login_is_not_sent_again_and_again(vault: Vault, lab: Lab, status: int) -> None:
    store(vault, lab.url, "alice", "wrong")
    wrong = vault.basic("alice", "wrong")
    url = lab.put("f", CONTENT, wants=("Authorization", "x"), delay=0.05)
    if status == 403:
        url = lab.put("f", CONTENT, status=403, delay=0.05)
    browser = web()
    threads = [threading.Thread(target=ask, args=(browser, url)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert authorizations(lab).count(wrong) == (1 if status == 401 else 3)


def test_none_is_for_its_path(vault: Vault, lab: Lab) -> None:
    store(vault, lab.url, "alice", "apple")
    wants = ("Authorization", vault.basic("alice", "apple"))
    private = lab.put("private/f", CONTENT, wants=wants)
    public = lab.put("public/f", CONTENT, wants=wants)
    browser = web(f"{lab.url}/public none", f"{lab.url} git")
    assert [ask(browser, url).status for url in (private, public, private)] == [200, 401, 200]


def test_a_login_that_cannot_be_shown_is_passed_over(
    vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = vault.secret("two lines") + "\nX-Evil: 1"
    for name in ("BROKEN", "AWS_SESSION_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, secret)
    monkeypatch.setenv("GOOD", "good")
    free = lab.put("free", CONTENT)
    url = lab.put("f", CONTENT, wants=("Authorization", "Bearer good"))
    broken = [f"{lab.url} env:BROKEN kind=bearer", f"{lab.url} aws"]
    assert ask(web(*broken, f"{lab.url} env:GOOD"), url).status == 200
    browser = web(*broken)
    assert ask(browser, free).status == 200
    advice = ask(browser, url).advice
    assert "the variable BROKEN has a character that is invalid in a header" in advice
    assert "rejects" not in advice
    assert secret not in advice
    assert not any("X-Evil" in request.headers for request in lab.requests)


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
    with pytest.raises(OSError, match=r"contains a login|is invalid"):
        ask(browser, form.format(lab.port, place))
    assert authorizations(lab) + authorizations(other_lab) == []
