"""Users that a provider of OpenID Connect has signed in (OpenID Connect Core 1.0)."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from datalad_jsdl.bugs import LOGGER, log_trace
from datalad_jsdl.portal.accounts.sealed import opened, sealed
from datalad_jsdl.portal.identity import Visitor
from datalad_jsdl.portal.local_paths import local_path
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = ["START", "OpenIdIdentity", "OpenIdProvider", "openid_routes"]

lgr = logging.getLogger(LOGGER)

_PATH = "/openid"
#: Where somebody begins to sign in; the query may have ``next``.
START = f"{_PATH}/start"
_MINUTES = 10  # that somebody has to sign in at the provider


@dataclass(frozen=True)
class OpenIdProvider:
    """A provider, and what it knows this portal as.

    Attributes:
        issuer: its URL.
        client_id: of the portal.
        client_secret: of the portal.
        scope: what is asked for.
        groups: name of the claim with a user's groups.
        hours: that somebody stays signed in.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = "openid profile email"
    groups: str = "groups"
    hours: float = 12

    @property
    def metadata(self) -> str:
        """Where its configuration is (OpenID Connect Discovery 1.0, 4)."""
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


@dataclass(frozen=True)
class OpenIdIdentity:
    """Whom the provider has signed in, from a cookie.

    Attributes:
        provider: that was asked.
        secret: that cookies are sealed with.
        origin: of the portal, as browsers know it.
    """

    provider: OpenIdProvider
    secret: bytes = field(repr=False)
    origin: str

    @property
    def seconds(self) -> float:
        """How long a session lasts."""
        return 3600 * self.provider.hours

    @property
    def is_secure(self) -> bool:
        """Whether browsers connect by TLS."""
        return self.origin.startswith("https:")

    @property
    def cookie(self) -> str:
        """Name of the cookie; the prefix has browsers take it from this host alone."""
        return "__Host-jsdl" if self.is_secure else "jsdl"

    def visitor(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], client: str
    ) -> Visitor | None:
        """See `Identity`."""
        value = opened(cookies.get(self.cookie, ""), self.secret)
        if value is None or not value.get("session"):
            return None
        groups = frozenset(value["groups"])
        return Visitor(value["user"], groups, value["shown"], session=value["session"])

    def seal(self, visitor: Visitor) -> str:
        """The value of the cookie for somebody who was signed in."""
        value = {
            "user": visitor.user,
            "groups": sorted(visitor.groups),
            "shown": visitor.shown,
            "session": secrets.token_urlsafe(16),
        }
        return sealed(value, self.secret, self.seconds)


def openid_routes(identity: OpenIdIdentity) -> Mount:
    """Where somebody goes to sign in, and comes back to."""
    provider = identity.provider
    oauth = OAuth()
    oauth.register(
        "provider",
        server_metadata_url=provider.metadata,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        client_kwargs={"scope": provider.scope, "code_challenge_method": "S256"},
    )

    async def start(request: Request) -> Response:
        request.session["next"] = local_path(request.query_params.get("next", "/"))
        back = f"{identity.origin}{_PATH}/back"
        try:
            answer: Response = await oauth.provider.authorize_redirect(request, back)
        except Exception as error:  # of whatever the provider answers
            raise _unreachable(error) from None
        return answer

    async def back(request: Request) -> Response:
        try:
            token = await oauth.provider.authorize_access_token(request)
        except OAuthError as error:
            lgr.info("nobody was signed in: %.100r", error.error)
            raise ProblemError(
                HTTPStatus.FORBIDDEN, "you were not signed in; go back, and try it again"
            ) from None
        except Exception as error:  # of whatever the provider answers
            raise _unreachable(error) from None
        visitor = _visitor(provider, token.get("userinfo") or {})
        request.state.signed_in = visitor  # for the log
        answer = RedirectResponse(local_path(request.session.pop("next", "/")), 303)
        answer.set_cookie(
            identity.cookie, identity.seal(visitor), max_age=int(identity.seconds),
            httponly=True, samesite="lax", secure=identity.is_secure, path="/",
        )  # fmt: skip
        return answer

    session = Middleware(
        SessionMiddleware,
        secret_key=identity.secret.hex(),
        session_cookie="jsdl_openid",
        max_age=60 * _MINUTES,
        path=_PATH,
        same_site="lax",
        https_only=identity.is_secure,
    )
    return Mount(_PATH, routes=[Route("/start", start), Route("/back", back)], middleware=[session])


def _visitor(provider: OpenIdProvider, claims: Mapping[str, Any]) -> Visitor:
    """Whom the provider means; `sub` is the one claim that never changes (5.7)."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise ProblemError(HTTPStatus.BAD_GATEWAY, "the provider does not say who you are")
    groups = claims.get(provider.groups)
    shown = next(
        (claims[name] for name in ("name", "preferred_username", "email") if claims.get(name)),
        subject,
    )
    listed = groups if isinstance(groups, list) else [groups] if isinstance(groups, str) else []
    return Visitor(subject, frozenset(str(group) for group in listed), str(shown))


def _unreachable(error: Exception) -> ProblemError:
    log_trace("the provider of OpenID Connect failed", error)
    return ProblemError(
        HTTPStatus.BAD_GATEWAY,
        "the place to sign in is not reachable now; nothing is lost, try it again in a moment",
        {"retry-after": "30"},
    )
