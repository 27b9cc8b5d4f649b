"""Documents and API calls by requests, whose every request goes our own way.

requests makes bodies of JSON and forms, and decodes what a server has encoded. All that it would
decide by itself is decided elsewhere: `web.Web` has the connections, and with them the address
policy, proxies, certificates, logins, redirects and limits of time; `encodings.Body` keeps what
requests decodes within bounds. So a session has no redirects, no cookies, no ``~/.netrc``
and no settings of the environment, and URLs go out as they were given.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.http.encodings import plainly
from datalad_jsdl.fetch.pace import Pace
from datalad_jsdl.fetch.phrases import too_slow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from datalad_jsdl.fetch.http.encodings import Body
    from datalad_jsdl.fetch.http.throttle import Throttle

__all__ = ["Reply", "Session", "Steady"]

_CHUNK = 1 << 18  # bytes


class Answered(Protocol):
    """As much of `transport.Response` as this takes."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def url(self) -> str: ...
    def read(self, limit: int, /) -> bytes: ...
    def close(self) -> None: ...


A = TypeVar("A", bound=Answered)


class Reply(requests.Response, Generic[A]):
    """The response of requests, and the answer that it is made of; a context manager.

    Attributes:
        answer: to be asked what a failure means.
    """

    def __init__(self, answer: A) -> None:
        super().__init__()
        self.answer = answer
        self.status_code = answer.status
        self.headers = CaseInsensitiveDict(answer.headers)
        self.url = answer.url

    def chunks(self) -> Iterator[bytes]:
        """The body, decoded, in chunks of at most 256 KiB, however much they were packed.

        Raises:
            FetchError: it cannot be decoded, or breaks off in its coding.
            urllib3.exceptions.HTTPError, OSError: the transfer broke off, or is too slow.
        """
        with plainly():
            yield from self.iter_content(_CHUNK)

    def close(self) -> None:
        """Give the connection back."""
        self.answer.close()


class Session(requests.Session, Generic[A]):
    """A session of requests on connections that are not its own; for several threads.

    Args:
        opener: sends a request, whose URL it takes as it is; the number is seconds without data
            until it gives up.
        body: of an answer, with its codings undone.
    """

    def __init__(
        self,
        opener: Callable[[requests.PreparedRequest, float | None], A],
        body: Callable[[A], Body],
    ) -> None:
        super().__init__()
        self.trust_env = False
        self.adapters.clear()
        self.mount("", _Adapter(opener, body))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: redirects were followed, or are not to be."""

    def ask(
        self,
        method: str,
        url: str,
        seconds: float | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        document: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> Reply[A]:
        """Ask for a URL; the body of the answer is not read yet.

        Args:
            method: of HTTP.
            url: goes out with its escapes as they are.
            seconds: without data until the connection is given up; None for the usual ones.
            headers: to be sent along.
            document: sent as JSON; None for nothing.
            form: sent as HTML's forms are, if it is no document.

        Raises:
            FetchError, urllib3.exceptions.HTTPError, OSError: as the opener does; and a
                `FetchError` for an answer that cannot be decoded.
        """
        request = requests.PreparedRequest()
        request.prepare_method(method)
        request.prepare_headers(headers or {})
        request.prepare_body(form, None, document)
        request.url = url  # preparing it would rewrite its escapes
        with plainly():
            reply = self.send(
                request, stream=True, timeout=seconds, allow_redirects=False, proxies={}
            )
        return cast("Reply[A]", reply)


class _Adapter(BaseAdapter, Generic[A]):
    """Between a session of requests and whoever sends its requests."""

    def __init__(
        self,
        opener: Callable[[requests.PreparedRequest, float | None], A],
        body: Callable[[A], Body],
    ) -> None:
        super().__init__()
        self._open = opener
        self._body = body

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Reply[A]:
        """See requests; only the request and the seconds are taken notice of."""
        answer = self._open(request, timeout)
        try:
            reply = Reply(answer)
            reply.request = request
            reply.raw = self._body(answer)
        except BaseException:
            answer.close()
            raise
        return reply

    def close(self) -> None:
        """The connections are another's."""


class Steady:
    """The bytes of an answer, as long as they come fast enough, and no faster than is allowed.

    Args:
        answer: whose bytes they are.
        speed: bytes per second below which it is given up.
        seconds: that it may be slower.
        most: bytes that it may have.
        throttle: the limit of all connections together, or None.
    """

    def __init__(
        self,
        answer: Answered,
        speed: int,
        seconds: float,
        most: int,
        throttle: Throttle | None = None,
    ) -> None:
        self._answer = answer
        self._most = self._left = most
        self._speed = speed
        self._pace = Pace(speed, seconds)
        self._throttle = throttle

    def read(self, size: int, /) -> bytes:
        """Some bytes; b"" at the end.

        Raises:
            FetchError: they are too many.
            TimeoutError: they come too slowly.
            urllib3.exceptions.HTTPError, OSError: the transfer broke off.
        """
        if self._throttle is None:
            return self._paced(size)
        chunk = self._paced(self._throttle.chunk(size))
        if pause := self._throttle.pause(len(chunk)):
            time.sleep(pause)
            self._pace.exclude(pause)
        return chunk

    def _paced(self, size: int) -> bytes:
        chunk = self._answer.read(size)
        # a server that drips never runs into the limit of seconds without data
        if chunk and self._pace.is_too_slow(len(chunk), time.monotonic()):
            raise TimeoutError(too_slow(self._speed))
        self._left -= len(chunk)
        if self._left < 0:
            raise FetchError(f"the response is larger than {self._most >> 20} MiB")
        return chunk
