"""Amounts of data as git-annex's settings write them: "1 gb", "0.5TiB", "100 megabytes".

git-annex's Utility/DataUnits.hs: units of storage are powers of 1000, those with an i powers of
1024, those of bandwidth are bits; upper and lower case are the same.
"""

from __future__ import annotations

import re

__all__ = ["parse_size"]

_STORAGE = ("kilo", "mega", "giga", "tera", "peta", "exa", "zetta", "yotta", "ronna", "quetta")
_COMMITTEE = ("kibi", "mebi", "gibi", "tebi", "pebi", "exbi", "zebi", "yobi")

# a number as Haskell reads one, and a word after it; what follows is passed over
_AMOUNT = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*([^\W\d_]*)", re.IGNORECASE)


def _units() -> dict[str, int]:
    names = {"": 1, "b": 1, "byte": 1, "bytes": 1}
    for power, word in enumerate(_STORAGE, 1):
        for name in (f"{word[0]}b", f"{word}byte", f"{word}bytes"):
            names[name] = 1000**power
    for power, word in enumerate(_COMMITTEE, 1):
        for name in (f"{word[0]}ib", f"{word}byte", f"{word}bytes"):
            names[name] = 1024**power
    for power, word in enumerate(_STORAGE[:8], 1):
        for name in (f"{word[0]}bit", f"{word}bit", f"{word}bits"):
            names[name] = 1000**power // 8
    return names


_UNITS = _units()
_MOST = 1e30  # more than any unit of any disk


def parse_size(text: str) -> int | None:
    """The bytes that an amount stands for; None where git-annex does not understand it.

    A unit may lack the b of byte: ``500M``, ``1.5Gi``.
    """
    match = _AMOUNT.match(text)
    if match is None:
        return None
    word = match[2].lower()
    unit = _UNITS.get(word) or _UNITS.get(word + "b")
    amount = float(match[1])  # infinite, if its exponent is too high
    return round(min(amount, _MOST) * unit) if unit else None
