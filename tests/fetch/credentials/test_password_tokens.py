"""The kind ``login``: a token for a user name and a password, and a new one when it is stale."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.fetch.credentials.login import Login
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.credentials.session import Credentials
from datalad_jsdl.fetch.credentials.tokens import Tokens
from datalad_jsdl.fetch.http.web import Web
from tests.fetch.credentials.test_keeper import CONTENT, LOCAL, ask, web
from tests.lab import File

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab import Lab
    from tests.vault import Vault
    from tests.wire import Talk

ENDPOINT = "https://loris.example/api/v0.0.3/login"


def jwt(claims: object) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.c2lnbmF0dXJl"


class Clock:
    """Of a machine that is set to the year 1970."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Endpoint:
    """Gives a token for each question."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Mapping[str, str], bool]] = []

    def __call__(self, url: str, form: Mapping[str, str], as_json: bool) -> tuple[int, bytes]:
        self.asked.append((url, form, as_json))
        return 200, json.dumps(self.answers.pop(0)).encode()


LOGIN = Login(
    "the login",
    "login",
    "secret",
    "alice",
    rule=parse_rule(f"https://loris.example git kind=login token-endpoint={ENDPOINT}"),
)
DAY = {"iat": 2_000_000_000, "exp": 2_000_086_400}


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({"token": jwt(DAY)}, 86_400),
        ({"token": "opaque"}, 300),
        ({"access": jwt({"exp": "soon"})}, 300),
        ({"access_token": jwt(["x"])}, 300),
        ({"access_token": "x.y.z", "expires_in": 1000}, 1000),
    ],
)
def test_a_token_is_used_for_as_long_as_it_says(answer: dict[str, object], seconds: float) -> None:
    clock, endpoint = Clock(), Endpoint(answer, {"token": "next"})
    tokens = Tokens(clock)
    first = tokens.get(LOGIN, endpoint)
    assert first in answer.values()
    clock.seconds = seconds - 31
    assert tokens.get(LOGIN, endpoint) == first
    clock.seconds = seconds - 29
    assert tokens.get(LOGIN, endpoint) == "next"
    assert endpoint.asked == [(ENDPOINT, {"username": "alice", "password": "secret"}, True)] * 2


def test_when_a_refused_token_is_replaced() -> None:
    clock, endpoint = Clock(), Endpoint({"token": "a"}, {"token": "b"})
    tokens = Tokens(clock)
    assert tokens.get(LOGIN, endpoint) == "a"
    clock.seconds = 59
    assert not tokens.forget(LOGIN, "a", 60)
    assert tokens.get(LOGIN, endpoint) == "a"
    clock.seconds = 61
    assert tokens.forget(LOGIN, "a", 60)
    assert tokens.get(LOGIN, endpoint) == "b"
    assert tokens.forget(LOGIN, "a", 0)  # another thread has replaced it
    assert tokens.get(LOGIN, endpoint) == "b"


class Server:
    """Takes one token at a time, and refuses others with this status."""

    def __init__(self, lab: Lab, status: int) -> None:
        self.status = status
        self.good = 1
        self.logins = 0
        self.url = lab.put("f")
        lab.files["/f"] = File(CONTENT, answer=self.file)
        lab.files["/login"] = File(answer=self.log_in)

    def file(self, talk: Talk, content: bytes) -> None:
        if talk.asked.headers.get("authorization") == f"Bearer t{self.good}":
            talk.file(content)
        else:
            talk.answer(self.status)

    def log_in(self, talk: Talk, content: bytes) -> None:
        self.logins += 1
        talk.answer(200, json.dumps({"token": f"t{self.logins}"}).encode())


def test_a_token_that_is_revoked(vault: Vault, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """401 says so at once; 403 may be of the file, unless the token has been here for a while."""
    monkeypatch.setenv("LOGIN", "alice:secret")
    line = f"{lab.url} env:LOGIN kind=login token-endpoint={lab.url}/login"
    server = Server(lab, 401)
    browser = web(line)
    assert ask(browser, server.url).status == 200
    server.good = 2
    assert [ask(browser, server.url).status for _ in range(3)] == [200, 200, 200]
    assert server.logins == 2
    server = Server(lab, 403)
    credentials = Credentials([parse_rule(line)])
    clock = Clock()
    credentials._tokens = Tokens(clock)
    browser = Web(LOCAL, credentials)
    assert ask(browser, server.url).status == 200
    server.good = 2
    assert [ask(browser, server.url).status for _ in range(3)] == [403, 403, 403]
    assert server.logins == 1
    clock.seconds = 61
    assert ask(browser, server.url).status == 200
    assert server.logins == 2
