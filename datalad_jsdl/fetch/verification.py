"""Whether bytes are what was expected: hashed while they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.manifest.digests import ALGORITHMS

if TYPE_CHECKING:
    from datalad_jsdl.fetch.values import Expected

__all__ = ["Verifier", "is_error_page"]


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


_PAGE_NAMES = (".html", ".htm", ".xhtml", ".shtml", ".php", ".asp", ".aspx", ".jsp", "/")
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_PAGE_STARTS = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<!--")


def is_error_page(url: str, content_type: str, start: bytes | None = None) -> bool:
    """Whether an answer with status 200 is a web page in the place of a file.

    Portals answer so where a login or the acceptance of terms is due. Only asked where
    neither digest nor size could tell.

    Args:
        url: that was asked for; one that ends like a page's may be a page.
        content_type: the header's value.
        start: the first bytes of the body, if there are any to look at.
    """
    path = urlsplit(url).path.lower()
    if not path or path.endswith(_PAGE_NAMES):
        return False
    if content_type.split(";")[0].strip().lower() not in _PAGE_TYPES:
        return False
    if start is None:
        return True
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower().startswith(_PAGE_STARTS)
