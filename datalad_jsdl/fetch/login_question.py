"""Which login a URL wants, by the server's own answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.credentials.advice import schemes_of
from datalad_jsdl.fetch.http.answers import Limits, no_answer
from datalad_jsdl.fetch.http.codes import S3_DENIALS
from datalad_jsdl.fetch.http.failures import NETWORK_ERRORS
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.web_pages import is_page_type
from datalad_jsdl.fetch.phrases import failure
from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from datalad_jsdl.fetch.engine import Engine

__all__ = ["LoginAnswer", "ask_which_login"]

# of headers that have a token, in a challenge or in what the server says; of a form's none
_HEADERS = re.compile(r"\bX-(?![\w-]*[CX]SRF)[A-Za-z0-9-]*(?:key|token|auth)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LoginAnswer:
    """What a server says to a request.

    Attributes:
        origin: that answered, after redirects.
        status: of HTTP.
        wanted: it wants a login, or another one.
        schemes: that it takes (RFC 9110, 11.6.1), in lower case.
        headers: names of headers that it says a token belongs into.
        is_store: it is an object store that speaks S3.
        overheard: the login would be sent through a proxy, unencrypted.
        is_page: it is a web page.
        said: the server's own words, free of secrets, or "".
    """

    origin: str
    status: int
    wanted: bool
    schemes: frozenset[str]
    headers: tuple[str, ...]
    is_store: bool
    overheard: bool
    is_page: bool
    said: str

    @property
    def gives_content(self) -> bool:
        """Whether the URL is open, as it was asked for."""
        return gives_content(self.status) or self.status == 416


def ask_which_login(url: str, engine: Engine) -> LoginAnswer:
    """Ask for a byte of *url*, with the logins that the engine has for it.

    Raises:
        FetchError: there is no answer.
    """
    try:
        response = engine.web.open(url, {"Range": "bytes=0-0"}, advise_again=True)
    except NETWORK_ERRORS as error:
        raise failure(Failed((no_answer(url, error, Limits.of(engine.settings)),))) from None
    response.close()
    challenge = response.headers.get("WWW-Authenticate", "")
    named = _HEADERS.findall(f"{challenge} {response.said.message}")
    return LoginAnswer(
        origin=origin_of(response.url or url),
        status=response.status,
        wanted=bool(response.advice),
        schemes=schemes_of(challenge),
        headers=tuple(dict.fromkeys(named)),
        is_store=response.said.code in S3_DENIALS,
        overheard=response.altered,
        is_page=is_page_type(response.headers.get("Content-Type", "")),
        said=str(response.said),
    )
