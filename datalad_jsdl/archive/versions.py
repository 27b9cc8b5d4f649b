"""Which version of a content without a digest was read: ranges of two versions do not fit together.

Nothing but its mirror tells whether such a content has changed between two ranges of it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalad_jsdl.model.content import Version

__all__ = ["Versions"]


class Versions:
    """The versions of an archive's contents that its first ranges came from; for any thread."""

    def __init__(self) -> None:
        # None: bytes of it were given away, and its mirror names no version
        self._known: dict[int, Version | None] = {}
        self._lock = threading.Lock()

    def of(self, number: int) -> Version | None:
        """The version of a content, given its number; None while no mirror has named one."""
        return self._known.get(number)

    def settle(self, number: int, version: Version | None) -> bool:
        """Bytes of a version are about to be given away; whether they may be.

        Args:
            number: of the content.
            version: that they are of; None if its mirror names none.

        Returns:
            False if bytes of another version were given away before.
        """
        with self._lock:
            known = self._known.setdefault(number, version)
        return known is None or (version is not None and known.is_same(version))
