"""What every request passes first: which host it is for, who asks, and from where."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from datalad_jsdl.errors import JsdlError
from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.problems import Problem, problem_of, send_problem
from datalad_jsdl.portal.robots import ROBOTS_HEADER, may_index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.site import Site

__all__ = ["Gate"]

#: What pages elsewhere may post to: their signature is looked at there, and no cookie.
_FOR_OTHERS = frozenset({"/choose"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: On every answer that does not say otherwise.
_HEADERS = {
    b"content-security-policy": _POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    # other sites learn nothing of addresses here; the own forms still say where they are from
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}


class Gate:
    """Lets requests through; ``scope["state"]["visitor"]`` is who asks, or None.

    Args:
        app: behind it.
        site: of the portal.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        new = ""  # the cookie of somebody who has none

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name for name, _ in given}
                given += [item for item in _HEADERS.items() if item[0] not in names]
                is_open = may_index(scope["path"], allowed=self._site.robots)
                if not is_open and ROBOTS_HEADER[0] not in names:
                    given.append(ROBOTS_HEADER)
                if new and _is_of_somebody(scope, message["status"], given):
                    given.append((b"set-cookie", new.encode()))
                message = {**message, "headers": given}
            await send(message)

        if problem := self._problem(scope, headers):
            await send_problem(problem, hardened, is_head=scope["method"] == "HEAD")
            return
        try:
            visitor, new = await self._visitor(scope, headers)
        except JsdlError as error:
            await send_problem(problem_of(error), hardened, is_head=scope["method"] == "HEAD")
            return
        scope.setdefault("state", {})["visitor"] = visitor
        await self._app(scope, receive, hardened)

    async def _visitor(self, scope: Scope, headers: Headers) -> tuple[Visitor | None, str]:
        """Who asks, and a cookie for somebody who is new."""
        cookies = cookie_parser(headers.get("cookie", ""))
        client = (scope.get("client") or ("", 0))[0]
        found = self._site.identity.visitor(headers, cookies, client)
        sessions = self._site.sessions
        if found is not None and found.session and not sessions.is_known(found.session):
            is_ended = await self._site.run(sessions.is_ended, found.session)
            found = None if is_ended else found
        users = self._site.anonymous
        if found is not None or users is None:
            return found, ""
        known = users.known(cookies)
        return (known, "") if known else users.made()

    def _has_token(self, headers: Mapping[str, str]) -> bool:
        """Whether the token is in a field that no browser sends by itself."""
        identity = self._site.identity
        return isinstance(identity, TokenIdentity) and identity.has_token(headers)

    def _problem(self, scope: Scope, headers: Mapping[str, str]) -> Problem | None:
        host = headers.get("host", "").lower()
        if self._site.hosts and host not in self._site.hosts:
            # a page elsewhere may have its own name resolve to this machine
            names = ", ".join(sorted(self._site.hosts))
            return Problem(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"this server is not known by the name in Host; it is known as {names}",
            )
        if scope["method"] in _SAFE or self._has_token(headers) or scope["path"] in _FOR_OTHERS:
            return None
        if not _is_from_here(headers, host):
            return Problem(HTTPStatus.FORBIDDEN, self._who_may_change(host))
        return None

    def _who_may_change(self, host: str) -> str:
        """For a program that does not say where it is from, as browsers do."""
        if isinstance(self._site.identity, TokenIdentity):
            return (
                "only pages of this portal can change anything here, and programs that send the "
                "token: Authorization: Bearer TOKEN"
            )
        origin = self._site.origin or f"http://{host}"
        return (
            "only pages of this portal can change anything here, and programs that send the field "
            f"Origin: {origin}"
        )


def _is_of_somebody(scope: Scope, status: int, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether an answer depends on who asks: a page, or one of the API.

    So does what leads on to a page: files may have been put on somebody's list by then.
    """
    if status == HTTPStatus.SEE_OTHER and scope["method"] == "GET":
        return True
    kind = next((value for name, value in headers if name == b"content-type"), b"")
    return kind.startswith(b"text/html") or scope["path"].startswith("/api/")


def _is_from_here(headers: Mapping[str, str], host: str) -> bool:
    """Whether a request that changes something comes from a page of this server."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site in ("same-origin", "none")
    return urlsplit(headers.get("origin", "")).netloc.lower() == host != ""
