"""Links to an archive that need no login: they expire, and can be revoked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from datalad_jsdl.orders.store.secrets import secret_of
from datalad_jsdl.orders.store.tables import archive_links

if TYPE_CHECKING:
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["Capabilities", "Verdict"]

_BITS = 16  # bytes of a signature
_TAG = 8  # bytes of a signature, for what it depends on
_DAY = 86_400  # seconds
_KNOWN = 8  # generations of links that are told to be revoked; older ones count as forged


class Verdict(Enum):
    """What is to be made of a link's signature."""

    VALID = "valid"
    EXPIRED = "expired, or revoked"
    FORGED = "not made here"


@dataclass(frozen=True)
class Capabilities:
    """Signs links to orders' archives, and verifies them.

    The signature has the day in it on which the link expires, and what else it depends on. It is
    made from a secret in the store, so that all processes of a portal take it.

    Attributes:
        store: of the orders.
        days: that a link is valid for.
    """

    store: Store
    days: int = 30

    def sign(self, order_id: str, given: str = "") -> tuple[str, float]:
        """A signature for an order, the same all day, and when it expires (seconds since 1970).

        Args:
            order_id: which.
            given: what the link depends on: it expires when that becomes another text.
        """
        day = int(time.time() // _DAY) + 1 + self.days
        secret = secret_of(self.store, "links")
        made = _signature(secret, order_id, day, self._generation(order_id), _tag(given))
        return made, float(day * _DAY)

    def verify(self, order_id: str, signature: str, given: str = "") -> Verdict:
        """What a signature is worth for an order; *given*: see `sign`."""
        try:
            raw = base64.urlsafe_b64decode(signature + "==")
        except (binascii.Error, ValueError):
            return Verdict.FORGED
        day, tag = int.from_bytes(raw[:4], "big"), raw[4:-_BITS]
        generation, secret = self._generation(order_id), secret_of(self.store, "links")
        for made in range(generation, max(generation - _KNOWN, -1), -1):
            own = _signature(secret, order_id, day, made, tag)
            if hmac.compare_digest(own.encode(), signature.encode("utf-8", "surrogateescape")):
                is_valid = made == generation and tag == _tag(given) and time.time() < day * _DAY
                return Verdict.VALID if is_valid else Verdict.EXPIRED
        return Verdict.FORGED

    def revoke(self, order_id: str) -> None:
        """Have no link to an order's archive work any more, but those that are made from now on.

        Raises:
            StoreError: the store is locked or cannot be written.
        """
        mine = archive_links.c.order == order_id
        with self.store.write() as connection:
            more = update(archive_links).where(mine)
            found = connection.execute(more.values(generation=archive_links.c.generation + 1))
            if not found.rowcount:
                connection.execute(insert(archive_links).values(order=order_id, generation=1))

    def _generation(self, order_id: str) -> int:
        with self.store.read() as connection:
            chosen = select(archive_links.c.generation).where(archive_links.c.order == order_id)
            return connection.scalar(chosen) or 0


def _tag(given: str) -> bytes:
    """What stands for a text in a signature; nothing for none."""
    digest = hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest()
    return digest[:_TAG] if given else b""


def _signature(secret: bytes, order_id: str, day: int, generation: int, tag: bytes) -> str:
    head = day.to_bytes(4, "big") + tag
    kind = b"archive %d for " if tag else b"archive %d "
    text = kind % generation + head + order_id.encode("utf-8", "surrogateescape")
    mac = hmac.new(secret, text, hashlib.sha256).digest()[:_BITS]
    return base64.urlsafe_b64encode(head + mac).decode().rstrip("=")
