"""Access tokens for refresh tokens (RFC 6749, section 6), kept for as long as they are good."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import is_sendable
from datalad_jsdl.fetch.http.explanations import said_of
from datalad_jsdl.fetch.http.failures import NETWORK_ERRORS, READ_TIMEOUT
from datalad_jsdl.fetch.retries import ENDPOINT_PAUSE
from datalad_jsdl.fetch.settings import named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalad_jsdl.fetch.credentials.login import Login

__all__ = ["Tokens"]

_MARGIN = 30.0  # seconds that a token is given up before its end
_LIFETIME = 300.0  # seconds, where the endpoint does not say
_SHORTEST = 5.0  # seconds that one is used, whatever the endpoint says


class Tokens:
    """The access tokens of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}
        self._failures: dict[tuple[str, str], tuple[str, float]] = {}
        self._refresh: dict[tuple[str, str], str] = {}

    def get(self, login: Login, post: Callable[[str, Mapping[str, str]], tuple[int, bytes]]) -> str:
        """An access token.

        Args:
            login: of the kind ``oauth``.
            post: sends a form to a URL; gives status and body.

        Raises:
            FetchError: the endpoint gives none, or gave none a short while ago.
        """
        name = _name(login)
        with self._lock:
            token, until = self._tokens.get(name, ("", 0.0))
            if token and self._clock() < until:
                return token
            problem, until = self._failures.get(name, ("", 0.0))
            if problem and self._clock() < until:
                raise FetchError(problem)
            try:
                token, seconds = self._ask(login, post)
            except FetchError as error:
                self._failures[name] = str(error), self._clock() + ENDPOINT_PAUSE
                raise
            self._tokens[name] = token, self._clock() + max(_SHORTEST, seconds - _MARGIN)
            return token

    def forget(self, login: Login, token: str) -> None:
        """The server does not take a token."""
        with self._lock:
            if self._tokens.get(_name(login), ("", 0.0))[0] == token:
                del self._tokens[_name(login)]

    def _ask(
        self, login: Login, post: Callable[[str, Mapping[str, str]], tuple[int, bytes]]
    ) -> tuple[str, float]:
        endpoint = login.option("token-endpoint")
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._refresh.get(_name(login), login.secret),
        }
        if client := login.option("client-id"):
            form["client_id"] = client
        try:
            status, body = post(endpoint, form)
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
            token, seconds = answer["access_token"], float(answer.get("expires_in", _LIFETIME))
        except (ValueError, KeyError, TypeError, AttributeError):
            token, seconds, answer = None, 0.0, {}
        if not isinstance(token, str) or not is_sendable(token):
            said = said_of(status, {}, body, {form["refresh_token"], login.secret})
            raise FetchError(
                f"the token endpoint {endpoint} gave no token for {login.place} (status {status})"
                + (f"; the server says: {said}" if said.message or said.code else "")
            )
        renewed = answer.get("refresh_token")
        if isinstance(renewed, str) and renewed and renewed != form["refresh_token"]:
            self._refresh[_name(login)] = renewed
            if login.renew is not None:  # the old one may be good no longer
                login.renew(renewed)
        return token, seconds


def _name(login: Login) -> tuple[str, str]:
    """One login may be for several origins."""
    return login.place, login.option("token-endpoint")
