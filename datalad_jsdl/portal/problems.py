"""Answers that say what went wrong (RFC 9457)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Send

__all__ = ["Problem", "ProblemError", "send_problem"]


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
