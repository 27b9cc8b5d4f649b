"""Numbers of things and of bytes, in words for a person."""

from __future__ import annotations

__all__ = ["counted", "size_text"]


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
