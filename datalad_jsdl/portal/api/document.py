"""The OpenAPI document, from the table of operations."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from datalad_jsdl.portal.api.operations import JSON_TYPE
from datalad_jsdl.portal.api.schemas import SCHEMAS, ref

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Receive, Scope, Send

    from datalad_jsdl.portal.api.operations import Operation

__all__ = ["BASE", "DocumentEndpoint", "document"]

#: What all paths of the API begin with.
BASE = "/api/v1"

_PROBLEM = {"application/problem+json": {"schema": ref("Problem")}}
_PARAMETERS = {
    "user": "'me', or the name of who asks",
    "order": "id of an order",
    "job": "token of a job",
    "name": "of a dataset",
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The document (OpenAPI 3.1) of operations."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(BASE + operation.path, {})[operation.method.lower()] = _row(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Downloads",
            "version": "1",
            "description": "Choose files, review them, order them, download the order's zip: the "
            "same bytes at any time, any ranges of them.",
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _row(operation: Operation) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "description": _PARAMETERS[name],
         "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]  # fmt: skip
    in_query = [
        {"name": parameter.name, "in": "query", "schema": parameter.schema,
         "description": parameter.text}
        for parameter in operation.query
    ]  # fmt: skip
    answers = {str(status): _answer(operation, status) for status in operation.answers}
    problem = {"description": "What went wrong (RFC 9457)", "content": _PROBLEM}
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.text,
        "parameters": [*in_path, *in_query],
        "responses": {**answers, "default": problem},
        "security": [{"token": []}] if operation.needs_login else [],
    }
    if operation.body:
        content = {JSON_TYPE: {"schema": ref(operation.body)}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _answer(operation: Operation, status: int) -> dict[str, Any]:
    what = operation.answers[status]
    found: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if "/" in what:
        found["content"] = {what: {}}
    elif what:
        found["content"] = {JSON_TYPE: {"schema": ref(what)}}
    if links := operation.links.get(status):
        found["links"] = dict(links)
    return found


class DocumentEndpoint:
    """Answers with the document.

    Args:
        operations: that it is of.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._body = json.dumps(document(operations)).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        length = str(len(self._body)).encode()
        headers = [(b"content-type", JSON_TYPE.encode()), (b"content-length", length)]
        body = b"" if scope["method"] == "HEAD" else self._body
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
