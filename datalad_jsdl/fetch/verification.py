"""Whether bytes are what was expected: hashed while they arrive."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.manifest.digests import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.values import Expected, Store
    from datalad_jsdl.manifest.entry import Pieces

__all__ = ["Frontier", "Verifier", "is_error_page", "is_page_name", "wrong_pieces"]

_CHUNK = 1 << 20  # bytes


class Verifier:
    """Hashes content in sequence and tells in the end whether it is right.

    Without an expected digest it takes the SHA-256, for the key that is to be made.
    """

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._algorithm = ALGORITHMS[expected.algorithm or "sha256"]
        self.restart()

    def restart(self) -> None:
        """Begin at the first byte again."""
        self._hash = self._algorithm.new()
        self.size = 0

    def update(self, chunk: bytes) -> None:
        """The next bytes."""
        self._hash.update(chunk)
        self.size += len(chunk)

    def hexdigest(self) -> str:
        """Digest of the bytes so far."""
        return self._hash.hexdigest()

    def mismatch(self) -> str | None:
        """What is wrong with the content as a whole, or None if all is right."""
        expected = self._expected
        if expected.size is not None and self.size != expected.size:
            return f"expected {expected.size} bytes, got {self.size}"
        if expected.algorithm and self.hexdigest() != expected.hexdigest:
            return (
                f"wrong content: expected {expected.algorithm} {expected.hexdigest}, "
                f"got {self.hexdigest()}"
            )
        return None


class Frontier:
    """Hashes a store from its first byte on, as far as it is filled without a gap.

    Bytes that come at the frontier are hashed as they come; those that came ahead of it
    are read back once it gets there.
    """

    def __init__(self, verifier: Verifier, store: Store) -> None:
        self._verifier = verifier
        self._store = store
        self._lock = threading.Lock()

    def feed(self, offset: int, chunk: bytes) -> None:
        """Hash bytes that were just put into the store, if they are the next."""
        if self._verifier.size == offset and self._lock.acquire(blocking=False):
            try:
                if self._verifier.size == offset:
                    self._verifier.update(chunk)
            finally:
                self._lock.release()

    def catch_up(self, prefix: Callable[[], int]) -> None:
        """Hash what lies ahead.

        Args:
            prefix: number of bytes from the first on without a gap, as of now.
        """
        with self._lock:
            while (left := prefix() - self._verifier.size) > 0:
                chunk = self._store.read(self._verifier.size, min(left, _CHUNK))
                if not chunk:  # the file was cut behind our back: it will not pass
                    return
                self._verifier.update(chunk)

    def restart(self) -> None:
        """Begin at the first byte again."""
        with self._lock:
            self._verifier.restart()


def wrong_pieces(pieces: Pieces, store: Store, size: int) -> list[tuple[int, int]]:
    """The parts of a store (start, end) that do not have the digests they should have.

    Where there are more bytes than pieces, the rest is wrong, too.
    """
    wrong = []
    count = len(pieces.hexdigests)
    for number, start in enumerate(range(0, size, pieces.length)):
        end = min(start + pieces.length, size)
        digest = ALGORITHMS[pieces.algorithm].new()
        for at in range(start, end, _CHUNK):
            digest.update(store.read(at, min(_CHUNK, end - at)))
        if number >= count or digest.hexdigest() != pieces.hexdigests[number]:
            wrong.append((start, end))
    return wrong


_PAGE_NAMES = (".html", ".htm", ".xhtml", ".shtml")
_PAGE_TYPES = ("text/html", "application/xhtml+xml")


def is_page_name(name: str) -> bool:
    """Whether a path or URL is that of a web page, so that a web page may be its content."""
    return urlsplit(name).path.lower().endswith(_PAGE_NAMES)


def is_error_page(url: str, content_type: str, start: bytes | None = None) -> bool:
    """Whether an answer with status 200 is a web page in the place of a file.

    Portals answer so where a login or the acceptance of terms is due. Only asked where
    neither digest nor size could tell.

    Args:
        url: that was asked for; one with a page's name may be a page.
        content_type: the header's value.
        start: the first bytes of the body, if there are any to look at.
    """
    if is_page_name(url):
        return False
    typed = content_type.split(";")[0].strip().lower()
    if start is None or (typed and typed not in _PAGE_TYPES):
        return typed in _PAGE_TYPES
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower()
    # a server that says it is a page is believed, unless the file shows what it is
    return text.startswith(b"<" if typed else (b"<!doctype html", b"<html"))
