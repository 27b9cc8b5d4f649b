"""Records whose URLs are addresses of DRS (``drs://…``), in whatever format: they are asked for.

An address leads to an object, whose server tells its name, size, digests and URLs, or to a bundle
of objects. What the manifest itself says of a file goes before what the server does. A record whose
server wants a login is refused alone, unless those of all others do, too.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, NamedTuple

from datalad_jsdl.errors import FetchError, ManifestError, StatusError
from datalad_jsdl.manifest.formats.values import is_drs
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    Ask = Callable[[str], Iterator[Record]]

__all__ = ["addressed", "addresses_in"]

_AT_ONCE = 8  # records that are asked for
_AHEAD = 4 * _AT_ONCE  # records that are held, so that none waits for the one before it
_LOOK = 0.5  # seconds
_CLOSED = (401, 403)
_MOST_CLOSED = 100  # records, before one is answered: the others are not asked for


def addresses_in(record: Record) -> list[str]:
    """Its URLs, if all of them are such addresses; else none."""
    value = record.value
    given = value.get("urls", value.get("url")) if isinstance(value, dict) else value
    urls = given if isinstance(given, list) else [given]
    found = [url.strip() for url in urls if isinstance(url, str) and is_drs(url.strip())]
    return found if len(found) == len(urls) and not record.fault else []


class _Closed(NamedTuple):
    """A record whose server wants a login.

    Attributes:
        record: with a fault; what was given stays, to be tried again.
        error: as it ends an import.
    """

    record: Record
    error: StatusError


def addressed(records: Iterable[Record], ask: Ask | None) -> Iterator[Record]:
    """The records, in their order; in place of such addresses, what they lead to.

    Those whose server wants a login have a fault; they come behind the first one that is answered.

    Args:
        records: as the document gives them; they are read ahead.
        ask: see `Options`; several are asked for at a time.

    Raises:
        FetchError: a server does not answer, or answers with failure; or all want a login (or
            the first hundred).
    """
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ask")
    waiting: deque[Record | Future[list[Record] | _Closed]] = deque()
    answers = _Answers()
    try:
        for record in records:
            addresses = addresses_in(record)
            if addresses and ask is None:
                fault = "the URL is an address of DRS, and its server is not asked here"
                waiting.append(record._replace(fault=fault))
            elif addresses and ask is not None:
                waiting.append(pool.submit(_tried, record, addresses, ask))
            else:
                waiting.append(record)
            while waiting and (isinstance(waiting[0], Record) or len(waiting) > _AHEAD):
                yield from answers.given(waiting.popleft())
        while waiting:
            yield from answers.given(waiting.popleft())
        answers.end()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Answers:
    """What comes, and whether anything does without a login."""

    def __init__(self) -> None:
        self._answered = False
        self._closed: list[_Closed] = []  # until one is answered

    def given(self, found: Record | Future[list[Record] | _Closed]) -> list[Record]:
        """What there is to give on now.

        Raises:
            FetchError: see `addressed`.
        """
        if isinstance(found, Record):
            return [found]
        # not for ever: a signal may come to another thread, and this one is to handle it
        while not wait([found], timeout=_LOOK).done:
            pass
        answer = found.result()
        if isinstance(answer, _Closed):
            if self._answered:
                return [answer.record]
            self._closed.append(answer)
            if len(self._closed) >= _MOST_CLOSED:
                self.end()
            return []
        self._answered = True
        held, self._closed = self._closed, []
        return [*(closed.record for closed in held), *answer]

    def end(self) -> None:
        """Nothing comes any more.

        Raises:
            StatusError: all that was asked for wants a login.
        """
        if self._closed:
            raise self._closed[0].error


def _tried(record: Record, addresses: list[str], ask: Ask) -> list[Record] | _Closed:
    try:
        return _answers(record, addresses, ask)
    except FetchError as error:
        reason = str(error)
        error.args = (f"{record.where}: an address of DRS needs an answer of its server: {reason}",)
        if isinstance(error, StatusError) and error.status in _CLOSED:
            return _Closed(record._replace(fault=reason), error)
        raise


def _answers(record: Record, addresses: list[str], ask: Ask) -> list[Record]:
    """What its addresses lead to.

    Of a single file the path is that of the record, if it has one; those of several are below it.
    Several addresses are of several files, named by their servers, in the folder of the record.
    """
    path = record.path if isinstance(record.path, str) and record.path else ""
    if len(addresses) > 1:
        folder = path.rpartition("/")[0]
        several = (found for one in addresses for found in _asked(one, ask, record.where))
        return [_below(folder, found) for found in several]
    answers = _asked(addresses[0], ask, record.where)
    if len(answers) != 1:
        return [_below(path, one) for one in answers]
    found = answers[0]
    path = path or found.path
    if found.fault:  # what was given stays, to be tried again
        return [record._replace(path=path, fault=found.fault)]
    return [Record(path, _both(found.value, record.value), record.where)]


def _asked(address: str, ask: Ask, where: str) -> list[Record]:
    try:
        return [found._replace(where=f"{where}, {found.where}") for found in ask(address)]
    except ManifestError as error:
        return [Record(None, None, where, str(error))]


def _below(folder: str, found: Record) -> Record:
    named = folder and isinstance(found.path, str)
    return found._replace(path=f"{folder}/{found.path}") if named else found


def _both(answered: dict[str, Any], given: Any) -> dict[str, Any]:
    """What the server says of a file, and what the manifest does, which goes before it."""
    facts = given if isinstance(given, dict) else {}
    said = {name: fact for name, fact in facts.items() if fact is not None}
    for name in ("urls", "url", "path"):
        said.pop(name, None)
    digests = {**answered.get("digests", {}), **(said.pop("digests", None) or {})}
    return {**answered, **said, "digests": digests}
