"""What the URLs of the fault laboratory serve, and how they misbehave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.wire import Talk

__all__ = ["File", "Request", "Version", "older"]


@dataclass(frozen=True)
class Version:
    """What one URL served at a time.

    Attributes:
        content: the body, or None for that of the `File`.
        etag: its entity tag.
        older: the body is `older` than the content: as long, and nowhere the same.
    """

    content: bytes | None = None
    etag: str | None = None
    older: bool = False


@dataclass
class File:
    """What one URL serves, and how it misbehaves.

    A place in the content is a number of bytes (int) or a share of it (float). Those faults
    that can pass are marked with *: they last for *times* requests.

    Attributes:
        content: the body.
        wants: name and value of a header without which 401 is answered.
        challenge: the WWW-Authenticate header of that answer.
        status: * answered instead of 200, with an HTML page.
        times: how many requests the marked faults last; None for ever.
        mute: * not a byte is answered.
        html: * 200 with an HTML page instead of the content.
        location: * redirect there.
        gzip: * compressed, though nobody asked for it; without ranges.
        reset_at: * the connection is reset at this place of the content.
        cut_at: * the connection is closed at this place.
        hang_at: * nothing more comes from this place on.
        drip: * bytes per second from *drip_at* on.
        drip_at: place from which on it drips.
        corrupt_at: * place of a byte that is another one.
        shorter: * so many bytes, or such a share, of the content's end are not there.
        longer: * so many bytes, or such a share of it, come after the content.
        no_length: neither a length nor chunks: the end of the connection is the end.
        chunked: in chunks; one that is cut lacks the last of them.
        ranges: honours Range, for the first *range_times* ranges or always otherwise.
        suffixes: honours a Range of the last bytes, as it does others.
        content_range: sent instead of the right one.
        shift: ranges begin so many bytes too late, under the right Content-Range.
        range_times: how many answers to Range *ranges*, *content_range* and *shift* spoil;
            None for all.
        versions: one is served per request, the last from then on; None for *content*.
        etag: of the content.
        head: HEAD is answered as GET is; else with 404, as Orthanc does.
        headers: further ones.
        delay: seconds before the answer.
        rate: bytes per second of each connection; 0 for as fast as it goes.
        hang_seconds: how long it hangs or is mute until the connection is closed.
        answer: * writes the answer, byte for byte, given the request and the content.
    """

    content: bytes = b""
    wants: tuple[str, str] | None = None
    challenge: str = ""
    status: int = 200
    times: int | None = None
    mute: bool = False
    html: bool = False
    location: str | None = None
    gzip: bool = False
    reset_at: float | None = None
    cut_at: float | None = None
    hang_at: float | None = None
    drip: int = 0
    drip_at: float = 0
    corrupt_at: float | None = None
    shorter: float = 0
    longer: float = 0
    no_length: bool = False
    chunked: bool = False
    ranges: bool = True
    suffixes: bool = True
    content_range: str | None = None
    shift: int = 0
    range_times: int | None = None
    versions: Sequence[Version] = ()
    etag: str | None = None
    head: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    rate: int = 0
    hang_seconds: float = 300
    answer: Callable[[Talk, bytes], None] | None = None


@dataclass
class Request:
    """One request as it came in.

    Attributes:
        method: of HTTP.
        path: without the query, unless the file is kept by it too.
        headers: as sent.
        port: of the client; tells connections apart.
        status: of the answer; 0 if there was none.
        sent: bytes of content sent in answer.
        body: what came with it.
    """

    method: str
    path: str
    headers: dict[str, str]
    port: int
    status: int = 0
    sent: int = 0
    body: bytes = b""


def older(content: bytes) -> bytes:
    """Another content of the same length, with another byte at every place."""
    return content.translate(bytes(255 - byte for byte in range(256)))
