"""What an operation of the API is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from datalad_jsdl.portal.api.checking import Schema

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.site import Site

__all__ = ["JSON_TYPE", "Answer", "Asked", "Operation", "Parameter", "as_json"]

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of a query, or of a path.

    Attributes:
        name: of it.
        schema: of its value.
        text: what it is for.
    """

    name: str
    schema: Schema
    text: str = ""


@dataclass(frozen=True)
class Asked:
    """A request, checked.

    Attributes:
        site: of the portal.
        visitor: who asks; None where nobody needs to be signed in.
        path: the parameters in the path.
        query: those in the query, with their defaults.
        body: as its schema says; None where the operation has no body.
        origin: scheme and host that the request was sent to.
    """

    site: Site
    visitor: Visitor | None
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    origin: str

    @property
    def who(self) -> Visitor:
        """Who asks, of an operation that needs a login."""
        assert self.visitor is not None  # noqa: S101 - the endpoint has seen to it
        return self.visitor

    @property
    def user(self) -> str:
        """Whose list and orders it is about."""
        return self.who.user


@dataclass(frozen=True)
class Answer:
    """What is answered.

    Attributes:
        body: sent as it is.
        status: of HTTP.
        headers: further.
        media_type: of the body.
    """

    body: bytes = b""
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON_TYPE


def as_json(value: Any, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Answer:
    """A value as an answer; a name with ``_`` is that of a header with ``-``."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(json.dumps(value).encode(), status, named)


@dataclass(frozen=True)
class Operation:
    """A row of the table.

    Attributes:
        method: of HTTP.
        path: below ``/api/v1``, with parameters in braces.
        name: one of each, for programs.
        text: what it does, in a line.
        answers: status → name of a schema, or a media type, or "" for no body.
        handle: does it, in a thread; None if *raw* does.
        raw: makes an ASGI application that does it, for what is streamed.
        body: name of the schema of the request's body; "" for none.
        query: its parameters; none of them is required.
        needs_login: whether somebody has to be signed in.
        links: status → further operations, as OpenAPI has them.
    """

    method: str
    path: str
    name: str
    text: str
    answers: Mapping[int, str]
    handle: Callable[[Asked], Answer] | None = None
    raw: Callable[[Site], ASGIApp] | None = None
    body: str = ""
    query: tuple[Parameter, ...] = ()
    needs_login: bool = True
    links: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
