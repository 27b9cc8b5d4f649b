"""Metalink 4: files with sizes, hashes, pieces and mirrors in XML (RFC 5854)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.values import WEB, based, web_urls, whole_number
from datalad_jsdl.manifest.formats.xml_root import root_tag
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import ALGORITHMS, canonical_name
from datalad_jsdl.model.urls import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.formats.xml_shapes import Part
    from datalad_jsdl.manifest.formats.xml_stream import Element

__all__ = ["NAMESPACE", "OWN_NAMESPACE", "Said", "file_record", "records", "sniff"]

NAMESPACE = "urn:ietf:params:xml:ns:metalink"

#: Of the elements ``mtime``, ``executable`` and ``access`` of a file, and the attributes
#: ``priority`` and ``location`` of a URL where Metalink's own allow no such value (RFC 5854,
#: section 5).
OWN_NAMESPACE = "urn:x-datalad-jsdl:metalink"
_OWN = f"{{{OWN_NAMESPACE}}}"
_OF_URLS = frozenset({"priority", "location"})
_OWN_PRIORITY, _OWN_LOCATION = f"{_OWN}priority", f"{_OWN}location"


def sniff(head: str) -> bool:
    """The root element is of Metalink's namespace (RFC 5854, 1.2)."""
    return NAMESPACE in root_tag(head, "metalink")


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a ``file`` element; its ``url`` elements count, ``metaurl`` do not.

    ``xml:base`` counts (RFC 5854, 2); ``origin`` says where the document itself is.

    Raises:
        ManifestError: the document is not XML, or has entities.
    """
    # it loads parsers, and the special remote, which starts often, needs none
    from datalad_jsdl.manifest.formats.xml_stream import elements_or

    for file in elements_or(text, _short_way, "file"):
        if isinstance(file, Record):
            yield file
            continue
        urls: list[str | dict[str, Any]] = []
        said = Said()
        others = False
        for child in file.children:
            if (name := child[0]) == "url":
                urls.append(_url(child, options))
            elif not said.takes(name, child):
                others = True
        record = file_record(file, said, urls)
        if others and isinstance(record.value, dict):
            record.value.update(_own_fields(file.by_name(), options))
        yield record


def _short_way(
    file: Part,
) -> Callable[[Sequence[str], int], Record | None] | None:
    """For files with nothing but a size, digests, and URLs with a priority and a location."""
    size: int | None = None
    hashes: list[tuple[int, int]] = []
    urls: list[tuple[int, int | None, int | None]] = []
    for child in file.children:
        text, attributes, first = child.text, child.attributes, child.first
        if text is None or child.children:
            return None
        if child.name == "size" and size is None:
            size = text
        elif child.name == "hash" and attributes == ("type",):
            hashes.append((first, text))
        elif child.name == "url" and _OF_URLS.issuperset(attributes):
            at = dict(zip(attributes, range(first, first + len(attributes)), strict=True))
            urls.append((text, at.get("priority"), at.get("location")))
        else:
            return None
    if file.attributes != ("name",) or size is None:
        return None
    name, length = file.first, size

    def made(values: Sequence[str], line: int) -> Record | None:
        digests = {values[kind]: values[text].strip() for kind, text in hashes}
        if len(digests) != len(hashes) or "" in digests.values():
            return None
        found: list[str | dict[str, Any]] = []
        for text, priority, location in urls:
            if not (url := values[text].strip()).startswith(WEB):
                return None
            if priority is None and location is None:
                found.append(url)
                continue
            best = None if priority is None else _priority(values[priority])
            place = None if location is None else values[location]
            found.append({"url": url, "priority": best, "location": place})
        value = {"urls": found, "size": whole_number(values[length]), "digests": digests}
        return Record(values[name], value, f"line {line + file.line}")

    return made


def _url(url: Element, options: Options) -> str | dict[str, Any]:
    _, given, _, bases, _, text = url
    text = text.strip()
    if bases:
        text = based(text, bases, options)
    if not given:
        return text
    # the lowest priority is the best, as in our own form
    if (priority := given.get("priority")) is None:
        priority = given.get(_OWN_PRIORITY, "")
    if (location := given.get("location")) is None:
        location = given.get(_OWN_LOCATION)
    return {"url": text, "priority": _priority(priority), "location": location}


def _own_fields(children: Mapping[str, list[Element]], options: Options) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if mtime := _first(children, f"{_OWN}mtime"):
        fields["mtime"] = mtime
    if executable := _first(children, f"{_OWN}executable"):
        # what is neither is refused as in our own form
        fields["executable"] = {"true": True, "false": False}.get(executable, executable)
    for access in children.get(f"{_OWN}access", [])[:1]:
        url = access.attributes.get("url")
        fields["access"] = {
            "kind": access.attributes.get("kind"),
            "url": url and based(url, access.bases, options),
            "text": access.text,
        }
    return fields


def _first(children: Mapping[str, list[Element]], name: str) -> str:
    """The text of the first element of that name, or ``""``."""
    return children[name][0].own.strip() if name in children else ""


@lru_cache(maxsize=1000)  # a document has few that are different
def _priority(text: str) -> int | None:
    """It only orders mirrors: one that is no number is as good as none."""
    priority = whole_number(text) if text else None
    return priority if isinstance(priority, int) and priority >= 0 else None


class Said:
    """What the elements in a ``file`` say of it, of either version.

    Attributes:
        size: the text of the first ``size``.
        hashes: elements of a digest each.
        pieces: elements of digests of parts.
    """

    __slots__ = ("hashes", "pieces", "size")

    def __init__(self) -> None:
        self.size: str | None = None
        self.hashes: list[Element] = []
        self.pieces: list[Element] = []

    def takes(self, name: str, element: Element) -> bool:
        """Whether it is one of these elements."""
        if name == "hash":
            self.hashes.append(element)
        elif name == "size":
            if self.size is None:
                self.size = element[5]
        elif name == "pieces":
            self.pieces.append(element)
        else:
            return False
        return True


def file_record(file: Element, said: Said, urls: list[str | dict[str, Any]]) -> Record:
    """The record of a ``file`` element of either version.

    Args:
        file: has the name.
        said: see there.
        urls: as a record has them, those of other schemes included.
    """
    path = file[1].get("name")
    where = f"line {file[2]}"
    try:
        value = {
            "urls": _of_the_web(urls),
            "size": whole_number(said.size or ""),
            "digests": _digests(said.hashes),
        }
        if said.pieces and (pieces := _pieces(said.pieces)):
            value["pieces"] = pieces
    except ValueError as error:
        return Record(path, None, where, str(error))
    return Record(path, value, where)


def _of_the_web(urls: list[str | dict[str, Any]]) -> list[str | dict[str, Any]]:
    for url in urls:
        if not (url if isinstance(url, str) else url["url"]).startswith(WEB):
            break
    else:
        return urls  # as most are
    texts = [url if isinstance(url, str) else url["url"] for url in urls]
    web = frozenset(web_urls(texts))
    return [url for url, text in zip(urls, texts, strict=True) if text in web]


def _digests(hashes: Sequence[Element]) -> dict[str, str]:
    digests: dict[str, str] = {}
    for _, attributes, _, _, _, own in hashes:
        if not (text := own.strip()):  # as empty as a size can be
            continue
        name = attributes.get("type", "(no type)")
        if (first := digests.setdefault(name, text)) is not text and first.lower() != text.lower():
            raise ValueError(f"two different {excerpt(name)} digests")
    return digests


def _pieces(given: list[Element]) -> dict[str, Any] | None:
    """The strongest of them, as there may be some for each algorithm."""
    order = list(ALGORITHMS)
    known = [
        (order.index(name), number, pieces)
        for number, pieces in enumerate(given)
        if (name := canonical_name(pieces.attributes.get("type", "")))
    ]
    if not known:
        return None
    pieces = min(known)[2]
    hashes = pieces.all("hash")
    # Metalink 3 numbers them; they need not come in that order
    if all(re.fullmatch("[0-9]{1,9}", element.attributes.get("piece", "")) for element in hashes):
        hashes.sort(key=lambda element: int(element.attributes["piece"]))
    return {
        "algorithm": pieces.attributes["type"],
        "length": whole_number(pieces.attributes.get("length", "")),
        "digests": [element.text for element in hashes],
    }
