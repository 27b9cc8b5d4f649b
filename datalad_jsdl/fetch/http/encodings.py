"""Content codings of an answer (RFC 9110, section 8.4): which are compression, and undoing it.

Of a data file the bytes on the wire are the file, as for curl and wget; of a document
(a manifest, a checksum list, the answer of an API) it is what the codings yield. urllib3
undoes them, as it does for requests. What it does not do is done here: to see through a
label that is wrong, and to tell an end from a break.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from io import BytesIO
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

import urllib3

from datalad_jsdl.errors import FetchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalad_jsdl.manifest.unpacking import Readable

__all__ = [
    "Body",
    "Decoded",
    "compressions",
    "decode",
    "is_compressed",
    "packed_by_name",
    "peeked",
    "plainly",
    "undone",
]

# those that IANA has registered, but for identity and aes128gcm, which need no unpacking or
# cannot be unpacked; any other word is none ("aws-chunked", "UTF-8", "binary", "none")
_COMPRESSIONS = frozenset(
    {"gzip", "deflate", "compress", "br", "zstd", "dcb", "dcz", "exi", "pack200-gzip"}
)
_SAME = {"x-gzip": "gzip", "x-compress": "compress"}
_NAMES = {
    "gzip": (
        *(".gz", ".gzip", ".tgz", ".taz", ".bgz", ".bgzf", ".svgz", ".emz", ".mgz", ".cpgz"),
        *(".vgz", ".tbi", ".csi", ".bam"),
    ),
    "compress": (".z", ".taz"),
    "br": (".br",),
    "zstd": (".zst", ".zstd", ".tzst"),
    "deflate": (".deflate", ".zz", ".zlib"),
    "pack200-gzip": (".pack.gz", ".pack"),
    "exi": (".exi",),
}
_MAGIC = {"gzip": b"\x1f\x8b", "compress": b"\x1f\x9d", "zstd": b"\x28\xb5\x2f\xfd"}
_MAGIC["pack200-gzip"] = _MAGIC["gzip"]

_CHUNK = 1 << 18  # bytes
_MOST_CODINGS = 5  # one upon the other; nobody has more
_PLAIN = 4096  # bytes that show whether a document is text as it is
_PACKAGES = {"br": "brotli", "zstd": "backports.zstd"}  # that urllib3 has them from


def compressions(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The codings of an answer that are compression, in the order in which they were applied."""
    words = headers.get("Content-Encoding", "").lower().split(",")
    names = (_SAME.get(word.strip(' \t"'), word.strip(' \t"')) for word in words)
    return tuple(name for name in names if name in _COMPRESSIONS)


def packed_by_name(*names: str) -> frozenset[str]:
    """The codings that a file's names, URLs among them, say its very bytes to be of."""
    paths = [unquote(urlsplit(name).path if "://" in name else name).lower() for name in names]
    return frozenset(
        coding for coding, ends in _NAMES.items() if any(path.endswith(ends) for path in paths)
    )


def is_compressed(codings: tuple[str, ...], packed: frozenset[str], start: bytes) -> bool:
    """Whether the bytes of an answer may be others than those of its file.

    Only asked where neither size nor digest can tell.

    Args:
        codings: of the answer; see `compressions`.
        packed: see `packed_by_name`.
        start: the first bytes.
    """
    if not codings:
        return False
    magic = _MAGIC.get(codings[-1], b"")
    if not start.startswith(magic[: len(start)]):
        return False  # it says so, and is not
    return len(codings) > 1 or codings[-1] not in packed


def peeked(codings: tuple[str, ...], start: bytes) -> bytes:
    """The first bytes of what an answer yields, as far as that can be told from its beginning."""
    plain = b""
    with suppress(FetchError):  # it breaks off, of course
        stream = Decoded(BytesIO(start), codings)
        while len(plain) < _PLAIN and (chunk := stream.read(_PLAIN)):
            plain += chunk
    return plain


class Decoded:
    """A document as its codings yield it; fulfils `unpacking.Readable`.

    Raises, also while it is read:
        FetchError: it is damaged, breaks off, or is of a coding that cannot be undone here.
    """

    def __init__(self, stream: Readable, codings: tuple[str, ...]) -> None:
        with plainly():
            self._body = undone(stream, codings)

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, all of them if *size* is negative; b"" at the end."""
        with plainly():
            return self._body.read(None if size < 0 else size)


def decode(body: bytes, codings: tuple[str, ...], most: int) -> bytes:
    """At most *most* bytes of what a document in memory yields.

    Raises:
        FetchError: see `Decoded`.
    """
    if not codings:
        return body[:most]
    stream = Decoded(BytesIO(body), codings)
    parts: list[bytes] = []
    while most > 0 and (chunk := stream.read(most)):
        parts.append(chunk)
        most -= len(chunk)
    return b"".join(parts)


class _BrokenError(Exception):
    """A body cannot be read on; its cause says why.

    It is neither an `OSError` nor one of urllib3's: for those urllib3 and requests put errors of
    their own, which do not say why.
    """


@contextmanager
def plainly() -> Iterator[None]:
    """Errors of a `Body` that is read within are raised as what they were."""
    try:
        yield
    except _BrokenError as error:
        raise error.__cause__ or error from None


def undone(stream: Readable, codings: tuple[str, ...]) -> Body:
    """A body that yields what all *codings* of a stream do; read it within `plainly`.

    Raises:
        FetchError: there are too many, or one that cannot be undone here.
    """
    if len(codings) > _MOST_CODINGS:
        raise FetchError(f"the response is compressed {len(codings)} times, which is not supported")
    first, *others = reversed(codings or ("",))
    body = _undone_once(stream, first)
    for coding in others:
        body = _undone_once(body, coding)
    return body


def _undone_once(stream: Readable, coding: str) -> Body:
    packed = _Packed(stream)
    if coding and not _is_of(coding, packed.peek()):
        # a server that says so of what it has not packed is common
        coding = ""
    if coding and coding not in Body.CONTENT_DECODERS:
        package = _PACKAGES.get(coding)
        more = f": pip install {package}" if package else ""
        raise FetchError(
            f"the server sends it compressed ({coding}), which cannot be unpacked here{more}; "
            "or download it with another program, unpack it, and give the file's name"
        )
    return Body(packed, coding)


class Body(urllib3.HTTPResponse):
    """What a stream yields with one coding undone by urllib3; see `undone`.

    Args:
        packed: the stream.
        coding: that it is of, or "" for none.
    """

    def __init__(self, packed: _Packed, coding: str) -> None:
        self._packed = packed
        self._coding = coding
        super().__init__(
            cast("IO[bytes]", packed),
            {"Content-Encoding": coding} if coding else {},
            preload_content=False,
        )

    def read(
        self,
        amt: int | None = None,
        decode_content: bool | None = None,
        cache_content: bool = False,
    ) -> bytes:
        """At most *amt* bytes, as soon as there are some; all if it is None; b"" at the end."""
        if amt is None:
            return b"".join(iter(lambda: self.read1(_CHUNK, decode_content), b""))
        return self.read1(amt, decode_content)

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """See urllib3."""
        try:
            data = super().read1(amt, decode_content)
        except urllib3.exceptions.DecodeError as error:
            raise _BrokenError from self._fault(type(error.__cause__ or error).__name__)
        if self._packed.ended and not self._is_whole():
            raise _BrokenError from self._fault()
        return data

    def _fault(self, kind: str = "") -> FetchError:
        if self._packed.ended:
            return FetchError(
                f"the {self._coding} data of the response is incomplete; download it again"
            )
        return FetchError(f"the {self._coding} data of the response is damaged ({kind})")

    def _is_whole(self) -> bool:
        """Whether the packed data has come to its end, which urllib3 does not tell."""
        library = getattr(self._decoder, "_obj", None)  # the object of zlib, zstd or brotli
        if (is_finished := getattr(library, "is_finished", None)) is not None:
            return bool(is_finished())
        return bool(getattr(library, "eof", True))


class _Packed:
    """A stream as urllib3 reads one.

    Attributes:
        ended: its end was read.
        closed: nobody reads it any more.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._start = b""
        self.ended = self.closed = False

    def peek(self) -> bytes:
        """The first bytes; they are read once more."""
        while len(self._start) < _PLAIN and (chunk := self._next(_PLAIN - len(self._start))):
            self._start += chunk
        return self._start

    def read(self, size: int | None = None) -> bytes:
        """Some bytes; b"" at the end."""
        size = _CHUNK if size is None else size
        data, self._start = self._start[:size], self._start[size:]
        data = data or self._next(size)
        self.ended = not data
        return data

    read1 = read

    def close(self) -> None:
        """It is not ours to close."""
        self.closed = True

    def _next(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except _BrokenError:
            raise
        except Exception as error:
            raise _BrokenError from error


def _is_of(coding: str, start: bytes) -> bool:
    """Whether a body that begins so may be of a coding: nobody packs text to text."""
    return (
        bool(start) and start.startswith(_MAGIC.get(coding, b"")) and not _is_text(start[:_PLAIN])
    )


def _is_text(start: bytes) -> bool:
    try:
        text = start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # else a character is cut off
            return False
        text = start[: error.start].decode("utf-8")
    return bool(text.strip()) and all(c.isprintable() or c in "\t\r\n\ufeff" for c in text)
