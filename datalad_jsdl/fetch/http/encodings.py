"""Content codings of an answer (RFC 9110, section 8.4): which are compression, and undoing it.

Of a data file the bytes on the wire are the file, as for curl and wget; of a document
(a manifest, a checksum list, the answer of an API) it is what the codings yield.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from datalad_jsdl.errors import FetchError, ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalad_jsdl.manifest.unpacking import Readable

__all__ = ["Decoded", "compressions", "decode", "is_compressed", "packed_by_name", "peeked"]

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

    Raises, while it is read:
        FetchError: it is damaged, breaks off, or is of a coding that cannot be undone here.
    """

    def __init__(self, stream: Readable, codings: tuple[str, ...]) -> None:
        if len(codings) > _MOST_CODINGS:
            raise FetchError(f"it is compressed {len(codings)} times over, which nothing reads")
        chunks = _chunks(stream)
        for coding in reversed(codings):
            # an empty chunk would look like the end
            chunks = filter(None, _undone(coding, chunks))
        self._decoded = chunks
        self._left = b""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, all of them if *size* is negative; b"" at the end."""
        if size < 0:
            return b"".join([self._left, *self._decoded])
        if not self._left:
            self._left = next(self._decoded, b"")
        data, self._left = self._left[:size], self._left[size:]
        return data


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


class _Chunks:
    """Chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, size: int, /) -> bytes:
        return next(self._chunks, b"")


def _chunks(stream: Readable) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _undone(coding: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """One coding undone; chunks of a few hundred KiB, however much was packed."""
    start = b""
    while len(start) < _PLAIN and (chunk := next(chunks, b"")):
        start += chunk
    if not start:
        return
    magic = _MAGIC.get(coding, b"")
    if not start.startswith(magic) or _is_text(start[:_PLAIN]):
        # a server that says so of what it has not packed is common, and nobody packs text to text
        yield start
        yield from chunks
        return
    if coding == "gzip":
        from datalad_jsdl.manifest.unpacking import gunzipped

        try:
            yield from gunzipped(start, _Chunks(chunks), "the answer's gzip")
        except ManifestError as error:
            raise FetchError(str(error)) from None
        return
    unpacker = _unpacker(coding, start)
    data = start
    try:
        while data:
            yield from unpacker.unpack(data)
            data = next(chunks, b"")
        whole = unpacker.whole()
    except FetchError:
        raise
    except Exception as error:  # each library has its own
        raise FetchError(f"the answer's {coding} is damaged ({type(error).__name__})") from None
    if not whole:
        raise FetchError(f"the answer's {coding} breaks off; fetch it again")


def _is_text(start: bytes) -> bool:
    try:
        text = start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # else a character is cut off
            return False
        text = start[: error.start].decode("utf-8")
    return bool(text.strip()) and all(c.isprintable() or c in "\t\r\n\ufeff" for c in text)


def _unpacker(coding: str, start: bytes) -> Any:
    if coding == "deflate":
        return _Deflate(start)
    if coding == "br" and (module := _library("brotli", "brotlicffi")):
        return _Brotli(module)
    if coding == "zstd" and (module := _library("compression.zstd", "backports.zstd")):
        return _Zstd(module)
    more = {"br": "; pip install brotli", "zstd": "; pip install backports.zstd"}.get(coding, "")
    raise FetchError(
        f"its server sends it compressed ({coding}), which cannot be unpacked here{more}; or "
        "download it with another program, unpack it, and give the file's name"
    )


def _library(*names: str) -> Any:
    from importlib import import_module

    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


class _Deflate:
    """RFC 1950, as it should be; or RFC 1951 bare, as some servers send it."""

    def __init__(self, start: bytes) -> None:
        head = int.from_bytes(start[:2], "big")
        zipped = start[0] & 0x0F == 8 and len(start) > 1 and head % 31 == 0
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS if zipped else -zlib.MAX_WBITS)

    def unpack(self, data: bytes) -> Iterator[bytes]:
        while data and not self._inflate.eof:
            if chunk := self._inflate.decompress(data, _CHUNK):
                yield chunk
            data = self._inflate.unconsumed_tail
            if not data and len(chunk) == _CHUNK:  # it may hold more back
                while more := self._inflate.decompress(b"", _CHUNK):
                    yield more

    def whole(self) -> bool:
        return self._inflate.eof


class _Brotli:
    """RFC 7932."""

    def __init__(self, module: Any) -> None:
        self._decompressor = module.Decompressor()

    def unpack(self, data: bytes) -> Iterator[bytes]:
        decompressor = self._decompressor
        try:
            chunk = decompressor.process(data, output_buffer_limit=_CHUNK)
        except TypeError:  # before 1.2 it has no limit: little by little, then
            for at in range(0, len(data), 256):
                yield decompressor.process(data[at : at + 256])
            return
        while chunk:
            yield chunk
            if decompressor.is_finished():
                return
            chunk = decompressor.process(b"", output_buffer_limit=_CHUNK)

    def whole(self) -> bool:
        return bool(self._decompressor.is_finished())


class _Zstd:
    """RFC 8878; frames may follow each other."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._frame = module.ZstdDecompressor()

    def unpack(self, data: bytes) -> Iterator[bytes]:
        while data or not (self._frame.eof or self._frame.needs_input):
            if self._frame.eof:
                self._frame = self._module.ZstdDecompressor()
            yield self._frame.decompress(data, _CHUNK)
            data = self._frame.unused_data if self._frame.eof else b""

    def whole(self) -> bool:
        return bool(self._frame.eof)
