"""What formats share that are a list of files somewhere in one JSON document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_array,
    is_list,
    is_object,
    load,
    objects,
    one_page,
    outline,
)
from datalad_jsdl.manifest.formats.values import WEB, name_in_url, web_urls
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Listing", "Place", "file_record", "url_record"]

#: Keys to what stands in objects within objects; none for the document itself.
Place = tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """Where the files are listed, and what each of them has.

    Attributes:
        places: of the list, the first that is there.
        needs: places in a file that no other format has all of.
        following: of what only a page has that is not the last.
    """

    places: tuple[Place, ...]
    needs: tuple[Place, ...]
    following: tuple[Place, ...] = ()

    def sniff(self, head: str) -> bool:
        """Whether one of the files in the beginning has all that is needed."""
        if not is_object(head) and not is_array(head):
            return False
        document = outline(head, *(place[-1] for place in self.needs))
        return any(
            all(dig(item, *need) is not None for need in self.needs)
            for place in self.places
            for item in objects(_at(document, place))
        )

    def records(
        self, text: Iterator[str], read: Callable[[dict[str, Any], str], Iterator[Record]]
    ) -> Iterator[Record]:
        """What *read* makes of each file, given with its place; and a fault if there are more.

        Raises:
            ManifestError: the document is not JSON, or has no such list.
        """
        yield from self.document_records(load(text), read)

    def document_records(
        self, document: Any, read: Callable[[dict[str, Any], str], Iterator[Record]]
    ) -> Iterator[Record]:
        """As `records`, of a document that has been loaded."""
        place, items = self.found(document)
        yield from each(items, ".".join(place), read)
        for following in self.following:
            yield from one_page(dig(document, *following), ".".join(following))

    def found(self, document: Any) -> tuple[Place, Any]:
        """Where the list is in a document, and the list.

        Raises:
            ManifestError: it has none.
        """
        for place in self.places:
            if is_list(items := _at(document, place)):
                return place, items
        named = " or ".join(".".join(place) or "an array" for place in self.places)
        raise ManifestError(f"the document has no list of files (expected {named})")


def file_record(path: Any, urls: Any, where: str, **facts: Any) -> Record:
    """The record of a file.

    Args:
        path: whatever stands where the name should be.
        urls: one or a list of them, of which those count that can be fetched.
        where: the place in the document.
        facts: fields of the project's own form; None says nothing.
    """
    given = urls if isinstance(urls, list) else [urls]
    if type(urls) is not str or not urls.startswith(WEB):  # as most do
        try:
            if all(isinstance(url, str) for url in given):
                given = web_urls(given)
        except ValueError as error:
            return Record(path, None, where, str(error))
    value: dict[str, Any] = {"urls": given}
    for name, fact in facts.items():
        if fact is not None:
            value[name] = fact
    return Record(path, value, where)


def url_record(url: str, where: str, **facts: Any) -> Record:
    """The record of a file that is named by the last part of its URL; see `file_record`."""
    if (name := name_in_url(url)) is None:
        return Record(None, None, where, "the URL does not end in a file name")
    return file_record(name, url, where, **facts)


def _at(document: Any, place: Place) -> Any:
    return dig(document, *place) if place else document
