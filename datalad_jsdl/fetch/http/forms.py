"""A form, or JSON, that is sent to an endpoint which gives tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.http.encodings import compressions, undone
from datalad_jsdl.fetch.http.proxies import through
from datalad_jsdl.fetch.http.sending import HEADERS
from datalad_jsdl.fetch.http.targets import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from datalad_jsdl.fetch.http.encodings import Body
    from datalad_jsdl.fetch.http.pools import Pools
    from datalad_jsdl.fetch.http.sending import Sender
    from datalad_jsdl.fetch.transport import Response

__all__ = ["Forms"]

_MOST_ANSWERED = 1 << 20  # bytes, of an answer that is not a file
_LEAST_SPEED = 1024  # bytes per second, of such an answer


class Forms:
    """Sends forms; for any thread.

    Args:
        sender: makes the requests.
        pools: the ways to origins.
        read_seconds: without data until an answer is given up.
    """

    def __init__(self, sender: Sender, pools: Pools, read_seconds: float) -> None:
        self._sender = sender
        self._pools = pools
        self._read_seconds = read_seconds

    def post(self, url: str, form: Mapping[str, str], as_json: bool) -> tuple[int, bytes]:
        """Send a form to *url*, without a login and without following redirects.

        Args:
            url: http or https.
            form: names and values.
            as_json: they go as an object of JSON.

        Returns:
            The status and at most 1 MiB of the body.

        Raises:
            AddressRefusedError: the policy does not allow it.
            FetchError: a proxy would see the form; the answer cannot be unpacked.
            urllib3.exceptions.HTTPError, OSError: no answer.
        """
        from datalad_jsdl.fetch.http.adapter import Session  # and with it requests

        session = Session(self._open, self._body)
        body = b""
        sent: dict[str, Any] = {"document": dict(form)} if as_json else {"form": form}
        with session.ask("POST", url, **sent) as reply:
            for chunk in reply.chunks():
                body += chunk
                if len(body) >= _MOST_ANSWERED:
                    break
        return reply.status_code, body[:_MOST_ANSWERED]

    def _open(self, request: requests.PreparedRequest, seconds: float | None) -> Response:
        url = plain(request.url or "")
        door = self._pools.door(url)
        if door.overheard:
            raise FetchError("secrets are not sent over plain http through a proxy")
        headers = HEADERS | {"Content-Type": request.headers["Content-Type"]}
        form = request.body
        document = form.encode() if isinstance(form, str) else form
        with through(door.proxy, door.origin):
            return self._sender.send(door, "POST", url, headers, document, seconds)

    def _body(self, response: Response) -> Body:
        from datalad_jsdl.fetch.http.adapter import Steady

        steady = Steady(response, _LEAST_SPEED, self._read_seconds, _MOST_ANSWERED)
        return undone(steady, compressions(response.headers))
