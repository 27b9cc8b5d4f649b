"""Access tokens for refresh tokens (RFC 6749, section 6), kept for as long as they are good."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import urllib3

from datalad_jsdl.errors import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalad_jsdl.fetch.credentials.values import Login

__all__ = ["Tokens"]

_MARGIN = 30.0  # seconds that a token is given up before its end
_LIFETIME = 300.0  # seconds, where the endpoint does not say


class Tokens:
    """The access tokens of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[int, tuple[str, float]] = {}
        self._refresh: dict[int, str] = {}

    def get(self, login: Login, post: Callable[[str, Mapping[str, str]], tuple[int, bytes]]) -> str:
        """An access token.

        Args:
            login: of the kind ``oauth``.
            post: sends a form to a URL; gives status and body.

        Raises:
            FetchError: the endpoint gives none.
        """
        with self._lock:
            token, until = self._tokens.get(id(login), ("", 0.0))
            if token and self._clock() < until:
                return token
            token, seconds = self._ask(login, post)
            self._tokens[id(login)] = token, self._clock() + max(0.0, seconds - _MARGIN)
            return token

    def forget(self, login: Login, token: str) -> bool:
        """The server does not take a token; whether it was one to be replaced."""
        with self._lock:
            known = self._tokens.get(id(login), ("", 0.0))[0]
            if known == token:
                self._tokens.pop(id(login), None)
            return bool(known)

    def _ask(
        self, login: Login, post: Callable[[str, Mapping[str, str]], tuple[int, bytes]]
    ) -> tuple[str, float]:
        endpoint = login.option("token-endpoint")
        form = {
            "grant_type": "refresh_token",
            # an endpoint may give a new one each time, and take the old one no longer
            "refresh_token": self._refresh.get(id(login), login.secret),
        }
        if client := login.option("client-id"):
            form["client_id"] = client
        try:
            status, body = post(endpoint, form)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise FetchError(
                f"the token endpoint {endpoint} does not answer ({type(error).__name__})"
            ) from None
        try:
            answer = json.loads(body)
            token, seconds = str(answer["access_token"]), float(answer.get("expires_in", _LIFETIME))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FetchError(
                f"the token endpoint {endpoint} gave no token for {login.place} (status {status})"
            ) from None
        if renewed := answer.get("refresh_token"):
            self._refresh[id(login)] = str(renewed)
        return token, seconds
