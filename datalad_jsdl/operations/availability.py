"""Which files can be fetched now, and what stands in the way of the others: values, no words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING

from datalad_jsdl.faults import FaultKind
from datalad_jsdl.fetch.mirrors.ask_all import survey
from datalad_jsdl.fetch.mirrors.survey import Wanted
from datalad_jsdl.model.content import Expected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from datalad_jsdl.faults import Fault
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.mirrors.survey import Survey
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.entry import Entry

__all__ = ["ACCESS", "Access", "Availability", "find_availability"]

_MOST_ASKED = 1000  # files


class Access(Enum):
    """What stands between a user and a file; the value is for programs."""

    OPEN = "open"
    LOGIN = "login"  # a login, or another one, is wanted
    TERMS = "terms"  # terms may have to be accepted, or it is for some only
    REQUEST = "request"  # somebody has to be asked; only a manifest can say so
    UNKNOWN = "unknown"  # the mirror is down or busy, or was not asked
    REFUSED = "refused"  # an answer that will be the same tomorrow
    DAMAGED = "damaged"  # another content is there than what was asked for
    GONE = "gone"


_UNKNOWN = (
    *(FaultKind.PREPARING, FaultKind.BUSY, FaultKind.OVERLOADED, FaultKind.DOWN, FaultKind.UNABLE),
    *(FaultKind.SILENT, FaultKind.SILENT_GET, FaultKind.UNRESPONSIVE, FaultKind.NO_ANSWER),
    *(FaultKind.CLOSED, FaultKind.UNCONNECTED, FaultKind.CONNECT_TIMEOUT, FaultKind.BROKE_OFF),
    *(FaultKind.TRUNCATED, FaultKind.SLOW, FaultKind.NOT_ASKED, FaultKind.SKIPPED),
    *(FaultKind.INTERRUPTED, FaultKind.DISK, FaultKind.DISK_FULL, FaultKind.BUG),
)
_DAMAGED = (
    *(FaultKind.SIZE, FaultKind.DISPUTED, FaultKind.LONGER, FaultKind.SHORTER),
    *(FaultKind.CHANGED, FaultKind.CONTENT, FaultKind.SUPPLANTED),
)
#: What each kind of fault means for who wants the file; any other is `Access.REFUSED`.
ACCESS: Mapping[FaultKind, Access] = {
    FaultKind.LOGIN: Access.LOGIN,
    **dict.fromkeys((FaultKind.TERMS, FaultKind.WEB_PAGE, FaultKind.GUARD), Access.TERMS),
    FaultKind.GONE: Access.GONE,
    **dict.fromkeys(_UNKNOWN, Access.UNKNOWN),
    **dict.fromkeys(_DAMAGED, Access.DAMAGED),
}
# of several mirrors, the one at which most can be done decides
_RANK = tuple(Access)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether one file can be fetched.

    Attributes:
        access: what stands in the way.
        mirrors: origins (scheme, host, port) that it is about: those that give the file, or want
            the login, …; none if nobody was asked, or the manifest has the content itself.
        faults: what is wrong with its candidate URLs, of those that were asked.
        size: bytes, as the manifest says or a mirror announces, or None.
        is_assumed: no mirror was asked for this very file; the mirror gave others.
    """

    access: Access
    mirrors: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    size: int | None = None
    is_assumed: bool = False


def find_availability(
    entries: Iterable[Entry],
    engine: Engine,
    *,
    most: int = _MOST_ASKED,
    tick: Callable[[int, int], object] = lambda done, total: None,
    operation: Operation | None = None,
) -> Iterator[tuple[Entry, Availability]]:
    """Ask the mirrors of *entries* whether they give them, a few questions at a time.

    Args:
        entries: of a manifest.
        engine: to ask with; with the user's logins.
        most: entries to ask for; of more than that a sample spread over the mirrors, and the
            others are assumed to be like those.
        tick: told, now and then, how many questions are answered, and of how many.
        operation: of `Engine.operation`; if it is interrupted, this ends soon, and what was not
            asked for until then is assumed to be like the others of its mirror. Other operations
            of the engine go on.

    Yields:
        Each entry with its availability, in the given order.
    """
    listed = list(entries)
    wanted = [
        Wanted(e.path, tuple(c.url for c in e.candidates), Expected(e.size, names=(e.path,)))
        for e in listed
        if e.inline is None
    ]
    found = survey(wanted, engine, tick, most, operation)
    numbers = count()
    for entry in listed:
        if entry.inline is not None:
            yield entry, Availability(Access.OPEN, size=entry.size)
        else:
            yield entry, _of_one(found, next(numbers))


def _of_one(found: Survey, number: int) -> Availability:
    size, known = found.size(number), found.answers.get(number, {})
    urls = {url: known[url] for url in found.wanted[number].urls if url in known}
    if sources := found.sources(number):
        given = [url for url, answer in urls.items() if answer.fault is None]
        names = tuple(dict.fromkeys(map(found.name_of, given)))
        unasked = not any(source.answers for source in sources)
        if not names and unasked:
            return Availability(Access.UNKNOWN, size=size)
        assumed = tuple(source.name for source in sources if source.answers)
        return Availability(Access.OPEN, names or assumed, size=size, is_assumed=not names)
    told: dict[Access, dict[str, None]] = {}
    faults = [answer.fault for answer in urls.values() if answer.fault]
    for url, answer in urls.items():
        access = ACCESS.get(answer.fault.kind, Access.REFUSED) if answer.fault else Access.UNKNOWN
        told.setdefault(access, {})[found.name_of(url)] = None
    # what a mirror says of all that it was asked for, it would say of this
    for name in found.names(number, urls):
        fault = found.mirrors[name].fault
        access = ACCESS.get(fault.kind, Access.REFUSED) if fault else Access.UNKNOWN
        told.setdefault(access, {})[name] = None
    best = min(told, key=_RANK.index, default=Access.UNKNOWN)
    return Availability(best, tuple(told.get(best, ())), tuple(faults), size, not urls)
