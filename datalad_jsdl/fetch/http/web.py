"""HTTP as the engine needs it: requests, redirects hop by hop, a login for each hop's origin.

RFC 9110. `sending` makes each request, on connections that are pooled.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import urllib3

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.faults import FaultKind
from datalad_jsdl.fetch.credentials.session import Credentials
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.http.codes import S3_DENIALS, code_of
from datalad_jsdl.fetch.http.explanations import explain
from datalad_jsdl.fetch.http.forms import Forms
from datalad_jsdl.fetch.http.hops import Chain, Sessions
from datalad_jsdl.fetch.http.pools import Pools
from datalad_jsdl.fetch.http.proxies import through
from datalad_jsdl.fetch.http.secrecy import secrets_of
from datalad_jsdl.fetch.http.sending import HEADERS, Sender
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.targets import joined, plain
from datalad_jsdl.fetch.http.waiting import wait_of
from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from datalad_jsdl.fetch.http.proxies import Proxy
    from datalad_jsdl.fetch.transport import Response

__all__ = ["Web"]

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
_REDIRECTS = (300, 301, 302, 303, 307, 308)

# what a caller may ask for and every hop may see
_PASSED_ON = frozenset({"Range", "If-Range", "CMR-Search-After"})


class Web:
    """Connections for one address policy; safe to be used by several threads.

    Args:
        policy: which addresses may be connected to.
        credentials: logins; None for none.
        http_settings: see `pools.Pools`.
        connect_seconds: until a connection has to stand.
        read_seconds: without data until a connection is given up.
        connections: to one origin that are kept.
        pause: waits a number of seconds before a redirect is followed, where a server asks for it.
        certificates: see `pools.Pools`.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        credentials: Credentials | None = None,
        *,
        http_settings: Callable[[str], Mapping[str, str]] | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        connections: int = 16,
        pause: Callable[[float], object] = time.sleep,
        certificates: bool = True,
    ) -> None:
        self._credentials = credentials or Credentials(search=False)
        options: dict[str, Any] = {
            "timeout": urllib3.Timeout(connect=connect_seconds, read=read_seconds),
            "maxsize": connections,
            "num_pools": 1000,  # a pool that is thrown out would be closed under its users
        }
        self._sender = Sender(connect_seconds)
        self._sessions = Sessions()
        self._pools = Pools(
            policy or AddressPolicy(), options, http_settings, certificates=certificates
        )
        self._forms = Forms(self._sender, self._pools, read_seconds)
        self._pause = pause

    def open(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        document: bytes | None = None,
        read_seconds: float | None = None,
        advise_again: bool = False,
    ) -> Response:
        """Ask for *url* and follow redirects.

        The headers of each hop are made anew: those given, as far as they may be passed on
        (`_PASSED_ON`), and the login of that hop's own origin. A *document* is JSON that is
        sent along; then redirects are not followed. *read_seconds* is another limit than the
        usual one, for answers that take their time. Advice on a login is given in full once for
        an origin, unless it is *advise_again*: for an answer that may not be shown.

        Raises:
            AddressRefusedError: a hop leads where the policy does not allow.
            FetchError: the redirects lead nowhere.
            urllib3.exceptions.HTTPError, OSError: no answer.
        """
        passed_on = {k: v for k, v in (headers or {}).items() if k in _PASSED_ON}

        def follow(chain: Chain) -> Response:
            at = url
            while True:
                at = plain(at)
                response = self._ask(
                    chain, method, at, passed_on, document, read_seconds, advise_again
                )
                target = response.headers.get("Location")
                if response.status not in _REDIRECTS or not target or document is not None:
                    return response if response.url == at else replace(response, url=at)
                response.close()
                if wait := wait_of(response.status, response.headers):
                    self._pause(wait)
                at = chain.step(at, plain(joined(at, target)))

        if document is not None:
            return follow(Chain())
        return self._with_session(url, follow)

    def _with_session(self, url: str, follow: Callable[[Chain], Response]) -> Response:
        """Begin with the cookies that a login has brought before, and without if that fails."""
        if self._sessions and (session := self._sessions.get(self._place(url))):
            chain = Chain(session)
            try:
                response = follow(chain)
            except AddressRefusedError:
                raise
            except FetchError:  # a circle, say
                pass
            else:
                if not chain.is_stale(response.status, response.headers):
                    self._keep(url, chain, response)
                    return response
                response.close()
        chain = Chain()
        response = follow(chain)
        self._keep(url, chain, response)
        return response

    def _keep(self, url: str, chain: Chain, response: Response) -> None:
        if session := chain.session(response.status):
            self._sessions.keep(self._place(url), session)

    def _place(self, url: str) -> Hashable:
        """Who asks whom: sessions are shared by neither origins nor logins."""
        origin = origin_of(plain(url))
        return origin, self._credentials.scope(origin, url)

    def post(self, url: str, form: Mapping[str, str], as_json: bool) -> tuple[int, bytes]:
        """Send a form; see `forms.Forms.post`."""
        return self._forms.post(url, form, as_json)

    def close(self) -> None:
        """Close idle connections."""
        self._pools.close()

    def _ask(
        self,
        chain: Chain,
        method: str,
        url: str,
        headers: Mapping[str, str],
        document: bytes | None,
        read_seconds: float | None,
        advise_again: bool,
    ) -> Response:
        """One hop, with each login for its origin until one is taken."""
        if document is not None:
            headers = {**headers, "Content-Type": "application/json"}
        door = self._pools.door(url)
        attempt = self._credentials.attempt(door.origin, url, overheard=door.overheard)
        while True:
            with attempt.turn():
                target, login = attempt.sign(method, url, self.post)
                own = chain.headers(url, login)
                # S3 has an address for each region
                way = door if target.startswith(door.origin) else self._pools.door(target)
                with through(way.proxy, way.origin):
                    sent = {**HEADERS, **headers, **own}
                    response = self._sender.send(way, method, target, sent, document, read_seconds)
                if way.proxy or way.overheard:
                    response = replace(response, proxy=way.proxy, altered=way.overheard)
                if response.status == 407 and way.proxy:
                    response.close()
                    raise FetchError(_wants_login(way.proxy))
                chain.learn(url, response.headers)
                if chain.is_stale(response.status, response.headers):
                    return response
                redirects = response.status in _REDIRECTS and "Location" in response.headers
                found = gives_content(response.status) or response.status == 416
                if found or (redirects and not attempt.signed):
                    attempt.accepted()
                    return response
                said = explain(response, secrets_of(own, url, target))
                known = code_of(response.status, said, target, signed=attempt.signed)
                response = replace(response, said=said, known=known)
                login_wanted = known.kind is FaultKind.LOGIN if known else response.status != 400
                if response.status == 403 and wait_of(403, response.headers) is not None:
                    login_wanted = False  # too many requests, by another name
                denied = response.status in (400, 401, 403) and login_wanted and not said.wall
                challenge = response.headers.get("WWW-Authenticate", "")
                if not (again := attempt.moved(response.status, said.region)):
                    if not denied:
                        if response.status not in (400, 401, 403) and not said.region:
                            attempt.accepted()
                        return response
                    again = attempt.refused(response.status, challenge)
            if not again:
                hint = attempt.advice(
                    response.status, challenge, again=advise_again, store=said.code in S3_DENIALS
                )
                return replace(response, advice=hint.text, login=hint.login)
            response.close()


def _wants_login(proxy: Proxy) -> str:
    if proxy.login:
        return f"{proxy} rejects the login given there (407)"
    return f"{proxy} requires a login (407): write NAME:PASSWORD@ before its host there"
