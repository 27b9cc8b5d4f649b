"""A set of object names: 20 to 60 bytes each if there are many; Python's own takes 110 to 150."""

from __future__ import annotations

__all__ = ["OidSet"]

_FEW = 1 << 16


class OidSet:
    """Binary object names of one length; they can be added, and that is all.

    A hash table with open addressing. Object names are digests, so that their first bytes
    do for the place.

    Args:
        width: bytes of a name.
        expected: their number, as far as it is known: a table that grows is there twice for a
            while.
        few: so many are in a set of Python's, which is four times as fast.
    """

    def __init__(self, width: int, expected: int = 0, few: int = _FEW) -> None:
        self._width = width
        self._empty = bytes(width)  # no object has this name
        self._count = 0
        self._expected = expected
        self._most = few
        self._few: set[bytes] | None = set()

    def __len__(self) -> int:
        return self._count if self._few is None else len(self._few)

    def add(self, oid: bytes) -> bool:
        """Whether *oid* was not in the set before."""
        if self._few is not None:
            known = len(self._few)
            self._few.add(oid)
            if len(self._few) > self._most:
                self._move()
            return self._few is None or len(self._few) > known
        return self._add(oid)

    def _move(self) -> None:
        """From Python's set into a table."""
        few, self._few = self._few or set(), None
        self._make(max(2 * len(few), self._expected * 3 // 2))
        for oid in few:
            self._add(oid)

    def _add(self, oid: bytes) -> bool:
        at = self._find(oid)
        width = self._width
        if self._table[at : at + width] == oid:
            return False
        self._table[at : at + width] = oid
        self._count += 1
        if self._count * 4 > self._cells * 3:
            self._grow()
        return True

    def _make(self, cells: int) -> None:
        self._cells = cells
        self._table = bytearray(cells * self._width)

    def _find(self, oid: bytes) -> int:
        """The place of *oid*, or the free one where it belongs."""
        table, width, cells = self._table, self._width, self._cells
        cell = int.from_bytes(oid[:5], "big") % cells
        while True:
            at = cell * width
            found = table[at : at + width]
            if found == oid or found == self._empty:
                return at
            cell = (cell + 1) % cells

    def _grow(self) -> None:
        old, width = self._table, self._width
        self._make(2 * self._cells)
        for start in range(0, len(old), width):
            oid = bytes(old[start : start + width])
            if oid != self._empty:
                at = self._find(oid)
                self._table[at : at + width] = oid
