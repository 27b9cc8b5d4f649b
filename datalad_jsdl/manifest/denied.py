"""Rows of a document that have to be asked for, where a server wants a login for some of them.

Such a row is refused alone, so that the others can be imported, and is kept to be tried again. If
the server wants a login for all of them (or the first hundred), that is no matter of single rows:
the document cannot be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datalad_jsdl.errors import StatusError
    from datalad_jsdl.manifest.record import Record

__all__ = ["DENIED", "Denied", "Rows"]

#: Statuses of HTTP that say so.
DENIED = (401, 403)
_MOST = 100  # rows, before one is answered: the others are not asked for


class Denied(NamedTuple):
    """A row whose server wants a login.

    Attributes:
        record: with a fault; what was given stays, to be tried again.
        error: as it ends an import.
    """

    record: Record
    error: StatusError


class Rows:
    """What comes, and whether anything does without a login."""

    def __init__(self) -> None:
        self._answered = False
        self._held: list[Denied] = []  # until one is answered

    def answered(self) -> list[Record]:
        """A row was; what there is to give on before it."""
        self._answered = True
        held, self._held = self._held, []
        return [denied.record for denied in held]

    def denied(self, row: Denied) -> list[Record]:
        """A row was not; what there is to give on now.

        Raises:
            StatusError: there were too many, and no other.
        """
        if self._answered:
            return [row.record]
        self._held.append(row)
        if len(self._held) >= _MOST:
            self.end()
        return []

    def end(self) -> None:
        """Nothing comes any more.

        Raises:
            StatusError: all that was asked for wants a login.
        """
        if self._held:
            raise self._held[0].error
