"""The candidate URLs of an entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Candidate", "PlainCandidates", "by_priority", "compact_candidates"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One URL that a file can be fetched from.

    Attributes:
        url: normalised http(s) URL, ASCII only, without a login in it.
        priority: the smaller is tried the earlier; None comes after all numbers.
        location: where the mirror is, in the portal's own words (a country, a cloud).
        signed: the query carries a signature or token: good for a download now,
            never to be registered or shown.
    """

    url: str
    priority: int | None = None
    location: str | None = None
    signed: bool = False

    @classmethod
    def plain(cls, url: str, priority: int | None, location: str | None) -> Candidate:
        """One that is not signed; made in a quarter of the time."""
        draft: Any = _Draft()
        draft.url = url
        draft.priority = priority
        draft.location = location
        draft.signed = False
        draft.__class__ = cls
        candidate: Candidate = draft
        return candidate


class _Draft:
    """A `Candidate` while it is made: each field that is set in a frozen one takes a call."""

    __slots__ = Candidate.__slots__


class PlainCandidates(Sequence[Candidate]):
    """Candidates of which nothing is known but their URLs, none of them signed.

    To the reader they are a tuple of `Candidate`, which takes three times the memory.

    Args:
        urls: at least one; normalised, and so without white space.
    """

    __slots__ = ("_text",)

    def __init__(self, urls: Iterable[str]) -> None:
        self._text = "\n".join(urls)

    @classmethod
    def of_lines(cls, text: str) -> PlainCandidates:
        """Of URLs as they are held: with a line feed between them."""
        found = cls.__new__(cls)
        found._text = text
        return found

    @property
    def urls(self) -> tuple[str, ...]:
        """In order."""
        return tuple(self._text.split("\n"))

    def __len__(self) -> int:
        return self._text.count("\n") + 1

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, index: int | slice) -> Candidate | tuple[Candidate, ...]:
        return tuple(self)[index]

    def __iter__(self) -> Iterator[Candidate]:
        return map(Candidate, self.urls)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PlainCandidates):
            return self._text == other._text
        return isinstance(other, tuple) and tuple(self) == other

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def by_priority(candidate: Candidate) -> tuple[bool, int]:
    """What candidates are sorted by; those without a priority come last."""
    return candidate.priority is None, candidate.priority or 0


def compact_candidates(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """The same candidates (at least one), in less memory if that can be."""
    if all(c.priority is None and c.location is None and not c.signed for c in candidates):
        return PlainCandidates(c.url for c in candidates)
    return tuple(candidates)
