"""Documents that are no manifest, by requests on the engine's connections, logins and limits.

That is the answers of portals' APIs, and lists of checksums. A manifest may be large and have
several mirrors: it comes as a file does (`bulk.fetch_file`), which takes up again what broke off.
"""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import urllib3

from datalad_jsdl.errors import FetchError, StatusError
from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.http.answers import (
    Limits,
    content_range,
    given_up,
    no_answer,
    page_fault,
    refusal,
)
from datalad_jsdl.fetch.http.encodings import compressions, undone
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.walls import wall_of
from datalad_jsdl.fetch.http.web_pages import is_error_page, is_page_type
from datalad_jsdl.fetch.phrases import in_full
from datalad_jsdl.fetch.retries import FIRST_PAUSE
from datalad_jsdl.manifest.charsets import charset_of, text_encoding
from datalad_jsdl.manifest.portals.api import ApiAnswer
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    import requests

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.http.adapter import Reply, Session
    from datalad_jsdl.fetch.http.encodings import Body
    from datalad_jsdl.fetch.transport import Response

__all__ = ["WebApi"]

_AT_ONCE = 8
_AHEAD = 4 * _AT_ONCE
_MOST = 64 << 20  # bytes of one answer: held in memory, JSON takes up to forty times as much
_MOST_SENT = 4 << 30  # bytes of any answer on the wire, whatever they yield
_READ_SECONDS = 60.0  # without data at least: many answers are made only when they are asked for


class WebApi:
    """Fulfils `manifest.portals.api.Api`.

    Args:
        engine: whose connections, credentials, limits and address policy hold.

    Attributes:
        url: of the answer that was given last, after redirects; "" before the first.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._hash = hashlib.sha256()
        self._known: Session[Response] | None = None
        self.url = ""

    def sha256(self) -> str:
        """Hex digest of all answers so far, one after another."""
        return self._hash.hexdigest()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> ApiAnswer:
        """See `Api`."""
        return self._heard(self._ask(url, None, headers))

    def post(self, url: str, document: Any) -> ApiAnswer:
        """See `Api`."""
        return self._heard(self._ask(url, document))

    def get_all(self, urls: Iterable[str]) -> Iterator[ApiAnswer]:
        """See `Api`."""
        with closing(self.get_each(urls)) as found:
            for answer in found:
                if isinstance(answer, StatusError):
                    raise answer
                yield answer

    def get_each(self, urls: Iterable[str]) -> Generator[ApiAnswer | StatusError]:
        """See `Api`."""
        rest = iter(urls)
        stopped = threading.Event()

        def ask(url: str) -> ApiAnswer:
            if stopped.is_set():
                raise FetchError(f"{redact(url)}: not requested")
            return self._ask(url, None)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                waiting = [pool.submit(ask, url) for url in islice(rest, _AHEAD)]
                while waiting:
                    try:
                        found: ApiAnswer | StatusError = self._heard(waiting.pop(0).result())
                    except StatusError as error:
                        found = error
                    yield found
                    waiting += [pool.submit(ask, url) for url in islice(rest, 1)]
            finally:
                stopped.set()

    def _heard(self, answer: ApiAnswer) -> ApiAnswer:
        self._hash.update(answer.text.encode("utf-8", "surrogateescape"))
        self.url = answer.url
        return answer

    def save(self, url: str, file: IO[bytes]) -> ApiAnswer:
        """Write a document of any length to a file; the answer is without its text.

        What was written before is lost.

        Raises:
            FetchError: there is no answer, or one of failure.
        """

        def write(reply: Reply[Response]) -> str | Fault:
            file.seek(0)
            file.truncate()
            kind, start = reply.answer.headers.get("Content-Type", ""), b""
            for chunk in reply.chunks():
                if not start and is_error_page(url, kind, start := chunk):
                    return page_fault(url, reply.answer, chunk)
                file.write(chunk)
            return ""

        return self._retried(url, lambda: self._attempt(url, None, write))

    def _ask(self, url: str, document: Any, headers: Mapping[str, str] | None = None) -> ApiAnswer:
        read = partial(_text, url)
        return self._retried(url, lambda: self._attempt(url, document, read, headers))

    def _retried(self, url: str, attempt: Callable[[], ApiAnswer | Fault]) -> ApiAnswer:
        settings = self._engine.settings
        pause = FIRST_PAUSE  # before the second attempt; doubled for each that follows
        for number in range(1, settings.retries + 1):
            found = attempt()
            if isinstance(found, ApiAnswer):
                return found
            if found.lasting:
                raise _error(found)
            if number == settings.retries:
                raise _error(given_up(found, number, settings))
            wait = pause if found.wait is None else found.wait
            with self._engine.operation() as operation:
                operation.sleep(min(wait, settings.max_wait))
                if operation.stop.is_set():
                    raise _error(found)
            pause *= 2
        raise AssertionError("settings.retries is at least 1")

    def _attempt(
        self,
        url: str,
        document: Any,
        read: Callable[[Reply[Response]], str | Fault],
        headers: Mapping[str, str] | None = None,
    ) -> ApiAnswer | Fault:
        method = "GET" if document is None else "POST"
        seconds = self._seconds
        try:
            session = self._session()
            with session.ask(method, url, seconds, headers=headers, document=document) as reply:
                response = reply.answer
                if not _is_whole(response):
                    return refusal(url, response)
                text = self._stoppable(url, response, lambda: read(reply))
        except (OSError, urllib3.exceptions.HTTPError) as error:
            return no_answer(url, error, Limits.of(self._engine.settings, seconds))
        if isinstance(text, Fault):
            return text
        lower = {name.lower(): value for name, value in response.headers.items()}
        return ApiAnswer(response.url or url, text, lower)

    def _stoppable(
        self, url: str, response: Response, read: Callable[[], str | Fault]
    ) -> str | Fault:
        """What comes of reading an answer, which an interruption of the engine ends."""
        with self._engine.operation() as operation:
            operation.opened(response)
            text: str | Fault = ""
            try:
                text = read()
            except (OSError, urllib3.exceptions.HTTPError):
                if not operation.stop.is_set():
                    raise
            finally:
                operation.closed(response)
            # it may look like the end
            return Fault(FaultKind.INTERRUPTED, url) if operation.stop.is_set() else text

    @property
    def _seconds(self) -> float:
        return max(_READ_SECONDS, self._engine.settings.read_timeout)

    def _session(self) -> Session[Response]:
        if self._known is None:
            from datalad_jsdl.fetch.http.adapter import Session  # and with it requests

            self._known = Session(self._open, self._body)
        return self._known

    def _open(self, request: requests.PreparedRequest, seconds: float | None) -> Response:
        document = request.body
        return self._engine.web.open(
            request.url or "",
            dict(request.headers),
            method=request.method or "GET",
            document=document.encode() if isinstance(document, str) else document,
            read_seconds=seconds,
        )

    def _body(self, response: Response) -> Body:
        from datalad_jsdl.fetch.http.adapter import Steady

        speed, throttle = self._engine.settings.min_speed, self._engine.throttle
        # of an answer of failure, what it says was read already
        codings = compressions(response.headers) if gives_content(response.status) else ()
        return undone(Steady(response, speed, self._seconds, _MOST_SENT, throttle), codings)


def _error(fault: Fault) -> FetchError:
    """What to raise, with the status if there was an answer."""
    text, failed = in_full(fault), Failed((fault,))
    if fault.status:
        return StatusError(text, fault.status, failed=failed)
    return FetchError(text, failed=failed)


def _is_whole(response: Response) -> bool:
    """Whether it has the document; a part of one (RFC 9110, 15.3.7) may be the whole."""
    if response.status != 206:
        return gives_content(response.status)
    found = content_range(response.headers)
    return found is not None and found[0] == 0 and found[1] + 1 == found[2]


def _text(url: str, reply: Reply[Response]) -> str | Fault:
    """The answer in memory, as text."""
    parts: list[bytes] = []
    left = _MOST
    for chunk in reply.chunks():
        left -= len(chunk)
        if left < 0:
            raise FetchError(
                f"the response is larger than {_MOST >> 20} MiB; if the portal offers its list of "
                "files as a file, download that and give its name"
            )
        parts.append(chunk)
    body = b"".join(parts)
    kind = reply.answer.headers.get("Content-Type", "")
    if is_page_type(kind) and wall_of(200, reply.answer.headers, body):
        return page_fault(url, reply.answer, body)
    encoding = text_encoding([body], charset_of(kind))
    return body.decode("utf-8-sig" if encoding == "utf-8" else encoding, "surrogateescape")
