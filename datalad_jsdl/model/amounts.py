"""Numbers of things and of bytes, in words for a person."""

from __future__ import annotations

__all__ = ["counted", "rate_text", "size_text", "time_text"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number of things: ``1 entry``, ``2 entries``.

    Args:
        number: of them.
        noun: what one is called.
        plural: what several are called; by default with an s.
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def size_text(count: float) -> str:
    """A number of bytes: ``83.7 MB``; exact below 100 kB."""
    if count < 100_000:
        return counted(round(count), "byte")
    for unit, factor in (("EB", 1e18), ("PB", 1e15), ("TB", 1e12), ("GB", 1e9)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1e6:.1f} MB"


def rate_text(rate: float) -> str:
    """Bytes a second: ``23.1 MB/s``."""
    return f"{rate / 1e6:.1f} MB/s" if rate >= 1e5 else f"{rate / 1e3:.1f} kB/s"


def time_text(seconds: float) -> str:
    """How long something takes, in two digits or so: ``8 s``, ``3 min``, ``2 h 10 min``."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(10 * round(minutes / 10) if minutes >= 120 else minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
