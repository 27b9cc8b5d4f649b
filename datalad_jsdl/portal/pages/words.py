"""How the pages say states, numbers, bytes and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from datalad_jsdl.operations.availability import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.orders.model import Statistics

__all__ = ["STATES", "Word", "about", "amount", "bytes_text", "files_text", "on", "share", "total"]

_GAP = "\u00a0"  # between a number and its unit
_UNITS = (("EB", 10**18), ("PB", 10**15), ("TB", 10**12), ("GB", 10**9), ("MB", 10**6))


@dataclass(frozen=True, slots=True)
class Word:
    """A state, as pages show it: never by its colour alone.

    Attributes:
        text: the word.
        tone: of its colour: ok, warn, bad, run or plain.
        icon: beside it.
    """

    text: str
    tone: str
    icon: str


#: What stands between users and a file, in words.
STATES: Mapping[Access, Word] = {
    Access.OPEN: Word("Available", "ok", "check"),
    Access.LOGIN: Word("Needs a login", "warn", "lock"),
    Access.TERMS: Word("Terms to read", "warn", "doc"),
    Access.REQUEST: Word("Ask for access", "warn", "lock"),
    Access.UNKNOWN: Word("Unavailable now", "plain", "clock"),
    Access.REFUSED: Word("Refused", "bad", "cross"),
    Access.DAMAGED: Word("Damaged", "bad", "alert"),
    Access.GONE: Word("Gone", "bad", "cross"),
}


def amount(number: int) -> str:
    """A number: ``17,384``."""
    return f"{number:,}"


def files_text(number: int) -> str:
    """A number of files: ``1 file``, ``17,384 files``."""
    return f"{number:,}{_GAP}{'file' if number == 1 else 'files'}"


def bytes_text(size: int | None) -> str:
    """Bytes, in three digits: ``3.08 GB``, ``41.7 GB``, ``186 GB``."""
    if size is None:
        return "size unknown"
    for unit, factor in _UNITS:
        if size >= factor:
            return f"{_three_digits(size / factor)}{_GAP}{unit}"
    if size >= 1000:
        return f"{_three_digits(size / 1000)}{_GAP}KB"
    return f"{size}{_GAP}{'byte' if size == 1 else 'bytes'}"


def _three_digits(value: float) -> str:
    # of what would be rounded up to one digit more, that is said: 9.999 is 10.0
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{decimals}f}"


def total(found: Statistics) -> str:
    """The bytes of several files: ``4.20 GB``, or ``at least`` that."""
    if not found.unsized:
        return bytes_text(found.size)
    if not found.size:
        return bytes_text(None)
    return f"at least {bytes_text(found.size)}"


def about(seconds: float | None) -> str:
    """How long something takes: ``about 3 min``; "" if that is not known."""
    if seconds is None:
        return ""
    if seconds < 55:
        return f"about {max(10 * round(seconds / 10), 5)}{_GAP}s"
    if seconds < 55 * 60:
        return f"about {max(round(seconds / 60), 1)}{_GAP}min"
    hours = seconds / 3600
    return f"about {round(hours) or 1}{_GAP}h" if hours < 47 else f"about {round(hours / 24)} days"


def share(done: int, of: int | None) -> int | None:
    """Percent that is done; 100 only at the end."""
    if not of:
        return None
    return 100 if done >= of else min(done * 100 // of, 99)


def on(time: datetime, now: datetime | None = None) -> str:
    """A time in UTC: ``Today, 14:02``, ``25 Nov 2026, 14:02``."""
    now = now or datetime.now(timezone.utc)
    time = time.astimezone(timezone.utc)
    day = "Today" if time.date() == now.date() else f"{time.day} {time:%b %Y}"
    return f"{day}, {time:%H:%M}"
