"""What mirrors are found to be before a download: values, and no request.

Mirrors are origins (RFC 6454: scheme, host, port); `ask_all` asks them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.mirrors.states import Ranges, State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from datalad_jsdl.faults import Fault
    from datalad_jsdl.fetch.mirrors.states import Answer
    from datalad_jsdl.model.content import Expected

__all__ = ["Mirror", "Survey", "Wanted", "choose", "list_mirrors"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is to be fetched.

    Attributes:
        path: what it is called.
        urls: candidates, in order.
        expected: what is known of its content.
    """

    path: str
    urls: tuple[str, ...]
    expected: Expected


@dataclass
class Mirror:
    """What is found out about one origin.

    Attributes:
        name: scheme, host and port.
        files: that have a URL there.
        only: those of them that have none elsewhere.
        answers: number of URLs by what the mirror answered.
        said: by what its answers meant, the first of their faults.
        ranges: what its answers tell of parts of files.
        sampled: its rate was measured now, and not known before.
        stopped: why it was asked no more; None if it was not.
    """

    name: str
    files: int = 0
    only: int = 0
    answers: Counter[State] = field(default_factory=Counter)
    said: dict[State, Fault] = field(default_factory=dict)
    ranges: Ranges = Ranges.UNTOLD
    sampled: bool = False
    stopped: State | None = None

    @property
    def state(self) -> State:
        """What its answers come to."""
        if self.stopped in (State.DEAD, State.BUSY):
            return self.stopped
        # one that was given up for its denials may have had a good answer under way
        if self.answers[State.OK]:
            return State.OK
        return self.answers.most_common(1)[0][0] if self.answers else State.UNASKED

    @property
    def fault(self) -> Fault | None:
        """That of its state, or of a login that one that gives files wants for others."""
        state = self.state
        states = (State.LOGIN, State.TERMS) if state is State.OK else (state,)
        return next((self.said[one] for one in states if one in self.said), None)

    @property
    def usable(self) -> bool:
        """Whether a file that it was not asked for may be hoped for."""
        good = self.answers[State.OK] > 0 and self.state is not State.DEAD
        return good or self.state is State.UNASKED


@dataclass
class Survey:
    """What was found out.

    Attributes:
        wanted: the files it is about.
        mirrors: by name.
        name_of: the name of a URL's mirror.
        chosen: numbers of those that the mirrors are asked for.
        answers: number of a file in *wanted* → its URLs → the mirror's answer.
    """

    wanted: Sequence[Wanted]
    mirrors: dict[str, Mirror]
    name_of: Callable[[str], str]
    chosen: Sequence[int] = ()
    answers: dict[int, dict[str, Answer]] = field(default_factory=dict)

    def names(self, number: int, answered: Collection[str] = ()) -> list[str]:
        """The mirrors of a file, or those of its URLs that are not *answered*."""
        urls = (url for url in self.wanted[number].urls if url not in answered)
        return list(dict.fromkeys(map(self.name_of, urls)))

    def sources(self, number: int) -> list[Mirror]:
        """The mirrors that have a file, as far as is known, in order."""
        answers = self.answers.get(number, {})
        found: dict[str, Mirror] = {}
        for url in self.wanted[number].urls:
            mirror, answer = self.mirrors[self.name_of(url)], answers.get(url)
            if answer is None or answer.state is State.BUSY:
                good = mirror.usable
            else:
                good = answer.state is State.OK and mirror.state is not State.DEAD
            if good:
                found.setdefault(mirror.name, mirror)
        return list(found.values())

    def size(self, number: int) -> int | None:
        """Bytes of a file: of the manifest, or else as a mirror announces; None if unknown."""
        known = self.wanted[number].expected.size
        if known is not None:
            return known
        answers = self.answers.get(number, {}).values()
        return next((a.size for a in answers if a.state is State.OK and a.size is not None), None)

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Of each mirror's files: bytes, as far as is known, and the number of the others."""
        found = dict.fromkeys(self.mirrors, (0, 0))
        for number in range(len(self.wanted)):
            size = self.size(number)
            for name in self.names(number):
                known, unsized = found[name]
                found[name] = (known + (size or 0), unsized + (size is None))
        return found


def list_mirrors(wanted: Sequence[Wanted], name_of: Callable[[str], str], most: int) -> Survey:
    """The mirrors of *wanted*, none of which was asked yet.

    Args:
        wanted: files.
        name_of: the name of a URL's mirror.
        most: files to ask for; of more than that, a sample spread over the mirrors.
    """
    found = Survey(wanted, {}, name_of)
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, file in enumerate(wanted):
        names = tuple(dict.fromkeys(map(name_of, file.urls)))
        groups.setdefault(names, []).append(number)
        for name in names:
            mirror = found.mirrors.setdefault(name, Mirror(name))
            mirror.files += 1
            mirror.only += len(names) == 1
    found.chosen = choose(groups.values(), most)
    return found


def choose(groups: Iterable[Sequence[int]], most: int) -> list[int]:
    """At most *most* items, as many of each group as of the others, spread evenly in each."""
    chosen: list[int] = []
    left = sorted(groups, key=len)
    for number, group in enumerate(left):
        share = min(len(group), (most - len(chosen)) // (len(left) - number))
        chosen += [group[i * len(group) // share] for i in range(share)]
    return chosen
