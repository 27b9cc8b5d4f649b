"""Whether content is still there to be fetched, without fetching it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import urllib3

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.answers import Limits, phrase, refusal, total_size
from datalad_jsdl.fetch.values import PAGE, Fault
from datalad_jsdl.fetch.verification import is_error_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.values import Expected
    from datalad_jsdl.fetch.web import Web

__all__ = ["announced_size", "is_present"]

_GONE = (404, 410)


def is_present(urls: Iterable[str], expected: Expected, engine: Engine) -> bool:
    """Whether any URL offers content of the expected size.

    Returns:
        False only if every URL says that it has no such content.

    Raises:
        FetchError: none offers it, and some could not be asked; the text names them.
    """
    doubts: list[str] = []
    for url in engine.origins.rank(list(urls), 1):
        try:
            if _offers(url, expected, engine.web):
                return True
        except (OSError, urllib3.exceptions.HTTPError) as error:
            doubts.append(str(Fault(url, phrase(error, Limits.of(engine.settings)))))
    if doubts:
        raise FetchError("; ".join(doubts))
    return False


def announced_size(urls: Iterable[str], engine: Engine) -> int | None:
    """The size in bytes that the first URL to tell one tells; None if none does."""
    for url in engine.origins.rank(list(urls), None):
        try:
            found = _ask(url, engine.web)
        except (OSError, urllib3.exceptions.HTTPError):
            continue
        if found is not None and found[0] is not None and not is_error_page(url, found[1]):
            return found[0]
    return None


def _offers(url: str, expected: Expected, web: Web) -> bool:
    found = _ask(url, web, empty=expected.size == 0)
    if found is None:
        return False
    size, kind = found
    if expected.size is None and is_error_page(url, kind):
        raise FetchError(PAGE)
    return expected.size is None or size is None or size == expected.size


def _ask(url: str, web: Web, *, empty: bool = False) -> tuple[int | None, str] | None:
    """Size and media type of what is there, or None if the answer is that nothing is.

    *empty*: it is to be an empty file, and so may be answered that there is no content.

    HEAD, and where that is refused (Orthanc answers 404 to it) a GET of one byte.

    Raises:
        FetchError: there was no answer to that.
    """
    for method, headers in (("HEAD", {}), ("GET", {"Range": "bytes=0-0"})):
        # what HEAD is denied with is not shown
        response = web.open(url, headers, method=method, advise_again=method == "HEAD")
        try:
            if response.status in (200, 206):
                size = total_size(response.status, response.headers)
                return size, response.headers.get("Content-Type", "")
            if response.status == 416 and method == "GET":
                return 0, ""  # an empty file has no first byte
            if response.status == 204 and empty:  # RFC 9110, 15.3.5
                return 0, ""
        finally:
            response.close()
    if response.status in _GONE:
        return None
    raise FetchError(refusal(url, response).what)
