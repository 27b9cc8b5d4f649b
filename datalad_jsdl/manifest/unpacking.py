"""A document's bytes, unpacked as a stream where they are gzip (RFC 1952)."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Readable", "gunzipped", "unpacked"]

_CHUNK = 1 << 18  # bytes
_MAGIC = 10  # bytes; the longest of these
_GZIP = b"\x1f\x8b"
_OTHERS = {
    "bzip2": re.compile(rb"BZh[1-9]1AY&SY"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd"),
    "zip": re.compile(rb"PK\x03\x04"),
}


class Readable(Protocol):
    """As much of a binary file as reading a manifest takes."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; b"" at the end."""


def unpacked(stream: Readable) -> Iterator[bytes]:
    """The bytes in chunks of at most 256 KiB, however much they were packed.

    Raises:
        ManifestError: they are packed in another way, or their gzip breaks off or is damaged.
    """
    beginning = b""
    while len(beginning) < _MAGIC and (more := stream.read(_MAGIC - len(beginning))):
        beginning += more
    if beginning.startswith(_GZIP):
        yield from gunzipped(beginning, stream)
        return
    for kind, magic in _OTHERS.items():
        if magic.match(beginning):
            raise ManifestError(
                f"the manifest is compressed ({kind}), but only gzip is supported; unpack it"
            )
    if beginning:
        yield beginning
    while chunk := stream.read(_CHUNK):
        yield chunk


def gunzipped(
    packed: bytes, stream: Readable, what: str = "the gzip data of the manifest"
) -> Iterator[bytes]:
    """The bytes of one gzip member or several.

    Args:
        packed: what was read of it already, at least its first byte.
        stream: the rest.
        what: it is, for messages.

    Raises:
        ManifestError: it is damaged or breaks off.
    """
    member = zlib.decompressobj(31)  # 31: with gzip's header and checksum
    while True:
        try:
            chunk = member.decompress(packed, _CHUNK)
        except zlib.error as error:
            raise ManifestError(f"{what} is damaged ({error}); download it again") from None
        if chunk:
            yield chunk
        if member.eof:
            # another member may follow (2.2), and zeros that fill up a block of a tape
            packed = member.unused_data.lstrip(b"\0")
            while not packed:
                if not (more := stream.read(_CHUNK)):
                    return
                packed = more.lstrip(b"\0")
            member = zlib.decompressobj(31)
            continue
        packed = member.unconsumed_tail
        if not packed and len(chunk) < _CHUNK:
            packed = stream.read(_CHUNK)
            if not packed:
                raise ManifestError(f"{what} is incomplete; download it again")
