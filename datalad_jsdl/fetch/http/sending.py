"""One request on a pooled connection, and its answer; urllib3, the cheapest client measured."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import urllib3

from datalad_jsdl.errors import AddressRefusedError
from datalad_jsdl.fetch.http.targets import target as wire_target
from datalad_jsdl.fetch.http.wire import asking
from datalad_jsdl.fetch.transport import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.fetch.http.pools import Door

__all__ = ["HEADERS", "Sender"]

# A server may compress only if asked to: what counts are the bytes of the file.
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "datalad-jsdl"}

_WORTH_READING = 64 << 10  # bytes; more costs longer than a new connection
_REST_SECONDS = 1.0

# as False, which urllib3 would make into this for every request
_NO_RETRIES = urllib3.Retry.from_int(False, redirect=False)


class _Body:
    """See `transport.Body`."""

    def __init__(self, raw: urllib3.BaseHTTPResponse) -> None:
        self._raw = raw

    def read(self, limit: int) -> bytes:
        """See `transport.Body`."""
        # read1, not read: a chunk cut off by a reset would take what came of it along
        try:
            data = self._raw.read1(limit, decode_content=False)
        except ValueError as error:  # urllib3's, of a connection that another thread has shut
            raise urllib3.exceptions.ProtocolError("the connection was closed") from error
        return data or b""

    def limit_gaps(self, seconds: float) -> None:
        """See `transport.Body`."""
        # of a connection that is not kept, the response alone has the socket
        shutdown = getattr(self._raw, "_sock_shutdown", None)
        if (socket := getattr(shutdown, "__self__", None)) is not None:
            with contextlib.suppress(OSError):  # it is closed: reading will say so
                if socket.gettimeout() != seconds:  # to set it is a call of the system
                    socket.settimeout(seconds)

    def abort(self) -> None:
        """See `transport.Body`."""
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # it has ended already
            self._raw.shutdown()

    def close(self) -> None:
        """Give the connection back if little of the body is left, else drop it."""
        left = getattr(self._raw, "length_remaining", None)
        if left is None or left > _WORTH_READING or not self._read_rest():
            self._raw.close()

    def _read_rest(self) -> bool:
        """Read what is left, if that is soon done: it may drip."""
        until = time.monotonic() + _REST_SECONDS
        try:
            while time.monotonic() < until:
                if not self._raw.read1(_WORTH_READING, decode_content=False):
                    return True
        except (OSError, ValueError, urllib3.exceptions.HTTPError):
            pass
        return False


class Sender:
    """Makes requests; for any thread.

    Args:
        connect_seconds: until a connection has to stand.
    """

    def __init__(self, connect_seconds: float) -> None:
        self._connect_seconds = connect_seconds

    def send(
        self,
        door: Door,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        read_seconds: float | None = None,
    ) -> Response:
        """Make a request, without a login and without following redirects.

        Args:
            door: the way to the origin.
            method: of HTTP.
            url: http or https.
            headers: all of them.
            body: that is sent along.
            read_seconds: without data until the answer is given up; None for the usual.

        Raises:
            AddressRefusedError: the policy does not allow the connection.
            urllib3.exceptions.HTTPError, OSError: no answer.
        """
        limits: dict[str, Any] = {}
        if read_seconds is not None:
            limits["timeout"] = urllib3.Timeout(connect=self._connect_seconds, read=read_seconds)
        try:
            with asking(door.before + wire_target(url)):
                raw = door.pool.urlopen(
                    method,
                    f"{door.origin}/",
                    body=body,
                    headers=headers,
                    redirect=False,
                    retries=_NO_RETRIES,
                    assert_same_host=False,  # a proxy's is another
                    preload_content=False,
                    decode_content=False,
                    **limits,
                )
        except urllib3.exceptions.NewConnectionError as error:
            if isinstance(error.__cause__, AddressRefusedError):
                raise error.__cause__ from None
            raise
        return Response(raw.status, raw.headers, _Body(raw), url=url)
