"""Answers that say what went wrong (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import (
    JobError,
    JsdlError,
    LockedError,
    NothingThereError,
    OrderError,
    QueryError,
    StoreError,
    TermsError,
)
from datalad_jsdl.portal.told import as_it_is

if TYPE_CHECKING:
    from starlette.types import Scope, Send

    from datalad_jsdl.portal.told import Told

__all__ = ["Problem", "ProblemError", "problem_of", "send_problem"]


@dataclass(frozen=True)
class Problem:
    """What went wrong.

    Attributes:
        status: of HTTP.
        detail: for people: what happened, and what to do.
        headers: that go along with it.
        fields: further members of the document.
    """

    status: HTTPStatus
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The document."""
        document = {"title": self.status.phrase, "status": int(self.status), "detail": self.detail}
        return json.dumps({**document, **self.fields}).encode()


class ProblemError(Exception):
    """Ends the work on a request.

    Attributes:
        problem: to be answered.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **fields: object,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(status, detail, headers or {}, fields)


_LATER = {"retry-after": "60"}
#: What an error of the package means over HTTP; the first that it is one of.
_STATUSES: tuple[tuple[type[JsdlError], HTTPStatus, Mapping[str, str]], ...] = (
    (NothingThereError, HTTPStatus.NOT_FOUND, {}),
    (QueryError, HTTPStatus.BAD_REQUEST, {}),
    (LockedError, HTTPStatus.SERVICE_UNAVAILABLE, {"retry-after": "5"}),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE, _LATER),
    (TermsError, HTTPStatus.FORBIDDEN, {}),
    (OrderError, HTTPStatus.CONFLICT, {}),
    (JobError, HTTPStatus.CONFLICT, {}),
    # a dataset, manifest or mirror that cannot be read now
    (JsdlError, HTTPStatus.SERVICE_UNAVAILABLE, _LATER),
)


def problem_of(error: JsdlError, told: Told = as_it_is) -> Problem:
    """The answer for an error that a request came to; *told* is of the site."""
    status, headers = next((s, h) for kind, s, h in _STATUSES if isinstance(error, kind))
    fields: dict[str, Any] = {}
    if isinstance(error, OrderError):
        over = {"filesOver": error.files_over, "bytesOver": error.bytes_over}
        fields = {name: number for name, number in over.items() if number}
    if isinstance(error, TermsError):
        fields = {"terms": dict(error.terms)}
    if isinstance(error, StoreError) and not isinstance(error, LockedError):
        # where the store is, and what its driver says, is for the operator
        return Problem(status, "the store of lists and orders cannot be used now", headers)
    return Problem(status, told(str(error)), headers, fields)


def require_reading(scope: Scope, what: str) -> bool:
    """Take GET and HEAD alone; whether it is HEAD.

    Raises:
        ProblemError: it is another method.
    """
    if scope["method"] not in ("GET", "HEAD"):
        raise ProblemError(
            HTTPStatus.METHOD_NOT_ALLOWED, f"{what} can only be read", {"allow": "GET, HEAD"}
        )
    return bool(scope["method"] == "HEAD")


async def send_problem(problem: Problem, send: Send, *, is_head: bool = False) -> None:
    """Answer with a problem."""
    body = problem.body
    headers = {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        **problem.headers,
    }
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": int(problem.status), "headers": raw})
    await send({"type": "http.response.body", "body": b"" if is_head else body})
