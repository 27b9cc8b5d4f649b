"""What addresses share: answers of the expected shape, pages, and what a refusal means."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats.documents import dig, is_list
from datalad_jsdl.model.commands import added
from datalad_jsdl.model.urls import redact, store_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from datalad_jsdl.manifest.portals.api import Api

__all__ = [
    "Closed",
    "Once",
    "all_pages",
    "ask",
    "counted_pages",
    "explained",
    "items_of",
    "login_line",
    "token_pages",
]

# Of one listing: more than any portal has, and so many that no answer can keep us for ever.
_MOST_PAGES = 10_000


def ask(api: Api, url: str) -> dict[str, Any]:
    """The JSON object at *url*.

    Raises:
        ManifestError: the answer is none.
        FetchError: there is no answer, or one of failure.
    """
    document = api.get(url).document()
    if not isinstance(document, dict):
        raise ManifestError(f"{redact(url)}: expected an object, not {_kind(document)}")
    return document


def items_of(document: Any, url: str, name: str = "") -> list[Any]:
    """The list that the JSON from *url* is, or has under a *name*.

    Raises:
        ManifestError: the document has no such list.
    """
    found = dig(document, name) if name else document
    if not is_list(found):
        where = name or "the response"
        raise ManifestError(f"{redact(url)}: {where} is {_kind(found)}, not a list")
    return cast("list[Any]", found)


def counted_pages(
    api: Api,
    first: dict[str, Any],
    url: Callable[[int], str],
    items: str,
    total: str,
    key: Callable[[Any], Any],
) -> Iterator[list[Any]]:
    """The items, page by page, of a listing whose first page says how many there are in all.

    The pages after the first are asked for several at a time.

    Args:
        api: to ask.
        first: the answer for the first page.
        url: of the page of a number, the first being 1.
        items: name of the list in an answer.
        total: name of the number of all items in the first answer.
        key: what no two items have in common; None for one that has no such thing.

    Raises:
        ManifestError: an answer has no list, the number is none or beyond sense, or the pages
            do not come to so many different items.
        FetchError: there is no answer, or one of failure.
    """
    shown = redact(url(1))
    found = items_of(first, shown, items)
    once = Once(shown, key)
    yield once.checked(1, found)
    count = first.get(total)
    if not isinstance(count, int) or isinstance(count, bool):
        raise ManifestError(f"{shown}: {total} is {_kind(count)}, not a number of items")
    # a server may give fewer a page than it was asked for
    pages = -(-count // len(found)) if found else min(count, 1)
    if pages > _MOST_PAGES:
        raise ManifestError(f"{shown}: {count} items in pages of {len(found)} are too many")
    for number, answer in enumerate(api.get_all(map(url, range(2, pages + 1))), 2):
        yield once.checked(number, items_of(answer.document(), answer.url, items))
    if once.number != count:
        raise ManifestError(
            f"{shown}: {total} is {count}, but {once.number} were received; if the listing has "
            "just changed, try again"
        )


def all_pages(
    api: Api, url: Callable[[int], str], size: int, key: Callable[[Any], Any]
) -> Iterator[list[Any]]:
    """The items, page by page, of a listing that is over with a page of fewer than *size*.

    For the other arguments and the errors see `counted_pages`; each answer is a list.
    """
    once = Once(redact(url(1)), key)
    for number in range(1, _MOST_PAGES + 1):
        items = once.checked(number, items_of(api.get(url(number)).document(), url(number)))
        yield items
        if len(items) < size:
            return
    raise ManifestError(f"{redact(url(1))}: more than {_MOST_PAGES} pages")


def token_pages(ask: Callable[[str], tuple[list[Any], str]], once: Once) -> Iterator[list[Any]]:
    """The items, page by page, of a listing in which each page has the token of the next.

    Args:
        ask: gives the items of the page of a token, and the token of the next page. The first
            page's is ""; so is what the last page gives.
        once: to see to it that no item comes twice.

    Raises:
        ManifestError: a token leads back to a page, an item comes twice, or there is no end.
        FetchError: there is no answer, or one of failure.
    """
    token, seen = "", {""}
    for number in range(1, _MOST_PAGES + 1):
        items, token = ask(token)
        yield once.checked(number, items)
        if not token:
            return
        if token in seen:
            raise ManifestError(f"{once.shown}: page {number} leads back to an earlier page")
        seen.add(token)
    raise ManifestError(f"{once.shown}: more than {_MOST_PAGES} pages")


class Once:
    """Sees to it that no item comes twice, as it does from a server that knows no pages.

    Args:
        shown: the listing's URL, for a message.
        key: what no two items have in common; None for one that has no such thing.

    Attributes:
        number: of all items so far.
        shown: as given.
    """

    def __init__(self, shown: str, key: Callable[[Any], Any]) -> None:
        self.number = 0
        self.shown = shown
        self._key = key
        self._pages: dict[str, int] = {}

    def checked(self, page: int, items: list[Any]) -> list[Any]:
        """The items of a page.

        Raises:
            ManifestError: another page had one of them.
        """
        self.number += len(items)
        for item in items:
            if (found := self._key(item)) is None:
                continue
            earlier = self._pages.setdefault(json.dumps(found), page)
            if earlier != page:
                raise ManifestError(
                    f"{self.shown}: page {page} repeats an item of page {earlier}; if the "
                    "listing has just changed, try again"
                )
        return items


@dataclass(frozen=True, slots=True)
class Closed:
    """It is not for everybody, but for who gives a token.

    Attributes:
        text: who may see it.
        line: the rule that the portal takes the token by; see `login_line`.
    """

    text: str
    line: str


@contextmanager
def explained(meanings: Mapping[int, str | Closed]) -> Iterator[None]:
    """Add to an answer of failure what its status means at this portal, and what to do."""
    try:
        yield
    except StatusError as error:
        meaning = meanings.get(error.status)
        if meaning is None:
            raise
        if isinstance(meaning, Closed):
            told = _is_advised(error)
            meaning = meaning.text if told else f"{meaning.text}: --credential '{meaning.line}'"
        text = added(str(error), f"; {meaning}")
        raise StatusError(text, error.status, failed=error.failed) from None


def _is_advised(error: StatusError) -> bool:
    """Whether it says itself how to log in, or was said so before of the origin."""
    faults = error.failed.faults if error.failed else ()
    return any(fault.reply and fault.reply.advice for fault in faults)


def login_line(base: str, options: str = "") -> str:
    """The rule that a portal takes a token by, for ``--credential``."""
    return f"{base} datalad:{store_name(base)}{options}"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    if value is None:
        return "nothing"
    return names.get(type(value), f"the number {str(value)[:20]}")
