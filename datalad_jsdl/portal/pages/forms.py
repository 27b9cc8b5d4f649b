"""What pages send back: read, and accepted from pages that were made for the same user only."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from datalad_jsdl.orders.store.secrets import secret_of
from datalad_jsdl.portal.guards import FullError, Room
from datalad_jsdl.portal.pages.names import parsed_query
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["LARGEST", "SMALL", "Fields", "FormTokens", "read_form"]

_WITHIN = 30.0  # seconds for all of a form
SMALL = 64 << 10  # bytes of a form of somebody who is not signed in
LARGEST = 4 << 20  # bytes of a form: all boxes of a page ticked, with long paths
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Fields:
    """The fields of a form or a query.

    Attributes:
        values: name → values.
    """

    values: Mapping[str, Sequence[str]]

    def one(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        return next(iter(self.values.get(name, ())), default)

    def all(self, name: str) -> Sequence[str]:
        """All values of a field."""
        return self.values.get(name, ())

    def number(self, name: str, default: int = 1) -> int:
        """A whole number, 1 or more; the default where there is none."""
        given = self.one(name)
        if len(given) < 10 and given.isascii() and given.isdecimal() and int(given) > 0:
            return int(given)
        return default


@dataclass(frozen=True)
class FormTokens:
    """Makes and checks what each form carries, so that no other page can make it up.

    Attributes:
        store: whose secret they are made from.
    """

    store: Store

    def of(self, user: str) -> str:
        """The token of a user's forms.

        Raises:
            StoreError: the store is locked or cannot be written.
        """
        text = user.encode("utf-8", "surrogateescape")
        return hmac.new(secret_of(self.store, "forms"), text, hashlib.sha256).hexdigest()

    def require(self, user: str, given: str) -> None:
        """Accept a form.

        Raises:
            ProblemError: it is not of a page that was made for this user.
        """
        if not hmac.compare_digest(self.of(user).encode(), given.encode("utf-8", "replace")):
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "This form is not from a page that was made for you, or is older than the portal. "
                "Nothing was changed. Open the page again, and repeat what you did.",
            )


async def read_form(request: Request, most: int = LARGEST, room: Room | None = None) -> Fields:
    """The form that a request carries.

    Args:
        request: with a form.
        most: bytes of it.
        room: for it and others at the same time; None for as much as is needed.

    Raises:
        ProblemError: it is none, too large, or does not come.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a form was expected")
    try:
        with (room or Room(2 * most)).part() as grow:
            body = await asyncio.wait_for(_read(request, most, grow), _WITHIN)
    except FullError:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Too many forms come in at the same time. Send yours again in a minute.",
            {"retry-after": "60"},
        ) from None
    except asyncio.TimeoutError:
        raise ProblemError(
            HTTPStatus.REQUEST_TIMEOUT, "Your form did not come in time. Send it again."
        ) from None
    except ClientDisconnect:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the request ended before its end") from None
    try:
        return Fields(await asyncio.to_thread(parsed_query, body.decode("ascii", "replace")))
    except ValueError:
        raise _too_large() from None


async def _read(request: Request, most: int, grow: Callable[[int], object]) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        grow(len(chunk))
        body += chunk
        if len(body) > most:
            raise _too_large()
    return bytes(body)


def _too_large() -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "These are too many files at once; add their folder."
    )
