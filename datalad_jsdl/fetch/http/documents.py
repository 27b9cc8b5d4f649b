"""Documents of a portal's API, by the engine's connections, logins and limits."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

import urllib3

from datalad_jsdl.errors import FetchError, StatusError
from datalad_jsdl.fetch.http.answers import (
    Limits,
    content_range,
    gave_up,
    no_answer,
    page_said,
    refusal,
)
from datalad_jsdl.fetch.http.encodings import compressions, decode
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.walls import wall_of
from datalad_jsdl.fetch.http.web_pages import is_page_type
from datalad_jsdl.fetch.pace import Pace, too_slow
from datalad_jsdl.manifest.charsets import charset_of, text_encoding
from datalad_jsdl.manifest.portals.api import Answer
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.http.web import Response
    from datalad_jsdl.model.content import Fault

__all__ = ["WebApi"]

_AT_ONCE = 8
_AHEAD = 4 * _AT_ONCE
_CHUNK = 1 << 20  # bytes
_MOST = 64 << 20  # bytes of one answer: held in memory, JSON takes up to forty times as much
_PAUSE = 0.5  # seconds before the second attempt; doubled for each that follows
_READ_SECONDS = 60.0  # without data at least: many answers are made only when they are asked for


class WebApi:
    """Fulfils `manifest.addresses.Api`.

    Args:
        engine: whose connections, credentials, limits and address policy hold.

    Attributes:
        url: of the answer that was given last, after redirects; "" before the first.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._hash = hashlib.sha256()
        self.url = ""

    def sha256(self) -> str:
        """Hex digest of all answers so far, one after another."""
        return self._hash.hexdigest()

    def get(self, url: str) -> Answer:
        """See `Api`."""
        return self._heard(self._ask(url, None))

    def post(self, url: str, document: Any) -> Answer:
        """See `Api`."""
        return self._heard(self._ask(url, json.dumps(document).encode()))

    def get_all(self, urls: Iterable[str]) -> Iterator[Answer]:
        """See `Api`."""
        rest = iter(urls)
        stopped = threading.Event()

        def ask(url: str) -> Answer:
            if stopped.is_set():
                raise FetchError(f"{redact(url)}: not asked for")
            return self._ask(url, None)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                waiting = [pool.submit(ask, url) for url in islice(rest, _AHEAD)]
                while waiting:
                    yield self._heard(waiting.pop(0).result())
                    waiting += [pool.submit(ask, url) for url in islice(rest, 1)]
            finally:
                stopped.set()

    def _heard(self, answer: Answer) -> Answer:
        self._hash.update(answer.text.encode("utf-8", "surrogateescape"))
        self.url = answer.url
        return answer

    def _ask(self, url: str, document: bytes | None) -> Answer:
        settings = self._engine.settings
        pause = _PAUSE
        for attempt in range(1, settings.retries + 1):
            found = self._attempt(url, document)
            if isinstance(found, Answer):
                return found
            fault, error = found
            if fault.lasting:
                raise error
            if attempt == settings.retries:
                raise _given_up(error, gave_up(attempt, fault.wait, settings))
            wait = pause if fault.wait is None else fault.wait
            with self._engine.operation() as operation:
                operation.sleep(min(wait, settings.max_wait))
            pause *= 2
        raise AssertionError("settings.retries is at least 1")

    def _attempt(self, url: str, document: bytes | None) -> Answer | tuple[Fault, FetchError]:
        method = "GET" if document is None else "POST"
        settings = self._engine.settings
        seconds = max(_READ_SECONDS, settings.read_timeout)
        try:
            response = self._engine.web.open(
                url, method=method, document=document, read_seconds=seconds
            )
            try:
                if not _is_whole(response):
                    fault = refusal(url, response)
                    return fault, StatusError(f"{redact(url)}: {fault.what}", response.status)
                body = _body(response, settings.min_speed, seconds)
                kind = response.headers.get("Content-Type", "")
                if is_page_type(kind) and wall_of(200, response.headers, body):
                    raise FetchError(page_said(response, body)[1])
            finally:
                response.close()
        except (OSError, urllib3.exceptions.HTTPError) as error:
            fault = no_answer(url, error, Limits.of(settings, seconds))
            return fault, FetchError(f"{redact(url)}: {fault.what}")
        headers = {name.lower(): value for name, value in response.headers.items()}
        encoding = text_encoding([body], charset_of(headers.get("content-type", "")))
        encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        return Answer(response.url or url, body.decode(encoding, "surrogateescape"), headers)


def _given_up(error: FetchError, text: str) -> FetchError:
    """The same error, and why nobody asks again."""
    text = f"{error}; {text}"
    return StatusError(text, error.status) if isinstance(error, StatusError) else FetchError(text)


def _is_whole(response: Response) -> bool:
    """Whether it has the document; a part of one (RFC 9110, 15.3.7) may be the whole."""
    if response.status != 206:
        return gives_content(response.status)
    found = content_range(response.headers)
    return found is not None and found[0] == 0 and found[1] + 1 == found[2]


def _body(response: Response, speed: int, seconds: float) -> bytes:
    """The answer, as its codings yield it."""
    parts: list[bytes] = []
    left = 1 + _MOST
    pace = Pace(speed, seconds)
    while left and (chunk := response.read(min(_CHUNK, left))):
        # a server that drips never runs into the limit of seconds without data
        if pace.is_too_slow(len(chunk), time.monotonic()):
            raise TimeoutError(too_slow(speed))
        left -= len(chunk)
        parts.append(chunk)
    body = decode(b"".join(parts), compressions(response.headers), _MOST + 1) if left else b""
    if not left or len(body) > _MOST:
        raise FetchError(
            f"the answer has more than {_MOST >> 20} MiB, and is not read; if the portal gives "
            "the list of files as a file, download it and give its name"
        )
    return body
