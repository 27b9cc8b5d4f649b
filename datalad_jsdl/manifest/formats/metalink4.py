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
    from collections.abc import Iterator, Mapping, Sequence

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.formats.xml_stream import Element

__all__ = ["NAMESPACE", "OWN_NAMESPACE", "file_record", "records", "sniff"]

NAMESPACE = "urn:ietf:params:xml:ns:metalink"

#: Of the elements ``mtime``, ``executable`` and ``access`` of a file, and the attributes
#: ``priority`` and ``location`` of a URL where Metalink's own allow no such value (RFC 5854,
#: section 5).
OWN_NAMESPACE = "urn:x-datalad-jsdl:metalink"
_OWN = f"{{{OWN_NAMESPACE}}}"
_OWN_PRIORITY, _OWN_LOCATION = f"{_OWN}priority", f"{_OWN}location"

_STANDARD = frozenset({"url", "size", "hash", "pieces"})  # what is read of others' documents


def sniff(head: str) -> bool:
    """The root element is of the namespace (RFC 5854, 1.2)."""
    return NAMESPACE in root_tag(head, "metalink")


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a ``file`` element; its ``url`` elements count, ``metaurl`` do not.

    ``xml:base`` counts (RFC 5854, 2); ``origin`` says where the document itself is.

    Raises:
        ManifestError: the document is not XML, or has entities.
    """
    # it loads parsers, and the special remote, which starts often, needs none
    from datalad_jsdl.manifest.formats.xml_stream import elements

    for file in elements(text, "file"):
        children = file.by_name()
        urls = [_url(url, options) for url in children.get("url", ())]
        record = file_record(file, children, children, urls)
        if not _STANDARD.issuperset(children) and isinstance(record.value, dict):
            record.value.update(_own_fields(children, options))
        yield record


def _url(url: Element, options: Options) -> str | dict[str, Any]:
    text = url.own.strip()
    if url.bases:
        text = based(text, url.bases, options)
    if not (given := url.attributes):
        return text
    # the lowest priority is the best, as in our own form
    priority = given.get("priority", given.get(_OWN_PRIORITY, ""))
    location = given.get("location", given.get(_OWN_LOCATION))
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


@lru_cache(maxsize=1000)  # a document has few that are different
def _priority(text: str) -> int | None:
    """It only orders mirrors: one that is no number is as good as none."""
    priority = whole_number(text) if text else None
    return priority if isinstance(priority, int) and priority >= 0 else None


def file_record(
    file: Element,
    children: Mapping[str, list[Element]],
    checks: Mapping[str, list[Element]],
    urls: list[str | dict[str, Any]],
) -> Record:
    """The record of a ``file`` element of either version.

    Args:
        file: has the name.
        children: of it, by name; they have the size.
        checks: the elements among which the hashes and pieces are, by name.
        urls: as a record has them, those of other schemes included.
    """
    path = file.attributes.get("name")
    where = f"line {file.line}"
    try:
        value = {
            "urls": _of_the_web(urls),
            "size": whole_number(_first(children, "size")),
            "digests": _digests(checks.get("hash", ())),
        }
        if "pieces" in checks and (pieces := _pieces(checks["pieces"])):
            value["pieces"] = pieces
    except ValueError as error:
        return Record(path, None, where, str(error))
    return Record(path, value, where)


def _first(children: Mapping[str, list[Element]], name: str) -> str:
    """The text of the first element of that name, or ``""``."""
    return children[name][0].own.strip() if name in children else ""


def _of_the_web(urls: list[str | dict[str, Any]]) -> list[str | dict[str, Any]]:
    texts = [url if isinstance(url, str) else url["url"] for url in urls]
    for text in texts:
        if not text.startswith(WEB):
            break
    else:
        return urls  # as most are
    web = frozenset(web_urls(texts))
    return [url for url, text in zip(urls, texts, strict=True) if text in web]


def _digests(hashes: Sequence[Element]) -> dict[str, str]:
    digests: dict[str, str] = {}
    for element in hashes:
        if not (text := element.own.strip()):  # as empty as a size can be
            continue
        name = element.attributes.get("type", "(no type)")
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
