"""Where another transport fits: what the engine asks of the one that makes its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.fetch.http.explanations import NOTHING, Said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.fetch.http.codes import Code
    from datalad_jsdl.fetch.http.proxies import Proxy

__all__ = ["Body", "Response", "Transport"]


class Body(Protocol):
    """What comes after the head of an answer."""

    def read(self, limit: int) -> bytes:
        """Some bytes, as soon as there are any; b"" at the end.

        Raises:
            BrokenOffError, or another of `http.failures.BROKEN_OFF`: the transfer broke off.
        """

    def limit_gaps(self, seconds: float) -> None:
        """From now on data has to come every so many seconds, however long the first had."""

    def abort(self) -> None:
        """End the transfer from another thread: its `read` fails, or finds the end."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True, eq=False)
class Response:
    """The answer of the last hop; to be closed.

    Attributes:
        status: of HTTP.
        headers: names in any case.
        body: that comes after them.
        advice: where a login is wanted, which origin wants what and how to give it.
        login: the URL to log in at, or ""; see `credentials.login.Hint`.
        said: what an answer of failure says.
        known: what is known of it beyond its status, or None.
        proxy: that it came through, or None.
        altered: the proxy may have answered in the place of the origin (plain HTTP).
        url: that was asked last, after all redirects; it may have a signature in its query.
    """

    status: int
    headers: Mapping[str, str]
    body: Body
    advice: str = ""
    said: Said = NOTHING
    known: Code | None = None
    proxy: Proxy | None = None
    altered: bool = False
    url: str = ""
    login: str = ""

    def read(self, limit: int) -> bytes:
        """See `Body`."""
        return self.body.read(limit)

    def limit_gaps(self, seconds: float) -> None:
        """See `Body`."""
        self.body.limit_gaps(seconds)

    def abort(self) -> None:
        """See `Body`."""
        self.body.abort()

    def close(self) -> None:
        """See `Body`."""
        self.body.close()


class Transport(Protocol):
    """Makes requests; for any thread."""

    def open(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        document: bytes | None = None,
        read_seconds: float | None = None,
        advise_again: bool = False,
    ) -> Response:
        """Ask for *url* and follow redirects; the answer of the last hop.

        Args:
            url: http or https.
            headers: ``Range``, ``If-Range``, and where the pages of a listing go on.
            method: of HTTP.
            document: JSON that is sent along.
            read_seconds: without data until the answer is given up; None for the usual.
            advise_again: advice on a login is given in full each time, and not once for an
                origin: for an answer that may not be shown.

        Raises:
            FetchError: the URL may not be asked, or its redirects lead nowhere.
            OSError, or another of `http.failures.NETWORK_ERRORS`: no answer.
        """

    def close(self) -> None:
        """Close idle connections."""
