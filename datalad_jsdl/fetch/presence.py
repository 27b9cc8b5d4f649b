"""Whether content is still there to be fetched, without fetching it."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Failed, Fault
from datalad_jsdl.fetch.http.answers import Limits, no_answer, page_fault, refusal, total_size
from datalad_jsdl.fetch.http.failures import NETWORK_ERRORS
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.web_pages import LOOKED_AT, is_error_page, is_page_type
from datalad_jsdl.fetch.phrases import failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.transport import Transport
    from datalad_jsdl.model.content import Expected

__all__ = ["announced_size", "is_present", "last_modified"]

_GONE = (404, 410)


def is_present(urls: Iterable[str], expected: Expected, engine: Engine) -> bool:
    """Whether any URL offers content of the expected size.

    Returns:
        False only if every URL says that it has no such content.

    Raises:
        FetchError: none offers it, and some could not be asked; it names them.
    """
    doubts: list[Fault] = []
    for url in engine.origins.rank(list(urls), 1):
        try:
            offers = _offers(url, expected, engine.web)
        except NETWORK_ERRORS as error:
            offers = no_answer(url, error, Limits.of(engine.settings))
        if offers is True:
            return True
        if offers:
            doubts.append(offers)
    if doubts:
        raise failure(Failed(tuple(doubts)))
    return False


def announced_size(urls: Iterable[str], engine: Engine) -> int | None:
    """The size in bytes that the first URL to tell one tells; None if none does."""
    for url in engine.origins.rank(list(urls), None):
        try:
            found = _ask(url, engine.web)
        except NETWORK_ERRORS:
            continue
        if not isinstance(found, _Found) or found.size is None:
            continue
        if not is_error_page(url, found.headers.get("Content-Type", ""), found.start):
            return found.size
    return None


def last_modified(urls: Iterable[str], engine: Engine) -> int | None:
    """When the content was changed, as the first URL that answers says (RFC 9110, 8.8.2).

    They are asked in the given order, whatever is known of their mirrors: so the answer is the
    same as long as the first one is up.

    Returns:
        Seconds since 1970 UTC; None if it does not say, or none answers.
    """
    for url in urls:
        try:
            found = _ask(url, engine.web)
        except NETWORK_ERRORS:
            continue
        if not isinstance(found, _Found):
            continue
        if is_error_page(url, found.headers.get("Content-Type", ""), found.start):
            continue
        try:
            moment = parsedate_to_datetime(found.headers.get("Last-Modified", ""))
        except ValueError:
            return None
        return int(moment.timestamp())
    return None


def _offers(url: str, expected: Expected, web: Transport) -> bool | Fault:
    found = _ask(url, web, empty=expected.size == 0)
    if not isinstance(found, _Found):
        return False if found is None else found
    kind = found.headers.get("Content-Type", "")
    if expected.size is None and is_error_page(url, kind, found.start, expected.names):
        return found.page or False
    return expected.size is None or found.size in (None, expected.size)


@dataclass(frozen=True, slots=True)
class _Found:
    """What is there: its size, the head of the answer, and the first bytes of a web page."""

    size: int | None
    headers: Mapping[str, str]
    start: bytes | None = None
    page: Fault | None = None


def _ask(url: str, web: Transport, *, empty: bool = False) -> _Found | Fault | None:
    """What is at a URL.

    *empty*: it is to be an empty file, and so may be answered that there is no content.

    HEAD, and where that is refused (Orthanc answers 404 to it) a GET of one byte; or of a few,
    where the type is that of a web page, which many a file of XML has.

    Returns:
        None if the answer is that nothing is there; a fault if it tells nothing of that.
    """
    for method, length in (("HEAD", 0), ("GET", 1), ("GET", LOOKED_AT)):
        headers = {"Range": f"bytes=0-{length - 1}"} if length else {}
        # what HEAD is denied with is not shown
        response = web.open(url, headers, method=method, advise_again=method == "HEAD")
        try:
            if gives_content(response.status):
                size = total_size(response.status, response.headers)
                kind = response.headers.get("Content-Type", "")
                if not is_page_type(kind):
                    return _Found(size, response.headers)
                if length == LOOKED_AT:
                    start = response.read(LOOKED_AT)
                    return _Found(size, response.headers, start, page_fault(url, response, start))
            elif response.status == 416 and length:
                return _Found(0, {})  # an empty file has no first byte
            elif response.status == 204 and empty:  # RFC 9110, 15.3.5
                return _Found(0, {})
            elif length:
                break
        finally:
            response.close()
    if response.status in _GONE:
        return None
    return refusal(url, response)
