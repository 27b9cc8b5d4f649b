"""An order's archive over HTTP: any ranges of it, at any time, from whichever process.

It is an ASGI application of its own, and has to stay below nothing that touches bodies.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import ArchiveError, DatasetError, FetchError, JsdlError, UnpreparedError
from datalad_jsdl.orders.archives import keep_failure
from datalad_jsdl.portal.archive_headers import (
    ZIP,
    general_headers,
    joined_headers,
    validators_of,
    whole_headers,
)
from datalad_jsdl.portal.connections import Connection
from datalad_jsdl.portal.downloads_log import Ended
from datalad_jsdl.portal.guards import CrowdedError
from datalad_jsdl.portal.order_actions import Phase, order_state, prepare
from datalad_jsdl.portal.problems import (
    Problem,
    ProblemError,
    problem_of,
    require_reading,
    send_problem,
)
from datalad_jsdl.portal.ranges import Condition, condition_of, wanted_spans
from datalad_jsdl.portal.streams import Pace, SlowReaderError, gathered, read_ahead, send_all
from datalad_jsdl.portal.whole_archives import recorded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from starlette.types import Receive, Scope, Send

    from datalad_jsdl.archive.archive import Archive
    from datalad_jsdl.orders.archives import OrderArchive
    from datalad_jsdl.orders.model import OrderSummary
    from datalad_jsdl.portal.downloads_log import Ranges
    from datalad_jsdl.portal.ranges import Span
    from datalad_jsdl.portal.site import Site

__all__ = ["ArchiveEndpoint", "Grant"]

lgr = logging.getLogger(LOGGER)

_NAMED = 20  # failed files; the order itself lists all of them
_FAILURES = (ArchiveError, DatasetError, FetchError)


@dataclass(frozen=True, slots=True)
class Grant:
    """That a request may have an archive.

    Attributes:
        summary: of the order.
        user: whose download it counts as.
    """

    summary: OrderSummary
    user: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is sent: some ranges, or all of it."""

    status: HTTPStatus
    size: int
    headers: dict[str, str]
    body: Iterator[bytes]


class ArchiveEndpoint:
    """Answers GET and HEAD for the archive of an order.

    Args:
        site: of the portal.
        granted: tells what a request is for, or raises `ProblemError`.
    """

    def __init__(self, site: Site, granted: Callable[[Scope], Awaitable[Grant]]) -> None:
        self._site = site
        self._granted = granted
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        is_head = scope["method"] == "HEAD"
        try:
            require_reading(scope, "an archive")
            grant = await self._granted(scope)
            with self._site.streams.one(grant.user, grant.summary.id):
                await self._lent(grant, scope, receive, send)
        except ProblemError as error:
            await send_problem(error.problem, send, is_head=is_head)
        except JsdlError as error:
            await send_problem(problem_of(error, self._site.told), send, is_head=is_head)
        except CrowdedError as error:
            text = f"{error.limit} downloads are under way for {error.whose}; try again in a moment"
            later = {"retry-after": "10"}
            problem = Problem(HTTPStatus.TOO_MANY_REQUESTS, text, later)
            await send_problem(problem, send, is_head=is_head)

    async def _lent(self, grant: Grant, scope: Scope, receive: Receive, send: Send) -> None:
        site, order = self._site, grant.summary.id
        lending = site.archives.lend(order)
        try:
            # of many who want the same one, one at a time occupies a thread
            async with self._turns.setdefault(order, asyncio.Lock()):
                opened = await site.open(lending.__enter__)
        except UnpreparedError:
            raise await self._unprepared(grant) from None
        except JsdlError as error:
            site.log.event("source failed", grant.user, order=order, error=str(error))
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"the archive cannot be read now: {site.told(str(error))}",
                {"retry-after": "60"},
            ) from None
        try:
            if not opened.archive.is_certain:
                # what is given away has to be right, or ranges of it would not fit together
                raise await self._unprepared(grant)
            await self._answered(grant, opened, scope, receive, send)
        finally:
            await site.open(lending.__exit__, None, None, None)

    async def _unprepared(self, grant: Grant) -> ProblemError:
        state = await self._site.run(order_state, self._site, grant.summary)
        if state.phase is Phase.FAILED:
            # another attempt is for the user to begin: without one nothing has changed
            return ProblemError(
                HTTPStatus.CONFLICT,
                f"there is no archive: {state.message}. Prepare the order again, or order the "
                "other files",
                order=grant.summary.id,
                failed=[
                    {"dataset": ref.source, "path": ref.path, "reason": why.text}
                    for ref, why in sorted(state.failed.items())[:_NAMED]
                ],
                numberOfFailed=len(state.failed),
            )
        if state.phase is Phase.CANCELLED:
            return ProblemError(
                HTTPStatus.CONFLICT,
                "there is no archive: its preparation was cancelled. Prepare the order again",
                order=grant.summary.id,
            )
        job = await self._site.run(prepare, self._site, grant.summary)
        return ProblemError(
            HTTPStatus.CONFLICT,
            "the archive is being prepared, which takes a while; try again in a moment",
            {"retry-after": "10"},
            order=grant.summary.id,
            job=job.id,
        )

    async def _answered(
        self, grant: Grant, opened: OrderArchive, scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers = joined_headers(scope)
        archive = opened.archive
        validators = validators_of(grant.summary, archive)
        general = general_headers(grant.summary, validators)
        outcome = condition_of(headers, validators)
        if outcome is Condition.FAILED:
            raise ProblemError(
                HTTPStatus.PRECONDITION_FAILED, "the archive is not the one that was asked for"
            )
        if outcome is Condition.NOT_MODIFIED:
            await send(_start(HTTPStatus.NOT_MODIFIED, general))
            await send({"type": "http.response.body", "body": b""})
            return
        size = archive.size or 0
        if scope["method"] == "HEAD":
            await send(_start(HTTPStatus.OK, whole_headers(general, grant.summary, size)))
            await send({"type": "http.response.body", "body": b""})
            return
        spans = wanted_spans(headers, size, validators)
        if spans == ():
            raise ProblemError(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                f"the archive has {size} bytes",
                {"content-range": f"bytes */{size}", "accept-ranges": "bytes"},
            )
        if spans is None:
            whole = whole_headers(general, grant.summary, size)
            body = recorded(archive.range(), size, self._site.desk.orders, grant.summary)
            answer = _Answer(HTTPStatus.OK, size, whole, body)
        else:
            answer = _partial(general, archive, size, spans)
        await self._streamed(grant, opened, answer, scope, receive, send)

    async def _streamed(
        self,
        grant: Grant,
        opened: OrderArchive,
        answer: _Answer,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        site, size = self._site, opened.archive.size or 0
        with site.downloads_log.one(grant.user, grant.summary.id, size) as ranges:
            await self._sent(grant, opened, answer, ranges, scope, receive, send)

    async def _sent(
        self,
        grant: Grant,
        opened: OrderArchive,
        answer: _Answer,
        ranges: Ranges,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        connection, metrics = Connection.of(scope), self._site.metrics
        ranges.ended = Ended.LEFT

        def count(size: int) -> None:
            ranges.sent += size
            metrics.sent(size)

        try:
            with metrics.download():
                await send(_start(answer.status, answer.headers))
                pace = Pace()
                chunks = read_ahead(gathered(answer.body), self._site.readers, pace)
                try:
                    await send_all(chunks, pace, send, receive, count, connection)
                finally:
                    await chunks.aclose()  # type: ignore[attr-defined]  # it is a generator
        except asyncio.CancelledError:
            if not self._site.is_ending:
                raise
            ranges.ended = Ended.STOPPED
            connection.reset()  # the client goes on with another process
        except SlowReaderError:
            ranges.ended = Ended.SLOW
            metrics.broken_off("client")
            connection.reset()
        except _FAILURES as error:
            ranges.ended = Ended.SOURCE
            order = grant.summary.id
            self._site.log.event("source failed", grant.user, order=order, error=str(error))
            metrics.broken_off("source")
            await self._kept(opened, error)
            connection.reset()

    async def _kept(
        self, opened: OrderArchive, error: ArchiveError | DatasetError | FetchError
    ) -> None:
        try:
            await self._site.run(keep_failure, self._site.desk.store, opened.opened, error)
        except JsdlError as problem:
            lgr.warning("what is wrong with a file was not kept: %s", problem)


def _partial(
    general: dict[str, str], archive: Archive, size: int, spans: Sequence[Span]
) -> _Answer:
    if len(spans) == 1:
        (span,) = spans
        headers = {
            **general,
            "content-type": ZIP,
            "content-length": str(span.size),
            "content-range": _content_range(span, size),
        }
        body = archive.range(span.start, span.stop)
        return _Answer(HTTPStatus.PARTIAL_CONTENT, span.size, headers, body)
    boundary = secrets.token_hex(16)
    heads = [
        f"--{boundary}\r\nContent-Type: {ZIP}\r\n"
        f"Content-Range: {_content_range(span, size)}\r\n\r\n".encode()
        for span in spans
    ]
    end = f"--{boundary}--\r\n".encode()
    length = sum(len(head) + span.size + 2 for head, span in zip(heads, spans, strict=True))
    headers = {
        **general,
        "content-type": f"multipart/byteranges; boundary={boundary}",
        "content-length": str(length + len(end)),
    }

    def parts() -> Iterator[bytes]:
        for head, span in zip(heads, spans, strict=True):
            yield from chain([head], archive.range(span.start, span.stop), [b"\r\n"])
        yield end

    return _Answer(HTTPStatus.PARTIAL_CONTENT, length + len(end), headers, parts())


def _content_range(span: Span, size: int) -> str:
    return f"bytes {span.start}-{span.stop - 1}/{size}"


def _start(status: HTTPStatus, headers: dict[str, str]) -> dict[str, object]:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": int(status), "headers": raw}
