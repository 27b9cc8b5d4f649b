"""How much there may be at once: downloads of a user, of an order, from a process; forms."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CrowdedError", "FullError", "Room", "Streams"]


class CrowdedError(Exception):
    """There is no room for another download.

    Attributes:
        whose: of whom there are too many, for people.
        limit: how many there may be.
    """

    def __init__(self, whose: str, limit: int) -> None:
        super().__init__(whose)
        self.whose = whose
        self.limit = limit


@dataclass
class Streams:
    """Counts the downloads that are under way; for the thread of the event loop.

    Attributes:
        of_user: the most for one user; aria2c opens up to 16 for one download.
        of_order: the most of one order.
        of_process: the most in all.
    """

    of_user: int = 256
    of_order: int = 384
    of_process: int = 512
    _users: Counter[str] = field(default_factory=Counter)
    _orders: Counter[str] = field(default_factory=Counter)

    @property
    def under_way(self) -> int:
        """How many there are."""
        return self._orders.total()

    @contextmanager
    def one(self, user: str, order: str) -> Iterator[None]:
        """While a download is under way.

        Raises:
            CrowdedError: there are too many.
        """
        if self._users[user] >= self.of_user:
            raise CrowdedError("you", self.of_user)
        if self._orders[order] >= self.of_order:
            raise CrowdedError("this order", self.of_order)
        if self._orders.total() >= self.of_process:
            raise CrowdedError("all", self.of_process)
        self._users[user] += 1
        self._orders[order] += 1
        try:
            yield
        finally:
            for counts, name in ((self._users, user), (self._orders, order)):
                counts[name] -= 1
                if not counts[name]:
                    del counts[name]


class FullError(Exception):
    """There is no room for more bytes now."""


@dataclass
class Room:
    """Bytes that are held at a time, of requests that are still coming in.

    Attributes:
        most: of all together.
    """

    most: int
    _held: int = 0

    @contextmanager
    def part(self) -> Iterator[Callable[[int], None]]:
        """While a request comes in; the function is told of each chunk before it is kept.

        Raises:
            FullError: by the function: there is no room for the chunk.
        """
        own = 0

        def grow(size: int) -> None:
            nonlocal own
            if self._held + size > self.most:
                raise FullError
            own += size
            self._held += size

        try:
            yield grow
        finally:
            self._held -= own
