"""Git objects → one pack, which git itself checks and puts into its place.

Format: gitformat-pack(5). No object is a delta of another: what is written here is mostly
names and digests, and ``git gc`` finds what there is to save.
"""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import IO, TYPE_CHECKING

try:
    from isal.isal_zlib import compress
except ImportError:  # not made for every processor
    from zlib import compress

from datalad_jsdl.repository.git.oids import OidSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.repository.git.running import Git

__all__ = ["PackWriter", "give", "open_pack", "writing_pack"]

_TYPES = {b"commit": 1, b"tree": 2, b"blob": 3}

_IN_MEMORY = 1 << 20  # bytes; a larger pack waits in a file
_CHUNK = 1 << 20  # bytes
# git's own threshold (fastimport.unpackLimit): fewer objects are stored one by one, so that
# many small imports do not leave as many packs
_UNPACK_LIMIT = 100


class PackWriter:
    """Collects objects; each of them is written once, however often it is added.

    The number of objects stands at the beginning of a pack, so that none can be sent
    before all are known: they wait in *spool*.

    Args:
        spool: an empty file to write to and read from.
        algorithm: of the repository's object names: ``sha1`` or ``sha256``.
        expected: number of objects, as far as it is known; see `OidSet`.
        distinct: no two of its trees are alike, so that there is no need to look.
    """

    def __init__(
        self, spool: IO[bytes], algorithm: str, *, expected: int = 0, distinct: bool = False
    ) -> None:
        self.algorithm = algorithm
        self.count = 0
        self._spool = spool
        self._distinct = b"tree" if distinct else b""
        self._buffer = bytearray()
        self._hash = partial(getattr(hashlib, algorithm), usedforsecurity=False)
        self._seen = OidSet(self._hash().digest_size, expected)

    def add(self, kind: bytes, content: bytes) -> bytes:
        """Add an object (``blob``, ``tree`` or ``commit``); its binary name."""
        size = len(content)
        oid: bytes = self._hash(b"%b %d\0%b" % (kind, size, content)).digest()
        if kind == self._distinct or self._seen.add(oid):
            self.count += 1
            buffer = self._buffer
            buffer += _head(kind, size)
            buffer += _compressed(content)
            if len(buffer) > _CHUNK:
                self._spool.write(buffer)
                buffer.clear()
        return oid

    def write_to(self, stream: IO[bytes]) -> None:
        """Write the whole pack."""
        self._seen = OidSet(self._hash().digest_size)  # the memory may be needed
        digest = self._hash()
        chunk = b"PACK" + (2).to_bytes(4, "big") + self.count.to_bytes(4, "big")
        self._spool.write(self._buffer)
        self._buffer.clear()
        self._spool.seek(0)
        while chunk:
            digest.update(chunk)
            stream.write(chunk)
            chunk = self._spool.read(_CHUNK)
        stream.write(digest.digest())


# A window of 4 KiB: an object here is small, and zlib's usual 256 KiB of memory would be
# taken from the system and given back for each, at ten times the price of the work.
_WINDOW_BITS = 12
_MEMORY_LEVEL = 5
_LEVEL = 6


def _by_zlib(content: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)
    return packer.compress(content) + packer.flush()


# the other one takes two thirds of the time
_compressed: Callable[[bytes], bytes] = _by_zlib if compress is zlib.compress else compress


@lru_cache(maxsize=10_000)
def _head(kind: bytes, size: int) -> bytes:
    """What comes before the content: type and size in bytes."""
    # the lowest four bits of the size beside the type, then seven bits a byte
    byte, size = _TYPES[kind] << 4 | size & 15, size >> 4
    head = bytearray()
    while size:
        head.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    head.append(byte)
    return bytes(head)


@contextmanager
def open_pack(git: Git, *, expected: int = 0, distinct: bool = False) -> Iterator[PackWriter]:
    """Collect objects, to be handed to git by `give`; see `PackWriter`."""
    asked = git.text("rev-parse", "--show-object-format", "--absolute-git-dir")
    algorithm, _, folder = asked.partition("\n")
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=folder) as spool:
        yield PackWriter(spool, algorithm, expected=expected, distinct=distinct)


def give(git: Git, pack: PackWriter) -> None:
    """Hand objects to git.

    Nothing refers to them then; killed before, no trace is left but what ``git gc`` removes.

    Raises:
        DatasetError: git did not take the pack.
    """
    packed = pack.count >= _UNPACK_LIMIT
    command = ("index-pack", "--stdin") if packed else ("unpack-objects", "-q")
    with git.feed(*command) as stream:
        pack.write_to(stream)


@contextmanager
def writing_pack(git: Git, expected: int = 0) -> Iterator[PackWriter]:
    """Collect objects, and hand them to git when all went well; see `give`."""
    with open_pack(git, expected=expected) as pack:
        yield pack
        give(git, pack)
