"""Which mirror is asked first: the one place of these rules, as functions of values.

Candidates keep the order of the manifest, but for what is known of their mirrors. What weighs
most comes first:

1. the user's preferences (``prefer`` and ``avoid``);
2. a mirror with a back-off, or with more faults than good answers of late, comes last;
3. so does one that is much slower than another one.

Every so many files the second half of 2 and 3 do not count, so that a mirror that is better now
can show it.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from datalad_jsdl.fetch.mirrors.scores import Score

__all__ = [
    "Known",
    "Preferences",
    "Rank",
    "explores",
    "least_busy",
    "likely_first",
    "matches",
    "rank",
]

_EXPLORE = 16  # every so many files
_MUCH_SLOWER = 2.0  # times
_SLACK = 0.05  # seconds; less than that is no difference
_TYPICAL = 1 << 20  # bytes, of a file whose size is unknown
_GOOD = 0.5  # share of requests without a fault of the mirror
_FEW = 4  # requests; so few say nothing


class Known(NamedTuple):
    """What is known of a URL's mirror when it is ranked.

    Attributes:
        score: of its requests so far.
        back_off: seconds for which it is not to be asked; 0 for now.
    """

    score: Score
    back_off: float = 0.0


class Preferences(NamedTuple):
    """The user's.

    Attributes:
        prefer: patterns of mirrors to be asked first, in order.
        avoid: patterns of mirrors to be asked last.
    """

    prefer: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()

    def of(self, url: str) -> int:
        """The place that they give a URL; the lower is asked first."""
        if not self.prefer and not self.avoid:
            return 0
        for place, pattern in enumerate(self.prefer):
            if matches(url, pattern):
                return place
        return self.usual + any(matches(url, pattern) for pattern in self.avoid)

    @property
    def usual(self) -> int:
        """The place of a URL that no pattern means."""
        return len(self.prefer)


class Rank(NamedTuple):
    """A URL among the other candidates, and why it stands where it does.

    Attributes:
        url: which one.
        preference: the user's, as `Preferences.of`, with 0 for the usual.
        back_off: seconds for which its mirror is not to be asked.
        unreliable: half of the last requests to it failed.
        slow: another mirror is much faster.
    """

    url: str
    preference: int
    back_off: float
    unreliable: bool
    slow: bool

    @property
    def key(self) -> tuple[int, bool, bool]:
        """To sort by."""
        return self.preference, self.back_off > 0 or self.unreliable, self.slow

    def __str__(self) -> str:
        words = ["preferred"] if self.preference < 0 else []
        words += ["avoided"] if self.preference > 0 else []
        words += [f"back-off for {self.back_off:.0f} s"] if self.back_off else []
        words += ["unreliable"] if self.unreliable else []
        words += ["slower"] if self.slow else []
        return ", ".join(words) or "as given"


def rank(
    urls: Sequence[str],
    size: int | None,
    known: Callable[[str], Known],
    preferences: Preferences,
    *,
    explore: bool = False,
) -> list[Rank]:
    """The candidates in the order in which they are to be asked.

    Args:
        urls: in the order of the manifest.
        size: bytes that they are to be asked for, or None.
        known: what is known of a URL's mirror.
        preferences: the user's.
        explore: let what seems worse keep its place; see `explores`.
    """
    mirrors = {url: known(url) for url in urls}
    times = {url: mirror.score.seconds(size or _TYPICAL) for url, mirror in mirrors.items()}
    best = min((time for time in times.values() if time is not None), default=0.0)

    def place(url: str) -> Rank:
        score, back_off = mirrors[url]
        time = times[url]
        slow = time is not None and time > _MUCH_SLOWER * best + _SLACK
        unreliable = score.success < _GOOD and score.requests > _FEW
        preference = preferences.of(url) - preferences.usual
        return Rank(url, preference, back_off, unreliable and not explore, slow and not explore)

    # stable: else the given order holds
    return sorted(map(place, urls), key=lambda found: found.key)


def explores(number: int) -> bool:
    """Whether the choice of this number, counted from 1, lets what seems worse keep its place."""
    return number % _EXPLORE == 0


def likely_first(names: Iterable[str], rate: Callable[[str], float]) -> str:
    """The mirror that a file will probably come from, to tell how long a download takes.

    Args:
        names: of the mirrors that have it, at least one, in order.
        rate: bytes per second of one connection to a mirror; 0 while unknown.
    """
    rates = [(name, rate(name)) for name in names]
    least = max(found for _, found in rates) / _MUCH_SLOWER
    return next(name for name, found in rates if not found or found >= least)


def least_busy(urls: Iterable[str], connections: Callable[[str], int], limit: int) -> list[str]:
    """Where one more connection for a large file is to go, the best first.

    Args:
        urls: candidates, in order.
        connections: that there are to a URL's mirror for that file.
        limit: of them to one mirror.
    """
    counts = {url: connections(url) for url in urls}
    return sorted((url for url in counts if counts[url] < limit), key=counts.__getitem__)


def matches(url: str, pattern: str) -> bool:
    """Whether a pattern of ``prefer`` or ``avoid`` means a URL.

    A pattern with ``://`` is compared with the URL without its query, another one with the
    host, with and without the port; ``*`` stands for anything.
    """
    bare = url.partition("?")[0]
    if "://" in pattern:
        return fnmatchcase(bare, pattern) or fnmatchcase(origin_of(url), pattern.rstrip("/"))
    place, pattern = origin_of(url).partition("://")[2], pattern.lower()
    host = re.sub(r":\d+$", "", place)
    return fnmatchcase(place, pattern) or fnmatchcase(host, pattern)
