"""Records whose URLs are addresses of portals, in whatever format: they are asked for.

That is ``drs://…`` in any document, and what formats without URLs give: ``tcia:SERIES``,
``synapse:ID``, and ``s3://BUCKET/PREFIX*`` for a folder, which is a path that ends in a slash.

An address leads to an object, whose server tells its name, size, digests and URLs, or to several.
What the manifest itself says of a file goes before what the server does. A record whose server
wants a login is refused alone, unless those of all others do, too (see `denied`).
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import FetchError, ManifestError, StatusError
from datalad_jsdl.manifest.denied import DENIED, Denied, Rows
from datalad_jsdl.manifest.formats.values import is_drs
from datalad_jsdl.manifest.own_form import PERHAPS
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.manifest.sizes import size_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from datalad_jsdl.model.entry import Refusal

    Ask = Callable[[str], Iterator[Record]]

__all__ = ["addressed", "addresses_in", "may_be_folder"]

_AT_ONCE = 8  # records that are asked for
_AHEAD = 4 * _AT_ONCE  # records that are held, so that none waits for the one before it
_HELD = 10_000  # records of one address, likewise
_LOOK = 0.5  # seconds
# what an address is in words, by how it begins
_KINDS = {
    "drs://": "an address of DRS",
    "tcia:": "a series of TCIA",
    "synapse:": "an ID of Synapse",
    "s3": "a wildcard",
}


def addresses_in(record: Record) -> list[str]:
    """Its URLs, if all of them are such addresses; else none."""
    value = record.value
    given = value.get("urls", value.get("url")) if isinstance(value, dict) else value
    urls = given if isinstance(given, list) else [given]
    folder = isinstance(record.path, str) and record.path.endswith("/")
    found = [url.strip() for url in urls if isinstance(url, str) and _is_asked_for(url, folder)]
    return found if len(found) == len(urls) and not record.fault else []


def _is_asked_for(url: str, folder: bool) -> bool:
    url = url.strip()
    # without a folder, it may be the key of an object
    if folder and "*" in url and url.startswith(("s3://", "s3+http://", "s3+https://")):
        return True
    return is_drs(url) or url.startswith(("tcia:", "synapse:"))


def may_be_folder(refusal: Refusal) -> bool:
    """Whether what was refused may have stood for files below its path."""
    return bool(addresses_in(Record(refusal.path, refusal.given, refusal.where)))


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
    waiting: deque[Record | Future[Iterable[Record] | Denied]] = deque()
    rows = Rows()
    try:
        for record in records:
            addresses = addresses_in(record)
            if addresses and ask is None:
                fault = f"the URL is {_kind(addresses[0])}, and its server is not asked here"
                waiting.append(record._replace(fault=fault))
            elif addresses and ask is not None:
                waiting.append(pool.submit(_tried, record, addresses, ask))
            else:
                waiting.append(record)
            while waiting and (isinstance(waiting[0], Record) or len(waiting) > _AHEAD):
                yield from _given(waiting.popleft(), rows)
        while waiting:
            yield from _given(waiting.popleft(), rows)
        rows.end()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _given(found: Record | Future[Iterable[Record] | Denied], rows: Rows) -> Iterable[Record]:
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
    if isinstance(answer, Denied):
        return rows.denied(answer)
    return chain(rows.answered(), answer)


def _tried(record: Record, addresses: list[str], ask: Ask) -> Iterable[Record] | Denied:
    try:
        return _answers(record, addresses, ask)
    except FetchError as error:
        reason = _placed(error, record, addresses[0])
        if isinstance(error, StatusError) and error.status in DENIED:
            path = record.path if len(addresses) == 1 else _folder_path(record)
            return Denied(record._replace(path=path, fault=reason), error)
        raise


def _placed(error: FetchError, record: Record, address: str) -> str:
    """What an error says; from now on it names the record, too."""
    reason = str(error)
    kind = _kind(address)
    error.args = (f"{record.where}: {kind} needs an answer of its server: {reason}",)
    return reason


def _kind(address: str) -> str:
    return next(kind for start, kind in _KINDS.items() if address.lower().startswith(start))


def _answers(record: Record, addresses: list[str], ask: Ask) -> Iterable[Record]:
    """What its addresses lead to.

    Of a single file the path is that of the record, if it has one; those of several are below it,
    as all are of a folder. Several addresses are of several files, named by their servers, in the
    folder of the record.
    """
    path = record.path if isinstance(record.path, str) and record.path else ""
    if len(addresses) > 1:
        return [found for one in addresses for found in _all(one, ask, record)]
    answers = _asked(addresses[0], ask, record)
    try:
        first = list(islice(answers, _HELD))
    except ManifestError as error:  # what was given stays, to be tried again
        return [record._replace(fault=str(error))]
    if len(first) == 1 and first[0].fault:
        return [record._replace(path=path or first[0].path, fault=first[0].fault)]
    if len(first) == 1 and not path.endswith("/"):
        found = first[0]
        return [Record(path or found.path, _both(found.value, record.value), record.where)]
    folder = _folder(f"{path}/")
    below = (_below(folder, one) for one in first)
    return chain(below, _rest(answers, record, addresses[0], folder))


def _folder(path: str) -> str:
    """The folder of a path; "" is the top, which `./` stands for, too."""
    folder = path.rstrip("/") if path.endswith("/") else path.rpartition("/")[0]
    return "" if folder == "." else folder


def _folder_path(record: Record) -> str | None:
    """What stands for the folder of a record with several addresses; None if it has no path.

    The files there have the names that their servers give, which nobody knows now: nothing in it
    counts as gone.
    """
    if not isinstance(record.path, str) or not record.path:
        return None
    return f"{_folder(record.path) or '.'}/"


def _rest(answers: Iterator[Record], record: Record, address: str, folder: str) -> Iterator[Record]:
    """The others of very many, which are not held in memory."""
    try:
        for one in answers:
            yield _below(folder, one)
    except ManifestError as error:
        yield record._replace(fault=str(error))
    except FetchError as error:
        _placed(error, record, address)
        raise


def _all(address: str, ask: Ask, record: Record) -> list[Record]:
    """What one of several addresses leads to; what was given of it stays, to be tried again."""
    path = _folder_path(record)
    folder = _folder(path or "")
    try:
        return [_below(folder, found) for found in _asked(address, ask, record)]
    except ManifestError as error:
        return [Record(path, {"urls": [address], **_left(record)}, record.where, str(error))]


def _asked(address: str, ask: Ask, record: Record) -> Iterator[Record]:
    # of a row that an earlier import left over: what the document does not have is not gone, and
    # the name that the server gives may be that of a file of another row
    left = _left(record)
    left |= {"twice": PERHAPS} if left else {}
    for found in map(size_told, ask(address)):
        value = {**found.value, **left} if left and isinstance(found.value, dict) else found.value
        yield found._replace(value=value, where=f"{record.where}, {found.where}")


def _left(record: Record) -> dict[str, Any]:
    """The field of a row that an earlier import left over."""
    given = record.value if isinstance(record.value, dict) else {}
    return {"reason": given["reason"]} if "reason" in given else {}


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
