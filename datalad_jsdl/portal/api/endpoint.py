"""What all operations have in common: who asks, what with, and what becomes of errors."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from datalad_jsdl.bugs import LOGGER, bug
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.portal.access import required_visitor
from datalad_jsdl.portal.api.operations import Asked
from datalad_jsdl.portal.api.requests import body_of, query_of
from datalad_jsdl.portal.identity import ME
from datalad_jsdl.portal.problems import ProblemError, problem_of, send_problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Receive, Scope, Send

    from datalad_jsdl.portal.api.operations import Answer, Operation
    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.site import Site

__all__ = ["Endpoint", "NothingHere"]

lgr = logging.getLogger(LOGGER)


class Endpoint:
    """Answers all requests for one path.

    Args:
        site: of the portal.
        operations: of the path, one a method.
    """

    def __init__(self, site: Site, operations: Iterable[Operation]) -> None:
        self._site = site
        self._operations = {operation.method: operation for operation in operations}
        self._raw = {o.method: o.raw(site) for o in self._operations.values() if o.raw}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        is_head = scope["method"] == "HEAD"
        method = "GET" if is_head else scope["method"]
        if raw := self._raw.get(method):
            await raw(scope, receive, send)
            return
        try:
            operation = self._operations.get(method)
            if operation is None:
                raise self._not_allowed()
            answer = await self._answer(operation, scope, receive)
        except ProblemError as error:
            await send_problem(error.problem, send, is_head=is_head)
        except JsdlError as error:
            lgr.debug("%s %r: %s", scope["method"], scope["path"], error)
            await send_problem(problem_of(error, self._site.told), send, is_head=is_head)
        except Exception as error:
            lgr.error("%s %r: %s", scope["method"], scope["path"], bug(error))
            problem = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of this server")
            await send_problem(problem.problem, send, is_head=is_head)
        else:
            await _send(answer, send, is_head=is_head)

    async def _answer(self, operation: Operation, scope: Scope, receive: Receive) -> Answer:
        visitor: Visitor | None = scope["state"]["visitor"]
        if operation.needs_login:
            visitor = required_visitor(scope)
        path = {name: str(value) for name, value in scope["path_params"].items()}
        if visitor is not None and path.get("user", ME) not in (ME, visitor.user):
            raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no user {path['user']}")
        query = query_of(operation, scope)
        body = await body_of(operation, scope, receive)
        here = f"{scope['scheme']}://{Headers(scope=scope).get('host', '')}"
        asked = Asked(self._site, visitor, path, query, body, self._site.origin or here)
        assert operation.handle is not None  # noqa: S101 - it is not raw
        return await self._site.run(operation.handle, asked)

    def _not_allowed(self) -> ProblemError:
        names = {*self._operations, *(["HEAD"] if "GET" in self._operations else [])}
        allowed = ", ".join(sorted(names))
        return ProblemError(
            HTTPStatus.METHOD_NOT_ALLOWED, f"here is only: {allowed}", {"allow": allowed}
        )


class NothingHere:
    """Answers for paths that the API does not have."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        error = ProblemError(HTTPStatus.NOT_FOUND, "the API has nothing at this address")
        await send_problem(error.problem, send, is_head=scope["method"] == "HEAD")


async def _send(answer: Answer, send: Send, *, is_head: bool) -> None:
    headers = {"cache-control": "no-store", **answer.headers}
    if answer.status is not HTTPStatus.NO_CONTENT:
        headers |= {"content-type": answer.media_type, "content-length": str(len(answer.body))}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": int(answer.status), "headers": raw})
    await send({"type": "http.response.body", "body": b"" if is_head else answer.body})
