"""Signing in with a token, and out again."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.local_paths import local_path
from datalad_jsdl.portal.pages.names import query_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from datalad_jsdl.portal.pages.turn import Turn

__all__ = ["exchange", "sign_in", "sign_out"]

_LONGEST = 30 * 24 * 3600  # seconds of a session


def exchange(turn: Turn) -> Response | None:
    """Exchange the token of an address for a cookie at once: addresses stay in histories.

    Returns:
        None if the address has no token.
    """
    if not (given := turn.query.one("token")):
        return None
    rest = {name: turn.query.one(name) for name in turn.query.values if name != "token"}
    here = f"{turn.request.url.path}{query_of(**rest)}"
    identity = turn.site.identity
    if not isinstance(identity, TokenIdentity) or not identity.is_token(given.strip()):
        return turn.go("/sign-in", wrong=1)
    return _with_cookie(turn, turn.go(here), identity)


async def sign_in(turn: Turn) -> Response:
    """Ask for the token."""
    identity = turn.site.identity
    back = local_path(turn.form.one("next") or turn.query.one("next"))
    if turn.request.method == "POST":
        given = turn.form.one("token").strip()
        # a whole address is pasted as easily
        given = given.rpartition("?token=")[2]
        if isinstance(identity, TokenIdentity) and identity.is_token(given):
            return _with_cookie(turn, turn.go(back), identity)
        return await _form(turn, back, is_wrong=True)
    if turn.visitor is not None and not turn.may_sign_in:
        return turn.go(back)
    return await _form(turn, back, is_wrong=bool(turn.query.one("wrong")))


async def sign_out(turn: Turn) -> Response:
    """Have the browser forget who it is; and what others have copied of it is no use."""
    if turn.visitor is not None and turn.visitor.session:
        seconds = getattr(turn.site.identity, "seconds", _LONGEST)
        await turn.site.run(turn.site.sessions.end, turn.visitor.session, seconds)
    found = turn.go("/sign-in")
    # who is signed in by a proxy has none, and signs out there
    if cookie := getattr(turn.site.identity, "cookie", ""):
        secure = turn.request.url.scheme == "https"
        found.delete_cookie(cookie, secure=secure, httponly=True, samesite="lax")
    return found


async def _form(turn: Turn, back: str, *, is_wrong: bool) -> Response:
    takes_token = isinstance(turn.site.identity, TokenIdentity)
    elsewhere = f"{turn.site.sign_in}{query_of(next=back)}" if turn.site.sign_in else ""
    status = HTTPStatus.UNAUTHORIZED if is_wrong else HTTPStatus.OK
    return await turn.render(
        "sign-in.html", status, here="sign-in", back=back, is_wrong=is_wrong,
        takes_token=takes_token, elsewhere=elsewhere,
    )  # fmt: skip


def _with_cookie(turn: Turn, found: Response, identity: TokenIdentity) -> Response:
    found.set_cookie(
        identity.cookie, identity.cookie_value, path="/", httponly=True, samesite="lax",
        secure=turn.request.url.scheme == "https",
    )  # fmt: skip
    return found
