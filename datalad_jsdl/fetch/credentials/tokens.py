"""Tokens for secrets, kept for as long as they are good.

For a refresh token (RFC 6749, section 6), or for a user name and a password that go as JSON to an
endpoint of the server's own.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import is_sendable
from datalad_jsdl.fetch.http.explanations import said_of
from datalad_jsdl.fetch.http.failures import NETWORK_ERRORS, READ_TIMEOUT
from datalad_jsdl.fetch.retries import ENDPOINT_PAUSE
from datalad_jsdl.fetch.settings import named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalad_jsdl.fetch.credentials.login import Login

    #: Sends names and values to a URL, as a form or, if the third is true, as JSON; gives the
    #: status and the body of the answer.
    Post = Callable[[str, Mapping[str, str], bool], tuple[int, bytes]]

__all__ = ["Tokens"]

_MARGIN = 30.0  # seconds that a token is given up before its end
_LIFETIME = 300.0  # seconds, where the endpoint does not say
_SHORTEST = 5.0  # seconds that one is used, whatever the endpoint says
_NAMES = ("access_token", "token", "access")  # of the token in an answer


@dataclass(frozen=True, slots=True)
class _Token:
    """One, since and until when it is used (`Tokens`' clock)."""

    text: str = field(repr=False)
    since: float
    until: float


class Tokens:
    """The access tokens of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, str], _Token] = {}
        self._failures: dict[tuple[str, str], tuple[str, float]] = {}
        self._refresh: dict[tuple[str, str], str] = {}

    def get(self, login: Login, post: Post) -> str:
        """An access token.

        Args:
            login: of a kind of `schemes.EXCHANGED`.
            post: asks the endpoint.

        Raises:
            FetchError: the endpoint gives none, or gave none a short while ago.
        """
        name = _name(login)
        with self._lock:
            known = self._tokens.get(name)
            if known and self._clock() < known.until:
                return known.text
            problem, until = self._failures.get(name, ("", 0.0))
            if problem and self._clock() < until:
                raise FetchError(problem)
            try:
                token, seconds = self._ask(login, post)
            except FetchError as error:
                self._failures[name] = str(error), self._clock() + ENDPOINT_PAUSE
                raise
            now = self._clock()
            self._tokens[name] = _Token(token, now, now + max(_SHORTEST, seconds - _MARGIN))
            return token

    def forget(self, login: Login, token: str, seconds: float) -> bool:
        """The server does not take a token; whether there is sense in asking for another one.

        Args:
            login: that it is for.
            token: that was refused.
            seconds: that it has to be old: a new one would be refused likewise.
        """
        with self._lock:
            known = self._tokens.get(_name(login))
            if known is None or known.text != token:  # another thread was here
                return True
            if self._clock() - known.since < seconds:
                return False
            del self._tokens[_name(login)]
            return True

    def _ask(self, login: Login, post: Post) -> tuple[str, float]:
        endpoint = login.option("token-endpoint")
        form = self._form(login)
        secret = login.secret
        try:
            status, body = post(endpoint, form, login.kind == "login")
        except (FetchError, TimeoutError) as error:  # the latter is for an answer that drips
            raise FetchError(f"the token endpoint {endpoint}: {error}") from None
        except READ_TIMEOUT:
            limit = f"within the read timeout ({named('read-timeout')})"
            raise FetchError(f"the token endpoint {endpoint} does not respond {limit}") from None
        except NETWORK_ERRORS as error:
            raise FetchError(
                f"the token endpoint {endpoint} does not respond ({type(error).__name__})"
            ) from None
        try:
            answer = json.loads(body)
            token = next(answer[name] for name in _NAMES if name in answer)
            seconds = float(answer.get("expires_in", _lifetime(token)))
        except (ValueError, TypeError, AttributeError, StopIteration):
            token, seconds, answer = None, 0.0, {}
        if not isinstance(token, str) or not is_sendable(token):
            said = said_of(status, {}, body, {form.get("refresh_token", secret), secret})
            raise FetchError(
                f"the token endpoint {endpoint} gave no token for {login.place} (status {status})"
                + (f"; the server says: {said}" if said.message or said.code else "")
            )
        renewed = answer.get("refresh_token") if login.kind == "oauth" else None
        if isinstance(renewed, str) and renewed and renewed != form["refresh_token"]:
            self._refresh[_name(login)] = renewed
            if login.renew is not None:  # the old one may be good no longer
                login.renew(renewed)
        return token, seconds

    def _form(self, login: Login) -> dict[str, str]:
        """What the endpoint is sent."""
        if login.kind == "login":
            return {"username": login.user, "password": login.secret}
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._refresh.get(_name(login), login.secret),
        }
        if client := login.option("client-id"):
            form["client_id"] = client
        return form


def _lifetime(token: Any) -> float:
    """Seconds that a token says it is good for (RFC 7519, 4.1), by the clock of who issued it."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return float(claims["exp"] - claims["iat"])
    except (ValueError, TypeError, AttributeError, LookupError):
        return _LIFETIME


def _name(login: Login) -> tuple[str, str]:
    """One login may be for several origins."""
    return f"{login.place} {login.user}", login.option("token-endpoint")
